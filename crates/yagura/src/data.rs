//! The advisory data of a command: where it lies, how it is opened, and what it says of itself.

use crate::cli::{Failure, exit};
use crate::said;
use crate::said::Said;
use crate::table::days;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use yagura_advisories::database::{SourceState, SourceStatus, Summary};
use yagura_advisories::{Builder, Database, DatabaseError};
use yagura_model::{Advisories, Candidate, EcosystemId, Inventory, Lang, Package, Statement, Vulnerability};

/// Where the database and the downloads lie.
#[derive(Debug, Clone)]
pub struct Place {
    /// The database.
    pub db: PathBuf,
    /// Downloads and layer results; `None` when no home directory is known.
    pub cache: Option<PathBuf>,
}

impl Place {
    /// The places that were named, else those of the XDG base directories.
    ///
    /// # Errors
    /// No place was named and the environment has no home directory.
    pub fn new(db: Option<PathBuf>, cache: Option<PathBuf>) -> Result<Self, Failure> {
        let db = db.or_else(default_db).ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                said!(
                    "cannot tell where the database lies: neither HOME nor XDG_DATA_HOME is set",
                    "データベースの場所が分かりません: HOME も XDG_DATA_HOME も設定されていません"
                ),
            )
            .hint(said!("name it with --db", "--db で指定してください"))
        })?;
        Ok(Self { db, cache: cache_dir(cache) })
    }
}

fn default_db() -> Option<PathBuf> {
    directory("XDG_DATA_HOME", ".local/share").map(|base| base.join("yagura/advisories.db"))
}

/// The cache directory that was named, else the XDG one.
pub fn cache_dir(named: Option<PathBuf>) -> Option<PathBuf> {
    named.or_else(|| directory("XDG_CACHE_HOME", ".cache").map(|base| base.join("yagura")))
}

fn directory(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set(variable).or_else(|| set("HOME").map(|home| home.join(below_home)))
}

/// A file that is mapped into memory, read-only and shared by threads.
pub struct Map(mmap_io::MemoryMappedFile);

impl Map {
    fn open(path: &Path) -> Result<Self, String> {
        mmap_io::MemoryMappedFile::open_ro(path).map(Self).map_err(|error| error.to_string())
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        // A read-only map is lent as it is; only one that can be written refuses.
        self.0.as_slice_bytes(0, self.0.len()).unwrap_or_default()
    }
}

/// Advisories to judge by.
pub enum Data {
    /// A database on disk, mapped.
    File(Database<Map>),
    /// The advisories that are compiled in.
    Starter(Database<Vec<u8>>),
}

impl Data {
    /// Opens the database that was named, or the one in the usual place, or else the starter advisories.
    ///
    /// # Errors
    /// Exit code 4: a database that was named is missing, or the one that is there is damaged.
    pub fn open(named: Option<PathBuf>) -> Result<Self, Failure> {
        match named {
            Some(path) => Self::open_file(&path),
            None => match default_db().filter(|path| path.exists()) {
                Some(path) => Self::open_file(&path),
                None => Self::starter(),
            },
        }
    }

    fn open_file(path: &Path) -> Result<Self, Failure> {
        // An empty file cannot be mapped.
        match std::fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => {
                return Err(unusable(path, said!("it is not a file", "ファイルではありません")));
            }
            Ok(metadata) if metadata.len() == 0 => {
                return Err(unusable(path, said!("it is empty", "空です")));
            }
            Ok(_) => {}
            Err(error) => return Err(unusable(path, error.to_string())),
        }
        let map = Map::open(path).map_err(|error| unusable(path, error))?;
        Ok(Self::File(Database::open(map).map_err(|error| unusable(path, said::database(&error)))?))
    }

    fn starter() -> Result<Self, Failure> {
        let mut builder = Builder::new(Timestamp::UNIX_EPOCH);
        builder.starter();
        let fail = |error: DatabaseError| Failure::new(exit::DATA, said::database(&error));
        let bytes = builder.finish().map_err(fail)?;
        Ok(Self::Starter(Database::open(bytes).map_err(fail)?))
    }

    /// The summary stored in the data.
    pub fn summary(&self) -> Summary {
        match self {
            Self::File(database) => database.summary(),
            Self::Starter(database) => database.summary(),
        }
    }

    /// The sources, for reports.
    pub fn sources(&self) -> Vec<yagura_formats::SourceState> {
        self.summary()
            .sources
            .iter()
            .filter(|source| source.advisories > 0 || source.error.is_some())
            .map(|source| yagura_formats::SourceState {
                id: source.id.to_string(),
                date: source.upstream,
                count: source.advisories,
                error: source.error.clone(),
            })
            .collect()
    }

    /// How long ago the newest statement was made. `None` for data without dates.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        let newest = self.summary().sources.iter().filter_map(|source| source.upstream).max()?;
        // A publisher whose clock is ahead of ours is fresh, not broken.
        Some(Duration::try_from(now.duration_since(newest)).unwrap_or_default())
    }

    /// Refuses data that is older than a limit.
    ///
    /// # Errors
    /// Exit code 4: it is too old, or says nothing of its age.
    pub fn check_age(&self, limit: Duration, now: Timestamp) -> Result<(), Failure> {
        let message = match self.age(now) {
            Some(age) if age <= limit => return Ok(()),
            Some(age) => {
                let count = i64::try_from(age.as_secs() / 86_400).unwrap_or(i64::MAX);
                Said {
                    en: format!("the advisory data is {} old", days(count, Lang::En)),
                    ja: format!("アドバイザリーデータは {}前のものです", days(count, Lang::Ja)),
                }
            }
            None => {
                said!("the age of the advisory data is not known", "アドバイザリーデータの日付が分かりません")
            }
        };
        Err(Failure::new(exit::DATA, message).hint(said!(
            "run `yagura db update`, or raise --max-db-age",
            "`yagura db update` を実行するか、--max-db-age を大きくしてください"
        )))
    }

    /// Ecosystems of an inventory about which the database says nothing at all, with their packages: no finding there
    /// means nothing. The starter advisories say of themselves that they are few.
    pub fn uncovered(&self, inventory: &Inventory) -> BTreeMap<String, usize> {
        let Self::File(database) = self else { return BTreeMap::new() };
        let mut packages: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
        for package in inventory.packages.iter().filter(|package| package.owner.is_none()) {
            packages.entry(package.ecosystem.base()).or_default().push(package);
        }
        // One statement about any of the packages is enough; only without one are all keys gone through.
        packages.retain(|_, packages| {
            !packages.iter().any(|package| {
                let source = package.source.as_ref().map_or(&package.name, |source| &source.name);
                let mut known = false;
                for name in [&package.name, source] {
                    self.statements(&package.ecosystem, name, &mut |_| known = true);
                }
                known
            })
        });
        if !packages.is_empty() {
            for (ecosystem, _, _) in database.keys() {
                packages.remove(ecosystem.split(':').next().unwrap_or(ecosystem));
            }
        }
        packages.into_iter().map(|(ecosystem, packages)| (ecosystem.to_owned(), packages.len())).collect()
    }

    /// Remarks on the data that every result carries: that it is only the starter set, and which sources could not
    /// be renewed, with the age of what is used instead.
    pub fn remarks(&self, now: Timestamp, lang: Lang) -> Vec<String> {
        let sources = self.summary().sources;
        if let Self::Starter(_) = self {
            let count: u64 = sources.iter().map(|source| source.advisories).sum();
            return vec![match lang {
                Lang::En => format!(
                    "only the {count} starter advisories that come with the program were used; for real coverage run \
                     `yagura db update`, or `yagura db import FILE` without a network"
                ),
                Lang::Ja => format!(
                    "同梱のスターター勧告 {count} 件のみを使用しました。実際の検査には `yagura db update` \
                     (閉域網では `yagura db import FILE`) を実行してください"
                ),
            }];
        }
        sources.iter().filter_map(|source| remark(source, now, lang)).collect()
    }
}

/// What is wrong with a source, and how old its data is.
fn remark(source: &SourceStatus, now: Timestamp, lang: Lang) -> Option<String> {
    let error = source.error.as_ref()?;
    let id = &source.id;
    let age = source.upstream.map(|date| days((now.as_second() - date.as_second()) / 86_400, lang));
    Some(match (source.state, age, lang) {
        (SourceState::Failed, _, Lang::En) => format!("nothing of the source `{id}` could be used: {error}"),
        (SourceState::Failed, _, Lang::Ja) => format!("情報源 `{id}` は使えませんでした: {error}"),
        (SourceState::Stale, Some(age), Lang::En) => {
            format!("the source `{id}` could not be updated, its data is {age} old: {error}")
        }
        (SourceState::Stale, Some(age), Lang::Ja) => {
            format!("情報源 `{id}` を更新できず、{age}前のデータを使いました: {error}")
        }
        (SourceState::Stale, None, Lang::En) => {
            format!("the source `{id}` could not be updated, its data is of unknown age: {error}")
        }
        (SourceState::Stale, None, Lang::Ja) => {
            format!("情報源 `{id}` を更新できず、日付不明の以前のデータを使いました: {error}")
        }
        (_, _, Lang::En) => format!("not all of the source `{id}` could be read: {error}"),
        (_, _, Lang::Ja) => format!("情報源 `{id}` の一部を読めませんでした: {error}"),
    })
}

/// A database that cannot be used, and what to do.
pub(crate) fn unusable(path: &Path, detail: impl Into<Said>) -> Failure {
    let detail = detail.into();
    let path = path.display();
    let message = Said {
        en: format!("cannot use the advisory database `{path}`: {}", detail.en),
        ja: format!("アドバイザリーデータベース `{path}` を使えません: {}", detail.ja),
    };
    Failure::new(exit::DATA, message).hint(said!(
        "run `yagura db update`, or bring one with `yagura db import FILE`",
        "`yagura db update` を実行するか、`yagura db import FILE` で取り込んでください"
    ))
}

impl Advisories for Data {
    fn statements<'a>(&'a self, ecosystem: &EcosystemId, name: &str, visit: &mut dyn FnMut(Statement<'a>)) {
        match self {
            Self::File(database) => database.statements(ecosystem, name, visit),
            Self::Starter(database) => database.statements(ecosystem, name, visit),
        }
    }

    fn may_affect(&self, ecosystem: &EcosystemId, name: &str, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::File(database) => database.may_affect(ecosystem, name, candidate),
            Self::Starter(database) => database.may_affect(ecosystem, name, candidate),
        }
    }

    fn vulnerability(&self, id: &str) -> Option<Vulnerability> {
        match self {
            Self::File(database) => database.vulnerability(id),
            Self::Starter(database) => database.vulnerability(id),
        }
    }
}
