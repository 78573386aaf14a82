//! Verbs of the service: `serve`, `worker`, `config show`.

use super::args::{ConfigVerb, ServiceArgs};
use super::output::print;
use super::{Failure, exit};
use crate::config::{Config, ConfigError, Layers, Setting, load};
use crate::said;
use crate::serve::{self, Mode};
use std::path::{Path, PathBuf};
use yagura_model::Lang;

/// The file that is read when none is named.
const FILE: &str = "yagura.toml";

/// Runs the service until a signal.
///
/// # Errors
/// The configuration, data folder, database or address cannot be used.
pub fn run(mode: Mode, args: &ServiceArgs, offline: bool, verbose: u8, lang: Lang) -> Result<u8, Failure> {
    let (mut config, _) = configuration(args, offline)?;
    if verbose > 0 {
        config.log = if verbose == 1 { "info,yagura=debug".to_owned() } else { "debug".to_owned() };
    }
    start_logging(&config);
    serve::run(mode, config, lang).map_err(|error| Failure::new(exit::USAGE, format!("{error:#}")))?;
    Ok(exit::DONE)
}

/// Prints what the configuration says, or what it could say.
///
/// # Errors
/// The configuration cannot be used.
pub fn config(verb: &ConfigVerb, offline: bool, lang: Lang) -> Result<u8, Failure> {
    let ConfigVerb::Show { service, format } = verb;
    let (_, settings) = configuration(service, offline)?;
    let text = match format.as_str() {
        "json" => as_json(&settings, lang),
        "markdown" => crate::config::reference(lang),
        _ => as_text(&settings, lang),
    };
    print(&text)?;
    Ok(exit::DONE)
}

fn as_text(settings: &[Setting], lang: Lang) -> String {
    let mut text = String::new();
    for setting in settings {
        let entry = setting.entry;
        text.push_str(&format!(
            "# {}\n# {}: {}\n",
            lang.pick(entry.en, entry.ja),
            lang.pick("from", "出所"),
            setting.origin
        ));
        text.push_str(&format!("{} = {}\n\n", entry.key, setting.value));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn as_json(settings: &[Setting], lang: Lang) -> String {
    let rows: Vec<_> = settings
        .iter()
        .map(|setting| {
            serde_json::json!({
                "key": setting.entry.key,
                "value": setting.value,
                "from": setting.origin.to_string(),
                "variable": setting.entry.variable(),
                "about": lang.pick(setting.entry.en, setting.entry.ja),
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(rows))
}

/// The file, the environment and the flags, put together.
fn configuration(args: &ServiceArgs, offline: bool) -> Result<(Config, Vec<Setting>), Failure> {
    let path = args.config.clone().or_else(|| Some(PathBuf::from(FILE)).filter(|path| path.exists()));
    let text = match &path {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                exit::USAGE,
                said!("cannot read `{}`: {}", "`{}` を読めません: {}", path.display(), error),
            )
        })?),
        None => None,
    };
    let mut flags: Vec<(String, String)> = Vec::new();
    for (key, value) in [("listen", &args.listen), ("database", &args.database), ("data-dir", &args.data_dir)]
    {
        flags.extend(value.as_ref().map(|value| (key.to_owned(), value.clone())));
    }
    if offline {
        flags.push(("offline".to_owned(), "true".to_owned()));
    }
    for pair in &args.set {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::new(
                exit::USAGE,
                said!("`{}` is not KEY=VALUE", "`{}` は KEY=VALUE の形ではありません", pair),
            ));
        };
        flags.push((key.trim().to_owned(), value.to_owned()));
    }
    let layers = Layers {
        file: path.as_deref().zip(text.as_deref()).map(|(path, text): (&Path, &str)| (path, text)),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        flags,
    };
    load(&layers).map_err(|error: ConfigError| {
        Failure::new(exit::USAGE, error.to_string()).hint(said!(
            "`yagura config show` lists every option",
            "すべての項目は `yagura config show` で確認できます"
        ))
    })
}

fn start_logging(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first subscriber.
    let _ = if config.log_json { builder.json().try_init() } else { builder.try_init() };
}
