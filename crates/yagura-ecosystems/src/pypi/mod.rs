//! PyPI: installed distributions, wheels, requirement files and the lockfiles of Pipenv, Poetry, uv and PDM.
//!
//! Nothing is executed: a `setup.py` is never read. Names are shown as their file spells them and compared
//! as PEP 503 says.

mod blocks;
mod locked;
mod metadata;
mod pdm_lock;
mod pipfile;
mod poetry_lock;
mod pylock;
mod pyproject;
pub(crate) mod record;
pub(crate) mod requirements;
mod uv_lock;
mod wheel;

use crate::Cataloger;
use std::borrow::Cow;
use yagura_model::TreePath;

/// The readers of Python's files.
pub static CATALOGERS: &[&dyn Cataloger] = &[
    &metadata::Metadata,
    &pdm_lock::PdmLock,
    &pipfile::Pipfile,
    &pipfile::PipfileLock,
    &poetry_lock::PoetryLock,
    &pylock::Pylock,
    &pyproject::Pyproject,
    &record::Record,
    &requirements::Requirements,
    &uv_lock::UvLock,
    &wheel::Wheel,
];

pub(crate) const ID: &str = "PyPI";

/// The spelling in which names are compared: lower case, runs of `-`, `_` and `.` as one `-`
/// (<https://peps.python.org/pep-0503/#normalized-names>).
pub fn normalize(name: &str) -> Cow<'_, str> {
    let mut separator = false;
    let normal = name.bytes().all(|byte| {
        let fine = !(byte.is_ascii_uppercase() || byte == b'_' || byte == b'.' || separator && byte == b'-');
        separator = byte == b'-';
        fine
    });
    if normal {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut separator = false;
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            separator = true;
        } else {
            if std::mem::take(&mut separator) {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
        }
    }
    if separator {
        out.push('-');
    }
    Cow::Owned(out)
}

/// True below an installed environment: requirement files and manifests there are somebody else's.
fn is_installed(path: &TreePath) -> bool {
    path.as_str().split('/').any(|part| matches!(part, "site-packages" | "dist-packages"))
}

/// The name at the start of a requirement (PEP 508), and what follows it. `None` when there is none.
fn requirement_name(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = (text.get(..end)?, text.get(end..)?);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_pep_503_says() {
        for (name, normal) in [
            ("requests", "requests"),
            ("Foo_Bar", "foo-bar"),
            ("zope.interface", "zope-interface"),
            ("a-_.-b", "a-b"),
            ("a--b", "a-b"),
            ("ruamel.yaml.clib", "ruamel-yaml-clib"),
            ("a-", "a-"),
        ] {
            assert_eq!(normalize(name), normal);
        }
    }
}
