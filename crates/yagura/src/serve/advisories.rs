//! The advisory file that the service judges by, and changing it while it runs.

use crate::data::Data;
use anyhow::{Context, anyhow};
use jiff::Timestamp;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use yagura_advisories::database::ColumnPrints;
use yagura_model::{Advisories, Candidate, EcosystemId, Statement, Vulnerability};

/// Advisory data in memory, and which of the stored files it is.
pub struct Held {
    /// The data.
    pub data: Data,
    /// When the store got this file; `None` before it did.
    pub written: Option<Timestamp>,
}

/// The data in use. Readers keep what they hold while it is replaced.
pub struct Current(RwLock<Arc<Held>>);

impl Current {
    /// Starts with this data.
    pub fn new(held: Held) -> Self {
        Self(RwLock::new(Arc::new(held)))
    }

    /// What is judged by now.
    pub fn get(&self) -> Arc<Held> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Judges by other data from now on.
    pub fn replace(&self, held: Held) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
    }
}

/// Opens what the configuration names: a file, the one in the usual place, or the starter advisories.
///
/// # Errors
/// A file that is named is missing, or the one that is there is damaged.
pub fn configured(path: &str) -> anyhow::Result<Data> {
    let named = Some(path).filter(|path| !path.is_empty()).map(PathBuf::from);
    Data::open(named).map_err(|failure| anyhow!(failure.message.en))
}

/// Writes a file that another process stored into this process's folder, and opens it there.
///
/// # Errors
/// The folder cannot be written, or the bytes are not an advisory file.
pub fn keep(folder: &Path, bytes: &[u8]) -> anyhow::Result<Data> {
    let path = folder.join("advisories.db");
    let mut beside = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("cannot write into `{}`", folder.display()))?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
    Data::open(Some(path)).map_err(|failure| anyhow!(failure.message.en))
}

impl Held {
    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::File(database) => database.as_bytes(),
            Data::Starter(database) => database.as_bytes(),
        }
    }

    /// True when nothing but the starter advisories is known, also when they come back from the store as a file.
    pub fn is_starter(&self) -> bool {
        self.data.sources().iter().all(|source| source.id == "starter")
    }

    /// Equal for equal files.
    pub fn checksum(&self) -> &[u8] {
        match &self.data {
            Data::File(database) => database.checksum(),
            Data::Starter(database) => database.checksum(),
        }
    }

    /// The fingerprints of every column.
    pub fn column_prints(&self) -> ColumnPrints {
        match &self.data {
            Data::File(database) => ColumnPrints::of(database),
            Data::Starter(database) => ColumnPrints::of(database),
        }
    }

    /// The packages that a vulnerability's advisories speak of.
    pub fn packages(&self, id: &str) -> Vec<(&str, &str)> {
        match &self.data {
            Data::File(database) => database.packages(id),
            Data::Starter(database) => database.packages(id),
        }
    }
}

impl Advisories for Held {
    fn statements<'a>(&'a self, ecosystem: &EcosystemId, name: &str, visit: &mut dyn FnMut(Statement<'a>)) {
        self.data.statements(ecosystem, name, visit);
    }

    fn may_affect(&self, ecosystem: &EcosystemId, name: &str, candidate: &Candidate<'_>) -> bool {
        self.data.may_affect(ecosystem, name, candidate)
    }

    fn vulnerability(&self, id: &str) -> Option<Vulnerability> {
        self.data.vulnerability(id)
    }
}
