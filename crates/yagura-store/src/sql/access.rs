//! Keys, signatures that were seen, and the audit log.

use super::{SqlStore, homes, token};
use crate::database::{args, to_json, write};
use crate::{AuditEntry, Credential, Page, PageRequest, StoreError};
use jiff::Timestamp;
use yagura_model::Home;

impl SqlStore {
    pub(super) async fn one_credential(&self, key_id: &str) -> Result<Option<Credential>, StoreError> {
        let mut tx = self.database.read().await?;
        let row = tx.row("SELECT body FROM credential WHERE key_id = $1", args![key_id]).await?;
        row.map(|row| row.json(0, "credential")).transpose()
    }

    pub(super) async fn all_credentials(&self) -> Result<Vec<Credential>, StoreError> {
        let mut tx = self.database.read().await?;
        let rows = tx.rows("SELECT body FROM credential ORDER BY key_id", args![]).await?;
        rows.iter().map(|row| row.json(0, "credential")).collect()
    }

    pub(super) async fn write_credential(&self, credential: &Credential) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            tx.run(
                "INSERT INTO credential (key_id, body) VALUES ($1, $2) \
                 ON CONFLICT (key_id) DO UPDATE SET body = excluded.body",
                args![credential.key_id.as_str(), to_json(credential)?],
            )
            .await?;
        })
    }

    pub(super) async fn see_signature(
        &self,
        signature: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        write!(self.database, |tx| {
            let new = tx
                .run(
                    "INSERT INTO seen_signature (signature, expires) VALUES ($1, $2) \
                     ON CONFLICT (signature) DO UPDATE SET expires = excluded.expires \
                     WHERE seen_signature.expires < $3",
                    args![super::key::key(signature), expires, now],
                )
                .await?;
            new > 0
        })
    }

    pub(super) async fn append_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            let home = homes::number(&mut tx, &entry.home).await?;
            tx.run("INSERT INTO audit (home_no, body) VALUES ($1, $2)", args![home, to_json(entry)?]).await?;
        })
    }

    pub(super) async fn list_audit(
        &self,
        of: &[Home],
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let bound = token::bound(&("audit", of));
        let after: Option<i64> = token::read(page.after.as_deref(), &bound)?;
        let mut tx = self.database.read().await?;
        let mut of_homes: Vec<i64> = homes::numbers(&mut tx, of).await?.into_values().collect();
        of_homes.sort_unstable();
        let rows = tx
            .rows(
                "SELECT no, body FROM audit WHERE home_no IN ANY($1) AND ($2 IS NULL OR no < $2) \
                 ORDER BY no DESC LIMIT $3",
                args![of_homes, after, page.limit.saturating_add(1)],
            )
            .await?;
        let items = rows
            .iter()
            .take(page.limit)
            .map(|row| row.json(1, "audit entry"))
            .collect::<Result<Vec<_>, _>>()?;
        let next = match rows.get(page.limit.saturating_sub(1)) {
            Some(last) if rows.len() > page.limit => Some(token::write(&last.int(0)?, &bound)?),
            _ => None,
        };
        Ok(Page { items, next })
    }
}
