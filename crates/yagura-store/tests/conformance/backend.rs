//! A fresh database of each kind. PostgreSQL is started once for this program and stops after it.

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use yagura_store::SqlStore;

/// An empty database.
pub struct Backend {
    /// Where it is.
    pub address: String,
    /// It, opened.
    pub store: SqlStore,
    _folder: Option<tempfile::TempDir>,
}

impl Backend {
    /// Opens it once more, as another process would.
    pub async fn again(&self) -> SqlStore {
        SqlStore::open(&self.address).await.unwrap()
    }
}

/// A SQLite file in a temporary directory.
pub async fn sqlite() -> Backend {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("yagura.db").display());
    Backend { store: SqlStore::open(&address).await.unwrap(), address, _folder: Some(folder) }
}

/// A PostgreSQL database; `None`, and a word about it, where PostgreSQL is not installed. In CI it must be.
pub async fn postgres() -> Option<Backend> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = server() else {
        assert!(std::env::var_os("CI").is_none(), "CI needs PostgreSQL: run tests/peers/install.sh");
        eprintln!("skipped: PostgreSQL is not installed");
        return None;
    };
    let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let output = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", "--command", &format!("CREATE DATABASE {name}"), server])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let address = server.replace("/postgres", &format!("/{name}"));
    Some(Backend { store: SqlStore::open(&address).await.unwrap(), address, _folder: None })
}

/// The address of the server of this program.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers/postgres.sh");
            let output = Command::new(script).arg(std::process::id().to_string()).output().unwrap();
            match output.status.code() {
                Some(0) => Some(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
                Some(3) => None,
                _ => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            }
        })
        .as_deref()
}

/// Runs each of these tests on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&crate::backend::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(backend) = crate::backend::postgres().await {
                    super::$name(&backend).await;
                }
            })*
        }
    };
}
pub(crate) use on_both;
