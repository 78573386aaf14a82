//! The command line: parse, do, print, and say how it went in the exit code.

pub mod args;
mod commands;
mod ja;
mod output;

use args::{Cli, Lang};
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::io::Write;

/// Exit codes, a contract with scripts.
pub mod exit {
    /// Done, and no gate failed.
    pub const DONE: u8 = 0;
    /// A gate failed.
    pub const GATE: u8 = 1;
    /// Wrong usage.
    pub const USAGE: u8 = 2;
    /// The scan is incomplete: something could not be read.
    pub const INCOMPLETE: u8 = 3;
    /// Advisory data is missing, damaged or too old.
    pub const DATA: u8 = 4;
    /// There was nothing to scan.
    pub const NOTHING: u8 = 5;
}

/// An error that ends the command, with the exit code it stands for and, where one exists, the next step.
#[derive(Debug)]
pub struct Failure {
    /// One of [`exit`].
    pub code: u8,
    /// What happened, the cause last.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Joins an error and its causes with colons.
    pub fn from_error(code: u8, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Self::new(code, message)
    }
}

/// Runs the command line and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let lang = language(&arguments);
    let mut command = Cli::command();
    if lang == yagura_model::Lang::Ja {
        command = ja::translate(command);
    }
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are errors to clap, but not to users. A closed pipe is nobody's error.
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::DONE };
        }
    };
    start_logging(cli.verbose);
    match commands::run(&cli, lang) {
        Ok(code) => code,
        Err(failure) => {
            let style = if std::env::var_os("NO_COLOR").is_none() {
                crate::table::error_style()
            } else {
                anstyle::Style::new()
            };
            let mut stderr = anstream::stderr();
            let word = lang.pick("error:", "エラー:");
            let _ = writeln!(stderr, "{style}{word}{style:#} {}", failure.message);
            if let Some(hint) = failure.hint {
                let _ = writeln!(stderr, "{} {hint}", lang.pick("hint:", "ヒント:"));
            }
            failure.code
        }
    }
}

/// The language must be known before clap prints help, so `--lang` is looked for by hand; then the usual
/// locale variables decide.
fn language(arguments: &[OsString]) -> yagura_model::Lang {
    let mut words = arguments.iter().filter_map(|argument| argument.to_str());
    let mut asked = None;
    while let Some(word) = words.next() {
        match word.strip_prefix("--lang") {
            Some("") => asked = words.next().map(str::to_owned),
            Some(value) if value.starts_with('=') => asked = Some(value[1..].to_owned()),
            _ => {}
        }
    }
    let asked = asked.or_else(|| std::env::var("YAGURA_LANG").ok()).or_else(|| {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    });
    match asked {
        Some(value) if value == "ja" || value.starts_with("ja_") => yagura_model::Lang::Ja,
        _ => yagura_model::Lang::En,
    }
}

fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("YAGURA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("warn,yagura={level}")));
    // A second call, as tests make it, changes nothing.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

impl From<Lang> for yagura_model::Lang {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Ja => Self::Ja,
        }
    }
}
