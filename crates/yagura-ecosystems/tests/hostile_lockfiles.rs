//! Files of npm, Python and conda that are truncated, corrupt, deep or huge: a report, never a panic, and
//! what stood before the damage is kept.

#![allow(clippy::unwrap_used, clippy::panic)] // a failing unwrap is a failing test

use std::time::{Duration, Instant};
use yagura_ecosystems::testing::read;
use yagura_ecosystems::{Cataloger, Found, conda, npm, pypi};

/// Every cataloger with a sound file that it reads.
fn samples() -> Vec<(&'static dyn Cataloger, String, Vec<u8>)> {
    let catalogers: Vec<&'static dyn Cataloger> = [&npm::NPM, &pypi::PYPI, &conda::CONDA]
        .iter()
        .flat_map(|ecosystem| ecosystem.catalogers)
        .copied()
        .collect();
    let find = |id: &str| *catalogers.iter().find(|cataloger| cataloger.id() == id).unwrap();
    let fixture = |path: &str| {
        let path = format!("{}/src/{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let mut samples = Vec::new();
    for (id, name, path) in [
        ("npm/package-lock", "package-lock.json", "npm/fixtures/package_lock/v1.json"),
        ("npm/package-lock", "package-lock.json", "npm/fixtures/package_lock/v2.json"),
        ("npm/package-lock", "package-lock.json", "npm/fixtures/package_lock/v3.json"),
        ("npm/yarn-lock", "yarn.lock", "npm/fixtures/yarn_lock/v1.lock"),
        ("npm/yarn-lock", "yarn.lock", "npm/fixtures/yarn_lock/v4.lock"),
        ("npm/pnpm-lock", "pnpm-lock.yaml", "npm/fixtures/pnpm_lock/v5.yaml"),
        ("npm/pnpm-lock", "pnpm-lock.yaml", "npm/fixtures/pnpm_lock/v6.yaml"),
        ("npm/pnpm-lock", "pnpm-lock.yaml", "npm/fixtures/pnpm_lock/v9.yaml"),
        ("npm/bun-lock", "bun.lock", "npm/fixtures/bun_lock/bun.lock"),
        ("pypi/poetry-lock", "poetry.lock", "pypi/fixtures/poetry.lock"),
        ("pypi/uv-lock", "uv.lock", "pypi/fixtures/uv.lock"),
        ("pypi/pdm-lock", "pdm.lock", "pypi/fixtures/pdm.lock"),
        ("pypi/pylock", "pylock.toml", "pypi/fixtures/pylock.toml"),
        ("pypi/pipfile-lock", "Pipfile.lock", "pypi/fixtures/Pipfile.lock"),
        ("pypi/requirements", "requirements.txt", "pypi/fixtures/requirements.txt"),
        ("pypi/wheel", "demo-1.0-py3-none-any.whl", "pypi/fixtures/demo-1.0-py3-none-any.whl"),
    ] {
        samples.push((find(id), name.to_owned(), fixture(path)));
    }
    for (id, name, text) in [
        (
            "npm/package-json",
            "node_modules/a/package.json",
            r#"{"name": "a", "version": "1.0.0", "license": ["MIT"]}"#,
        ),
        ("npm/package-json", "package.json", r#"{"dependencies": {"a": "^1.0.0", "b": "npm:c@2"}}"#),
        (
            "pypi/metadata",
            "a-1.dist-info/METADATA",
            "Name: a\nVersion: 1\nRequires-Dist: b[x] (>1) ; extra == 'y'\n\n",
        ),
        ("pypi/record", "s/a-1.dist-info/RECORD", "a/b.so,sha256=x,1\n\"a,b.so\",,\n"),
        ("pypi/pyproject", "pyproject.toml", "[project]\ndependencies = [\"a>=1\"]\n"),
        ("pypi/pipfile", "Pipfile", "[packages]\na = \"*\"\n"),
        (
            "conda/conda-meta",
            "conda-meta/a.json",
            r#"{"name": "a", "version": "1", "depends": ["b >=1"], "files": ["bin/a"]}"#,
        ),
        ("conda/environment", "environment.yml", "dependencies:\n- a=1=b\n- pip:\n  - c==1\n"),
        ("conda/conda-lock", "conda-lock.yml", "package:\n- name: a\n  version: '1'\n  manager: conda\n"),
    ] {
        samples.push((find(id), name.to_owned(), text.as_bytes().to_vec()));
    }
    samples
}

#[test]
fn truncated_files_keep_what_came_before() {
    for (cataloger, name, bytes) in samples() {
        let whole = read(cataloger, &name, &bytes);
        assert!(whole.unread.is_empty(), "{name}: {:?}", whole.unread);
        assert!(!whole.is_empty(), "{name} says nothing");
        for end in 0..bytes.len() {
            let part = read(cataloger, &name, &bytes[..end]);
            // A cut can hide that the last entry is a directory of the project.
            assert!(part.packages.len() <= whole.packages.len() + 1, "{name} cut at {end} has more packages");
        }
    }
}

#[test]
fn long_lists_survive_a_cut_near_their_end() {
    for (cataloger, name, bytes) in samples() {
        let whole = read(cataloger, &name, &bytes).packages.len();
        if whole >= 4 {
            let part = read(cataloger, &name, &bytes[..bytes.len() * 7 / 8]);
            // Version 2 of package-lock and snapshots of pnpm repeat the list in the rest.
            assert!(part.packages.len() * 2 >= whole, "{name}: {} of {whole}", part.packages.len());
        }
    }
}

#[test]
fn corrupt_bytes_do_not_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (cataloger, name, bytes) in samples() {
        for _ in 0..400 {
            let mut damaged = bytes.clone();
            for _ in 0..=random() % 4 {
                let at = (random() as usize) % damaged.len();
                // Structure characters and invalid UTF-8 do most harm.
                const BYTES: &[u8] = b"\xff\xc3\x00{}[]\",:'\\\n @()/#-_=";
                damaged[at] = BYTES[(random() as usize) % BYTES.len()];
            }
            read(cataloger, &name, &damaged);
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (cataloger, name, _) in samples() {
        for deep in
            ["[".repeat(100_000), "{\"packages\":".repeat(100_000), "a = [".to_owned() + &"[".repeat(100_000)]
        {
            read(cataloger, &name, deep.as_bytes());
            read(cataloger, &name, format!("[[package]]\nname = {deep}").as_bytes());
        }
        let nested = format!("{}{}", "{\"dependencies\":{\"a\":".repeat(50_000), "}}".repeat(50_000));
        read(cataloger, &name, nested.as_bytes());
    }
}

/// Builds a lockfile of `count` packages that ask for each other in a circle.
fn circle(cataloger: &str, count: usize) -> (String, String) {
    let mut text = String::new();
    match cataloger {
        "npm/package-lock" => {
            text.push_str(r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"p0":"1"}}"#);
            for i in 0..count {
                let next = (i + 1) % count;
                text.push_str(&format!(
                    r#","node_modules/p{i}":{{"version":"1.0.{i}","dependencies":{{"p{next}":"1"}}}}"#
                ));
            }
            text.push_str("}}");
            ("package-lock.json".to_owned(), text)
        }
        "npm/yarn-lock" => {
            for i in 0..count {
                let next = (i + 1) % count;
                text.push_str(&format!(
                    "p{i}@^1:\n  version \"1.0.{i}\"\n  dependencies:\n    p{next} \"^1\"\n\n"
                ));
            }
            ("yarn.lock".to_owned(), text)
        }
        "npm/pnpm-lock" => {
            text.push_str(
                "lockfileVersion: '6.0'\n\ndependencies:\n  p0:\n    version: 1.0.0\n\npackages:\n",
            );
            for i in 0..count {
                let next = (i + 1) % count;
                text.push_str(&format!("\n  /p{i}@1.0.{i}:\n    resolution: {{integrity: x}}\n    dependencies:\n      p{next}: 1.0.{next}\n"));
            }
            ("pnpm-lock.yaml".to_owned(), text)
        }
        _ => {
            for i in 0..count {
                let next = (i + 1) % count;
                text.push_str(&format!("[[package]]\nname = \"p{i}\"\nversion = \"1.0.{i}\"\nsource = {{ registry = \"x\" }}\ndependencies = [{{ name = \"p{next}\" }}]\n\n"));
            }
            ("uv.lock".to_owned(), text)
        }
    }
}

fn cataloger(id: &str) -> &'static dyn Cataloger {
    samples().into_iter().map(|sample| sample.0).find(|cataloger| cataloger.id() == id).unwrap()
}

#[test]
fn circles_end_and_edges_are_kept() {
    for id in ["npm/package-lock", "npm/yarn-lock", "npm/pnpm-lock", "pypi/uv-lock"] {
        let (name, text) = circle(id, 1_000);
        let found: Found = read(cataloger(id), &name, text.as_bytes());
        assert_eq!(found.packages.len(), 1_000, "{id}: {:?}", found.unread);
        assert!(found.packages.iter().all(|package| package.depends_on.len() == 1), "{id}");
    }
}

/// Time grows with the file, not with its square: ten times the packages may take thirty times as long.
#[test]
fn time_grows_with_the_file() {
    for id in ["npm/package-lock", "npm/yarn-lock", "npm/pnpm-lock", "pypi/uv-lock"] {
        let time = |count| {
            let (name, text) = circle(id, count);
            let start = Instant::now();
            assert_eq!(read(cataloger(id), &name, text.as_bytes()).packages.len(), count);
            start.elapsed()
        };
        let (small, large) = (time(3_000).max(Duration::from_millis(5)), time(30_000));
        assert!(large < small * 60, "{id}: {small:?}, then {large:?}");
    }
}

/// The shapes in which a careless reader is quadratic: one name many times, one very long path.
#[test]
fn repeated_names_and_long_paths_stay_cheap() {
    let start = Instant::now();
    let mut toml = String::new();
    for i in 0..20_000 {
        toml.push_str(&format!("[[package]]\nname = \"a\"\nversion = \"{i}\"\nsource = {{ registry = \"x\" }}\ndependencies = [{{ name = \"a\" }}]\n"));
    }
    assert_eq!(read(cataloger("pypi/uv-lock"), "uv.lock", toml.as_bytes()).packages.len(), 20_000);

    let path = "node_modules/a/".repeat(20_000);
    let wanted: String = (0..20_000).map(|i| format!("\"w{i}\":\"1\",")).collect();
    let json = format!(
        r#"{{"packages":{{"{path}node_modules/b":{{"version":"1.0.0","dependencies":{{{}"z":"1"}}}}}}}}"#,
        wanted
    );
    assert_eq!(read(cataloger("npm/package-lock"), "package-lock.json", json.as_bytes()).packages.len(), 1);

    let commas = format!("{{\"packages\": {{{}}}}}", ",\n".repeat(500_000));
    read(cataloger("npm/bun-lock"), "bun.lock", commas.as_bytes());
    let quotes = format!("\"{}\":\n", "a@1, ".repeat(300_000));
    read(cataloger("npm/yarn-lock"), "yarn.lock", quotes.as_bytes());
    let slashes = "a==1 \\\n".repeat(300_000);
    read(cataloger("pypi/requirements"), "requirements.txt", slashes.as_bytes());
    let hashes = "#".repeat(1_000_000);
    read(cataloger("pypi/requirements"), "requirements.txt", hashes.as_bytes());
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
