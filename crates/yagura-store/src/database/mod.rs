//! One way to talk to both databases: text of SQL, parameters and rows.
//!
//! Statements are written once, for both. What differs is spelled in one of these words, and replaced here:
//! `IN ANY($n)` is membership in a list; `FOR UPDATE`, `FOR SHARE` and `SKIP LOCKED` vanish for SQLite, where
//! there is one writer and the file is his until he commits.

mod failure;
mod migrate;
mod open;
mod value;

pub use open::Database;
pub use value::{Row, Value, from_json, nanoseconds, storable, to_json};

use crate::StoreError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    Arguments, AssertSqlSafe, Column, Decode, Postgres, Row as _, Sqlite, Transaction, TypeInfo, ValueRef,
};
use std::borrow::Cow;

/// Parameters of a statement: `args![1, "text", now]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::database::Value::from($value)),*] };
}

/// Runs a body in a writing transaction, and again when others wrote at the same time. The body has no effect
/// but on the transaction, so that it can be repeated.
macro_rules! write {
    ($database:expr, |$tx:ident| $body:block) => {{
        let mut attempt = 0;
        loop {
            let result: Result<_, $crate::StoreError> = async {
                let mut $tx = $database.begin().await?;
                let value = $body;
                $tx.commit().await?;
                Ok(value)
            }
            .await;
            match result {
                Err($crate::StoreError::Contended(_)) if attempt < $crate::database::ATTEMPTS => {
                    attempt += 1;
                    $crate::database::pause(attempt).await;
                }
                result => break result,
            }
        }
    }};
}
pub(crate) use {args, write};

/// How often a contended transaction is repeated.
pub const ATTEMPTS: u32 = 8;

/// Waits a little longer each time; transactions that met once shall not meet again.
pub async fn pause(attempt: u32) {
    let spread = u64::from(std::process::id()) % 7;
    tokio::time::sleep(std::time::Duration::from_millis((2 + spread) << attempt.min(8))).await;
}

/// Rows of one `INSERT` of many.
const ROWS_AT_ONCE: usize = 200;

/// A transaction. Dropped without [`Self::commit`], it is undone.
pub enum Tx {
    /// Of SQLite.
    Lite(Transaction<'static, Sqlite>),
    /// Of PostgreSQL.
    Pg(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes it so.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Lite(tx) => tx.commit().await?,
            Self::Pg(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// True on PostgreSQL.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Pg(_))
    }

    /// The answer to a question.
    pub async fn rows(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Lite(tx) => {
                let sql = AssertSqlSafe(for_sqlite(sql).into_owned());
                let rows = sqlx::query_with(sql, lite_arguments(args)?).fetch_all(&mut **tx).await?;
                rows.iter().map(lite_row).collect()
            }
            Self::Pg(tx) => {
                let sql = AssertSqlSafe(for_postgres(sql).into_owned());
                let rows = sqlx::query_with(sql, pg_arguments(args)?).fetch_all(&mut **tx).await?;
                rows.iter().map(pg_row).collect()
            }
        }
    }

    /// The first row of an answer.
    pub async fn row(&mut self, sql: &str, args: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Runs a statement and says how many rows it touched.
    pub async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64, StoreError> {
        match self {
            Self::Lite(tx) => {
                let sql = AssertSqlSafe(for_sqlite(sql).into_owned());
                Ok(sqlx::query_with(sql, lite_arguments(args)?).execute(&mut **tx).await?.rows_affected())
            }
            Self::Pg(tx) => {
                let sql = AssertSqlSafe(for_postgres(sql).into_owned());
                Ok(sqlx::query_with(sql, pg_arguments(args)?).execute(&mut **tx).await?.rows_affected())
            }
        }
    }

    /// Inserts many rows: `head` is everything before `VALUES`, `tail` everything after. Answers the rows of a
    /// `RETURNING` in the tail.
    pub async fn insert(
        &mut self,
        head: &str,
        rows: Vec<Vec<Value>>,
        tail: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let mut answers = Vec::new();
        let mut rows = rows.into_iter().peekable();
        while let Some(columns) = rows.peek().map(Vec::len) {
            // Few different lengths, so that the prepared statements are found again.
            let left = rows.len();
            let count = if left >= ROWS_AT_ONCE { ROWS_AT_ONCE } else { 1 << left.ilog2() };
            let sql = format!("{head} VALUES {} {tail}", places(count, columns));
            let args = rows.by_ref().take(count).flatten().collect();
            answers.append(&mut self.rows(&sql, args).await?);
        }
        Ok(answers)
    }
}

/// `($1,$2),($3,$4)`.
fn places(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            let comma = if column == 0 { "" } else { "," };
            text.push_str(comma);
            text.push('$');
            text.push_str(&(row * columns + column + 1).to_string());
        }
        text.push(')');
    }
    text
}

fn for_postgres(sql: &str) -> Cow<'_, str> {
    if sql.contains("IN ANY(") { sql.replace("IN ANY(", "= ANY(").into() } else { sql.into() }
}

fn for_sqlite(sql: &str) -> Cow<'_, str> {
    let mut sql = Cow::Borrowed(sql);
    for word in [" FOR UPDATE", " FOR SHARE", " SKIP LOCKED"] {
        if sql.contains(word) {
            sql = sql.replace(word, "").into();
        }
    }
    while let Some(start) = sql.find("IN ANY(") {
        let Some(end) = sql.get(start..).and_then(|rest| rest.find(')')).map(|end| start + end) else {
            break;
        };
        let list = sql.get(start + 7..end).unwrap_or_default();
        let replaced = format!("IN (SELECT value FROM json_each({list}))");
        let mut text = sql.into_owned();
        text.replace_range(start..=end, &replaced);
        sql = text.into();
    }
    sql
}

fn lite_arguments(args: Vec<Value>) -> Result<SqliteArguments, StoreError> {
    let mut list = SqliteArguments::default();
    for value in args {
        match value {
            Value::Int(value) => list.add(value),
            Value::Real(value) => list.add(value),
            Value::Text(value) => list.add(value),
            Value::Bytes(value) => list.add(value),
            Value::Ints(value) => list.add(to_json(&value)?),
            Value::Texts(value) => list.add(to_json(&value)?),
        }
        .map_err(StoreError::Refused)?;
    }
    Ok(list)
}

fn pg_arguments(args: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut list = PgArguments::default();
    for value in args {
        match value {
            Value::Int(value) => list.add(value),
            Value::Real(value) => list.add(value),
            Value::Text(value) => list.add(value),
            Value::Bytes(value) => list.add(value),
            Value::Ints(value) => list.add(value),
            Value::Texts(value) => list.add(value),
        }
        .map_err(StoreError::Refused)?;
    }
    Ok(list)
}

fn lite_row(row: &SqliteRow) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        let raw = row.try_get_raw(column)?;
        let kind = raw.type_info().name().to_owned();
        let value = match kind.as_str() {
            _ if raw.is_null() => Value::Int(None),
            "INTEGER" => Value::Int(Some(decode::<Sqlite, i64>(raw)?)),
            "REAL" => Value::Real(Some(decode::<Sqlite, f64>(raw)?)),
            "TEXT" => Value::Text(Some(decode::<Sqlite, String>(raw)?)),
            "BLOB" => Value::Bytes(Some(decode::<Sqlite, Vec<u8>>(raw)?)),
            _ => return Err(unknown_type(&kind)),
        };
        values.push(value);
    }
    Ok(Row(values))
}

fn pg_row(row: &PgRow) -> Result<Row, StoreError> {
    let mut values = Vec::with_capacity(row.len());
    for (at, column) in row.columns().iter().enumerate() {
        let raw = row.try_get_raw(at)?;
        let value = match column.type_info().name() {
            _ if raw.is_null() => Value::Int(None),
            "INT8" => Value::Int(Some(decode::<Postgres, i64>(raw)?)),
            "INT4" => Value::Int(Some(decode::<Postgres, i32>(raw)?.into())),
            "FLOAT8" => Value::Real(Some(decode::<Postgres, f64>(raw)?)),
            "TEXT" => Value::Text(Some(decode::<Postgres, String>(raw)?)),
            "BYTEA" => Value::Bytes(Some(decode::<Postgres, Vec<u8>>(raw)?)),
            "VOID" => Value::Int(None),
            "BOOL" => Value::Int(Some(i64::from(decode::<Postgres, bool>(raw)?))),
            kind => return Err(unknown_type(kind)),
        };
        values.push(value);
    }
    Ok(Row(values))
}

fn decode<'r, D: sqlx::Database, T: Decode<'r, D>>(raw: D::ValueRef<'r>) -> Result<T, StoreError> {
    T::decode(raw).map_err(|source| StoreError::Corrupt { what: "row".into(), source })
}

fn unknown_type(kind: &str) -> StoreError {
    StoreError::Corrupt { what: "row".into(), source: format!("no use for the type `{kind}`").into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced() {
        let sql =
            "SELECT a FROM b WHERE c IN ANY($1) AND d IN ANY($2) ORDER BY a LIMIT $3 FOR UPDATE SKIP LOCKED";
        assert_eq!(
            for_sqlite(sql),
            "SELECT a FROM b WHERE c IN (SELECT value FROM json_each($1)) AND d IN (SELECT value FROM \
             json_each($2)) ORDER BY a LIMIT $3"
        );
        assert_eq!(
            for_postgres(sql),
            "SELECT a FROM b WHERE c = ANY($1) AND d = ANY($2) ORDER BY a LIMIT $3 FOR UPDATE SKIP LOCKED"
        );
    }

    #[test]
    fn places_count_on() {
        assert_eq!(places(2, 3), "($1,$2,$3),($4,$5,$6)");
    }
}
