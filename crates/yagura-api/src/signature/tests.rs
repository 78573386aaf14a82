//! The signing test suite that AWS publishes with its SDKs (facts only: request, key, signature), and what a
//! server must refuse.

use super::*;
use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    signature: String,
}

impl Vector {
    fn headers(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        map
    }

    fn with<T>(&self, run: impl FnOnce(&Signed<'_>) -> T) -> T {
        let headers = self.headers();
        let host = headers.get("host").map(|host| host.to_str().unwrap());
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        run(&Signed { method: &self.method, path, query, headers: &headers, host })
    }

    fn check(&self, secret: &str) -> Result<(), Refusal> {
        self.with(|request| {
            let claim = Claim::read(request)?;
            claim.precheck(request, claim.time)?;
            claim.verify(request, self.body.as_bytes(), secret)
        })
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn vanilla() -> Vector {
    vectors().into_iter().find(|vector| vector.name == "get-vanilla/header").unwrap()
}

#[test]
fn published_vectors_are_accepted() {
    let mut accepted = 0;
    for vector in vectors() {
        let has_token = |text: &str| text.to_lowercase().contains("x-amz-security-token");
        let headers = vector.headers.iter().any(|(name, _)| has_token(name));
        let expected = if headers || has_token(&vector.target) {
            Err(Refusal::SessionToken)
        } else {
            accepted += 1;
            Ok(())
        };
        assert_eq!(vector.check(SECRET), expected, "{}", vector.name);
        let claim = vector.with(|request| Claim::read(request).map(|claim| hex(&claim.signature)));
        assert!(claim.is_err() || claim == Ok(vector.signature.clone()), "{}", vector.name);
    }
    assert!(accepted > 50, "{accepted}");
}

#[test]
fn another_secret_is_refused() {
    for vector in vectors().iter().filter(|vector| vector.check(SECRET).is_ok()) {
        assert_eq!(vector.check("wrong"), Err(Refusal::Mismatch), "{}", vector.name);
    }
}

#[test]
fn every_change_on_the_way_is_noticed() {
    type Change = fn(&mut Vector);
    let changes: [(&str, Change); 6] = [
        ("method", |vector| vector.method = "POST".to_owned()),
        ("path", |vector| vector.target = "/other".to_owned()),
        ("query", |vector| vector.target = "/?a=b".to_owned()),
        ("body", |vector| vector.body = "{}".to_owned()),
        ("host", |vector| vector.headers[0].1 = "elsewhere.example".to_owned()),
        ("time", |vector| vector.headers[1].1 = "20150830T123601Z".to_owned()),
    ];
    for (what, change) in changes {
        let mut vector = vanilla();
        change(&mut vector);
        assert_eq!(vector.check(SECRET), Err(Refusal::Mismatch), "{what}");
    }
}

#[test]
fn headers_of_aws_must_be_signed() {
    let mut vector = vanilla();
    vector.headers.push(("X-Amz-Target".to_owned(), "other".to_owned()));
    assert_eq!(vector.check(SECRET), Err(Refusal::UnsignedHeader("x-amz-target".to_owned())));
}

#[test]
fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let vector = vanilla();
    vector.with(|request| {
        let claim = Claim::read(request).unwrap();
        let at = |minutes: i64| claim.precheck(request, claim.time + SignedDuration::from_mins(minutes));
        assert_eq!(at(15), Ok(()));
        assert_eq!(at(-15), Ok(()));
        assert!(matches!(at(16), Err(Refusal::Stale { .. })));
        assert!(matches!(at(-16), Err(Refusal::Stale { .. })));
    });
}

#[test]
fn what_is_not_a_signature_is_refused_without_a_panic() {
    let wrong = |change: &str| {
        let mut vector = vanilla();
        vector.headers.last_mut().unwrap().1 = change.to_owned();
        vector.check(SECRET).unwrap_err().to_string()
    };
    let scope = "Credential=K/20150830/us-east-1/service/aws4_request";
    let lines = [
        wrong("Basic dXNlcjpwYXNz"),
        wrong("AWS4-HMAC-SHA256"),
        wrong(&format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=äöü")),
        wrong(&format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=x-amz-date, Signature={}", "0".repeat(64))),
        wrong(&format!("AWS4-HMAC-SHA256 Credential=K/x, SignedHeaders=host, Signature={}", "0".repeat(64))),
    ];
    insta::assert_snapshot!(lines.join("\n"));
    let mut vector = vanilla();
    vector.headers.pop();
    assert_eq!(vector.check(SECRET), Err(Refusal::Unsigned));
}
