//! Hostile input through the real binary: each target ends with the exit code that says what happened and a line that
//! names the place, within bounds that the kernel enforces.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::{LOCKFILE, isolated, project, stderr, stdout};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// Address space and CPU seconds of one command; a debug build stays far below both.
const BOUNDS: &str = r#"ulimit -v 2097152; ulimit -t 100; exec "$0" "$@""#;

/// Runs a command within the bounds. What it printed must hold each of `says`.
#[track_caller]
fn check(directory: &Path, arguments: &[&str], code: i32, says: &[&str]) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", BOUNDS, env!("CARGO_BIN_EXE_yagura")]);
    let output = isolated(shell, directory, arguments).output().unwrap();
    let printed = format!("{}{}", stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{printed}");
    for text in says {
        assert!(printed.contains(text), "{arguments:?} does not say `{text}`:\n{printed}");
    }
    assert!(!printed.contains("panicked"), "{printed}");
    printed
}

/// A file system root with these files and an `os-release`.
fn root(os_release: &[u8], files: &[(&str, &[u8])]) -> tempfile::TempDir {
    project(&[&[("etc/os-release", os_release)], files].concat())
}

const DEBIAN: &[u8] = b"ID=debian\nVERSION_ID=12\n";
const DPKG_STATUS: &[u8] =
    b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.11-1~deb12u2\n\n";

/// One member of a tar archive, with a name that no honest program writes.
fn member(archive: &mut (impl Write + ?Sized), name: &str, size: u64) -> io::Result<()> {
    let mut header = tar::Header::new_old();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    archive.write_all(header.as_bytes())
}

/// An image archive as `docker save` writes it, of one layer that `fill` writes, compressed.
fn docker_archive(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut layer = Digested {
        inner: flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()),
        hash: Sha256::new(),
    };
    fill(&mut layer).unwrap();
    layer.write_all(&[0; 1024]).unwrap();
    let diff_id = layer.hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let layer = layer.inner.finish().unwrap();
    let configuration = format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["sha256:{diff_id}"]}}}}"#
    );
    let mut archive = tar::Builder::new(File::create(path).unwrap());
    let mut add = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content).unwrap();
    };
    add("layer.tar.gz", &layer);
    add("config.json", configuration.as_bytes());
    add("manifest.json", br#"[{"Config":"config.json","RepoTags":["a:1"],"Layers":["layer.tar.gz"]}]"#);
    archive.finish().unwrap();
}

/// Writes on, and hashes what passes.
struct Digested<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn zip_file(path: &Path, members: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, content) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn an_os_release_that_lies_is_told() {
    let apk = b"P:musl\nV:1.2.4-r2\nA:x86_64\n\n";
    let lying = root(DEBIAN, &[("lib/apk/db/installed", apk)]);
    check(lying.path(), &["host", "--root", "."], 3, &["os-release", "apk"]);
    let garbage = root(&[0xff; 4096], &[("var/lib/dpkg/status", DPKG_STATUS)]);
    check(garbage.path(), &["host", "--root", "."], 3, &["os-release"]);
    let endless = root(&b"ID=".repeat(4_000_000), &[("var/lib/dpkg/status", DPKG_STATUS)]);
    check(endless.path(), &["host", "--root", "."], 3, &["os-release"]);
}

#[test]
fn damaged_package_databases_are_unread() {
    let status = [DPKG_STATUS, b"Package: bash\nStatus: install ok installed\n\nPackage"].concat();
    let dpkg = root(DEBIAN, &[("var/lib/dpkg/status", &status)]);
    check(dpkg.path(), &["host", "--root", ".", "-f", "json"], 3, &["var/lib/dpkg/status", "openssl"]);
    for (name, head) in [
        ("rpmdb.sqlite", &b"SQLite format 3\0\x10\0\x01\x01\0@  "[..]),
        ("Packages.db", b"RpmP\0\0\0\0\x01\0\0\0"),
        ("Packages", b"\0\0\0\0\0\0\0\0\0\0\0\0\x61\x15\x06\0\x09\0\0\0\0\x10\0\0"),
    ] {
        let place = format!("var/lib/rpm/{name}");
        let damaged = [head, &[0xa5; 9000]].concat();
        let fedora = root(b"ID=fedora\nVERSION_ID=42\n", &[(&place, &damaged)]);
        check(fedora.path(), &["host", "--root", "."], 3, &[&place]);
    }
}

#[test]
fn bombs_are_cut_off() {
    let directory = project(&[]);
    let zeros = vec![0; 1 << 20];
    docker_archive(&directory.path().join("layer.tar"), |layer| {
        member(layer, "app/package-lock.json", 3 << 30)?;
        (0..3 << 10).try_for_each(|_| layer.write_all(&zeros))
    });
    check(directory.path(), &["image", "docker-archive:layer.tar"], 3, &["app/package-lock.json"]);

    fs::create_dir(directory.path().join("jars")).unwrap();
    let bomb = vec![0; 600 << 20];
    zip_file(&directory.path().join("jars/a.jar"), &[("META-INF/maven/a/b/pom.properties", &bomb)]);
    check(directory.path(), &["fs", "jars"], 3, &["a.jar!/META-INF/maven/a/b/pom.properties"]);
}

#[test]
fn a_million_entries_are_walked() {
    let directory = project(&[]);
    docker_archive(&directory.path().join("many.tar"), |layer| {
        for number in 0..1_000_000 {
            member(layer, &format!("d/{number}"), 0)?;
        }
        member(layer, "app/package-lock.json", LOCKFILE.len() as u64)?;
        layer.write_all(LOCKFILE.as_bytes())?;
        layer.write_all(&vec![0; 512 - LOCKFILE.len() % 512])
    });
    check(directory.path(), &["image", "docker-archive:many.tar"], 0, &["lodash"]);
}

#[test]
fn nesting_ends() {
    let directory = project(&[]);
    let jar = directory.path().join("deep.jar");
    zip_file(&jar, &[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n")]);
    for _ in 0..30 {
        let inner = fs::read(&jar).unwrap();
        zip_file(&jar, &[("inner.jar", &inner)]);
    }
    check(directory.path(), &["fs", "deep.jar"], 3, &["deep.jar"]);

    let brackets = "[".repeat(2_000_000);
    let json = format!(r#"{{"lockfileVersion":3,"packages":{brackets}"#);
    let xml = "<a>".repeat(1_000_000);
    let yaml = format!("lockfileVersion: '9.0'\npackages: {brackets}");
    for (name, content) in [
        ("package-lock.json", json.as_str()),
        ("composer.lock", &brackets),
        ("Pipfile.lock", &brackets),
        ("pom.xml", &xml),
        ("pnpm-lock.yaml", &yaml),
        ("Cargo.lock", &format!("a = {brackets}")),
        ("poetry.lock", &format!("[[package]]\na = {brackets}")),
        ("mix.lock", &format!("%{{{brackets}")),
    ] {
        let project = project(&[(name, content.as_bytes())]);
        check(project.path(), &["fs", "."], 3, &[name]);
    }
    for format in ["sbom.cdx.json", "sbom.spdx.json"] {
        fs::write(directory.path().join(format), &brackets).unwrap();
        check(directory.path(), &["sbom", format], 2, &[format]);
    }

    let mut folder = directory.path().join("levels");
    fs::create_dir(&folder).unwrap();
    for _ in 0..400 {
        folder.push("d");
        fs::create_dir(&folder).unwrap();
    }
    fs::write(folder.join("package-lock.json"), LOCKFILE).unwrap();
    check(directory.path(), &["fs", "levels"], 3, &["d/d/d"]);
}

#[test]
fn entities_and_aliases_do_not_expand() {
    let mut laughs = String::from("<?xml version=\"1.0\"?><!DOCTYPE project [<!ENTITY a0 \"ha\">");
    let mut aliases = String::from("lockfileVersion: '9.0'\na0: &a0 [x]\n");
    for level in 1..40 {
        let _ = write!(laughs, "<!ENTITY a{level} \"{}\">", format!("&a{};", level - 1).repeat(10));
        let _ = writeln!(aliases, "a{level}: &a{level} [{}]", format!("*a{},", level - 1).repeat(9));
    }
    laughs.push_str("]><project><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId>");
    laughs.push_str("<version>&a39;</version></dependency></dependencies></project>");
    aliases.push_str("packages: *a39\n");
    let project = project(&[("pom.xml", laughs.as_bytes()), ("pnpm-lock.yaml", aliases.as_bytes())]);
    let printed =
        check(project.path(), &["fs", "."], 3, &["pnpm-lock.yaml", "1 dependencies have no version"]);
    assert!(!printed.contains("haha"), "{printed}");
}

#[test]
fn links_and_names_do_not_leave_the_target() {
    let directory = project(&[("outside/package-lock.json", LOCKFILE.as_bytes()), ("in/a/x", b"")]);
    let inside = directory.path().join("in");
    symlink("../outside/package-lock.json", inside.join("package-lock.json")).unwrap();
    symlink(directory.path().join("outside"), inside.join("away")).unwrap();
    symlink("../a", inside.join("a/loop")).unwrap();
    symlink("self", inside.join("self")).unwrap();
    let printed =
        check(directory.path(), &["fs", "in", "-f", "json"], 5, &["\"path\": \"package-lock.json\""]);
    assert!(!printed.contains("lodash"), "{printed}");

    let archive = directory.path().join("names.tar");
    docker_archive(&archive, |layer| {
        for name in ["../../outside/package-lock.json", "/etc/os-release", "a/../../b", "x/\u{fffd}"] {
            member(layer, name, 0)?;
        }
        member(layer, "/app/package-lock.json", LOCKFILE.len() as u64)?;
        layer.write_all(LOCKFILE.as_bytes())?;
        layer.write_all(&vec![0; 512 - LOCKFILE.len() % 512])
    });
    check(
        directory.path(),
        &["image", "docker-archive:names.tar"],
        3,
        &["lodash", "outside/package-lock.json"],
    );
}

#[test]
fn pipes_and_odd_names_do_not_hold_a_scan() {
    let directory = shop_with_pipe();
    check(directory.path(), &["fs", "."], 0, &["lodash"]);
}

/// A pipe that nobody writes to, under the name of a lockfile, and a name that is no UTF-8.
fn shop_with_pipe() -> tempfile::TempDir {
    use std::os::unix::ffi::OsStrExt;
    let directory = common::shop();
    fs::create_dir(directory.path().join("pipe")).unwrap();
    let pipe = directory.path().join("pipe/package-lock.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let odd = directory.path().join(std::ffi::OsStr::from_bytes(b"odd-\xff\xfe"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("Cargo.lock"), "version = 3\n").unwrap();
    directory
}

#[test]
fn one_line_of_many_megabytes_is_read_or_refused() {
    let directory = project(&[]);
    let path = directory.path().join("package-lock.json");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    write!(file, r#"{{"lockfileVersion":3,"packages":{{"#).unwrap();
    for number in 0..200_000 {
        write!(
            file,
            r#""node_modules/p{number}":{{"version":"1.0.{number}","resolved":"https://registry/{number}"}},"#
        )
        .unwrap();
    }
    write!(file, r#""node_modules/lodash":{{"version":"4.17.15"}}}}}}"#).unwrap();
    drop(file);
    check(directory.path(), &["fs", ".", "-o", "json=out.json"], 0, &[]);
    let report = fs::read_to_string(directory.path().join("out.json")).unwrap();
    assert!(report.contains("CVE-2021-23337"));

    let long = [br#"{"lockfileVersion":3,"name":""#.to_vec(), vec![b'a'; 64 << 20], br#""#.to_vec()].concat();
    fs::write(&path, long).unwrap();
    check(directory.path(), &["fs", "."], 3, &["package-lock.json"]);
}

#[test]
fn an_image_layout_that_lies_is_refused() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":2}}]}}"#
    );
    let away = index.replace(&digest, "sha256:../../../../etc/passwd");
    let blob = format!("blobs/sha256/{}", "0".repeat(64));
    for index in [index, away] {
        let layout = project(&[
            ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
            ("index.json", index.as_bytes()),
            (&blob, b"{}"),
        ]);
        check(layout.path(), &["image", "oci-dir:."], 2, &["sha256", "hint:"]);
    }
    let cut = project(&[("cut.tar", &[0x1f; 700])]);
    check(cut.path(), &["image", "docker-archive:cut.tar"], 2, &["cut.tar", "hint:"]);
}

#[test]
fn hostile_rules_of_the_user_are_refused() {
    let brackets = "[".repeat(1_000_000);
    let project = project(&[
        ("package-lock.json", LOCKFILE.as_bytes()),
        ("vex.json", brackets.as_bytes()),
        (".yaguraignore", &[0xff; 100_000]),
    ]);
    check(project.path(), &["fs", ".", "--vex", "vex.json"], 2, &["vex.json"]);
    check(project.path(), &["fs", ".", "--ignorefile", ".yaguraignore"], 2, &[".yaguraignore"]);
}
