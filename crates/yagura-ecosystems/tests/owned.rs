//! Language packages that an OS package ships, wherever distributions put them (R-158).

#![allow(clippy::unwrap_used)] // a failing unwrap is a failing test

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use yagura_ecosystems::analyze::analyze;
use yagura_ecosystems::catalog::{Selection, catalog};
use yagura_fs::{Directory, Limits};

struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        root.put("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n");
        root
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Installs a package as dpkg would: an entry of the status file, a list, the files.
    fn install(&self, package: &str, version: &str, files: &[(&str, &[u8])]) {
        let mut list = "/.\n".to_owned();
        for (path, bytes) in files {
            writeln!(list, "/{path}").unwrap();
            self.put(path, bytes);
        }
        self.put(&format!("var/lib/dpkg/info/{package}.list"), list.as_bytes());
        let status = self.0.path().join("var/lib/dpkg/status");
        let mut status = std::fs::OpenOptions::new().create(true).append(true).open(status).unwrap();
        let paragraph = format!(
            "Package: {package}\nStatus: install ok installed\nArchitecture: all\nVersion: {version}\n\n"
        );
        status.write_all(paragraph.as_bytes()).unwrap();
    }

    /// One line per package: `ecosystem name version <- owner`, then what is unread.
    fn inventory(&self) -> String {
        let tree = Directory::open(self.0.path()).unwrap();
        let catalog = catalog(&tree, &Selection::default(), &Limits::default()).unwrap();
        let inventory = analyze(&[catalog]);
        let mut out = String::new();
        for package in inventory.packages {
            write!(out, "{} {} {}", package.ecosystem, package.name, package.version).unwrap();
            if let Some(owner) = package.owner {
                write!(out, " <- {} {}", owner.name, owner.version).unwrap();
            }
            out.push('\n');
        }
        for unread in inventory.unread {
            writeln!(out, "unread {} {}", unread.path, unread.detail).unwrap();
        }
        out
    }
}

fn jar(group: &str, artifact: &str, version: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let path = format!("META-INF/maven/{group}/{artifact}/pom.properties");
    writer.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
    writeln!(writer, "groupId={group}\nartifactId={artifact}\nversion={version}").unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn r158_modules_that_debian_bundles_below_another_one() {
    let root = Root::new();
    let module = |name: &str| format!(r#"{{"name": "{name}", "version": "1.0.0"}}"#).into_bytes();
    root.install(
        "npm",
        "9.2.0~ds1-1",
        &[
            ("usr/share/nodejs/npm/package.json", &module("npm")),
            ("usr/share/nodejs/npm/node_modules/socks/package.json", &module("socks")),
            ("usr/share/nodejs/npm/node_modules/@colors/colors/package.json", &module("@colors/colors")),
            ("usr/share/nodejs/npm/node_modules/socks/test/package.json", &module("none")),
            ("usr/lib/x86_64-linux-gnu/nodejs/expat/package.json", &module("expat")),
            // Neither asks for anything that is not there.
            ("usr/share/doc/npm/examples/package.json", br#"{"dependencies": {"a": "1"}}"#),
            ("usr/share/npm/requirements.txt", b"six\n"),
        ],
    );
    root.put("usr/local/lib/node_modules/socks/package.json", &module("socks"));
    insta::assert_snapshot!(root.inventory(), @r"
    Debian:12 npm 9.2.0~ds1-1
    npm @colors/colors 1.0.0 <- npm 9.2.0~ds1-1
    npm expat 1.0.0 <- npm 9.2.0~ds1-1
    npm npm 1.0.0 <- npm 9.2.0~ds1-1
    npm socks 1.0.0
    npm socks 1.0.0 <- npm 9.2.0~ds1-1
    ");
}

#[test]
fn r158_gems_and_jars_that_debian_ships() {
    let root = Root::new();
    let gem = |name: &str| format!("# stub: {name} 2.2.22 ruby lib\n").into_bytes();
    root.install(
        "ruby-rack",
        "2.2.22-0+deb12u2",
        &[("usr/share/rubygems-integration/all/specifications/rack-2.2.22.gemspec", &gem("rack"))],
    );
    root.install(
        "ruby-msgpack",
        "1.4.2-2+b4",
        &[(
            "usr/lib/x86_64-linux-gnu/rubygems-integration/3.1.0/specifications/msgpack-2.2.22.gemspec",
            &gem("msgpack"),
        )],
    );
    root.put("var/lib/gems/3.1.0/specifications/rack-2.2.22.gemspec", &gem("rack"));
    root.install(
        "libcommons-io-java",
        "2.11.0-2",
        &[("usr/share/java/commons-io.jar", &jar("commons-io", "commons-io", "2.11.0"))],
    );
    // In Maven's repository of the distribution the archives are links.
    let repository = root.0.path().join("usr/share/maven-repo/commons-io/commons-io/2.11.0");
    std::fs::create_dir_all(&repository).unwrap();
    symlink("../../../../java/commons-io.jar", repository.join("commons-io-2.11.0.jar")).unwrap();
    root.put("opt/app/lib/commons-io-2.11.0.jar", &jar("commons-io", "commons-io", "2.11.0"));
    insta::assert_snapshot!(root.inventory(), @r"
    Debian:12 libcommons-io-java 2.11.0-2
    Debian:12 ruby-msgpack 1.4.2-2+b4
    Debian:12 ruby-rack 2.2.22-0+deb12u2
    Maven commons-io:commons-io 2.11.0
    Maven commons-io:commons-io 2.11.0 <- libcommons-io-java 2.11.0-2
    RubyGems msgpack 2.2.22 <- ruby-msgpack 1.4.2-2+b4
    RubyGems rack 2.2.22
    RubyGems rack 2.2.22 <- ruby-rack 2.2.22-0+deb12u2
    ");
}
