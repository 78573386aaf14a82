//! Where results go: one format to standard output or a file, and any number of `FORMAT=FILE` besides.
//!
//! Files are opened before the scan, so that a typo does not cost one, and appear whole or not at all: bytes go to
//! a file beside them, which is renamed at the end. What is no regular file (`/dev/null`, a named pipe) is
//! written to directly.

use super::args::OutputArgs;
use super::{Failure, exit};
use crate::said;
use crate::table::{self, Look};
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use yagura_formats::Report;

/// One document to write.
#[derive(Debug)]
struct Destination {
    format: String,
    /// `None` for standard output.
    file: Option<OpenFile>,
}

/// The documents that were asked for.
#[derive(Debug)]
pub struct Outputs(Vec<Destination>);

impl Outputs {
    /// Reads `--format` and `--output`, and opens the files.
    ///
    /// # Errors
    /// A format that does not exist, a file that cannot be made, or one that was named twice.
    pub fn new(args: &OutputArgs, default: &str) -> Result<Self, Failure> {
        let mut destinations = Vec::new();
        for (format, path) in wanted(args, default)? {
            let file = path.map(|path| OpenFile::create(path, destinations.len())).transpose()?;
            destinations.push(Destination { format, file });
        }
        Ok(Self(destinations))
    }

    /// True when no table is printed, in which case nobody sees the remarks in it.
    pub fn hides_remarks(&self) -> bool {
        !self.0.iter().any(|destination| destination.format == "table" && destination.file.is_none())
    }

    /// Formats that were asked for and have no place for flaws in files.
    pub fn without_code(&self) -> impl Iterator<Item = &str> {
        let formats = self.0.iter().map(|destination| destination.format.as_str());
        formats.filter(|id| yagura_formats::format(id).is_some_and(|format| !format.holds_code()))
    }

    /// Writes every document.
    ///
    /// # Errors
    /// The file that could not be written.
    pub fn write(self, report: &Report<'_>, show_suppressed: bool) -> Result<(), Failure> {
        for Destination { format, file } in self.0 {
            match file {
                None => to_stdout(|look, out| render(&format, report, look, show_suppressed, out))?,
                Some(mut file) => {
                    let look = Look { width: None, colour: false };
                    let written = file.write(|out| render(&format, report, look, show_suppressed, out));
                    written.and_then(|()| file.finish()).map_err(|error| cannot_write(&file.path, &error))?;
                }
            }
        }
        Ok(())
    }
}

impl Outputs {
    /// Writes one text everywhere, for verbs with a single format.
    ///
    /// # Errors
    /// The file that could not be written.
    pub fn write_text(self, text: &str) -> Result<(), Failure> {
        for Destination { file, .. } in self.0 {
            match file {
                None => print(text)?,
                Some(mut file) => {
                    let written = file.write(|out| out.write_all(text.as_bytes()));
                    written.and_then(|()| file.finish()).map_err(|error| cannot_write(&file.path, &error))?;
                }
            }
        }
        Ok(())
    }
}

/// Formats and files, in the order in which they were asked for.
fn wanted(args: &OutputArgs, default: &str) -> Result<Vec<(String, Option<PathBuf>)>, Failure> {
    let main = args.format.as_deref().unwrap_or(default);
    let mut wanted: Vec<(String, Option<PathBuf>)> = Vec::new();
    let mut main_written = false;
    for output in &args.output {
        let (format, file) = match output.split_once('=').filter(|(format, _)| format_exists(format)) {
            Some((format, file)) => (format, file),
            None => {
                main_written = true;
                (main, output.as_str())
            }
        };
        let file = Some(PathBuf::from(file)).filter(|file| file != Path::new("-"));
        if file.is_some() && wanted.iter().any(|(_, named)| *named == file) {
            return Err(Failure::new(
                exit::USAGE,
                said!("`{}` is named twice", "`{}` が二度指定されています", output),
            ));
        }
        wanted.push((format.to_owned(), file));
    }
    if !main_written && (args.format.is_some() || wanted.is_empty()) {
        wanted.push((main.to_owned(), None));
    }
    for (format, _) in &wanted {
        if !format_exists(format) {
            return Err(Failure::new(
                exit::USAGE,
                said!("there is no format `{}`", "形式 `{}` はありません", format),
            )
            .hint(said!("use one of {}", "使える形式: {}", format_names().join(", "))));
        }
    }
    Ok(wanted)
}

/// A file that is being written. What was begun is removed when it does not come to an end.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    /// Where the bytes go until all are there; `None` when they go to `path` at once.
    partial: Option<PathBuf>,
    file: File,
}

impl OpenFile {
    fn create(path: PathBuf, number: usize) -> Result<Self, Failure> {
        // A link keeps leading where it leads.
        let target = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let direct = fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file());
        if direct {
            let opened = File::options().write(true).open(&target);
            let file = opened.map_err(|error| cannot_write(&path, &error))?;
            return Ok(Self { path, partial: None, file });
        }
        let mut partial = target.clone().into_os_string();
        partial.push(format!(".partial-{}-{number}", std::process::id()));
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|error| cannot_write(&path, &error))?;
        Ok(Self { path: target, partial: Some(partial), file })
    }

    fn write(&mut self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut out = BufWriter::new(&self.file);
        match render(&mut out).and_then(|()| out.flush()) {
            // Whoever closed a named pipe has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            outcome => outcome,
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(partial) = &self.partial {
            self.file.sync_all()?;
            fs::rename(partial, &self.path)?;
            self.partial = None;
        }
        Ok(())
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            let _ = fs::remove_file(partial);
        }
    }
}

/// Writes to standard output. A closed pipe is nobody's error: whoever closed it, as `head` does, has seen enough.
///
/// # Errors
/// Exit code 3: a result that did not arrive whole must not look like one.
pub fn to_stdout(write: impl FnOnce(Look, &mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let look = Look { width: terminal.then(terminal_width), colour: terminal && wants_colour() };
    let mut out = BufWriter::new(stdout.lock());
    match write(look, &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            exit::INCOMPLETE,
            said!("cannot write standard output: {}", "標準出力に書き込めません: {}", error),
        )),
        _ => Ok(()),
    }
}

/// Prints a text to standard output.
///
/// # Errors
/// As [`to_stdout`].
pub fn print(text: &str) -> Result<(), Failure> {
    to_stdout(|_, out| out.write_all(text.as_bytes()))
}

/// <https://no-color.org>, and terminals that know no colours.
pub fn wants_colour() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    // A full disk is found out after the scan, a wrong name before it.
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => exit::INCOMPLETE,
        _ => exit::USAGE,
    };
    Failure::new(code, said!("cannot write `{}`: {}", "`{}` に書き込めません: {}", path.display(), error))
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

/// All formats, the default first.
pub fn format_names() -> Vec<&'static str> {
    std::iter::once("table").chain(yagura_formats::FORMATS.iter().map(|format| format.id())).collect()
}

/// `COLUMNS` where somebody set it, else what the terminal says.
fn terminal_width() -> u16 {
    let set = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    set.filter(|width| *width > 0).unwrap_or_else(|| console::Term::stdout().size().1).max(40)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(format: Option<&str>, output: &[&str]) -> String {
        let args = OutputArgs {
            format: format.map(str::to_owned),
            output: output.iter().map(|&text| text.to_owned()).collect(),
            timestamp: false,
        };
        match wanted(&args, "table") {
            Ok(wanted) => wanted
                .iter()
                .map(|(format, file)| {
                    format!("{format}->{}", file.as_ref().map_or("-", |file| file.to_str().unwrap()))
                })
                .collect::<Vec<_>>()
                .join(" "),
            Err(failure) => failure.message.en,
        }
    }

    #[test]
    fn format_and_output_combine() {
        assert_eq!(outputs(None, &[]), "table->-");
        assert_eq!(outputs(Some("json"), &[]), "json->-");
        assert_eq!(outputs(Some("json"), &["-"]), "json->-");
        assert_eq!(outputs(Some("json"), &["a.json"]), "json->a.json");
        assert_eq!(outputs(None, &["json=a.json"]), "json->a.json");
        assert_eq!(outputs(Some("table"), &["json=a.json", "csv=b.csv"]), "json->a.json csv->b.csv table->-");
        assert_eq!(outputs(None, &["odd=name"]), "table->odd=name");
        assert_eq!(outputs(Some("xml"), &[]), "there is no format `xml`");
        assert_eq!(outputs(None, &["json=a", "csv=a"]), "`csv=a` is named twice");
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing_and_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        fs::write(&path, "old").unwrap();
        let mut file = OpenFile::create(path.clone(), 0).unwrap();
        file.write(|out| out.write_all(b"half")).unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn devices_are_written_to_not_replaced() {
        let mut file = OpenFile::create(PathBuf::from("/dev/null"), 0).unwrap();
        assert_eq!(file.partial, None);
        file.write(|out| out.write_all(b"gone")).unwrap();
        file.finish().unwrap();
    }
}
