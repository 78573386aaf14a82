//! The documents of an image: index, manifest, configuration. Pure: bytes in, data out.

use super::{Image, ImageError, Layer, Platform};
use crate::Digest;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Media types of manifests that this module reads, for `Accept` headers.
pub const ACCEPTED: &[&str] = &[
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

const CONFIGS: &[&str] =
    &["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

const LAYERS: &[&str] = &[
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
];

/// A pointer to a blob.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    #[serde(default)]
    pub size: u64,
    /// Where else it may be.
    #[serde(default)]
    pub urls: Vec<String>,
    /// What the image behind it runs on.
    #[serde(default)]
    platform: Option<RawPlatform>,
    /// Free words about it.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

impl Descriptor {
    /// What the image behind it runs on, where stated.
    pub fn platform(&self) -> Option<Platform> {
        self.platform.clone().map(|RawPlatform { os, architecture, variant }| Platform {
            os,
            architecture,
            variant: variant.filter(|variant| !variant.is_empty()),
        })
    }

    /// Build attestations lie in an index beside the images they are about.
    pub fn is_attestation(&self) -> bool {
        self.annotations.get("vnd.docker.reference.type").is_some_and(|kind| kind == "attestation-manifest")
    }

    /// The name that a layout gives to an image.
    pub fn name(&self) -> Option<&str> {
        let key = |key| self.annotations.get(key).map(String::as_str);
        key("org.opencontainers.image.ref.name").or_else(|| key("io.containerd.image.name"))
    }
}

/// A manifest or an index of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Images for several platforms.
    Index(Vec<Descriptor>),
    /// One image.
    Manifest(Manifest),
}

/// One image: its configuration and layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The configuration.
    pub config: Descriptor,
    /// From the bottom up.
    pub layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDocument {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<Descriptor>>,
}

impl Document {
    /// Reads a document. `media_type` is what the registry says it is, where one does.
    ///
    /// # Errors
    /// [`ImageError::Malformed`], [`ImageError::UnsupportedMediaType`].
    pub fn parse(bytes: &[u8], media_type: Option<&str>) -> Result<Self, ImageError> {
        let raw: RawDocument = serde_json::from_slice(bytes)
            .map_err(|error| ImageError::malformed("manifest", error.to_string()))?;
        let generic = |text: &&str| text.starts_with("application/vnd.");
        let stated = raw.media_type.as_deref().or(media_type.filter(generic)).unwrap_or_default();
        let unsupported = |media_type: &str, what| {
            Err(ImageError::UnsupportedMediaType { media_type: media_type.to_owned(), what })
        };
        if !stated.is_empty() && !ACCEPTED.contains(&stated) {
            return unsupported(stated, "manifest");
        }
        match (raw.manifests, raw.config, raw.layers) {
            (Some(manifests), None, None) => Ok(Self::Index(manifests)),
            (None, Some(config), Some(layers)) => {
                if !CONFIGS.contains(&config.media_type.as_str()) {
                    let kind = raw.artifact_type.as_deref().unwrap_or(&config.media_type);
                    return unsupported(kind, "image configuration");
                }
                let other = layers.iter().find(|layer| !LAYERS.contains(&layer.media_type.as_str()));
                match other {
                    Some(layer) => unsupported(&layer.media_type, "layer"),
                    None => Ok(Self::Manifest(Manifest { config, layers })),
                }
            }
            (None, None, None) => unsupported(stated, "manifest"),
            _ => Err(ImageError::malformed("manifest", "it is neither an index nor a manifest")),
        }
    }
}

/// The image of an index that fits a platform. The order of the index is one of preference.
///
/// # Errors
/// [`ImageError::NoPlatform`] with what is there.
pub fn select<'d>(descriptors: &'d [Descriptor], wanted: &Platform) -> Result<&'d Descriptor, ImageError> {
    let images = || descriptors.iter().filter(|descriptor| !descriptor.is_attestation());
    let fits =
        |descriptor: &&Descriptor| descriptor.platform().is_some_and(|platform| platform.satisfies(wanted));
    // An index that states no platforms has nothing to choose from.
    let only = || {
        let mut unnamed = images().filter(|descriptor| descriptor.platform().is_none());
        unnamed.next().filter(|_| unnamed.next().is_none() && images().count() == 1)
    };
    images().find(fits).or_else(only).ok_or_else(|| {
        let mut available: Vec<String> =
            images().filter_map(|image| Some(format!("`{}`", image.platform()?))).collect();
        available.dedup();
        ImageError::NoPlatform { wanted: wanted.clone(), available: available.join(", ") }
    })
}

#[derive(Deserialize)]
struct RawConfig {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    config: Option<RawProcess>,
    rootfs: RawRoot,
    #[serde(default)]
    history: Option<Vec<RawHistory>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawProcess {
    #[serde(default)]
    env: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct RawRoot {
    #[serde(default)]
    diff_ids: Option<Vec<Digest>>,
}

#[derive(Deserialize)]
struct RawHistory {
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

impl Image {
    /// Puts an image together from its manifest and the bytes of its configuration, whose digest is checked.
    ///
    /// # Errors
    /// [`ImageError::Malformed`] when the two do not fit together.
    pub fn assemble(
        reference: &str,
        digest: Option<Digest>,
        manifest: &Manifest,
        config: &[u8],
    ) -> Result<Self, ImageError> {
        let layers = manifest.layers.iter().map(|layer| Layer {
            digest: Some(layer.digest.clone()),
            // Replaced below: only the configuration knows it.
            diff_id: layer.digest.clone(),
            media_type: layer.media_type.clone(),
            size: layer.size,
            created_by: None,
            urls: layer.urls.clone(),
            member: None,
        });
        Self::from_parts(reference, digest, &manifest.config.digest, layers.collect(), config)
    }

    /// The same for layers that are known already, but for what the configuration says about them.
    pub(super) fn from_parts(
        reference: &str,
        digest: Option<Digest>,
        config_digest: &Digest,
        mut layers: Vec<Layer>,
        config: &[u8],
    ) -> Result<Self, ImageError> {
        let what = format!("configuration {config_digest}");
        if Digest::of(config) != *config_digest {
            return Err(ImageError::malformed(what, "its bytes have another digest"));
        }
        let raw: RawConfig = serde_json::from_slice(config)
            .map_err(|error| ImageError::malformed(what.clone(), error.to_string()))?;
        let diff_ids = raw.rootfs.diff_ids.unwrap_or_default();
        if diff_ids.len() != layers.len() {
            let detail = format!("it is about {} layers, the manifest has {}", diff_ids.len(), layers.len());
            return Err(ImageError::malformed(what, detail));
        }
        let history = raw.history.unwrap_or_default();
        let mut instructions = history.into_iter().filter(|entry| !entry.empty_layer);
        for (layer, diff_id) in layers.iter_mut().zip(diff_ids) {
            layer.diff_id = diff_id;
            layer.created_by = instructions.next().and_then(|entry| entry.created_by);
        }
        let process = raw.config.unwrap_or_default();
        Ok(Self {
            reference: reference.to_owned(),
            digest,
            config_digest: config_digest.clone(),
            tags: Vec::new(),
            platform: Platform { os: raw.os, architecture: raw.architecture, variant: raw.variant },
            layers,
            env: process.env.unwrap_or_default(),
            labels: process.labels.unwrap_or_default(),
            created: raw.created,
            author: raw.author,
        })
    }
}
