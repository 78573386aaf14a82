//! `rebar.lock`: what rebar3 resolved. <https://rebar3.org/docs/configuration/dependencies/#lock-files>
//!
//! `{"1.2.0", [{<<"name">>, {pkg, <<"package">>, <<"version">>}, level}, …]}.`; level 0 is what the project asks
//! for. The oldest form is the bare list.

use super::ID;
use super::mix_lock::report;
use super::term::{self, Term};
use crate::document::Packages;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::Relation;

pub(super) struct RebarLock;

impl Cataloger for RebarLock {
    fn id(&self) -> &'static str {
        "hex/rebar-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["rebar.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let (terms, outcome) = term::parse(&text);
        let first = terms.first().map_or(&[][..], Term::group);
        let entries = match first {
            [Term::Text(_), Term::Group(entries), ..] => entries.as_slice(),
            bare => bare,
        };
        let mut packages = Packages::new(ID, file);
        for entry in entries {
            let [Term::Text(key), Term::Group(source), level, ..] = entry.group() else { continue };
            let package = match source.as_slice() {
                [Term::Text("pkg"), Term::Text(name), Term::Text(version), ..] => packages.add(name, version),
                [Term::Text("git" | "git_subdir"), _, Term::Group(reference), ..] => {
                    let Some(Term::Text(revision)) = reference.get(1) else { continue };
                    let mut package = packages.add(key, revision);
                    if let Some(package) = &mut package {
                        package.commit = Some((*revision).to_owned());
                    }
                    package
                }
                _ => continue,
            };
            if let Some(package) = package {
                package.relation = match level.text() {
                    Some("0") => Relation::Direct,
                    _ => Relation::Transitive,
                };
            }
        }
        packages.finish(found);
        report(file.path, &text, outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn levels_tell_direct_from_transitive() {
        let lock = b"{\"1.2.0\",\n[{<<\"cowboy\">>,{pkg,<<\"cowboy\">>,<<\"2.9.0\">>},0},\n {<<\"cowlib\">>,{pkg,<<\"cowlib\">>,<<\"2.11.0\">>},1},\n {<<\"fork\">>,{git,\"https://example.org/fork.git\",{ref,\"0a1b2c\"}},0}]}.\n[\n{pkg_hash,[\n {<<\"cowboy\">>, <<\"865D\">>}]}\n].\n";
        insta::assert_snapshot!(render(&read(&RebarLock, "rebar.lock", lock)), @r#"
        Hex cowboy 2.9.0 runtime/direct @rebar.lock
        Hex cowlib 2.11.0 runtime/transitive @rebar.lock
        Hex fork 0a1b2c commit=0a1b2c runtime/direct @rebar.lock
        "#);
        assert_eq!(read(&RebarLock, "rebar.lock", &lock[..70]).packages.len(), 1);
    }
}
