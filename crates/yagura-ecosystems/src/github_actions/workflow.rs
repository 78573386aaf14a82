//! `uses:` lines of workflows and composite actions.
//! <https://docs.github.com/actions/writing-workflows/workflow-syntax-for-github-actions#jobsjob_idstepsuses>
//!
//! Read line by line, because a pinned commit's version is in a comment (`@<commit> # v4.1.1`), which a YAML
//! reader drops. Branches, local actions and container images are left out: they name no version. So are tags
//! that move (`@v4` is whatever release of 4 is newest); they are reported once per file.

use super::ID;
use crate::document::Packages;
use crate::{Cataloger, Found};
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};
use yagura_model::{Relation, Scope, Unread, UnreadReason};

pub(super) struct Workflow;

/// How many moving tags are named in full.
const MOVING_SHOWN: usize = 5;

impl Cataloger for Workflow {
    fn id(&self) -> &'static str {
        "github-actions/workflow"
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            ".github/workflows/*.yml",
            ".github/workflows/*.yaml",
            ".github/actions/**/action.yml",
            ".github/actions/**/action.yaml",
        ]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut packages = Packages::new(ID, file);
        let mut moving: BTreeSet<&str> = BTreeSet::new();
        for line in text.lines() {
            let line = line.trim_start();
            let line = line.strip_prefix('-').unwrap_or(line).trim_start();
            let Some(value) = line.strip_prefix("uses:") else { continue };
            let (value, comment) = value.split_once(" #").unwrap_or((value, ""));
            let value = value.trim().trim_matches(['"', '\'']);
            let Some((action, reference)) = value.split_once('@') else { continue };
            let mut parts = action.split('/');
            let (Some(owner), Some(repository)) = (parts.next(), parts.next()) else { continue };
            if owner.is_empty() || owner.starts_with('.') || owner.contains(':') || repository.is_empty() {
                continue;
            }
            let is_commit = reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
            let stated = if is_commit { comment } else { reference };
            let Some(version) = version(stated) else { continue };
            if version.split('.').count() < 3 {
                moving.insert(value);
                continue;
            }
            if let Some(package) = packages.add(&format!("{owner}/{repository}"), version) {
                package.scope = Scope::Development;
                package.relation = Relation::Direct;
                package.commit = is_commit.then(|| reference.to_owned());
            }
        }
        packages.finish(found);
        if !moving.is_empty() {
            let shown: Vec<&str> = moving.iter().take(MOVING_SHOWN).copied().collect();
            let more = if moving.len() > MOVING_SHOWN { ", …" } else { "" };
            found.unread.push(Unread {
                path: file.path.clone(),
                reason: UnreadReason::Unsupported,
                detail: format!("{} actions follow tags that move: {}{more}", moving.len(), shown.join(", ")),
            });
        }
        Ok(())
    }
}

/// The tag in `v4.1.1`, `4.1.1` or `tag=v4.1.1`; `None` for branches.
fn version(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let word = word.rsplit('=').next()?;
    let number = word.strip_prefix('v').unwrap_or(word);
    let is_version = number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
    is_version.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn tags_and_commented_commits_are_versions() {
        let text = b"jobs:\n  test:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: actions/setup-go@v5.0.1\n      - name: x\n        uses: \"tj-actions/changed-files@v44.5.1\"\n      - uses: github/codeql-action/init@0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 # v3.24.0\n      - uses: a/b@0a1b2c3d4e5f60718293a4b5c6d7e8f901234567\n      - uses: c/d@main\n      - uses: ./local\n      - uses: docker://alpine:3.8\n      - uses: .github/workflows/x.yml@v1\n      # - uses: e/f@v1\n";
        insta::assert_snapshot!(render(&read(&Workflow, ".github/workflows/ci.yml", text)), @r#"
        GitHub Actions actions/setup-go v5.0.1 development/direct @.github/workflows/ci.yml
        GitHub Actions tj-actions/changed-files v44.5.1 development/direct @.github/workflows/ci.yml
        GitHub Actions github/codeql-action v3.24.0 commit=0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 development/direct @.github/workflows/ci.yml
        unread .github/workflows/ci.yml Unsupported 1 actions follow tags that move: actions/checkout@v4
        "#);
        read(&Workflow, ".github/workflows/ci.yml", b"uses:@\nuses: /@1\nuses: \xff/\xff@\xff\n");
    }
}
