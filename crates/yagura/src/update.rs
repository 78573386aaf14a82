//! `yagura db update`: brings the documents of all feeds up to date and builds the database from them.
//!
//! Documents stay in the cache, one folder per feed, with the tags they came with. A new document takes the
//! place of an old one only after the feed could read it, so a feed that fails keeps its old data; what failed
//! is recorded with the source and never stops the others. The database is written beside the old one and
//! renamed. Everything may be killed at any point: the next run continues.

mod error;
mod mirror;

pub use error::UpdateError;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use yagura_advisories::database::SourceState;
use yagura_advisories::feed::{Facts, From, Pick, Sink};
use yagura_advisories::{Builder, Document, FEEDS, Feed};
use yagura_cloud::download::{Body, Fetched, Wanted, fetch};
use yagura_cloud::{Client, CloudError, Network};
use yagura_model::{Advisory, Epss, Kev};

/// No published document is larger.
const LARGEST: u64 = 4 << 30;
/// With more changed records than this, the whole archive is fetched instead.
const MOST_CHANGES: usize = 500;
/// Archives are fetched whole when they are older than this, because lists of changes do not tell deletions.
const WHOLE_AFTER_SECONDS: i64 = 7 * 86_400;

/// What to update, from where, to where.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// Replaces every publisher: documents are at `MIRROR/FOLDER/PATH`.
    pub mirror: Option<&'a str>,
    /// Refuses to run.
    pub offline: bool,
    /// Ids of feeds; empty for all.
    pub only: &'a [String],
    /// Where documents are kept.
    pub cache: &'a Path,
    /// The database.
    pub db: &'a Path,
    /// The time written into the database.
    pub now: Timestamp,
}

/// How an update went.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Documents that came new.
    pub fetched: usize,
    /// Documents that had not changed.
    pub unchanged: usize,
    /// Feed, document and error of what failed; older data is in use there.
    pub failed: Vec<(String, String, String)>,
    /// Feeds that the mirror does not carry and of which nothing is held.
    pub absent: Vec<String>,
}

/// What is happening.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A document is asked for.
    Document {
        /// The feed.
        feed: &'a str,
        /// The document.
        path: &'a str,
    },
    /// Bytes came, of so many when the server tells.
    Received(u64, Option<u64>),
    /// Documents are being read into the database.
    Building,
}

/// What is known of the documents of one feed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    documents: BTreeMap<String, Held>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Held {
    etag: Option<String>,
    last_modified: Option<String>,
    /// Unix seconds of the last time it was fetched or confirmed.
    fetched: i64,
    /// Unix seconds of the last whole fetch.
    #[serde(default)]
    whole: i64,
    /// Records up to this time are in the archive or beside it.
    #[serde(default)]
    changes: Option<Timestamp>,
    /// The last error, until a fetch succeeds.
    error: Option<String>,
}

/// Updates everything.
///
/// # Errors
/// Only what concerns all feeds; the failure of one is in the [`Report`].
pub async fn update(
    options: &Options<'_>,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Report, UpdateError> {
    if options.offline {
        return Err(UpdateError::Offline);
    }
    if let Some(id) = options.only.iter().find(|id| yagura_advisories::feed(id).is_none()) {
        return Err(UpdateError::UnknownFeed(id.clone()));
    }
    fs::create_dir_all(options.cache).map_err(|source| failed_write(options.cache, source))?;
    let lock_path = options.cache.join("update.lock");
    let lock = fs::File::create(&lock_path).map_err(|source| failed_write(&lock_path, source))?;
    if lock.try_lock().is_err() {
        return Err(UpdateError::Busy(lock_path));
    }
    let client = Client::new(Network::Online).map_err(UpdateError::Network)?;
    let mut report = Report::default();
    let wanted = |feed: &&&dyn Feed| match options.only {
        [] => !feed.on_request(),
        only => only.iter().any(|id| id == feed.id()),
    };
    for feed in FEEDS.iter().filter(wanted) {
        let mut run = Run::new(*feed, options, &client);
        run.all(&mut report, progress).await;
        run.save()?;
    }
    progress(Progress::Building);
    let read = build(options)?;
    // A run that could not get anything at all must not replace a good database by an empty one.
    if read == 0 {
        return Err(UpdateError::Nothing);
    }
    Ok(report)
}

/// The update of one feed.
struct Run<'a> {
    feed: &'static dyn Feed,
    options: &'a Options<'a>,
    client: &'a Client,
    folder: PathBuf,
    state: State,
}

impl<'a> Run<'a> {
    fn new(feed: &'static dyn Feed, options: &'a Options<'a>, client: &'a Client) -> Self {
        let folder = options.cache.join(feed.folder());
        let state = read_state(&folder);
        Self { feed, options, client, folder, state }
    }

    fn save(&self) -> Result<(), UpdateError> {
        let bytes = serde_json::to_vec_pretty(&self.state).unwrap_or_default();
        write(&self.folder.join(STATE), &bytes)
    }

    /// Fetches what the feed starts with, and whatever those documents name.
    async fn all(&mut self, report: &mut Report, progress: &mut (dyn FnMut(Progress<'_>) + Send)) {
        let mut queue: VecDeque<(Pick, String)> =
            self.feed.start().into_iter().map(|pick| (pick, String::new())).collect();
        let mut seen = std::collections::BTreeSet::new();
        let mut failed: Vec<(String, Failed)> = Vec::new();
        while let Some((pick, parent)) = queue.pop_front() {
            if !is_plain(&pick.path) || !seen.insert((pick.path.clone(), pick.from.clone())) {
                continue;
            }
            let Some(url) = self.url(&pick, &parent) else { continue };
            progress(Progress::Document { feed: self.feed.id(), path: &pick.path });
            let mut outcome = match self.feed.changes(&pick.path) {
                Some(list) => self.incremental(&pick.path, &url, &list, report, progress).await,
                None => self.one(&pick.path, &url, report, progress).await,
            };
            if matches!(outcome, Err(Failed::Missing)) && self.options.mirror.is_some() {
                let folder = url.rsplit_once('/').map_or(url.as_str(), |(folder, _)| folder);
                if let Some(name) = mirror::stand_in(self.client, folder, &pick.path, self.feed).await {
                    let url = format!("{folder}/{}", escape(&name));
                    outcome = self.one(&pick.path, &url, report, progress).await;
                }
            }
            let held = self.state.documents.entry(pick.path.clone()).or_default();
            match outcome {
                Ok(()) => held.error = None,
                Err(Failed::Missing) if pick.optional => {
                    if !self.folder.join(&pick.path).exists() {
                        self.state.documents.remove(&pick.path);
                    }
                }
                Err(error) => {
                    held.error = Some(error.to_string());
                    failed.push((pick.path.clone(), error));
                }
            }
            // The old document still names what it named.
            if let Ok(bytes) = fs::read(self.folder.join(&pick.path)) {
                let named = self.feed.follow(&Document { path: &pick.path, bytes: &bytes });
                queue.extend(named.into_iter().map(|next| (next, url.clone())));
            }
            if self.save().is_err() {
                break;
            }
        }
        self.conclude(failed, report);
    }

    /// A mirror need not carry every feed: one of which nothing is there and nothing is held has not failed.
    fn conclude(&mut self, failed: Vec<(String, Failed)>, report: &mut Report) {
        let id = self.feed.id();
        let missing = !failed.is_empty() && failed.iter().all(|(_, error)| matches!(error, Failed::Missing));
        if self.options.mirror.is_some() && missing && documents(&self.folder, self.feed).is_empty() {
            self.state.documents.retain(|path, _| !failed.iter().any(|(failed, _)| failed == path));
            report.absent.push(id.to_owned());
            return;
        }
        report
            .failed
            .extend(failed.into_iter().map(|(path, error)| (id.to_owned(), path, error.to_string())));
    }

    fn url(&self, pick: &Pick, parent: &str) -> Option<String> {
        if let Some(mirror) = self.options.mirror {
            return Some(format!(
                "{}/{}/{}",
                mirror.trim_end_matches('/'),
                self.feed.folder(),
                escape(&pick.path)
            ));
        }
        match &pick.from {
            From::Base if self.feed.base().is_empty() => None,
            From::Base => Some(format!("{}/{}", self.feed.base(), escape(&pick.path))),
            From::Url(url) => Some(url.clone()),
            From::Sibling(name) => {
                parent.rsplit_once('/').map(|(folder, _)| format!("{folder}/{}", escape(name)))
            }
        }
    }

    /// Fetches one document; it takes its place when the feed can read it.
    async fn one(
        &mut self,
        path: &str,
        url: &str,
        report: &mut Report,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<(), Failed> {
        let to = self.folder.join(path);
        let held = self.state.documents.get(path).cloned().unwrap_or_default();
        let there = to.is_file();
        let wanted = Wanted {
            url,
            etag: held.etag.as_deref().filter(|_| there),
            last_modified: held.last_modified.as_deref().filter(|_| there),
            most_bytes: LARGEST,
        };
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|error| Failed::Other(error.to_string()))?;
        }
        let mut incoming = to.clone().into_os_string();
        incoming.push(INCOMING);
        let incoming = PathBuf::from(incoming);
        let fetched = fetch(self.client, &wanted, &incoming, &mut |step| {
            progress(Progress::Received(step.received, step.total));
        })
        .await
        .map_err(Failed::of)?;
        let now = self.options.now.as_second();
        match fetched {
            Fetched::NotModified => {
                report.unchanged += 1;
                self.state.documents.entry(path.to_owned()).or_default().fetched = now;
            }
            Fetched::Body(Body { etag, last_modified, .. }) => {
                self.check(path, &incoming)?;
                fs::rename(&incoming, &to).map_err(|error| Failed::Other(error.to_string()))?;
                report.fetched += 1;
                let held = Held {
                    etag,
                    last_modified,
                    fetched: now,
                    whole: now,
                    changes: held.changes,
                    error: None,
                };
                self.state.documents.insert(path.to_owned(), held);
            }
        }
        Ok(())
    }

    /// Reads a document that came, and throws it away when the feed cannot.
    fn check(&self, path: &str, incoming: &Path) -> Result<(), Failed> {
        if !self.feed.reads(path) {
            return Ok(());
        }
        let bytes = fs::read(incoming).map_err(|error| Failed::Other(error.to_string()))?;
        self.feed.read(&Document { path, bytes: &bytes }, &mut Nothing).map_err(|error| {
            let _ = fs::remove_file(incoming);
            Failed::Other(error.to_string())
        })
    }

    /// An archive with a list of changes: only changed records are fetched while they are few.
    async fn incremental(
        &mut self,
        path: &str,
        url: &str,
        list: &str,
        report: &mut Report,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<(), Failed> {
        let base = url.rsplit_once('/').map_or(url, |(base, _)| base).to_owned();
        let list_url = format!("{base}/{}", list.rsplit('/').next().unwrap_or(list));
        // Without a list the archive is simply fetched whole.
        let listed = self.one(list, &list_url, report, progress).await;
        let text = fs::read(self.folder.join(list)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let held = self.state.documents.get(path).cloned().unwrap_or_default();
        let fresh = self.options.now.as_second() - held.whole < WHOLE_AFTER_SECONDS;
        let newest = newest(&text, self.options.now);
        let changed =
            match held.changes.filter(|_| fresh && listed.is_ok() && self.folder.join(path).is_file()) {
                Some(since) => {
                    Some(changed(&text, since, self.options.now)).filter(|ids| ids.len() <= MOST_CHANGES)
                }
                None => None,
            };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let records = match changed {
            Some(ids) => self.records(&ids, &folder, &base, report, progress).await,
            None => Err(Failed::Missing),
        };
        let now = self.options.now.as_second();
        match records {
            Ok(()) => {
                if let Some(held) = self.state.documents.get_mut(path) {
                    held.fetched = now;
                }
            }
            // A mirror may have the archive alone.
            Err(Failed::Missing) => {
                self.one(path, url, report, progress).await?;
                self.forget_records(&folder);
                if let Some(held) = self.state.documents.get_mut(path) {
                    held.whole = now;
                }
            }
            Err(error) => return Err(error),
        }
        if let Some(held) = self.state.documents.get_mut(path) {
            held.changes = newest.or(held.changes);
        }
        listed
    }

    /// Fetches single records.
    async fn records(
        &mut self,
        ids: &[&str],
        folder: &str,
        base: &str,
        report: &mut Report,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<(), Failed> {
        for id in ids {
            let record = format!("{folder}/{id}.json");
            let outcome = self.one(&record, &format!("{base}/{}.json", escape(id)), report, progress).await;
            // Records need no entry of their own: the list tells when they change.
            self.state.documents.remove(&record);
            outcome?;
        }
        Ok(())
    }

    /// Single records are part of a new archive.
    fn forget_records(&self, folder: &str) {
        for entry in fs::read_dir(self.folder.join(folder)).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "json") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

const STATE: &str = ".state.json";
const INCOMING: &str = ".incoming";

/// Why one document did not come.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("it does not exist")]
    Missing,
    #[error("{0}")]
    Other(String),
}

impl Failed {
    fn of(error: CloudError) -> Self {
        match error {
            CloudError::NotFound { .. } | CloudError::Status { status: 403 | 404 | 410, .. } => Self::Missing,
            error => Self::Other(error.to_string()),
        }
    }
}

/// The newest time of a list of changes that is not in the future.
fn newest(csv: &str, now: Timestamp) -> Option<Timestamp> {
    csv.lines()
        .filter_map(|line| line.split_once(',')?.0.parse::<Timestamp>().ok())
        .find(|stamp| *stamp <= now)
}

/// Records that a list says have changed after a time, newest first, which is how it is sorted. Some records claim a
/// time that is still to come; they would be new for ever, and are left to the next whole archive.
fn changed(csv: &str, since: Timestamp, now: Timestamp) -> Vec<&str> {
    csv.lines()
        .filter_map(|line| line.split_once(','))
        .map_while(|(stamp, id)| {
            Some((stamp.parse::<Timestamp>().ok().filter(|stamp| *stamp > since)?, id.trim()))
        })
        .filter(|(stamp, id)| {
            *stamp <= now && !id.is_empty() && !id.contains(['/', '\\']) && !id.starts_with('.')
        })
        .map(|(_, id)| id)
        .collect()
}

/// A path that stays below its folder.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && part != STATE)
}

/// Percent-encodes what must not stand in the path of an address.
fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'/'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'+'
            | b'@' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Builds the database from all documents of the cache; returns how many documents there were.
fn build(options: &Options<'_>) -> Result<usize, UpdateError> {
    let mut builder = Builder::new(options.now);
    let mut read = 0;
    for feed in FEEDS {
        let folder = options.cache.join(feed.folder());
        let state = read_state(&folder);
        for path in documents(&folder, *feed) {
            let Ok(bytes) = fs::read(folder.join(&path)) else { continue };
            if let Err(error) = builder.read(*feed, &Document { path: &path, bytes: &bytes }) {
                tracing::warn!(feed = feed.id(), document = path, %error, "a document was not read whole");
            }
            read += 1;
        }
        for (path, held) in &state.documents {
            let there = folder.join(path).is_file();
            if !feed.reads(path) && held.error.is_none() {
                continue;
            }
            let status = builder.status(&feed.source(path));
            if status.title.is_empty() {
                feed.title().clone_into(&mut status.title);
            }
            let fetched = Timestamp::from_second(held.fetched).ok().filter(|_| there && held.fetched > 0);
            status.fetched = match (status.fetched, fetched) {
                (Some(before), Some(now)) => Some(before.min(now)),
                (before, now) => before.or(now),
            };
            if let Some(error) = &held.error {
                status.state = if there { SourceState::Stale } else { SourceState::Failed };
                status.error = Some(format!("`{path}`: {error}"));
            }
        }
    }
    if read > 0 {
        write(options.db, &builder.finish()?)?;
    }
    Ok(read)
}

/// The documents of a folder that its feed reads, sorted.
pub(crate) fn documents(folder: &Path, feed: &dyn Feed) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(&below).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let Some(relative) = path.strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
            let relative = relative.replace('\\', "/");
            if feed.reads(&relative) && !relative.contains(INCOMING) && !relative.ends_with(STATE) {
                found.push(relative);
            }
        }
    }
    found.sort();
    found
}

fn read_state(folder: &Path) -> State {
    fs::read(folder.join(STATE))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Writes beside the target, flushes, and renames: readers see the old file or the new one.
fn write(to: &Path, bytes: &[u8]) -> Result<(), UpdateError> {
    let attempt = || -> std::io::Result<()> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut beside = to.as_os_str().to_owned();
        beside.push(format!(".{}.tmp", std::process::id()));
        let mut file = fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, to)
    };
    attempt().map_err(|source| failed_write(to, source))
}

fn failed_write(path: &Path, source: std::io::Error) -> UpdateError {
    UpdateError::Write { path: path.to_owned(), source }
}

/// Takes everything and keeps nothing: only whether a document can be read counts.
struct Nothing;

impl Sink for Nothing {
    fn advisory(&mut self, _: Advisory) {}
    fn facts(&mut self, _: Facts) {}
    fn epss(&mut self, _: &str, _: Epss) {}
    fn kev(&mut self, _: &str, _: Kev) {}
    fn dated(&mut self, _: Timestamp) {}
    fn unread(&mut self, _: String) {}
}

#[cfg(test)]
mod tests;
