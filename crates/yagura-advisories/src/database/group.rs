//! Which ids are one vulnerability.
//!
//! - An advisory with exactly one CVE among its id and aliases joins that CVE, and so do its other aliases.
//! - Advisories without a CVE that alias each other are one; if exactly one CVE is known for any of them, they
//!   all join it. Otherwise they are represented by the first id in [`PREFERENCE`], then in text order.
//! - An advisory with several CVEs (errata, some Go and GitHub records) speaks of each separately and joins
//!   none: two CVEs are never merged.
//! - What an advisory says of its own id counts more than what others say of it.

use std::collections::BTreeMap;

/// Prefixes of ids, best first, for vulnerabilities without a CVE. Malicious packages keep the id that says so
///
const PREFERENCE: &[&str] =
    &["CVE-", "MAL-", "GHSA-", "PYSEC-", "RUSTSEC-", "GO-", "RSEC-", "JLSEC-", "OSV-"];

/// What grouping needs to know of an advisory.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// The advisory's id.
    pub id: &'a str,
    /// Ids of the same vulnerability.
    pub aliases: Vec<&'a str>,
    /// Ids of what it fixes.
    pub upstream: Vec<&'a str>,
}

impl<'a> Claim<'a> {
    /// The ids of the vulnerability it is about: its own and the aliases.
    pub fn same(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.id).chain(self.aliases.iter().copied())
    }

    fn cves(&self) -> Vec<&'a str> {
        let mut cves: Vec<&str> = self.same().filter(|id| is_cve(id)).collect();
        cves.sort_unstable();
        cves.dedup();
        cves
    }
}

/// Representatives of ids.
#[derive(Debug, Default)]
pub struct Groups<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Groups<'a> {
    /// Groups by what all advisories claim. The order of claims does not matter.
    pub fn new(claims: impl Iterator<Item = Claim<'a>> + Clone) -> Self {
        let mut own: BTreeMap<&str, &str> = BTreeMap::new();
        let mut told: BTreeMap<&str, &str> = BTreeMap::new();
        let mut several: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
        for claim in claims.clone() {
            match claim.cves().as_slice() {
                [] => {}
                [cve] => {
                    for id in claim.same().filter(|id| !is_cve(id)) {
                        let map = if id == claim.id { &mut own } else { &mut told };
                        let entry = map.entry(id).or_insert(cve);
                        *entry = (*entry).min(cve);
                    }
                }
                _ => {
                    several.insert(claim.id);
                }
            }
        }
        let cve_of = |id: &str| {
            let told = told.get(id).filter(|_| !several.contains(id));
            own.get(id).or(told).copied()
        };
        let mut sets = Sets::default();
        for claim in claims.filter(|claim| claim.cves().is_empty()) {
            let first = sets.member(claim.id);
            for alias in claim.aliases.iter().filter(|alias| !several.contains(*alias)) {
                let other = sets.member(alias);
                sets.join(first, other);
            }
        }
        let mut representatives = BTreeMap::new();
        for members in sets.groups() {
            let mut cves: Vec<&str> = members.iter().filter_map(|id| cve_of(id)).collect();
            cves.sort_unstable();
            cves.dedup();
            let best = members.iter().copied().filter(|id| cve_of(id).is_none()).min_by_key(preference);
            let shared = if let [cve] = cves.as_slice() { Some(*cve) } else { best };
            for id in members {
                if let Some(representative) = cve_of(id).or(shared) {
                    representatives.insert(id, representative);
                }
            }
        }
        for id in own.keys().chain(told.keys()).filter(|id| cve_of(id).is_some()) {
            if let Some(cve) = cve_of(id) {
                representatives.entry(id).or_insert(cve);
            }
        }
        Self(representatives)
    }

    /// The representative of an id: itself when nothing was claimed.
    pub fn representative<'b>(&self, id: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.0.get(id).copied().unwrap_or(id)
    }

    /// The vulnerabilities that an advisory speaks of, sorted.
    pub fn vulnerabilities(&self, claim: &Claim<'a>) -> Vec<&'a str> {
        let mut cves = claim.cves();
        cves.extend(claim.upstream.iter().copied().filter(|id| is_cve(id)));
        if cves.is_empty() {
            if claim.upstream.is_empty() {
                cves.push(self.representative(claim.id));
            } else {
                cves.extend(claim.upstream.iter().map(|id| self.representative(id)));
            }
        }
        cves.sort_unstable();
        cves.dedup();
        cves
    }
}

/// True for CVE ids.
pub fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

fn preference<'a>(id: &&'a str) -> (usize, &'a str) {
    let rank = PREFERENCE.iter().position(|prefix| id.starts_with(prefix)).unwrap_or(PREFERENCE.len());
    (rank, id)
}

/// Disjoint sets with path halving.
#[derive(Debug, Default)]
struct Sets<'a> {
    index: BTreeMap<&'a str, usize>,
    parents: Vec<usize>,
}

impl<'a> Sets<'a> {
    fn member(&mut self, id: &'a str) -> usize {
        *self.index.entry(id).or_insert_with(|| {
            self.parents.push(self.parents.len());
            self.parents.len() - 1
        })
    }

    fn root(&mut self, mut member: usize) -> usize {
        while let Some(parent) = self.parents.get(member).copied().filter(|parent| *parent != member) {
            let grandparent = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(member) {
                *slot = grandparent;
            }
            member = grandparent;
        }
        member
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        // The smaller index wins, which keeps chains short enough: ids arrive in advisory order.
        if let Some(slot) = self.parents.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }

    fn groups(mut self) -> Vec<Vec<&'a str>> {
        let mut groups: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (id, member) in std::mem::take(&mut self.index) {
            groups.entry(self.root(member)).or_default().push(id);
        }
        groups.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(claims: &[(&str, &[&str], &[&str])]) -> Vec<String> {
        let claims: Vec<Claim<'_>> = claims
            .iter()
            .map(|(id, aliases, upstream)| Claim {
                id,
                aliases: aliases.to_vec(),
                upstream: upstream.to_vec(),
            })
            .collect();
        let groups = Groups::new(claims.iter().cloned());
        claims
            .iter()
            .map(|claim| format!("{} {}", claim.id, groups.vulnerabilities(claim).join(",")))
            .collect()
    }

    #[test]
    fn r225_the_cve_is_the_id_when_one_exists() {
        assert_eq!(
            groups(&[
                ("GHSA-1", &["CVE-1"], &[]),
                ("PYSEC-1", &["GHSA-1"], &[]),
                ("RUSTSEC-1", &[], &[]),
                ("DSA-1", &[], &["CVE-1", "CVE-2"]),
            ]),
            ["GHSA-1 CVE-1", "PYSEC-1 CVE-1", "RUSTSEC-1 RUSTSEC-1", "DSA-1 CVE-1,CVE-2"]
        );
    }

    #[test]
    fn two_cves_are_never_merged() {
        assert_eq!(
            groups(&[
                ("GO-1", &["CVE-1", "CVE-2", "GHSA-1"], &[]),
                ("GHSA-1", &["CVE-2"], &[]),
                ("PYSEC-1", &["CVE-1", "GHSA-1"], &[]),
                ("X-1", &["PYSEC-1", "GHSA-1"], &[]),
            ]),
            ["GO-1 CVE-1,CVE-2", "GHSA-1 CVE-2", "PYSEC-1 CVE-1", "X-1 X-1"]
        );
    }

    #[test]
    fn without_a_cve_the_preferred_id_represents() {
        assert_eq!(
            groups(&[
                ("RUSTSEC-1", &["GHSA-2"], &[]),
                ("GO-1", &["RUSTSEC-1"], &[]),
                ("ALAS-1", &[], &["GO-1"])
            ]),
            ["RUSTSEC-1 GHSA-2", "GO-1 GHSA-2", "ALAS-1 GHSA-2"]
        );
        assert_eq!(
            groups(&[("MAL-1", &["GHSA-1"], &[]), ("GHSA-1", &[], &[])]),
            ["MAL-1 MAL-1", "GHSA-1 MAL-1"]
        );
    }
}
