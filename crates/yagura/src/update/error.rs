//! Why nothing was updated, and what to do about it.

use crate::cli::{Failure, exit};
use crate::said;
use std::path::PathBuf;
use yagura_advisories::{DatabaseError, FEEDS};
use yagura_cloud::CloudError;

/// Why nothing was updated.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// No connection may be made.
    #[error("offline: `db update` needs a network")]
    Offline,
    /// Another update is running.
    #[error("another update is using `{0}`")]
    Busy(PathBuf),
    /// No feed has this id.
    #[error("there is no feed `{0}`")]
    UnknownFeed(String),
    /// The HTTP client could not be set up.
    #[error("cannot use the network")]
    Network(#[source] CloudError),
    /// A file of the cache or the database could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Building failed.
    #[error(transparent)]
    Build(#[from] DatabaseError),
    /// Every feed failed and no older documents are there.
    #[error("no feed could be fetched")]
    Nothing,
}

impl UpdateError {
    /// The failure that this is on the command line.
    pub fn to_failure(&self) -> Failure {
        let said = match self {
            Self::Offline => {
                said!("offline: `db update` needs a network", "オフライン指定のため `db update` はできません")
            }
            Self::Busy(path) => {
                said!("another update is using `{}`", "別の更新が `{}` を使用中です", path.display())
            }
            Self::UnknownFeed(id) => said!("there is no feed `{}`", "情報源 `{}` はありません", id),
            Self::Network(error) => said::cloud(error).0,
            Self::Write { path, source } => {
                said!("cannot write `{}`: {}", "`{}` に書き込めません: {}", path.display(), source)
            }
            Self::Build(error) => said::database(error),
            Self::Nothing => said!("no feed could be fetched", "情報源を 1 つも取得できませんでした"),
        };
        let hint = match self {
            Self::Offline => said!(
                "carry a database over with `yagura db export` and `yagura db import`",
                "`yagura db export` と `yagura db import` でデータベースを運んでください"
            ),
            Self::Busy(_) => said!(
                "wait for it, or use another --cache-dir",
                "終わるまで待つか、別の --cache-dir を使ってください"
            ),
            Self::UnknownFeed(_) => {
                let ids: Vec<&str> = FEEDS.iter().map(|feed| feed.id()).collect();
                said!("feeds are {}", "使える情報源: {}", ids.join(", "))
            }
            Self::Network(_) | Self::Nothing => said!(
                "check the connection and proxy, or name a --db-mirror",
                "接続とプロキシを確認するか、--db-mirror でミラーを指定してください"
            ),
            Self::Write { .. } => said!(
                "free some space, or choose another place with --db and --cache-dir",
                "空き容量を増やすか、--db と --cache-dir で別の場所を指定してください"
            ),
            Self::Build(_) => said!(
                "the database that was there is still in use; update again",
                "以前のデータベースはそのまま使われます。もう一度更新してください"
            ),
        };
        let code = match self {
            Self::UnknownFeed(_) | Self::Offline => exit::USAGE,
            _ => exit::DATA,
        };
        Failure::new(code, said).hint(hint)
    }
}
