//! What one look at a resource brought.

use super::{SqlStore, code, inventories, marks};
use crate::database::{args, to_json, write};
use crate::{Collected, StoreError};
use yagura_model::{ResourceId, ScanKind};

impl SqlStore {
    pub(super) async fn write_collected(
        &self,
        resource: &ResourceId,
        scan: ScanKind,
        collected: &Collected,
    ) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            let stored = super::resources::by_ids(&mut tx, std::slice::from_ref(resource)).await?;
            let Some(stored) = stored.get(resource).filter(|stored| !stored.gone) else {
                // It left the fleet while somebody looked at it.
                return Err(StoreError::Conflict { what: resource.to_string() });
            };
            let (inventory, kernel, causes) = match collected {
                Collected::Packages { inventory, kernel } => {
                    (Some(inventories::intern(&mut tx, inventory).await?), kernel.clone(), None)
                }
                Collected::Causes(causes) => (None, None, Some(to_json(causes)?)),
            };
            let changed = tx
                .run(
                    "INSERT INTO collected (resource_no, scan, inventory_no, kernel, causes, judged) \
                     VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (resource_no, scan) DO UPDATE \
                     SET inventory_no = excluded.inventory_no, kernel = excluded.kernel, causes = excluded.causes \
                     WHERE collected.inventory_no IS DISTINCT FROM excluded.inventory_no \
                     OR collected.kernel IS DISTINCT FROM excluded.kernel \
                     OR collected.causes IS DISTINCT FROM excluded.causes",
                    args![stored.no, code::of_scan(scan), inventory, kernel, causes],
                )
                .await?;
            if changed > 0 {
                marks::row(&mut tx, stored.no, scan).await?;
                if scan == ScanKind::Network {
                    // scores of packages look at the open paths.
                    marks::resources(&mut tx, &[stored.no]).await?;
                }
            }
        })
    }
}
