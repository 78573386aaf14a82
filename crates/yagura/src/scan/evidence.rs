//! From what a collector brought to an inventory: the same catalogs and the same analysis as for the targets of the
//! command line.

use super::cache::LayerCache;
use super::{Progress, image};
use std::path::PathBuf;
use yagura_cloud::CloudError;
use yagura_cloud::collect::lambda::Archive;
use yagura_cloud::collect::{Evidence, Reported};
use yagura_ecosystems::analyze::{analyze, combine};
use yagura_ecosystems::catalog::{Catalog, Selection, catalog};
use yagura_ecosystems::platform;
use yagura_fs::{Limits, ZipTree};
use yagura_model::{Inventory, LayerId, TreePath, Unread, UnreadReason};

/// Where evidence is worked on.
#[derive(Debug, Clone)]
pub struct Workbench {
    /// What layers and archives said before is kept below it; `None` remembers nothing.
    pub cache: Option<PathBuf>,
    /// Archives lie here while they are read.
    pub scratch: PathBuf,
    /// Bounds of everything that is read.
    pub limits: Limits,
    /// Layers that are read at the same time.
    pub workers: usize,
}

impl Workbench {
    /// The inventory that evidence stands for.
    ///
    /// # Errors
    /// An archive cannot be fetched. What can be fetched but not read is in [`Inventory::unread`].
    pub async fn inventory(&self, evidence: Evidence) -> Result<Inventory, CloudError> {
        match evidence {
            Evidence::Reported(reported) => Ok(listed(*reported)),
            Evidence::Image(open) => {
                let bench = self.clone();
                let read = tokio::task::spawn_blocking(move || {
                    let cache = LayerCache::new(bench.cache.as_deref());
                    let (selection, progress) = (Selection::default(), Progress::new(false));
                    let catalogs =
                        image::catalogs(&open, &cache, &selection, &bench.limits, bench.workers, &progress);
                    analyze(&catalogs)
                });
                Ok(finished(read.await))
            }
            Evidence::Archives(archives) => {
                let mut inventories = Vec::new();
                for archive in archives {
                    inventories.push(analyze(&[self.archive(&archive).await?]));
                }
                Ok(combine(inventories))
            }
        }
    }

    /// What an archive says, from the cache or by reading it. Its packages know the layer that it is.
    async fn archive(&self, archive: &Archive) -> Result<Catalog, CloudError> {
        let key = archive.digest().map(|digest| LayerId::from(digest.as_str()));
        let cache = LayerCache::new(self.cache.as_deref());
        let known = key.as_ref().and_then(|key| cache.get(key));
        let mut found = match known {
            Some(known) => known,
            None => {
                let tree = archive.open(&self.scratch).await?;
                let limits = self.limits.clone();
                let read = tokio::task::spawn_blocking(move || read(&tree, &limits));
                let mut found = read.await.unwrap_or_else(|_| broken("the archive could not be read"));
                if let Some(key) = key.filter(|_| !found.interrupted && !self.limits.is_cancelled()) {
                    found.layer = Some(key.clone());
                    cache.put(&key, &found);
                }
                found
            }
        };
        found.layer.clone_from(&archive.layer);
        Ok(found)
    }
}

fn read(tree: &ZipTree, limits: &Limits) -> Catalog {
    catalog(tree, &Selection::default(), limits).unwrap_or_else(|error| {
        let unread = error.to_unread();
        Catalog { unread: vec![unread], interrupted: true, ..Catalog::default() }
    })
}

fn broken(detail: &str) -> Catalog {
    let unread =
        Unread { path: TreePath::default(), reason: UnreadReason::Unreadable, detail: detail.to_owned() };
    Catalog { unread: vec![unread], interrupted: true, ..Catalog::default() }
}

fn finished(read: Result<Inventory, tokio::task::JoinError>) -> Inventory {
    read.unwrap_or_else(|_| analyze(&[broken("the image could not be read")]))
}

/// An agent's list: its platform decides which ecosystem the packages are of.
fn listed(reported: Reported) -> Inventory {
    let Reported { mut platform, mut packages, unread, .. } = reported;
    if let Some(platform) = &mut platform {
        platform.ecosystem = platform::ecosystem_of(platform);
    }
    platform::assign(platform.as_ref(), &mut packages);
    combine(vec![Inventory { platform, packages, unread }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_model::{Location, Package, Platform};

    #[test]
    fn packages_of_an_agent_belong_to_its_platform() {
        let place = || Location::path(TreePath::from_text("AWS:Application").unwrap());
        let reported = Reported {
            platform: Some(Platform { id: "ubuntu".into(), version: "22.04".into(), ..Platform::default() }),
            packages: vec![
                Package::new("dpkg", "libssl3", "3.0.2-0ubuntu1.10", place()),
                Package::new("PyPI", "requests", "2.19.1", place()),
                Package::new("dpkg", "libssl3", "3.0.2-0ubuntu1.10", place()),
            ],
            ..Reported::default()
        };
        let inventory = listed(reported);
        let shown: Vec<(&str, &str)> = inventory
            .packages
            .iter()
            .map(|package| (package.ecosystem.as_str(), package.name.as_str()))
            .collect();
        assert_eq!(shown, [("PyPI", "requests"), ("Ubuntu:22.04", "libssl3")]);
    }
}
