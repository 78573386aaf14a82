//! What the drivers' errors mean.

use crate::StoreError;

/// Result codes of SQLite, <https://www.sqlite.org/rescode.html>; the primary code is the low byte.
mod sqlite {
    pub const PERM: i64 = 3;
    pub const BUSY: i64 = 5;
    pub const LOCKED: i64 = 6;
    pub const READONLY: i64 = 8;
    pub const IOERR: i64 = 10;
    pub const FULL: i64 = 13;
    pub const CANTOPEN: i64 = 14;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Kind::Unreachable,
            // A connection that broke in the middle of an answer.
            sqlx::Error::Protocol(_) => Kind::Unreachable,
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some(code) if code.len() == 5 => of_postgres(code),
                Some(code) => code.parse().map_or(Kind::Refused, of_sqlite),
                None => Kind::Refused,
            },
            _ => Kind::Refused,
        };
        let source = Box::new(error);
        match kind {
            Kind::Unreachable => Self::Unreachable(source),
            Kind::Contended => Self::Contended(source),
            Kind::ReadOnly => Self::ReadOnly(source),
            Kind::Refused => Self::Refused(source),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Unreachable,
    Contended,
    ReadOnly,
    Refused,
}

/// SQLSTATE, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_postgres(code: &str) -> Kind {
    match code {
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Kind::Contended,
        // Disk full, read-only transaction (a standby), system error.
        "53100" | "25006" | "58030" => Kind::ReadOnly,
        // Connection failures; too many connections, out of memory; shutting down, starting up, terminated.
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => Kind::Unreachable,
        _ => Kind::Refused,
    }
}

fn of_sqlite(code: i64) -> Kind {
    match code & 0xff {
        sqlite::BUSY | sqlite::LOCKED => Kind::Contended,
        sqlite::FULL | sqlite::READONLY | sqlite::IOERR | sqlite::PERM => Kind::ReadOnly,
        sqlite::CANTOPEN => Kind::Unreachable,
        _ => Kind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_whether_to_try_again() {
        assert_eq!(of_postgres("40P01"), Kind::Contended);
        assert_eq!(of_postgres("57P01"), Kind::Unreachable);
        assert_eq!(of_postgres("53100"), Kind::ReadOnly);
        assert_eq!(of_postgres("23505"), Kind::Refused);
        assert_eq!(of_sqlite(517), Kind::Contended);
        assert_eq!(of_sqlite(13), Kind::ReadOnly);
        assert_eq!(of_sqlite(2067), Kind::Refused);
    }
}
