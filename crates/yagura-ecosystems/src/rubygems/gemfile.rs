//! `Gemfile` and `gems.rb`: which gems the project asks for, and in which groups.
//! <https://bundler.io/man/gemfile.5.html>
//!
//! The file is a Ruby program. Only the usual forms are understood: `gem "name"` with a literal name, `group`
//! blocks and the `group:` option. Versions come from the lockfile.

use super::ID;
use crate::{Cataloger, Found, Manifest, Note};
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

pub(super) struct Gemfile;

impl Cataloger for Gemfile {
    fn id(&self) -> &'static str {
        "rubygems/gemfile"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Gemfile", "gems.rb"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut manifest = Manifest { ecosystem: ID.to_owned(), ..Manifest::default() };
        // The scopes of the blocks that are open.
        let mut blocks: Vec<Scope> = Vec::new();
        for line in text.lines() {
            let line = line.split_once(" #").map_or(line, |(code, _)| code).trim();
            let current = blocks.last().copied().unwrap_or_default();
            if let Some(rest) = line.strip_prefix("gem ").or_else(|| line.strip_prefix("gem(")) {
                let Some((name, options)) = literal(rest) else { continue };
                let group = ["group:", ":group =>", "groups:", ":groups =>"]
                    .iter()
                    .find_map(|key| Some(options.split_once(key)?.1));
                let scope = group.map_or(current, scope_of);
                let known = manifest.direct.entry(name.to_owned()).or_insert(scope);
                if scope == Scope::Runtime {
                    *known = scope;
                }
            } else if line == "end" {
                blocks.pop();
            } else if line.ends_with(" do") || line.starts_with("if ") || line.starts_with("unless ") {
                let scope = line.strip_prefix("group").map_or(current, scope_of);
                blocks.push(scope);
            }
        }
        if !manifest.direct.is_empty() {
            found.notes.push(Note::Manifest(manifest));
        }
        Ok(())
    }
}

/// A quoted text at the start, and what follows it.
fn literal(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, rest) = text.get(1..)?.split_once(quote)?;
    (!name.is_empty() && !name.contains("#{")).then_some((name, rest))
}

/// Development when every group that is named is one that deployments leave out.
fn scope_of(groups: &str) -> Scope {
    let mut names = groups
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !matches!(*word, "" | "do" | "optional" | "true" | "false"))
        .peekable();
    let all_left_out = names.peek().is_some()
        && names
            .all(|name| matches!(name, "development" | "test" | "tests" | "ci" | "lint" | "doc" | "docs"));
    if all_left_out { Scope::Development } else { Scope::Runtime }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn groups_become_scopes() {
        let text = b"source 'https://rubygems.org'\ngem 'rails', '~> 7.0' # the framework\ngem \"pry\", group: [:development, :test]\n\
            group :development, :test do\n  gem 'rspec'\n  platforms :mri do\n    gem 'byebug'\n  end\nend\n\
            group :production do\n  gem 'pg'\nend\ngem dynamic\ngem \"a#{b}\"\ngem \"";
        insta::assert_snapshot!(render(&read(&Gemfile, "Gemfile", text)), @r#"
        note {"manifest":{"ecosystem":"RubyGems","direct":{"byebug":"development","pg":"runtime","pry":"development","rails":"runtime","rspec":"development"},"complete":false}}
        "#);
    }
}
