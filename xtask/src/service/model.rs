//! AWS service models as botocore ships them (`data/<service>/<version>/service-2.json.gz`), for every protocol.
//!
//! Source of the format: the package itself, botocore 1.44.5 from PyPI. Left out: documentation, examples,
//! endpoint rules, client context parameters.

#![allow(missing_docs)] // the fields are the package's

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The version of botocore that generated files come from.
pub const BOTOCORE: &str = "1.44.5";

/// One version of one service's interface.
#[derive(Debug, Deserialize)]
pub struct Service {
    pub metadata: Metadata,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, Shape>,
    /// From `paginators-1.json`: operation to its tokens. Empty where the file is missing.
    #[serde(skip)]
    pub paginators: BTreeMap<String, Paginator>,
}

/// How the service is addressed and signed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub api_version: String,
    pub endpoint_prefix: String,
    /// `rest-json`, `json`, `query`, `ec2` or `rest-xml`.
    pub protocol: String,
    pub service_id: String,
    pub service_full_name: Option<String>,
    /// Falls back to `endpointPrefix`; see [`Metadata::signing_name`].
    signing_name: Option<String>,
    /// `json` protocols only: what precedes the operation in `X-Amz-Target`.
    pub target_prefix: Option<String>,
    /// `json` protocols only: `1.0` or `1.1`.
    pub json_version: Option<String>,
    pub xml_namespace: Option<String>,
    /// Services without a regional endpoint, such as Organizations.
    pub global_endpoint: Option<String>,
}

impl Metadata {
    /// The service's name in a SigV4 credential scope.
    pub fn signing_name(&self) -> &str {
        self.signing_name.as_deref().unwrap_or(&self.endpoint_prefix)
    }
}

/// One call.
#[derive(Debug, Deserialize)]
pub struct Operation {
    pub name: String,
    #[serde(default)]
    pub http: Http,
    pub input: Option<Member>,
    pub output: Option<Member>,
    #[serde(default)]
    pub errors: Vec<Member>,
    #[serde(default)]
    pub idempotent: bool,
    #[serde(default)]
    pub deprecated: bool,
}

/// Where an operation lives.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    pub method: String,
    /// A path template with `{label}` and `{greedy+}`, and perhaps a query string.
    pub request_uri: String,
    /// Status of success.
    #[serde(default = "ok")]
    pub response_code: u16,
}

fn ok() -> u16 {
    200
}

impl Default for Http {
    fn default() -> Self {
        Http { method: "POST".to_owned(), request_uri: "/".to_owned(), response_code: ok() }
    }
}

/// A reference to a shape with everything that the place of use adds to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub shape: String,
    /// `uri`, `querystring`, `header`, `headers` or `statusCode`; in the body otherwise.
    pub location: Option<String>,
    /// Name on the wire, where it differs from the member's.
    pub location_name: Option<String>,
    /// `ec2` only: name in the request, used as it is.
    pub query_name: Option<String>,
    #[serde(default)]
    pub flattened: bool,
    #[serde(default)]
    pub xml_attribute: bool,
    pub xml_namespace: Option<XmlNamespace>,
    /// `query` only: the element around the output.
    pub result_wrapper: Option<String>,
    /// Clients fill it with a fresh UUID.
    #[serde(default)]
    pub idempotency_token: bool,
    #[serde(default)]
    pub streaming: bool,
    pub timestamp_format: Option<String>,
}

/// `xmlNamespace` of a shape or member.
#[derive(Debug, Clone, Deserialize)]
pub struct XmlNamespace {
    pub uri: String,
    pub prefix: Option<String>,
}

/// A type. Which fields are filled depends on `kind`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// `structure`, `list`, `map`, `string`, `integer`, `long`, `float`, `double`, `boolean`, `timestamp`, `blob`
    /// or `character`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub members: BTreeMap<String, Member>,
    #[serde(default)]
    pub required: BTreeSet<String>,
    /// The structure's member that is the whole body.
    pub payload: Option<String>,
    /// Exactly one member is set.
    #[serde(default)]
    pub union: bool,
    /// A free JSON document.
    #[serde(default)]
    pub document: bool,
    #[serde(default)]
    pub exception: bool,
    pub error: Option<ErrorTrait>,
    /// Item of a list.
    pub member: Option<Member>,
    pub key: Option<Member>,
    pub value: Option<Member>,
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub pattern: Option<String>,
    #[serde(default)]
    pub flattened: bool,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub streaming: bool,
    pub timestamp_format: Option<String>,
    pub location_name: Option<String>,
    pub xml_namespace: Option<XmlNamespace>,
}

/// The wire side of an exception.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorTrait {
    /// The code on the wire, where it differs from the shape's name.
    pub code: Option<String>,
    pub http_status_code: Option<u16>,
}

/// How an operation is paged. Botocore writes a single name or a list of them.
#[derive(Debug, Deserialize)]
pub struct Paginator {
    pub input_token: Names,
    pub output_token: Names,
    pub result_key: Option<Names>,
    pub limit_key: Option<String>,
    pub more_results: Option<String>,
}

/// One name or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Names {
    One(String),
    Many(Vec<String>),
}

impl Names {
    /// All of them, in order.
    pub fn all(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::Many(names) => names,
        }
    }

    /// The first one, which is the one that matters where only one can be used.
    pub fn first(&self) -> Option<&str> {
        self.all().first().map(String::as_str)
    }
}

impl Service {
    /// Reads a model and its paginators, given botocore's folder, a service and an API version: `("inspector2",
    /// "2020-06-08")`.
    ///
    /// # Errors
    /// A file is missing or has another shape.
    pub fn read(botocore: &Path, service: &str, version: &str) -> Result<Service> {
        let folder = botocore.join("data").join(service).join(version);
        let mut model: Service = read_json(&folder, "service-2.json")?
            .with_context(|| format!("no `service-2.json` in `{}`", folder.display()))?;
        #[derive(Deserialize)]
        struct Pagination {
            pagination: BTreeMap<String, Paginator>,
        }
        if let Some(file) = read_json::<Pagination>(&folder, "paginators-1.json")? {
            model.paginators = file.pagination;
        }
        Ok(model)
    }

    /// The shape of a name.
    ///
    /// # Errors
    /// The model refers to a shape that it does not define.
    pub fn shape(&self, name: &str) -> Result<&Shape> {
        self.shapes.get(name).with_context(|| format!("the model has no shape `{name}`"))
    }

    /// All shapes that can be reached from `roots`, themselves included.
    ///
    /// # Errors
    /// The model refers to a shape that it does not define.
    pub fn reachable<'a>(&'a self, roots: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<&'a str>> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = roots.into_iter().collect();
        while let Some(name) = open.pop() {
            if found.insert(name) {
                let shape = self.shape(name)?;
                let parts = [&shape.member, &shape.key, &shape.value];
                open.extend(shape.members.values().map(|member| member.shape.as_str()));
                open.extend(parts.into_iter().flatten().map(|member| member.shape.as_str()));
            }
        }
        Ok(found)
    }
}

/// Reads `NAME` or `NAME.gz` of a folder; `None` where there is neither.
fn read_json<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>> {
    let packed = folder.join(format!("{name}.gz"));
    let mut text = String::new();
    let path = if packed.exists() {
        GzDecoder::new(File::open(&packed)?).read_to_string(&mut text)?;
        packed
    } else {
        let plain = folder.join(name);
        if !plain.exists() {
            return Ok(None);
        }
        File::open(&plain)?.read_to_string(&mut text)?;
        plain
    };
    let value = serde_json::from_str(&text).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Some(value))
}

/// Botocore's folder: `--botocore` or `YAGURA_BOTOCORE` when given, else what `python3` imports. `None`: not
/// installed, or another version than [`BOTOCORE`].
///
/// # Errors
/// The folder that was asked for holds another version.
pub fn botocore(asked: Option<PathBuf>) -> Result<Option<PathBuf>> {
    let asked = asked.or_else(|| std::env::var_os("YAGURA_BOTOCORE").map(PathBuf::from));
    if let Some(folder) = asked {
        if version_of(&folder).as_deref() != Some(BOTOCORE) {
            bail!("`{}` is not botocore {BOTOCORE}", folder.display());
        }
        return Ok(Some(folder));
    }
    let script = "import botocore, os; print(os.path.dirname(botocore.__file__))";
    let Ok(output) = std::process::Command::new("python3").args(["-c", script]).output() else {
        return Ok(None);
    };
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok((version_of(&folder).as_deref() == Some(BOTOCORE)).then_some(folder))
}

fn version_of(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("__init__.py")).ok()?;
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    Some(line.split(['"', '\'']).nth(1)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One model of each protocol, so that a field that only one of them writes is noticed.
    #[test]
    fn models_of_every_protocol_are_read() {
        let Some(folder) = botocore(None).unwrap() else {
            println!("skipped: botocore {BOTOCORE} is not installed");
            return;
        };
        for (service, version, protocol, operations) in [
            ("inspector2", "2020-06-08", "rest-json", 84),
            ("inspector-scan", "2023-08-08", "rest-json", 1),
            ("ecr", "2015-09-21", "json", 1),
            ("sts", "2011-06-15", "query", 1),
            ("ec2", "2016-11-15", "ec2", 1),
            ("s3", "2006-03-01", "rest-xml", 1),
        ] {
            let model = Service::read(&folder, service, version).unwrap();
            assert_eq!(model.metadata.protocol, protocol, "{service}");
            assert!(model.operations.len() >= operations, "{service}: {}", model.operations.len());
            let roots = model.operations.values().flat_map(|operation| [&operation.input, &operation.output]);
            let roots: Vec<&str> = roots.flatten().map(|member| member.shape.as_str()).collect();
            assert!(!model.reachable(roots).unwrap().is_empty());
        }
    }
}
