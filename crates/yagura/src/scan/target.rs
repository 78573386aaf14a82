//! What the user wants scanned, and what of that is plainly a mistake.

use crate::cli::{Failure, exit};
use crate::said;
use std::io::Read;
use std::path::{Path, PathBuf};
use yagura_fs::image::Storage;

/// What to scan, as the command line or another caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetSpec {
    /// The root file system of a machine.
    Root(PathBuf),
    /// A directory, or one file.
    Directory(PathBuf),
    /// A git work tree, or an address to clone.
    Repository(String),
    /// An image on disk, and how it is stored where the user said so.
    LocalImage(PathBuf, Option<Storage>),
    /// An image in a registry.
    RemoteImage(String),
    /// A zip archive.
    Zip(PathBuf),
    /// The disks of one machine.
    Disks(Vec<PathBuf>),
    /// An SBOM document; `-` is standard input.
    Sbom(PathBuf),
}

impl TargetSpec {
    /// What can stand before a colon.
    pub const SCHEMES: &[&str] = &[
        "dir",
        "root",
        "repo",
        "oci-dir",
        "oci-archive",
        "docker-archive",
        "image",
        "registry",
        "zip",
        "sbom",
        "disk",
    ];

    /// An argument of `yagura image`.
    pub fn image(text: &str) -> Self {
        if let Some((scheme, path)) = text.split_once(':')
            && let Some(storage) = storage(scheme)
        {
            return Self::LocalImage(PathBuf::from(path), Some(storage));
        }
        if let Some(reference) = text.strip_prefix("registry:") {
            return Self::RemoteImage(reference.to_owned());
        }
        // An image reference cannot begin or end like this, so it is a file somebody pointed at.
        if is_path_of_image(text) {
            return Self::LocalImage(PathBuf::from(text), None);
        }
        Self::RemoteImage(text.to_owned())
    }

    /// An argument with an optional scheme, as `yagura inventory` takes it.
    ///
    /// # Errors
    /// A bare path that does not exist.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let path = |rest: &str| PathBuf::from(rest);
        Ok(match text.split_once(':') {
            Some(("dir" | "fs", rest)) => Self::Directory(path(rest)),
            Some(("root" | "host", rest)) => Self::Root(path(rest)),
            Some(("repo", rest)) => Self::Repository(rest.to_owned()),
            Some((scheme @ ("oci-dir" | "oci-archive" | "docker-archive"), rest)) => {
                Self::LocalImage(path(rest), storage(scheme))
            }
            Some(("image", rest)) => Self::image(rest),
            Some(("registry", rest)) => Self::RemoteImage(rest.to_owned()),
            Some(("zip", rest)) => Self::Zip(path(rest)),
            Some(("sbom", rest)) => Self::Sbom(path(rest)),
            Some(("disk", rest)) => Self::Disks(disks(rest)),
            _ => Self::guess(Path::new(text))?,
        })
    }

    /// A bare path: what lies there decides.
    fn guess(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            return Err(no_such(path).hint(said!(
                "for an image in a registry write image:{}",
                "レジストリーのイメージは image:{} と指定します",
                path.display()
            )));
        }
        if path.is_dir() {
            return Ok(match () {
                () if path.join("oci-layout").is_file() => Self::LocalImage(path.to_owned(), None),
                () if path.join("etc/os-release").exists() || path.join("usr/lib/os-release").exists() => {
                    Self::Root(path.to_owned())
                }
                () => Self::Directory(path.to_owned()),
            });
        }
        let mut head = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
        read.map_err(|error| super::cannot_read(path, &error))?;
        let text = String::from_utf8_lossy(&head);
        Ok(match () {
            () if head.starts_with(b"PK") => Self::Zip(path.to_owned()),
            () if text.contains("\"bomFormat\"")
                || text.contains("spdxVersion")
                || text.contains("SPDXVersion") =>
            {
                Self::Sbom(path.to_owned())
            }
            () if super::image::looks_like_image(path) => Self::LocalImage(path.to_owned(), None),
            () => Self::Directory(path.to_owned()),
        })
    }
}

/// Several disks are separated by commas, unless a file has such a name.
fn disks(text: &str) -> Vec<PathBuf> {
    if Path::new(text).exists() {
        return vec![PathBuf::from(text)];
    }
    text.split(',').map(PathBuf::from).collect()
}

fn storage(scheme: &str) -> Option<Storage> {
    match scheme {
        "oci-dir" => Some(Storage::OciDir),
        "oci-archive" => Some(Storage::OciArchive),
        "docker-archive" => Some(Storage::DockerArchive),
        _ => None,
    }
}

/// Endings of images that were saved to disk.
const SAVED: &[&str] = &[".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz"];

fn is_path_of_image(text: &str) -> bool {
    text.starts_with(['/', '.']) || SAVED.iter().any(|ending| text.ends_with(ending))
}

fn no_such(path: &Path) -> Failure {
    Failure::new(exit::USAGE, said!("there is no `{}`", "`{}` はありません", path.display()))
}

/// Refuses what is not there, or has another kind than the verb is for, with the verb that was probably meant.
///
/// # Errors
/// Exit code 2.
pub fn check(spec: &TargetSpec) -> Result<(), Failure> {
    let path = match spec {
        TargetSpec::Root(path) | TargetSpec::Directory(path) | TargetSpec::Zip(path) => path,
        TargetSpec::LocalImage(path, _) => {
            // `PATH:NAME` chooses one of several images.
            let place = path.to_str().and_then(|text| text.split_once(':')).map(|(place, _)| place);
            let there = path.exists() || place.is_some_and(|place| Path::new(place).exists());
            return if there { Ok(()) } else { Err(no_such(path)) };
        }
        TargetSpec::Disks(paths) => {
            return paths.iter().find(|path| !path.exists()).map_or(Ok(()), |path| Err(no_such(path)));
        }
        TargetSpec::Repository(_) | TargetSpec::RemoteImage(_) | TargetSpec::Sbom(_) => return Ok(()),
    };
    let failure = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() && matches!(spec, TargetSpec::Zip(_)) => {
            Failure::new(exit::USAGE, said!("`{}` is a directory", "`{}` はディレクトリです", path.display()))
                .hint(said!("scan it with dir:", "dir: で検査できます"))
        }
        Ok(metadata) if metadata.is_file() && matches!(spec, TargetSpec::Root(_)) => Failure::new(
            exit::USAGE,
            said!("`{}` is not a directory", "`{}` はディレクトリではありません", path.display()),
        )
        .hint(said!(
            "for one file use `yagura fs`, for an image `yagura image`",
            "ファイルは `yagura fs`、イメージは `yagura image` で検査できます"
        )),
        Ok(metadata) if metadata.is_file() || metadata.is_dir() => return Ok(()),
        Ok(_) => Failure::new(
            exit::USAGE,
            said!(
                "`{}` is neither a file nor a directory",
                "`{}` はファイルでもディレクトリでもありません",
                path.display()
            ),
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = path.to_string_lossy();
            let failure = no_such(path);
            match text.split_once(':') {
                Some((scheme, _)) if TargetSpec::SCHEMES.contains(&scheme) => failure.hint(said!(
                    "schemes are for `yagura inventory` and `yagura explain`; here give the path alone",
                    "スキームは `yagura inventory` と `yagura explain` で使います。ここではパスだけを指定してください"
                )),
                _ => failure,
            }
        }
        Err(error) => super::cannot_read(path, &error),
    };
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_name_targets() {
        let parse = |text| TargetSpec::parse(text).map_err(|failure| failure.message.en);
        assert_eq!(parse("dir:/x"), Ok(TargetSpec::Directory("/x".into())));
        assert_eq!(parse("root:/"), Ok(TargetSpec::Root("/".into())));
        assert_eq!(
            parse("oci-archive:a.tar"),
            Ok(TargetSpec::LocalImage("a.tar".into(), Some(Storage::OciArchive)))
        );
        assert_eq!(parse("image:alpine:3.19"), Ok(TargetSpec::RemoteImage("alpine:3.19".into())));
        assert_eq!(parse("sbom:-"), Ok(TargetSpec::Sbom("-".into())));
        assert_eq!(parse("no-such-file"), Err("there is no `no-such-file`".to_owned()));
        assert_eq!(TargetSpec::image("./x.tar"), TargetSpec::LocalImage("./x.tar".into(), None));
        assert_eq!(TargetSpec::image("x.tar.gz"), TargetSpec::LocalImage("x.tar.gz".into(), None));
        assert_eq!(TargetSpec::image("x.tar:5000/y"), TargetSpec::RemoteImage("x.tar:5000/y".into()));
        assert_eq!(TargetSpec::image("localhost:5000/x"), TargetSpec::RemoteImage("localhost:5000/x".into()));
    }
}
