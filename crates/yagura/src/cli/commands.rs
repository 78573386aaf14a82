//! What each verb does.

use super::args::{
    Cli, DataArgs, DbVerb, DecisionArgs, GateArgs, OutputArgs, PlaceArgs, ScanArgs, Verb, WalkArgs,
};
use super::output::Outputs;
use super::{Failure, exit};
use crate::data::{self, Data};
use crate::db;
use crate::decisions;
use crate::scan::{self, Scanned, TargetSpec};
use crate::update;
use jiff::Timestamp;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use yagura_formats::{Report, TargetKind};
use yagura_model::{Detection, Lang, Severity};

/// Runs the verb.
///
/// # Errors
/// What ended it, with its exit code.
pub fn run(cli: &Cli, lang: Lang) -> Result<u8, Failure> {
    let shell = Shell { cli, lang, now: Timestamp::now() };
    match &cli.verb {
        Verb::Host { root, scan } => shell.scan(&TargetSpec::Root(root.clone()), scan),
        Verb::Fs { path, scan } => shell.scan(&TargetSpec::Directory(path.clone()), scan),
        Verb::Repo { path, scan } => shell.scan(&TargetSpec::Repository(path.clone()), scan),
        Verb::Image { reference, scan } => shell.scan(&TargetSpec::image(reference), scan),
        Verb::Sbom { file, scan } => shell.scan(&TargetSpec::Sbom(file.clone()), scan),
        Verb::Inventory { target, walk, output } => shell.inventory(target, walk, output),
        Verb::Explain { id, target, walk, data, decisions, format } => {
            shell.explain(id, target, walk, data, decisions, format)
        }
        Verb::Db(verb) => shell.db(verb),
        Verb::Compare { scheme, file } => shell.compare(scheme, file.as_deref()),
        Verb::Version => {
            print(&format!("yagura {}\n", env!("CARGO_PKG_VERSION")));
            Ok(exit::DONE)
        }
    }
}

/// What every verb needs to know.
struct Shell<'a> {
    cli: &'a Cli,
    lang: Lang,
    now: Timestamp,
}

impl Shell<'_> {
    fn scan(&self, target: &TargetSpec, args: &ScanArgs) -> Result<u8, Failure> {
        let outputs = Outputs::new(&args.output, "table")?;
        let data = self.open_data(&args.data)?;
        let scanned = self.look(target, &args.walk)?;
        let decided = decisions::load(&args.decisions.vex, &args.decisions.ignorefile, &scanned.roots)?;
        let (mut judged, mut notes) =
            decisions::judge(&scanned.inventory, scanned.kernel.as_deref(), &data, &decided, self.now);
        select(&mut judged.detections, &args.gate);
        self.remark(&data, &scanned, &mut notes);
        let states = data.sources();
        let report = Report {
            target: &scanned.target,
            inventory: &scanned.inventory,
            detections: &judged.detections,
            judged: true,
            data: &states,
            end_of_life: judged.end_of_life,
            notes: if self.cli.quiet { &[] } else { &notes },
            tool_version: env!("CARGO_PKG_VERSION"),
            created: self.now,
            lang: self.lang,
            purl: yagura_ecosystems::purl::purl,
        };
        outputs.write(&report, args.gate.show_suppressed)?;
        Ok(verdict(&scanned, &judged.detections, &args.gate))
    }

    fn inventory(&self, target: &str, walk: &WalkArgs, output: &OutputArgs) -> Result<u8, Failure> {
        let outputs = Outputs::new(output, "cyclonedx")?;
        let scanned = self.look(&TargetSpec::parse(target)?, walk)?;
        let report = Report {
            target: &scanned.target,
            inventory: &scanned.inventory,
            detections: &[],
            judged: false,
            data: &[],
            end_of_life: None,
            notes: &[],
            tool_version: env!("CARGO_PKG_VERSION"),
            created: self.now,
            lang: self.lang,
            purl: yagura_ecosystems::purl::purl,
        };
        outputs.write(&report, false)?;
        if scanned.inventory.unread.iter().any(|entry| entry.reason.is_failure()) {
            return Ok(exit::INCOMPLETE);
        }
        Ok(if scanned.inventory.packages.is_empty() { exit::NOTHING } else { exit::DONE })
    }

    fn explain(
        &self,
        id: &str,
        target: &str,
        walk: &WalkArgs,
        data: &DataArgs,
        decisions: &DecisionArgs,
        format: &str,
    ) -> Result<u8, Failure> {
        let data = self.open_data(data)?;
        let scanned = self.look(&TargetSpec::parse(target)?, walk)?;
        let decided = decisions::load(&decisions.vex, &decisions.ignorefile, &scanned.roots)?;
        let kernel = scanned.kernel.as_deref();
        let explanation = decisions::explain(id, &scanned.inventory, kernel, &data, &decided, self.now);
        if format == "json" {
            print(&format!("{}\n", serde_json::to_string_pretty(&explanation).unwrap_or_default()));
        } else {
            print(&explanation.text(self.lang));
        }
        Ok(exit::DONE)
    }

    fn db(&self, verb: &DbVerb) -> Result<u8, Failure> {
        let place = |place: &PlaceArgs| data::Place::new(place.db.clone(), place.cache_dir.clone());
        match verb {
            DbVerb::Update { db_mirror, only, place: at } => {
                let report = self.update(db_mirror.as_deref(), only, &place(at)?)?;
                self.say(&db::told_update(&report, self.lang));
            }
            DbVerb::Status { place: at, format } => {
                print(&db::status(&place(at)?, format == "json", self.now, self.lang)?);
            }
            DbVerb::Build { from, out } => {
                let text = db::build(from, out, self.now)?;
                self.say(&text);
            }
            DbVerb::Import { file, place: at } => {
                let text = db::import(file, &place(at)?)?;
                self.say(&text);
            }
            DbVerb::Export { file, place: at } => {
                let text = db::export(&place(at)?, file)?;
                self.say(&text);
            }
        }
        Ok(exit::DONE)
    }

    fn update(
        &self,
        mirror: Option<&str>,
        only: &[String],
        place: &data::Place,
    ) -> Result<update::Report, Failure> {
        let cache = place.cache.as_ref().ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                "cannot tell where to keep downloads: neither HOME nor XDG_CACHE_HOME is set",
            )
            .hint("name a folder with --cache-dir")
        })?;
        let progress = scan::Progress::new(self.shows_progress());
        let mut document = String::new();
        let mut show = |step: update::Progress<'_>| match step {
            update::Progress::Document { feed, path } => {
                document = format!("{feed} {path}");
                progress.phase(document.clone());
            }
            update::Progress::Received(bytes, Some(all)) => {
                progress.phase(format!("{document}: {} of {} KiB", bytes / 1024, all / 1024));
            }
            update::Progress::Received(bytes, None) => {
                progress.phase(format!("{document}: {} KiB", bytes / 1024))
            }
            update::Progress::Building => progress.phase("building the database"),
        };
        let options = update::Options {
            mirror,
            offline: self.cli.offline,
            only,
            cache: &cache.join("feeds"),
            db: &place.db,
            now: self.now,
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
                Failure::new(exit::USAGE, format!("cannot start the network runtime: {error}"))
            })?;
        runtime.block_on(update::update(&options, &mut show)).map_err(|error| {
            let code = match error {
                update::UpdateError::UnknownFeed(_) | update::UpdateError::Offline => exit::USAGE,
                _ => exit::DATA,
            };
            Failure::from_error(code, &error).hint(error.hint())
        })
    }

    fn compare(&self, scheme: &str, file: Option<&Path>) -> Result<u8, Failure> {
        let Some(order) = yagura_ecosystems::version::scheme(scheme) else {
            let known: Vec<&str> =
                yagura_ecosystems::version::SCHEMES.iter().map(|scheme| scheme.id()).collect();
            return Err(Failure::new(exit::USAGE, format!("there is no version scheme `{scheme}`"))
                .hint(format!("use one of {}", known.join(", "))));
        };
        let text = read_text(file)?;
        let wrong = yagura_ecosystems::version::check_lines(order, &text);
        for line in &wrong {
            print(&format!("{line}\n"));
        }
        Ok(if wrong.is_empty() { exit::DONE } else { exit::GATE })
    }

    fn look(&self, target: &TargetSpec, walk: &WalkArgs) -> Result<Scanned, Failure> {
        let options = scan::Options {
            skip_dirs: walk.skip_dirs.clone(),
            skip_files: walk.skip_files.clone(),
            platform: walk.platform.clone(),
            timeout: walk.timeout,
            parallel: walk.parallel,
            cache_dir: if walk.no_cache { None } else { data::cache_dir(walk.cache_dir.clone()) },
            offline: self.cli.offline,
        };
        scan::scan(target, &options, &scan::Progress::new(self.shows_progress()))
    }

    fn open_data(&self, args: &DataArgs) -> Result<Data, Failure> {
        let data = Data::open(args.db.clone())?;
        if let Some(limit) = args.max_db_age
            && let Some(age) = data.age(self.now)
            && age > limit
        {
            return Err(Failure::new(
                exit::DATA,
                format!("the advisory data is {} days old", age.as_secs() / 86_400),
            )
            .hint("run `yagura db update`, or raise --max-db-age"));
        }
        Ok(data)
    }

    /// Remarks that change how a result is to be read.
    fn remark(&self, data: &Data, scanned: &Scanned, notes: &mut Vec<String>) {
        let inventory = &scanned.inventory;
        if let Some(platform) = &inventory.platform
            && platform.ecosystem.is_none()
        {
            notes.push(match self.lang {
                Lang::En => format!(
                    "no advisories are known for `{} {}`: its packages are listed, not judged",
                    platform.id, platform.version
                ),
                Lang::Ja => format!(
                    "`{} {}` のアドバイザリーはありません。パッケージは一覧のみで、判定していません",
                    platform.id, platform.version
                ),
            });
        }
        if scanned.target.kind == TargetKind::Sbom && inventory.platform.is_none() {
            tracing::debug!("the document names no operating system");
        }
        notes.extend(data.remarks(self.lang));
    }

    fn shows_progress(&self) -> bool {
        !self.cli.no_progress && !self.cli.quiet
    }

    fn say(&self, text: &str) {
        if !self.cli.quiet {
            print(text);
        }
    }
}

/// Keeps what the flags ask for.
fn select(detections: &mut Vec<Detection>, gate: &GateArgs) {
    detections.retain(|detection| {
        (gate.severity.is_empty() || gate.severity.contains(&detection.severity))
            && (!gate.only_fixed || !detection.fix.versions.is_empty())
    });
}

/// The exit code: a failed gate outweighs an incomplete scan, which outweighs an empty one.
fn verdict(scanned: &Scanned, detections: &[Detection], gate: &GateArgs) -> u8 {
    let active = detections.iter().filter(|detection| detection.suppressed.is_none());
    let worst: Option<Severity> = active.map(|detection| detection.severity).max();
    let failed = match (gate.fail_on, gate.exit_code) {
        (Some(limit), _) => worst.is_some_and(|worst| worst >= limit),
        (None, Some(_)) => worst.is_some(),
        (None, None) => false,
    };
    let incomplete = scanned.inventory.unread.iter().any(|entry| entry.reason.is_failure());
    if failed {
        gate.exit_code.unwrap_or(exit::GATE)
    } else if incomplete && !gate.allow_incomplete {
        exit::INCOMPLETE
    } else if scanned.inventory.packages.is_empty() && !incomplete {
        exit::NOTHING
    } else {
        exit::DONE
    }
}

fn read_text(file: Option<&Path>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = match file {
        Some(path) if path != Path::new("-") => {
            std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
        }
        _ => std::io::stdin().lock().read_to_end(&mut bytes),
    };
    let name = file.map_or(PathBuf::from("standard input"), PathBuf::from);
    read.map_err(|error| Failure::new(exit::USAGE, format!("cannot read `{}`: {error}", name.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Prints to standard output; a closed pipe is nobody's error.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
