//! Against Docker's own registry where it is installed, and against a scripted one that misbehaves.

use super::*;
use crate::Network;
use crate::testing::{Server, response};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn client() -> Client {
    Client::new(Network::Online).unwrap().with_first_pause(Duration::from_millis(1))
}

fn host() -> Platform {
    Platform::parse("linux/amd64").unwrap()
}

/// A registry that ends with the test.
struct Daemon {
    child: Child,
    address: String,
    _data: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    fn start() -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {:?}}}}}\nhttp: {{addr: {address:?}}}\n",
            data.path()
        );
        let file = data.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("docker-registry");
        let command = command.arg("serve").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        for _ in 0..500 {
            if TcpStream::connect(&address).is_ok() {
                return Some(Self { child, address, _data: data });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the registry does not answer");
    }

    async fn push(&self, kind: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes);
        let http = reqwest::Client::new();
        let url = format!("http://{}/v2/team/app/blobs/uploads/", self.address);
        let begun = http.post(url).send().await.unwrap();
        let place = begun.headers()["location"].to_str().unwrap().to_owned();
        let separator = if place.contains('?') { '&' } else { '?' };
        let done = http.put(format!("{place}{separator}digest={digest}")).body(bytes.to_vec()).send().await;
        assert_eq!(done.unwrap().status(), 201);
        json!({"mediaType": kind, "digest": digest.as_str(), "size": bytes.len()})
    }

    async fn tag(&self, tag: &str, kind: &'static str, manifest: &Value) -> Value {
        let bytes = manifest.to_string();
        let url = format!("http://{}/v2/team/app/manifests/{tag}", self.address);
        let request = reqwest::Client::new().put(url).header("content-type", kind).body(bytes.clone());
        assert_eq!(request.send().await.unwrap().status(), 201);
        json!({"mediaType": kind, "digest": Digest::of(bytes.as_bytes()).as_str(), "size": bytes.len()})
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_a_real_registry_are_read() {
    let client = client();
    let Some(daemon) = Daemon::start() else {
        println!("skipped: `docker-registry` is not installed");
        return;
    };
    let layer: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let config = json!({"os": "linux", "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer).as_str()]}});
    let config = daemon.push(ACCEPTED_CONFIG, config.to_string().as_bytes()).await;
    let blob = daemon.push("application/vnd.oci.image.layer.v1.tar", &layer).await;
    let manifest = json!({"schemaVersion": 2, "mediaType": ACCEPTED[0], "config": config, "layers": [blob]});
    let mut image = daemon.tag("one", ACCEPTED[0], &manifest).await;
    image["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let index = json!({"schemaVersion": 2, "mediaType": ACCEPTED[2], "manifests": [image]});
    daemon.tag("latest", ACCEPTED[2], &index).await;

    let registry = Registry::new(client, Options::default());
    let reference = Reference::parse(&format!("{}/team/app", daemon.address)).unwrap();
    let open = registry.open(&reference, &host()).await.unwrap();
    assert_eq!(open.image.digest.as_ref().map(Digest::as_str), image["digest"].as_str());
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        open.layers.open(&open.image.layers[0]).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    });
    assert!(read.await.unwrap() == layer);

    let arm = Platform::parse("linux/arm64").unwrap();
    let error = registry.open(&reference, &arm).await.err().unwrap();
    assert_eq!(error.to_string(), "no image for `linux/arm64`, only for `linux/amd64`");
    let absent = Reference::parse(&format!("{}/team/app:none", daemon.address)).unwrap();
    assert!(matches!(registry.open(&absent, &host()).await, Err(CloudError::NotFound { .. })));
}

const ACCEPTED_CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Responses for an image with one layer, the manifest first.
fn one_layer(layer: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let config = json!({"os": "linux", "architecture": "amd64",
        "rootfs": {"diff_ids": [Digest::of(layer).as_str()]}});
    let config = config.to_string();
    let descriptor = |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": Digest::of(bytes).as_str(), "size": bytes.len()});
    let manifest = json!({"schemaVersion": 2, "mediaType": ACCEPTED[0],
        "config": descriptor(ACCEPTED_CONFIG, config.as_bytes()),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)]});
    (manifest.to_string().into_bytes(), config.into_bytes())
}

fn named(server: &Server) -> Reference {
    Reference::parse(&format!("{}/app:1", server.url.trim_start_matches("http://"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_fetched_with_the_credentials_and_not_sent_to_other_hosts() {
    let layer = b"layer".to_vec();
    let (manifest, config) = one_layer(&layer);
    let auth = Server::new(vec![response("200 OK", "", br#"{"token": "T"}"#)]);
    // The storage is another host name of this machine.
    let storage = Server::new(vec![response("200 OK", "", &layer)]);
    let elsewhere = storage.url.replace("127.0.0.1", "localhost");
    let challenge = format!("WWW-Authenticate: Bearer realm=\"{}/token\",service=\"s\"\r\n", auth.url);
    let server = Server::new(vec![
        response("401 Unauthorized", &challenge, b""),
        response("200 OK", "", &manifest),
        response("200 OK", "", &config),
        response("307 Temporary Redirect", &format!("Location: {elsewhere}/blob\r\n"), b""),
    ]);
    let reference = named(&server);
    let docker = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(docker.path().join("config.json")).unwrap();
    write!(file, r#"{{"auths": {{"{}": {{"auth": "dTpw"}}}}}}"#, reference.registry).unwrap();
    let options = Options { docker_config: Some(docker.path().to_owned()), insecure: false };
    let open = Registry::new(client(), options).open(&reference, &host()).await.unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        open.layers.open(&open.image.layers[0]).unwrap().read_to_end(&mut bytes).map(|_| bytes)
    });
    assert_eq!(read.await.unwrap().unwrap(), layer);
    assert_eq!(auth.header("authorization"), ["Basic dTpw"]);
    assert!(
        auth.requests.lock().unwrap()[0].starts_with("GET /token?scope=repository%3Aapp%3Apull&service=s ")
    );
    assert_eq!(server.header("authorization"), ["", "Bearer T", "Bearer T", "Bearer T"]);
    assert_eq!(storage.header("authorization"), [""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_breaks_off_is_continued_and_a_wrong_one_refused() {
    let layer = b"0123456789".to_vec();
    let (manifest, config) = one_layer(&layer);
    let server = Server::new(vec![
        response("200 OK", "", &manifest),
        response("200 OK", "", &config),
        response("200 OK", "Content-Length: 10\r\n", b"01234"),
        response("206 Partial Content", "Content-Range: bytes 5-9/10\r\n", b"56789"),
        response("200 OK", "Content-Length: 10\r\n", b"01234"),
        // This one ignores the range.
        response("200 OK", "", &layer),
        response("200 OK", "", b"other text"),
    ]);
    let open = Registry::new(client(), Options::default()).open(&named(&server), &host()).await.unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let one = || {
            let mut bytes = Vec::new();
            open.layers.open(&open.image.layers[0]).unwrap().read_to_end(&mut bytes).map(|_| bytes)
        };
        (one(), one(), one())
    });
    let (resumed, restarted, wrong) = read.await.unwrap();
    assert_eq!((resumed.unwrap(), restarted.unwrap()), (layer.clone(), layer));
    assert!(wrong.unwrap_err().to_string().starts_with("its digest is"));
    assert_eq!(server.header("range"), ["", "", "", "bytes=5-", "", "bytes=5-", ""]);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let server =
        Server::new(vec![response("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", b"")]);
    let registry = Registry::new(client(), Options::default());
    let error = registry.open(&named(&server), &host()).await.err().unwrap();
    assert!(error.hint().unwrap().contains("docker login 127.0.0.1"), "{error:?}");
    let ecr = Reference::parse("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app").unwrap();
    assert!(denied(&ecr).hint().unwrap().contains("get-login-password --region eu-west-1"));
    let changed = Server::new(vec![response(
        "200 OK",
        &format!("Docker-Content-Digest: {}\r\n", Digest::of(b"x")),
        b"{}",
    )]);
    let error = registry.open(&named(&changed), &host()).await.err().unwrap();
    assert!(matches!(error, CloudError::Digest { .. }));
    let huge = Server::new(vec![response("200 OK", "", &vec![b' '; 9 << 20])]);
    let error = registry.open(&named(&huge), &host()).await.err().unwrap();
    assert!(matches!(error, CloudError::TooLarge { .. }));
}
