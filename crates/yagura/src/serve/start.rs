//! Starting, running and stopping: everything is put together here.

use super::advisories::{self, Current, Held};
use super::cloud::{self, Cloud};
use super::credentials::{FirstKey, first_key};
use super::driver::{Loop, drive};
use super::{
    Service, activate, collect, deliver, discover, export, http, ingest, machine, network, rematch, sweep,
};
use crate::config::Config;
use anyhow::Context;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use yagura_cloud::{Client, Network};
use yagura_model::{ActivationStatus, Home, Lang, ScanType};
use yagura_store::{ADVISORIES, SqlStore, Store};

/// What this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Listens and runs the loops.
    Serve,
    /// Runs the loops only.
    Worker,
}

/// How long loops may take to finish their step after a signal.
const LAST_STEP: Duration = Duration::from_secs(10);

/// Runs until a signal.
///
/// # Errors
/// The data folder, database, advisory file or address cannot be used.
pub fn run(mode: Mode, config: Config, lang: Lang) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(mode, config, lang));
    // A look inside a large tree may go on for minutes; what it finds would not be stored any more.
    runtime.shutdown_background();
    outcome
}

async fn serve(mode: Mode, config: Config, lang: Lang) -> anyhow::Result<()> {
    let folder = PathBuf::from(&config.data_dir);
    make_folder(&folder)?;
    let store: Arc<dyn Store> = Arc::new(open(&config, &folder).await?);
    let held = first_advisories(store.as_ref(), &config, &folder).await?;
    let loops = loops(&config);
    let names: Vec<&'static str> = loops.iter().map(|work| work.name()).collect();
    let client = if config.offline { None } else { Some(Client::new(Network::Online)?) };
    let cloud = Cloud::of(&config, client.as_ref())
        .await
        .context("the AWS credentials of the environment do not work")?;
    let service = Arc::new(Service::new(config, store, Current::new(held), client, cloud, &names));
    switch_on(&service, &service.home).await?;
    let key = first_key(service.store.as_ref(), &folder, &service.home.account, Timestamp::now()).await?;

    let (stop, stopped) = watch::channel(false);
    let listener = match mode {
        Mode::Serve => {
            let address = &service.config.listen;
            let listener = tokio::net::TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on `{address}`"))?;
            announce(&service, &listener.local_addr()?.to_string(), key.as_ref(), lang);
            Some(listener)
        }
        Mode::Worker => None,
    };
    let mut running: Vec<_> =
        loops.into_iter().map(|work| tokio::spawn(drive(work, service.clone(), stopped.clone()))).collect();
    if let Some(listener) = listener {
        let mut stopped = stopped.clone();
        let router = http::router(service.clone());
        running.push(tokio::spawn(async move {
            let until = async move {
                let _ = stopped.changed().await;
            };
            let router = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::error!(%error, "the listener ended");
            }
        }));
    }
    signal().await;
    let _ = stop.send(true);
    let all = futures_of(running);
    if tokio::time::timeout(LAST_STEP, all).await.is_err() {
        tracing::info!("a step was cut off; the next start repeats it");
    }
    Ok(())
}

async fn futures_of(running: Vec<tokio::task::JoinHandle<()>>) {
    for task in running {
        let _ = task.await;
    }
}

/// The loops that this configuration asks for.
fn loops(config: &Config) -> Vec<Arc<dyn Loop>> {
    let mut loops: Vec<Arc<dyn Loop>> = vec![
        Arc::new(ingest::Ingest::default()),
        Arc::new(rematch::Rematch),
        Arc::new(sweep::Sweep),
        Arc::new(activate::Activate),
    ];
    loops.push(Arc::new(export::Export));
    if !config.offline {
        loops.push(Arc::new(deliver::Deliver));
    }
    if cloud::wanted(config) {
        loops.push(Arc::new(discover::Discover));
        loops.push(Arc::new(collect::Collect));
        loops.push(Arc::new(network::Network));
    }
    if config.this_machine {
        loops.push(Arc::new(machine::ThisMachine));
    }
    loops
}

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the data folder `{}`", folder.display()))
}

async fn open(config: &Config, folder: &Path) -> anyhow::Result<SqlStore> {
    let address = match config.database.as_str() {
        "" => format!("sqlite:{}", folder.join("yagura.db").display()),
        address => address.to_owned(),
    };
    let shown = address.split_once("://").map_or(address.as_str(), |(scheme, _)| scheme);
    SqlStore::open(&address).await.with_context(|| format!("cannot use the database `{shown}`"))
}

/// What the fleet is judged by already, or else what is configured; `ingest` then keeps it current.
async fn first_advisories(store: &dyn Store, config: &Config, folder: &Path) -> anyhow::Result<Held> {
    if let Some(written) = store.file_written(ADVISORIES).await?
        && let Some(bytes) = store.file(ADVISORIES).await?
    {
        match advisories::keep(folder, &bytes) {
            Ok(data) => return Ok(Held { data, written: Some(written) }),
            Err(error) => tracing::warn!("the stored advisory file is set aside: {error:#}"),
        }
    }
    Ok(Held { data: advisories::configured(&config.advisories)?, written: None })
}

/// Switches scan types on in a home that was never touched.
pub async fn switch_on(service: &Service, home: &Home) -> anyhow::Result<()> {
    let wanted: Vec<ScanType> = service
        .config
        .enable
        .iter()
        .map(|word| {
            serde_json::from_value(serde_json::Value::String(word.to_ascii_uppercase()))
                .with_context(|| format!("enable: there is no scan type `{word}`"))
        })
        .collect::<anyhow::Result<_>>()?;
    let now = Timestamp::now();
    let enable = |account: &mut yagura_model::Account| {
        if account.activations.is_empty() {
            for scan in &wanted {
                let activation = account.activations.entry(*scan).or_default();
                activation.status = ActivationStatus::Enabled;
                activation.since = now;
                activation.trial_started = Some(now);
            }
        }
    };
    if service.store.account(home).await?.activations.is_empty() {
        service.store.change_account(home, &enable).await?;
    }
    Ok(())
}

/// What a newcomer needs to see.
fn announce(service: &Service, address: &str, key: Option<&FirstKey>, lang: Lang) {
    let mut out = anstream::stdout();
    let region = service.home.region.as_str();
    let folder = &service.config.data_dir;
    let mut lines = vec![
        format!(
            "Yagura {} {} http://{address}",
            env!("CARGO_PKG_VERSION"),
            lang.pick("listens on", "待ち受け:")
        ),
        String::new(),
        lang.pick("Call it as you call Amazon Inspector:", "Amazon Inspector と同じように呼び出せます:")
            .to_owned(),
        format!("  export AWS_SHARED_CREDENTIALS_FILE={folder}/credentials"),
        format!("  aws inspector2 list-findings --endpoint-url http://{address} --region {region}"),
        String::new(),
        format!("{}: http://{address}/metrics", lang.pick("Metrics", "メトリクス")),
    ];
    if let Some(key) = key {
        lines.push(String::new());
        lines.push(format!(
            "{} ({} {}):",
            lang.pick("The administrator's key, shown this once", "管理者キー (表示は今回だけです)"),
            lang.pick("also in", "保存先:"),
            key.file.display()
        ));
        lines.push(format!("  aws_access_key_id     = {}", key.credential.key_id));
        lines.push(format!("  aws_secret_access_key = {}", key.credential.secret));
    }
    if service.advisories.get().is_starter() {
        lines.push(String::new());
        lines.push(
            lang.pick(
                "Only the starter advisories are used. For real coverage run `yagura db update`.",
                "同梱の勧告だけを使用しています。実際の網羅性には `yagura db update` を実行してください。",
            )
            .to_owned(),
        );
    }
    for line in lines {
        let _ = std::io::Write::write_fmt(&mut out, format_args!("{line}\n"));
    }
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
