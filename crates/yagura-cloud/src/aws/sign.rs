//! Signature version 4, by the signer of the SDK.

use super::credentials::Keys;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::Url;
use std::time::{Duration, SystemTime};

/// What is signed.
pub(super) struct Request<'a> {
    pub method: &'a str,
    pub url: &'a Url,
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
    /// Name for the signature: `ec2`, `monitoring`.
    pub service: &'a str,
    pub region: &'a str,
    pub time: SystemTime,
}

/// A URL that carries its signature and holds for `seconds`. The headers are part of it and must be sent with it.
pub(super) fn url(request: &Request<'_>, keys: &Keys, seconds: u64) -> Result<String, String> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(seconds));
    let instructions = instructions(request, keys, settings)?;
    let mut url = request.url.clone();
    url.query_pairs_mut()
        .extend_pairs(instructions.params().iter().map(|(name, value)| (name, value.as_ref())));
    // Signatures want spaces as %20.
    Ok(url.to_string().replace('+', "%20"))
}

/// Headers to add: date, authorization, token, and the body's digest for S3.
pub(super) fn headers(request: &Request<'_>, keys: &Keys) -> Result<Vec<(String, String)>, String> {
    let mut settings = SigningSettings::default();
    // S3 signs the path as it is sent; all others encode it once more.
    if request.service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let instructions = instructions(request, keys, settings)?;
    let headers = instructions.headers();
    Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn instructions(
    request: &Request<'_>,
    keys: &Keys,
    settings: SigningSettings,
) -> Result<SigningInstructions, String> {
    let identity = keys.identity();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(request.region)
        .name(request.service)
        .time(request.time)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let given = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable =
        SignableRequest::new(request.method, request.url.as_str(), given, SignableBody::Bytes(request.body))
            .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(signable, &parameters).map_err(|error| error.to_string())?.into_parts();
    Ok(instructions)
}
