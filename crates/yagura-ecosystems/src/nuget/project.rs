//! MSBuild project files and `Directory.Packages.props`: packages that a project asks for by itself.
//! <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files>,
//! <https://learn.microsoft.com/nuget/consume-packages/central-package-management>
//!
//! A project with a lockfile says nothing here, because the lockfile knows better. Versions that are ranges
//! count as their lower bound, which is what NuGet installs. Floating versions, conditions and imports other
//! than `Directory.*.props` are not evaluated.

use super::ID;
use crate::found::{DotnetProject, DotnetReference};
use crate::{Cataloger, Found, Manifest, Note, lower_case};
use quick_xml::events::{BytesStart, Event};
use std::collections::{BTreeMap, BTreeSet};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Relation, Scope, TreePath, Unread};

pub(super) struct ProjectFile;

/// Properties may refer to properties; deeper chains are not worth following.
const PROPERTY_DEPTH: usize = 8;

/// A version or name longer than this is no version or name.
const VALUE_BYTES: usize = 512;

impl Cataloger for ProjectFile {
    fn id(&self) -> &'static str {
        "nuget/project-file"
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.csproj", "*.fsproj", "*.vbproj", "Directory.Packages.props", "Directory.Build.props"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut project = DotnetProject::default();
        let outcome =
            parse(&text, &mut project).map_err(|error| ReadError::malformed(file.path, error.to_string()));
        if project != DotnetProject::default() {
            if !project.references.is_empty() && !file.path.name().ends_with(".props") {
                found.notes.push(Note::Manifest(Manifest {
                    ecosystem: ID.to_owned(),
                    direct: project
                        .references
                        .iter()
                        .map(|reference| (reference.name.clone(), reference.scope))
                        .collect(),
                    // Packages that get a version show up in this folder; without any, the versions are a gap.
                    complete: false,
                }));
            }
            found.notes.push(Note::DotnetProject(project));
        }
        outcome
    }
}

/// The attributes of a tag; those that are broken are left out.
pub(super) fn attributes(tag: &BytesStart<'_>) -> BTreeMap<String, String> {
    tag.attributes()
        .flatten()
        .filter_map(|attribute| {
            let key = attribute.key.local_name().into_inner().to_owned();
            let value = quick_xml::escape::unescape(&attribute.value).ok()?;
            (value.len() <= VALUE_BYTES).then(|| (key, value.trim().to_owned()))
        })
        .collect()
}

fn parse(text: &str, project: &mut DotnetProject) -> Result<(), quick_xml::Error> {
    let mut reader = quick_xml::Reader::from_str(text);
    // Names of the open elements; only the innermost three matter.
    let mut open: Vec<String> = Vec::new();
    let mut pending: Option<DotnetReference> = None;
    let mut value = String::new();
    loop {
        let event = reader.read_event()?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                value.clear();
                if matches!(name.as_str(), "PackageReference" | "GlobalPackageReference" | "PackageVersion") {
                    let attributes = attributes(tag);
                    let get = |key: &str| attributes.get(key).cloned().unwrap_or_default();
                    let names = if get("Include").is_empty() { get("Update") } else { get("Include") };
                    let version = match get("VersionOverride") {
                        version if version.is_empty() => get("Version"),
                        version => version,
                    };
                    let scope = match get("PrivateAssets").eq_ignore_ascii_case("all") {
                        true => Scope::Development,
                        false => Scope::Runtime,
                    };
                    let reference = DotnetReference { name: names, version, scope };
                    if matches!(event, Event::Empty(_)) {
                        finish(&name, reference, project);
                    } else {
                        pending = Some(reference);
                    }
                }
                if matches!(event, Event::Start(_)) {
                    open.push(name);
                }
            }
            Event::Text(text) if value.len() <= VALUE_BYTES => {
                value.push_str(text);
            }
            Event::End(_) => {
                let Some(name) = open.pop() else { continue };
                let content = value.trim();
                match (name.as_str(), &mut pending) {
                    ("Version" | "VersionOverride", Some(reference)) => {
                        reference.version = content.to_owned()
                    }
                    ("PrivateAssets", Some(reference)) if content.eq_ignore_ascii_case("all") => {
                        reference.scope = Scope::Development;
                    }
                    ("PackageReference" | "GlobalPackageReference" | "PackageVersion", _) => {
                        if let Some(reference) = pending.take() {
                            finish(&name, reference, project);
                        }
                    }
                    (_, None)
                        if open.last().is_some_and(|parent| parent == "PropertyGroup")
                            && !content.is_empty()
                            && content.len() <= VALUE_BYTES =>
                    {
                        project.properties.insert(name, content.to_owned());
                    }
                    _ => {}
                }
                value.clear();
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn finish(tag: &str, reference: DotnetReference, project: &mut DotnetProject) {
    // `Include="A;B"` names several packages.
    for name in reference.name.split(';').map(str::trim).filter(|name| !name.is_empty()) {
        if tag == "PackageVersion" {
            project.versions.insert(name.to_ascii_lowercase(), reference.version.clone());
        } else {
            project.references.push(DotnetReference { name: name.to_owned(), ..reference.clone() });
        }
    }
}

/// Joins projects with the `Directory.*.props` of the folders above them.
pub(super) fn resolve(notes: &[(&TreePath, &Note)], _unread: &mut Vec<Unread>) -> Vec<Package> {
    let mut locked: BTreeSet<&str> = BTreeSet::new();
    let mut props: BTreeMap<&str, Vec<&DotnetProject>> = BTreeMap::new();
    let mut projects: Vec<(&TreePath, &DotnetProject)> = Vec::new();
    for (path, note) in notes {
        let Note::DotnetProject(project) = note else { continue };
        if project.locked {
            let folder = path.parent();
            locked.insert(folder);
            if let Some(folder) = folder.strip_suffix("obj") {
                locked.insert(folder.trim_end_matches('/'));
            }
        } else if path.name().ends_with(".props") {
            props.entry(path.parent()).or_default().push(project);
        } else {
            projects.push((path, project));
        }
    }
    let mut packages = Vec::new();
    for (path, project) in projects {
        if locked.contains(path.parent()) {
            continue;
        }
        // The nearest file of each name wins in MSBuild; here the nearest statement wins.
        let above: Vec<&DotnetProject> =
            folders(path.parent()).filter_map(|folder| props.get(folder)).flatten().copied().collect();
        let shared = above.iter().flat_map(|props| &props.references);
        for reference in project.references.iter().chain(shared) {
            let stated = match reference.version.is_empty() {
                true => above.iter().find_map(|props| props.versions.get(&lower_case(&reference.name)[..])),
                false => Some(&reference.version),
            };
            let lookup = |name: &str| {
                std::iter::once(&project).chain(&above).find_map(|file| file.properties.get(name))
            };
            let Some(version) = stated.and_then(|text| lower_bound(&substitute(text, &lookup)?)) else {
                continue;
            };
            let location = Location::path((*path).clone());
            let mut package = Package::new(ID, reference.name.as_str(), version, location);
            package.scope = reference.scope;
            package.relation = Relation::Direct;
            packages.push(package);
        }
    }
    packages
}

/// A folder and all folders above it, ending with the root.
fn folders(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(parent, _)| parent))
    })
}

/// Replaces `$(Name)`; `None` when a property is unknown.
fn substitute<'p>(text: &str, lookup: &impl Fn(&str) -> Option<&'p String>) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..PROPERTY_DEPTH {
        let Some(start) = text.find("$(") else { return Some(text) };
        let end = start + text.get(start..)?.find(')')?;
        let value = lookup(text.get(start + 2..end)?)?;
        text.replace_range(start..=end, value);
        if text.len() > 4 * VALUE_BYTES {
            return None;
        }
    }
    None
}

/// The version NuGet installs for a requirement: its lower bound. `None` for floating or open ones.
fn lower_bound(requirement: &str) -> Option<String> {
    let inner = requirement.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
    let lower = inner.split(',').next()?.trim();
    let is_version = lower.starts_with(|c: char| c.is_ascii_digit()) && !lower.contains(['*', '$']);
    is_version.then(|| lower.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const PROJECT: &[u8] = br#"<Project Sdk="Microsoft.NET.Sdk">
      <PropertyGroup><SerilogVersion>2.12.0</SerilogVersion><Loop>$(Loop)</Loop></PropertyGroup>
      <ItemGroup>
        <PackageReference Include="Serilog" Version="$(SerilogVersion)" />
        <PackageReference Include="Central.Package" />
        <PackageReference Include="Analyzer"><Version>[1.2.0,2.0)</Version><PrivateAssets>all</PrivateAssets></PackageReference>
        <PackageReference Include="Floating" Version="1.*" />
        <PackageReference Include="Looping" Version="$(Loop)" />
        <PackageReference Include="Overridden" VersionOverride="3.0.0" />
      </ItemGroup></Project>"#;
    const PROPS: &[u8] = br#"<Project><PropertyGroup><Shared>4.5.6</Shared></PropertyGroup><ItemGroup>
        <PackageVersion Include="central.package" Version="$(Shared)" />
        <GlobalPackageReference Include="Everywhere" Version="1.0.0" PrivateAssets="All" /></ItemGroup></Project>"#;

    fn resolved(files: &[(&str, &[u8])]) -> String {
        let read: Vec<(TreePath, Found)> = files
            .iter()
            .map(|(path, bytes)| {
                let found = match path.ends_with("lock.json") {
                    true => read(&super::super::lock::PackagesLock, path, bytes),
                    false => read(&ProjectFile, path, bytes),
                };
                (TreePath::from_text(path).unwrap(), found)
            })
            .collect();
        let notes: Vec<_> =
            read.iter().flat_map(|(path, found)| found.notes.iter().map(move |note| (path, note))).collect();
        render(&Found { packages: resolve(&notes, &mut Vec::new()), ..Found::default() })
    }

    #[test]
    fn central_versions_come_from_the_folders_above() {
        let files = [("src/app/app.csproj", PROJECT), ("Directory.Packages.props", PROPS)];
        insta::assert_snapshot!(resolved(&files), @r#"
        NuGet Serilog 2.12.0 runtime/direct @src/app/app.csproj
        NuGet Central.Package 4.5.6 runtime/direct @src/app/app.csproj
        NuGet Analyzer 1.2.0 development/direct @src/app/app.csproj
        NuGet Overridden 3.0.0 runtime/direct @src/app/app.csproj
        NuGet Everywhere 1.0.0 development/direct @src/app/app.csproj
        "#);
    }

    #[test]
    fn a_lockfile_silences_the_project_file() {
        let lock: &[u8] = b"{\"dependencies\": {}}";
        assert_eq!(resolved(&[("a/app.csproj", PROJECT), ("a/packages.lock.json", lock)]), "");
    }

    #[test]
    fn entries_before_an_error_are_kept() {
        let end = PROJECT.len() / 2;
        let found = render(&read(&ProjectFile, "a.csproj", &[&PROJECT[..end], b"</nope>"].concat()));
        assert!(found.contains("Serilog") && found.contains("unread"), "{found}");
        let deep = format!("<Project>{}", "<a>".repeat(200_000));
        read(&ProjectFile, "a.csproj", deep.as_bytes());
    }
}
