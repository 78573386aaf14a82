//! Resources as discovered.

use super::{SqlStore, attributes, changes, homes, key, marks, tally};
use crate::StoreError;
use crate::database::{Row, Tx, args, to_json, write};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use yagura_model::{Changed, Home, Resource, ResourceDetails, ResourceId, ResourceKind, ScanReason};

/// Resources that are written at once.
const AT_ONCE: usize = 500;

/// A stored resource.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its number.
    pub no: i64,
    /// Its home's number.
    pub home_no: i64,
    /// As last seen.
    pub resource: Resource,
    /// True once it left the fleet.
    pub gone: bool,
}

impl SqlStore {
    pub(super) async fn write_resources(&self, batch: &[Resource], now: Timestamp) -> Result<(), StoreError> {
        for part in batch.chunks(AT_ONCE) {
            write!(self.database, |tx| { put(&mut tx, part, now).await? })?;
        }
        Ok(())
    }

    pub(super) async fn one_resource(&self, id: &ResourceId) -> Result<Option<Resource>, StoreError> {
        let mut tx = self.database.read().await?;
        let Some(no) = marks::resource_number(&mut tx, id).await? else { return Ok(None) };
        let row = tx.row("SELECT body FROM resource WHERE no = $1 AND gone_at IS NULL", args![no]).await?;
        row.map(|row| row.json(0, "resource")).transpose()
    }

    pub(super) async fn list_resources(
        &self,
        home: Option<&Home>,
        kind: Option<ResourceKind>,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<Resource>, StoreError> {
        let mut tx = self.database.read().await?;
        let number = |home: Option<&Home>, numbers: &HashMap<Home, i64>| {
            home.map(|home| numbers.get(home).copied().unwrap_or(i64::MAX))
        };
        let named: Vec<Home> = home.into_iter().chain(after.map(|id| &id.home)).cloned().collect();
        let numbers = homes::numbers(&mut tx, &named).await?;
        let rows = tx
            .rows(
                "SELECT body FROM resource WHERE gone_at IS NULL AND ($1 IS NULL OR home_no = $1) \
                 AND ($2 IS NULL OR kind = $2) AND ($3 IS NULL OR (home_no, kind, key) > ($3, $4, $5)) \
                 ORDER BY home_no, kind, key LIMIT $6",
                args![
                    number(home, &numbers),
                    kind.map(ResourceKind::as_str),
                    number(after.map(|id| &id.home), &numbers),
                    after.map(|id| id.kind.as_str()),
                    after.map(|id| key::key(&id.name)),
                    limit,
                ],
            )
            .await?;
        rows.iter().map(|row| row.json(0, "resource")).collect()
    }

    pub(super) async fn take_out(&self, ids: &[ResourceId], now: Timestamp) -> Result<(), StoreError> {
        for part in ids.chunks(AT_ONCE) {
            write!(self.database, |tx| {
                let stored: Vec<Stored> =
                    by_ids(&mut tx, part).await?.into_values().filter(|one| !one.gone).collect();
                let mut numbers: Vec<i64> = stored.iter().map(|one| one.no).collect();
                numbers.sort_unstable();
                tx.run("UPDATE resource SET gone_at = $2 WHERE no IN ANY($1)", args![numbers.clone(), now])
                    .await?;
                tx.run(
                    "UPDATE collected SET inventory_no = NULL, kernel = NULL, causes = NULL \
                     WHERE resource_no IN ANY($1)",
                    args![numbers.clone()],
                )
                .await?;
                marks::resources(&mut tx, &numbers).await?;
                // its coverage says so until its findings are gone.
                super::coverage::set_all(&mut tx, &numbers, ScanReason::ResourceTerminated, now).await?;
            })?;
        }
        Ok(())
    }
}

async fn put(tx: &mut Tx, batch: &[Resource], now: Timestamp) -> Result<(), StoreError> {
    // The last word on a resource counts.
    let batch: BTreeMap<&ResourceId, &Resource> = batch.iter().map(|one| (&one.id, one)).collect();
    let ids: Vec<ResourceId> = batch.keys().map(|id| (*id).clone()).collect();
    let mut known = by_ids(tx, &ids).await?;
    let mut homes = HashMap::new();
    let mut new = Vec::new();
    let mut attributes = Vec::new();
    let mut marked = Vec::new();
    let mut changes = Vec::new();
    for (id, resource) in &batch {
        let Some(old) = known.remove(*id) else {
            let home = match homes.get(&id.home) {
                Some(no) => *no,
                None => {
                    let no = homes::number(tx, &id.home).await?;
                    homes.insert(id.home.clone(), no);
                    no
                }
            };
            new.push((*resource, home));
            continue;
        };
        if old.resource == **resource && !old.gone {
            continue;
        }
        tx.run(
            "UPDATE resource SET body = $2, parent = $3, gone_at = NULL WHERE no = $1",
            args![old.no, to_json(*resource)?, parent(resource)],
        )
        .await?;
        let (before, after) = (attributes::of_resource(&old.resource), attributes::of_resource(resource));
        if before != after {
            tx.run("DELETE FROM resource_attribute WHERE resource_no = $1", args![old.no]).await?;
            attributes.push((old.no, after));
        }
        if parent(&old.resource) != parent(resource) {
            tally::move_resource(tx, &old, resource).await?;
        }
        if old.gone || judged(&old.resource) != judged(resource) {
            marked.push(old.no);
        }
        if !old.gone && old.resource.tags != resource.tags {
            changes.push((old.no, Changed::Tags));
        }
    }
    let numbers = insert(tx, &new).await?;
    for (resource, _) in &new {
        if let Some(no) = numbers.get(&resource.id) {
            attributes.push((*no, attributes::of_resource(resource)));
        }
    }
    attributes::insert(tx, attributes::Of::Resource, attributes).await?;
    marked.sort_unstable();
    marks::resources(tx, &marked).await?;
    changes::append(tx, now, changes).await
}

/// Inserts resources and answers their numbers. Another process may have been first; its row is then used, and the
/// next discovery corrects it.
async fn insert(tx: &mut Tx, new: &[(&Resource, i64)]) -> Result<HashMap<ResourceId, i64>, StoreError> {
    let mut rows = Vec::with_capacity(new.len());
    let mut by_key = HashMap::new();
    for (resource, home) in new {
        let key = key::key(&resource.id.name);
        rows.push(args![
            *home,
            resource.id.kind.as_str(),
            key.as_str(),
            to_json(*resource)?,
            parent(resource)
        ]);
        by_key.insert((*home, resource.id.kind.as_str(), key), &resource.id);
    }
    let answers = tx
        .insert(
            "INSERT INTO resource (home_no, kind, key, body, parent)",
            rows,
            "ON CONFLICT (home_no, kind, key) DO NOTHING RETURNING no, home_no, kind, key",
        )
        .await?;
    let mut numbers = HashMap::new();
    for row in answers {
        let kind = ResourceKind::from_word(row.text(2)?).map_or("", ResourceKind::as_str);
        if let Some(id) = by_key.get(&(row.int(1)?, kind, row.text(3)?.to_owned())) {
            numbers.insert((*id).clone(), row.int(0)?);
        }
    }
    Ok(numbers)
}

/// Stored resources by id, locked, in the order of their numbers so that nobody waits in a circle.
pub async fn by_ids(tx: &mut Tx, ids: &[ResourceId]) -> Result<HashMap<ResourceId, Stored>, StoreError> {
    let homes: Vec<Home> = ids.iter().map(|id| id.home.clone()).collect();
    let numbers = homes::numbers(tx, &homes).await?;
    let keys: Vec<String> = ids.iter().map(|id| key::key(&id.name)).collect();
    let mut of_homes: Vec<i64> = numbers.values().copied().collect();
    of_homes.sort_unstable();
    let mut kinds: Vec<String> = ids.iter().map(|id| id.kind.as_str().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    let rows = tx
        .rows(
            "SELECT no, home_no, body, gone_at FROM resource WHERE home_no IN ANY($1) AND kind IN ANY($2) \
             AND key IN ANY($3) ORDER BY no FOR UPDATE",
            args![of_homes, kinds, keys],
        )
        .await?;
    let wanted: std::collections::HashSet<&ResourceId> = ids.iter().collect();
    let mut found = HashMap::new();
    for row in &rows {
        let stored = stored(row)?;
        if wanted.contains(&stored.resource.id) {
            found.insert(stored.resource.id.clone(), stored);
        }
    }
    Ok(found)
}

/// Stored resources by number, locked, ascending.
pub async fn by_numbers(tx: &mut Tx, numbers: &[i64]) -> Result<Vec<Stored>, StoreError> {
    let rows = tx
        .rows(
            "SELECT no, home_no, body, gone_at FROM resource WHERE no IN ANY($1) ORDER BY no FOR UPDATE",
            args![numbers.to_vec()],
        )
        .await?;
    rows.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<Stored, StoreError> {
    Ok(Stored {
        no: row.int(0)?,
        home_no: row.int(1)?,
        resource: row.json(2, "resource")?,
        gone: row.int_or_none(3)?.is_some(),
    })
}

/// What groups of resources are called after: the repository of images, the machine image of instances, the
/// project of code.
pub fn parent(resource: &Resource) -> Option<&str> {
    match &resource.details {
        ResourceDetails::Instance(instance) => instance.machine_image.as_deref(),
        ResourceDetails::Image(image) => Some(&image.repository),
        ResourceDetails::CodeRepository(repository) => Some(&repository.project),
        ResourceDetails::ImageRepository(_)
        | ResourceDetails::Function(_)
        | ResourceDetails::MachineImage(_) => None,
    }
}

/// A resource without what moves by itself: when its agent was last heard of, when its use was last looked at. Its
/// row is judged again only when something else differs.
fn judged(resource: &Resource) -> Resource {
    let mut resource = resource.clone();
    match &mut resource.details {
        ResourceDetails::Instance(instance) => {
            if let Some(agent) = &mut instance.agent {
                agent.last_seen = None;
                agent.inventory_at = None;
            }
        }
        ResourceDetails::Image(image) => image.uses_seen_at = None,
        _ => {}
    }
    resource
}
