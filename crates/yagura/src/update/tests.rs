//! Updates from a mirror that is a folder behind a local server, which can also misbehave.

use super::*;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use yagura_advisories::Database;
use yagura_model::{Advisories, EcosystemId};

/// How the server answers a path.
#[derive(Clone)]
enum Answer {
    Body(Vec<u8>),
    Broken,
    Truncated(Vec<u8>),
}

type Files = Arc<Mutex<BTreeMap<String, Answer>>>;

/// Serves the files with an `ETag` of their contents; returns its address and the log of requests.
fn serve(files: &Files) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let log = Arc::new(Mutex::new(Vec::new()));
    let (files, seen) = (files.clone(), log.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = Vec::new();
            for line in BufReader::new(&stream).lines() {
                match line {
                    Ok(line) if !line.is_empty() => head.push(line),
                    _ => break,
                }
            }
            let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
            let path = path.trim_start_matches('/').replace("%20", " ");
            let known = head.iter().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case("if-none-match").then(|| value.to_owned())
            });
            let answer = files.lock().unwrap().get(&path).cloned();
            let reply = match answer {
                None => b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(),
                Some(Answer::Broken) => {
                    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec()
                }
                Some(Answer::Body(body) | Answer::Truncated(body)) if known == Some(tag(&body)) => {
                    b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_vec()
                }
                Some(Answer::Body(body)) => reply(&body, body.len()),
                Some(Answer::Truncated(body)) => reply(&body, body.len() * 2),
            };
            let status = String::from_utf8_lossy(reply.get(9..12).unwrap_or_default()).into_owned();
            seen.lock().unwrap().push(format!("{status} {path}"));
            let _ = stream.write_all(&reply);
        }
    });
    (url, log)
}

fn tag(body: &[u8]) -> String {
    format!("\"{}\"", blake3::hash(body).to_hex())
}

fn reply(body: &[u8], length: usize) -> Vec<u8> {
    let tag = tag(body);
    let head =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\nETag: {tag}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

struct Mirror {
    files: Files,
    url: String,
    log: Arc<Mutex<Vec<String>>>,
    home: tempfile::TempDir,
}

impl Mirror {
    fn new(files: &[(&str, &str)]) -> Self {
        let files: BTreeMap<String, Answer> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Answer::Body(text.as_bytes().to_vec())))
            .collect();
        let files = Arc::new(Mutex::new(files));
        let (url, log) = serve(&files);
        Self { files, url, log, home: tempfile::tempdir().unwrap() }
    }

    fn set(&self, path: &str, answer: Answer) {
        self.files.lock().unwrap().insert(path.to_owned(), answer);
    }

    fn body(&self, path: &str, text: &str) {
        self.set(path, Answer::Body(text.as_bytes().to_vec()));
    }

    fn update(&self, only: &[&str]) -> Result<Report, UpdateError> {
        let only: Vec<String> = only.iter().map(|id| (*id).to_owned()).collect();
        let options = Options {
            mirror: Some(&self.url),
            offline: false,
            only: &only,
            cache: &self.home.path().join("cache"),
            db: &self.home.path().join("db"),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        self.log.lock().unwrap().clear();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(update(&options, &mut |_| ()))
    }

    fn database(&self) -> Database<Vec<u8>> {
        Database::open(fs::read(self.home.path().join("db")).unwrap()).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

fn advisories(database: &Database<Vec<u8>>, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for ecosystem in ["Debian:12", "Red Hat:9"] {
        let id = EcosystemId::from(ecosystem);
        database.statements(&id, name, &mut |one| found.push(one.advisory.to_owned()));
    }
    found
}

fn tracker(package: &str) -> String {
    format!(
        r#"{{"{package}":{{"CVE-2024-1":{{"releases":{{"bookworm":{{"status":"resolved","fixed_version":"1","urgency":"low"}}}}}}}}}}"#
    )
}

const KEV: &str = r#"{"vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-01-01"}]}"#;

fn debian() -> Mirror {
    let list = "[21 Aug 2024] DSA-1-1 bar - security update\n\t{CVE-2024-2}\n\t[bookworm] - bar 1\n";
    Mirror::new(&[
        ("debian/tracker/data/json", &tracker("foo")),
        ("debian/data/DSA/list", list),
        ("debian/data/DLA/list", "[21 Aug 2024] DLA-1-1 baz - x\n\t[wheezy] - baz 1\n"),
        ("kev/known_exploited_vulnerabilities.json", KEV),
    ])
}

#[test]
fn what_has_not_changed_is_not_fetched_again() {
    let mirror = debian();
    let report = mirror.update(&["debian", "kev"]).unwrap();
    assert_eq!((report.fetched, report.unchanged, report.failed.len()), (4, 0, 0));
    assert_eq!(advisories(&mirror.database(), "foo"), ["CVE-2024-1"]);
    assert!(mirror.database().vulnerability("CVE-2024-1").unwrap().kev.is_some());
    let report = mirror.update(&["debian", "kev"]).unwrap();
    assert_eq!((report.fetched, report.unchanged), (0, 4));
    assert!(mirror.asked().iter().all(|line| line.starts_with("304")), "{:?}", mirror.asked());
}

#[test]
fn a_feed_that_fails_keeps_its_old_data_and_blocks_nobody() {
    let mirror = debian();
    mirror.update(&["debian", "kev"]).unwrap();
    mirror.set("debian/tracker/data/json", Answer::Broken);
    mirror.body("debian/data/DLA/list", "<html>maintenance</html>");
    mirror.body("kev/known_exploited_vulnerabilities.json", &KEV.replace("CVE-2024-1", "CVE-2024-2"));
    let report = mirror.update(&["debian", "kev"]).unwrap();
    assert_eq!((report.fetched, report.failed.len()), (1, 2));
    let database = mirror.database();
    assert_eq!(advisories(&database, "foo"), ["CVE-2024-1"]);
    assert!(database.vulnerability("CVE-2024-2").unwrap().kev.is_some());
    let sources = database.sources();
    let state = |id: &str| sources.iter().find(|source| source.id.as_str() == id).unwrap();
    assert_eq!(state("debian").state, SourceState::Stale);
    assert!(state("debian").error.as_ref().unwrap().contains("400"));
    assert_eq!(state("debian-dla").state, SourceState::Stale);
    assert_eq!((state("debian-dla").advisories, state("kev").state), (1, SourceState::Good));
}

#[test]
fn a_truncated_body_does_not_replace_a_good_document() {
    let mirror = debian();
    mirror.update(&["kev"]).unwrap();
    mirror.set("kev/known_exploited_vulnerabilities.json", Answer::Truncated(b"{\"vulner".to_vec()));
    let report = mirror.update(&["kev"]).unwrap();
    assert_eq!(report.failed.len(), 1, "{report:?}");
    assert!(mirror.database().vulnerability("CVE-2024-1").unwrap().kev.is_some());
    mirror.body("kev/known_exploited_vulnerabilities.json", KEV);
    assert!(mirror.update(&["kev"]).unwrap().failed.is_empty());
}

#[test]
fn changed_records_come_one_by_one() {
    let record = |id: &str, name: &str, modified: &str| {
        format!(
            r#"{{"id":"{id}","modified":"{modified}","affected":[{{"package":{{"ecosystem":"Red Hat:9","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}}]}}]}}]}}"#
        )
    };
    let old = record("A-1", "old", "2025-01-01T00:00:00Z");
    let mirror = Mirror::new(&[("osv/ecosystems.txt", "Red Hat\n")]);
    mirror.set("osv/Red Hat/all.zip", Answer::Body(stored_zip("A-1.json", old.as_bytes())));
    mirror.body("osv/Red Hat/modified_id.csv", "2025-01-01T00:00:00Z,A-1\n");
    mirror.update(&["osv"]).unwrap();
    assert_eq!(advisories(&mirror.database(), "old"), ["A-1"]);
    mirror.body(
        "osv/Red Hat/modified_id.csv",
        "2025-03-01T00:00:00Z,A-1\n2025-02-01T00:00:00Z,A-2\n2025-01-01T00:00:00Z,A-0\n",
    );
    mirror.body("osv/Red Hat/A-1.json", &record("A-1", "new", "2025-03-01T00:00:00Z"));
    mirror.body("osv/Red Hat/A-2.json", &record("A-2", "new", "2025-02-01T00:00:00Z"));
    let report = mirror.update(&["osv"]).unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    assert!(!mirror.asked().iter().any(|line| line.ends_with("all.zip")), "{:?}", mirror.asked());
    assert_eq!(advisories(&mirror.database(), "new"), ["A-1", "A-2"]);
    assert!(advisories(&mirror.database(), "old").is_empty());
}

/// A zip with one stored member, written by hand.
fn stored_zip(name: &str, body: &[u8]) -> Vec<u8> {
    let mut common = [20u16, 0, 0, 0, 0x21].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    for number in [crc(body), body.len() as u32, body.len() as u32] {
        common.extend(number.to_le_bytes());
    }
    common.extend((name.len() as u16).to_le_bytes());
    common.extend([0, 0]);
    let mut zip = [b"PK\x03\x04".as_slice(), &common, name.as_bytes(), body].concat();
    let directory = zip.len() as u32;
    zip.extend([b"PK\x01\x02\x14\x00".as_slice(), &common, &[0; 14], name.as_bytes()].concat());
    let size = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend([size.to_le_bytes(), directory.to_le_bytes()].concat());
    zip.extend([0, 0]);
    zip
}

/// CRC-32, bit by bit.
fn crc(body: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn a_run_that_was_killed_is_continued() {
    let mirror = debian();
    mirror.update(&["kev"]).unwrap();
    // What a killed run leaves behind: half a document, half a database, an older state.
    let cache = mirror.home.path().join("cache");
    fs::write(cache.join("kev/known_exploited_vulnerabilities.json.incoming"), "{\"vul").unwrap();
    fs::write(mirror.home.path().join("db.1.tmp"), "YAGURADB").unwrap();
    fs::remove_file(cache.join("kev/.state.json")).unwrap();
    let report = mirror.update(&["kev"]).unwrap();
    assert_eq!((report.fetched, report.failed.len()), (1, 0));
    assert!(mirror.database().vulnerability("CVE-2024-1").unwrap().kev.is_some());
}

#[test]
fn refusals_before_anything_is_touched() {
    let mirror = debian();
    assert!(matches!(mirror.update(&["nope"]), Err(UpdateError::UnknownFeed(_))));
    fs::create_dir_all(mirror.home.path().join("cache")).unwrap();
    let lock = fs::File::create(mirror.home.path().join("cache/update.lock")).unwrap();
    lock.try_lock().unwrap();
    assert!(matches!(mirror.update(&["kev"]), Err(UpdateError::Busy(_))));
    drop(lock);
    mirror.update(&["kev"]).unwrap();
    // Nothing at all can be had, and nothing is held: the database stays.
    let empty = Mirror::new(&[]);
    assert!(matches!(empty.update(&["kev"]), Err(UpdateError::Nothing)));
}

#[test]
fn paths_stay_below_their_folder() {
    for path in ["../x", "a/../b", "/etc/passwd", "a//b", "", "a\\b", "a/.state.json"] {
        assert!(!is_plain(path), "{path}");
    }
    assert!(is_plain("Red Hat/all.zip"));
    assert_eq!(escape("Red Hat/a#b.zip"), "Red%20Hat/a%23b.zip");
}

#[test]
fn a_mirror_may_hold_a_part_and_dated_files() {
    let mirror = debian();
    let scores =
        "#model_version:v1,score_date:2026-08-16T00:00:00+0000\ncve,epss,percentile\nCVE-2024-1,0.5,0.9\n";
    mirror.body("epss/", r#"<a href="epss_scores-2026-08-16.csv.gz">x</a>"#);
    mirror.set("epss/epss_scores-2026-08-16.csv.gz", Answer::Body(gzip(scores.as_bytes())));
    let report = mirror.update(&["debian", "epss", "arch"]).unwrap();
    assert_eq!((report.failed, report.absent), (Vec::new(), vec!["arch".to_owned()]));
    let database = mirror.database();
    assert!(database.vulnerability("CVE-2024-1").unwrap().epss.is_some());
    assert!(database.sources().iter().all(|source| source.error.is_none()), "{:?}", database.sources());
}

/// A gzip member with one stored block: no compressor is needed for a test.
fn gzip(body: &[u8]) -> Vec<u8> {
    let length = body.len() as u16;
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
    out.extend(body);
    out.extend(crc(body).to_le_bytes());
    out.extend((body.len() as u32).to_le_bytes());
    out
}

#[test]
fn records_of_the_future_are_not_new_for_ever_and_archives_stand_in_for_records() {
    let list = "2999-01-01T00:00:00Z,A-9\n2025-02-01T00:00:00Z,A-2\n2025-01-01T00:00:00Z,A-1\n";
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(changed(list, "2025-01-01T00:00:00Z".parse().unwrap(), now), ["A-2"]);
    let mirror = Mirror::new(&[("osv/ecosystems.txt", "PyPI\n")]);
    mirror.set("osv/PyPI/all.zip", Answer::Body(stored_zip("A-1.json", b"{\"id\":\"A-1\"}")));
    mirror.body("osv/PyPI/modified_id.csv", "2025-01-01T00:00:00Z,A-1\n");
    mirror.update(&["osv"]).unwrap();
    mirror.body("osv/PyPI/modified_id.csv", list);
    let report = mirror.update(&["osv"]).unwrap();
    assert_eq!(report.failed, Vec::new(), "{:?}", mirror.asked());
    assert!(mirror.asked().iter().any(|line| line.ends_with("all.zip")), "{:?}", mirror.asked());
}
