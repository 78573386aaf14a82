//! Advisories that changed, and facts about vulnerabilities.

use super::attributes::{self, Of};
use super::{SqlStore, inventories, key, marks, tally};
use crate::database::{Tx, args, to_json, write};
use crate::{AdvisoryChange, StoreError};
use std::collections::{BTreeMap, HashMap};
use yagura_findings::filter::exploit_known;
use yagura_model::Vulnerability;

/// Columns that are looked at in one transaction.
const AT_ONCE: usize = 200;

/// A stored vulnerability.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its number.
    pub no: i64,
    /// True when an exploit is known.
    pub exploitable: bool,
}

impl SqlStore {
    pub(super) async fn mark_columns(&self, batch: &[AdvisoryChange]) -> Result<usize, StoreError> {
        let mut marked = 0;
        for part in batch.chunks(AT_ONCE) {
            marked += write!(self.database, |tx| {
                let facts: Vec<&Vulnerability> = part.iter().filter_map(|one| one.facts.as_ref()).collect();
                update(&mut tx, &facts).await?;
                let mut columns = Vec::new();
                for change in part {
                    let packages: Vec<(String, String)> = change
                        .packages
                        .iter()
                        .map(|(ecosystem, name)| (ecosystem.to_string(), name.clone()))
                        .collect();
                    if concerns(&mut tx, change, &packages).await? {
                        columns.push((&change.vulnerability, packages));
                    }
                }
                let count = columns.len();
                if count > 0 {
                    marks::columns(&mut tx, columns).await?;
                }
                count
            })?;
        }
        Ok(marked)
    }

    pub(super) async fn write_facts(&self, facts: &[Vulnerability]) -> Result<(), StoreError> {
        for part in facts.chunks(AT_ONCE) {
            write!(self.database, |tx| {
                let facts: Vec<&Vulnerability> = part.iter().collect();
                update(&mut tx, &facts).await?;
            })?;
        }
        Ok(())
    }

    pub(super) async fn read_facts(&self, id: &str) -> Result<Option<Vulnerability>, StoreError> {
        let mut tx = self.database.read().await?;
        let row = tx
            .row("SELECT body FROM vulnerability WHERE id = $1 AND body IS NOT NULL", args![key::key(id)])
            .await?;
        row.map(|row| row.json(0, "vulnerability")).transpose()
    }
}

/// True when some inventory holds a package of the column, or a finding is in it.
async fn concerns(
    tx: &mut Tx,
    change: &AdvisoryChange,
    packages: &[(String, String)],
) -> Result<bool, StoreError> {
    for (ecosystem, name) in packages {
        let held = tx
            .row(
                "SELECT 1 FROM package_name n JOIN occurrence o ON o.package_no = n.package_no \
                 WHERE n.ecosystem = $1 AND n.name = $2 LIMIT 1",
                args![key::key(ecosystem), key::key(name)],
            )
            .await?;
        if held.is_some() {
            return Ok(true);
        }
    }
    let found = tx
        .row(
            "SELECT 1 FROM vulnerability v JOIN finding f ON f.vulnerability_no = v.no WHERE v.id = $1 LIMIT 1",
            args![key::key(change.vulnerability.as_str())],
        )
        .await?;
    Ok(found.is_some())
}

/// Writes newer facts of vulnerabilities that are known already.
async fn update(tx: &mut Tx, facts: &[&Vulnerability]) -> Result<(), StoreError> {
    write_all(tx, facts, &[], false).await?;
    Ok(())
}

/// Writes facts, and vulnerabilities without facts, and answers the numbers of all of them.
pub async fn ensure(
    tx: &mut Tx,
    facts: &[&Vulnerability],
    ids: &[String],
) -> Result<HashMap<String, Known>, StoreError> {
    write_all(tx, facts, ids, true).await
}

async fn write_all(
    tx: &mut Tx,
    facts: &[&Vulnerability],
    ids: &[String],
    insert: bool,
) -> Result<HashMap<String, Known>, StoreError> {
    let mut wanted: BTreeMap<String, Option<&Vulnerability>> =
        ids.iter().map(|id| (key::key(id), None)).collect();
    wanted.extend(facts.iter().map(|facts| (key::key(facts.id.as_str()), Some(*facts))));
    let rows = tx
        .rows(
            "SELECT id, no, exploitable, hash FROM vulnerability WHERE id IN ANY($1)",
            args![wanted.keys().cloned().collect::<Vec<_>>()],
        )
        .await?;
    let mut known = HashMap::new();
    let mut hashes = HashMap::new();
    for row in &rows {
        let id = row.text(0)?.to_owned();
        hashes.insert(id.clone(), row.text(3)?.to_owned());
        known.insert(id, Known { no: row.int(1)?, exploitable: row.int(2)? != 0 });
    }
    let mut new = Vec::new();
    let mut attributes = Vec::new();
    for (id, facts) in &wanted {
        let body = facts.map(to_json).transpose()?;
        let hash = body.as_ref().map(|body| key::digest(body.as_bytes())).unwrap_or_default();
        let exploitable = facts.is_some_and(exploit_known);
        match known.get_mut(id) {
            None if insert => new.push(args![id.as_str(), exploitable, hash, body]),
            None => {}
            // Nothing is said of it now, or nothing new.
            Some(_) if facts.is_none() || hashes.get(id) == Some(&hash) => {}
            Some(stored) => {
                tx.run(
                    "UPDATE vulnerability SET hash = $2, body = $3 WHERE no = $1",
                    args![stored.no, hash, body],
                )
                .await?;
                tx.run("DELETE FROM vulnerability_attribute WHERE vulnerability_no = $1", args![stored.no])
                    .await?;
                attributes.push((stored.no, attributes::of_vulnerability(*facts)));
                // Of two who say the same at once, one turns the counts.
                let turned = tx
                    .run(
                        "UPDATE vulnerability SET exploitable = $2 WHERE no = $1 AND exploitable <> $2",
                        args![stored.no, exploitable],
                    )
                    .await?;
                if turned > 0 {
                    tally::turn_exploitable(tx, stored.no, exploitable).await?;
                    stored.exploitable = exploitable;
                }
            }
        }
    }
    let answers = tx
        .insert(
            "INSERT INTO vulnerability (id, exploitable, hash, body)",
            new,
            "ON CONFLICT (id) DO UPDATE SET hash = vulnerability.hash RETURNING id, no, exploitable",
        )
        .await?;
    for row in &answers {
        let id = row.text(0)?.to_owned();
        let no = row.int(1)?;
        attributes.push((no, attributes::of_vulnerability(wanted.get(&id).copied().flatten())));
        known.insert(id, Known { no, exploitable: row.int(2)? != 0 });
    }
    attributes::insert(tx, Of::Vulnerability, attributes).await?;
    Ok(known)
}

/// The resources of a column: who holds one of these packages, and who has a finding of it.
pub async fn members(
    tx: &mut Tx,
    vulnerability: &str,
    packages: &HashMap<i64, yagura_model::Package>,
) -> Result<Vec<i64>, StoreError> {
    let numbers: Vec<i64> = packages.keys().copied().collect();
    let rows = tx
        .rows(
            "SELECT c.resource_no FROM collected c WHERE c.inventory_no IN \
             (SELECT inventory_no FROM occurrence WHERE package_no IN ANY($1)) \
             UNION SELECT f.resource_no FROM finding f JOIN vulnerability v ON v.no = f.vulnerability_no \
             WHERE v.id = $2 ORDER BY 1",
            args![numbers, key::key(vulnerability)],
        )
        .await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Packages that a column is about.
pub async fn packages(
    tx: &mut Tx,
    names: &[(String, String)],
) -> Result<HashMap<i64, yagura_model::Package>, StoreError> {
    inventories::named(tx, names).await
}
