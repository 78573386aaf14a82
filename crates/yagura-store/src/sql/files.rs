//! Files that every process needs, in parts that a database likes.

use super::SqlStore;
use crate::StoreError;
use crate::database::{args, write};
use jiff::Timestamp;

const PART: usize = 1 << 20;

impl SqlStore {
    pub(super) async fn write_file(
        &self,
        name: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            tx.run(
                "INSERT INTO file (name, written) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET written = excluded.written",
                args![name, now],
            )
            .await?;
            tx.run("DELETE FROM file_part WHERE name = $1", args![name]).await?;
            for (part, bytes) in bytes.chunks(PART).enumerate() {
                tx.run(
                    "INSERT INTO file_part (name, part, bytes) VALUES ($1, $2, $3)",
                    args![name, part, bytes],
                )
                .await?;
            }
        })
    }

    pub(super) async fn read_file_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut tx = self.database.read().await?;
        let row = tx.row("SELECT written FROM file WHERE name = $1", args![name]).await?;
        row.map(|row| row.time(0)).transpose()
    }

    pub(super) async fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut tx = self.database.read().await?;
        if tx.row("SELECT written FROM file WHERE name = $1", args![name]).await?.is_none() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for part in 0_i64.. {
            let row = tx
                .row("SELECT bytes FROM file_part WHERE name = $1 AND part = $2", args![name, part])
                .await?;
            let Some(row) = row else { break };
            bytes.extend_from_slice(row.bytes(0)?);
        }
        Ok(Some(bytes))
    }
}
