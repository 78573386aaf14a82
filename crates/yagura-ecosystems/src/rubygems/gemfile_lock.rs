//! `Gemfile.lock` and `gems.locked`: what Bundler resolved.
//! <https://bundler.io/guides/rationale.html#checking-your-code-into-version-control>; the layout is that of
//! Bundler's `LockfileParser`.
//!
//! Gems from a path are the project's own code and left out. Groups are not in the file; they come from the
//! `Gemfile` beside it. So that the `Gemfile` is heard first, direct gems are told the way a manifest tells them.

use super::ID;
use crate::document::Packages;
use crate::{Cataloger, Found, Manifest, Note};
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

pub(super) struct GemfileLock;

impl Cataloger for GemfileLock {
    fn id(&self) -> &'static str {
        "rubygems/gemfile-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Gemfile.lock", "gems.locked", "*.gemfile.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut packages = Packages::new(ID, file);
        let mut direct: BTreeSet<&str> = BTreeSet::new();
        let (mut section, mut revision, mut parent) = ("", None, None);
        let mut sections = 0;
        for line in text.lines() {
            let content = line.trim();
            let indent = line.len() - line.trim_start().len();
            match indent {
                _ if content.is_empty() => {}
                0 => {
                    (section, revision, parent) = (content, None, None);
                    sections += usize::from(content.bytes().all(|b| b.is_ascii_uppercase() || b == b' '));
                }
                2 if section == "DEPENDENCIES" => {
                    direct.insert(gem(content).0.trim_end_matches('!'));
                }
                2 => revision = content.strip_prefix("revision: ").or(revision),
                4 => {
                    let (name, version) = gem(content);
                    parent = Some((name, version));
                    if section != "PATH"
                        && let Some(package) = packages.add(name, version)
                        && let Some(revision) = revision
                    {
                        package.commit = Some(revision.to_owned());
                    }
                }
                6 => match (section, parent) {
                    // What the project's own gem asks for is asked for by the project.
                    ("PATH", _) => {
                        direct.insert(gem(content).0);
                    }
                    (_, Some((name, version))) => {
                        if let Some(package) = packages.add(name, version) {
                            package.depends_on.push(gem(content).0.to_owned());
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        if sections == 0 && !text.trim().is_empty() {
            return Err(ReadError::malformed(file.path, "there is no section of a Bundler lockfile"));
        }
        packages.finish(found);
        if !direct.is_empty() {
            let direct = direct.iter().map(|name| ((*name).to_owned(), Scope::Runtime)).collect();
            found.notes.push(Note::Manifest(Manifest { ecosystem: ID.to_owned(), direct, complete: true }));
        }
        Ok(())
    }
}

/// `name (1.2.3-x86_64-linux)` as name and version; gem versions have no dash of their own, so that the platform
/// begins at the first one.
fn gem(text: &str) -> (&str, &str) {
    let Some((name, rest)) = text.split_once(" (") else { return (text, "") };
    let version = rest.trim_end_matches('!').trim_end_matches(')');
    (name, version.split_once('-').map_or(version, |(version, _)| version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn bundlers_own_lockfile_is_read() {
        let found = read(&GemfileLock, "app/Gemfile.lock", include_bytes!("fixtures/Gemfile.lock"));
        insta::assert_snapshot!(render(&found), @r#"
        RubyGems minitest 5.15.0 runtime/unknown @app/Gemfile.lock
        RubyGems power_assert 2.0.1 runtime/unknown @app/Gemfile.lock
        RubyGems rexml 3.2.5 runtime/unknown @app/Gemfile.lock
        RubyGems rss 0.2.9 runtime/unknown -> rexml @app/Gemfile.lock
        RubyGems test-unit 3.5.3 runtime/unknown -> power_assert @app/Gemfile.lock
        note {"manifest":{"ecosystem":"RubyGems","direct":{"local":"runtime","minitest":"runtime","rss":"runtime","test-unit":"runtime"},"complete":true}}
        "#);
    }

    #[test]
    fn platforms_are_one_gem_and_git_gems_know_their_commit() {
        let text = b"GIT\n  remote: https://github.com/rails/rails.git\n  revision: 0a1b2c\n  branch: main\n  specs:\n    rails (7.1.0.alpha)\n      rack (>= 2)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.15.4-arm64-darwin)\n      racc (~> 1.4)\n    nokogiri (1.15.4-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.1)\n    rack (2.2.8)\n\nDEPENDENCIES\n  nokogiri\n  rails!\n";
        insta::assert_snapshot!(render(&read(&GemfileLock, "Gemfile.lock", text)), @r#"
        RubyGems rails 7.1.0.alpha commit=0a1b2c runtime/unknown -> rack @Gemfile.lock
        RubyGems nokogiri 1.15.4 runtime/unknown -> racc @Gemfile.lock
        RubyGems racc 1.7.1 runtime/unknown @Gemfile.lock
        RubyGems rack 2.2.8 runtime/unknown @Gemfile.lock
        note {"manifest":{"ecosystem":"RubyGems","direct":{"nokogiri":"runtime","rails":"runtime"},"complete":true}}
        "#);
    }

    #[test]
    fn other_files_are_refused_and_cuts_keep_what_came_before() {
        assert_eq!(read(&GemfileLock, "Gemfile.lock", b"\x00\x01 nonsense").unread.len(), 1);
        let whole = include_bytes!("fixtures/Gemfile.lock");
        let cut = whole.windows(5).position(|text| text == b"rexml").unwrap();
        let found = read(&GemfileLock, "Gemfile.lock", &whole[..cut]);
        assert_eq!(found.packages.len(), 2);
    }
}
