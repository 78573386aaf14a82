//! Layouts and archives built by hand, byte for byte as the tools write them.

use super::*;
use crate::{EntryKind, Flow, Limits, Tree};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::Command;

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// An OCI layout in a temporary directory.
struct Layout(tempfile::TempDir);

impl Layout {
    fn new() -> Self {
        let layout = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(layout.0.path().join("blobs/sha256")).unwrap();
        fs::write(layout.0.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        layout
    }

    fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes);
        fs::write(self.0.path().join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()})
    }

    /// An image whose layers are given as (media type, stored bytes, uncompressed bytes).
    fn image(&self, architecture: &str, layers: &[(&str, Vec<u8>, Vec<u8>)]) -> Value {
        let config = json!({
            "os": "linux", "architecture": architecture, "created": "2024-01-01T00:00:00Z",
            "config": {"Env": ["PATH=/bin"], "Labels": {"team": "a"}},
            "rootfs": {"type": "layers",
                "diff_ids": layers.iter().map(|(_, _, tar)| Digest::of(tar).to_string()).collect::<Vec<_>>()},
            "history": [{"created_by": "ENV x", "empty_layer": true}, {"created_by": "COPY a"}],
        });
        let config = self.blob(OCI_CONFIG, config.to_string().as_bytes());
        let layers: Vec<Value> = layers.iter().map(|(kind, stored, _)| self.blob(kind, stored)).collect();
        let manifest =
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
        let mut descriptor = self.blob(OCI_MANIFEST, manifest.to_string().as_bytes());
        descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
        descriptor
    }

    fn index(&self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
        fs::write(self.0.path().join("index.json"), index.to_string()).unwrap();
    }

    fn open(&self, platform: &str) -> Result<OpenImage, ImageError> {
        open(Storage::OciDir, self.0.path(), None, &Platform::parse(platform).unwrap())
    }
}

/// A tar with one file.
fn tar(name: &str, content: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(name), content).unwrap();
    Command::new("tar").args(["-c", "--mtime=@0", name]).current_dir(&directory).output().unwrap().stdout
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn three_layers() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let (a, b, c) = (tar("a", "plain"), tar("b", "gzip"), tar("c", "zstd"));
    vec![
        (OCI_LAYER, a.clone(), a),
        ("application/vnd.oci.image.layer.v1.tar+gzip", gzip(&b), b),
        ("application/vnd.oci.image.layer.v1.tar+zstd", zstd::encode_all(&c[..], 3).unwrap(), c),
    ]
}

/// All files of all layers, and errors.
fn files(image: &OpenImage) -> Vec<String> {
    let mut out = Vec::new();
    for layer in &image.image.layers {
        let outcome = image.tree(layer).walk(&Limits::default(), &mut Vec::new(), &mut |entry| {
            if let EntryKind::File(file) = entry.kind {
                out.push(format!("{} {}", entry.path, file.text().unwrap()));
            }
            Flow::Continue
        });
        out.extend(outcome.err().map(|error| error.to_string()));
    }
    out
}

#[test]
fn r64_layers_of_an_oci_layout_are_read() {
    let layout = Layout::new();
    layout.index(&[layout.image("amd64", &three_layers())]);
    assert_eq!(sniff(layout.0.path()).unwrap(), Some(Storage::OciDir));
    let image = layout.open("linux/amd64").unwrap();
    assert_eq!(files(&image), ["a plain", "b gzip", "c zstd"]);
    assert_eq!(image.image.env, ["PATH=/bin"]);
    assert_eq!(image.image.labels["team"], "a");
    assert_eq!(image.image.layers[0].created_by.as_deref(), Some("COPY a"));
    assert_eq!(image.image.platform.to_string(), "linux/amd64");
}

#[test]
fn an_index_is_searched_for_the_platform() {
    let layout = Layout::new();
    let one = |content: &str| {
        let layer = tar("file", content);
        vec![(OCI_LAYER, layer.clone(), layer)]
    };
    let mut attestation = layout.image("amd64", &one("attestation"));
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let inner = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        attestation, layout.image("amd64", &one("intel")), layout.image("arm64", &one("arm"))]});
    layout.index(&[layout.blob(OCI_INDEX, inner.to_string().as_bytes())]);
    assert_eq!(files(&layout.open("linux/amd64").unwrap()), ["file intel"]);
    assert_eq!(files(&layout.open("linux/arm64/v8").unwrap()), ["file arm"]);
    let error = layout.open("linux/s390x").err().unwrap();
    assert_eq!(error.to_string(), "no image for `linux/s390x`, only for `linux/amd64`, `linux/arm64`");
}

#[test]
fn r64_other_media_types_are_refused_by_name() {
    let layout = Layout::new();
    let chart = layout.blob("application/vnd.cncf.helm.config.v1+json", b"{}");
    let manifest = json!({"schemaVersion": 2, "config": chart, "layers": []}).to_string();
    layout.index(&[layout.blob(OCI_MANIFEST, manifest.as_bytes())]);
    assert_eq!(
        layout.open("linux/amd64").err().unwrap().to_string(),
        "UNSUPPORTED_MEDIA_TYPE: `application/vnd.cncf.helm.config.v1+json` is not a supported image configuration"
    );
    let layer = tar("a", "x");
    layout
        .index(&[layout
            .image("amd64", &[("application/vnd.oci.image.layer.v1.tar+encrypted", layer.clone(), layer)])]);
    let error = layout.open("linux/amd64").err().unwrap().to_string();
    assert!(error.starts_with("UNSUPPORTED_MEDIA_TYPE") && error.ends_with("supported layer"), "{error}");
}

#[test]
fn changed_blobs_are_noticed() {
    let layout = Layout::new();
    let layers = three_layers();
    layout.index(&[layout.image("amd64", &layers)]);
    let blob = |bytes: &[u8]| layout.0.path().join("blobs/sha256").join(Digest::of(bytes).hex());
    // Another layer of the same length, a shorter one, and one that is gone.
    fs::write(blob(&layers[0].1), tar("z", "other")).unwrap();
    fs::write(blob(&layers[1].1), &layers[1].1[..50]).unwrap();
    fs::remove_file(blob(&layers[2].1)).unwrap();
    let found = files(&layout.open("linux/amd64").unwrap());
    assert_eq!(found[0], "z other");
    assert!(found[1].contains("its digest is"), "{found:?}");
    assert!(found[2].contains("cut off") || found[2].contains("ends early"), "{found:?}");
    assert!(found[3].contains("cannot read"), "{found:?}");
    // The diff id lies although the blob is as stated.
    let layer = tar("a", "x");
    layout.index(&[layout.image("amd64", &[(OCI_LAYER, layer, tar("b", "y"))])]);
    assert!(files(&layout.open("linux/amd64").unwrap())[1].contains("its digest is"));
}

#[test]
fn archives_of_layouts_are_read_in_place_and_when_compressed() {
    let layout = Layout::new();
    layout.index(&[layout.image("amd64", &three_layers())]);
    let directory = tempfile::tempdir().unwrap();
    for (name, option) in [("plain.tar", "-c"), ("packed.tar.gz", "-cz"), ("packed.tar.zst", "-c --zstd")] {
        let path = directory.path().join(name);
        let mut command = Command::new("tar");
        command.args(option.split(' ')).arg("-f").arg(&path).arg("-C").arg(layout.0.path());
        assert!(command.args(["oci-layout", "index.json", "blobs"]).status().unwrap().success());
        assert_eq!(sniff(&path).unwrap(), Some(Storage::OciArchive));
        let image = open(Storage::OciArchive, &path, None, &Platform::parse("linux/amd64").unwrap()).unwrap();
        assert_eq!(files(&image), ["a plain", "b gzip", "c zstd"], "{name}");
    }
}

#[test]
fn archives_of_docker_save_are_read() {
    let root = tempfile::tempdir().unwrap();
    let (first, second) = (tar("a", "one"), tar("b", "two"));
    let config = json!({"os": "linux", "architecture": "amd64",
        "rootfs": {"diff_ids": [Digest::of(&first).as_str(), Digest::of(&second).as_str(), Digest::of(&first).as_str()]}});
    let config = config.to_string();
    let name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    fs::write(root.path().join(&name), &config).unwrap();
    for (directory, bytes) in [("x", &first), ("y", &second)] {
        fs::create_dir(root.path().join(directory)).unwrap();
        fs::write(root.path().join(directory).join("layer.tar"), bytes).unwrap();
    }
    fs::create_dir(root.path().join("z")).unwrap();
    std::os::unix::fs::symlink("../x/layer.tar", root.path().join("z/layer.tar")).unwrap();
    let manifest = json!([{"Config": name, "RepoTags": ["app:1"], "Layers": ["x/layer.tar", "y/layer.tar", "z/layer.tar"]}]);
    fs::write(root.path().join("manifest.json"), manifest.to_string()).unwrap();
    for option in ["-c", "-cz"] {
        let archive = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("tar");
        command.arg(option).arg("-f").arg(archive.path()).arg("-C").arg(root.path()).arg(".");
        assert!(command.status().unwrap().success());
        assert_eq!(sniff(archive.path()).unwrap(), Some(Storage::DockerArchive));
        let image = open(Storage::DockerArchive, archive.path(), None, &Platform::host()).unwrap();
        assert_eq!(image.image.tags, ["app:1"]);
        assert_eq!(files(&image), ["a one", "b two", "a one"]);
        let other = open(Storage::DockerArchive, archive.path(), Some("other:1"), &Platform::host());
        assert_eq!(other.err().unwrap().to_string(), "choose one of the images `app:1`");
    }
}

#[test]
fn what_is_no_image_is_told() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(sniff(directory.path()).unwrap(), None);
    let file = directory.path().join("a.tar");
    fs::write(&file, tar("a", "x")).unwrap();
    assert_eq!(sniff(&file).unwrap(), None);
    let outcome = open(Storage::DockerArchive, &file, None, &Platform::host());
    assert_eq!(outcome.err().unwrap().to_string(), "`manifest.json` is missing");
}

proptest::proptest! {
    #[test]
    fn no_document_panics(text in "\\PC{0,200}", cut in 0_usize..400) {
        let _ = Document::parse(text.as_bytes(), None);
        let manifest = json!({"schemaVersion": 2, "manifests": [{"digest": format!("sha256:{}", "0".repeat(64)), "platform": {"os": "x"}}]}).to_string();
        let _ = Document::parse(&manifest.as_bytes()[..cut.min(manifest.len())], Some(OCI_INDEX));
    }
}
