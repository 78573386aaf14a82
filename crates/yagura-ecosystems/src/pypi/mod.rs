//! PyPI: installed distributions, wheels, requirement files and the lockfiles of Pipenv, Poetry, uv and PDM.
//!
//! Nothing is executed: a `setup.py` is never read. Names are shown as their file spells them and compared
//! as PEP 503 says.

pub(crate) mod blocks;
mod locked;
mod metadata;
mod pdm_lock;
mod pipfile;
mod poetry_lock;
mod pylock;
mod pyproject;
pub(crate) mod record;
mod requested;
pub(crate) mod requirements;
mod uv_lock;
mod wheel;

use crate::{Cataloger, Ecosystem, as_is, version};
use std::borrow::Cow;
use yagura_model::TreePath;

/// The Python Package Index.
pub static PYPI: Ecosystem = Ecosystem {
    id: ID,
    purl: "pypi",
    versions: &version::pep440::PEP440,
    normalize,
    release: as_is,
    catalogers: CATALOGERS,
    resolve: None,
};

/// The readers of Python's files.
static CATALOGERS: &[&dyn Cataloger] = &[
    &metadata::Metadata,
    &pdm_lock::PdmLock,
    &pipfile::Pipfile,
    &pipfile::PipfileLock,
    &poetry_lock::PoetryLock,
    &pylock::Pylock,
    &pyproject::Pyproject,
    &record::Record,
    &requested::Requested,
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

/// True below an installed environment: lockfiles, requirements and manifests there belong to the making of an
/// installed package, and nobody installs from them.
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
    use crate::testing::{read, render};

    /// Reads a fixture as the file it is a sample of; the snapshot stands beside it.
    macro_rules! fixtures {
        ($($test:ident: $cataloger:expr, $name:literal, $fixture:literal;)*) => {
            $(#[test]
            fn $test() {
                let mut settings = insta::Settings::clone_current();
                settings.set_snapshot_path("fixtures");
                settings.set_prepend_module_to_snapshot(false);
                settings.set_omit_expression(true);
                let found = read(&$cataloger, concat!("shop/", $name), include_bytes!(concat!("fixtures/", $fixture)));
                settings.bind(|| insta::assert_snapshot!($fixture, render(&found)));
            })*
        };
    }

    fixtures! {
        pdm: pdm_lock::PdmLock, "pdm.lock", "pdm.lock";
        pipenv: pipfile::PipfileLock, "Pipfile.lock", "Pipfile.lock";
        poetry_1: poetry_lock::PoetryLock, "poetry.lock", "poetry_1.lock";
        poetry_2: poetry_lock::PoetryLock, "poetry.lock", "poetry.lock";
        pylock_by_uv: pylock::Pylock, "pylock.toml", "pylock.toml";
        requirements_by_uv: requirements::Requirements, "requirements.txt", "requirements.txt";
        uv: uv_lock::UvLock, "uv.lock", "uv.lock";
        wheel_names_itself_and_not_what_it_vendors: wheel::Wheel, "demo-1.0-py3-none-any.whl", "demo-1.0-py3-none-any.whl";
    }

    #[test]
    fn manifests_name_direct_packages() {
        let toml = concat!(
            "[project]\ndependencies = [\"requests[socks]>=2\"]\n",
            "[project.optional-dependencies]\ncolor = [\"colorama\"]\n",
            "[dependency-groups]\ndev = [\"pytest\", {include-group = \"x\"}]\nx = []\n",
            "[tool.poetry.dependencies]\npython = \"^3\"\nflask = {version = \"^2\", optional = true}\n",
            "[tool.poetry.group.docs.dependencies]\nsphinx = \"*\"\n",
        );
        insta::assert_snapshot!(render(&read(&pyproject::Pyproject, "pyproject.toml", toml.as_bytes())), @r#"
        note {"manifest":{"ecosystem":"PyPI","direct":{"colorama":"optional","flask":"optional","pytest":"development","requests":"runtime","sphinx":"development"},"complete":false}}
        "#);
        let pipfile = "[packages]\nflask = \"*\"\n[dev-packages]\npytest = {version = \"*\"}\n";
        insta::assert_snapshot!(render(&read(&pipfile::Pipfile, "Pipfile", pipfile.as_bytes())), @r#"
        note {"manifest":{"ecosystem":"PyPI","direct":{"flask":"runtime","pytest":"development"},"complete":false}}
        "#);
        assert!(
            read(&pyproject::Pyproject, "pyproject.toml", b"[build-system]\nrequires = [\"x\"]").is_empty()
        );
    }

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
