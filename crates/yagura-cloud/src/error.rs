//! Why something on the network could not be had, and what to do about it.

use std::io;
use std::path::PathBuf;

/// One failed operation.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The user asked for no connections.
    #[error("offline: no connection is made")]
    Offline,
    /// The client could not be set up, for instance because no certificate is trusted.
    #[error("cannot set up HTTP")]
    Setup {
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// No answer, also after repeating.
    #[error("cannot reach `{url}`")]
    Unreachable {
        /// Without credentials and query.
        url: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that says no.
    #[error("`{url}` answered {status}{detail}")]
    Status {
        /// Without credentials and query.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the server said, with `: ` before it, or empty.
        detail: String,
    },
    /// The server refuses these credentials, or wants some.
    #[error("`{registry}` refuses access to `{repository}`")]
    Denied {
        /// The registry's host.
        registry: String,
        /// The repository.
        repository: String,
        /// What to do.
        hint: String,
    },
    /// Not there.
    #[error("`{what}` does not exist")]
    NotFound {
        /// The reference or URL.
        what: String,
    },
    /// More bytes than allowed.
    #[error("`{url}` is larger than {limit} bytes")]
    TooLarge {
        /// Without credentials and query.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// Fewer bytes than announced, also after resuming.
    #[error("`{url}` broke off after {received} bytes")]
    Incomplete {
        /// Without credentials and query.
        url: String,
        /// What came.
        received: u64,
    },
    /// The bytes are not those that were asked for.
    #[error("`{url}` does not have the digest `{expected}`")]
    Digest {
        /// Without credentials and query.
        url: String,
        /// As asked for.
        expected: String,
    },
    /// A reference or URL that cannot be understood.
    #[error("`{text}` is not a valid {what}: {detail}")]
    Invalid {
        /// `image reference`, `URL`.
        what: &'static str,
        /// As given.
        text: String,
        /// What is wrong.
        detail: String,
    },
    /// What the image consists of cannot be read.
    #[error(transparent)]
    Image(#[from] yagura_fs::image::ImageError),
    /// A call of AWS failed.
    #[error(transparent)]
    Aws(#[from] crate::AwsError),
    /// A credential helper or Docker's configuration does not work.
    #[error("cannot get credentials from `{from}`: {detail}")]
    Credentials {
        /// The program or file.
        from: String,
        /// What is wrong; never a secret.
        detail: String,
    },
    /// A local file could not be written.
    #[error("cannot write `{path}`")]
    Disk {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl CloudError {
    /// The next step, for people; lowercase, without a full stop.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Offline => "leave out --offline, or use what is on disk: `oci-dir:`, `oci-archive:`, \
                              `docker-archive:` for images, `yagura db import` for advisories"
                .to_owned(),
            Self::Setup { .. } => "install your system's CA certificates or set SSL_CERT_FILE".to_owned(),
            Self::Unreachable { .. } => {
                "check the name, HTTPS_PROXY and NO_PROXY; for a private certificate authority set \
                 SSL_CERT_FILE; a registry without TLS needs --insecure"
                    .to_owned()
            }
            Self::Status { status: 429, .. } => {
                "the server limits requests; log in (docker login) or try again later".to_owned()
            }
            Self::Status { status: 401 | 403, .. } => "check the credentials for this server".to_owned(),
            Self::Status { status: 500.., .. } => "the server has trouble; try again later".to_owned(),
            Self::Denied { hint, .. } => hint.clone(),
            Self::NotFound { .. } => "check the spelling of repository and tag".to_owned(),
            Self::Incomplete { .. } => "try again; what came so far is kept where possible".to_owned(),
            Self::Digest { .. } => {
                "the server or something on the way changed the content; do not use it".to_owned()
            }
            Self::Credentials { .. } => "try `docker login`, or correct Docker's config.json".to_owned(),
            Self::Disk { .. } => "check permissions and free space".to_owned(),
            Self::Status { .. } | Self::TooLarge { .. } | Self::Invalid { .. } => return None,
            Self::Aws(error) => return error.hint(),
            Self::Image(error) => return error.hint().map(str::to_owned),
        })
    }
}
