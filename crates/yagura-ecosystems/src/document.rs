//! Documents that are read loosely: a field of an unexpected type counts as absent, so that one odd entry
//! does not hide the rest of a file.

use crate::Found;
use crate::lenient::json_error;
use serde_json::Value;
use std::collections::BTreeMap;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Relation};

/// The whole file as JSON; a byte order mark is skipped.
pub(crate) fn json(file: &File<'_>) -> Result<Value, ReadError> {
    serde_json::from_str(&file.text()?).map_err(|error| json_error(file.path, &error))
}

/// The text of a field; empty when it is absent or not a text.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of an array field, or of a field that holds one text.
pub(crate) fn texts<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    match value.get(key) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text],
        _ => Vec::new(),
    }
}

/// The elements of an array field.
pub(crate) fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of an object field, sorted by key.
pub(crate) fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// The packages of one file, each name and version once, in the order in which they came.
pub(crate) struct Packages<'f> {
    ecosystem: &'static str,
    file: &'f File<'f>,
    list: Vec<Package>,
    index: BTreeMap<(String, String), usize>,
}

impl<'f> Packages<'f> {
    /// No packages yet.
    pub fn new(ecosystem: &'static str, file: &'f File<'f>) -> Self {
        Self { ecosystem, file, list: Vec::new(), index: BTreeMap::new() }
    }

    /// The package of a name and version, new or known; `None` when either is empty.
    pub fn add(&mut self, name: &str, version: &str) -> Option<&mut Package> {
        if name.is_empty() || version.is_empty() {
            return None;
        }
        let next = self.list.len();
        let at = *self.index.entry((name.to_owned(), version.to_owned())).or_insert(next);
        if at == next {
            let location = Location::path(self.file.path.clone());
            self.list.push(Package::new(self.ecosystem, name, version, location));
        }
        self.list.get_mut(at)
    }

    /// Says for every package whether the project asked for it.
    pub fn relate(&mut self, is_direct: impl Fn(&Package) -> bool) {
        for package in &mut self.list {
            package.relation = if is_direct(package) { Relation::Direct } else { Relation::Transitive };
        }
    }

    /// Hands the packages over. Edges are sorted, and those to packages that the file does not hold are dropped.
    pub fn finish(mut self, found: &mut Found) {
        let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, _) in self.index.keys() {
            *versions.entry(name).or_default() += 1;
        }
        for package in &mut self.list {
            for edge in &mut package.depends_on {
                // Callers may say `name@version`; the version stays only where the name alone is ambiguous.
                if let Some((name, version)) = edge.rsplit_once('@')
                    && !version.is_empty()
                    && versions.get(name) == Some(&1)
                {
                    *edge = name.to_owned();
                }
            }
            let known = |edge: &String| {
                versions.contains_key(edge.as_str())
                    || edge.rsplit_once('@').is_some_and(|(name, _)| versions.contains_key(name))
            };
            package.depends_on.retain(known);
            package.depends_on.sort_unstable();
            package.depends_on.dedup();
        }
        found.packages.append(&mut self.list);
    }
}
