//! `specifications/*.gemspec`: what RubyGems writes for every installed gem, the default gems of Ruby included.
//! <https://guides.rubygems.org/specification-reference/>
//!
//! The file is a Ruby program, but a generated one with a fixed shape. Sources' own `.gemspec` files are not read.

use super::ID;
use crate::{Cataloger, Found, Note, Owned};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, TreePath};

pub(super) struct Gemspec;

impl Cataloger for Gemspec {
    fn id(&self) -> &'static str {
        "rubygems/gemspec"
    }

    fn files(&self) -> &'static [&'static str] {
        &["**/specifications/*.gemspec", "**/specifications/default/*.gemspec"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let (mut name, mut version, mut platform) = ("", "", "ruby");
        let (mut licenses, mut depends_on) = (Vec::new(), Vec::new());
        for line in text.lines() {
            let line = line.trim();
            if let Some(stub) = line.strip_prefix("# stub: ") {
                // `# stub: name version platform require_paths`
                let mut words = stub.split_whitespace();
                name = words.next().unwrap_or_default();
                version = words.next().unwrap_or_default();
                platform = words.next().unwrap_or(platform);
            } else if let Some(value) = line.strip_prefix("s.name = ") {
                name = quoted(value).next().unwrap_or(name);
            } else if let Some(value) = line.strip_prefix("s.version = ") {
                version = quoted(value).next().unwrap_or(version);
            } else if let Some(value) =
                line.strip_prefix("s.licenses = ").or_else(|| line.strip_prefix("s.license = "))
            {
                licenses = quoted(value).map(str::to_owned).collect();
            } else if let Some(value) = line.strip_prefix("s.add_runtime_dependency(%q<") {
                depends_on.extend(value.split_once('>').map(|(name, _)| name.to_owned()));
            } else if line == "else" {
                // What follows is for RubyGems of 2008, and does not tell kinds of dependencies apart.
                break;
            }
        }
        let plausible = version.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || !plausible {
            return Err(ReadError::malformed(file.path, "there is no literal name and version"));
        }
        let mut package = Package::new(ID, name, version, Location::path(file.path.clone()));
        package.licenses = licenses;
        depends_on.sort_unstable();
        depends_on.dedup();
        package.depends_on = depends_on;
        found.packages.push(package);
        let folder = match platform {
            "ruby" => format!("{name}-{version}"),
            platform => format!("{name}-{version}-{platform}"),
        };
        let specifications = file.path.parent();
        let specifications = specifications.strip_suffix("/default").unwrap_or(specifications);
        let root = specifications.strip_suffix("specifications").unwrap_or_default();
        found.notes.extend(TreePath::from_text(&format!("{root}gems/{folder}")).map(|directory| {
            Note::Owned(Owned {
                name: name.to_owned(),
                ecosystem: ID.to_owned(),
                files: Vec::new(),
                directories: vec![directory],
            })
        }));
        Ok(())
    }
}

/// The quoted texts of a line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const PATH: &str = "usr/lib/ruby/gems/3.1.0/specifications/rss-0.2.9.gemspec";

    #[test]
    fn an_installed_gem_knows_its_licence_and_its_folder() {
        let found = read(&Gemspec, PATH, include_bytes!("fixtures/rss-0.2.9.gemspec"));
        insta::assert_snapshot!(render(&found), @r#"
        RubyGems rss 0.2.9 runtime/unknown (BSD-2-Clause) -> rexml @usr/lib/ruby/gems/3.1.0/specifications/rss-0.2.9.gemspec
        note {"owned":{"name":"rss","ecosystem":"RubyGems","directories":["usr/lib/ruby/gems/3.1.0/gems/rss-0.2.9"]}}
        "#);
    }

    #[test]
    fn default_gems_and_older_ones_without_a_stub_line_are_read() {
        let text = b"Gem::Specification.new do |s|\n  s.name = \"json\"\n  s.version = \"2.6.1\"\n  s.licenses = [\"Ruby\", \"BSD-2-Clause\"]\nend";
        let path = "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec";
        insta::assert_snapshot!(render(&read(&Gemspec, path, text)), @r#"
        RubyGems json 2.6.1 runtime/unknown (Ruby; BSD-2-Clause) @usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec
        note {"owned":{"name":"json","ecosystem":"RubyGems","directories":["usr/lib/ruby/gems/3.1.0/gems/json-2.6.1"]}}
        "#);
    }

    #[test]
    fn a_file_without_literals_is_reported() {
        for text in [&b""[..], b"# stub: x", b"s.name = NAME\ns.version = VERSION", b"\xff\xff"] {
            assert_eq!(read(&Gemspec, PATH, text).unread.len(), 1);
        }
    }
}
