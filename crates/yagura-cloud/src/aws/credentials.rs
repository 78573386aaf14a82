//! Whose calls these are: keys that are kept until shortly before they expire.
//!
//! The chain of sources is that of the SDK (`aws-config`); a role of another account is assumed through our own client,
//! with its external id, so that it is paced, limited and shown like every other call.

use super::services::sts;
use super::wire::Time;
use super::{Aws, AwsError};
use async_trait::async_trait;
use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::identity::Identity;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// How long before they expire keys are renewed.
const MARGIN: Duration = Duration::from_secs(300);

/// Access key, secret and token. Shows nothing but the key's id.
#[derive(Clone)]
pub struct Keys(SdkCredentials);

impl Keys {
    pub(super) fn identity(&self) -> Identity {
        self.0.clone().into()
    }

    /// The id of the access key, which is no secret.
    pub fn id(&self) -> &str {
        self.0.access_key_id()
    }

    fn expires_within(&self, margin: Duration) -> bool {
        self.0.expiry().is_some_and(|expiry| expiry < SystemTime::now() + margin)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.id())
    }
}

#[async_trait]
trait Source: Send + Sync {
    async fn fetch(&self) -> Result<Keys, AwsError>;
}

/// Where keys come from. Cloning shares what is kept.
#[derive(Clone)]
pub struct Credentials(Arc<Kept>);

struct Kept {
    source: Box<dyn Source>,
    keys: Mutex<Option<Keys>>,
}

/// A role of this or another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `arn:aws:iam::111122223333:role/name`.
    pub arn: String,
    /// What the role's trust policy asks for, so that nobody else can make us use it.
    pub external_id: Option<String>,
    /// Shown in the account's logs.
    pub session: String,
    /// How long the keys hold; AWS allows from 15 minutes on.
    pub duration: Duration,
}

impl Role {
    /// A role with Yagura's session name, for an hour.
    pub fn new(arn: impl Into<String>, external_id: Option<String>) -> Self {
        Self {
            arn: arn.into(),
            external_id,
            session: "yagura".to_owned(),
            duration: Duration::from_secs(3600),
        }
    }
}

impl Credentials {
    fn new(source: impl Source + 'static) -> Self {
        Self(Arc::new(Kept { source: Box::new(source), keys: Mutex::default() }))
    }

    /// Keys that never change.
    pub fn fixed(access_key: &str, secret: &str, token: Option<String>) -> Self {
        Self::new(Fixed(Keys(SdkCredentials::new(access_key, secret, token, None, "yagura"))))
    }

    /// The SDK's chain, or another provider of it.
    pub fn provided(provider: SharedCredentialsProvider) -> Self {
        Self::new(Chain(provider))
    }

    /// A role that `caller` assumes.
    pub fn assumed(caller: Aws, role: Role) -> Self {
        Self::new(Assumed { caller, role })
    }

    /// Keys that hold for a while. Only one task fetches; the others wait for it.
    ///
    /// # Errors
    /// There are none, or they cannot be fetched and the last ones are over.
    pub async fn keys(&self) -> Result<Keys, AwsError> {
        let mut kept = self.0.keys.lock().await;
        if let Some(keys) = kept.as_ref().filter(|keys| !keys.expires_within(MARGIN)) {
            return Ok(keys.clone());
        }
        match self.0.source.fetch().await {
            Ok(keys) => {
                *kept = Some(keys.clone());
                Ok(keys)
            }
            // Shortly before their end the old ones still serve.
            Err(error) => match kept.as_ref().filter(|keys| !keys.expires_within(Duration::ZERO)) {
                Some(keys) => {
                    tracing::warn!(%error, "cannot renew AWS credentials yet");
                    Ok(keys.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Fetches new ones next time, because AWS refused these.
    pub async fn forget(&self) {
        *self.0.keys.lock().await = None;
    }
}

struct Fixed(Keys);

#[async_trait]
impl Source for Fixed {
    async fn fetch(&self) -> Result<Keys, AwsError> {
        Ok(self.0.clone())
    }
}

struct Chain(SharedCredentialsProvider);

#[async_trait]
impl Source for Chain {
    async fn fetch(&self) -> Result<Keys, AwsError> {
        let provided = self.0.provide_credentials().await;
        provided.map(Keys).map_err(|error| AwsError::NoCredentials { detail: described(&error) })
    }
}

/// An error with its causes in one line; the SDK's own text is just its kind.
fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

struct Assumed {
    caller: Aws,
    role: Role,
}

#[async_trait]
impl Source for Assumed {
    async fn fetch(&self) -> Result<Keys, AwsError> {
        let input = sts::AssumeRoleRequest {
            role_arn: Some(self.role.arn.clone()),
            role_session_name: Some(self.role.session.clone()),
            external_id: self.role.external_id.clone(),
            duration_seconds: i64::try_from(self.role.duration.as_secs()).ok(),
            ..Default::default()
        };
        let answer = sts::assume_role(&self.caller, &input).await?;
        let missing = || AwsError::NoCredentials { detail: format!("`{}` gave none", self.role.arn) };
        let given = answer.credentials.ok_or_else(missing)?;
        let since_1970 = |time: Time| u64::try_from(time.0.as_second()).ok().map(Duration::from_secs);
        let expiry =
            given.expiration.and_then(since_1970).and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        let (Some(key), Some(secret)) = (given.access_key_id, given.secret_access_key) else {
            return Err(missing());
        };
        tracing::debug!(role = self.role.arn, key, "assumed");
        Ok(Keys(SdkCredentials::new(key, secret, given.session_token, expiry, "yagura-role")))
    }
}
