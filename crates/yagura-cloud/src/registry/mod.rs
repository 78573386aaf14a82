//! Images in registries: manifests at once, layers as streams.
//!
//! Protocol: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>, tokens:
//! <https://distribution.github.io/distribution/spec/auth/token/>. Nothing is stored on disk, and no layer is held
//! in memory. Layers that are stored elsewhere are asked for at the registry only, because other addresses are none
//! that the user named.
//! Left out: pushing, referrers and catalogs.

mod blob;
mod challenge;
pub mod credentials;
mod reference;

use crate::CloudError;
use crate::client::{Client, parse, refusal, shown};
use challenge::Challenge;
use credentials::Credentials;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use yagura_fs::Digest;
use yagura_fs::image::manifest::{ACCEPTED, Document, select};
use yagura_fs::image::{Image, ImageError, MOST_DOCUMENT, OpenImage, Platform};

pub use reference::{Ecr, Reference};

/// Most indexes inside indexes.
const DEPTH: usize = 4;

/// How registries are talked to.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The directory of Docker's `config.json`: `$DOCKER_CONFIG`, or `.docker` in the home directory. `None`
    /// asks without credentials.
    pub docker_config: Option<PathBuf>,
    /// HTTP instead of HTTPS. Always so for registries on this machine.
    pub insecure: bool,
}

/// A client of registries. Cloning shares connections and tokens.
#[derive(Clone)]
pub struct Registry {
    client: Client,
    options: Arc<Options>,
    /// Logins that are known without asking Docker, by registry.
    logins: Arc<BTreeMap<String, Credentials>>,
    /// `Authorization` by registry and repository.
    tokens: Arc<Mutex<BTreeMap<(String, String), HeaderValue>>>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

impl Registry {
    /// A client with these options.
    pub fn new(client: Client, options: Options) -> Self {
        Self { client, options: Arc::new(options), logins: Arc::default(), tokens: Arc::default() }
    }

    /// The same client with a login for one registry, which wins over Docker's.
    #[must_use]
    pub fn with_login(self, registry: &str, credentials: Credentials) -> Self {
        let mut logins = (*self.logins).clone();
        logins.insert(registry.to_owned(), credentials);
        // Tokens from before belong to another login.
        Self { logins: Arc::new(logins), tokens: Arc::default(), ..self }
    }

    /// The images that a reference stands for, and what they run on: one for a manifest, several for an index.
    /// Attestations are left out.
    ///
    /// # Errors
    /// See [`CloudError`].
    pub async fn platforms(
        &self,
        reference: &Reference,
    ) -> Result<Vec<(Digest, Option<Platform>)>, CloudError> {
        let (digest, document) = self.manifest(reference, reference.version()).await?;
        Ok(match document {
            Document::Manifest(_) => vec![(digest, None)],
            Document::Index(images) => images
                .into_iter()
                .filter(|image| !image.is_attestation())
                .map(|image| (image.digest.clone(), image.platform()))
                .collect(),
        })
    }

    /// Finds an image: follows an index to the platform and reads manifest and configuration. The layers of the
    /// answer are streamed by tasks of the runtime that this runs on, and are to be read from other threads than
    /// its own (`spawn_blocking`).
    ///
    /// # Errors
    /// See [`CloudError`].
    pub async fn open(&self, reference: &Reference, platform: &Platform) -> Result<OpenImage, CloudError> {
        let (mut digest, mut document) = self.manifest(reference, reference.version()).await?;
        for _ in 0..DEPTH {
            let manifest = match document {
                Document::Index(images) => {
                    let chosen = select(&images, platform)?.digest.clone();
                    (digest, document) = self.manifest(reference, chosen.as_str()).await?;
                    continue;
                }
                Document::Manifest(manifest) => manifest,
            };
            let url = self.url(reference, "blobs", manifest.config.digest.as_str())?;
            let response = self.get(reference, &url, HeaderMap::new()).await?;
            let config = whole(response).await?;
            let mut image = Image::assemble(&reference.to_string(), Some(digest), &manifest, &config)?;
            image.tags.extend(reference.tag.clone());
            let layers = blob::Blobs::new(self.clone(), reference.clone());
            return Ok(OpenImage { image, layers: Arc::new(layers) });
        }
        let detail = format!("indexes are nested deeper than {DEPTH} levels");
        Err(ImageError::Malformed { what: reference.to_string(), detail }.into())
    }

    async fn manifest(&self, reference: &Reference, version: &str) -> Result<(Digest, Document), CloudError> {
        let url = self.url(reference, "manifests", version)?;
        let mut headers = HeaderMap::new();
        headers.extend(ACCEPTED.iter().map(|kind| (ACCEPT, HeaderValue::from_static(kind))));
        let response = self.get(reference, &url, headers).await?;
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let stated = header("docker-content-digest");
        let media_type = header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let bytes = whole(response).await?;
        let digest = Digest::of(&bytes);
        let expected = Digest::parse(version).or_else(|| Digest::parse(&stated?));
        if let Some(expected) = expected.filter(|expected| *expected != digest) {
            return Err(CloudError::Digest { url: shown(&url), expected: expected.to_string() });
        }
        Ok((digest, Document::parse(&bytes, Some(&media_type))?))
    }

    fn url(&self, reference: &Reference, kind: &str, version: &str) -> Result<Url, CloudError> {
        let scheme = if self.options.insecure || reference.is_local() { "http" } else { "https" };
        parse(&format!("{scheme}://{}/v2/{}/{kind}/{version}", reference.host(), reference.repository))
    }

    /// Asks, logs in when told to, and turns refusals into errors.
    async fn get(
        &self,
        reference: &Reference,
        url: &Url,
        headers: HeaderMap,
    ) -> Result<Response, CloudError> {
        let key = (reference.registry.clone(), reference.repository.clone());
        let mut logged_in = false;
        loop {
            let token = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            let response = self
                .client
                .send(&|| {
                    let request = self.client.http.get(url.clone()).headers(headers.clone());
                    match &token {
                        Some(token) => request.header(AUTHORIZATION, token.clone()),
                        None => request,
                    }
                })
                .await?;
            match response.status() {
                status if status.is_success() => return Ok(response),
                StatusCode::UNAUTHORIZED if !logged_in => {
                    logged_in = true;
                    let token = self.log_in(reference, response.headers()).await?;
                    self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), token);
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(denied(reference)),
                StatusCode::NOT_FOUND => return Err(CloudError::NotFound { what: reference.to_string() }),
                _ => return Err(refusal(response).await),
            }
        }
    }

    /// The value of `Authorization` that a challenge asks for.
    async fn log_in(&self, reference: &Reference, headers: &HeaderMap) -> Result<HeaderValue, CloudError> {
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let Some(challenge) = challenges.filter_map(Challenge::parse).next() else {
            return Err(denied(reference));
        };
        let credentials = self.credentials(&reference.registry).await?;
        match (challenge, credentials) {
            (Challenge::Basic, Some(Credentials::Password(user, password))) => {
                // The client encodes it; nothing is sent here.
                let request =
                    self.client.http.get("http://localhost").basic_auth(user, Some(password)).build();
                let value = request.ok().and_then(|request| request.headers().get(AUTHORIZATION).cloned());
                value.ok_or_else(|| denied(reference))
            }
            (Challenge::Basic, _) => Err(denied(reference)),
            (Challenge::Bearer { realm, service, scope }, credentials) => {
                let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", reference.repository));
                self.token(reference, &realm, service.as_deref(), &scope, credentials).await
            }
        }
    }

    async fn token(
        &self,
        reference: &Reference,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        credentials: Option<Credentials>,
    ) -> Result<HeaderValue, CloudError> {
        let mut url = parse(realm)?;
        let plain = url.scheme() != "https" && !(self.options.insecure || reference.is_local());
        if plain && credentials.is_some() {
            return Err(CloudError::Invalid {
                what: "token service",
                text: shown(&url),
                detail: "credentials are not sent without TLS".to_owned(),
            });
        }
        let identity = matches!(credentials, Some(Credentials::Identity(_)));
        if !identity {
            let mut query = url.query_pairs_mut();
            query.append_pair("scope", scope);
            query.extend_pairs(service.map(|service| ("service", service)));
        }
        let response = self
            .client
            .send(&|| match &credentials {
                None => self.client.http.get(url.clone()),
                Some(Credentials::Password(user, password)) => {
                    self.client.http.get(url.clone()).basic_auth(user, Some(password))
                }
                Some(Credentials::Identity(token)) => {
                    let mut form = Url::parse("form:").unwrap_or_else(|_| url.clone());
                    form.query_pairs_mut()
                        .append_pair("grant_type", "refresh_token")
                        .append_pair("refresh_token", token)
                        .append_pair("client_id", "yagura")
                        .append_pair("scope", scope)
                        .extend_pairs(service.map(|service| ("service", service)));
                    let body = form.query().unwrap_or_default().to_owned();
                    let request = self.client.http.post(url.clone());
                    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
                }
            })
            .await?;
        if matches!(response.status().as_u16(), 400 | 401 | 403) {
            return Err(denied(reference));
        }
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let token: Option<Token> = serde_json::from_slice(&whole(response).await?).ok();
        let token =
            token.and_then(|token| token.token.or(token.access_token)).ok_or_else(|| denied(reference))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| denied(reference))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Helpers are programs that may take their time, so they run beside the network.
    async fn credentials(&self, registry: &str) -> Result<Option<Credentials>, CloudError> {
        if let Some(login) = self.logins.get(registry) {
            return Ok(Some(login.clone()));
        }
        let Some(directory) = self.options.docker_config.clone() else { return Ok(None) };
        let registry = registry.to_owned();
        let found = tokio::task::spawn_blocking(move || credentials::find(&directory, &registry)).await;
        found.unwrap_or(Ok(None))
    }

    /// A blob from a position on.
    async fn blob(&self, reference: &Reference, digest: &Digest, from: u64) -> Result<Response, CloudError> {
        let mut headers = HeaderMap::new();
        if let (true, Ok(range)) = (from > 0, HeaderValue::from_str(&format!("bytes={from}-"))) {
            headers.insert(RANGE, range);
        }
        self.get(reference, &self.url(reference, "blobs", digest.as_str())?, headers).await
    }
}

/// A small document.
async fn whole(mut response: Response) -> Result<Vec<u8>, CloudError> {
    let url = shown(response.url());
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(bytes),
            Err(_) => return Err(CloudError::Incomplete { url, received: bytes.len() as u64 }),
        }
        if bytes.len() as u64 > MOST_DOCUMENT {
            return Err(CloudError::TooLarge { url, limit: MOST_DOCUMENT });
        }
    }
}

/// A refusal with the way to get in.
fn denied(reference: &Reference) -> CloudError {
    let registry = &reference.registry;
    let hint = match reference.ecr() {
        Some(Ecr::Public) => {
            "aws ecr-public get-login-password --region us-east-1 | docker login --username AWS \
                              --password-stdin public.ecr.aws"
                .to_owned()
        }
        Some(Ecr::Private { region, .. }) => format!(
            "set up AWS credentials (AWS_PROFILE, or a role) that may ecr:GetAuthorizationToken, ecr:BatchGetImage and \
             ecr:GetDownloadUrlForLayer; or run aws ecr get-login-password --region {region} | docker login --username \
             AWS --password-stdin {registry}"
        ),
        None => format!("check that it exists; for a private repository run docker login {registry}"),
    };
    CloudError::Denied { registry: registry.clone(), repository: reference.repository.clone(), hint }
}

#[cfg(test)]
mod tests;
