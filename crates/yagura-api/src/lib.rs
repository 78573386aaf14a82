//! Inspector2 and inspector-scan over HTTP.
//!
//! A request passes five stations, one module each: `http` reads it and writes the answer, `signature` and
//! `authenticate` decide whom it is from, `route` finds the operation, `call` gives the handler what it needs,
//! and `ops` holds one handler per operation. Handlers answer from the store and write intents into it;
//! [`settle()`] and the loops act on them. The face says nothing that the store does not know.
//!
//! Source of shapes and routes: the public service models, generated into `yagura_formats`.

mod authenticate;
mod call;
pub mod documents;
mod failure;
mod http;
mod inventories;
mod ops;
mod page;
mod replay;
mod route;
mod settle;
mod signature;

pub use http::router;
pub use inventories::HostReport;
pub use route::operations;
pub use settle::{Settled, settle};

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use yagura_formats::sbom::Ecosystems;
use yagura_model::Advisories;
use yagura_store::Store;

/// Gives the advisory file as it is now; `None` while there is none.
pub type AdvisorySource = Arc<dyn Fn() -> Option<Arc<dyn Advisories + Send + Sync>> + Send + Sync>;

/// What the handlers need of the world. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    store: Arc<dyn Store>,
    advisories: AdvisorySource,
    ecosystems: Ecosystems,
    settings: Arc<Settings>,
    replays: Arc<replay::Replays>,
}

/// What an operator can change.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Version in `ScanSbom` answers.
    pub version: String,
    /// Price per metered unit by usage type, in USD. Missing: 0.
    pub prices: BTreeMap<String, f64>,
    /// Most components of a scanned SBOM.
    pub sbom_components: usize,
    /// Most bytes of a request.
    pub body_bytes: usize,
    /// Most bytes of an inventory that is pushed, unpacked.
    pub inventory_bytes: usize,
    /// Most members of an organization.
    pub members: usize,
    /// Most suppression rules per account and region.
    pub suppression_rules: usize,
    /// The clock.
    pub now: fn() -> Timestamp,
}

impl Settings {
    /// The documented limits.
    pub fn new(version: &str, now: fn() -> Timestamp) -> Settings {
        Settings {
            version: version.to_owned(),
            prices: BTreeMap::new(),
            sbom_components: 5000,
            body_bytes: 16 << 20,
            inventory_bytes: 256 << 20,
            members: 10_000,
            suppression_rules: 500,
            now,
        }
    }
}

impl Api {
    /// A face over a store. Whoever makes it decides where advisories come from.
    pub fn new(
        store: Arc<dyn Store>,
        advisories: AdvisorySource,
        ecosystems: Ecosystems,
        settings: Settings,
    ) -> Api {
        Api { store, advisories, ecosystems, settings: Arc::new(settings), replays: Arc::default() }
    }

    /// The store behind the face.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn now(&self) -> Timestamp {
        (self.settings.now)()
    }
}
