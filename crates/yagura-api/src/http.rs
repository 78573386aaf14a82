//! From bytes to a call, and from its answer to bytes (the wire rules of restJson1).

use crate::authenticate::Wish;
use crate::call::Call;
use crate::failure::Failure;
use crate::signature::{Claim, Signed};
use crate::{Api, inventories, ops, route};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use percent_encoding::percent_decode_str;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};
use std::io::Write;
use std::net::SocketAddr;
use yagura_formats::service::{Operation, QueryField, Via, check};
use yagura_model::Home;
use yagura_store::{AuditEntry, Credential};

/// Answers are packed from this size on, when the client can unpack.
const WORTH_PACKING: usize = 1024;

/// All operations, and the push of inventories. Health, metrics and the console are added by the binary.
pub fn router(api: Api) -> Router {
    Router::new().fallback(serve).with_state(api)
}

/// What is answered, before it becomes bytes.
struct Answer {
    status: StatusCode,
    body: Value,
    failure: Option<Failure>,
}

async fn serve(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let id = request_id();
    let target = Target::of(&parts);
    let outcome = handle(&api, &parts, body, &id, &target).await;
    let service = target.service();
    let answer = match outcome {
        Ok((status, body)) => Answer { status, body, failure: None },
        Err(failure) => {
            if let Failure::Internal(cause) = &failure {
                tracing::error!(request = %id, operation = target.name(), %cause, "a request failed");
            }
            Answer { status: failure.code().1, body: failure.body(service), failure: Some(failure) }
        }
    };
    respond(answer, &id, &parts.headers)
}

/// What a path leads to.
enum Target {
    Operation(&'static Operation, Option<String>),
    Inventories,
    Nothing,
}

impl Target {
    fn of(parts: &Parts) -> Target {
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        if method == "POST" && path == inventories::PATH {
            return Target::Inventories;
        }
        match route::find(method, path) {
            Some((operation, label)) => Target::Operation(operation, label),
            None => Target::Nothing,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Target::Operation(operation, _) => operation.name,
            Target::Inventories => inventories::NAME,
            Target::Nothing => "Unknown",
        }
    }

    /// The signing name of the interface.
    fn service(&self) -> &'static str {
        match self {
            Target::Operation(operation, _) => operation.action.split(':').next().unwrap_or("inspector2"),
            _ => "inspector2",
        }
    }

    fn wish(&self) -> Wish {
        match self {
            Target::Operation(operation, _) => Wish::of(operation.name),
            Target::Inventories => Wish::HandIn,
            Target::Nothing => Wish::Read,
        }
    }
}

async fn handle(
    api: &Api,
    parts: &Parts,
    body: Body,
    id: &str,
    target: &Target,
) -> Result<(StatusCode, Value), Failure> {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let signed = Signed {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        host: host.or_else(|| parts.uri.authority().map(|authority| authority.as_str())),
    };
    let claim = Claim::read(&signed)?;
    let services: &[&str] = match target {
        Target::Operation(..) => &[target.service()],
        Target::Inventories | Target::Nothing => &["inspector2", "inspector-scan", "yagura"],
    };
    let key = api.key_of(&claim, &signed, services, api.now()).await?;
    let outcome = believed(api, &claim, &signed, body, &key, target).await;
    audit(api, parts, &claim, &key, id, target, &outcome).await?;
    outcome
}

async fn believed(
    api: &Api,
    claim: &Claim,
    signed: &Signed<'_>,
    body: Body,
    key: &Credential,
    target: &Target,
) -> Result<(StatusCode, Value), Failure> {
    let limit = api.settings.body_bytes;
    let body: Bytes = to_bytes(body, limit).await.map_err(|_| Failure::TooLarge { limit })?;
    let wish = target.wish();
    api.believe(claim, signed, &body, key).await?;
    let home = Home { account: key.home_account.clone(), region: claim.region.as_str().into() };
    if !wish.is_granted_to(key.role) {
        let message = format!("the key `{}` may not call `{}`", key.key_id, target.name());
        return Err(Failure::Denied(message));
    }
    match target {
        Target::Nothing => Err(Failure::UnknownOperation),
        Target::Inventories => {
            let packed = header_is(signed.headers, header::CONTENT_ENCODING, "gzip");
            inventories::accept(api, home, &body, packed).await.map(|answer| (StatusCode::OK, answer))
        }
        Target::Operation(operation, label) => {
            let input = read_input(operation, label.as_deref(), signed.query, &body)?;
            let answer = ops::answer(&Call::new(api, home, operation, &input)).await?;
            let status = StatusCode::from_u16(operation.success).unwrap_or(StatusCode::OK);
            Ok((status, answer))
        }
    }
}

/// The input of an operation: body, query and path in one object, held against its constraints.
fn read_input(
    operation: &Operation,
    label: Option<&str>,
    query: &str,
    body: &[u8],
) -> Result<Value, Failure> {
    let mut members = read_body(body)?;
    for field in operation.elsewhere {
        if let Some(value) = elsewhere(field, label, query) {
            members.insert(field.name.to_owned(), value);
        }
    }
    let mut input = Value::Object(members);
    let complaints = operation.input.map(|constraint| check(&mut input, constraint)).unwrap_or_default();
    if complaints.is_empty() { Ok(input) } else { Err(Failure::Fields(complaints)) }
}

fn read_body(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(Failure::CannotParse("the body must be a JSON object".to_owned())),
        Err(error) => Err(Failure::CannotParse(format!("the body is not JSON: {error}"))),
    }
}

/// A member that does not travel in the body.
fn elsewhere(field: &QueryField, label: Option<&str>, query: &str) -> Option<Value> {
    let mut values = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        (decoded(name) == field.wire).then(|| decoded(value))
    });
    match field.via {
        Via::Path => label.map(Value::from),
        Via::Query => values.next().map(Value::from),
        Via::QueryInteger => {
            values.next().map(|text| text.parse::<i64>().map_or(Value::from(text), Value::from))
        }
        Via::QueryList => {
            let values: Vec<String> = values.collect();
            (!values.is_empty()).then(|| Value::from(values))
        }
    }
}

/// Every call of a known key is written down, refused ones too.
async fn audit(
    api: &Api,
    parts: &Parts,
    claim: &Claim,
    key: &Credential,
    id: &str,
    target: &Target,
    outcome: &Result<(StatusCode, Value), Failure>,
) -> Result<(), Failure> {
    let status = match outcome {
        Ok((status, _)) => *status,
        Err(failure) => failure.code().1,
    };
    let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|address| address.0.to_string());
    let entry = AuditEntry {
        at: api.now(),
        home: Home { account: key.home_account.clone(), region: claim.region.as_str().into() },
        key_id: key.key_id.clone(),
        operation: target.name().to_owned(),
        status: status.as_u16(),
        request_id: id.to_owned(),
        from: from.unwrap_or_default(),
    };
    Ok(api.store.put_audit(&entry).await?)
}

fn respond(answer: Answer, id: &str, asked: &HeaderMap) -> Response {
    let mut bytes = answer.body.to_string().into_bytes();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("x-amzn-requestid", id);
    if let Some(failure) = &answer.failure {
        put("x-amzn-errortype", failure.code().0);
        if let Some(seconds) = failure.retry_after() {
            put("retry-after", &seconds.to_string());
        }
    }
    if bytes.len() > WORTH_PACKING && header_is(asked, header::ACCEPT_ENCODING, "gzip") {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        if let Ok(packed) = packer.write_all(&bytes).and_then(|()| packer.finish()) {
            bytes = packed;
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}

/// Whether a list-valued header names a word, and not with `q=0`.
fn header_is(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(',').any(|part| {
        let (value, weight) = part.split_once(';').unwrap_or((part, ""));
        value.trim().eq_ignore_ascii_case(word) && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

/// A version 4 UUID.
pub(crate) fn request_id() -> String {
    let mut bytes = [0; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::warn!("the operating system gives no random bytes");
    }
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{number:032x}");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_formats::inspector2::shapes::{LIST_FINDINGS_OPERATION, UNTAG_RESOURCE_OPERATION};

    #[test]
    fn an_empty_body_is_an_empty_object() {
        for body in ["", " \n", "{}", "null", r#"{"newMember": {"x": 1}, "nextToken": null}"#] {
            let input = read_input(&LIST_FINDINGS_OPERATION, None, "", body.as_bytes());
            assert_eq!(input, Ok(serde_json::json!({})), "{body}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for body in ["[]", "{", "1", "\u{0}"] {
            let input = read_input(&LIST_FINDINGS_OPERATION, None, "", body.as_bytes());
            assert!(matches!(input, Err(Failure::CannotParse(_))), "{body}");
        }
        let input = read_input(&LIST_FINDINGS_OPERATION, None, "", br#"{"maxResults": 101}"#);
        assert!(matches!(input, Err(Failure::Fields(_))));
    }

    #[test]
    fn members_of_path_and_query_are_members() {
        let arn = "arn:aws:inspector2:us-east-1:123456789012:owner/123456789012/filter/0123456789abcdef";
        let query = "tagKeys=team&tagKeys=cost%20center";
        let input = read_input(&UNTAG_RESOURCE_OPERATION, Some(arn), query, b"")
            .map(|input| input["tagKeys"].clone());
        // Keys with spaces break the pattern of the model.
        assert!(matches!(input, Err(Failure::Fields(_))));
        let input = read_input(&UNTAG_RESOURCE_OPERATION, Some(arn), "tagKeys=team&tagKeys=cost", b"");
        assert_eq!(input.map(|input| input["tagKeys"].clone()), Ok(serde_json::json!(["team", "cost"])));
    }

    #[test]
    fn request_ids_are_uuids() {
        let id = request_id();
        assert_eq!(id.len(), 36);
        assert_eq!(id.get(14..15), Some("4"));
        assert_ne!(id, request_id());
    }
}
