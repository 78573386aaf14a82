//! Bottlerocket's advisories: one TOML file each, below `advisories/VERSION/`.
//!
//! Format: <https://github.com/bottlerocket-os/bottlerocket-core-kit/tree/develop/advisories>. Names are the
//! kit's packages; `patched-version` may repeat the name, as in `kernel-5.15.160-104.158.amzn2`, where the
//! package itself is called `kernel-5.15`.

use crate::archive;
use crate::feed::{Document, Feed, FeedError, Pick, Sink};
use crate::rating;
use serde::Deserialize;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, SourceId};

/// The core kit's advisories.
pub struct Bottlerocket;

#[derive(Deserialize)]
struct File {
    advisory: Head,
    updateinfo: Option<UpdateInfo>,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    title: Option<String>,
    cve: Option<String>,
    ghsa: Option<String>,
    severity: Option<String>,
    description: Option<String>,
    #[serde(default)]
    products: Vec<Product>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Product {
    package_name: String,
    patched_version: Option<String>,
    patched_epoch: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UpdateInfo {
    issue_date: Option<toml::value::Datetime>,
}

impl Feed for Bottlerocket {
    fn id(&self) -> &'static str {
        "bottlerocket"
    }

    fn title(&self) -> &'static str {
        "Bottlerocket advisories"
    }

    fn base(&self) -> &'static str {
        "https://github.com/bottlerocket-os/bottlerocket-core-kit"
    }

    fn folder(&self) -> &'static str {
        "bottlerocket"
    }

    fn start(&self) -> Vec<Pick> {
        let archive = format!("{}/archive/refs/heads/develop.zip", self.base());
        vec![Pick::at("core-kit-advisories.zip", archive)]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".zip")
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("bottlerocket")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let wanted = |name: &str| name.contains("advisories/") && name.ends_with(".toml");
        archive::each_member(document.path, document.bytes, wanted, &mut |name, bytes| match bytes
            .and_then(|bytes| read_file(name, bytes))
        {
            Ok(advisory) => {
                if let Some(date) = advisory.published {
                    out.dated(date);
                }
                out.advisory(advisory);
            }
            Err(error) => out.unread(error.to_string()),
        })
    }
}

fn read_file(path: &str, bytes: &[u8]) -> Result<Advisory, FeedError> {
    let text = std::str::from_utf8(bytes).map_err(|error| FeedError::malformed(path, error))?;
    let file: File = toml::from_str(text).map_err(|error| FeedError::malformed(path, error.message()))?;
    let head = file.advisory;
    let mut advisory = Advisory::new("bottlerocket", head.id);
    advisory.summary = head.title.unwrap_or_default();
    advisory.details = head.description.unwrap_or_default();
    advisory.upstream = head.cve.or(head.ghsa).into_iter().collect();
    advisory.ratings = head.severity.iter().map(|word| rating::from_word("bottlerocket", word)).collect();
    let date = file.updateinfo.and_then(|info| info.issue_date).map(|date| date.to_string());
    advisory.published = date.as_deref().and_then(crate::feed::timestamp);
    for product in head.products {
        let Some(version) = product.patched_version else { continue };
        let family =
            product.package_name.split_once('-').map_or(&*product.package_name, |(family, _)| family);
        let bare = version
            .strip_prefix(&format!("{}-", product.package_name))
            .or_else(|| version.strip_prefix(&format!("{family}-")))
            .unwrap_or(&version);
        let epoch = product.patched_epoch.filter(|epoch| epoch != "0").map(|epoch| format!("{epoch}:"));
        let mut affected = Affected::new("Bottlerocket", product.package_name.clone());
        affected.status = FixStatus::Fixed;
        let fixed = format!("{}{bare}", epoch.unwrap_or_default());
        let events = vec![Event::Introduced("0".to_owned()), Event::Fixed(fixed)];
        affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
        advisory.affected.push(affected);
    }
    Ok(advisory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_lose_the_name_they_repeat() {
        let text = "[advisory]\nid = \"BRSA-1\"\ntitle = \"kernel CVE-2024-1\"\ncve = \"CVE-2024-1\"\nseverity = \"moderate\"\n\
            [[advisory.products]]\npackage-name = \"kernel-5.15\"\npatched-version = \"kernel-5.15.160-104.158.amzn2\"\n\
            [[advisory.products]]\npackage-name = \"runc\"\npatched-version = \"1.1.13\"\npatched-epoch = \"1\"\n\
            [updateinfo]\nissue-date = 2024-07-08T23:14:32Z\n";
        let advisory = read_file("a.toml", text.as_bytes()).unwrap();
        let fixed: Vec<&Event> = advisory.affected.iter().map(|one| &one.ranges[0].events[1]).collect();
        assert_eq!(
            fixed,
            [&Event::Fixed("5.15.160-104.158.amzn2".to_owned()), &Event::Fixed("1:1.1.13".to_owned())]
        );
        assert_eq!(advisory.published.unwrap().to_string(), "2024-07-08T23:14:32Z");
        assert!(read_file("a.toml", b"[advisory]\nid = 3").is_err());
    }
}
