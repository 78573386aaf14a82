//! Leases and the state of loops.

use super::SqlStore;
use super::marks::later;
use crate::database::{args, to_json, write};
use crate::{LoopState, StoreError};
use jiff::Timestamp;
use std::time::Duration;

impl SqlStore {
    pub(super) async fn take_lease(
        &self,
        name: &str,
        worker: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        write!(self.database, |tx| {
            let row = tx
                .row(
                    "INSERT INTO lease (name, worker, until, number) VALUES ($1, $2, $3, 1) \
                     ON CONFLICT (name) DO UPDATE SET worker = excluded.worker, until = excluded.until, \
                     number = lease.number + 1 WHERE lease.until <= $4 OR lease.worker = excluded.worker \
                     RETURNING number",
                    args![name, worker, later(now, lease), now],
                )
                .await?;
            row.map(|row| row.count(0)).transpose()?
        })
    }

    pub(super) async fn drop_lease(&self, name: &str, worker: &str) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            // The row stays, so that its number goes on growing.
            tx.run("UPDATE lease SET until = 0 WHERE name = $1 AND worker = $2", args![name, worker]).await?;
        })
    }

    pub(super) async fn write_loop_state(&self, state: &LoopState) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            tx.run(
                "INSERT INTO loop_state (name, body) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                args![state.name.as_str(), to_json(state)?],
            )
            .await?;
        })
    }

    pub(super) async fn read_loop_states(&self) -> Result<Vec<LoopState>, StoreError> {
        let mut tx = self.database.read().await?;
        let rows = tx.rows("SELECT body FROM loop_state ORDER BY name", args![]).await?;
        rows.iter().map(|row| row.json(0, "loop state")).collect()
    }
}
