//! Which images run where (R-63): tasks of ECS, and pods of EKS by way of the cluster's own API.
//!
//! Images are named by digest, so only what the cluster resolved counts. An index is not tracked (R-62): tasks of an
//! image with several platforms name the index, which is no resource.

mod kubernetes;

use super::Place;
use crate::aws::services::{ecs, eks};
use crate::aws::{Aws, AwsError, page};
use crate::registry::{Ecr, Reference};
use crate::{CloudError, collect::Gap};
use jiff::Timestamp;
use std::collections::BTreeMap;
use yagura_model::ImageUse;

/// Which image: registry (an account id, or a host), repository, digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageName {
    /// The account of an ECR registry, otherwise the registry's host.
    pub registry: String,
    /// `acme/web`.
    pub repository: String,
    /// `sha256:…`.
    pub digest: String,
}

/// What runs in a place.
#[derive(Debug, Default)]
pub struct Usage {
    /// Uses by image, sorted by cluster and workload.
    pub images: BTreeMap<ImageName, Vec<ImageUse>>,
    /// Clusters that could not be asked.
    pub gaps: Vec<Gap>,
}

/// Tasks that ECS describes at once.
const TASKS: usize = 100;

/// Looks at all clusters of a place.
///
/// # Errors
/// Neither kind of cluster can be listed. What concerns one cluster or kind is a gap.
pub async fn usage(place: &Place, now: Timestamp) -> Result<Usage, CloudError> {
    let mut found = Found::default();
    let mut gaps = Vec::new();
    let ecs = containers(&place.aws, now, &mut found, &mut gaps).await;
    let eks = pods(&place.aws, now, &mut found, &mut gaps).await;
    match (ecs, eks) {
        (Err(error), Err(_)) => return Err(error.into()),
        (Err(error), Ok(())) => gaps.push(Gap::new("clusters of ECS", error)),
        (Ok(()), Err(error)) => gaps.push(Gap::new("clusters of EKS", error)),
        (Ok(()), Ok(())) => {}
    }
    let images = found.0.into_iter().map(|(name, uses)| (name, uses.into_values().collect())).collect();
    Ok(Usage { images, gaps })
}

/// Uses by image, cluster and workload.
#[derive(Default)]
struct Found(BTreeMap<ImageName, BTreeMap<(String, Option<String>), ImageUse>>);

impl Found {
    fn seen(
        &mut self,
        image: ImageName,
        cluster: &str,
        kubernetes: bool,
        workload: Option<String>,
        end: Option<Timestamp>,
        now: Timestamp,
    ) {
        let key = (cluster.to_owned(), workload.clone());
        let uses = self.0.entry(image).or_default();
        let entry = uses.entry(key).or_insert_with(|| ImageUse {
            cluster: cluster.to_owned(),
            kubernetes,
            workload,
            running: 0,
            stopped: 0,
            last_in_use_at: end.unwrap_or(now),
        });
        match end {
            None => entry.running += 1,
            Some(_) => entry.stopped += 1,
        }
        entry.last_in_use_at = entry.last_in_use_at.max(end.unwrap_or(now));
    }
}

/// An image as a container names it, with the digest that was pulled.
fn image_name(image: &str, digest: &str) -> Option<ImageName> {
    let digest = digest.rsplit('@').next().filter(|digest| digest.starts_with("sha256:"))?;
    let reference = Reference::parse(image).ok()?;
    let registry = match reference.ecr() {
        Some(Ecr::Private { account, .. }) => account,
        _ => reference.registry,
    };
    Some(ImageName { registry, repository: reference.repository, digest: digest.to_owned() })
}

async fn containers(
    aws: &Aws,
    now: Timestamp,
    found: &mut Found,
    gaps: &mut Vec<Gap>,
) -> Result<(), AwsError> {
    let clusters = page::all(&ecs::LIST_CLUSTERS, async |next_token| {
        let input = ecs::ListClustersRequest { next_token, ..Default::default() };
        let answer = ecs::list_clusters(aws, &input).await?;
        Ok((answer.cluster_arns, answer.next_token))
    });
    for cluster in clusters.await? {
        match tasks(aws, &cluster).await {
            Ok(tasks) => {
                for task in tasks {
                    count(&cluster, task, now, found);
                }
            }
            Err(error) => gaps.push(Gap::new(format!("tasks of {cluster}"), error)),
        }
    }
    Ok(())
}

/// Running tasks, and stopped ones as long as ECS remembers them, which is about an hour.
async fn tasks(aws: &Aws, cluster: &str) -> Result<Vec<ecs::Task>, AwsError> {
    let mut found = Vec::new();
    for status in ["RUNNING", "STOPPED"] {
        let arns = page::all(&ecs::LIST_TASKS, async |next_token| {
            let input = ecs::ListTasksRequest {
                cluster: Some(cluster.to_owned()),
                desired_status: Some(status.to_owned()),
                next_token,
                ..Default::default()
            };
            let answer = ecs::list_tasks(aws, &input).await?;
            Ok((answer.task_arns, answer.next_token))
        });
        for arns in arns.await?.chunks(TASKS) {
            let input = ecs::DescribeTasksRequest {
                cluster: Some(cluster.to_owned()),
                tasks: arns.to_vec(),
                ..Default::default()
            };
            found.extend(ecs::describe_tasks(aws, &input).await?.tasks);
        }
    }
    Ok(found)
}

fn count(cluster: &str, task: ecs::Task, now: Timestamp, found: &mut Found) {
    let stopped = task.last_status.as_deref() == Some("STOPPED");
    let end = stopped.then(|| task.stopped_at.or(task.started_at).map_or(now, |time| time.0));
    for container in task.containers {
        let (Some(image), Some(digest)) = (container.image, container.image_digest) else { continue };
        if let Some(image) = image_name(&image, &digest) {
            found.seen(image, cluster, false, task.task_definition_arn.clone(), end, now);
        }
    }
}

async fn pods(aws: &Aws, now: Timestamp, found: &mut Found, gaps: &mut Vec<Gap>) -> Result<(), AwsError> {
    let clusters = page::all(&eks::LIST_CLUSTERS, async |next_token| {
        let input = eks::ListClustersRequest { next_token, ..Default::default() };
        let answer = eks::list_clusters(aws, &input).await?;
        Ok((answer.clusters, answer.next_token))
    });
    for name in clusters.await? {
        let what = format!("pods of {name}");
        let described =
            eks::describe_cluster(aws, &eks::DescribeClusterRequest { name: Some(name.clone()) }).await;
        let cluster = match described {
            Ok(answer) => answer.cluster.unwrap_or_default(),
            Err(error) => {
                gaps.push(Gap::new(what, error));
                continue;
            }
        };
        match kubernetes::pods(aws, &name, &cluster).await {
            Ok(pods) => {
                let arn = cluster.arn.clone().unwrap_or(name);
                for pod in pods {
                    for (image, digest) in &pod.images {
                        if let Some(image) = image_name(image, digest) {
                            found.seen(image, &arn, true, Some(pod.workload.clone()), pod.ended_at, now);
                        }
                    }
                }
            }
            Err(error) => gaps.push(Gap { what, error }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r63_images_are_named_by_registry_and_digest() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let name = image_name("333344445555.dkr.ecr.us-east-1.amazonaws.com/acme/web:1.1", &digest).unwrap();
        assert_eq!((name.registry.as_str(), name.repository.as_str()), ("333344445555", "acme/web"));
        let pulled = format!("docker-pullable://nginx@{digest}");
        assert_eq!(image_name("nginx", &pulled).unwrap().repository, "library/nginx");
        assert_eq!(image_name("nginx", "1.1"), None);
    }

    #[test]
    fn r63_uses_are_counted_by_cluster_and_workload() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let earlier = "2026-01-01T00:00:00Z".parse().unwrap();
        let image = ImageName { registry: "r".into(), repository: "a".into(), digest: "sha256:1".into() };
        let mut found = Found::default();
        found.seen(image.clone(), "c", false, Some("t".into()), Some(earlier), now);
        found.seen(image.clone(), "c", false, Some("t".into()), None, now);
        found.seen(image.clone(), "d", true, None, Some(earlier), now);
        let uses: Vec<_> = found.0.into_values().next().unwrap().into_values().collect();
        let shown: Vec<_> = uses.iter().map(|one| (one.cluster.as_str(), one.running, one.stopped)).collect();
        assert_eq!(shown, [("c", 1, 1), ("d", 0, 1)]);
        assert_eq!((uses[0].last_in_use_at, uses[1].last_in_use_at), (now, earlier));
    }
}
