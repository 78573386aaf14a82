//! `packages.config`: the package list of older .NET projects.
//! <https://learn.microsoft.com/nuget/reference/packages-config>

use super::ID;
use super::project::attributes;
use crate::document::Packages;
use crate::{Cataloger, Found};
use quick_xml::events::Event;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

pub(super) struct PackagesConfig;

impl Cataloger for PackagesConfig {
    fn id(&self) -> &'static str {
        "nuget/packages-config"
    }

    fn files(&self) -> &'static [&'static str] {
        &["packages.config", "packages.*.config"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut packages = Packages::new(ID, file);
        let outcome = loop {
            match reader.read_event() {
                Ok(Event::Start(tag) | Event::Empty(tag)) if tag.local_name().as_ref() == "package" => {
                    let attributes = attributes(&tag);
                    let get = |key: &str| attributes.get(key).map(String::as_str).unwrap_or_default();
                    if let Some(package) = packages.add(get("id"), get("version"))
                        && get("developmentDependency").eq_ignore_ascii_case("true")
                    {
                        package.scope = Scope::Development;
                    }
                }
                Ok(Event::Eof) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(ReadError::malformed(file.path, error.to_string())),
            }
        };
        packages.finish(found);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn entries_before_an_error_are_kept() {
        let xml = br#"<?xml version="1.0" encoding="utf-8"?><packages>
            <package id="jQuery" version="3.1.1" targetFramework="net46" />
            <package id="StyleCop" version="4.7.0" developmentDependency="true" />
            <package id="NoVersion" /><package version="1.0" </wrong>"#;
        let found = read(&PackagesConfig, "web/packages.config", xml);
        insta::assert_snapshot!(render(&found), @r#"
        NuGet jQuery 3.1.1 runtime/unknown @web/packages.config
        NuGet StyleCop 4.7.0 development/unknown @web/packages.config
        "#);
    }
}
