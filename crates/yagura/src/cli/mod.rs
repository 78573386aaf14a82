//! The command line: parse, do, print, and say how it went in the exit code.

pub mod args;
mod commands;
mod ja;
mod output;
mod reach;
mod rules;
mod service;
mod usage;

use crate::said::Said;
use args::Cli;
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::io::Write;
use yagura_model::Lang;

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
    pub message: Said,
    /// What the user can do about it.
    pub hint: Option<Said>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(code: u8, message: impl Into<Said>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Said>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A failure with the next step, if there is one.
    pub fn with(code: u8, (message, hint): (Said, Option<Said>)) -> Self {
        Self { code, message, hint }
    }
}

/// Runs the command line and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let lang = language(&arguments);
    let mut command = Cli::command();
    if lang == Lang::Ja {
        command = ja::translate(command);
    }
    let command = command.mut_subcommands(|verb| list_formats(verb, lang));
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let outcome = match parsed {
        Ok(cli) => {
            // The service logs as its configuration says.
            if !matches!(cli.verb, args::Verb::Serve(_) | args::Verb::Worker(_)) {
                start_logging(cli.verbose);
            }
            commands::run(&cli, lang)
        }
        // Help and version are errors to clap, but not to users. A closed pipe is nobody's error.
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            Ok(exit::DONE)
        }
        Err(error) if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Ok(exit::USAGE)
        }
        Err(error) => Err(usage::failure(&error)),
    };
    outcome.unwrap_or_else(|failure| {
        report(&failure, lang);
        failure.code
    })
}

/// The help of `--format` names the formats that are registered.
fn list_formats(verb: clap::Command, lang: Lang) -> clap::Command {
    if !verb.get_arguments().any(|argument| argument.get_id() == "timestamp") {
        return verb;
    }
    verb.mut_arg("format", |argument| {
        argument.help(format!(
            "{}: {}",
            lang.pick("How to print", "出力形式"),
            output::format_names().join(", ")
        ))
    })
}

fn report(failure: &Failure, lang: Lang) {
    let bold = if output::wants_colour() { crate::table::error_style() } else { anstyle::Style::new() };
    let mut stderr = anstream::stderr();
    let word = lang.pick("error:", "エラー:");
    let _ = writeln!(stderr, "{bold}{word}{bold:#} {}", crate::table::clean(failure.message.text(lang)));
    if let Some(hint) = &failure.hint {
        let hint = crate::table::clean(hint.text(lang));
        let _ = writeln!(stderr, "{} {hint}", lang.pick("hint:", "ヒント:"));
    }
}

/// The language must be known before clap prints help, so `--lang` is looked for by hand; then the usual
/// locale variables decide.
fn language(arguments: &[OsString]) -> Lang {
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
        Some(value) if value == "ja" || value.starts_with("ja_") => Lang::Ja,
        _ => Lang::En,
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
