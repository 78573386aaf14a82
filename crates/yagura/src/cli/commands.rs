//! What each verb does.

use super::args::{
    Cli, DataArgs, DbVerb, DecisionArgs, ExplainVerb, GateArgs, OutputArgs, PlaceArgs, RulesVerb, ScanArgs,
    Verb, WalkArgs,
};
use super::output::{Outputs, print};
use super::{Failure, exit, reach, rules, service};
use crate::baseline::{Baseline, Changed};
use crate::data::{self, Data};
use crate::db;
use crate::decisions;
use crate::said;
use crate::scan::{self, Scanned, TargetSpec};
use crate::serve::Mode;
use crate::update;
use jiff::Timestamp;
use std::io::Write;
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
        Verb::Disk { disks, scan } => shell.scan(&TargetSpec::Disks(disks.clone()), scan),
        Verb::Sbom { file, scan } => shell.scan(&TargetSpec::Sbom(file.clone()), scan),
        Verb::Inventory { target, walk, output } => shell.inventory(target, walk, output),
        Verb::Reach(args) => reach::run(args, lang),
        Verb::Explain { what: Some(ExplainVerb::Reach(args)), .. } => reach::explain(args, lang),
        Verb::Explain { what: None, id, target, walk, data, decisions, format, output } => {
            let (id, target) = (id.as_deref().unwrap_or_default(), target.as_deref().unwrap_or_default());
            let asked = Asked { id, target, format, output: output.as_ref() };
            shell.explain(&asked, walk, data, decisions)
        }
        Verb::Db(verb) => shell.db(verb),
        Verb::Rules(RulesVerb::List { rules, format }) => rules::list(rules, format == "json", lang),
        Verb::Rules(RulesVerb::Show { rule, rules, format }) => {
            rules::show(rule, rules, format == "json", lang)
        }
        Verb::Rules(RulesVerb::Test { rules }) => rules::test(rules, lang),
        Verb::Compare { scheme, file } => shell.compare(scheme, file.as_deref()),
        Verb::Serve(args) => service::run(Mode::Serve, args, cli.offline, cli.verbose, lang),
        Verb::Worker(args) => service::run(Mode::Worker, args, cli.offline, cli.verbose, lang),
        Verb::Config(verb) => service::config(verb, cli.offline, lang),
        Verb::Version => {
            print(&format!("yagura {}\n", env!("CARGO_PKG_VERSION")))?;
            Ok(exit::DONE)
        }
    }
}

/// What `yagura explain` was asked.
struct Asked<'a> {
    id: &'a str,
    target: &'a str,
    format: &'a str,
    output: Option<&'a String>,
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
        let baseline = args.gate.baseline.as_deref().map(Baseline::load).transpose()?;
        let since = args.gate.since.as_deref();
        let changed = since.map(|commit| Changed::since(commit, target)).transpose()?;
        let packages = args.walk.scanners.iter().any(|scanner| scanner == "vuln");
        // Nobody needs advisories to look for secrets.
        let data = packages.then(|| self.open_data(&args.data, &args.walk)).transpose()?;
        if !args.walk.rules.is_empty() && !scan::looks_into_files(&args.walk.scanners) {
            self.aside(self.lang.pick(
                "--rules is of use only with --scanners secret, code or config",
                "--rules は --scanners secret、code、config と一緒に使います",
            ));
        }
        let mut scanned = self.look(target, &args.walk)?;
        let decided = decisions::load(&args.decisions.vex, &args.decisions.ignorefile, &scanned.roots)?;
        let (mut judged, mut notes) = (yagura_findings::Judged::default(), Vec::new());
        if let Some(data) = &data {
            (judged, notes) =
                decisions::judge(&scanned.inventory, scanned.kernel.as_deref(), data, &decided, self.now);
            select(&mut judged.detections, &args.gate);
            self.remark(data, &scanned, &mut notes);
        } else {
            scanned.inventory.packages.clear();
        }
        decided.apply_to_code(&mut scanned.code.detections, self.now);
        let shown = &args.gate.severity;
        scanned.code.detections.retain(|one| shown.is_empty() || shown.contains(&one.cause.severity));
        if let (Some(changed), Some(since)) = (&changed, since) {
            let left_out = changed.apply(&mut judged.detections, &mut scanned.code.detections);
            if left_out > 0 {
                notes.push(match self.lang {
                    Lang::En if left_out == 1 => {
                        format!("1 finding on lines that have not changed since {since} is left out")
                    }
                    Lang::En => {
                        format!(
                            "{left_out} findings on lines that have not changed since {since} are left out"
                        )
                    }
                    Lang::Ja => format!("{since} 以降に変更のない行の検出 {left_out} 件を除きました"),
                });
            }
        }
        if let Some(baseline) = baseline {
            baseline.apply(&mut judged.detections, &mut scanned.code.detections);
        }
        let states = data.as_ref().map(Data::sources).unwrap_or_default();
        let report = Report {
            target: &scanned.target,
            inventory: &scanned.inventory,
            detections: &judged.detections,
            code: &scanned.code.detections,
            judged: true,
            data: &states,
            end_of_life: judged.end_of_life,
            notes: &notes,
            tool_version: env!("CARGO_PKG_VERSION"),
            now: self.now,
            created: self.created(args.output.timestamp)?,
            lang: self.lang,
            purl: yagura_ecosystems::purl::purl,
        };
        if outputs.hides_remarks() {
            self.remark_aside(&report);
        }
        if !report.code.is_empty() {
            for format in outputs.without_code() {
                self.aside(&match self.lang {
                    Lang::En => format!("`{format}` holds findings of packages only, not the flaws in files"),
                    Lang::Ja => {
                        format!("`{format}` にはパッケージの検出だけが入り、ファイルの問題は入りません")
                    }
                });
            }
        }
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
            code: &[],
            judged: false,
            data: &[],
            end_of_life: None,
            notes: &[],
            tool_version: env!("CARGO_PKG_VERSION"),
            now: self.now,
            created: self.created(output.timestamp)?,
            lang: self.lang,
            purl: yagura_ecosystems::purl::purl,
        };
        if outputs.hides_remarks() {
            self.remark_aside(&report);
        }
        outputs.write(&report, false)?;
        Ok(looked(&scanned))
    }

    fn explain(
        &self,
        asked: &Asked<'_>,
        walk: &WalkArgs,
        data: &DataArgs,
        decisions: &DecisionArgs,
    ) -> Result<u8, Failure> {
        let output = OutputArgs {
            format: None,
            output: asked.output.into_iter().cloned().collect(),
            timestamp: false,
        };
        let outputs = Outputs::new(&output, "table")?;
        let data = self.open_data(data, walk)?;
        let scanned = self.look(&TargetSpec::parse(asked.target)?, walk)?;
        let decided = decisions::load(&decisions.vex, &decisions.ignorefile, &scanned.roots)?;
        let kernel = scanned.kernel.as_deref();
        let explanation = decisions::explain(asked.id, &scanned.inventory, kernel, &data, &decided, self.now);
        let text = if asked.format == "json" {
            format!("{}\n", serde_json::to_string_pretty(&explanation).unwrap_or_default())
        } else {
            explanation.text(self.lang)
        };
        for remark in data.remarks(self.now, self.lang) {
            self.aside(&remark);
        }
        for entry in scanned.inventory.unread.iter().filter(|entry| entry.reason.is_failure()) {
            self.aside(&format!("{}: {}", entry.path, entry.detail));
        }
        outputs.write_text(&text)?;
        Ok(looked(&scanned))
    }

    fn db(&self, verb: &DbVerb) -> Result<u8, Failure> {
        let place = |place: &PlaceArgs| data::Place::new(place.db.clone(), place.cache_dir.clone());
        match verb {
            DbVerb::Update { db_mirror, only, place: at } => {
                let report = self.update(db_mirror.as_deref(), only, &place(at)?)?;
                self.say(&db::told_update(&report, self.lang))?;
                return Ok(if report.failed.is_empty() { exit::DONE } else { exit::INCOMPLETE });
            }
            DbVerb::Status { place: at, format } => {
                let named = at.db.is_some();
                print(&db::status(&place(at)?, named, format == "json", self.now, self.lang)?)?;
            }
            DbVerb::Build { from, out } => self.say(&db::build(from, out, self.now, self.lang)?)?,
            DbVerb::Import { file, place: at } => self.say(&db::import(file, &place(at)?, self.lang)?)?,
            DbVerb::Export { file, place: at } => self.say(&db::export(&place(at)?, file, self.lang)?)?,
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
                said!(
                    "cannot tell where to keep downloads: neither HOME nor XDG_CACHE_HOME is set",
                    "ダウンロードの置き場所が分かりません: HOME も XDG_CACHE_HOME も設定されていません"
                ),
            )
            .hint(said!("name a folder with --cache-dir", "--cache-dir でフォルダーを指定してください"))
        })?;
        let progress = scan::Progress::new(self.shows_progress());
        let mut document = String::new();
        let building = self.lang.pick("building the database", "データベースを作成しています");
        let mut show = |step: update::Progress<'_>| match step {
            update::Progress::Document { feed, path } => {
                document = format!("{feed} {path}");
                progress.phase(document.clone());
            }
            update::Progress::Received(bytes, Some(all)) => {
                progress.phase(format!("{document}: {} / {} KiB", bytes / 1024, all / 1024));
            }
            update::Progress::Received(bytes, None) => {
                progress.phase(format!("{document}: {} KiB", bytes / 1024))
            }
            update::Progress::Building => progress.phase(building),
        };
        let options = update::Options {
            mirror,
            offline: self.cli.offline,
            only,
            cache: &cache.join("feeds"),
            db: &place.db,
            now: self.now,
        };
        scan::network_runtime()?
            .block_on(update::update(&options, &mut show))
            .map_err(|error| error.to_failure())
    }

    fn compare(&self, scheme: &str, file: Option<&Path>) -> Result<u8, Failure> {
        let Some(order) = yagura_ecosystems::version::scheme(scheme) else {
            let known: Vec<&str> =
                yagura_ecosystems::version::SCHEMES.iter().map(|scheme| scheme.id()).collect();
            return Err(Failure::new(
                exit::USAGE,
                said!("there is no version scheme `{}`", "バージョン体系 `{}` はありません", scheme),
            )
            .hint(said!("use one of {}", "使える体系: {}", known.join(", "))));
        };
        let text = read_text(file)?;
        let wrong = yagura_ecosystems::version::check_lines(order, &text);
        print(&wrong.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        Ok(if wrong.is_empty() { exit::DONE } else { exit::GATE })
    }

    fn look(&self, target: &TargetSpec, walk: &WalkArgs) -> Result<Scanned, Failure> {
        let options = scan::Options {
            scanners: walk.scanners.clone(),
            rules: walk.rules.clone(),
            skip_dirs: walk.skip_dirs.clone(),
            skip_files: walk.skip_files.clone(),
            platform: walk.platform.clone(),
            insecure: walk.insecure,
            timeout: walk.timeout,
            parallel: walk.parallel,
            cache_dir: if walk.no_cache { None } else { data::cache_dir(walk.cache_dir.clone()) },
            offline: self.cli.offline,
        };
        scan::scan(target, &options, &scan::Progress::new(self.shows_progress()))
    }

    fn open_data(&self, args: &DataArgs, walk: &WalkArgs) -> Result<Data, Failure> {
        let mut named = args.db.clone();
        if let Some(mirror) = &args.db_mirror {
            let place = data::Place::new(args.db.clone(), walk.cache_dir.clone())?;
            let report = self.update(Some(mirror), &[], &place)?;
            if !report.failed.is_empty() {
                self.aside(db::told_update(&report, self.lang).trim_end());
            }
            named = Some(place.db);
        }
        let data = Data::open(named)?;
        if let Some(limit) = args.max_db_age {
            data.check_age(limit, self.now)?;
        }
        Ok(data)
    }

    /// The time that documents carry: that of `SOURCE_DATE_EPOCH`, or now where it was asked for.
    /// <https://reproducible-builds.org/specs/source-date-epoch/>
    fn created(&self, wanted: bool) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = std::env::var("SOURCE_DATE_EPOCH").ok().filter(|text| !text.is_empty()) else {
            return Ok(wanted.then_some(self.now));
        };
        let time = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.map(Some).ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                said!(
                    "SOURCE_DATE_EPOCH is `{}`, which is not a number of seconds",
                    "SOURCE_DATE_EPOCH の値 `{}` は秒数ではありません",
                    text
                ),
            )
        })
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
        let uncovered = data.uncovered(inventory);
        if !uncovered.is_empty() {
            let packages: usize = uncovered.values().sum();
            let ecosystems: Vec<String> = uncovered.into_keys().collect();
            notes.push(match self.lang {
                Lang::En => format!(
                    "the database has no advisories for {}: {packages} packages were listed, not judged",
                    ecosystems.join(", ")
                ),
                Lang::Ja => format!(
                    "データベースに {} の勧告がありません。パッケージ {packages} 件は一覧のみで、判定していません",
                    ecosystems.join("、")
                ),
            });
        }
        notes.extend(data.remarks(self.now, self.lang));
    }

    fn shows_progress(&self) -> bool {
        !self.cli.no_progress && !self.cli.quiet
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.cli.quiet { Ok(()) } else { print(text) }
    }

    /// A remark that is not part of the result.
    fn aside(&self, text: &str) {
        if !self.cli.quiet {
            let word = self.lang.pick("note:", "注意:");
            let _ = writeln!(std::io::stderr().lock(), "{word} {}", crate::table::clean(text));
        }
    }

    /// What people must know of a result that only programs will read.
    fn remark_aside(&self, report: &Report<'_>) {
        for note in report.notes {
            self.aside(note);
        }
        let failed = report.inventory.unread.iter().filter(|entry| entry.reason.is_failure()).count();
        if failed > 0 {
            self.aside(&match self.lang {
                Lang::En => format!("incomplete: {failed} files or parts could not be read"),
                Lang::Ja => format!("不完全です: 読み取れないものが {failed} 件あります"),
            });
        }
    }
}

/// The exit code of a command that looks but does not judge.
fn looked(scanned: &Scanned) -> u8 {
    if scanned.inventory.unread.iter().any(|entry| entry.reason.is_failure()) {
        exit::INCOMPLETE
    } else if scanned.inventory.packages.is_empty() {
        exit::NOTHING
    } else {
        exit::DONE
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
    let code = scanned.code.detections.iter().filter(|one| one.suppressed.is_none());
    let severities = active.map(|detection| detection.severity).chain(code.map(|one| one.cause.severity));
    let worst: Option<Severity> = severities.max();
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
    } else if scanned.inventory.packages.is_empty() && scanned.code.files == 0 && !incomplete {
        exit::NOTHING
    } else {
        exit::DONE
    }
}

/// Most bytes of lines to compare.
const MOST_LINES: u64 = 1 << 30;

fn read_text(file: Option<&Path>) -> Result<String, Failure> {
    let name = file.map_or(PathBuf::from("-"), PathBuf::from);
    let bytes = scan::read_file(&name, MOST_LINES)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
