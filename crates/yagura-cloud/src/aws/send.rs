//! One call: signed, sent, repeated where that helps, and never longer or larger than its limits.
//!
//! Repetition follows the standard mode of the SDKs:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>. All operations that are called here
//! may be repeated: they read, or sending them twice has the effect of sending them once, or the receiver tolerates
//! repeats.

use super::error::{Kind, Refusal};
use super::sign;
use super::{Aws, AwsError};
use crate::client::shown;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Url};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// A service of AWS as its model describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// `EC2`, as in `AWS_ENDPOINT_URL_EC2`.
    pub id: &'static str,
    /// First part of its host names.
    pub prefix: &'static str,
    /// Its name in signatures.
    pub signing: &'static str,
    /// As in `2016-11-15`.
    pub version: &'static str,
    /// `AmazonSSM` of `X-Amz-Target: AmazonSSM.GetInventory`; empty for other formats.
    pub target: &'static str,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// One place for a whole partition.
    pub global: bool,
}

/// The wire formats, <https://smithy.io/2.0/aws/protocols/index.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// POST with the operation in a header.
    Json10,
    /// The same with another content type.
    Json11,
    /// Methods and paths, bodies in JSON.
    RestJson,
    /// Methods and paths, bodies in XML.
    RestXml,
    /// Form in, XML out.
    Query,
    /// The same with other rules for names.
    Ec2,
}

/// An operation that is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Whose it is.
    pub service: &'static Service,
    /// As in `DescribeInstances`.
    pub name: &'static str,
    /// The IAM action that it needs, as in `ec2:DescribeInstances`.
    pub action: &'static str,
    /// The HTTP method.
    pub method: &'static str,
}

/// A request before it is signed.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Below the endpoint, percent-encoded, with a slash at its beginning.
    pub path: String,
    /// Percent-encoded when sent.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// May be empty.
    pub body: Vec<u8>,
}

/// An answer that says yes.
#[derive(Debug, Clone)]
pub struct Reply {
    /// From 200 on.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Bounded by [`Limits::answer`].
    pub body: Vec<u8>,
}

/// What a call may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How often it is sent at most.
    pub attempts: u32,
    /// First pause between two of them; it doubles.
    pub pause: Duration,
    /// All attempts and pauses together.
    pub total: Duration,
    /// Largest answer in bytes.
    pub answer: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 6,
            pause: Duration::from_millis(300),
            total: Duration::from_secs(180),
            answer: 64 << 20,
        }
    }
}

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// How far the clock of AWS is ahead of ours in seconds, as far as refusals told.
static SKEW: AtomicI64 = AtomicI64::new(0);

impl Aws {
    /// Sends a call and waits for its answer.
    ///
    /// # Errors
    /// See [`AwsError`].
    pub async fn send(&self, operation: &'static Operation, call: &Call) -> Result<Reply, AwsError> {
        let limit = self.limits.total;
        let timed = tokio::time::timeout(limit, self.attempts(operation, call)).await;
        timed.unwrap_or(Err(AwsError::TimedOut { action: operation.action, seconds: limit.as_secs() }))
    }

    async fn attempts(&self, operation: &'static Operation, call: &Call) -> Result<Reply, AwsError> {
        let service = operation.service;
        let endpoint = self.endpoints.of(service, &self.region)?;
        let url = address(service, &endpoint.url, endpoint.overridden, call);
        let mut renewed = false;
        let mut attempt = 0;
        loop {
            self.pace.wait(service.id, &self.region).await;
            attempt += 1;
            let outcome = self.attempt(operation, call, &url, &endpoint.region).await;
            let last = attempt >= self.limits.attempts;
            let asked = match outcome {
                Ok(Attempt::Reply(reply)) => {
                    self.pace.answered(service.id, &self.region);
                    return Ok(reply);
                }
                Ok(Attempt::Refusal(refusal, headers)) => {
                    tracing::debug!(action = operation.action, code = refusal.code, attempt, "refused");
                    let asked = retry_after(&headers);
                    if refusal.kind() == Kind::Throttled {
                        self.pace.throttled(service.id, &self.region, asked);
                    }
                    match refusal.kind() {
                        Kind::Throttled | Kind::Transient if !last => {}
                        Kind::Expired if !renewed => {
                            renewed = true;
                            self.credentials.forget().await;
                            continue;
                        }
                        Kind::Skewed if !renewed && learn_skew(&headers) => {
                            renewed = true;
                            continue;
                        }
                        _ => return Err(refusal.into_error(operation)),
                    }
                    asked
                }
                Err(AwsError::Unreachable { source, .. }) if !last && !source.is_builder() => None,
                Err(error) => return Err(error),
            };
            let pause = backoff(self.limits.pause, attempt);
            tokio::time::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE)).await;
        }
    }

    async fn attempt(
        &self,
        operation: &'static Operation,
        call: &Call,
        url: &Url,
        region: &str,
    ) -> Result<Attempt, AwsError> {
        let action = operation.action;
        let invalid = |detail: String| AwsError::Request { action, detail };
        let keys = self.credentials.keys().await?;
        let request = sign::Request {
            method: operation.method,
            url,
            headers: &call.headers,
            body: &call.body,
            service: operation.service.signing,
            region,
            time: now(),
        };
        let signed = sign::headers(&request, &keys).map_err(invalid)?;
        let mut headers = HeaderMap::new();
        for (name, value) in call.headers.iter().chain(&signed) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| invalid(error.to_string()))?;
            let value = HeaderValue::from_str(value).map_err(|error| invalid(error.to_string()))?;
            headers.insert(name, value);
        }
        let method =
            Method::from_bytes(operation.method.as_bytes()).map_err(|error| invalid(error.to_string()))?;
        let unreachable = |source: reqwest::Error| AwsError::Unreachable {
            action,
            url: shown(url),
            source: source.without_url(),
        };
        let request = self.client.http.request(method, url.clone()).headers(headers).body(call.body.clone());
        let mut response = request.send().await.map_err(unreachable)?;
        let limit = self.limits.answer;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > limit {
                return Err(AwsError::TooLarge { action, limit });
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // S3 answers 200 before it knows, and says no in the document then.
        let late = operation.service.protocol == Protocol::RestXml && body.starts_with_error();
        if (200..300).contains(&status) && !late {
            return Ok(Attempt::Reply(Reply { status, headers, body }));
        }
        let status = if late { 500 } else { status };
        let refusal = Refusal::read(status, &headers, &body);
        Ok(Attempt::Refusal(refusal, headers))
    }
}

/// A URL of an operation without a body that somebody else may ask for `seconds` in our name, with these headers.
///
/// # Errors
/// There are no credentials.
pub async fn presign(
    aws: &Aws,
    operation: &'static Operation,
    query: &[(&str, &str)],
    headers: &[(&str, &str)],
    seconds: u64,
) -> Result<String, AwsError> {
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let endpoint = aws.endpoints.of(operation.service, &aws.region)?;
    let call = Call { path: "/".to_owned(), query: owned(query), ..Call::default() };
    let url = address(operation.service, &endpoint.url, endpoint.overridden, &call);
    let keys = aws.credentials.keys().await?;
    let request = sign::Request {
        method: "GET",
        url: &url,
        headers: &owned(headers),
        body: &[],
        service: operation.service.signing,
        region: &endpoint.region,
        time: now(),
    };
    sign::url(&request, &keys, seconds)
        .map_err(|detail| AwsError::Request { action: operation.action, detail })
}

enum Attempt {
    Reply(Reply),
    Refusal(Refusal, HeaderMap),
}

trait StartsWithError {
    fn starts_with_error(&self) -> bool;
}

impl StartsWithError for Vec<u8> {
    fn starts_with_error(&self) -> bool {
        let head = self.get(..self.len().min(200)).unwrap_or_default();
        let text = String::from_utf8_lossy(head);
        let after = text.split_once("?>").map_or(text.as_ref(), |(_, after)| after);
        after.trim_start().starts_with("<Error>")
    }
}

/// The URL of a call. Buckets become part of the host name where TLS certificates and overrides allow it.
fn address(service: &Service, endpoint: &Url, overridden: bool, call: &Call) -> Url {
    let mut url = endpoint.clone();
    let mut path = call.path.clone();
    if service.signing == "s3"
        && !overridden
        && let Some((bucket, rest)) =
            path.trim_start_matches('/').split_once('/').map(own).or_else(|| whole(&path))
        && !bucket.contains('.')
        && let Some(host) = url.host_str().map(|host| format!("{bucket}.{host}"))
        && url.set_host(Some(&host)).is_ok()
    {
        path = format!("/{rest}");
    }
    let base = endpoint.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}{path}"));
    if !call.query.is_empty() {
        let encoded: Vec<String> = call
            .query
            .iter()
            .map(|(name, value)| match value.is_empty() {
                true => format!("{}=", super::wire::percent(name)),
                false => format!("{}={}", super::wire::percent(name), super::wire::percent(value)),
            })
            .collect();
        url.set_query(Some(&encoded.join("&")));
    }
    url
}

fn own((bucket, rest): (&str, &str)) -> (String, String) {
    (bucket.to_owned(), rest.to_owned())
}

fn whole(path: &str) -> Option<(String, String)> {
    let bucket = path.trim_start_matches('/');
    (!bucket.is_empty()).then(|| (bucket.to_owned(), String::new()))
}

/// Now, as AWS sees it.
fn now() -> SystemTime {
    let skew = SKEW.load(Ordering::Relaxed);
    let distance = Duration::from_secs(skew.unsigned_abs());
    let now = SystemTime::now();
    let moved = if skew >= 0 { now.checked_add(distance) } else { now.checked_sub(distance) };
    moved.unwrap_or(now)
}

/// Remembers how far our clock is off. False when it is not off enough to explain a refusal.
fn learn_skew(headers: &HeaderMap) -> bool {
    let Some(theirs) = headers
        .get(reqwest::header::DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
    else {
        return false;
    };
    let skew = theirs.timestamp().as_second() - jiff::Timestamp::now().as_second();
    let changed = (skew - SKEW.load(Ordering::Relaxed)).abs() > 30;
    if changed {
        tracing::warn!(
            seconds = skew,
            "the clock of this machine differs from that of AWS; requests are corrected"
        );
        SKEW.store(skew, Ordering::Relaxed);
    }
    changed
}

/// What the service asks for, in seconds or milliseconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    text("x-amz-retry-after")
        .map(Duration::from_millis)
        .or_else(|| text(RETRY_AFTER.as_str()).map(Duration::from_secs))
}

/// A random part of a pause that doubles.
fn backoff(first: Duration, attempt: u32) -> Duration {
    let ceiling = first.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
    // A fresh hasher state is random enough to keep many clients from knocking in step.
    let jitter = RandomState::new().hash_one(attempt) % 1000;
    ceiling.mul_f64(0.25 + 0.75 * jitter as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    static S3: Service = Service {
        id: "S3",
        prefix: "s3",
        signing: "s3",
        version: "2006-03-01",
        target: "",
        protocol: Protocol::RestXml,
        global: false,
    };

    fn url(path: &str, overridden: bool) -> String {
        let endpoint =
            if overridden { "http://localhost:9000" } else { "https://s3.eu-west-1.amazonaws.com" };
        let call = Call {
            path: path.to_owned(),
            query: vec![("uploads".to_owned(), String::new()), ("a b".to_owned(), "c/d".to_owned())],
            ..Call::default()
        };
        address(&S3, &Url::parse(endpoint).unwrap(), overridden, &call).to_string()
    }

    #[test]
    fn buckets_are_hosts_unless_an_endpoint_is_set_or_the_name_has_dots() {
        assert_eq!(
            url("/b/k%20ey", false),
            "https://b.s3.eu-west-1.amazonaws.com/k%20ey?uploads=&a%20b=c%2Fd"
        );
        assert_eq!(url("/b", false), "https://b.s3.eu-west-1.amazonaws.com/?uploads=&a%20b=c%2Fd");
        assert_eq!(url("/b.c/k", false), "https://s3.eu-west-1.amazonaws.com/b.c/k?uploads=&a%20b=c%2Fd");
        assert_eq!(url("/b/k", true), "http://localhost:9000/b/k?uploads=&a%20b=c%2Fd");
    }

    #[test]
    fn an_error_after_the_status_is_one() {
        assert!(b"<?xml version=\"1.0\"?>\n<Error><Code>x</Code></Error>".to_vec().starts_with_error());
        assert!(!b"<CompleteMultipartUploadResult>".to_vec().starts_with_error());
    }
}
