//! Decisions that somebody made before: ignore files and VEX documents.
//!
//! All formats become [`Rule`]s. A rule never deletes a detection; it marks it, with who said so and why.

mod ignore;
mod vex;

pub use ignore::{IGNORE_FILES, read_ignore_file};
pub use vex::read_vex;

use globset::Glob;
use jiff::Timestamp;
use yagura_model::{CodeCause, CodeDetection, Detection, Suppressed};

/// One decision: which detections it is about, and until when it holds. Every criterion that is set must fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rule {
    /// Where it stands: `.trivyignore:3`.
    pub by: String,
    /// Ids of the vulnerability, any of them or its aliases; empty for all.
    pub ids: Vec<String>,
    /// The package's name.
    pub package: Option<String>,
    /// The installed version.
    pub version: Option<String>,
    /// The ecosystem or purl type, as in `npm` or `deb`.
    pub kind: Option<String>,
    /// purls of packages; one without a version stands for all versions. Empty for all.
    pub purls: Vec<String>,
    /// Globs over paths of the files that name the package; empty for all.
    pub paths: Vec<String>,
    /// Only detections whose fix is in this state, as in `not-fixed`.
    pub fix_state: Option<String>,
    /// Holds until a fix is out.
    pub until_fixed: bool,
    /// The reason in the author's words, or a VEX justification.
    pub reason: Option<String>,
    /// From then on the rule no longer holds.
    pub until: Option<Timestamp>,
}

/// All decisions about a scan.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    /// In the order in which they were read; the first that fits is named.
    pub rules: Vec<Rule>,
}

impl Decisions {
    /// Marks the detections that a rule is about. Returns remarks on rules that have expired.
    pub fn apply(
        &self,
        detections: &mut [Detection],
        purl: fn(&yagura_model::Package) -> String,
        now: Timestamp,
    ) -> Vec<String> {
        let (expired, holding): (Vec<&Rule>, Vec<&Rule>) =
            self.rules.iter().partition(|rule| rule.has_expired(now));
        for detection in detections.iter_mut() {
            let purl = purl(&detection.package);
            detection.suppressed =
                holding.iter().find(|rule| rule.fits(detection, &purl)).map(|rule| rule.suppression());
        }
        expired
            .iter()
            .filter(|rule| {
                detections.iter().any(|detection| {
                    detection.suppressed.is_none() && rule.fits(detection, &purl(&detection.package))
                })
            })
            .map(|rule| format!("{}: expired, its finding is shown again", rule.by))
            .collect()
    }

    /// Marks flaws in files that a rule names by the id of their rule page. What the file itself says goes first.
    pub fn apply_to_code(&self, detections: &mut [CodeDetection], now: Timestamp) {
        for detection in detections.iter_mut().filter(|detection| detection.suppressed.is_none()) {
            let mut holding = self.rules.iter().filter(|rule| !rule.has_expired(now));
            detection.suppressed =
                holding.find(|rule| rule.fits_code(&detection.cause)).map(Rule::suppression);
        }
    }
}

impl Rule {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    fn suppression(&self) -> Suppressed {
        Suppressed { by: self.by.clone(), reason: self.reason.clone(), until: self.until }
    }

    /// True for one of the paths that the rule names, or for any when it names none.
    fn covers_path<'a>(&self, paths: impl Iterator<Item = &'a str> + Clone) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|glob| path_matches(glob, paths.clone()))
    }

    /// True when the rule names the rule page of a flaw, and its file where it names files.
    pub fn fits_code(&self, cause: &CodeCause) -> bool {
        let about_packages = self.package.is_some()
            || self.version.is_some()
            || self.kind.is_some()
            || self.fix_state.is_some()
            || self.until_fixed
            || !self.purls.is_empty();
        !about_packages
            && self.ids.contains(&cause.rule)
            && self.covers_path(std::iter::once(cause.path.as_str()))
    }

    /// True when the rule is about a detection. `purl` is that of its package.
    pub fn fits(&self, detection: &Detection, purl: &str) -> bool {
        let package = &detection.package;
        let vulnerability = &detection.vulnerability;
        let is_id = |id: &String| {
            vulnerability.id.as_str() == id || vulnerability.aliases.contains(id) || detection.advisory == *id
        };
        let equals = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let kind = |kind: &String| {
            package.ecosystem.base().eq_ignore_ascii_case(kind)
                || purl.strip_prefix("pkg:").and_then(|rest| rest.split('/').next()) == Some(kind)
        };
        (self.ids.is_empty() || self.ids.iter().any(is_id))
            && equals(&self.package, &package.name)
            && equals(&self.version, &package.version)
            && self.kind.as_ref().is_none_or(kind)
            && (self.purls.is_empty() || self.purls.iter().any(|wanted| purl_covers(wanted, purl)))
            && self.covers_path(package.locations.iter().map(|location| location.path.as_str()))
            && self.fix_state.as_deref().is_none_or(|state| fix_state_is(state, detection))
            && (!self.until_fixed || detection.fix.versions.is_empty())
    }
}

/// grype's words for the state of a fix.
fn fix_state_is(state: &str, detection: &Detection) -> bool {
    let fixed = !detection.fix.versions.is_empty();
    match state {
        "fixed" => fixed,
        "not-fixed" => !fixed,
        "wont-fix" => detection.fix.status == yagura_model::FixStatus::WillNotFix,
        "unknown" => !fixed && detection.fix.status == yagura_model::FixStatus::UnderInvestigation,
        _ => false,
    }
}

fn path_matches<'a>(glob: &str, mut paths: impl Iterator<Item = &'a str>) -> bool {
    let glob = glob.trim_start_matches("./").trim_start_matches('/');
    let matcher = Glob::new(glob).map(|glob| glob.compile_matcher());
    paths.any(|path| path == glob || matcher.as_ref().is_ok_and(|matcher| matcher.is_match(path)))
}

/// A purl without version or qualifiers stands for all of them.
fn purl_covers(wanted: &str, purl: &str) -> bool {
    let (wanted, wanted_qualifiers) = wanted.split_once('?').unwrap_or((wanted, ""));
    let (purl, qualifiers) = purl.split_once('?').unwrap_or((purl, ""));
    let names_version = wanted.rsplit('/').next().is_some_and(|last| last.contains('@'));
    let same = if names_version {
        decoded(wanted) == decoded(purl)
    } else {
        let name = purl.rfind('@').map_or(purl, |at| &purl[..at]);
        decoded(wanted) == decoded(name)
    };
    let all: Vec<&str> = qualifiers.split('&').collect();
    same && wanted_qualifiers
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("distro=") && !pair.starts_with("type="))
        .all(|pair| all.contains(&pair))
}

/// Authors of VEX encode `@` and `+` or leave them.
fn decoded(purl: &str) -> String {
    purl.replace("%40", "@").replace("%2B", "+").replace("%2b", "+").replace("%3A", ":").replace("%3a", ":")
}

/// Midnight UTC of a day, or a full time.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| format!("{}T00:00:00Z", text.get(..10)?).parse().ok())
}

/// Why a file of decisions could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`{}: {detail}", line.map(|line| format!(" line {line}")).unwrap_or_default())]
pub struct BadDecisions {
    /// The file.
    pub file: String,
    /// The line, from 1, where known.
    pub line: Option<usize>,
    /// What is wrong.
    pub detail: String,
}
