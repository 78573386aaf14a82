//! OCI layouts: `index.json` and blobs by digest, in a directory or anywhere else.
//!
//! Format: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>.

use super::manifest::{Descriptor, Document, select};
use super::{Image, ImageError, Layer, LayerSource, MOST_DOCUMENT, OpenImage, Platform};
use crate::Digest;
use crate::digest::Verified;
use crate::directory::open_regular;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most indexes inside indexes.
const DEPTH: usize = 4;

/// Gets a small document by its name in the layout.
pub type GetDocument<'g> = dyn FnMut(&str) -> Result<Vec<u8>, ImageError> + 'g;

/// The name of a blob in a layout.
pub fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Opens a layout in a directory.
pub fn open_directory(root: &Path, name: Option<&str>, platform: &Platform) -> Result<OpenImage, ImageError> {
    let image = resolve(&root.display().to_string(), name, platform, &mut |member| {
        let path = root.join(member);
        let io_error = |source| ImageError::Io { path: path.clone(), source };
        let file = open_regular(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ImageError::Missing { what: member.to_owned() },
            _ => io_error(error),
        })?;
        let mut bytes = Vec::new();
        file.take(MOST_DOCUMENT + 1).read_to_end(&mut bytes).map_err(io_error)?;
        Ok(bytes)
    })?;
    Ok(OpenImage { image, layers: Arc::new(Blobs { root: root.to_owned() }) })
}

/// Follows the index to one image.
pub fn resolve(
    reference: &str,
    name: Option<&str>,
    platform: &Platform,
    get: &mut GetDocument<'_>,
) -> Result<Image, ImageError> {
    let Document::Index(top) = Document::parse(&checked_size("index.json", get("index.json")?)?, None)?
    else {
        return Err(ImageError::malformed("index.json", "it is not an index"));
    };
    let mut descriptor = choose(&top, name, platform)?.clone();
    let tags = descriptor.name().map(str::to_owned);
    for _ in 0..DEPTH {
        let member = blob_name(&descriptor.digest);
        let bytes = checked_size(&member, get(&member)?)?;
        if Digest::of(&bytes) != descriptor.digest {
            return Err(ImageError::malformed(member, "its bytes have another digest"));
        }
        match Document::parse(&bytes, Some(&descriptor.media_type))? {
            Document::Index(inner) => descriptor = select(&inner, platform)?.clone(),
            Document::Manifest(manifest) => {
                let member = blob_name(&manifest.config.digest);
                let config = checked_size(&member, get(&member)?)?;
                let mut image = Image::assemble(reference, Some(descriptor.digest), &manifest, &config)?;
                image.tags.extend(tags);
                return Ok(image);
            }
        }
    }
    Err(ImageError::malformed("index.json", format!("indexes are nested deeper than {DEPTH} levels")))
}

/// Refuses documents that were cut at the limit.
pub fn checked_size(what: &str, bytes: Vec<u8>) -> Result<Vec<u8>, ImageError> {
    if bytes.len() as u64 > MOST_DOCUMENT {
        return Err(ImageError::malformed(what, format!("it is larger than {MOST_DOCUMENT} bytes")));
    }
    Ok(bytes)
}

/// The entry of a layout's index with a name; without one, the only entry, or the one for the platform.
fn choose<'d>(
    top: &'d [Descriptor],
    name: Option<&str>,
    platform: &Platform,
) -> Result<&'d Descriptor, ImageError> {
    let mut names: Vec<&str> = top.iter().filter_map(Descriptor::name).collect();
    names.sort_unstable();
    names.dedup();
    let ambiguous = || {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        ImageError::Choose { available: names.join(", ") }
    };
    if let Some(name) = name {
        let matching = |descriptor: &&Descriptor| {
            let full = descriptor.name().unwrap_or_default();
            full == name || full.ends_with(&format!(":{name}")) || descriptor.digest.as_str() == name
        };
        return top.iter().find(matching).ok_or_else(ambiguous);
    }
    match top {
        [] => Err(ImageError::Missing { what: "an image in index.json".to_owned() }),
        [only] => Ok(only),
        _ if names.len() > 1 => Err(ambiguous()),
        several => select(several, platform),
    }
}

struct Blobs {
    root: PathBuf,
}

impl LayerSource for Blobs {
    fn open(&self, layer: &Layer) -> io::Result<Box<dyn Read>> {
        let digest = layer.digest.clone().ok_or(io::ErrorKind::NotFound)?;
        let file = open_regular(&self.root.join(blob_name(&digest)))?;
        Ok(Box::new(Verified::new(file, digest, Some(layer.size))))
    }
}
