//! `pom.xml` (<https://maven.apache.org/pom.html>): what a Maven project asks for.
//!
//! Versions may come from properties, parents and imported lists of versions; those that are in the tree are
//! joined by [`resolve`]. A version that only a repository could tell is reported as unread, never guessed.
//! Left out: profiles, plugins and their dependencies, and what dependencies need themselves. The project's own
//! coordinates are not a package. Entities of a DTD are not expanded.

use super::ID;
use super::identity::Coordinates;
use crate::found::{PomDependency, PomParent, PomProject};
use crate::{Cataloger, Found, Note};
use quick_xml::events::Event;
use std::borrow::Cow;
use std::collections::HashMap;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Relation, Scope, TreePath, Unread, UnreadReason};

/// Parents above parents, imports of imports, properties of properties: real projects stay far below.
const DEPTH: usize = 32;

/// Projects whose lists of versions are searched for one project.
const LAYERS: usize = 256;

/// Entries of one artifact name in one list of versions.
const CANDIDATES: usize = 64;

/// Longer values are no names or versions.
const VALUE_BYTES: usize = 512;

/// Reads one project.
pub(super) struct Pom;

impl Cataloger for Pom {
    fn id(&self) -> &'static str {
        "maven/pom"
    }

    fn files(&self) -> &'static [&'static str] {
        &["pom.xml", "*.pom"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut project = PomProject::default();
        let outcome = parse(&text, &mut project);
        if project != PomProject::default() {
            found.notes.push(Note::Pom(project));
        }
        outcome.map_err(|error| ReadError::malformed(file.path, error.to_string()))
    }
}

/// The coordinates of a `pom.xml` inside an archive, where it tells them without properties.
pub(super) fn own_coordinates(bytes: &[u8]) -> Option<Coordinates> {
    let mut project = PomProject::default();
    // What came before an error is as good as the rest.
    let _ = parse(&String::from_utf8_lossy(bytes), &mut project);
    let parent = project.parent.as_ref();
    let plain = |own: &str, inherited: Option<&String>| {
        let value = if own.is_empty() { inherited?.as_str() } else { own };
        (!value.is_empty() && !value.contains("${")).then(|| value.to_owned())
    };
    Some(Coordinates {
        group: Some(plain(&project.group, parent.map(|parent| &parent.group))?),
        artifact: plain(&project.artifact, None)?,
        version: plain(&project.version, parent.map(|parent| &parent.version))?,
    })
}

fn parse(text: &str, project: &mut PomProject) -> Result<(), quick_xml::Error> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open: Vec<String> = Vec::new();
    let mut pending = PomDependency::default();
    let mut value = String::new();
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                value.clear();
                open.push(tag.local_name().as_ref().to_owned());
            }
            // An empty `relativePath` says that the parent is not in the tree.
            Event::Empty(tag) if tag.local_name().as_ref() == "relativePath" && open.len() == 2 => {
                project.parent.get_or_insert_default().relative_path = Some(String::new());
            }
            Event::Text(text) if value.len() <= VALUE_BYTES => value.push_str(&text),
            Event::End(_) => {
                close(&open, value.trim(), &mut pending, project);
                open.pop();
                value.clear();
            }
            // Not expanded: nobody knows what the DTD says. Read as a property that nobody sets.
            Event::GeneralRef(entity) if value.len() <= VALUE_BYTES => {
                match entity.resolve_char_ref()?.or_else(|| predefined(&entity)) {
                    Some(character) => value.push(character),
                    None => value.extend(["${&", &entity, ";}"]),
                }
            }
            Event::Eof => {
                return match open.last() {
                    Some(name) => Err(quick_xml::errors::IllFormedError::MissingEndTag(name.clone()).into()),
                    None => Ok(()),
                };
            }
            _ => {}
        }
    }
}

fn predefined(entity: &str) -> Option<char> {
    quick_xml::escape::resolve_xml_entity(entity)?.chars().next()
}

/// Handles the end of the innermost of the `open` elements.
fn close(open: &[String], value: &str, pending: &mut PomDependency, project: &mut PomProject) {
    // Elements of other places are deeper than any of these.
    if open.len() > 5 || value.len() > VALUE_BYTES {
        return;
    }
    let path: Vec<&str> = open.iter().map(String::as_str).collect();
    match *path.as_slice() {
        ["project", "groupId"] => project.group = value.to_owned(),
        ["project", "artifactId"] => project.artifact = value.to_owned(),
        ["project", "version"] => project.version = value.to_owned(),
        ["project", "parent", field] => {
            let parent: &mut PomParent = project.parent.get_or_insert_default();
            match field {
                "groupId" => parent.group = value.to_owned(),
                "artifactId" => parent.artifact = value.to_owned(),
                "version" => parent.version = value.to_owned(),
                "relativePath" => parent.relative_path = Some(value.to_owned()),
                _ => {}
            }
        }
        ["project", "properties", name] => {
            project.properties.insert(name.to_owned(), value.to_owned());
        }
        ["project", "dependencies", "dependency"] => project.dependencies.push(std::mem::take(pending)),
        ["project", "dependencyManagement", "dependencies", "dependency"] => {
            project.managed.push(std::mem::take(pending));
        }
        ["project", "dependencies", "dependency", field]
        | ["project", "dependencyManagement", "dependencies", "dependency", field] => match field {
            "groupId" => pending.group = value.to_owned(),
            "artifactId" => pending.artifact = value.to_owned(),
            "version" => pending.version = value.to_owned(),
            "scope" => pending.scope = value.to_owned(),
            "optional" => pending.optional = value == "true",
            _ => {}
        },
        _ => {}
    }
}

/// All projects of a tree.
struct Projects<'a> {
    list: Vec<(&'a TreePath, &'a PomProject)>,
    by_path: HashMap<&'a str, usize>,
    by_name: HashMap<(&'a str, &'a str), usize>,
    /// Managed versions of each project by artifact as written.
    managed: Vec<HashMap<&'a str, Vec<&'a PomDependency>>>,
}

/// Joins projects with their parents and imported lists of versions.
pub(super) fn resolve(notes: &[(&TreePath, &Note)], unread: &mut Vec<Unread>) -> Vec<Package> {
    let list: Vec<(&TreePath, &PomProject)> = notes
        .iter()
        .filter_map(|(path, note)| match note {
            Note::Pom(project) => Some((*path, project)),
            _ => None,
        })
        .collect();
    let projects = Projects::new(list);
    let mut packages = Vec::new();
    for number in 0..projects.list.len() {
        projects.resolve(number, &mut packages, unread);
    }
    packages
}

impl<'a> Projects<'a> {
    fn new(list: Vec<(&'a TreePath, &'a PomProject)>) -> Self {
        let mut by_path = HashMap::new();
        let mut by_name = HashMap::new();
        let mut managed = Vec::with_capacity(list.len());
        for (number, (path, project)) in list.iter().enumerate() {
            by_path.insert(path.as_str(), number);
            let inherited = project.parent.as_ref().map_or("", |parent| parent.group.as_str());
            let group = if project.group.is_empty() { inherited } else { project.group.as_str() };
            by_name.entry((group, project.artifact.as_str())).or_insert(number);
            let mut index: HashMap<&str, Vec<&PomDependency>> = HashMap::new();
            for entry in &project.managed {
                let entries = index.entry(entry.artifact.as_str()).or_default();
                if entries.len() < CANDIDATES {
                    entries.push(entry);
                }
            }
            managed.push(index);
        }
        Self { list, by_path, by_name, managed }
    }

    /// A project and its parents in the tree, nearest first.
    fn chain(&self, number: usize) -> Vec<usize> {
        let mut chain = vec![number];
        let mut at = number;
        while chain.len() < DEPTH {
            let Some(parent) = self.parent(at).filter(|parent| !chain.contains(parent)) else { break };
            chain.push(parent);
            at = parent;
        }
        chain
    }

    fn parent(&self, number: usize) -> Option<usize> {
        let (path, project) = self.list.get(number)?;
        let parent = project.parent.as_ref()?;
        let relative = parent.relative_path.as_deref().unwrap_or("../pom.xml");
        let beside = || {
            if relative.is_empty() {
                return None;
            }
            let target = TreePath::from_text(&format!("{}/{relative}", path.parent()))?;
            let number = self.by_path.get(target.as_str()).copied();
            number.or_else(|| self.by_path.get(target.join("pom.xml")?.as_str()).copied())
        };
        beside()
            .filter(|&number| {
                self.list.get(number).is_some_and(|(_, other)| other.artifact == parent.artifact)
            })
            .or_else(|| self.by_name.get(&(parent.group.as_str(), parent.artifact.as_str())).copied())
    }

    /// Chains whose managed versions count for a project: its own, then those of imports.
    fn layers(&self, number: usize) -> Vec<Vec<usize>> {
        let mut layers = vec![self.chain(number)];
        let mut next = 0;
        while next < layers.len() && layers.len() < LAYERS {
            let chain = layers.get(next).cloned().unwrap_or_default();
            next += 1;
            let imports = chain
                .iter()
                .filter_map(|&number| self.list.get(number))
                .flat_map(|(_, project)| project.managed.iter().filter(|entry| entry.scope == "import"))
                .take(LAYERS);
            for import in imports {
                let (Some(group), Some(artifact)) =
                    (self.fill(&chain, &import.group), self.fill(&chain, &import.artifact))
                else {
                    continue;
                };
                let Some(&target) = self.by_name.get(&(group.as_ref(), artifact.as_ref())) else { continue };
                if layers.len() < LAYERS && layers.iter().all(|chain| chain.first() != Some(&target)) {
                    layers.push(self.chain(target));
                }
            }
        }
        layers
    }

    fn resolve(&self, number: usize, packages: &mut Vec<Package>, unread: &mut Vec<Unread>) {
        let Some(&(path, project)) = self.list.get(number) else { return };
        if project.dependencies.is_empty() {
            return;
        }
        let layers = self.layers(number);
        let chain = layers.first().map_or(&[][..], Vec::as_slice);
        let mut unknown = Vec::new();
        for dependency in &project.dependencies {
            let (Some(group), Some(artifact)) =
                (self.fill(chain, &dependency.group), self.fill(chain, &dependency.artifact))
            else {
                unknown.push(format!("{}:{}", dependency.group, dependency.artifact));
                continue;
            };
            let managed = self.managed(&layers, &group, &artifact);
            let version = match dependency.version.is_empty() {
                false => self.fill(chain, &dependency.version),
                true => managed.and_then(|(context, entry)| self.fill(context, &entry.version)),
            };
            let Some(version) = version.as_deref().and_then(exact) else {
                unknown.push(format!("{group}:{artifact}"));
                continue;
            };
            let location = Location::path(path.clone());
            let mut package = Package::new(ID, format!("{group}:{artifact}"), version, location);
            package.relation = Relation::Direct;
            let stated = match dependency.scope.is_empty() {
                true => managed.map_or("", |(_, entry)| entry.scope.as_str()),
                false => dependency.scope.as_str(),
            };
            package.scope = match stated {
                "test" | "provided" => Scope::Development,
                _ if dependency.optional => Scope::Optional,
                _ => Scope::Runtime,
            };
            packages.push(package);
        }
        if !unknown.is_empty() {
            let more = if unknown.len() > 5 { ", …" } else { "" };
            let names = unknown.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            let detail =
                format!("{} dependencies have no version in this tree: {names}{more}", unknown.len());
            unread.push(Unread { path: path.clone(), reason: UnreadReason::NoLockfile, detail });
        }
    }

    /// The nearest managed entry and the chain in which its properties count.
    fn managed<'l>(
        &self,
        layers: &'l [Vec<usize>],
        group: &str,
        artifact: &str,
    ) -> Option<(&'l [usize], &'a PomDependency)> {
        layers.iter().find_map(|chain| {
            let entries =
                chain.iter().filter_map(|&number| self.managed.get(number)?.get(artifact)).flatten();
            entries
                .filter(|entry| entry.scope != "import")
                .find(|entry| self.fill(chain, &entry.group).as_deref() == Some(group))
                .map(|entry| (chain.as_slice(), *entry))
        })
    }

    /// Replaces `${name}`; `None` when a property is unknown or refers to itself.
    fn fill<'t>(&self, chain: &[usize], text: &'t str) -> Option<Cow<'t, str>> {
        if !text.contains("${") {
            return (!text.is_empty()).then_some(Cow::Borrowed(text));
        }
        let mut text = text.to_owned();
        for _ in 0..DEPTH {
            let Some(start) = text.find("${") else { return Some(Cow::Owned(text)) };
            let end = start + text.get(start..)?.find('}')?;
            let value = self.property(chain, text.get(start + 2..end)?)?;
            text.replace_range(start..=end, value);
            if text.len() > 4 * VALUE_BYTES {
                return None;
            }
        }
        None
    }

    fn property(&self, chain: &[usize], name: &str) -> Option<&'a str> {
        let mut projects =
            chain.iter().filter_map(|&number| self.list.get(number)).map(|(_, project)| *project);
        if let Some(value) = projects.clone().find_map(|project| project.properties.get(name)) {
            return Some(value);
        }
        let own = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")).unwrap_or(name);
        let parent = |project: &'a PomProject| project.parent.as_ref();
        let value = match own {
            "artifactId" => projects.next()?.artifact.as_str(),
            "parent.version" => parent(projects.next()?)?.version.as_str(),
            "parent.groupId" => parent(projects.next()?)?.group.as_str(),
            "version" => projects.find_map(|project| {
                let inherited = parent(project).map_or("", |parent| parent.version.as_str());
                [project.version.as_str(), inherited].into_iter().find(|text| !text.is_empty())
            })?,
            "groupId" => projects.find_map(|project| {
                let inherited = parent(project).map_or("", |parent| parent.group.as_str());
                [project.group.as_str(), inherited].into_iter().find(|text| !text.is_empty())
            })?,
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    }
}

/// A single version; `[1.0]` means exactly that one. `None` for ranges and words like `LATEST`.
fn exact(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).trim();
    let is_version = !inner.is_empty()
        && !inner.contains(['[', ']', '(', ')', ',', '$', ' '])
        && !matches!(inner, "LATEST" | "RELEASE");
    is_version.then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    fn resolved(files: &[(&str, &str)]) -> String {
        let read: Vec<(TreePath, Found)> = files
            .iter()
            .map(|(path, text)| (TreePath::from_text(path).unwrap(), read(&Pom, path, text.as_bytes())))
            .collect();
        let notes: Vec<_> =
            read.iter().flat_map(|(path, found)| found.notes.iter().map(move |note| (path, note))).collect();
        let mut unread = Vec::new();
        let packages = resolve(&notes, &mut unread);
        render(&Found { packages, unread, notes: Vec::new() })
    }

    const PARENT: &str = "<project><groupId>org.example</groupId><artifactId>parent</artifactId><version>1.0</version>
        <properties><jackson>2.15.2</jackson></properties>
        <dependencyManagement><dependencies>
        <dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId><version>${jackson}</version></dependency>
        <dependency><groupId>${project.groupId}</groupId><artifactId>bom</artifactId><version>1</version><type>pom</type><scope>import</scope></dependency>
        </dependencies></dependencyManagement></project>";
    const CHILD: &str = "<project><parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>1.0</version></parent>
        <artifactId>child</artifactId>
        <properties><jackson>2.16.0</jackson><loop>${pool}</loop><pool>${loop}</pool></properties>
        <dependencies>
        <dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId>
          <exclusions><exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion></exclusions></dependency>
        <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13</version><scope>test</scope></dependency>
        <dependency><groupId>${project.groupId}</groupId><artifactId>sibling</artifactId><version>${project.version}</version><optional>true</optional></dependency>
        <dependency><groupId>from</groupId><artifactId>bom</artifactId></dependency>
        <dependency><groupId>from</groupId><artifactId>nowhere</artifactId></dependency>
        <dependency><groupId>a</groupId><artifactId>loop</artifactId><version>${loop}</version></dependency>
        <dependency><groupId>a</groupId><artifactId>range</artifactId><version>[1,2)</version></dependency>
        <dependency><groupId>a</groupId><artifactId>pinned</artifactId><version>[1.5]</version></dependency>
        </dependencies></project>";
    const BOM: &str = "<project><groupId>org.example</groupId><artifactId>bom</artifactId><version>1</version>
        <dependencyManagement><dependencies>
        <dependency><groupId>from</groupId><artifactId>bom</artifactId><version>7</version><scope>provided</scope></dependency>
        </dependencies></dependencyManagement></project>";

    #[test]
    fn parents_properties_and_imports_in_the_tree_are_joined() {
        let files = [("pom.xml", PARENT), ("child/pom.xml", CHILD), ("bom/pom.xml", BOM)];
        insta::assert_snapshot!(resolved(&files), @r"
        Maven com.fasterxml.jackson.core:jackson-databind 2.16.0 runtime/direct @child/pom.xml
        Maven junit:junit 4.13 development/direct @child/pom.xml
        Maven org.example:sibling 1.0 optional/direct @child/pom.xml
        Maven from:bom 7 development/direct @child/pom.xml
        Maven a:pinned 1.5 runtime/direct @child/pom.xml
        unread child/pom.xml NoLockfile 3 dependencies have no version in this tree: from:nowhere, a:loop, a:range
        ");
    }

    #[test]
    fn parents_in_a_circle_end() {
        let pom = |own: &str, parent: &str| {
            format!(
                "<project><parent><groupId>g</groupId><artifactId>{parent}</artifactId><version>1</version>\
                 <relativePath>../{parent}</relativePath></parent><artifactId>{own}</artifactId>\
                 <dependencies><dependency><groupId>x</groupId><artifactId>y</artifactId>\
                 <version>${{nowhere}}</version></dependency></dependencies></project>"
            )
        };
        let text = resolved(&[("a/pom.xml", &pom("a", "b")), ("b/pom.xml", &pom("b", "a"))]);
        assert_eq!(text.matches("unread").count(), 2);
    }

    #[test]
    fn entities_are_not_expanded_and_truncation_keeps_the_start() {
        let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>\
            <project><version>&b;</version><artifactId>x</artifactId></project>";
        assert!(render(&read(&Pom, "pom.xml", bomb.as_bytes())).len() < 400);
        for end in 0..CHILD.len() {
            read(&Pom, "pom.xml", &CHILD.as_bytes()[..end]);
        }
    }
}
