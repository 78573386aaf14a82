//! ECR: repositories with their scan frequency, images, and the way into them.
//!
//! Images are pulled through the same registry client as everywhere, with a token of ECR as the password. An index is not
//! a resource: the images that it holds are, and carry its tags.

mod login;
mod rules;

pub use login::{Login, log_in};
pub use rules::{Rules, frequency};

use super::{Collector, Discovery, Evidence, Gap, Place, not_ours};
use crate::aws::services::ecr;
use crate::aws::{AwsError, page};
use crate::registry::{Reference, Registry};
use crate::{CloudError, registry};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Mutex as AsyncMutex;
use yagura_fs::Digest;
use yagura_fs::image::{OpenImage, Platform};
use yagura_model::{Home, Image, ImageRepository, Resource, ResourceDetails, ResourceId, ResourceKind};

/// Items of one page; the most that ECR allows.
const PAGE: i64 = 1000;
/// Most indexes whose content is remembered.
const MOST_KNOWN: usize = 100_000;

/// Images of ECR. Remembers logins and, because they never change, indexes.
#[derive(Default)]
pub struct Ecr {
    logins: AsyncMutex<BTreeMap<Home, Login>>,
    indexes: Mutex<BTreeMap<String, Platforms>>,
}

type Platforms = Arc<Vec<(Digest, Option<Platform>)>>;

#[async_trait]
impl Collector for Ecr {
    fn id(&self) -> &'static str {
        "ecr"
    }

    fn kinds(&self) -> &'static [ResourceKind] {
        &[ResourceKind::Image, ResourceKind::ImageRepository]
    }

    async fn discover(&self, place: &Place, _now: Timestamp) -> Result<Discovery, CloudError> {
        let mut found = Discovery::default();
        let rules = match Rules::of(&place.aws).await {
            Ok(rules) => rules,
            Err(error) => {
                found.gaps.push(Gap::new("scanning rules of the registry", error));
                Rules::unknown()
            }
        };
        for repository in repositories(place).await? {
            let Some(name) = repository.repository_name.clone() else { continue };
            let tags = match &repository.repository_arn {
                Some(arn) => tags(place, arn).await.unwrap_or_else(|error| {
                    found.gaps.push(Gap::new(format!("tags of {name}"), error));
                    BTreeMap::new()
                }),
                None => BTreeMap::new(),
            };
            let arn = arn(place, repository.registry_id.as_deref(), &name);
            found.resources.push(Resource {
                id: id(place, ResourceKind::ImageRepository, &arn),
                tags,
                details: ResourceDetails::ImageRepository(ImageRepository {
                    frequency: frequency(&rules, &name),
                    name: name.clone(),
                }),
            });
            self.images(place, &repository, &name, &mut found).await?;
        }
        found.resources.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    async fn collect(&self, place: &Place, resource: &Resource) -> Result<Evidence, CloudError> {
        match &resource.details {
            ResourceDetails::Image(image) => Ok(Evidence::Image(Box::new(self.open(place, image).await?))),
            _ => Err(not_ours(self.id(), resource)),
        }
    }
}

impl Ecr {
    /// Images of a repository; those of an index know it and have its tags.
    async fn images(
        &self,
        place: &Place,
        repository: &ecr::Repository,
        name: &str,
        found: &mut Discovery,
    ) -> Result<(), CloudError> {
        let mut images: BTreeMap<String, Image> = BTreeMap::new();
        let mut indexes: Vec<Image> = Vec::new();
        for detail in details(place, name).await? {
            // Signatures and attestations refer to the image that they are about.
            if detail.subject_manifest_digest.is_some() {
                continue;
            }
            let Some(image) = image(place, repository, name, detail) else { continue };
            match image.media_type.as_deref().is_some_and(is_index) {
                true => indexes.push(image),
                false => drop(images.insert(image.digest.clone(), image)),
            }
        }
        for index in indexes {
            match self.index(place, &index).await {
                Ok(platforms) => {
                    for (digest, platform) in platforms.iter() {
                        if let Some(image) = images.get_mut(digest.as_str()) {
                            adopt(image, &index, platform.as_ref());
                        }
                    }
                }
                Err(error) => {
                    found
                        .gaps
                        .push(Gap { what: format!("content of the index {name}@{}", index.digest), error });
                }
            }
        }
        let arn = arn(place, repository.registry_id.as_deref(), name);
        found.resources.extend(images.into_values().map(|image| Resource {
            id: id(place, ResourceKind::Image, &format!("{arn}/{}", image.digest)),
            tags: BTreeMap::new(),
            details: ResourceDetails::Image(Box::new(image)),
        }));
        Ok(())
    }

    async fn index(&self, place: &Place, index: &Image) -> Result<Platforms, CloudError> {
        let known = |known: &Mutex<BTreeMap<String, Platforms>>| {
            known.lock().unwrap_or_else(PoisonError::into_inner).get(&index.digest).cloned()
        };
        if let Some(platforms) = known(&self.indexes) {
            return Ok(platforms);
        }
        let (registry, reference) = self.enter(place, index).await?;
        let platforms = Arc::new(registry.platforms(&reference).await?);
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if indexes.len() < MOST_KNOWN {
            indexes.insert(index.digest.clone(), platforms.clone());
        }
        Ok(platforms)
    }

    async fn open(&self, place: &Place, image: &Image) -> Result<OpenImage, CloudError> {
        let (registry, reference) = self.enter(place, image).await?;
        // The digest names one image, so the platform is not asked for.
        let mut open = registry.open(&reference, &Platform::host()).await?;
        open.image.tags.clone_from(&image.tags);
        Ok(open)
    }

    /// A registry that lets us in, and the image's name in it.
    async fn enter(&self, place: &Place, image: &Image) -> Result<(Registry, Reference), CloudError> {
        let mut logins = self.logins.lock().await;
        let login = match logins.get(&place.home).filter(|login| login.is_fresh(Timestamp::now())) {
            Some(login) => login.clone(),
            None => {
                let login = log_in(&place.aws).await?;
                logins.insert(place.home.clone(), login.clone());
                login
            }
        };
        drop(logins);
        let text = format!("{}/{}@{}", login.registry, image.repository, image.digest);
        let reference = Reference::parse(&text)?;
        let options = registry::Options { docker_config: None, insecure: login.insecure };
        let registry = Registry::new(place.aws.client().clone(), options);
        Ok((registry.with_login(&login.registry, login.credentials()), reference))
    }
}

/// What an index tells about an image in it. An image that was only pushed as a part of it has its times.
fn adopt(image: &mut Image, index: &Image, platform: Option<&Platform>) {
    let tags: BTreeSet<String> = image.tags.iter().chain(&index.tags).cloned().collect();
    image.tags = tags.into_iter().collect();
    image.index = Some(index.digest.clone());
    if let Some(platform) = platform {
        image.architecture = Some(platform.architecture.clone());
    }
    image.pulled_at = image.pulled_at.max(index.pulled_at);
    image.pushed_at = image.pushed_at.max(index.pushed_at);
}

async fn repositories(place: &Place) -> Result<Vec<ecr::Repository>, AwsError> {
    page::all(&ecr::DESCRIBE_REPOSITORIES, async |next_token| {
        let input =
            ecr::DescribeRepositoriesRequest { next_token, max_results: Some(PAGE), ..Default::default() };
        let answer = ecr::describe_repositories(&place.aws, &input).await?;
        Ok((answer.repositories, answer.next_token))
    })
    .await
}

/// Active and archived images. ECR lists the latter only when asked for them.
async fn details(place: &Place, repository: &str) -> Result<Vec<ecr::ImageDetail>, AwsError> {
    let mut found: BTreeMap<String, ecr::ImageDetail> = BTreeMap::new();
    for status in [None, Some("ARCHIVED")] {
        let listed = page::all(&ecr::DESCRIBE_IMAGES, async |next_token| {
            let filter = status.map(|status| ecr::DescribeImagesFilter {
                image_status: Some(status.to_owned()),
                ..Default::default()
            });
            let input = ecr::DescribeImagesRequest {
                repository_name: Some(repository.to_owned()),
                next_token,
                max_results: Some(PAGE),
                filter,
                ..Default::default()
            };
            let answer = ecr::describe_images(&place.aws, &input).await?;
            Ok((answer.image_details, answer.next_token))
        });
        let listed = match listed.await {
            // Deleted between the two listings.
            Err(error) if error.is_not_found() => Vec::new(),
            listed => listed?,
        };
        for detail in listed {
            if let Some(digest) = detail.image_digest.clone() {
                found.entry(digest).or_insert(detail);
            }
        }
    }
    Ok(found.into_values().collect())
}

async fn tags(place: &Place, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let input = ecr::ListTagsForResourceRequest { resource_arn: Some(arn.to_owned()) };
    let answer = ecr::list_tags_for_resource(&place.aws, &input).await?;
    let pair = |tag: ecr::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    Ok(answer.tags.into_iter().filter_map(pair).collect())
}

fn image(place: &Place, repository: &ecr::Repository, name: &str, detail: ecr::ImageDetail) -> Option<Image> {
    let mut tags = detail.image_tags;
    tags.sort();
    // What is not a container image says so in its configuration's media type.
    let manifest = detail.image_manifest_media_type;
    let artifact = detail.artifact_media_type.filter(|kind| !is_container(kind));
    Some(Image {
        registry: detail
            .registry_id
            .or_else(|| repository.registry_id.clone())
            .unwrap_or_else(|| place.home.account.to_string()),
        repository: name.to_owned(),
        digest: detail.image_digest?,
        tags,
        pushed_at: detail.image_pushed_at.map(|time| time.0),
        pulled_at: detail.last_recorded_pull_time.map(|time| time.0),
        media_type: match manifest.as_deref().is_some_and(is_index) {
            true => manifest,
            false => artifact.or(manifest),
        },
        archived: detail.image_status.as_deref() == Some("ARCHIVED"),
        activated_at: detail.last_activated_at.map(|time| time.0),
        ..Image::default()
    })
}

fn is_index(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json"
    )
}

fn is_container(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
    ) || is_index(media_type)
}

fn arn(place: &Place, registry: Option<&str>, repository: &str) -> String {
    let (partition, region) = (place.aws.partition().id, &place.home.region);
    let account = registry.unwrap_or_else(|| place.home.account.as_str());
    format!("arn:{partition}:ecr:{region}:{account}:repository/{repository}")
}

fn id(place: &Place, kind: ResourceKind, name: &str) -> ResourceId {
    ResourceId { home: place.home.clone(), kind, name: name.into() }
}
