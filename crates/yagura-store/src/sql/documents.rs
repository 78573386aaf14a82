//! Settings documents, versioned.

use super::{SqlStore, homes, marks};
use crate::database::{Row, Tx, args, from_json, to_json, write};
use crate::{Document, StoreError};
use yagura_model::{Filter, FilterAction, Home};

/// The kind whose documents are [`Filter`]s, and suppress findings.
const FILTER: &str = "filter";

impl SqlStore {
    pub(super) async fn one_document(
        &self,
        home: &Home,
        kind: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let mut tx = self.database.read().await?;
        let row = tx
            .row(
                "SELECT h.account, h.region, d.kind, d.id, d.version, d.body \
                 FROM document d JOIN home h ON h.no = d.home_no \
                 WHERE d.kind = $1 AND d.id = $2 AND h.account = $3 AND h.region = $4",
                args![kind, id, home.account.as_str(), home.region.as_str()],
            )
            .await?;
        row.as_ref().map(document).transpose()
    }

    pub(super) async fn all_documents(
        &self,
        home: Option<&Home>,
        kind: &str,
    ) -> Result<Vec<Document>, StoreError> {
        let mut tx = self.database.read().await?;
        let rows = tx
            .rows(
                "SELECT h.account, h.region, d.kind, d.id, d.version, d.body \
                 FROM document d JOIN home h ON h.no = d.home_no \
                 WHERE d.kind = $1 AND ($2 IS NULL OR h.account = $2) AND ($3 IS NULL OR h.region = $3) \
                 ORDER BY d.id, h.account, h.region",
                args![kind, home.map(|home| home.account.as_str()), home.map(|home| home.region.as_str())],
            )
            .await?;
        rows.iter().map(document).collect()
    }

    pub(super) async fn write_document(&self, document: &Document) -> Result<u64, StoreError> {
        let conflict = || StoreError::Conflict { what: format!("{}/{}", document.kind, document.id) };
        write!(self.database, |tx| {
            let home = homes::number(&mut tx, &document.home).await?;
            let body = to_json(&document.body)?;
            let written = if document.version == 0 {
                tx.run(
                    "INSERT INTO document (kind, home_no, id, version, body) VALUES ($1, $2, $3, 1, $4) \
                     ON CONFLICT (kind, home_no, id) DO NOTHING",
                    args![document.kind.as_str(), home, document.id.as_str(), body],
                )
                .await?
            } else {
                tx.run(
                    "UPDATE document SET body = $4, version = version + 1 \
                     WHERE kind = $1 AND home_no = $2 AND id = $3 AND version = $5",
                    args![document.kind.as_str(), home, document.id.as_str(), body, document.version],
                )
                .await?
            };
            if written == 0 {
                return Err(conflict());
            }
            if document.kind == FILTER {
                let concerned = homes::with_members(&mut tx, &document.home).await?;
                marks::home(&mut tx, &concerned).await?;
            }
            document.version + 1
        })
    }

    pub(super) async fn remove_document(
        &self,
        home: &Home,
        kind: &str,
        id: &str,
    ) -> Result<bool, StoreError> {
        write!(self.database, |tx| {
            let no = homes::number(&mut tx, home).await?;
            let removed = tx
                .run("DELETE FROM document WHERE kind = $1 AND home_no = $2 AND id = $3", args![kind, no, id])
                .await?;
            if removed > 0 && kind == FILTER {
                let concerned = homes::with_members(&mut tx, home).await?;
                marks::home(&mut tx, &concerned).await?;
            }
            removed > 0
        })
    }
}

/// Suppression rules that hold in a home: its own, and its administrator's.
pub async fn suppressions(tx: &mut Tx, home_no: i64) -> Result<Vec<Filter>, StoreError> {
    let rows = tx
        .rows(
            "SELECT d.body FROM document d WHERE d.kind = $2 AND d.home_no IN \
             (SELECT a.no FROM home a JOIN home m ON m.region = a.region \
              AND (a.no = m.no OR a.account = m.administrator) WHERE m.no = $1) \
             ORDER BY d.id, d.home_no",
            args![home_no, FILTER],
        )
        .await?;
    let mut filters = Vec::with_capacity(rows.len());
    for row in rows {
        let filter: Filter = from_json(row.text(0)?, "filter")?;
        if filter.action == FilterAction::Suppress {
            filters.push(filter);
        }
    }
    Ok(filters)
}

fn document(row: &Row) -> Result<Document, StoreError> {
    Ok(Document {
        home: Home { account: row.text(0)?.into(), region: row.text(1)?.into() },
        kind: row.text(2)?.to_owned(),
        id: row.text(3)?.to_owned(),
        version: row.count(4)?,
        body: row.json(5, "document")?,
    })
}
