//! What refers to what among the resources of one template or module.

use super::Resource;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// How often resources may be looked at through others, for each resource and on top: a hub that everything refers to
/// would otherwise make the cost quadratic.
const MOST_LOOKS: (usize, usize) = (2_000, 100_000);

/// The resources that can refer to each other: one template, or one directory of Terraform files with its modules.
#[derive(Debug)]
pub struct View<'a> {
    resources: &'a [Resource],
    /// Places of the resources of each address: instances of a block share theirs.
    places: BTreeMap<&'a str, Vec<usize>>,
    /// Addresses that an address refers to, or that refer to it.
    neighbours: BTreeMap<&'a str, BTreeSet<&'a str>>,
    looks: Cell<usize>,
}

impl<'a> View<'a> {
    /// Indexes the references.
    pub fn new(resources: &'a [Resource]) -> Self {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut named: BTreeMap<&str, &str> = BTreeMap::new();
        for (place, resource) in resources.iter().enumerate() {
            places.entry(&resource.address).or_default().push(place);
            // Templates refer by the bare name, which is unique in them.
            if resource.kind.contains("::") {
                named.entry(&resource.name).or_insert(&resource.address);
            }
        }
        let mut neighbours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut names = Vec::new();
        for resource in resources {
            names.clear();
            resource.properties.references(&mut names);
            for name in &names {
                let known = places.get_key_value(name.as_str()).map(|(address, _)| *address);
                let Some(other) = known.or_else(|| named.get(name.as_str()).copied()) else { continue };
                if other != resource.address {
                    neighbours.entry(&resource.address).or_default().insert(other);
                    neighbours.entry(other).or_default().insert(&resource.address);
                }
            }
        }
        let (each, more) = MOST_LOOKS;
        let looks = Cell::new(resources.len().saturating_mul(each).saturating_add(more));
        Self { resources, places, neighbours, looks }
    }

    /// The resources that this one refers to, or that refer to it; `None` when too much was looked at.
    pub fn joined(&self, resource: &Resource) -> Option<impl Iterator<Item = &'a Resource>> {
        let addresses = self.neighbours.get(resource.address.as_str());
        let found: Vec<&'a Resource> = addresses
            .into_iter()
            .flatten()
            .filter_map(|address| self.places.get(address))
            .flatten()
            .take(self.looks.get().saturating_add(1))
            .filter_map(|place| self.resources.get(*place))
            .collect();
        let left = self.looks.get().checked_sub(found.len())?;
        self.looks.set(left);
        Some(found.into_iter())
    }
}
