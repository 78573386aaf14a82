//! The advisory data of a command: where it lies, how it is opened, and what it says of itself.

use crate::cli::{Failure, exit};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;
use yagura_advisories::database::{SourceStatus, Summary};
use yagura_advisories::{Builder, Database};
use yagura_formats::SourceState;
use yagura_model::{Advisories, EcosystemId, Lang, Statement, Vulnerability};

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
                "cannot tell where the database lies: neither HOME nor XDG_DATA_HOME is set",
            )
            .hint("name it with --db")
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

/// Advisories to judge by.
pub enum Data {
    /// A database on disk, mapped.
    File(Database<vmap::Map>),
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
        let fail = |detail: String| {
            Failure::new(
                exit::DATA,
                format!("cannot use the advisory database `{}`: {detail}", path.display()),
            )
            .hint("run `yagura db update`, or bring one with `yagura db import FILE`")
        };
        // An empty file cannot be mapped.
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.len() == 0 => return Err(fail("it is empty".to_owned())),
            Ok(_) => {}
            Err(error) => return Err(fail(error.to_string())),
        }
        let (map, _) = vmap::Map::with_options().open(path).map_err(|error| fail(error.to_string()))?;
        Ok(Self::File(Database::open(map).map_err(|error| fail(error.to_string()))?))
    }

    fn starter() -> Result<Self, Failure> {
        let mut builder = Builder::new(Timestamp::UNIX_EPOCH);
        builder.starter();
        let fail = |error: yagura_advisories::DatabaseError| Failure::from_error(exit::DATA, &error);
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
    pub fn sources(&self) -> Vec<SourceState> {
        self.summary()
            .sources
            .iter()
            .filter(|source| source.advisories > 0 || source.error.is_some())
            .map(|source: &SourceStatus| SourceState {
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
        Duration::try_from(now.duration_since(newest)).ok()
    }

    /// Remarks on the data that every result carries.
    pub fn remarks(&self, lang: Lang) -> Vec<String> {
        match self {
            Self::File(_) => Vec::new(),
            Self::Starter(_) => vec![
                lang.pick("only the starter advisories were used", "同梱のスターター勧告のみを使用しました")
                    .to_owned(),
            ],
        }
    }
}

impl Advisories for Data {
    fn statements<'a>(&'a self, ecosystem: &EcosystemId, name: &str, visit: &mut dyn FnMut(Statement<'a>)) {
        match self {
            Self::File(database) => database.statements(ecosystem, name, visit),
            Self::Starter(database) => database.statements(ecosystem, name, visit),
        }
    }

    fn vulnerability(&self, id: &str) -> Option<Vulnerability> {
        match self {
            Self::File(database) => database.vulnerability(id),
            Self::Starter(database) => database.vulnerability(id),
        }
    }
}
