//! What is not new: findings of an earlier run, and lines that have not changed since a commit.
//!
//! A finding is known again by its rule, its file and the text of its line, not by the number of that line: what moved
//! is the same finding, what was copied is one more. `--since` asks git, with `git diff`, which lines of the work tree
//! are different; findings none of whose lines are among them are left out.

use crate::cli::{Failure, exit};
use crate::said;
use crate::scan::{TargetSpec, read_file};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use yagura_model::{CodeDetection, Detection, Suppressed};

/// Largest document that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The findings of an earlier run: how often each was there.
#[derive(Debug)]
pub struct Baseline {
    by: String,
    counts: BTreeMap<String, usize>,
}

impl Baseline {
    /// Reads a document of the format `json`.
    ///
    /// # Errors
    /// It cannot be read, or is something else.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let wrong = |detail: &str| {
            Failure::new(
                exit::USAGE,
                said!(
                    "`{}` is no baseline: {}",
                    "`{}` はベースラインではありません: {}",
                    path.display(),
                    detail
                ),
            )
            .hint(said!(
                "write one with `-f json -o FILE` of the same command",
                "同じコマンドに `-f json -o FILE` を付けて作れます"
            ))
        };
        let document: Value =
            serde_json::from_slice(&read_file(path, LARGEST)?).map_err(|error| wrong(&error.to_string()))?;
        let schema = document["schema"].as_str().unwrap_or_default();
        if !schema.starts_with("yagura/scan/") {
            return Err(wrong("it has no `schema` that begins with `yagura/scan/`"));
        }
        let findings = document["findings"].as_array().ok_or_else(|| wrong("it has no `findings`"))?;
        let mut counts = BTreeMap::new();
        for finding in findings {
            // What a comment or a file of decisions hid is judged by these again.
            let by = finding["suppressed"]["by"].as_str();
            if by.is_some_and(|by| !by.starts_with(Suppressed::BASELINE)) {
                continue;
            }
            let text = |name: &str| finding[name].as_str().unwrap_or_default();
            let key = match text("type") {
                "CODE_VULNERABILITY" => {
                    let origin = finding["flow"][0]["path"].as_str();
                    code_key(text("rule"), text("path"), text("excerpt"), origin)
                }
                _ => package_key(text("vulnerabilityId"), text("ecosystem"), text("package")),
            };
            *counts.entry(key).or_insert(0) += 1;
        }
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Self { by: format!("{}{name}", Suppressed::BASELINE), counts })
    }

    /// Marks what was there before.
    pub fn apply(mut self, packages: &mut [Detection], code: &mut [CodeDetection]) {
        for one in packages.iter_mut().filter(|one| one.suppressed.is_none()) {
            let package = &one.package;
            let id = one.vulnerability.id.as_str();
            // The same flaw in several versions of a package is the same news.
            if self.counts.contains_key(&package_key(id, package.ecosystem.as_str(), &package.name)) {
                one.suppressed = Some(self.mark());
            }
        }
        for one in code.iter_mut().filter(|one| one.suppressed.is_none()) {
            let cause = &one.cause;
            let origin = cause.flow.first().map(|step| step.path.as_str());
            let key = code_key(&cause.rule, &cause.path, &one.excerpt, origin);
            if let Some(left) = self.counts.get_mut(&key).filter(|left| **left > 0) {
                *left -= 1;
                one.suppressed = Some(self.mark());
            }
        }
    }

    fn mark(&self) -> Suppressed {
        Suppressed { by: self.by.clone(), reason: Some("known before".to_owned()), until: None }
    }
}

/// A flaw in a file; the number of its line is not part of it.
fn code_key(rule: &str, path: &str, excerpt: &str, origin: Option<&str>) -> String {
    let text: Vec<&str> = excerpt.split_whitespace().collect();
    let origin = origin.filter(|origin| *origin != path).unwrap_or_default();
    format!("code\n{rule}\n{path}\n{}\n{origin}", text.join(" "))
}

fn package_key(id: &str, ecosystem: &str, name: &str) -> String {
    format!("package\n{id}\n{ecosystem}\n{name}")
}

/// Lines of a work tree that are different from a commit.
#[derive(Debug, Default)]
pub struct Changed {
    /// First and last line of each stretch, by path below the target.
    lines: BTreeMap<String, Vec<(u32, u32)>>,
    /// Files that git does not know.
    new: BTreeSet<String>,
}

impl Changed {
    /// Asks git.
    ///
    /// # Errors
    /// The target is no work tree on disk, git is missing, or there is no such commit.
    pub fn since(commit: &str, target: &TargetSpec) -> Result<Self, Failure> {
        let place = match target {
            TargetSpec::Directory(path) => path.clone(),
            TargetSpec::Repository(place) => PathBuf::from(place),
            _ => PathBuf::new(),
        };
        if !place.is_dir() {
            return Err(Failure::new(
                exit::USAGE,
                said!(
                    "--since needs a directory in a git work tree",
                    "--since には git 作業ツリー内のディレクトリが必要です"
                ),
            ));
        }
        let object = format!("{commit}^{{commit}}");
        let id = git(&place, &["rev-parse", "--verify", "--quiet", "--end-of-options", &object])
            .map_err(|detail| no_commit(commit, &detail))?;
        let id = String::from_utf8_lossy(&id).trim().to_owned();
        let failed = |detail: String| {
            Failure::new(
                exit::USAGE,
                said!("git cannot compare with `{}`: {}", "git で `{}` と比較できません: {}", commit, detail),
            )
        };
        let diff = git(
            &place,
            &[
                "diff",
                "--unified=0",
                "--no-color",
                "--no-ext-diff",
                "--no-textconv",
                "--no-renames",
                "--ignore-submodules=all",
                "--src-prefix=a/",
                "--dst-prefix=b/",
                "--relative",
                &id,
                "--",
                ".",
            ],
        )
        .map_err(failed)?;
        let new = git(&place, &["ls-files", "-z", "--others", "--exclude-standard"]).map_err(failed)?;
        let new = new.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(Self {
            lines: read_diff(&diff),
            new: new.map(|path| String::from_utf8_lossy(path).into_owned()).collect(),
        })
    }

    /// Keeps what is on changed lines, or passes through one; says how much was left out.
    pub fn apply(&self, packages: &mut Vec<Detection>, code: &mut Vec<CodeDetection>) -> usize {
        let before = packages.len() + code.len();
        packages.retain(|one| {
            one.package.locations.iter().any(|location| {
                let path = location.path.as_str();
                let path = path.split("!/").next().unwrap_or(path);
                self.new.contains(path) || self.lines.contains_key(path)
            })
        });
        code.retain(|one| {
            let cause = &one.cause;
            self.touches(&cause.path, cause.lines)
                || cause.flow.iter().any(|step| self.touches(&step.path, (step.line, step.line)))
        });
        before - packages.len() - code.len()
    }

    fn touches(&self, path: &str, (first, last): (u32, u32)) -> bool {
        self.new.contains(path)
            || self
                .lines
                .get(path)
                .is_some_and(|stretches| stretches.iter().any(|(from, to)| *from <= last && first <= *to))
    }
}

fn no_commit(commit: &str, detail: &str) -> Failure {
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    Failure::new(
        exit::USAGE,
        said!("git knows no commit `{}`{}", "git にコミット `{}` はありません{}", commit, detail),
    )
    .hint(said!(
        "give a commit, branch or tag that is in this clone; `git fetch` brings more",
        "このクローンにあるコミット、ブランチ、タグを指定してください。`git fetch` で増やせます"
    ))
}

/// Runs git in a directory, without what its configuration could make it start.
fn git(place: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(place)
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false"])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned())
}

/// The stretches of lines on the new side of a diff without context. Where lines are gone, their neighbours count.
fn read_diff(diff: &[u8]) -> BTreeMap<String, Vec<(u32, u32)>> {
    let mut out: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    let mut path = None;
    // Lines of a hunk may look like headings; how many there are is told before them.
    let mut left = 0_u64;
    for line in diff.split(|byte| *byte == b'\n') {
        if left > 0 && (line.starts_with(b"+") || line.starts_with(b"-")) {
            left -= 1;
            continue;
        }
        let line = String::from_utf8_lossy(line);
        if let Some(name) = line.strip_prefix("+++ ") {
            let name = unquoted(name.trim_end_matches('\t'));
            path = name.strip_prefix("b/").map(str::to_owned);
        } else if let Some(rest) = line.strip_prefix("@@ -") {
            let Some((old, rest)) = rest.split_once(" +") else { continue };
            let Some((new, _)) = rest.split_once(" @@") else { continue };
            let (_, gone) = stretch(old);
            let (start, count) = stretch(new);
            left = u64::from(gone) + u64::from(count);
            let lines = if count == 0 { (start.max(1), start + 1) } else { (start, start + count - 1) };
            if let Some(path) = &path {
                out.entry(path.clone()).or_default().push(lines);
            }
        }
    }
    out
}

/// `12,3`, or `12` for one line.
fn stretch(text: &str) -> (u32, u32) {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    (start.parse().unwrap_or(0), count.parse().unwrap_or(0))
}

/// A name as git writes it: between quotes where it has characters that need it.
fn unquoted(name: &str) -> String {
    let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return name.to_owned();
    };
    let (mut out, mut bytes) = (Vec::new(), inner.bytes());
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(digit @ b'0'..=b'3') => {
                let mut value = digit - b'0';
                for _ in 0..2 {
                    value =
                        value.wrapping_mul(8).wrapping_add(bytes.next().unwrap_or(b'0').wrapping_sub(b'0'));
                }
                out.push(value);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_diff_are_told_from_its_headings() {
        let diff = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n---- a/y\n-+++ b/y\n++++ b/z\n@@ -9 +7,0 @@ f()\n-gone\ndiff --git \"a/\\303\\251\" \"b/\\303\\251\"\n+++ \"b/\\303\\251\"\n@@ -0,0 +1,3 @@\n+1\n+2\n+3\n";
        let lines = read_diff(diff);
        assert_eq!(lines.keys().collect::<Vec<_>>(), ["x", "é"]);
        assert_eq!(lines["x"], [(1, 1), (7, 8)]);
        assert_eq!(lines["é"], [(1, 3)]);
    }
}
