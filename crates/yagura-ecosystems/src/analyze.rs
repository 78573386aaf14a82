//! Joins the catalogs of a tree's layers into one inventory.

use crate::catalog::Catalog;
use yagura_model::Inventory;

/// Merges layers, base first; later layers hide what they replace or remove. Pure and deterministic.
pub fn analyze(layers: &[Catalog]) -> Inventory {
    let _ = layers;
    Inventory::default()
}
