//! Signature Version 4, the side of the server.
//!
//! Source: "Signature Version 4 signing process" in the AWS IAM User Guide, and the signing test suite that AWS
//! publishes with its SDKs; its facts are the fixture of this file's tests. Header and query signing are read.
//! Left out: asymmetric signatures (SigV4A), streamed payloads, session tokens (there is no STS here).

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use ring::hmac;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// How far the client's clock may be off, and how long a signed header stays valid.
pub const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Longest validity of a signature in the query string, in seconds.
const LONGEST_EXPIRES: i64 = 604_800;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Why a request is not believed. The text reaches the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Missing Authentication Token")]
    Unsigned,
    #[error("the signature is incomplete: {0}")]
    Incomplete(&'static str),
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("session tokens are not supported: sign with the access key alone")]
    SessionToken,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your secret access \
         key and signing method."
    )]
    Mismatch,
    #[error("`{0}` is in the request and must be signed")]
    UnsignedHeader(String),
    #[error("Signature expired: {signed} is too far from {now}; check the clock of this machine")]
    Stale { signed: Timestamp, now: Timestamp },
    #[error("this signature was used before; sign the request again")]
    Replayed,
}

/// What is signed. Path and query are as on the wire.
pub struct Signed<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    /// `Host` of HTTP/1, `:authority` of HTTP/2.
    pub host: Option<&'a str>,
}

/// What a request says about its signature, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub access_key: String,
    /// `20261125`.
    date: String,
    pub region: String,
    pub service: String,
    signed_headers: Vec<String>,
    pub signature: [u8; 32],
    pub time: Timestamp,
    /// Seconds of validity, for signatures in the query string.
    expires: Option<i64>,
}

impl Claim {
    /// Reads the signature's parts from the `Authorization` header or the query string.
    ///
    /// # Errors
    /// There is none, or a part is missing or malformed.
    pub fn read(request: &Signed<'_>) -> Result<Claim, Refusal> {
        match header(request.headers, "authorization") {
            Some(text) => Claim::from_header(&text, request),
            None if parameter(request.query, "X-Amz-Algorithm").is_some() => Claim::from_query(request.query),
            None => Err(Refusal::Unsigned),
        }
    }

    fn from_header(text: &str, request: &Signed<'_>) -> Result<Claim, Refusal> {
        let parts = text
            .strip_prefix(ALGORITHM)
            .ok_or(Refusal::Incomplete("the algorithm must be AWS4-HMAC-SHA256"))?;
        let part = |name: &str| {
            parts
                .split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        };
        if header(request.headers, "x-amz-security-token").is_some() {
            return Err(Refusal::SessionToken);
        }
        let time =
            header(request.headers, "x-amz-date").ok_or(Refusal::Incomplete("`X-Amz-Date` is missing"))?;
        Claim::assemble(part("Credential"), part("SignedHeaders"), part("Signature"), &time, None)
    }

    fn from_query(query: &str) -> Result<Claim, Refusal> {
        let part = |name: &str| parameter(query, name);
        if part("X-Amz-Algorithm").as_deref() != Some(ALGORITHM) {
            return Err(Refusal::Incomplete("the algorithm must be AWS4-HMAC-SHA256"));
        }
        if part("X-Amz-Security-Token").is_some() {
            return Err(Refusal::SessionToken);
        }
        let time = part("X-Amz-Date").ok_or(Refusal::Incomplete("`X-Amz-Date` is missing"))?;
        let expires = part("X-Amz-Expires")
            .and_then(|text| text.parse().ok())
            .filter(|seconds| (1..=LONGEST_EXPIRES).contains(seconds))
            .ok_or(Refusal::Incomplete("`X-Amz-Expires` must be 1 to 604800 seconds"))?;
        let signature = part("X-Amz-Signature");
        Claim::assemble(
            part("X-Amz-Credential"),
            part("X-Amz-SignedHeaders"),
            signature,
            &time,
            Some(expires),
        )
    }

    fn assemble(
        credential: Option<String>,
        signed_headers: Option<String>,
        signature: Option<String>,
        time: &str,
        expires: Option<i64>,
    ) -> Result<Claim, Refusal> {
        let credential = credential.ok_or(Refusal::Incomplete("`Credential` is missing"))?;
        let signed_headers = signed_headers.ok_or(Refusal::Incomplete("`SignedHeaders` is missing"))?;
        let signature = signature
            .and_then(|text| from_hex(&text))
            .ok_or(Refusal::Incomplete("`Signature` is missing"))?;
        // An access key may hold a slash; the scope behind it may not.
        let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
        let [terminator, service, region, date, access_key] = parts[..] else {
            return Err(Refusal::Incomplete("`Credential` is not KEY/DATE/REGION/SERVICE/aws4_request"));
        };
        let time_read = read_time(time).ok_or(Refusal::Incomplete("`X-Amz-Date` is not yyyymmddThhmmssZ"))?;
        if terminator != "aws4_request" || region.is_empty() || service.is_empty() || !time.starts_with(date)
        {
            return Err(Refusal::Incomplete("the scope of `Credential` is not that of the request"));
        }
        let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_ascii_lowercase).collect();
        if !signed_headers.iter().any(|name| name == "host") {
            return Err(Refusal::UnsignedHeader("host".to_owned()));
        }
        if !signed_headers.is_sorted() {
            return Err(Refusal::Incomplete("`SignedHeaders` are not in order"));
        }
        Ok(Claim {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers,
            signature,
            time: time_read,
            expires,
        })
    }

    /// Whether a header is covered by the signature.
    pub fn signs(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }

    /// Until when the signature could be used.
    pub fn valid_until(&self) -> Timestamp {
        let validity = self.expires.map_or(SKEW, SignedDuration::from_secs);
        self.time.checked_add(validity).unwrap_or(Timestamp::MAX)
    }

    /// What can be refused before the body is read: age, and headers that an attacker could have added.
    ///
    /// # Errors
    /// The signature is too old or from the future, or a header of AWS is not signed.
    pub fn precheck(&self, request: &Signed<'_>, now: Timestamp) -> Result<(), Refusal> {
        if now > self.valid_until() || self.time.duration_since(now) > SKEW {
            return Err(Refusal::Stale { signed: self.time, now });
        }
        for name in request.headers.keys().map(|name| name.as_str()) {
            if name.starts_with("x-amz-") && !self.signs(name) {
                return Err(Refusal::UnsignedHeader(name.to_owned()));
            }
        }
        Ok(())
    }

    /// Whether the holder of `secret` signed this request with this body.
    ///
    /// # Errors
    /// Somebody else did, or the request was changed on its way.
    pub fn verify(&self, request: &Signed<'_>, body: &[u8], secret: &str) -> Result<(), Refusal> {
        let payload = hex(&Sha256::digest(body));
        let declared = header(request.headers, "x-amz-content-sha256");
        if declared.is_some_and(|declared| !declared.eq_ignore_ascii_case(&payload)) {
            return Err(Refusal::Mismatch);
        }
        let to_sign = self.string_to_sign(&self.canonical_request(request, &payload));
        // Compares in constant time.
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.signing_key(secret));
        hmac::verify(&key, to_sign.as_bytes(), &self.signature).map_err(|_| Refusal::Mismatch)
    }

    fn canonical_request(&self, request: &Signed<'_>, payload: &str) -> String {
        let mut out = format!(
            "{}\n{}\n{}\n",
            request.method,
            canonical_path(request.path),
            canonical_query(request.query)
        );
        for name in &self.signed_headers {
            let value = match name.as_str() {
                "host" => request.host.map(str::to_owned),
                name => header(request.headers, name),
            };
            let _ = writeln!(out, "{name}:{}", value.unwrap_or_default());
        }
        let _ = write!(out, "\n{}\n{payload}", self.signed_headers.join(";"));
        out
    }

    fn string_to_sign(&self, canonical_request: &str) -> String {
        let time = self.time.strftime("%Y%m%dT%H%M%SZ");
        let digest = hex(&Sha256::digest(canonical_request));
        format!("{ALGORITHM}\n{time}\n{}/{}/{}/aws4_request\n{digest}", self.date, self.region, self.service)
    }

    fn signing_key(&self, secret: &str) -> Vec<u8> {
        let steps = [self.date.as_str(), self.region.as_str(), self.service.as_str(), "aws4_request"];
        let first = format!("AWS4{secret}").into_bytes();
        steps.iter().fold(first, |key, step| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            hmac::sign(&key, step.as_bytes()).as_ref().to_vec()
        })
    }
}

fn read_time(text: &str) -> Option<Timestamp> {
    let plain =
        text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'T' || byte == b'Z');
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", plain.then_some(text)?).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(time).ok()
}

/// All values of a header, trimmed, inner spaces collapsed, joined with commas.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            String::from_utf8_lossy(value.as_bytes()).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A decoded parameter of the query.
fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key) == name.as_bytes()).then(|| String::from_utf8_lossy(&decoded(value)).into_owned())
    })
}

/// Dot segments and double slashes removed, then each segment encoded, although it may be encoded already: all
/// services but S3 do so.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut out = String::new();
    for segment in &segments {
        out.push('/');
        encode(segment.as_bytes(), &mut out);
    }
    let ends_in_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if out.is_empty() || ends_in_folder {
        out.push('/');
    }
    out
}

/// Parameters decoded, encoded in the one way that counts, and sorted.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (mut name, mut text) = (String::new(), String::new());
            encode(&decoded(key), &mut name);
            encode(&decoded(value), &mut text);
            (name, text)
        })
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Everything but the unreserved characters of RFC 3986.
fn encode(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte))
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests;
