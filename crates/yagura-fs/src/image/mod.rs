//! Container images: what they consist of, and their layers as trees.
//!
//! An image on disk is an OCI layout in a directory, the same in a tar, or what `docker save` writes; an image in a
//! registry is put together from the same parts ([`manifest`], [`Image::assemble`]) by whoever talks to it. Formats:
//! <https://github.com/opencontainers/image-spec>, and
//! <https://github.com/moby/docker-image-spec/blob/main/spec.md> for `docker save`.
//! Media types are those of R-64; anything else is an error that says `UNSUPPORTED_MEDIA_TYPE`.
//! Left out: encrypted layers, and manifests of Docker's schema 1.

mod archive;
mod layout;
pub mod manifest;

use crate::{Digest, ReadError, TarTree};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use manifest::{Document, Manifest};

/// Largest manifest, index or configuration, in bytes.
pub const MOST_DOCUMENT: u64 = 8 << 20;

/// An image: everything about it but the bytes of its layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// How the user named it, or what the archive calls it.
    pub reference: String,
    /// Digest of the manifest; `None` for archives of older Docker versions, which have none.
    pub digest: Option<Digest>,
    /// Digest of the configuration: Docker's image id.
    pub config_digest: Digest,
    /// Names that the archive gives it, as in `alpine:3.19`.
    pub tags: Vec<String>,
    /// What it runs on.
    pub platform: Platform,
    /// From the bottom up.
    pub layers: Vec<Layer>,
    /// Environment of its processes, `NAME=value`.
    pub env: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// RFC 3339, where stated.
    pub created: Option<String>,
    /// Author, where stated.
    pub author: Option<String>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Digest of the blob as it is stored; `None` in archives of older Docker versions.
    pub digest: Option<Digest>,
    /// Digest of the uncompressed tar: the key of everything that is remembered about a layer.
    pub diff_id: Digest,
    /// As in the manifest.
    pub media_type: String,
    /// Bytes as stored; 0 where unknown.
    pub size: u64,
    /// The instruction that made it, where the history tells.
    pub created_by: Option<String>,
    /// Where a layer may be that is not stored with the image.
    pub urls: Vec<String>,
    /// Its name in an archive.
    pub(crate) member: Option<String>,
}

impl Layer {
    /// True for layers that are commonly stored elsewhere, as base layers of Windows are.
    pub fn is_foreign(&self) -> bool {
        self.media_type.contains("foreign") || self.media_type.contains("nondistributable")
    }
}

/// Where layers come from.
pub trait LayerSource: Send + Sync {
    /// The layer as it is stored, from its beginning. The reader's end is an error when the bytes do not have the
    /// layer's digest.
    ///
    /// # Errors
    /// It is not there or cannot be opened.
    fn open(&self, layer: &Layer) -> io::Result<Box<dyn Read>>;
}

/// An image and where its layers are.
#[derive(Clone)]
pub struct OpenImage {
    /// What it consists of.
    pub image: Image,
    /// Its layers' bytes.
    pub layers: Arc<dyn LayerSource>,
}

impl OpenImage {
    /// A layer as a tree. Its walk fails at the end when the bytes have another digest than stated: what was seen
    /// until then must not be remembered under the layer's diff id.
    pub fn tree(&self, layer: &Layer) -> TarTree {
        let (source, wanted) = (self.layers.clone(), layer.clone());
        TarTree::new(move || source.open(&wanted)).as_layer(Some(layer.diff_id.clone()))
    }
}

/// What an image runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `windows`.
    pub os: String,
    /// Go's name: `amd64`, `arm64`.
    pub architecture: String,
    /// `v7`, `v8`, where stated.
    pub variant: Option<String>,
}

impl Platform {
    /// Reads `os/arch` or `os/arch/variant`, as in `linux/arm64/v8`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (os, architecture) = (parts.next()?, parts.next()?);
        let variant = parts.next();
        let complete = !os.is_empty() && !architecture.is_empty() && parts.next().is_none();
        complete.then(|| Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        })
    }

    /// Linux on the architecture that this program was built for.
    pub fn host() -> Self {
        let architecture = if cfg!(target_arch = "x86_64") {
            "amd64"
        } else if cfg!(target_arch = "aarch64") {
            "arm64"
        } else if cfg!(target_arch = "arm") {
            "arm"
        } else if cfg!(target_arch = "riscv64") {
            "riscv64"
        } else if cfg!(target_arch = "s390x") {
            "s390x"
        } else {
            "ppc64le"
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// True when an image for `self` is what was asked for with `wanted`.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        let variant = match (&wanted.variant, &self.variant) {
            (Some(wanted), Some(ours)) => wanted == ours,
            // Every 64-bit ARM is v8 when it does not say more.
            (Some(wanted), None) => self.architecture == "arm64" && wanted == "v8",
            (None, _) => true,
        };
        self.os == wanted.os && self.architecture == wanted.architecture && variant
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// How an image is stored on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// `oci-dir:`, a directory with an OCI layout.
    OciDir,
    /// `oci-archive:`, a tar of one, maybe compressed.
    OciArchive,
    /// `docker-archive:`, what `docker save` writes, maybe compressed.
    DockerArchive,
}

/// Why an image cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The operating system refused.
    #[error("cannot read `{path}`")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The archive around the image is damaged.
    #[error("cannot read `{path}` as an archive")]
    Archive {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: ReadError,
    },
    /// A document contradicts its format, or a blob its digest.
    #[error("`{what}` is malformed: {detail}")]
    Malformed {
        /// Which document or blob.
        what: String,
        /// What contradicts.
        detail: String,
    },
    /// Something that no image of R-64 has.
    #[error("UNSUPPORTED_MEDIA_TYPE: `{media_type}` is not a supported {what}")]
    UnsupportedMediaType {
        /// As stated.
        media_type: String,
        /// `manifest`, `image configuration`, `layer`.
        what: &'static str,
    },
    /// The index has no image for the platform.
    #[error("no image for `{wanted}`, only for {available}")]
    NoPlatform {
        /// As asked for.
        wanted: Platform,
        /// The platforms that are there.
        available: String,
    },
    /// There are several images, or none of that name.
    #[error("choose one of the images {available}")]
    Choose {
        /// Their names.
        available: String,
    },
    /// A part is missing.
    #[error("`{what}` is missing")]
    Missing {
        /// Its name.
        what: String,
    },
}

impl ImageError {
    pub(crate) fn malformed(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), detail: detail.into() }
    }

    /// The next step, for people.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoPlatform { .. } => Some("choose a platform with --platform os/arch[/variant]"),
            Self::Choose { .. } => Some("append the name to the path, as in `oci-dir:PATH:NAME`"),
            Self::UnsupportedMediaType { .. } => {
                Some("only container images can be scanned, not other artifacts of a registry")
            }
            Self::Malformed { .. } | Self::Archive { .. } | Self::Missing { .. } => {
                Some("copy or save the image again; it seems to be incomplete")
            }
            Self::Io { .. } => None,
        }
    }
}

/// Opens an image on disk. `name` chooses among several in one place; `platform` among those of an index.
///
/// # Errors
/// See [`ImageError`].
pub fn open(
    storage: Storage,
    path: &Path,
    name: Option<&str>,
    platform: &Platform,
) -> Result<OpenImage, ImageError> {
    match storage {
        Storage::OciDir => layout::open_directory(path, name, platform),
        Storage::OciArchive => archive::open_oci(path, name, platform),
        Storage::DockerArchive => archive::open_docker(path, name),
    }
}

/// How the image at a path is stored; `None` when there is none.
///
/// # Errors
/// The path cannot be read.
pub fn sniff(path: &Path) -> Result<Option<Storage>, ImageError> {
    let error = |source| ImageError::Io { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(error)?.is_dir() {
        let layout = path.join("oci-layout").is_file() && path.join("index.json").is_file();
        return Ok(layout.then_some(Storage::OciDir));
    }
    archive::sniff(path)
}

#[cfg(test)]
mod tests;
