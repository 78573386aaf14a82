//! Inventories and packages, each stored once.

use super::{SqlStore, homes, key};
use crate::StoreError;
use crate::database::{Tx, args, from_json, to_json};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use yagura_findings::names;
use yagura_model::{Home, Inventory, Package, ResourceId};

/// Held by those that refer to inventories and packages, shared; and by those that remove them.
pub const SHARED: &str = "SELECT pg_advisory_xact_lock_shared(7120133)";
/// The other side of [`SHARED`]; false while somebody holds it.
pub const EXCLUSIVE: &str = "SELECT pg_try_advisory_xact_lock(7120133)";

/// Inventories that a cache holds.
const CACHED: usize = 32;

/// Whole inventories by the digest of their content, which never changes.
#[derive(Debug, Default)]
pub struct Cache(Mutex<HashMap<String, Arc<Inventory>>>);

impl Cache {
    /// A whole inventory.
    pub async fn whole(&self, tx: &mut Tx, no: i64) -> Result<Arc<Inventory>, StoreError> {
        let row = tx.row("SELECT hash FROM inventory WHERE no = $1", args![no]).await?;
        let Some(hash) = row.as_ref().map(|row| row.text(0)).transpose()? else {
            return Ok(Arc::new(whole(tx, no).await?));
        };
        if let Some(found) = self.held().get(hash) {
            return Ok(found.clone());
        }
        let inventory = Arc::new(whole(tx, no).await?);
        let mut held = self.held();
        if held.len() >= CACHED {
            held.clear();
        }
        held.insert(hash.to_owned(), inventory.clone());
        Ok(inventory)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Arc<Inventory>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers of an inventory's packages.
pub struct Numbers {
    /// Everything but the packages.
    pub head: Inventory,
    /// Its packages, in order.
    pub packages: Vec<i64>,
}

impl SqlStore {
    pub(super) async fn one_inventory(&self, resource: &ResourceId) -> Result<Option<Inventory>, StoreError> {
        let mut tx = self.database.read().await?;
        let Some(no) = super::marks::resource_number(&mut tx, resource).await? else { return Ok(None) };
        let row = tx
            .row(
                "SELECT inventory_no FROM collected WHERE resource_no = $1 AND scan = 0 \
                 AND inventory_no IS NOT NULL",
                args![no],
            )
            .await?;
        match row {
            Some(row) => Ok(Some(whole(&mut tx, row.int(0)?).await?)),
            None => Ok(None),
        }
    }

    pub(super) async fn list_holders(
        &self,
        homes: &[Home],
        ecosystem: Option<&str>,
        name: &str,
        limit: usize,
    ) -> Result<Vec<(ResourceId, Vec<String>)>, StoreError> {
        let mut tx = self.database.read().await?;
        let mut of_homes: Vec<i64> = homes::numbers(&mut tx, homes).await?.into_values().collect();
        of_homes.sort_unstable();
        let rows = tx
            .rows(
                "SELECT p.no, p.body FROM package p WHERE p.no IN (SELECT package_no FROM package_name \
                 WHERE name IN ANY($1) AND ($2 IS NULL OR ecosystem = $2))",
                args![vec![key::key(name), key::key(&name.to_lowercase())], ecosystem],
            )
            .await?;
        // Found under its source's name as well; asked for is the package itself.
        let mut versions = HashMap::new();
        for row in &rows {
            let package: Package = row.json(1, "package")?;
            if package.name.eq_ignore_ascii_case(name) {
                versions.insert(row.int(0)?, package.version);
            }
        }
        let mut packages: Vec<i64> = versions.keys().copied().collect();
        packages.sort_unstable();
        let mut holders: BTreeMap<i64, (ResourceId, BTreeSet<String>)> = BTreeMap::new();
        let resources = tx
            .rows(
                "SELECT DISTINCT r.no, r.body FROM occurrence o JOIN collected c ON c.inventory_no = o.inventory_no \
                 JOIN resource r ON r.no = c.resource_no \
                 WHERE o.package_no IN ANY($1) AND r.home_no IN ANY($2) AND r.gone_at IS NULL ORDER BY r.no LIMIT $3",
                args![packages.clone(), of_homes, limit],
            )
            .await?;
        for row in &resources {
            let resource: yagura_model::Resource = row.json(1, "resource")?;
            holders.insert(row.int(0)?, (resource.id, BTreeSet::new()));
        }
        let held = tx
            .rows(
                "SELECT c.resource_no, o.package_no FROM collected c JOIN occurrence o ON o.inventory_no = c.inventory_no \
                 WHERE c.resource_no IN ANY($1) AND c.scan = 0 AND o.package_no IN ANY($2)",
                args![holders.keys().copied().collect::<Vec<_>>(), packages],
            )
            .await?;
        for row in &held {
            if let (Some((_, list)), Some(version)) =
                (holders.get_mut(&row.int(0)?), versions.get(&row.int(1)?))
            {
                list.insert(version.clone());
            }
        }
        Ok(holders.into_values().map(|(id, versions)| (id, versions.into_iter().collect())).collect())
    }
}

/// The number of an inventory, stored now if it is not yet.
pub async fn intern(tx: &mut Tx, inventory: &Inventory) -> Result<i64, StoreError> {
    if tx.is_shared() {
        tx.run(SHARED, args![]).await?;
    }
    let hash = key::digest(to_json(inventory)?.as_bytes());
    if let Some(no) = by_hash(tx, "inventory", vec![hash.clone()]).await?.get(&hash) {
        return Ok(*no);
    }
    let packages = intern_packages(tx, &inventory.packages).await?;
    let head = Inventory { packages: Vec::new(), ..inventory.clone() };
    let row = args![hash.as_str(), to_json(&head)?, pack(&packages)];
    let answer = tx
        .insert(
            "INSERT INTO inventory (hash, head, packages)",
            vec![row],
            "ON CONFLICT (hash) DO NOTHING RETURNING no",
        )
        .await?;
    let Some(no) = answer.first().map(|row| row.int(0)).transpose()? else {
        return number(&by_hash(tx, "inventory", vec![hash.clone()]).await?, &hash);
    };
    let distinct: BTreeSet<i64> = packages.into_iter().collect();
    let rows = distinct.into_iter().map(|package| args![package, no]).collect();
    tx.insert("INSERT INTO occurrence (package_no, inventory_no)", rows, "ON CONFLICT DO NOTHING").await?;
    Ok(no)
}

async fn intern_packages(tx: &mut Tx, packages: &[Package]) -> Result<Vec<i64>, StoreError> {
    let mut bodies = BTreeMap::new();
    let mut order = Vec::with_capacity(packages.len());
    for package in packages {
        let body = to_json(package)?;
        let hash = key::digest(body.as_bytes());
        order.push(hash.clone());
        bodies.insert(hash, (body, package));
    }
    let mut numbers = by_hash(tx, "package", bodies.keys().cloned().collect()).await?;
    // In the order of their hashes, so that two who bring the same packages do not wait in a circle.
    let missing: Vec<_> = bodies.iter().filter(|(hash, _)| !numbers.contains_key(*hash)).collect();
    let rows = missing.iter().map(|(hash, (body, _))| args![hash.as_str(), body.as_str()]).collect();
    let answers = tx
        .insert("INSERT INTO package (hash, body)", rows, "ON CONFLICT (hash) DO NOTHING RETURNING no, hash")
        .await?;
    let mut rows = Vec::new();
    for answer in &answers {
        let (no, hash) = (answer.int(0)?, answer.text(1)?);
        numbers.insert(hash.to_owned(), no);
        if let Some((_, package)) = bodies.get(hash) {
            rows.extend(
                names(package)
                    .into_iter()
                    .map(|(ecosystem, name)| args![key::key(ecosystem.as_str()), key::key(&name), no]),
            );
        }
    }
    tx.insert("INSERT INTO package_name (ecosystem, name, package_no)", rows, "ON CONFLICT DO NOTHING")
        .await?;
    let unseen: Vec<String> =
        missing.iter().map(|(hash, _)| (*hash).clone()).filter(|hash| !numbers.contains_key(hash)).collect();
    if !unseen.is_empty() {
        numbers.extend(by_hash(tx, "package", unseen).await?);
    }
    order.iter().map(|hash| number(&numbers, hash)).collect()
}

async fn by_hash(tx: &mut Tx, table: &str, hashes: Vec<String>) -> Result<HashMap<String, i64>, StoreError> {
    let rows = tx.rows(&format!("SELECT hash, no FROM {table} WHERE hash IN ANY($1)"), args![hashes]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}

fn number(numbers: &HashMap<String, i64>, hash: &str) -> Result<i64, StoreError> {
    // Removed between two statements: the transaction is repeated.
    numbers.get(hash).copied().ok_or_else(|| StoreError::Contended(format!("`{hash}` vanished").into()))
}

/// An inventory with all its packages.
pub async fn whole(tx: &mut Tx, no: i64) -> Result<Inventory, StoreError> {
    let mut found = heads(tx, &[no]).await?;
    let Some(numbers) = found.remove(&no) else {
        return Err(StoreError::Corrupt {
            what: "inventory".into(),
            source: format!("no inventory {no}").into(),
        });
    };
    let packages = bodies(tx, &numbers.packages).await?;
    assemble(&numbers, &packages)
}

/// The inventories of these numbers, without the bodies of their packages.
pub async fn heads(tx: &mut Tx, numbers: &[i64]) -> Result<HashMap<i64, Numbers>, StoreError> {
    let rows = tx
        .rows("SELECT no, head, packages FROM inventory WHERE no IN ANY($1)", args![numbers.to_vec()])
        .await?;
    rows.iter()
        .map(|row| {
            Ok((row.int(0)?, Numbers { head: row.json(1, "inventory")?, packages: unpack(row.bytes(2)?) }))
        })
        .collect()
}

/// Packages by number.
pub async fn bodies(tx: &mut Tx, numbers: &[i64]) -> Result<HashMap<i64, Package>, StoreError> {
    let rows = tx.rows("SELECT no, body FROM package WHERE no IN ANY($1)", args![numbers.to_vec()]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.json(1, "package")?))).collect()
}

/// Packages that are asked for under one of these names.
pub async fn named(tx: &mut Tx, names: &[(String, String)]) -> Result<HashMap<i64, Package>, StoreError> {
    let texts: BTreeSet<String> = names.iter().map(|(_, name)| key::key(name)).collect();
    let wanted: BTreeSet<(String, String)> =
        names.iter().map(|(ecosystem, name)| (key::key(ecosystem), key::key(name))).collect();
    let ecosystems: BTreeSet<String> = wanted.iter().map(|(ecosystem, _)| ecosystem.clone()).collect();
    let rows = tx
        .rows(
            "SELECT n.ecosystem, n.name, p.no, p.body FROM package_name n JOIN package p ON p.no = n.package_no \
             WHERE n.ecosystem IN ANY($1) AND n.name IN ANY($2)",
            args![ecosystems.into_iter().collect::<Vec<_>>(), texts.into_iter().collect::<Vec<_>>()],
        )
        .await?;
    let mut packages = HashMap::new();
    for row in &rows {
        if wanted.contains(&(row.text(0)?.to_owned(), row.text(1)?.to_owned())) {
            let no = row.int(2)?;
            if let Entry::Vacant(vacant) = packages.entry(no) {
                vacant.insert(from_json(row.text(3)?, "package")?);
            }
        }
    }
    Ok(packages)
}

/// An inventory of those of its packages that are given.
pub fn part(numbers: &Numbers, packages: &HashMap<i64, Package>) -> Inventory {
    Inventory {
        packages: numbers.packages.iter().filter_map(|no| packages.get(no).cloned()).collect(),
        ..numbers.head.clone()
    }
}

fn assemble(numbers: &Numbers, packages: &HashMap<i64, Package>) -> Result<Inventory, StoreError> {
    let inventory = part(numbers, packages);
    if inventory.packages.len() < numbers.packages.len() {
        return Err(StoreError::Corrupt { what: "inventory".into(), source: "packages are missing".into() });
    }
    Ok(inventory)
}

/// Numbers as LEB128, each as the difference from the one before (zigzag): runs of new packages take a byte each.
fn pack(numbers: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * 2);
    let mut before = 0_i64;
    for number in numbers {
        let difference = number.wrapping_sub(before);
        before = *number;
        let mut value = (difference.wrapping_shl(1) ^ (difference >> 63)).cast_unsigned();
        loop {
            let byte = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                bytes.push(byte);
                break;
            }
            bytes.push(byte | 0x80);
        }
    }
    bytes
}

fn unpack(bytes: &[u8]) -> Vec<i64> {
    let mut numbers = Vec::with_capacity(bytes.len());
    let (mut value, mut shift, mut before) = (0_u64, 0_u32, 0_i64);
    for byte in bytes {
        value |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 != 0 {
            shift += 7;
            continue;
        }
        let difference = (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
        before = before.wrapping_add(difference);
        numbers.push(before);
        (value, shift) = (0, 0);
    }
    numbers
}

/// The packages of an inventory whose occurrences are to be removed.
pub fn distinct(packed: &[u8]) -> Vec<i64> {
    unpack(packed).into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_numbers_come_back(numbers: Vec<i64>) {
            prop_assert_eq!(unpack(&pack(&numbers)), numbers);
        }
    }

    #[test]
    fn neighbours_take_one_byte() {
        assert_eq!(pack(&[5, 6, 7, 3]).len(), 4);
    }
}
