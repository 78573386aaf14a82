//! Lambda: functions, their layers, and the archives that their code is in.
//!
//! Code and layers are archives of their own; nothing in one hides what is in another, because a layer is mounted beside
//! the code. Functions that are container images have no archive.
//! Left out: versions other than `$LATEST`, which Inspector does not scan.

use super::{Collector, Discovery, Evidence, Gap, Place, not_ours};
use crate::aws::services::{cloudwatch, lambda};
use crate::aws::wire::Time;
use crate::aws::{Aws, AwsError, page};
use crate::download::{self, Wanted};
use crate::{Client, CloudError};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use yagura_fs::{Digest, ZipTree};
use yagura_model::{Function, LayerId, Resource, ResourceDetails, ResourceId, ResourceKind};

/// Functions of Lambda.
#[derive(Default)]
pub struct Lambda;

/// Largest archive that is downloaded; AWS allows 250 MB after unpacking.
const MOST_BYTES: u64 = 512 << 20;
/// How far invocations are looked for.
const WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The grid on which they are counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Queries of one request; each has up to 91 points, and CloudWatch allows 100,800.
const QUERIES: usize = 500;
/// Functions that are asked about at the same time.
const AT_ONCE: usize = 8;

/// Code or a layer.
#[derive(Clone)]
pub struct Archive {
    /// The layer version's ARN; `None` for the function's own code.
    pub layer: Option<LayerId>,
    /// Base64 of the archive's SHA-256: the key of everything that is remembered about it.
    pub sha256: String,
    location: String,
    client: Client,
}

impl Archive {
    /// The archive's digest, where AWS states it.
    pub fn digest(&self) -> Option<Digest> {
        let hex: String =
            crate::base64::decode(&self.sha256)?.iter().map(|byte| format!("{byte:02x}")).collect();
        Digest::parse(&format!("sha256:{hex}"))
    }

    /// Downloads the archive into a folder and opens it. The file is gone when the tree is.
    ///
    /// # Errors
    /// It cannot be fetched or is not what AWS says it is.
    pub async fn open(&self, folder: &Path) -> Result<ZipTree, CloudError> {
        let file = Scratch(folder.join(format!("{}.zip", name(&self.sha256, self.layer.as_ref()))));
        let wanted = Wanted { url: &self.location, etag: None, last_modified: None, most_bytes: MOST_BYTES };
        download::fetch(&self.client, &wanted, &file.0, &mut |_| ()).await?;
        let path = file.0.clone();
        let expected = self.sha256.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let disk = |source| CloudError::Disk { path: path.clone(), source };
            let found = crate::base64::encode(&sha256(&path).map_err(disk)?);
            if !expected.is_empty() && found != expected {
                let url = "function archive".to_owned();
                return Err(CloudError::Digest { url, expected });
            }
            ZipTree::open(&path).map_err(|error| disk(std::io::Error::other(error.to_string())))
        });
        // The open file lives on after its name is gone.
        opened.await.unwrap_or_else(|error| {
            Err(CloudError::Disk { path: file.0.clone(), source: std::io::Error::other(error) })
        })
    }
}

/// A file that is removed when nobody needs its name any more.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Only letters and digits of a digest become part of a file name.
fn name(sha256: &str, layer: Option<&LayerId>) -> String {
    let clean: String = sha256.chars().filter(char::is_ascii_alphanumeric).collect();
    let kind = if layer.is_some() { "layer" } else { "code" };
    format!("{kind}-{clean}-{:?}", std::thread::current().id()).replace(['(', ')'], "")
}

fn sha256(path: &Path) -> std::io::Result<Vec<u8>> {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_vec())
}

#[async_trait]
impl Collector for Lambda {
    fn id(&self) -> &'static str {
        "lambda"
    }

    fn kinds(&self) -> &'static [ResourceKind] {
        &[ResourceKind::Function]
    }

    async fn discover(&self, place: &Place, now: Timestamp) -> Result<Discovery, CloudError> {
        let listed = functions(&place.aws).await?;
        let mut found = Discovery::default();
        let names: Vec<String> =
            listed.iter().filter_map(|function| function.function_name.clone()).collect();
        let invoked = match invocations(&place.aws, &names, now).await {
            Ok(invoked) => invoked,
            Err(error) => {
                found.gaps.push(Gap::new("last invocations of functions", error));
                BTreeMap::new()
            }
        };
        let mut more = details(&place.aws, &names, &mut found.gaps).await;
        for function in listed {
            let (Some(name), Some(arn)) = (function.function_name.clone(), function.function_arn.clone())
            else {
                continue;
            };
            let detail = more.remove(&name).unwrap_or_default();
            // Deleted since it was listed.
            if detail.gone {
                continue;
            }
            let last_invoked = invoked.get(&name).copied();
            found.resources.push(resource(place, &arn, function, detail, last_invoked));
        }
        found.resources.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    async fn collect(&self, place: &Place, resource: &Resource) -> Result<Evidence, CloudError> {
        match &resource.details {
            ResourceDetails::Function(function) => {
                Ok(Evidence::Archives(archives(&place.aws, function, &resource.id.name).await?))
            }
            _ => Err(not_ours(self.id(), resource)),
        }
    }
}

async fn functions(aws: &Aws) -> Result<Vec<lambda::FunctionConfiguration>, AwsError> {
    page::all(&lambda::LIST_FUNCTIONS, async |marker| {
        let input = lambda::ListFunctionsRequest { marker, max_items: Some(50), ..Default::default() };
        let answer = lambda::list_functions(aws, &input).await?;
        Ok((answer.functions, answer.next_marker))
    })
    .await
}

/// What the listing does not have.
#[derive(Default)]
struct Detail {
    tags: BTreeMap<String, String>,
    /// The key of the archive itself, beside that of the configuration.
    source_key: Option<String>,
    gone: bool,
}

/// Tags and keys by function, a few at a time.
async fn details(aws: &Aws, names: &[String], gaps: &mut Vec<Gap>) -> BTreeMap<String, Detail> {
    let mut found = BTreeMap::new();
    for names in names.chunks(AT_ONCE) {
        let mut asked = tokio::task::JoinSet::new();
        for name in names {
            let (aws, name) = (aws.clone(), name.clone());
            asked.spawn(async move {
                let input =
                    lambda::GetFunctionRequest { function_name: Some(name.clone()), ..Default::default() };
                let answer = lambda::get_function(&aws, &input).await;
                (name, answer)
            });
        }
        while let Some(Ok((name, answer))) = asked.join_next().await {
            let detail = match answer {
                Ok(answer) => Detail {
                    tags: answer.tags,
                    source_key: answer.code.and_then(|code| code.source_kms_key_arn),
                    gone: false,
                },
                Err(error) if error.is_not_found() => Detail { gone: true, ..Detail::default() },
                Err(error) => {
                    gaps.push(Gap::new(format!("tags of the function {name}"), error));
                    continue;
                }
            };
            found.insert(name, detail);
        }
    }
    found
}

fn resource(
    place: &Place,
    arn: &str,
    function: lambda::FunctionConfiguration,
    detail: Detail,
    last_invoked: Option<Timestamp>,
) -> Resource {
    let latest = format!("{}:$LATEST", arn.trim_end_matches(":$LATEST"));
    let details = Function {
        name: function.function_name.unwrap_or_default(),
        runtime: function.runtime,
        code_sha256: function.code_sha256.unwrap_or_default(),
        version: function.version.unwrap_or_else(|| "$LATEST".to_owned()),
        role: function.role,
        layers: function.layers.into_iter().filter_map(|layer| layer.arn).collect(),
        image: function.package_type.as_deref() == Some("Image"),
        architectures: function.architectures,
        last_modified: function.last_modified.as_deref().and_then(time),
        last_invoked,
        kms_key: function.kms_key_arn.filter(|key| !key.is_empty()).or(detail.source_key),
    };
    Resource {
        id: ResourceId { home: place.home.clone(), kind: ResourceKind::Function, name: latest.into() },
        tags: detail.tags,
        details: ResourceDetails::Function(Box::new(details)),
    }
}

/// `2023-07-05T10:20:30.000+0000`, which is ISO 8601 without the colon of RFC 3339.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{}Z", text.strip_suffix("+0000")?).parse().ok())
}

/// Last invocations by function, at the end of their day: rather a day too late than a function too few.
async fn invocations(
    aws: &Aws,
    names: &[String],
    now: Timestamp,
) -> Result<BTreeMap<String, Timestamp>, AwsError> {
    let mut found = BTreeMap::new();
    let start = Time(now.saturating_sub(WINDOW).unwrap_or(Timestamp::UNIX_EPOCH));
    for names in names.chunks(QUERIES) {
        let queries: Vec<cloudwatch::MetricDataQuery> =
            names.iter().enumerate().map(|(index, name)| query(index, name)).collect();
        let results = page::all(&cloudwatch::GET_METRIC_DATA, async |next_token| {
            let input = cloudwatch::GetMetricDataInput {
                start_time: Some(start),
                end_time: Some(Time(now)),
                metric_data_queries: queries.clone(),
                scan_by: Some("TimestampDescending".to_owned()),
                next_token,
                ..Default::default()
            };
            let answer = cloudwatch::get_metric_data(aws, &input).await?;
            Ok((answer.metric_data_results, answer.next_token))
        });
        for result in results.await? {
            let index = result.id.and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
            let Some(name) = index.and_then(|index| names.get(index)) else { continue };
            let used = result.timestamps.iter().zip(&result.values).filter(|(_, value)| **value > 0.0);
            let Some(last) = used.map(|(time, _)| time.0).max() else { continue };
            let last = last.saturating_add(DAY).unwrap_or(last).min(now);
            let entry = found.entry(name.clone()).or_insert(last);
            *entry = last.max(*entry);
        }
    }
    Ok(found)
}

fn query(index: usize, function: &str) -> cloudwatch::MetricDataQuery {
    let dimension =
        cloudwatch::Dimension { name: Some("FunctionName".to_owned()), value: Some(function.to_owned()) };
    let metric = cloudwatch::Metric {
        namespace: Some("AWS/Lambda".to_owned()),
        metric_name: Some("Invocations".to_owned()),
        dimensions: vec![dimension],
    };
    cloudwatch::MetricDataQuery {
        id: Some(format!("q{index}")),
        metric_stat: Some(cloudwatch::MetricStat {
            metric: Some(metric),
            period: Some(DAY.as_secs()),
            stat: Some("Sum".to_owned()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Where the code and the layers of a function are. The addresses hold for ten minutes.
async fn archives(aws: &Aws, function: &Function, arn: &str) -> Result<Vec<Archive>, CloudError> {
    let unsupported = |detail: &str| CloudError::Invalid {
        what: "function with an archive",
        text: arn.to_owned(),
        detail: detail.to_owned(),
    };
    if function.image {
        return Err(unsupported("its code is a container image"));
    }
    let input =
        lambda::GetFunctionRequest { function_name: Some(function.name.clone()), ..Default::default() };
    let answer = lambda::get_function(aws, &input).await?;
    let code =
        answer.code.and_then(|code| code.location).ok_or_else(|| unsupported("AWS gives no location"))?;
    let configuration = answer.configuration.unwrap_or_default();
    let client = aws.client();
    let mut found = vec![Archive {
        layer: None,
        sha256: configuration.code_sha256.unwrap_or_default(),
        location: code,
        client: client.clone(),
    }];
    for layer in configuration.layers.into_iter().filter_map(|layer| layer.arn) {
        let input = lambda::GetLayerVersionByArnRequest { arn: Some(layer.clone()) };
        let content = lambda::get_layer_version_by_arn(aws, &input).await?.content.unwrap_or_default();
        found.push(Archive {
            location: content.location.ok_or_else(|| unsupported("AWS gives no location of a layer"))?,
            sha256: content.code_sha256.unwrap_or_default(),
            layer: Some(LayerId::from(layer)),
            client: client.clone(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_lambda() {
        let expected: Timestamp = "2023-07-05T10:20:30.123Z".parse().unwrap();
        assert_eq!(time("2023-07-05T10:20:30.123+0000"), Some(expected));
        assert_eq!(time("2023-07-05T10:20:30.123Z"), Some(expected));
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn file_names_have_no_slashes() {
        assert!(!name("a/b+c==", None).contains(['/', '+', '=', '(']));
    }
}
