//! The SDK's credential chain over our own HTTP client, so that there is one TLS stack and one set of proxies.

use super::AwsError;
use super::credentials::Credentials;
use super::endpoint::Endpoints;
use super::services::SERVICES;
use crate::Client;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::{Response, StatusCode};
use aws_smithy_types::body::SdkBody;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the environment says.
pub(super) struct Found {
    pub credentials: Credentials,
    pub endpoints: Endpoints,
    pub region: String,
}

/// Reads environment and profiles. Credentials are fetched when first needed.
pub(super) async fn load(client: &Client, region: Option<&str>) -> Result<Found, AwsError> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(Ours(client.http.clone()));
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    let config = loader.load().await;
    let region = config.region().ok_or(AwsError::NoRegion)?.to_string();
    let none = || AwsError::NoCredentials { detail: "no source of the chain is set up".to_owned() };
    let provider: SharedCredentialsProvider = config.credentials_provider().ok_or_else(none)?;
    Ok(Found {
        credentials: Credentials::provided(provider),
        endpoints: endpoints(config.endpoint_url(), config.service_config()),
        region,
    })
}

/// `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>` and their namesakes in profiles.
fn endpoints(everywhere: Option<&str>, settings: Option<&dyn LoadServiceConfig>) -> Endpoints {
    let set = |id: &'static str| {
        let key = ServiceConfigKey::builder()
            .service_id(id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        Some((id.to_owned(), settings?.load_config(key)?))
    };
    let by_service: BTreeMap<String, String> =
        SERVICES.iter().filter_map(|service| set(service.id)).collect();
    Endpoints::new(everywhere, by_service)
}

#[derive(Debug, Clone)]
struct Ours(reqwest::Client);

impl HttpClient for Ours {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let timeout = match (settings.connect_timeout(), settings.read_timeout()) {
            (None, None) => None,
            (connect, read) => Some(connect.unwrap_or_default() + read.unwrap_or(Duration::from_secs(30))),
        };
        SharedHttpConnector::new(Connector { http: self.0.clone(), timeout })
    }
}

#[derive(Debug)]
struct Connector {
    http: reqwest::Client,
    timeout: Option<Duration>,
}

/// Largest answer with credentials in it.
const MOST_BYTES: usize = 1 << 20;

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (http, timeout) = (self.http.clone(), self.timeout);
        HttpConnectorFuture::new(async move {
            let asked = async {
                let method = reqwest::Method::from_bytes(request.method().as_bytes())
                    .map_err(|error| ConnectorError::user(error.into()))?;
                let mut builder = http.request(method, request.uri());
                for (name, value) in request.headers() {
                    builder = builder.header(name, value);
                }
                let body = request.body().bytes().unwrap_or_default().to_vec();
                let failed = |error: reqwest::Error| match error.is_timeout() {
                    true => ConnectorError::timeout(error.into()),
                    false => ConnectorError::io(error.into()),
                };
                let mut answer = builder.body(body).send().await.map_err(failed)?;
                let mut bytes = Vec::new();
                while let Some(chunk) = answer.chunk().await.map_err(failed)? {
                    bytes.extend_from_slice(&chunk);
                    if bytes.len() > MOST_BYTES {
                        return Err(ConnectorError::user("the answer is too large".into()));
                    }
                }
                let status = StatusCode::try_from(answer.status().as_u16())
                    .map_err(|error| ConnectorError::user(error.into()))?;
                let mut response = Response::new(status, SdkBody::from(bytes));
                for (name, value) in answer.headers() {
                    if let Ok(value) = value.to_str() {
                        response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
                    }
                }
                Ok(response)
            };
            match timeout {
                None => asked.await,
                Some(timeout) => tokio::time::timeout(timeout, asked)
                    .await
                    .unwrap_or_else(|error| Err(ConnectorError::timeout(error.into()))),
            }
        })
    }
}
