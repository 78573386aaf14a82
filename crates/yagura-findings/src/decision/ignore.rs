//! Ignore files, those of other scanners included, so that a switch costs no triage.

use super::{BadDecisions, Rule, time};
use serde::Deserialize;

/// Names under which ignore files are looked for, in this order.
pub const IGNORE_FILES: &[&str] = &[
    ".yaguraignore.yaml",
    ".yaguraignore",
    ".trivyignore.yaml",
    ".trivyignore",
    ".grype.yaml",
    "osv-scanner.toml",
    ".inspector-ignore",
];

/// Reads an ignore file; its name and content tell the format.
///
/// # Errors
/// The line that is not understood.
pub fn read_ignore_file(name: &str, text: &str) -> Result<Vec<Rule>, BadDecisions> {
    let base = name.rsplit('/').next().unwrap_or(name);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match () {
        () if base.ends_with(".toml") => osv_scanner(name, text),
        () if base.contains("grype") => grype(name, text),
        () if base.ends_with(".yaml") || base.ends_with(".yml") => trivy_yaml(name, text),
        () => lines(name, text),
    }
}

/// One id a line, with `exp:2026-01-31`, `until-fixed` or `SNOOZE:2026-01-31,until-fixed` behind it, and
/// comments. A comment on the line itself is its reason.
fn lines(name: &str, text: &str) -> Result<Vec<Rule>, BadDecisions> {
    let mut rules = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (content, comment) = line.split_once('#').unwrap_or((line, ""));
        let mut words =
            content.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let Some(id) = words.next() else { continue };
        let bad = |detail: String| BadDecisions { file: name.to_owned(), line: Some(index + 1), detail };
        let mut rule =
            Rule { by: format!("{name}:{}", index + 1), ids: vec![id.to_owned()], ..Rule::default() };
        if !comment.trim().is_empty() {
            rule.reason = Some(comment.trim().to_owned());
        }
        for word in words {
            let date = ["exp:", "SNOOZE:", "snooze:"].iter().find_map(|prefix| word.strip_prefix(prefix));
            match date {
                Some(date) => {
                    rule.until = Some(
                        time(date).ok_or_else(|| bad(format!("`{date}` is not a date, as in 2026-01-31")))?,
                    );
                }
                None if word == "until-fixed" => rule.until_fixed = true,
                None => return Err(bad(format!("`{word}` is not understood; use exp:DATE or until-fixed"))),
            }
        }
        rules.push(rule);
    }
    Ok(rules)
}

#[derive(Deserialize)]
struct TrivyFile {
    #[serde(default)]
    vulnerabilities: Vec<TrivyEntry>,
    #[serde(default)]
    secrets: Vec<TrivyEntry>,
}

#[derive(Deserialize)]
struct TrivyEntry {
    id: String,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    purls: Vec<String>,
    #[serde(default)]
    package: Option<String>,
    #[serde(default, rename = "until-fixed")]
    until_fixed: bool,
    #[serde(default)]
    expired_at: Option<String>,
    #[serde(default)]
    statement: Option<String>,
}

fn trivy_yaml(name: &str, text: &str) -> Result<Vec<Rule>, BadDecisions> {
    let file: TrivyFile = yaml(name, text)?;
    let vulnerabilities = file.vulnerabilities.into_iter().enumerate().map(|one| ("vulnerabilities", one));
    let secrets = file.secrets.into_iter().enumerate().map(|one| ("secrets", one));
    vulnerabilities
        .chain(secrets)
        .map(|(list, (index, entry))| {
            let by = format!("{name}#/{list}/{index}");
            let until = match &entry.expired_at {
                Some(date) => Some(time(date).ok_or_else(|| BadDecisions {
                    file: name.to_owned(),
                    line: None,
                    detail: format!("`{date}` of `{}` is not a date", entry.id),
                })?),
                None => None,
            };
            Ok(Rule {
                by,
                ids: vec![entry.id],
                package: entry.package,
                purls: entry.purls,
                paths: entry.paths,
                until_fixed: entry.until_fixed,
                reason: entry.statement,
                until,
                ..Rule::default()
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct GrypeFile {
    #[serde(default)]
    ignore: Vec<GrypeEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct GrypeEntry {
    #[serde(default)]
    vulnerability: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    fix_state: Option<String>,
    #[serde(default)]
    package: GrypePackage,
}

#[derive(Deserialize, Default)]
struct GrypePackage {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    location: Option<String>,
}

fn grype(name: &str, text: &str) -> Result<Vec<Rule>, BadDecisions> {
    let file: GrypeFile = yaml(name, text)?;
    Ok(file
        .ignore
        .into_iter()
        .enumerate()
        .map(|(index, entry)| Rule {
            by: format!("{name}#/ignore/{index}"),
            ids: entry.vulnerability.into_iter().collect(),
            package: entry.package.name,
            version: entry.package.version,
            kind: entry.package.kind.map(|kind| purl_type(&kind).to_owned()),
            paths: entry.package.location.into_iter().collect(),
            fix_state: entry.fix_state,
            reason: entry.reason,
            ..Rule::default()
        })
        .collect())
}

/// grype's package types, where they differ from purl types.
fn purl_type(kind: &str) -> &str {
    match kind {
        "python" => "pypi",
        "java-archive" => "maven",
        "go-module" => "golang",
        "rust-crate" => "cargo",
        "php-composer" => "composer",
        "dotnet" => "nuget",
        kind => kind,
    }
}

#[derive(Deserialize)]
struct OsvFile {
    #[serde(default, rename = "IgnoredVulns")]
    ignored: Vec<OsvIgnored>,
    #[serde(default, rename = "PackageOverrides")]
    overrides: Vec<OsvOverride>,
}

#[derive(Deserialize)]
struct OsvIgnored {
    id: String,
    #[serde(default, rename = "ignoreUntil")]
    until: Option<toml::Value>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct OsvOverride {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    ecosystem: Option<String>,
    #[serde(default)]
    ignore: bool,
    #[serde(default)]
    vulnerability: Option<OsvVulnerability>,
    #[serde(default, rename = "effectiveUntil")]
    until: Option<toml::Value>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct OsvVulnerability {
    #[serde(default)]
    ignore: bool,
}

fn osv_scanner(name: &str, text: &str) -> Result<Vec<Rule>, BadDecisions> {
    let file: OsvFile = toml::from_str(text).map_err(|error| BadDecisions {
        file: name.to_owned(),
        line: error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1)),
        detail: error.message().to_owned(),
    })?;
    // A date that is not understood must not become a decision without an end.
    let until = |value: &Option<toml::Value>| match value {
        None => Ok(None),
        Some(value) => {
            let text = value.to_string();
            let bad = || BadDecisions {
                file: name.to_owned(),
                line: None,
                detail: format!("`{}` is not a date, as in 2026-01-31", text.trim_matches('"')),
            };
            time(text.trim_matches('"')).map(Some).ok_or_else(bad)
        }
    };
    let ignored = file.ignored.iter().enumerate().map(|(index, entry)| {
        Ok(Rule {
            by: format!("{name}#IgnoredVulns[{index}]"),
            ids: vec![entry.id.clone()],
            until: until(&entry.until)?,
            reason: entry.reason.clone(),
            ..Rule::default()
        })
    });
    let overridden = file.overrides.iter().enumerate().filter_map(|(index, entry)| {
        let ignores = entry.ignore || entry.vulnerability.as_ref().is_some_and(|v| v.ignore);
        ignores.then(|| {
            Ok(Rule {
                by: format!("{name}#PackageOverrides[{index}]"),
                package: entry.name.clone(),
                version: entry.version.clone(),
                kind: entry.ecosystem.clone(),
                until: until(&entry.until)?,
                reason: entry.reason.clone(),
                ..Rule::default()
            })
        })
    });
    ignored.chain(overridden).collect()
}

fn yaml<'t, T: Deserialize<'t>>(name: &str, text: &'t str) -> Result<T, BadDecisions> {
    // An empty file is a file without decisions.
    let text =
        if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) { "{}" } else { text };
    serde_saphyr::from_str(text).map_err(|error| BadDecisions {
        file: name.to_owned(),
        line: None,
        detail: error.to_string().lines().next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(name: &str, text: &str) -> String {
        match read_ignore_file(name, text) {
            Ok(rules) => rules.iter().map(|rule| format!("{rule:?}\n").replace("None, ", "")).collect(),
            Err(error) => format!("{error}\n"),
        }
    }

    #[test]
    fn every_format_becomes_rules() {
        let mut all = String::new();
        for (name, text) in [
            (".trivyignore", "# all\nCVE-2020-1 exp:2026-01-31\nCVE-2020-2 # dev only\n\n"),
            (".inspector-ignore", "CVE-2020-3 SNOOZE:2026-01-31,until-fixed\n"),
            (".trivyignore", "CVE-2020-4 tomorrow\n"),
            (".trivyignore", "CVE-2020-4 exp:soon\n"),
            (
                ".trivyignore.yaml",
                "vulnerabilities:\n  - id: CVE-1\n    purls: [pkg:npm/a]\n    paths: [a/*]\n    expired_at: 2026-01-31\n    statement: why\n",
            ),
            (
                ".grype.yaml",
                "ignore:\n  - vulnerability: CVE-2\n    fix-state: not-fixed\n    package: {name: a, type: python}\n",
            ),
            (
                "osv-scanner.toml",
                "[[IgnoredVulns]]\nid = \"GHSA-1\"\nignoreUntil = 2026-01-31\nreason = \"x\"\n[[PackageOverrides]]\nname = \"b\"\necosystem = \"Go\"\nignore = true\n",
            ),
            ("osv-scanner.toml", "[[IgnoredVulns]]\n\nname =\n"),
            ("osv-scanner.toml", "[[IgnoredVulns]]\nid = \"GHSA-1\"\nignoreUntil = \"soon\"\n"),
        ] {
            all.push_str(&rendered(name, text));
        }
        insta::assert_snapshot!(all);
    }
}
