//! Why a call of AWS failed, told apart by what to do about it.
//!
//! Error codes: the "Errors" sections of the API references, and
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html> for what is worth repeating.

use super::Operation;
use super::wire::xml;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// One failed call.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The caller may not do this.
    #[error("AWS denies `{action}`: {message}")]
    Denied {
        /// The IAM action that is missing, as in `ec2:DescribeInstances`.
        action: &'static str,
        /// What AWS says.
        message: String,
    },
    /// The credentials are over, also after asking for new ones.
    #[error("the AWS credentials have expired ({code})")]
    Expired {
        /// As in `ExpiredToken`.
        code: String,
    },
    /// AWS does not know the credentials, or the signature is not theirs.
    #[error("AWS does not accept the credentials ({code}): {message}")]
    Unknown {
        /// As in `UnrecognizedClientException`.
        code: String,
        /// What AWS says.
        message: String,
    },
    /// Too many requests, also after waiting.
    #[error("AWS limits `{action}` ({code})")]
    Throttled {
        /// The IAM action.
        action: &'static str,
        /// As in `ThrottlingException`.
        code: String,
    },
    /// What the call is about does not exist.
    #[error("`{action}` finds nothing ({code}): {message}")]
    NotFound {
        /// The IAM action.
        action: &'static str,
        /// As in `RepositoryNotFoundException`.
        code: String,
        /// What AWS says.
        message: String,
    },
    /// AWS has trouble, also after repeating.
    #[error("`{action}` failed on the side of AWS ({code})")]
    Transient {
        /// The IAM action.
        action: &'static str,
        /// A code, or the HTTP status.
        code: String,
    },
    /// AWS says no for another reason.
    #[error("AWS refuses `{action}` ({code}): {message}")]
    Refused {
        /// The IAM action.
        action: &'static str,
        /// As in `ValidationException`.
        code: String,
        /// What AWS says.
        message: String,
    },
    /// No answer, also after repeating.
    #[error("cannot reach `{url}` for `{action}`")]
    Unreachable {
        /// The IAM action.
        action: &'static str,
        /// Without query.
        url: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// No answer within the time that a call may take in all.
    #[error("`{action}` took longer than {seconds} seconds")]
    TimedOut {
        /// The IAM action.
        action: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// An answer that is larger than any that is expected.
    #[error("the answer of `{action}` is larger than {limit} bytes")]
    TooLarge {
        /// The IAM action.
        action: &'static str,
        /// The limit.
        limit: u64,
    },
    /// An answer that is not what the service's model says.
    #[error("the answer of `{action}` cannot be read: {detail}")]
    Answer {
        /// The IAM action.
        action: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A listing that does not come to an end.
    #[error("`{action}` goes on after {pages} pages")]
    Endless {
        /// The IAM action.
        action: &'static str,
        /// The limit, or the page that was given twice.
        pages: usize,
    },
    /// No credentials, or they cannot be fetched.
    #[error("there are no AWS credentials: {detail}")]
    NoCredentials {
        /// What was tried.
        detail: String,
    },
    /// A request that cannot be made from its input.
    #[error("`{action}` cannot be asked: {detail}")]
    Request {
        /// The IAM action.
        action: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// An endpoint that is not one.
    #[error("`{url}` is not an endpoint of AWS: {detail}")]
    Endpoint {
        /// As set.
        url: String,
        /// What is wrong.
        detail: String,
    },
    /// Neither settings nor environment name a region.
    #[error("no AWS region is set")]
    NoRegion,
}

impl AwsError {
    /// The next step, for people; lowercase, without a full stop.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Denied { action: "sts:AssumeRole", .. } => {
                "grant sts:AssumeRole on the role to the caller, and let the role's trust policy name the caller \
                 and the external id"
                    .to_owned()
            }
            Self::Denied { action, .. } => {
                format!("grant {action} to the role that scans; docs/aws/ has the whole policy")
            }
            Self::Expired { .. } => "get new credentials, or use a role that can be assumed again".to_owned(),
            Self::Unknown { .. } => {
                "check the access key, and that the region is enabled in the account; a wrong clock has the \
                 same effect"
                    .to_owned()
            }
            Self::Throttled { .. } => {
                "it is tried again later; ask AWS for a higher rate if it stays like this".to_owned()
            }
            Self::Transient { .. } | Self::TimedOut { .. } => "it is tried again later".to_owned(),
            Self::Unreachable { .. } => {
                "check HTTPS_PROXY and NO_PROXY, the VPC endpoint, and AWS_ENDPOINT_URL".to_owned()
            }
            Self::NoCredentials { .. } => {
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID, or run where a role is attached".to_owned()
            }
            Self::NoRegion => "set AWS_REGION, or name regions in yagura.toml".to_owned(),
            Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. }
            | Self::Answer { .. }
            | Self::Endless { .. }
            | Self::Request { .. }
            | Self::Endpoint { .. } => return None,
        })
    }

    /// True when the same call may succeed later without anybody's doing.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Throttled { .. }
                | Self::Transient { .. }
                | Self::TimedOut { .. }
                | Self::Unreachable { .. }
                | Self::Expired { .. }
        )
    }

    /// True when what was asked about is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// True when permissions are missing.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }
}

/// What an error document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
}

/// The kinds of refusals, by what the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Throttled,
    Transient,
    Expired,
    Skewed,
    Denied,
    Unknown,
    NotFound,
    Other,
}

impl Refusal {
    /// Reads the header or document that carries the code. XML: `<ErrorResponse><Error>`, `<Response><Errors>`
    /// (EC2), `<Error>` (S3). JSON: `__type`, `code`, or the header `x-amzn-errortype`.
    pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (mut code, mut message) = (String::new(), String::new());
        if let Ok(document) = serde_json::from_slice::<Value>(body) {
            let text = |name: &str| document.get(name).and_then(Value::as_str);
            code =
                text("__type").or_else(|| text("code")).or_else(|| text("Code")).unwrap_or_default().into();
            message = text("message").or_else(|| text("Message")).unwrap_or_default().into();
        } else if let Ok(root) = xml::parse(body)
            && let Some(error) = root.find("Code", 4)
        {
            code = error.text("Code").unwrap_or_default().into();
            message = error.text("Message").unwrap_or_default().into();
        }
        // awsQuery-compatible services put the code that people know into a header.
        let queried = header("x-amzn-query-error").and_then(|value| value.split(';').next());
        if let Some(told) = queried.or_else(|| header("x-amzn-errortype")) {
            code = told.to_owned();
        }
        // `com.amazonaws.x#Name`, and `Name:http://…`.
        let code = code.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
        Self { status, code: cleaned(code, 100), message: cleaned(&message, 400) }
    }

    pub fn kind(&self) -> Kind {
        let code = self.code.as_str();
        let lower = code.to_ascii_lowercase();
        match code {
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => return Kind::Expired,
            "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => return Kind::Skewed,
            "InvalidSignatureException" | "SignatureDoesNotMatch"
                if self.message.contains("not yet current") =>
            {
                return Kind::Skewed;
            }
            "InvalidSignatureException" | "SignatureDoesNotMatch"
                if self.message.contains("Signature expired") =>
            {
                return Kind::Skewed;
            }
            "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "AuthFailure"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignature"
            | "OptInRequired" => return Kind::Unknown,
            "PriorRequestNotComplete" | "EC2ThrottledException" | "SlowDown" | "BandwidthLimitExceeded" => {
                return Kind::Throttled;
            }
            "RequestTimeout" | "RequestTimeoutException" | "InternalError" | "InternalFailure" => {
                return Kind::Transient;
            }
            _ => {}
        }
        if lower.contains("throttl")
            || lower.contains("toomanyrequests")
            || lower.contains("requestlimitexceeded")
        {
            return Kind::Throttled;
        }
        let denied = ["accessdenied", "unauthorizedoperation", "notauthorized", "authorizationerror"];
        if denied.iter().any(|word| lower.contains(word)) {
            return Kind::Denied;
        }
        if lower.contains("notfound") || lower.starts_with("nosuch") || lower.contains("notexist") {
            return Kind::NotFound;
        }
        match self.status {
            429 => Kind::Throttled,
            408 | 500.. => Kind::Transient,
            404 => Kind::NotFound,
            401 | 403 => Kind::Denied,
            _ => Kind::Other,
        }
    }

    /// As an error of a call, once nothing more is tried.
    pub fn into_error(self, operation: &Operation) -> AwsError {
        let action = operation.action;
        let kind = self.kind();
        let status = self.status;
        let code = if self.code.is_empty() { format!("HTTP {status}") } else { self.code };
        let message = if self.message.is_empty() { "no reason given".to_owned() } else { self.message };
        match kind {
            Kind::Throttled => AwsError::Throttled { action, code },
            Kind::Transient => AwsError::Transient { action, code },
            Kind::Expired => AwsError::Expired { code },
            Kind::Skewed | Kind::Unknown => AwsError::Unknown { code, message },
            Kind::Denied => AwsError::Denied { action, message },
            Kind::NotFound => AwsError::NotFound { action, code, message },
            Kind::Other => AwsError::Refused { action, code, message },
        }
    }
}

/// One bounded line.
fn cleaned(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, header: &str, body: &str) -> (String, String, Kind) {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header.split_once('=') {
            headers.insert(
                reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        let refusal = Refusal::read(status, &headers, body.as_bytes());
        let kind = refusal.kind();
        (refusal.code, refusal.message, kind)
    }

    #[test]
    fn codes_of_all_wire_formats() {
        for (status, header, body, code, kind) in [
            (
                400,
                "",
                r#"{"__type":"com.amazonaws.ssm#ThrottlingException","message":"m"}"#,
                "ThrottlingException",
                Kind::Throttled,
            ),
            (
                400,
                "",
                r#"{"__type":"ExpiredTokenException","Message":"m"}"#,
                "ExpiredTokenException",
                Kind::Expired,
            ),
            (
                404,
                "x-amzn-errortype=ResourceNotFoundException:http://internal.amazon.com/",
                r#"{"Message":"m"}"#,
                "ResourceNotFoundException",
                Kind::NotFound,
            ),
            (
                400,
                "x-amzn-query-error=AWS.SimpleQueueService.NonExistentQueue;Sender",
                r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}"#,
                "AWS.SimpleQueueService.NonExistentQueue",
                Kind::Other,
            ),
            (
                403,
                "",
                "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>m</Message></Error></Errors></Response>",
                "UnauthorizedOperation",
                Kind::Denied,
            ),
            (
                403,
                "",
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>m</Message></Error></ErrorResponse>",
                "AccessDenied",
                Kind::Denied,
            ),
            (
                503,
                "",
                "<Error><Code>SlowDown</Code><Message>m</Message></Error>",
                "SlowDown",
                Kind::Throttled,
            ),
            (
                403,
                "",
                "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>",
                "RequestTimeTooSkewed",
                Kind::Skewed,
            ),
            (
                400,
                "",
                r#"{"__type":"ValidationException","message":"m"}"#,
                "ValidationException",
                Kind::Other,
            ),
        ] {
            assert_eq!(read(status, header, body), (code.to_owned(), "m".to_owned(), kind), "{body}");
        }
    }

    #[test]
    fn without_a_document_the_status_decides() {
        for (status, kind) in [
            (500, Kind::Transient),
            (429, Kind::Throttled),
            (403, Kind::Denied),
            (404, Kind::NotFound),
            (301, Kind::Other),
        ] {
            assert_eq!(read(status, "", "<html>proxy").2, kind);
        }
    }
}
