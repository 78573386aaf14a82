//! What is listened for: Inspector's API, and the operator's pages beside it.

use super::{Service, metrics};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use std::sync::Arc;
use yagura_api::{AdvisorySource, Api, Settings};
use yagura_model::Advisories;

/// Every route.
pub fn router(service: Arc<Service>) -> Router {
    let source = service.clone();
    let advisories: AdvisorySource = Arc::new(move || {
        let held: Arc<dyn Advisories + Send + Sync> = source.advisories.get();
        Some(held)
    });
    let settings = Settings {
        prices: service.config.prices.0.clone(),
        ..Settings::new(env!("CARGO_PKG_VERSION"), Timestamp::now)
    };
    let api = Api::new(service.store.clone(), advisories, crate::scan::sbom_ecosystems(), settings);
    let pages = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/version", get(version))
        .route("/metrics", get(page))
        .with_state(service);
    pages.merge(yagura_api::router(api))
}

/// Ready once the store answers.
async fn ready(State(service): State<Arc<Service>>) -> Response {
    match service.store.marked().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// The program, and the advisory data that it judges by.
async fn version(State(service): State<Arc<Service>>) -> Response {
    let held = service.advisories.get();
    let newest = held.data.sources().into_iter().filter_map(|source| source.date).max();
    let document = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "advisories": {
            "stored": held.written.map(|written| written.to_string()),
            "newest": newest.map(|newest| newest.to_string()),
        },
    });
    ([(CONTENT_TYPE, "application/json")], format!("{document}\n")).into_response()
}

async fn page(State(service): State<Arc<Service>>) -> Response {
    match metrics::render(&service).await {
        Ok(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
