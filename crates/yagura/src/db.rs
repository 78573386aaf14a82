//! The life of the advisory database: built from a folder, described, carried across an air gap.

use crate::cli::{Failure, exit};
use crate::data::{Data, Place};
use crate::update;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use yagura_advisories::database::{SourceStatus, Summary};
use yagura_advisories::{Builder, Database, Document, FEEDS};
use yagura_model::Lang;

/// Builds a database from a folder laid out like the publishers' feeds, and returns what to tell the user.
///
/// # Errors
/// The folder holds nothing that a feed publishes, or the database cannot be written.
pub fn build(from: &Path, out: &Path, now: Timestamp) -> Result<String, Failure> {
    if !from.is_dir() {
        return Err(Failure::new(exit::USAGE, format!("there is no folder `{}`", from.display())));
    }
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
        return Err(Failure::new(exit::DATA, format!("`{}` holds no document of any feed", from.display()))
            .hint(format!("expected at least one of the folders {}", folders.join(", "))));
    }
    let bytes = builder.finish().map_err(|error| Failure::from_error(exit::DATA, &error))?;
    let database =
        Database::open(bytes.as_slice()).map_err(|error| Failure::from_error(exit::DATA, &error))?;
    let text = told(&database.summary(), out);
    put(&bytes, out)?;
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

fn told(summary: &Summary, out: &Path) -> String {
    let bad: Vec<String> = summary
        .sources
        .iter()
        .filter_map(|source| Some(format!("  {}: {}\n", source.id, source.error.as_ref()?)))
        .collect();
    let mut text = format!(
        "{}: {} advisories about {} packages, {} vulnerabilities, from {} sources\n",
        out.display(),
        summary.advisories,
        summary.packages,
        summary.vulnerabilities,
        summary.sources.len()
    );
    if !bad.is_empty() {
        text.push_str("not everything could be read:\n");
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

/// Describes the database in its place.
///
/// # Errors
/// It is damaged.
pub fn status(place: &Place, json: bool, now: Timestamp, lang: Lang) -> Result<String, Failure> {
    let data = if place.db.exists() { Data::open(Some(place.db.clone()))? } else { Data::open(None)? };
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
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(match lang {
        Lang::En => ["Source", "Advisories", "Facts", "Date", "Age", "State"],
        Lang::Ja => ["情報源", "勧告", "付加情報", "日付", "経過日数", "状態"],
    });
    for source in &summary.sources {
        let age = source.upstream.map(|date| (now.as_second() - date.as_second()) / 86_400);
        table.add_row([
            source.id.to_string(),
            source.advisories.to_string(),
            source.facts.to_string(),
            source
                .upstream
                .map(|date| date.strftime("%Y-%m-%d").to_string())
                .unwrap_or_else(|| "-".to_owned()),
            age.map(|days| format!("{days} d")).unwrap_or_else(|| "-".to_owned()),
            match &source.error {
                Some(error) => format!("{}: {}", source.state.as_str(), crate::table::clean(error)),
                None => source.state.as_str().to_owned(),
            },
        ]);
    }
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Ok(text)
}

/// Writes the database into one file that carries its own checksums.
///
/// # Errors
/// There is no database, it is damaged, or the file cannot be written.
pub fn export(place: &Place, to: &Path) -> Result<String, Failure> {
    let bytes = verified(&place.db)?;
    put(&bytes, to)?;
    Ok(format!("{}: {} bytes; bring it in with `yagura db import`\n", to.display(), bytes.len()))
}

/// Puts an exported file into place after checking all of it.
///
/// # Errors
/// The file is damaged; the database that was there stays.
pub fn import(from: &Path, place: &Place) -> Result<String, Failure> {
    let bytes = verified(from)?;
    put(&bytes, &place.db)?;
    let database =
        Database::open(bytes.as_slice()).map_err(|error| Failure::from_error(exit::DATA, &error))?;
    Ok(told(&database.summary(), &place.db))
}

fn verified(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |detail: String| {
        Failure::new(exit::DATA, format!("cannot use the advisory database `{}`: {detail}", path.display()))
            .hint("make one with `yagura db update` or `yagura db build`, and copy it again")
    };
    let bytes = fs::read(path).map_err(|error| fail(error.to_string()))?;
    let database = Database::open(bytes.as_slice()).map_err(|error| fail(error.to_string()))?;
    database.verify().map_err(|error| fail(error.to_string()))?;
    Ok(bytes)
}

/// Writes beside the target, then renames: readers see the old file or the new one.
fn put(bytes: &[u8], to: &Path) -> Result<(), Failure> {
    let fail = |error: std::io::Error| {
        Failure::new(exit::USAGE, format!("cannot write `{}`: {error}", to.display()))
    };
    if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    let mut file = fs::File::create(&partial).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&partial, to).map_err(fail)
}
