//! The exchange of AWS credentials for a registry's password.

use crate::aws::services::ecr;
use crate::aws::{Aws, AwsError};
use crate::base64;
use crate::registry::credentials::Credentials;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// A login for the registry of one account in one region.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Host and maybe port.
    pub registry: String,
    /// True when the registry has no TLS, which only happens behind an endpoint that somebody set.
    pub insecure: bool,
    user: String,
    password: String,
    expires_at: Option<Timestamp>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.registry)
    }
}

impl Login {
    /// What to show to the registry.
    pub fn credentials(&self) -> Credentials {
        Credentials::Password(self.user.clone(), self.password.clone())
    }

    /// True while it holds for another hour, which is enough to read a large image.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let soon = now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(now);
        self.expires_at.is_some_and(|end| end > soon)
    }
}

/// Asks ECR for a password, which holds for twelve hours.
///
/// # Errors
/// ECR does not give one.
pub async fn log_in(aws: &Aws) -> Result<Login, AwsError> {
    let answer = ecr::get_authorization_token(aws, &ecr::GetAuthorizationTokenRequest::default()).await?;
    let wrong = |detail: &str| AwsError::Answer {
        action: ecr::GET_AUTHORIZATION_TOKEN.action,
        detail: detail.to_owned(),
    };
    let given = answer.authorization_data.into_iter().next().ok_or_else(|| wrong("no authorization"))?;
    let decoded = given.authorization_token.as_deref().and_then(base64::decode);
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let (user, password) = decoded
        .as_deref()
        .and_then(|text| text.split_once(':'))
        .ok_or_else(|| wrong("a token that is not user and password"))?;
    let endpoint = given.proxy_endpoint.unwrap_or_default();
    let insecure = endpoint.starts_with("http://");
    let registry =
        endpoint.split_once("://").map_or(endpoint.as_str(), |(_, rest)| rest).trim_end_matches('/');
    if registry.is_empty() || (insecure && aws.endpoints().is_default()) {
        return Err(wrong("a registry without TLS"));
    }
    Ok(Login {
        registry: registry.to_owned(),
        insecure,
        user: user.to_owned(),
        password: password.to_owned(),
        expires_at: given.expires_at.map(|time| time.0),
    })
}
