//! `restJson1` and `restXml`: members go into path, query, headers and body as the generated code says.

use super::xml::{self, FromXml, ToXml};
use super::{Blob, Time, json, percent, unreadable};
use crate::aws::AwsError;
use crate::aws::send::{Call, Operation, Reply};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value as the text of a path, a query or a header.
pub(in crate::aws) trait ToText {
    fn to_text(&self) -> String;
}

impl ToText for String {
    fn to_text(&self) -> String {
        self.clone()
    }
}

macro_rules! displayed {
    ($($kind:ty),*) => {$(
        impl ToText for $kind {
            fn to_text(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
displayed!(i64, f64, bool);

/// In a query. Headers of requests with times are not used here.
impl ToText for Time {
    fn to_text(&self) -> String {
        self.0.to_string()
    }
}

/// A request that is being put together.
pub(in crate::aws) struct Building {
    operation: &'static Operation,
    call: Call,
}

impl Building {
    /// `template` is a path such as `/functions/{FunctionName}/code` and maybe a fixed query.
    pub fn new(operation: &'static Operation, template: &str) -> Self {
        let (path, query) = template.split_once('?').unwrap_or((template, ""));
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.to_owned(), value.to_owned())
        };
        let query = query.split('&').filter(|part| !part.is_empty()).map(pair).collect();
        Self { operation, call: Call { path: path.to_owned(), query, ..Call::default() } }
    }

    /// Fills in a part of the path. `{name+}` keeps slashes.
    pub fn label<T: ToText>(&mut self, name: &str, value: Option<&T>) -> Result<(), AwsError> {
        let value = value.map(T::to_text).unwrap_or_default();
        if value.is_empty() {
            let detail = format!("`{name}` is missing");
            return Err(AwsError::Request { action: self.operation.action, detail });
        }
        let greedy = value.split('/').map(percent).collect::<Vec<_>>().join("/");
        let path = self.call.path.replace(&format!("{{{name}+}}"), &greedy);
        self.call.path = path.replace(&format!("{{{name}}}"), &percent(&value));
        Ok(())
    }

    /// A parameter, if there is one.
    pub fn query<T: ToText>(&mut self, name: &str, value: Option<&T>) {
        self.call.query.extend(value.map(|value| (name.to_owned(), value.to_text())));
    }

    /// One parameter for each item.
    pub fn query_list<T: ToText>(&mut self, name: &str, values: &[T]) {
        self.call.query.extend(values.iter().map(|value| (name.to_owned(), value.to_text())));
    }

    /// A header, if there is one.
    pub fn header<T: ToText>(&mut self, name: &str, value: Option<&T>) {
        self.call.headers.extend(value.map(|value| (name.to_ascii_lowercase(), value.to_text())));
    }

    /// The members that are left, as a document.
    pub fn json<I: Serialize>(&mut self, input: &I) -> Result<(), AwsError> {
        self.call.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        self.call.body = json::body(self.operation, input)?;
        Ok(())
    }

    /// One member as a document.
    pub fn xml<I: ToXml>(&mut self, name: &str, namespace: &str, input: Option<&I>) {
        if let Some(input) = input {
            let mut body = format!("<{name} xmlns=\"{namespace}\">");
            input.write(&mut body);
            body.push_str(&format!("</{name}>"));
            self.call.headers.push(("content-type".to_owned(), "application/xml".to_owned()));
            self.call.body = body.into_bytes();
        }
    }

    /// One member as it is.
    pub fn bytes(&mut self, input: Option<&Blob>) {
        self.call.body = input.map(|blob| blob.0.clone()).unwrap_or_default();
    }

    /// The finished request.
    pub fn finish(self) -> Call {
        self.call
    }
}

/// The document of an answer.
pub(in crate::aws) fn read_json<O: DeserializeOwned>(
    operation: &Operation,
    reply: &Reply,
) -> Result<O, AwsError> {
    json::read(operation, &reply.body)
}

/// The document of an answer; nothing is an empty one.
pub(in crate::aws) fn read_xml<O: FromXml>(operation: &Operation, reply: &Reply) -> Result<O, AwsError> {
    if reply.body.is_empty() {
        return O::from_xml(&xml::Node::default()).map_err(|error| unreadable(operation, error));
    }
    let root = xml::parse(&reply.body).map_err(|error| unreadable(operation, error))?;
    O::from_xml(&root).map_err(|error| unreadable(operation, error))
}

/// A value in a header of an answer. What cannot be read is left out.
pub(in crate::aws) trait FromText: Sized {
    fn from_text(text: &str) -> Option<Self>;
}

impl FromText for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

macro_rules! parsed {
    ($($kind:ty),*) => {$(
        impl FromText for $kind {
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
parsed!(i64, bool);

impl FromText for Time {
    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// A header of an answer.
pub(in crate::aws) fn header<T: FromText>(reply: &Reply, name: &str) -> Option<T> {
    T::from_text(reply.headers.get(name)?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::send::{Protocol, Service};

    static SERVICE: Service = Service {
        id: "S3",
        prefix: "s3",
        signing: "s3",
        version: "",
        target: "",
        protocol: Protocol::RestXml,
        global: false,
    };
    static PUT: Operation =
        Operation { service: &SERVICE, name: "PutObject", action: "s3:PutObject", method: "PUT" };

    #[test]
    fn labels_are_encoded_and_required() {
        let mut building = Building::new(&PUT, "/{Bucket}/{Key+}?uploads&x=1");
        building.label("Bucket", Some(&"a/b".to_owned())).unwrap();
        building.label("Key", Some(&"c/d é".to_owned())).unwrap();
        assert!(building.label::<String>("Other", None).is_err());
        let call = building.finish();
        assert_eq!(call.path, "/a%2Fb/c/d%20%C3%A9");
        assert_eq!(call.query, [("uploads".to_owned(), String::new()), ("x".to_owned(), "1".to_owned())]);
    }
}
