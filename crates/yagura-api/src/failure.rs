//! Everything that can go wrong with a request, and its form on the wire.
//!
//! Source: the errors of the service model. Authentication errors are not in the model; their codes and
//! statuses are those of AWS's JSON services.

use crate::signature::Refusal;
use axum::http::StatusCode;
use serde_json::{Value, json};
use yagura_formats::service::Complaint;

/// Why a request is not answered as it wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The body is not JSON.
    CannotParse(String),
    /// Members break their constraints.
    Fields(Vec<Complaint>),
    /// The request is well-formed and makes no sense.
    Invalid(String),
    /// `ScanSbom` only: the document is of another kind.
    UnsupportedSbom(String),
    BadRequest(String),
    Quota {
        message: String,
        resource: String,
    },
    Denied(String),
    NotFound(String),
    Conflict {
        message: String,
        id: String,
        kind: String,
    },
    Throttled {
        seconds: u32,
    },
    /// The signature.
    Refused(Refusal),
    /// No operation has this method and path.
    UnknownOperation,
    TooLarge {
        limit: usize,
    },
    /// Ours. The cause is logged, not sent.
    Internal(String),
}

impl Failure {
    /// The type on the wire, and the HTTP status.
    pub fn code(&self) -> (&'static str, StatusCode) {
        match self {
            Failure::CannotParse(_)
            | Failure::Fields(_)
            | Failure::Invalid(_)
            | Failure::UnsupportedSbom(_) => ("ValidationException", StatusCode::BAD_REQUEST),
            Failure::BadRequest(_) => ("BadRequestException", StatusCode::BAD_REQUEST),
            Failure::Quota { .. } => ("ServiceQuotaExceededException", StatusCode::PAYMENT_REQUIRED),
            Failure::Denied(_) => ("AccessDeniedException", StatusCode::FORBIDDEN),
            Failure::NotFound(_) => ("ResourceNotFoundException", StatusCode::NOT_FOUND),
            Failure::Conflict { .. } => ("ConflictException", StatusCode::CONFLICT),
            Failure::Throttled { .. } => ("ThrottlingException", StatusCode::TOO_MANY_REQUESTS),
            Failure::Refused(refusal) => match refusal {
                Refusal::Unsigned => ("MissingAuthenticationTokenException", StatusCode::FORBIDDEN),
                Refusal::UnknownKey | Refusal::SessionToken => {
                    ("UnrecognizedClientException", StatusCode::FORBIDDEN)
                }
                Refusal::Incomplete(_) => ("IncompleteSignatureException", StatusCode::BAD_REQUEST),
                Refusal::Mismatch
                | Refusal::UnsignedHeader(_)
                | Refusal::Stale { .. }
                | Refusal::Replayed => ("InvalidSignatureException", StatusCode::FORBIDDEN),
            },
            Failure::UnknownOperation => ("UnknownOperationException", StatusCode::NOT_FOUND),
            Failure::TooLarge { .. } => ("RequestEntityTooLargeException", StatusCode::PAYLOAD_TOO_LARGE),
            Failure::Internal(_) => ("InternalServerException", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// Seconds after which another attempt makes sense.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Failure::Throttled { seconds } => Some(*seconds),
            Failure::Internal(_) => Some(1),
            _ => None,
        }
    }

    /// The body, for the interface with this signing name.
    pub fn body(&self, service: &str) -> Value {
        let (code, _) = self.code();
        let mut body = json!({"__type": code, "message": self.message()});
        let mut put = |name: &str, value: Value| {
            if let Some(members) = body.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        match self {
            Failure::CannotParse(_) => put("reason", json!("CANNOT_PARSE")),
            Failure::Fields(complaints) => {
                put("reason", json!("FIELD_VALIDATION_FAILED"));
                let fields =
                    complaints.iter().map(|field| json!({"name": field.name, "message": field.message}));
                put("fields", fields.collect());
            }
            Failure::Invalid(_) => put("reason", json!("OTHER")),
            Failure::UnsupportedSbom(_) => put("reason", json!("UNSUPPORTED_SBOM_TYPE")),
            Failure::Quota { resource, .. } => put("resourceId", json!(resource)),
            Failure::Conflict { id, kind, .. } => {
                put("resourceId", json!(id));
                put("resourceType", json!(kind));
            }
            Failure::Internal(_) if service == "inspector-scan" => put("reason", json!("OTHER")),
            _ => {}
        }
        body
    }

    fn message(&self) -> String {
        match self {
            Failure::Fields(complaints) => {
                let list: Vec<String> = complaints
                    .iter()
                    .map(|complaint| format!("`{}` {}", complaint.name, complaint.message))
                    .collect();
                format!("the request does not fit: {}", list.join("; "))
            }
            Failure::CannotParse(message)
            | Failure::Invalid(message)
            | Failure::UnsupportedSbom(message)
            | Failure::BadRequest(message)
            | Failure::Denied(message)
            | Failure::NotFound(message)
            | Failure::Quota { message, .. }
            | Failure::Conflict { message, .. } => message.clone(),
            Failure::Throttled { .. } => "Rate exceeded".to_owned(),
            Failure::Refused(refusal) => refusal.to_string(),
            Failure::UnknownOperation => "no operation has this method and path".to_owned(),
            Failure::TooLarge { limit } => format!("the request is larger than {limit} bytes"),
            Failure::Internal(_) => "the service failed; its log has the request id".to_owned(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<yagura_store::StoreError> for Failure {
    fn from(error: yagura_store::StoreError) -> Failure {
        match error {
            yagura_store::StoreError::BadToken => {
                Failure::Invalid("`nextToken` belongs to another list".to_owned())
            }
            error => Failure::Internal(describe(&error)),
        }
    }
}

/// An error with its causes, for the log.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_failure_lists_its_fields() {
        let field = Complaint { name: "maxResults".to_owned(), message: "must be at most 100".to_owned() };
        insta::assert_json_snapshot!(Failure::Fields(vec![field]).body("inspector2"));
    }

    #[test]
    fn the_cause_of_an_internal_failure_is_not_sent() {
        let body = Failure::Internal("password=x".to_owned()).body("inspector-scan");
        insta::assert_json_snapshot!(body);
    }

    #[test]
    fn statuses_are_those_of_the_model() {
        let quota = Failure::Quota { message: String::new(), resource: String::new() };
        let conflict = Failure::Conflict { message: String::new(), id: String::new(), kind: String::new() };
        let failures = [Failure::Invalid(String::new()), quota, Failure::Denied(String::new()), conflict];
        let codes: Vec<u16> = failures.iter().map(|failure| failure.code().1.as_u16()).collect();
        assert_eq!(codes, [400, 402, 403, 409]);
    }
}
