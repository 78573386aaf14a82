//! Opening a database by its address.

use super::{Tx, migrate};
use crate::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};
use std::str::FromStr;
use std::time::Duration;

/// Connections that read at the same time.
const READERS: u32 = 8;
/// Connections to PostgreSQL of one process.
const CONNECTIONS: u32 = 16;
/// How long a caller waits for a connection; SQLite's one writer may have a large piece of work before it.
const WAIT: Duration = Duration::from_secs(30);
/// Statements kept prepared by each connection.
const STATEMENTS: usize = 400;

/// An open database.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file: many readers, one writer.
    Lite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// Those that read.
        readers: SqlitePool,
    },
    /// A server.
    Pg(PgPool),
}

impl Database {
    /// Opens `sqlite:PATH` (made when it is not there) or `postgres://…`, and brings its schema up to date.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let database = unmigrated(address).await?;
        migrate::migrate(&database).await?;
        Ok(database)
    }

    /// Begins to write.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Lite { writer, .. } => Tx::Lite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Pg(pool) => Tx::Pg(pool.begin().await?),
        })
    }

    /// Begins to read; every statement of it sees the same state.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Lite { readers, .. } => Tx::Lite(readers.begin().await?),
            Self::Pg(pool) => {
                Tx::Pg(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Lite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Pg(pool) => pool.close().await,
        }
    }
}

/// A database as it is.
pub(super) async fn unmigrated(address: &str) -> Result<Database, StoreError> {
    if address.starts_with("postgres:") || address.starts_with("postgresql:") {
        Ok(Database::Pg(connect(address).await?))
    } else if let Some(path) = address.strip_prefix("sqlite:") {
        open_file(path.strip_prefix("//").unwrap_or(path)).await
    } else {
        // The address may hold a password: only its scheme is shown.
        let scheme = address.split(':').next().unwrap_or_default();
        Err(StoreError::Refused(
            format!("`{scheme}:` is no database; use sqlite:PATH or postgres://USER@HOST/NAME").into(),
        ))
    }
}

async fn open_file(path: &str) -> Result<Database, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A transaction that was acknowledged survives the process; power loss may take the last ones with it,
        // whole, and their marks with them.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(30))
        .statement_cache_capacity(STATEMENTS)
        .pragma("temp_store", "memory");
    // Random keys (findings, packages) make every insert touch other pages: the writer needs the larger share.
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone().pragma("cache_size", "-65536").pragma("wal_autocheckpoint", "4000"))
        .await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(WAIT)
        .connect_lazy_with(options.pragma("query_only", "1").pragma("cache_size", "-16384"));
    Ok(Database::Lite { writer, readers })
}

async fn connect(address: &str) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(address)
        .map_err(|source| StoreError::Refused(source.into()))?
        .application_name("yagura")
        .statement_cache_capacity(STATEMENTS)
        // Compiling a plan takes longer than any of our questions, and plans for "any value" are bad for lists
        // whose filters differ this much.
        .options([("jit", "off"), ("plan_cache_mode", "force_custom_plan")]);
    Ok(PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT).connect_with(options).await?)
}
