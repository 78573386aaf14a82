//! Pods of an EKS cluster, asked at the cluster itself.
//!
//! The token is a signed STS request in base64, as the AWS CLI's `eks get-token` makes it:
//! <https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster>. The cluster has to
//! grant `list` on pods to the role that scans.

use crate::aws::services::{eks, sts};
use crate::aws::{Aws, presign};
use crate::client::{parse, refusal, shown};
use crate::{CloudError, base64};
use jiff::Timestamp;
use serde::Deserialize;

/// Largest page of pods, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// Pods of one page.
const PAGE: usize = 500;
/// Most pages.
const MOST_PAGES: usize = 2000;

/// A pod, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// `namespace/owner`.
    pub workload: String,
    /// Images as written, and as pulled.
    pub images: Vec<(String, String)>,
    /// When its last container ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct List {
    items: Vec<Item>,
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: String,
    namespace: String,
    #[serde(rename = "continue")]
    next: Option<String>,
    owner_references: Vec<Metadata>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    metadata: Metadata,
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: String,
    container_statuses: Vec<Container>,
    init_container_statuses: Vec<Container>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    image: String,
    #[serde(rename = "imageID")]
    image_id: String,
    state: State,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct State {
    terminated: Option<Terminated>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    finished_at: Option<Timestamp>,
}

/// All pods of a cluster.
///
/// # Errors
/// The cluster does not answer, or not to us.
pub async fn pods(aws: &Aws, name: &str, cluster: &eks::Cluster) -> Result<Vec<Pod>, CloudError> {
    let missing = |detail: &str| CloudError::Invalid {
        what: "cluster",
        text: name.to_owned(),
        detail: detail.to_owned(),
    };
    let endpoint = cluster.endpoint.as_deref().ok_or_else(|| missing("it has no endpoint yet"))?;
    let endpoint = parse(endpoint)?;
    if endpoint.scheme() != "https" && aws.endpoints().is_default() {
        return Err(missing("its endpoint has no TLS"));
    }
    let authority = cluster.certificate_authority.as_ref().and_then(|authority| authority.data.as_deref());
    let http = aws.client().trusting(authority.and_then(base64::decode).as_deref())?;
    let token = token(aws, name).await?;
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut url = endpoint.clone();
        url.set_path("/api/v1/pods");
        url.query_pairs_mut()
            .append_pair("limit", &PAGE.to_string())
            .extend_pairs(next.map(|next| ("continue", next)));
        let asked = http.send(&|| http.http.get(url.clone()).bearer_auth(&token)).await?;
        if !asked.status().is_success() {
            return Err(refusal(asked).await);
        }
        let list: List = read(asked).await?;
        found.extend(list.items.into_iter().map(pod));
        match list.metadata.next.filter(|next| !next.is_empty()) {
            None => return Ok(found),
            more => next = more,
        }
    }
    Err(missing("its list of pods does not end"))
}

async fn read(mut answer: reqwest::Response) -> Result<List, CloudError> {
    let url = shown(answer.url());
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => return Err(CloudError::Incomplete { url, received: bytes.len() as u64 }),
        }
        if bytes.len() > MOST_BYTES {
            return Err(CloudError::TooLarge { url, limit: MOST_BYTES as u64 });
        }
    }
    serde_json::from_slice(&bytes).map_err(|error| CloudError::Invalid {
        what: "list of pods",
        text: url,
        detail: error.to_string(),
    })
}

fn pod(item: Item) -> Pod {
    let statuses = || item.status.container_statuses.iter().chain(&item.status.init_container_statuses);
    let over = matches!(item.status.phase.as_str(), "Succeeded" | "Failed");
    let ends = statuses().filter_map(|container| container.state.terminated.as_ref()?.finished_at);
    let owner = item.metadata.owner_references.first().map_or(&item.metadata.name, |owner| &owner.name);
    Pod {
        workload: format!("{}/{owner}", item.metadata.namespace),
        images: statuses()
            .map(|container| {
                let pulled = container
                    .image_id
                    .split_once("://")
                    .map_or(container.image_id.as_str(), |(_, rest)| rest);
                (container.image.clone(), pulled.to_owned())
            })
            .collect(),
        ended_at: if over { ends.max() } else { None },
    }
}

/// The bearer token: an address of STS that tells who we are, which only the cluster may use.
async fn token(aws: &Aws, cluster: &str) -> Result<String, CloudError> {
    let query = [("Action", "GetCallerIdentity"), ("Version", sts::SERVICE.version)];
    let headers = [("x-k8s-aws-id", cluster)];
    let url = presign(aws, &sts::GET_CALLER_IDENTITY, &query, &headers, 60).await?;
    let coded = base64::encode(url.as_bytes()).replace('+', "-").replace('/', "_");
    Ok(format!("k8s-aws-v1.{}", coded.trim_end_matches('=')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::credentials::Credentials;
    use crate::aws::endpoint::Endpoints;
    use crate::testing::{Server, response};
    use crate::{Client, Network};

    #[tokio::test]
    async fn r63_pods_are_listed_in_pages_with_a_signed_token() {
        let page = |next: &str, pod: &str| {
            response(
                "200 OK",
                "",
                format!(r#"{{"metadata": {{"continue": "{next}"}}, "items": [{pod}]}}"#).as_bytes(),
            )
        };
        let running = r#"{"metadata": {"name": "web-1", "namespace": "shop", "ownerReferences": [{"name": "web"}]},
            "status": {"phase": "Running", "containerStatuses": [{"image": "a/b:1", "imageID": "docker-pullable://a/b@sha256:1", "state": {"running": {}}}]}}"#;
        let ended = r#"{"metadata": {"name": "job", "namespace": "shop"}, "status": {"phase": "Succeeded",
            "containerStatuses": [{"image": "c", "imageID": "c@sha256:2", "state": {"terminated": {"finishedAt": "2026-01-01T00:00:00Z"}}}]}}"#;
        let server = Server::new(vec![page("more", running), page("", ended)]);
        let client = Client::new(Network::Online).unwrap();
        // Endpoints that somebody set may be without TLS.
        let aws = Aws::new(
            &client,
            Credentials::fixed("AKID", "secret", Some("session".to_owned())),
            Endpoints::everywhere("http://localhost:1"),
            "eu-west-1",
        );
        let cluster = eks::Cluster { endpoint: Some(server.url.clone()), ..Default::default() };
        let found = pods(&aws, "prod", &cluster).await.unwrap();
        let shown: Vec<_> = found.iter().map(|pod| (pod.workload.as_str(), pod.ended_at.is_some())).collect();
        assert_eq!(shown, [("shop/web", false), ("shop/job", true)]);
        assert_eq!(found[0].images, [("a/b:1".to_owned(), "a/b@sha256:1".to_owned())]);
        let first = server.header("authorization").remove(0);
        let coded = first.strip_prefix("Bearer k8s-aws-v1.").unwrap();
        let url = String::from_utf8(base64::decode(coded).unwrap()).unwrap();
        for part in [
            "Action=GetCallerIdentity",
            "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
            "X-Amz-Signature=",
            "X-Amz-Expires=60",
            "X-Amz-Security-Token=session",
        ] {
            assert!(url.contains(part), "{part} is missing in {url}");
        }
        assert!(server.requests.lock().unwrap()[1].contains("continue=more"));
    }
}
