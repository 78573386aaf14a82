//! `mix.lock`: what Mix resolved. <https://hexdocs.pm/mix/Mix.Tasks.Deps.html>
//!
//! An entry is `"name": {:hex, :package, "version", "checksum", [managers], [dependencies], "repository", …}` or
//! `{:git, "address", "revision", [options]}`; the latter tells no version and is listed by its commit.

use super::ID;
use super::term::{self, BadTerm, Term};
use crate::document::Packages;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::TreePath;

pub(super) struct MixLock;

impl Cataloger for MixLock {
    fn id(&self) -> &'static str {
        "hex/mix-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["mix.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let (terms, outcome) = term::parse(&text);
        let mut packages = Packages::new(ID, file);
        let entries = terms.first().map_or(&[][..], Term::group);
        for pair in entries.chunks(2) {
            let [key, value] = pair else { continue };
            let fields: Vec<&str> =
                value.group().iter().map(|term| term.text().unwrap_or_default()).collect();
            match (key.text(), fields.as_slice()) {
                (_, ["hex", name, version, ..]) => {
                    let Some(package) = packages.add(name, version) else { continue };
                    let dependencies = value.group().get(5).map_or(&[][..], Term::group);
                    // Each is `{:name, "requirement", [options]}`.
                    package.depends_on.extend(
                        dependencies
                            .iter()
                            .filter_map(|dependency| Some(dependency.group().first()?.text()?.to_owned())),
                    );
                }
                (Some(name), ["git", _, revision, ..]) => {
                    if let Some(package) = packages.add(name, revision) {
                        package.commit = Some((*revision).to_owned());
                    }
                }
                _ => {}
            }
        }
        packages.finish(found);
        report(file.path, &text, outcome)
    }
}

/// What a bad term means for the file.
pub(super) fn report(path: &TreePath, text: &str, outcome: Result<(), BadTerm>) -> Result<(), ReadError> {
    match outcome {
        Ok(()) if !text.trim_start().starts_with(['%', '{', '[']) => {
            Err(ReadError::malformed(path, "there is no term"))
        }
        Ok(()) => Ok(()),
        Err(BadTerm::Ends) => Err(ReadError::truncated(path, "a term is not closed")),
        Err(BadTerm::TooDeep) => Err(ReadError::TooDeep { path: path.clone(), limit: term::DEPTH }),
        Err(BadTerm::Unexpected(at)) => {
            Err(ReadError::malformed(path, format!("a bracket closes nothing at byte {at}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const LOCK: &str = r#"%{
  "cowboy": {:hex, :cowboy, "2.9.0", "865dd8b6607e14cf03282e10e934023a1bd8be6f6bacf921a7e2a96d800cd452", [:make, :rebar3], [{:cowlib, "2.11.0", [hex: :cowlib, repo: "hexpm", optional: false]}, {:absent, "1.0", [hex: :absent]}], "hexpm", "2c729f934b4e1aa149aff882f57c6372c15399a20d54f65c8d67bef583021bde"},
  "cowlib": {:hex, :cowlib, "2.11.0", "0b9ff9c346629256c42ebe1eeb769a83c6cb771a6ee5960bd110ab0b9b872063", [:make, :rebar3], [], "hexpm", "2b3e9da0b21c4565751a6d4901c20d1b4cc25cbb7fd50d91d2ab6dd287bc86a9"},
  "fork": {:git, "https://example.org/fork.git", "0a1b2c3d", [branch: "main"]},
}
"#;

    #[test]
    fn packages_have_edges_and_git_ones_a_commit() {
        insta::assert_snapshot!(render(&read(&MixLock, "mix.lock", LOCK.as_bytes())), @r#"
        Hex cowboy 2.9.0 runtime/unknown -> cowlib @mix.lock
        Hex cowlib 2.11.0 runtime/unknown @mix.lock
        Hex fork 0a1b2c3d commit=0a1b2c3d runtime/unknown @mix.lock
        "#);
    }

    #[test]
    fn cuts_keep_what_came_before() {
        let found = read(&MixLock, "mix.lock", &LOCK.as_bytes()[..500]);
        assert_eq!((found.packages.len(), found.unread.len()), (2, 1));
        for bytes in [&b"nonsense"[..], b"%{]]]", b"\xff\xfe"] {
            assert_eq!(read(&MixLock, "mix.lock", bytes).unread.len(), 1);
        }
    }
}
