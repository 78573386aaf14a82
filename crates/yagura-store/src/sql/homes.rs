//! Accounts and regions.

use super::{SqlStore, marks};
use crate::database::{Tx, args, to_json, write};
use crate::{ChangeAccount, StoreError};
use std::collections::HashMap;
use yagura_model::{Account, Home};

impl SqlStore {
    pub(super) async fn all_accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut tx = self.database.read().await?;
        let rows =
            tx.rows("SELECT body FROM home WHERE body IS NOT NULL ORDER BY account, region", args![]).await?;
        rows.iter().map(|row| row.json(0, "account")).collect()
    }

    pub(super) async fn one_account(&self, home: &Home) -> Result<Account, StoreError> {
        let mut tx = self.database.read().await?;
        load(&mut tx, home).await
    }

    pub(super) async fn rewrite_account(
        &self,
        home: &Home,
        change: ChangeAccount<'_>,
    ) -> Result<Account, StoreError> {
        write!(self.database, |tx| {
            let no = number(&mut tx, home).await?;
            tx.row("SELECT no FROM home WHERE no = $1 FOR UPDATE", args![no]).await?;
            let old = load(&mut tx, home).await?;
            let mut new = old.clone();
            change(&mut new);
            new.home = home.clone();
            tx.run(
                "UPDATE home SET body = $2, administrator = $3 WHERE no = $1",
                args![no, to_json(&new)?, new.administrator.as_ref().map(|account| account.as_str())],
            )
            .await?;
            if old.activations != new.activations
                || old.configuration != new.configuration
                || old.administrator != new.administrator
            {
                marks::home(&mut tx, &[no]).await?;
            }
            new
        })
    }
}

/// The stored account, or a fresh one.
pub async fn load(tx: &mut Tx, home: &Home) -> Result<Account, StoreError> {
    let row = tx
        .row(
            "SELECT body FROM home WHERE account = $1 AND region = $2 AND body IS NOT NULL",
            args![home.account.as_str(), home.region.as_str()],
        )
        .await?;
    row.map_or_else(|| Ok(Account::new(home.clone())), |row| row.json(0, "account"))
}

/// The number of a home, given now if it has none.
pub async fn number(tx: &mut Tx, home: &Home) -> Result<i64, StoreError> {
    let numbers = numbers(tx, std::slice::from_ref(home)).await?;
    if let Some(no) = numbers.get(home) {
        return Ok(*no);
    }
    tx.run(
        "INSERT INTO home (account, region) VALUES ($1, $2) ON CONFLICT (account, region) DO NOTHING",
        args![home.account.as_str(), home.region.as_str()],
    )
    .await?;
    let row = tx
        .row(
            "SELECT no FROM home WHERE account = $1 AND region = $2",
            args![home.account.as_str(), home.region.as_str()],
        )
        .await?;
    row.map_or_else(|| Err(StoreError::Conflict { what: home.to_string() }), |row| row.int(0))
}

/// The numbers of those homes that have one.
pub async fn numbers(tx: &mut Tx, homes: &[Home]) -> Result<HashMap<Home, i64>, StoreError> {
    let mut accounts: Vec<String> = homes.iter().map(|home| home.account.to_string()).collect();
    accounts.sort();
    accounts.dedup();
    let rows =
        tx.rows("SELECT no, account, region FROM home WHERE account IN ANY($1)", args![accounts]).await?;
    let wanted: std::collections::HashSet<&Home> = homes.iter().collect();
    let mut numbers = HashMap::new();
    for row in rows {
        let home = Home { account: row.text(1)?.into(), region: row.text(2)?.into() };
        if wanted.contains(&home) {
            numbers.insert(home, row.int(0)?);
        }
    }
    Ok(numbers)
}

/// The numbers of a home and of those whose administrator it is.
pub async fn with_members(tx: &mut Tx, home: &Home) -> Result<Vec<i64>, StoreError> {
    let own = number(tx, home).await?;
    let rows = tx
        .rows(
            "SELECT no FROM home WHERE administrator = $1 AND region = $2 AND no <> $3",
            args![home.account.as_str(), home.region.as_str(), own],
        )
        .await?;
    std::iter::once(Ok(own)).chain(rows.iter().map(|row| row.int(0))).collect()
}
