//! Where results go: one format to standard output or a file, and any number of `FORMAT=FILE` besides.

use super::args::OutputArgs;
use super::{Failure, exit};
use crate::table::{self, Look};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use yagura_formats::Report;

/// One document to write.
#[derive(Debug, PartialEq, Eq)]
struct Destination {
    format: String,
    /// `None` for standard output.
    file: Option<PathBuf>,
}

/// The documents that were asked for, checked before the scan so that a typo does not cost a scan.
#[derive(Debug)]
pub struct Outputs(Vec<Destination>);

impl Outputs {
    /// Reads `--format` and `--output`.
    ///
    /// # Errors
    /// A format that does not exist.
    pub fn new(args: &OutputArgs, default: &str) -> Result<Self, Failure> {
        let main = args.format.as_deref().unwrap_or(default);
        let mut destinations = Vec::new();
        let mut main_written = false;
        for output in &args.output {
            match output.split_once('=').filter(|(format, _)| format_exists(format)) {
                Some((format, file)) => destinations
                    .push(Destination { format: format.to_owned(), file: Some(PathBuf::from(file)) }),
                None => {
                    main_written = true;
                    destinations
                        .push(Destination { format: main.to_owned(), file: Some(PathBuf::from(output)) });
                }
            }
        }
        if !main_written && (args.format.is_some() || destinations.is_empty()) {
            destinations.push(Destination { format: main.to_owned(), file: None });
        }
        for destination in &destinations {
            if !format_exists(&destination.format) {
                return Err(Failure::new(
                    exit::USAGE,
                    format!("there is no format `{}`", destination.format),
                )
                .hint(format!("use one of {}", format_names().join(", "))));
            }
        }
        Ok(Self(destinations))
    }

    /// Writes every document. Files appear whole or not at all.
    ///
    /// # Errors
    /// The file that could not be written.
    pub fn write(&self, report: &Report<'_>, show_suppressed: bool) -> Result<(), Failure> {
        for destination in &self.0 {
            let written = match &destination.file {
                None => to_stdout(&destination.format, report, show_suppressed),
                Some(path) => to_file(&destination.format, path, report, show_suppressed),
            };
            match written {
                // Whoever closed the pipe, as `head` does, has seen enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => {
                    let place = destination
                        .file
                        .as_ref()
                        .map_or("standard output".to_owned(), |path| format!("`{}`", path.display()));
                    return Err(Failure::new(exit::USAGE, format!("cannot write {place}: {error}")));
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

fn to_stdout(format: &str, report: &Report<'_>, show_suppressed: bool) -> io::Result<()> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let look = Look {
        width: terminal.then(terminal_width),
        colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    let mut out = BufWriter::new(stdout.lock());
    render(format, report, look, show_suppressed, &mut out)?;
    out.flush()
}

fn to_file(format: &str, path: &PathBuf, report: &Report<'_>, show_suppressed: bool) -> io::Result<()> {
    let mut partial = path.clone().into_os_string();
    partial.push(".partial");
    let mut out = BufWriter::new(File::create(&partial)?);
    let look = Look { width: None, colour: false };
    render(format, report, look, show_suppressed, &mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(&partial, path)
}

fn render(
    format: &str,
    report: &Report<'_>,
    look: Look,
    show_suppressed: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    match yagura_formats::format(format) {
        Some(format) => format.render(report, out),
        None => table::render(report, look, show_suppressed, out),
    }
}

fn format_exists(name: &str) -> bool {
    name == "table" || yagura_formats::format(name).is_some()
}

fn format_names() -> Vec<&'static str> {
    std::iter::once("table").chain(yagura_formats::FORMATS.iter().map(|format| format.id())).collect()
}

fn terminal_width() -> u16 {
    comfy_table::Table::new().width().unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(format: Option<&str>, output: &[&str]) -> String {
        let args = OutputArgs {
            format: format.map(str::to_owned),
            output: output.iter().map(|&text| text.to_owned()).collect(),
        };
        match Outputs::new(&args, "table") {
            Ok(outputs) => outputs
                .0
                .iter()
                .map(|d| format!("{}->{}", d.format, d.file.as_ref().map_or("-", |f| f.to_str().unwrap())))
                .collect::<Vec<_>>()
                .join(" "),
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn format_and_output_combine() {
        assert_eq!(outputs(None, &[]), "table->-");
        assert_eq!(outputs(Some("json"), &[]), "json->-");
        assert_eq!(outputs(Some("json"), &["a.json"]), "json->a.json");
        assert_eq!(outputs(None, &["json=a.json"]), "json->a.json");
        assert_eq!(outputs(Some("table"), &["json=a.json", "csv=b.csv"]), "json->a.json csv->b.csv table->-");
        assert_eq!(outputs(None, &["odd=name"]), "table->odd=name");
        assert_eq!(outputs(Some("xml"), &[]), "there is no format `xml`");
    }
}
