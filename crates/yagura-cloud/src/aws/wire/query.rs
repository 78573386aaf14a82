//! `awsQuery` and `ec2Query`: a form goes in, XML comes out. They differ in how lists and members are named, which the
//! generated code knows.

use super::xml::{self, FromXml};
use super::{Blob, Time, percent, unreadable};
use crate::aws::send::{Call, Operation};
use crate::aws::{Aws, AwsError};
use crate::base64;

/// Fields of a form.
#[derive(Debug, Default)]
pub(in crate::aws) struct Form(String);

impl Form {
    fn field(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(&percent(name));
        self.0.push('=');
        self.0.push_str(&percent(value));
    }

    /// A member, if there is one.
    pub fn member<T: ToForm>(&mut self, prefix: &str, name: &str, value: Option<&T>) {
        if let Some(value) = value {
            value.write(self, &joined(prefix, name));
        }
    }

    /// Items, numbered from one.
    pub fn list<T: ToForm>(&mut self, prefix: &str, name: &str, items: &[T]) {
        for (index, item) in items.iter().enumerate() {
            item.write(self, &joined(prefix, &format!("{name}.{}", index + 1)));
        }
    }
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// A value of a form.
pub(in crate::aws) trait ToForm {
    fn write(&self, form: &mut Form, name: &str);
}

impl ToForm for String {
    fn write(&self, form: &mut Form, name: &str) {
        form.field(name, self);
    }
}

macro_rules! displayed {
    ($($kind:ty),*) => {$(
        impl ToForm for $kind {
            fn write(&self, form: &mut Form, name: &str) {
                form.field(name, &self.to_string());
            }
        }
    )*};
}
displayed!(i64, f64, bool);

impl ToForm for Time {
    fn write(&self, form: &mut Form, name: &str) {
        form.field(name, &self.0.to_string());
    }
}

impl ToForm for Blob {
    fn write(&self, form: &mut Form, name: &str) {
        form.field(name, &base64::encode(&self.0));
    }
}

/// Sends an input and reads the output, which the query format wraps into an element of the given name.
pub(in crate::aws) async fn call<I: ToForm + Sync, O: FromXml>(
    aws: &Aws,
    operation: &'static Operation,
    input: &I,
    wrapper: Option<&str>,
) -> Result<O, AwsError> {
    let mut form = Form::default();
    form.field("Action", operation.name);
    form.field("Version", operation.service.version);
    input.write(&mut form, "");
    let content = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
    let call = Call {
        path: "/".to_owned(),
        headers: vec![("content-type".to_owned(), content)],
        body: form.0.into_bytes(),
        ..Call::default()
    };
    let reply = aws.send(operation, &call).await?;
    let root = xml::parse(&reply.body).map_err(|error| unreadable(operation, error))?;
    let output = match wrapper {
        None => &root,
        Some(name) => root.child(name).ok_or_else(|| unreadable(operation, format!("no `{name}`")))?,
    };
    O::from_xml(output).map_err(|error| unreadable(operation, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_number_and_nest() {
        let mut form = Form::default();
        form.member("", "A", Some(&"x y&".to_owned()));
        form.member::<i64>("", "None", None);
        form.list("Filter.1", "Value", &["a".to_owned(), "b".to_owned()]);
        assert_eq!(form.0, "A=x%20y%26&Filter.1.Value.1=a&Filter.1.Value.2=b");
    }
}
