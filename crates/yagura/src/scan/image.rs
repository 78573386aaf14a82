//! Container images: each layer is cataloged by itself, or taken from the cache, and all are joined.

use super::cache::LayerCache;
use super::{Options, Progress, Scanned};
use crate::cli::{Failure, exit};
use crate::said;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use yagura_cloud::collect::ecr::log_in;
use yagura_cloud::registry::{Ecr, Options as RegistryOptions, Reference, Registry};
use yagura_cloud::{Aws, Client, CloudError, Network};
use yagura_ecosystems::analyze::analyze;
use yagura_ecosystems::catalog::{Catalog, Selection, catalog};
use yagura_formats::{Target, TargetKind};
use yagura_fs::Limits;
use yagura_fs::image::{self, ImageError, Layer, OpenImage, Platform, Storage};
use yagura_model::{LayerId, TreePath, Unread, UnreadReason};

/// True when the file at a path is an image that was saved to disk.
pub fn looks_like_image(path: &Path) -> bool {
    image::sniff(path).is_ok_and(|storage| storage.is_some())
}

/// Scans an image on disk. `storage` is what the user said it is; without it the content decides.
pub fn local(
    storage: Option<Storage>,
    path: &Path,
    options: &Options,
    selection: &Selection,
    limits: &Limits,
    progress: &Progress,
) -> Result<Scanned, Failure> {
    let platform = platform(options)?;
    let (path, name) = split_name(path);
    let storage = match storage {
        Some(storage) => storage,
        None => image::sniff(&path).map_err(failure)?.ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                said!("`{}` is not a container image", "`{}` はコンテナイメージではありません", path.display()),
            )
            .hint(said!(
                "give an OCI layout, or an archive written by `docker save` or `skopeo copy`; other files are for \
                 `yagura fs`",
                "OCI レイアウト、または `docker save` や `skopeo copy` が書いたアーカイブを指定してください。\
                 その他のファイルは `yagura fs` です"
            ))
        })?,
    };
    let open = image::open(storage, &path, name.as_deref(), &platform).map_err(failure)?;
    scan(&open, path.display().to_string(), options, selection, limits, progress)
}

/// `PATH:NAME` chooses one of several images in one place, unless a file of the whole name exists.
fn split_name(path: &Path) -> (PathBuf, Option<String>) {
    if !path.exists()
        && let Some((place, name)) = path.to_str().and_then(|text| text.split_once(':'))
    {
        return (place.into(), Some(name.to_owned()));
    }
    (path.to_owned(), None)
}

/// The platform that was asked for, or that of this machine.
pub fn platform(options: &Options) -> Result<Platform, Failure> {
    match &options.platform {
        Some(text) => Platform::parse(text).ok_or_else(|| {
            Failure::new(
                exit::USAGE,
                said!("`{}` is not a platform", "`{}` はプラットフォームではありません", text),
            )
            .hint(said!(
                "write os/arch, as in linux/arm64",
                "linux/arm64 のように os/arch で指定してください"
            ))
        }),
        None => Ok(Platform::host()),
    }
}

fn failure(error: ImageError) -> Failure {
    Failure::with(exit::USAGE, said::image(&error))
}

/// Scans an image that is open.
pub fn scan(
    open: &OpenImage,
    name: String,
    options: &Options,
    selection: &Selection,
    limits: &Limits,
    progress: &Progress,
) -> Result<Scanned, Failure> {
    // What was left out of one scan must not be missing from the next.
    let plain = options.skip_dirs.is_empty() && options.skip_files.is_empty();
    let cache = LayerCache::new(options.cache_dir.as_deref().filter(|_| plain));
    let workers = options
        .parallel
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get));
    let catalogs = catalogs(open, &cache, selection, limits, workers, progress);
    let image = &open.image;
    Ok(Scanned {
        code: super::Code::default(),
        target: Target {
            kind: TargetKind::Image,
            name,
            digest: image.digest.as_ref().map(|digest| digest.as_str().to_owned()),
            tags: image.tags.clone(),
            commit: None,
        },
        inventory: analyze(&catalogs),
        roots: Vec::new(),
        kernel: None,
    })
}

/// What each layer of an image says, from the bottom up; several are read at the same time.
pub fn catalogs(
    open: &OpenImage,
    cache: &LayerCache,
    selection: &Selection,
    limits: &Limits,
    workers: usize,
    progress: &Progress,
) -> Vec<Catalog> {
    let layers = &open.image.layers;
    let next = AtomicUsize::new(0);
    let catalogs: Vec<Mutex<Option<Catalog>>> = layers.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, layers.len().max(1)) {
            scope.spawn(|| {
                while let Some((layer, slot)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    layers.get(index).zip(catalogs.get(index))
                } {
                    progress.phase(format!("reading layer {}", short(layer)));
                    let result = read_layer(open, layer, cache, selection, limits);
                    if let Ok(mut slot) = slot.lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    catalogs
        .into_iter()
        .filter_map(|slot| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        .collect()
}

/// One layer, from the cache or by reading it. A layer that breaks keeps what came before, and is not cached.
fn read_layer(
    open: &OpenImage,
    layer: &Layer,
    cache: &LayerCache,
    selection: &Selection,
    limits: &Limits,
) -> Catalog {
    let id = LayerId::from(layer.diff_id.as_str());
    if let Some(known) = cache.get(&id) {
        tracing::info!(layer = %id, "known layer");
        return known;
    }
    let outcome = catalog(&open.tree(layer), selection, limits);
    let whole = matches!(&outcome, Ok(catalog) if !catalog.interrupted);
    let mut catalog = outcome.unwrap_or_else(|error| {
        let entry = error.to_unread();
        let path = TreePath::from_text(&format!("layer {}", short(layer))).unwrap_or_default();
        let reason = if layer.is_foreign() { UnreadReason::Unsupported } else { entry.reason };
        Catalog { unread: vec![Unread { path, reason, detail: entry.detail }], ..Catalog::default() }
    });
    catalog.layer = Some(id.clone());
    if whole && !limits.is_cancelled() {
        cache.put(&id, &catalog);
    }
    catalog
}

fn short(layer: &Layer) -> &str {
    layer.diff_id.hex().get(..12).unwrap_or_default()
}

/// Scans an image in a registry; layers are streamed, and those known already are not fetched.
pub fn remote(
    reference: &str,
    options: &Options,
    selection: &Selection,
    limits: &Limits,
    progress: &Progress,
) -> Result<Scanned, Failure> {
    let platform = platform(options)?;
    let parsed = Reference::parse(reference).map_err(|error| cloud_failure(error, reference))?;
    let network = if options.offline { Network::Offline } else { Network::Online };
    let client = Client::new(network).map_err(|error| cloud_failure(error, reference))?;
    let registry = Registry::new(
        client.clone(),
        RegistryOptions { docker_config: docker_config(), insecure: options.insecure },
    );
    let runtime = super::network_runtime()?;
    progress.phase(format!("asking for {parsed}"));
    let asked = async {
        match options.timeout {
            Some(time) => {
                tokio::time::timeout(time, enter(&registry, &client, &parsed, &platform)).await.ok()
            }
            None => Some(enter(&registry, &client, &parsed, &platform).await),
        }
    };
    let Some(open) = runtime.block_on(asked) else {
        return Err(Failure::new(
            exit::INCOMPLETE,
            said!("time ran out while asking for `{}`", "`{}` の問い合わせ中に時間切れになりました", parsed),
        ));
    };
    let open = open.map_err(|error| cloud_failure(error, reference))?;
    // Layers are read by threads of this scan, and filled by tasks of the runtime, which must live on until then.
    scan(&open, parsed.to_string(), options, selection, limits, progress)
}

/// Opens an image. Where Docker has no login that Amazon's registry takes, whoever may use AWS may have one.
async fn enter(
    registry: &Registry,
    client: &Client,
    reference: &Reference,
    platform: &Platform,
) -> Result<OpenImage, CloudError> {
    let opened = registry.open(reference, platform).await;
    let (Err(CloudError::Denied { .. }), Some(Ecr::Private { region, .. })) = (&opened, reference.ecr())
    else {
        return opened;
    };
    let login = async { log_in(&Aws::from_environment(client, Some(&region)).await?).await };
    match login.await {
        Ok(login) => {
            let registry = registry.clone().with_login(&reference.registry, login.credentials());
            registry.open(reference, platform).await
        }
        Err(error) => {
            tracing::info!(%error, "no login from AWS either");
            opened
        }
    }
}

/// What is wrong, and that a file of that name exists where one may have been meant.
fn cloud_failure(error: CloudError, reference: &str) -> Failure {
    let failure = Failure::with(exit::USAGE, said::cloud(&error));
    if Path::new(reference).exists() {
        return failure.hint(said!(
            "`{0}` was looked for in a registry; for the one on disk write `./{0}`",
            "`{0}` はレジストリーから探しました。ディスク上のものは `./{0}` と指定してください",
            reference
        ));
    }
    failure
}

/// The directory of Docker's `config.json`.
fn docker_config() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")))
}
