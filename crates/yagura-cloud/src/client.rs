//! The one HTTP client: TLS by rustls with ring, proxies from the environment, patience with servers.

use crate::CloudError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often a request is sent at most.
const ATTEMPTS: u32 = 5;
/// The longest pause between two of them, also when the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Whether connections are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// They are.
    Online,
    /// No socket is created.
    Offline,
}

/// Sends requests. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    first_pause: Duration,
}

impl Client {
    /// Sets up TLS and proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`).
    ///
    /// # Errors
    /// [`CloudError::Offline`] before anything else; [`CloudError::Setup`].
    pub fn new(network: Network) -> Result<Self, CloudError> {
        if network == Network::Offline {
            return Err(CloudError::Offline);
        }
        Ok(Self { http: http(&[])?, first_pause: Duration::from_millis(500) })
    }

    /// A client that also trusts certificate authorities given in PEM, for a server that brings its own.
    ///
    /// # Errors
    /// [`CloudError::Setup`]: what is given are no certificates.
    pub(crate) fn trusting(&self, pem: Option<&[u8]>) -> Result<Self, CloudError> {
        let Some(pem) = pem else { return Ok(self.clone()) };
        let roots =
            reqwest::Certificate::from_pem_bundle(pem).map_err(|source| CloudError::Setup { source })?;
        Ok(Self { http: http(&roots)?, first_pause: self.first_pause })
    }

    /// The same client with another pause before the first repetition; for tests.
    #[must_use]
    pub fn with_first_pause(mut self, pause: Duration) -> Self {
        self.first_pause = pause;
        self
    }

    /// Sends a request, again where the server is busy or the connection breaks. Answers of any other status
    /// are returned as they are.
    pub(crate) async fn send(
        &self,
        build: &(dyn Fn() -> RequestBuilder + Sync),
    ) -> Result<Response, CloudError> {
        let mut attempt = 0;
        loop {
            let outcome = build().send().await;
            attempt += 1;
            let asked = match &outcome {
                Ok(response) if is_busy(response.status()) => retry_after(response.headers()),
                Err(error) if !error.is_builder() && !error.is_redirect() => None,
                _ => {
                    attempt = ATTEMPTS;
                    None
                }
            };
            if attempt >= ATTEMPTS {
                return outcome.map_err(|error| {
                    let url = error.url().map(shown).unwrap_or_default();
                    CloudError::Unreachable { url, source: error.without_url() }
                });
            }
            tracing::debug!(attempt, "request is repeated");
            self.pause(attempt, asked).await;
        }
    }

    /// Waits before an attempt: what the server asked for, or longer each time with some jitter.
    pub(crate) async fn pause(&self, attempt: u32, asked: Option<Duration>) {
        let backoff = self.first_pause.saturating_mul(1 << attempt.min(10));
        // A fresh hasher state is random enough to keep many clients from knocking in step.
        let jitter = RandomState::new().hash_one(attempt) % 1000;
        let backoff = backoff.mul_f64(0.5 + jitter as f64 / 2000.0);
        tokio::time::sleep(asked.unwrap_or(backoff).min(LONGEST_PAUSE)).await;
    }
}

fn http(roots: &[reqwest::Certificate]) -> Result<reqwest::Client, CloudError> {
    // Another part of the process may have installed a provider already; any is fine then.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("yagura/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(15))
        .read_timeout(Duration::from_secs(60))
        .redirect(redirects());
    for root in roots {
        builder = builder.add_root_certificate(root.clone());
    }
    builder.build().map_err(|source| CloudError::Setup { source })
}

/// Up to ten redirects, never from HTTPS to HTTP. Authorization is not sent on to another host.
fn redirects() -> Policy {
    Policy::custom(|attempt| {
        let was_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
        if attempt.previous().len() > 10 {
            attempt.error("more than ten redirects")
        } else if was_secure && attempt.url().scheme() != "https" {
            attempt.error("redirected from HTTPS to HTTP")
        } else {
            attempt.follow()
        }
    })
}

fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// The number of seconds that a server asks for. The form with a date is rare and falls back to our own pace.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// A URL for messages: without user, password and query, which may hold secrets.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// The same for a URL that is still text.
pub(crate) fn parse(text: &str) -> Result<Url, CloudError> {
    Url::parse(text).map_err(|error| CloudError::Invalid {
        what: "URL",
        text: text.split('?').next().unwrap_or_default().to_owned(),
        detail: error.to_string(),
    })
}

/// The first line of what a server says about an error.
pub(crate) async fn refusal(mut response: Response) -> CloudError {
    let url = shown(response.url());
    let status = response.status().as_u16();
    if status == 404 || status == 410 {
        return CloudError::NotFound { what: url };
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > 4096 {
            break;
        }
    }
    let detail = explanation(&body).map(|text| format!(": {text}")).unwrap_or_default();
    CloudError::Status { url, status, detail }
}

/// The message of a registry's error document.
fn explanation(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let message = document.pointer("/errors/0/message").or_else(|| document.get("message"))?.as_str()?;
    Some(message.chars().filter(|letter| !letter.is_control()).take(200).collect())
}
