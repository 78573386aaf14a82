//! Code that is generated from AWS's public service models: see [`model`] for where they come from.

pub mod groups;
pub mod model;
pub(crate) mod names;
mod shapes;

use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The generated files: path below the root, and content.
///
/// # Errors
/// A model cannot be read or holds something new, or `rustfmt` is missing.
pub fn files(botocore: &Path) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for face in groups::FACES {
        let service = model::Service::read(botocore, face.service, face.version)?;
        for (name, text) in shapes::files(&service, face)? {
            files.push((format!("{}/{name}", face.folder), formatted(&text)?));
        }
    }
    files.extend(crate::clients::files(botocore)?);
    Ok(files)
}

/// Writes all files.
///
/// # Errors
/// As [`files`], or a file cannot be written.
pub fn write(root: &Path, botocore: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (path, text) in files(botocore)? {
        let path = root.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// The text as `cargo fmt` leaves it.
pub(crate) fn formatted(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .current_dir(crate::root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start `rustfmt`")?;
    let mut input = child.stdin.take().context("rustfmt has no input")?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    let sent = writer.join().is_ok_and(|sent| sent.is_ok());
    if !output.status.success() || !sent {
        bail!("`rustfmt` refuses a generated file");
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn generated_services_are_fresh() {
        let Some(botocore) = super::model::botocore(None).unwrap() else {
            println!("skipped: botocore {} is not installed", super::model::BOTOCORE);
            return;
        };
        for (path, text) in super::files(&botocore).unwrap() {
            let stored = std::fs::read_to_string(crate::root().join(&path)).unwrap_or_default();
            assert!(stored == text, "{path} is stale: run `cargo xtask generate-services`");
        }
    }
}
