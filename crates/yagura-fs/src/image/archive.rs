//! Images in a tar: OCI layouts and what `docker save` writes.
//!
//! One pass notes where each member is, and layers are read from there. In a compressed archive nothing can be read
//! from the middle: its documents are kept during that pass, and each layer streams the archive again from the front.
//! Saving without compression is therefore much faster for images of many layers.

use super::layout::{blob_name, checked_size, resolve};
use super::{Image, ImageError, Layer, LayerSource, MOST_DOCUMENT, OpenImage, Platform, Storage};
use crate::compression::{decompressed, is_compressed};
use crate::digest::Verified;
use crate::directory::open_regular;
use crate::file::Forward;
use crate::tar::{Bounded, Members, Skip};
use crate::{Content, Digest, Limits, ReadError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use yagura_model::TreePath;

/// Documents that are kept of a compressed archive, together.
const MOST_KEPT: u64 = 64 << 20;

struct Archive {
    file: Arc<File>,
    compressed: bool,
    members: BTreeMap<TreePath, Place>,
    kept: BTreeMap<TreePath, Vec<u8>>,
}

enum Place {
    Data { offset: u64, size: u64 },
    Link(TreePath),
}

/// Tells the two kinds apart. An archive that is both is read as Docker's.
pub fn sniff(path: &Path) -> Result<Option<Storage>, ImageError> {
    let Ok(archive) = Archive::open(path) else { return Ok(None) };
    let has = |name: &str| archive.members.contains_key(name);
    Ok(match (has("manifest.json"), has("oci-layout") && has("index.json")) {
        (true, _) => Some(Storage::DockerArchive),
        (false, true) => Some(Storage::OciArchive),
        (false, false) => None,
    })
}

/// Opens a layout in a tar.
pub fn open_oci(path: &Path, name: Option<&str>, platform: &Platform) -> Result<OpenImage, ImageError> {
    let archive = Archive::open(path)?;
    let mut image =
        resolve(&path.display().to_string(), name, platform, &mut |member| archive.document(member))?;
    for layer in &mut image.layers {
        layer.member = layer.digest.as_ref().map(blob_name);
    }
    Ok(OpenImage { image, layers: Arc::new(archive) })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Vec<String>,
}

/// Opens what `docker save` writes.
pub fn open_docker(path: &Path, name: Option<&str>) -> Result<OpenImage, ImageError> {
    let archive = Archive::open(path)?;
    let saved: Vec<Saved> = serde_json::from_slice(&archive.document("manifest.json")?)
        .map_err(|error| ImageError::malformed("manifest.json", error.to_string()))?;
    let tags = |image: &Saved| image.repo_tags.clone().unwrap_or_default();
    let mut fitting = saved.iter().filter(|image| {
        name.is_none_or(|name| tags(image).iter().any(|tag| tag == name) || image.config.contains(name))
    });
    let (Some(chosen), None) = (fitting.next(), fitting.next()) else {
        let all: Vec<String> = saved.iter().flat_map(tags).map(|tag| format!("`{tag}`")).collect();
        return Err(ImageError::Choose { available: all.join(", ") });
    };
    let config = archive.document(&chosen.config)?;
    // The name is the digest: `<hex>.json`, or a blob of a layout.
    let hex = chosen.config.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
    let config_digest = Digest::parse(&format!("sha256:{hex}")).unwrap_or_else(|| Digest::of(&config));
    let layers = chosen.layers.iter().map(|member| Layer {
        digest: member.strip_prefix("blobs/sha256/").and_then(|hex| Digest::parse(&format!("sha256:{hex}"))),
        diff_id: config_digest.clone(),
        media_type: "application/vnd.docker.image.rootfs.diff.tar".to_owned(),
        size: archive.place(member).map_or(0, |(_, size)| size),
        created_by: None,
        urls: Vec::new(),
        member: Some(member.clone()),
    });
    let reference = path.display().to_string();
    let mut image = Image::from_parts(&reference, None, &config_digest, layers.collect(), &config)?;
    image.tags = tags(chosen);
    Ok(OpenImage { image, layers: Arc::new(archive) })
}

impl Archive {
    fn open(path: &Path) -> Result<Self, ImageError> {
        let io_error = |source| ImageError::Io { path: path.to_owned(), source };
        let file = Arc::new(open_regular(path).map_err(io_error)?);
        let mut head = [0; 6];
        let count = Content::read_at(&*file, 0, &mut head).map_err(io_error)?;
        let compressed = is_compressed(head.get(..count).unwrap_or_default());
        let mut archive = Self { file, compressed, members: BTreeMap::new(), kept: BTreeMap::new() };
        let outcome = if compressed {
            archive.stream().and_then(|reader| archive.index(Members::new(reader)))
        } else {
            let reader = Forward::new(archive.file.clone());
            archive.index(Members::new(reader))
        };
        outcome.map_err(|source| ImageError::Archive {
            path: path.to_owned(),
            source: ReadError::from_io(&TreePath::default(), source),
        })?;
        Ok(archive)
    }

    /// The uncompressed archive from its beginning.
    fn stream(&self) -> io::Result<Box<dyn Read>> {
        let (reader, taken) = decompressed(Forward::new(self.file.clone()))?;
        Ok(Box::new(Bounded::new(reader, taken, &Limits::default())))
    }

    fn index<R: Skip>(&mut self, mut members: Members<R>) -> io::Result<()> {
        const MOST: usize = 1_000_000;
        let mut kept: u64 = 0;
        while let Some(member) = members.next()? {
            if self.members.len() >= MOST {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an image has no million members"));
            }
            let place = match member.link {
                Some(target) => Place::Link(target),
                None => Place::Data { offset: member.offset, size: member.size },
            };
            // Only documents are this small and begin like JSON.
            if self.compressed && member.size <= MOST_DOCUMENT && kept + member.size <= MOST_KEPT {
                let mut bytes = Vec::new();
                members.reader.by_ref().take(member.size).read_to_end(&mut bytes)?;
                members.consumed(bytes.len() as u64);
                if matches!(bytes.first(), Some(b'{' | b'[')) {
                    kept += member.size;
                    self.kept.insert(member.path.clone(), bytes);
                }
            }
            self.members.insert(member.path, place);
        }
        Ok(())
    }

    /// Where a member's data is. Older Docker versions store a layer twice as a link.
    fn place(&self, name: &str) -> Option<(u64, u64)> {
        let mut path = TreePath::from_text(name)?;
        for _ in 0..8 {
            match self.members.get(&path)? {
                Place::Data { offset, size } => return Some((*offset, *size)),
                Place::Link(target) => path = target.clone(),
            }
        }
        None
    }

    fn document(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let missing = || ImageError::Missing { what: name.to_owned() };
        if self.compressed {
            let path = TreePath::from_text(name).ok_or_else(missing)?;
            return self.kept.get(&path).cloned().ok_or_else(missing);
        }
        let (offset, size) = self.place(name).ok_or_else(missing)?;
        let mut bytes = Vec::new();
        Forward::part(self.file.clone(), offset, size.min(MOST_DOCUMENT + 1))
            .read_to_end(&mut bytes)
            .map_err(|error| ImageError::malformed(name, error.to_string()))?;
        checked_size(name, bytes)
    }
}

impl LayerSource for Archive {
    fn open(&self, layer: &Layer) -> io::Result<Box<dyn Read>> {
        let name = layer.member.as_deref().unwrap_or_default();
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("`{name}` is not in the archive"));
        let (offset, size) = self.place(name).ok_or_else(missing)?;
        let reader: Box<dyn Read> = if self.compressed {
            let mut stream = self.stream()?;
            stream.skip(offset)?;
            Box::new(stream.take(size))
        } else {
            Box::new(Forward::part(self.file.clone(), offset, size))
        };
        Ok(match &layer.digest {
            Some(digest) => Box::new(Verified::new(reader, digest.clone(), Some(size))),
            None => reader,
        })
    }
}
