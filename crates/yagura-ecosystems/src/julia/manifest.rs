//! `Manifest.toml`: what Pkg resolved. <https://pkgdocs.julialang.org/v1/toml-files/#Manifest.toml>
//!
//! Standard libraries without a version belong to Julia itself and are left out, as are packages of a local path.

use super::ID;
use crate::document::Packages;
use crate::{Cataloger, Found};
use toml::Value;
use yagura_fs::{File, ReadError};

pub(super) struct ManifestToml;

impl Cataloger for ManifestToml {
    fn id(&self) -> &'static str {
        "julia/manifest"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Manifest.toml", "JuliaManifest.toml", "Manifest-v*.toml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document: toml::Table = toml::from_str(&file.text()?)
            .map_err(|error| ReadError::malformed(file.path, error.message().to_owned()))?;
        // Format 2 has one more level than format 1.
        let all = match document.get("deps") {
            Some(Value::Table(deps)) => deps,
            _ => &document,
        };
        let mut packages = Packages::new(ID, file);
        for (name, entries) in all {
            for entry in entries.as_array().into_iter().flatten() {
                let get = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
                // Other tools have a `Manifest.toml` too; only Julia's entries have an UUID.
                if get("uuid").is_empty() || entry.get("path").is_some() {
                    continue;
                }
                let Some(package) = packages.add(name, get("version")) else { continue };
                match entry.get("deps") {
                    Some(Value::Array(names)) => {
                        package.depends_on.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    Some(Value::Table(names)) => package.depends_on.extend(names.keys().cloned()),
                    _ => {}
                }
            }
        }
        packages.finish(found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn both_formats_are_read() {
        let v2 = b"julia_version = \"1.9.0\"\nmanifest_format = \"2.0\"\n[[deps.HTTP]]\ndeps = [\"Dates\", \"URIs\"]\nuuid = \"cd3eb016-35fb-5094-929b-558a96fad6f3\"\nversion = \"1.9.5\"\n[[deps.URIs]]\nuuid = \"5c2747f8-b7ea-4ff2-ba2e-563bfd36b1d4\"\nversion = \"1.4.2\"\n[[deps.Dates]]\nuuid = \"ade2ca70-3891-5945-98fb-dc099432e06a\"\n[[deps.Mine]]\npath = \"Mine\"\nuuid = \"00\"\nversion = \"0.1.0\"\n";
        let v1 = b"[[JSON]]\ndeps = [\"Dates\"]\nuuid = \"682c06a0-de6a-54ab-a142-c8b1cf79cde6\"\nversion = \"0.21.3\"\n";
        insta::assert_snapshot!(render(&read(&ManifestToml, "Manifest.toml", v2)), @r#"
        Julia HTTP 1.9.5 runtime/unknown -> URIs @Manifest.toml
        Julia URIs 1.4.2 runtime/unknown @Manifest.toml
        "#);
        insta::assert_snapshot!(render(&read(&ManifestToml, "Manifest.toml", v1)), @r#"
        Julia JSON 0.21.3 runtime/unknown @Manifest.toml
        "#);
        let deep = format!("a = {}", "[".repeat(100_000));
        for bytes in [&v2[..60], b"\xff", deep.as_bytes()] {
            assert_eq!(read(&ManifestToml, "Manifest.toml", bytes).unread.len(), 1);
        }
    }
}
