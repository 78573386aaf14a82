//! The life of the advisory database: built from a folder, described, carried across an air gap.

use crate::cli::{Failure, exit};
use crate::data::{Data, Place, unusable};
use crate::said;
use crate::table::{Cell, Columns, Look, days, thousands};
use crate::update;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use yagura_advisories::database::{SourceStatus, Summary};
use yagura_advisories::{Builder, Database, DatabaseError, Document, FEEDS};
use yagura_model::Lang;

/// Builds a database from a folder laid out like the publishers' feeds, and returns what to tell the user.
///
/// # Errors
/// The folder holds nothing that a feed publishes, or the database cannot be written.
pub fn build(from: &Path, out: &Path, now: Timestamp, lang: Lang) -> Result<String, Failure> {
    if !from.is_dir() {
        return Err(Failure::new(
            exit::USAGE,
            said!("there is no folder `{}`", "フォルダー `{}` はありません", from.display()),
        ));
    }
    let target = Target::create(out)?;
    let mut builder = Builder::new(now);
    let mut read = 0;
    for feed in FEEDS {
        let folder = from.join(feed.folder());
        if folder.is_dir() {
            read += read_feed(*feed, &folder, &mut builder);
        }
    }
    if read == 0 {
        let folders: BTreeSet<&str> = FEEDS.iter().map(|feed| feed.folder()).collect();
        let folders: Vec<&str> = folders.into_iter().collect();
        return Err(Failure::new(
            exit::DATA,
            said!("`{}` holds no document of any feed", "`{}` に情報源の文書がありません", from.display()),
        )
        .hint(said!(
            "expected at least one of the folders {}",
            "次のフォルダーが少なくとも 1 つ必要です: {}",
            folders.join(", ")
        )));
    }
    let fail = |error: DatabaseError| Failure::new(exit::DATA, said::database(&error));
    let bytes = builder.finish().map_err(fail)?;
    let database = Database::open(bytes.as_slice()).map_err(fail)?;
    let text = told(&database.summary(), out, lang);
    target.put(&bytes)?;
    Ok(text)
}

/// Reads every document of a feed that lies in its folder; documents that are missing are not an error here,
/// because a folder may hold a part of a feed. Returns how many were read.
fn read_feed(feed: &dyn yagura_advisories::Feed, folder: &Path, builder: &mut Builder) -> usize {
    let mut read = 0;
    for relative in update::documents(folder, feed) {
        match fs::read(folder.join(&relative)) {
            Ok(bytes) => {
                read += 1;
                // What went wrong is recorded with the source and told by `db status`.
                if let Err(error) = builder.read(feed, &Document { path: &relative, bytes: &bytes }) {
                    tracing::warn!(feed = feed.id(), document = relative, %error, "a document was not read whole");
                }
            }
            Err(error) => {
                builder.status(&feed.source(&relative)).error =
                    Some(format!("cannot read `{relative}`: {error}"));
            }
        }
    }
    read
}

fn told(summary: &Summary, out: &Path, lang: Lang) -> String {
    let bad: Vec<String> = summary
        .sources
        .iter()
        .filter_map(|source| {
            Some(format!("  {}: {}\n", source.id, crate::table::clean(source.error.as_ref()?)))
        })
        .collect();
    let (out, sources) = (out.display(), summary.sources.len());
    let [advisories, packages, vulnerabilities] =
        [summary.advisories, summary.packages, summary.vulnerabilities].map(thousands);
    let mut text = match lang {
        Lang::En => format!(
            "{out}: {advisories} advisories about {packages} packages, {vulnerabilities} vulnerabilities, from \
             {sources} sources\n"
        ),
        Lang::Ja => format!(
            "{out}: 勧告 {advisories} 件、パッケージ {packages} 件、脆弱性 {vulnerabilities} 件、情報源 {sources}\n"
        ),
    };
    if !bad.is_empty() {
        text.push_str(lang.pick("not everything could be read:\n", "読めなかったものがあります:\n"));
        text.push_str(&bad.concat());
    }
    text
}

/// What an update did, for people.
pub fn told_update(report: &update::Report, lang: Lang) -> String {
    let mut text = match lang {
        Lang::En => format!("{} documents fetched, {} unchanged\n", report.fetched, report.unchanged),
        Lang::Ja => format!("取得 {} 件、変更なし {} 件\n", report.fetched, report.unchanged),
    };
    if !report.absent.is_empty() {
        let feeds = report.absent.join(", ");
        text.push_str(&match lang {
            Lang::En => format!("not on the mirror: {feeds}\n"),
            Lang::Ja => format!("ミラーにない情報源: {feeds}\n"),
        });
    }
    if !report.failed.is_empty() {
        text.push_str(lang.pick(
            "not everything could be fetched; older data is used where there is any:\n",
            "取得できなかったものがあります。以前のデータがあればそれを使います:\n",
        ));
        for (feed, document, error) in &report.failed {
            text.push_str(&format!("  {feed} {document}: {}\n", crate::table::clean(error)));
        }
    }
    text
}

/// Describes the database in its place; `named` says that the user chose it, so that it must be there.
///
/// # Errors
/// It is damaged.
pub fn status(place: &Place, named: bool, json: bool, now: Timestamp, lang: Lang) -> Result<String, Failure> {
    let data = Data::open(Some(place.db.clone()).filter(|db| named || db.exists()))?;
    let summary = data.summary();
    if json {
        #[derive(Serialize)]
        struct View<'a> {
            schema: &'static str,
            database: Option<String>,
            sources: &'a [SourceStatus],
        }
        let database = matches!(data, Data::File(_)).then(|| place.db.display().to_string());
        let view = View { schema: "yagura/db-status/1", database, sources: &summary.sources };
        let mut text = serde_json::to_string_pretty(&view).unwrap_or_default();
        text.push('\n');
        return Ok(text);
    }
    let mut text = match (&data, lang) {
        (Data::File(_), _) => format!("{}\n\n", place.db.display()),
        (Data::Starter(_), Lang::En) => {
            "No database; only the starter advisories that are compiled in. Run `yagura db update`.\n\n".to_owned()
        }
        (Data::Starter(_), Lang::Ja) => {
            "データベースがありません。同梱のスターター勧告だけです。`yagura db update` を実行してください。\n\n".to_owned()
        }
    };
    let look = Look { width: None, colour: false };
    let mut table = Columns::new(
        match lang {
            Lang::En => ["Source", "Advisories", "Facts", "Date", "Age", "State"],
            Lang::Ja => ["情報源", "勧告", "付加情報", "日付", "経過", "状態"],
        },
        look,
    );
    for source in &summary.sources {
        let age = source.upstream.map(|date| (now.as_second() - date.as_second()) / 86_400);
        let date = source.upstream.map(|date| date.strftime("%Y-%m-%d").to_string());
        table.row([
            Cell::new(source.id.as_str()),
            Cell::new(thousands(source.advisories)),
            Cell::new(thousands(source.facts)),
            Cell::new(date.as_deref().unwrap_or("-")),
            Cell::new(age.map(|age| days(age, lang)).as_deref().unwrap_or("-")),
            Cell::new(match &source.error {
                Some(error) => format!("{}: {error}", source.state.as_str()),
                None => source.state.as_str().to_owned(),
            }),
        ]);
    }
    let mut rows = Vec::new();
    // Writing to memory cannot fail.
    let _ = table.write(&mut rows);
    text.push_str(&String::from_utf8_lossy(&rows));
    Ok(text)
}

/// Writes the database into one file that carries its own checksums.
///
/// # Errors
/// There is no database, it is damaged, or the file cannot be written.
pub fn export(place: &Place, to: &Path, lang: Lang) -> Result<String, Failure> {
    let bytes = verified(&place.db)?;
    Target::create(to)?.put(&bytes)?;
    let (to, size) = (to.display(), thousands(bytes.len() as u64));
    Ok(match lang {
        Lang::En => format!("{to}: {size} bytes; bring it in with `yagura db import`\n"),
        Lang::Ja => format!("{to}: {size} バイト。`yagura db import` で取り込めます\n"),
    })
}

/// Puts an exported file into place after checking all of it.
///
/// # Errors
/// The file is damaged; the database that was there stays.
pub fn import(from: &Path, place: &Place, lang: Lang) -> Result<String, Failure> {
    let bytes = verified(from)?;
    let database =
        Database::open(bytes.as_slice()).map_err(|error| Failure::new(exit::DATA, said::database(&error)))?;
    let text = told(&database.summary(), &place.db, lang);
    Target::create(&place.db)?.put(&bytes)?;
    Ok(text)
}

fn verified(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error: DatabaseError| unusable(path, said::database(&error));
    let metadata = fs::metadata(path).map_err(|error| unusable(path, error.to_string()))?;
    if !metadata.is_file() {
        return Err(unusable(path, said!("it is not a file", "ファイルではありません")));
    }
    let bytes = fs::read(path).map_err(|error| unusable(path, error.to_string()))?;
    let database = Database::open(bytes.as_slice()).map_err(fail)?;
    database.verify().map_err(fail)?;
    Ok(bytes)
}

/// A file that is written beside its place and then renamed: readers see the old file or the new one. What was
/// begun is removed when it does not come to an end.
struct Target {
    to: PathBuf,
    partial: PathBuf,
    file: fs::File,
}

impl Target {
    fn create(to: &Path) -> Result<Self, Failure> {
        let fail = |error| cannot_write(to, &error);
        if to.is_dir() {
            return Err(fail(std::io::ErrorKind::IsADirectory.into()));
        }
        if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(fail)?;
        }
        let mut partial = to.as_os_str().to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = PathBuf::from(partial);
        let file = fs::File::create(&partial).map_err(fail)?;
        Ok(Self { to: to.to_owned(), partial, file })
    }

    fn put(mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_all());
        written
            .and_then(|()| fs::rename(&self.partial, &self.to))
            .map_err(|error| cannot_write(&self.to, &error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.partial);
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        exit::USAGE,
        said!("cannot write `{}`: {}", "`{}` に書き込めません: {}", path.display(), error),
    )
    .hint(said!(
        "what was there before is still there; check the path, permissions and free space",
        "以前の内容は残っています。パス、権限、空き容量を確認してください"
    ))
}
