//! What a layer said is kept under its diff id, so that a layer seen before is not read again.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use yagura_ecosystems::catalog::{CATALOGER_SET, Catalog};
use yagura_model::LayerId;

/// Largest stored result that is read back, in bytes before decompression.
const LARGEST: u64 = 256 << 20;

/// A folder of layer results. Entries are immutable; a damaged one is as good as none.
pub struct LayerCache(Option<PathBuf>);

impl LayerCache {
    /// A cache below `directory`; `None` never remembers anything.
    pub fn new(directory: Option<&Path>) -> Self {
        let set = format!("{}-{CATALOGER_SET}", env!("CARGO_PKG_VERSION"));
        Self(directory.map(|directory| directory.join("layers").join(set)))
    }

    /// The stored result of a layer.
    pub fn get(&self, layer: &LayerId) -> Option<Catalog> {
        let path = self.path(layer)?;
        if fs::metadata(&path).ok()?.len() > LARGEST {
            return None;
        }
        let file = fs::File::open(&path).ok()?;
        let catalog: Catalog = serde_json::from_reader(zstd::Decoder::new(file).ok()?).ok()?;
        (catalog.layer.as_ref() == Some(layer)).then_some(catalog)
    }

    /// Stores a result. Failing to is worth a log line, nothing more: the next scan reads the layer again.
    pub fn put(&self, layer: &LayerId, catalog: &Catalog) {
        let Some(path) = self.path(layer) else { return };
        if let Err(error) = write(&path, catalog) {
            tracing::warn!(path = %path.display(), %error, "cannot keep the result of a layer");
        }
    }

    fn path(&self, layer: &LayerId) -> Option<PathBuf> {
        let hex = layer.as_str().strip_prefix("sha256:")?;
        // The id comes from the image: nothing but hex digits may become a file name.
        let valid = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(self.0.as_ref().filter(|_| valid)?.join(format!("{hex}.json.zst")))
    }
}

fn write(path: &Path, catalog: &Catalog) -> std::io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent)?;
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    let mut encoder = zstd::Encoder::new(fs::File::create(&partial)?, 3)?;
    encoder.write_all(&serde_json::to_vec(catalog)?)?;
    encoder.finish()?;
    fs::rename(partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_remembered_and_damage_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let cache = LayerCache::new(Some(directory.path()));
        let layer = LayerId::from(format!("sha256:{}", "a".repeat(64)));
        assert_eq!(cache.get(&layer), None);
        let catalog = Catalog { layer: Some(layer.clone()), files_seen: 7, ..Catalog::default() };
        cache.put(&layer, &catalog);
        assert_eq!(cache.get(&layer), Some(catalog));
        fs::write(cache.path(&layer).unwrap(), b"damage").unwrap();
        assert_eq!(cache.get(&layer), None);
    }

    #[test]
    fn a_hostile_id_names_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let cache = LayerCache::new(Some(directory.path()));
        assert_eq!(cache.path(&LayerId::from("sha256:../../etc/passwd")), None);
    }
}
