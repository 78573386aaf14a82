//! Asks the real tools: thousands of generated pairs per scheme, one process each.
//!
//! The tools come from `tests/peers/install.sh`. A missing tool is reported and skipped, except in CI, where
//! it fails. Generated versions stay within what the tool accepts; what it refuses cannot be compared.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use std::cmp::Ordering;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use yagura_ecosystems::version::scheme;

const PAIRS: usize = 4000;

/// A small deterministic generator (xorshift): the same pairs on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn one<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number, often small, sometimes with leading zeros or longer than a machine word.
    fn number(&mut self) -> String {
        match self.below(12) {
            0 => format!("0{}", self.below(20)),
            1 => self.below(100_000).to_string(),
            2 => format!("9999999999999999999999{}", self.below(3)),
            _ => self.below(4).to_string(),
        }
    }

    /// The same without leading zeros, and short.
    fn plain(&mut self) -> String {
        if self.chance(10) { self.below(100_000).to_string() } else { self.below(4).to_string() }
    }

    fn dotted(&mut self, least: usize, most: usize, number: fn(&mut Self) -> String) -> String {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| number(self)).collect::<Vec<_>>().join(".")
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers")
}

/// Compares the answers of a tool with those of a scheme. `probe` tells whether the tool is there.
fn agrees(id: &str, probe: &mut Command, tool: &mut Command, generate: fn(&mut Random) -> String) {
    let there = probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "the peer of `{id}` is missing: {probe:?}");
        println!("skipped: the peer of `{id}` is missing; run tests/peers/install.sh");
        return;
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let left = generate(&mut random);
        // Half of the pairs differ only near the end: that is where rules hide.
        let right =
            if random.chance(50) { generate(&mut random) } else { vary(&mut random, &left, generate) };
        pairs.push((left, right));
    }
    let input: String = pairs.iter().map(|(left, right)| format!("{left}\t{right}\n")).collect();
    let mut child =
        tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{tool:?} failed");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = answers.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(answers.len(), pairs.len(), "{tool:?} answered too little");
    let scheme = scheme(id).unwrap();
    let mut wrong = String::new();
    for ((left, right), answer) in pairs.iter().zip(answers) {
        let ours = match (scheme.key(left), scheme.key(right)) {
            (Ok(left), Ok(right)) => match left.cmp(&right) {
                Ordering::Less => "<",
                Ordering::Equal => "=",
                Ordering::Greater => ">",
            },
            _ => "refused",
        };
        if ours != answer {
            wrong.push_str(&format!("{id}: {left} {answer} {right}, but we say {ours}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} of {PAIRS} differ:\n{wrong}", wrong.lines().count());
}

/// The version with its end replaced by the end of another one, where the result still looks the same.
fn vary(random: &mut Random, version: &str, generate: fn(&mut Random) -> String) -> String {
    for _ in 0..20 {
        let other = generate(random);
        if other.get(..3) == version.get(..3) {
            return other;
        }
    }
    version.to_owned()
}

#[test]
fn dpkg_agrees() {
    fn version(random: &mut Random) -> String {
        let mut text = String::new();
        if random.chance(20) {
            text.push_str(&format!("{}:", random.below(3)));
        }
        text.push_str(&random.below(3).to_string());
        for _ in 0..random.below(5) {
            text.push_str(random.one(&[".", "~", "+", "a", "b", "rc", "~rc", "Z", ".0", "dfsg", "~~"]));
            if random.chance(60) {
                text.push_str(&random.number());
            }
        }
        if random.chance(60) {
            text.push_str(random.one(&["-0", "-1", "-1ubuntu1", "-1~deb12u1", "-1+b1", "-00", "-1.1"]));
        }
        text
    }
    agrees(
        "dpkg",
        Command::new("perl").args(["-MDpkg::Version", "-e", "1"]),
        Command::new("perl").arg(peers().join("dpkg.pl")),
        version,
    );
}

#[test]
fn rpm_agrees() {
    fn version(random: &mut Random) -> String {
        let mut text = random.below(3).to_string();
        for _ in 0..random.below(6) {
            text.push_str(random.one(&[".", "~", "^", "+", "_", "a", "rc", "~rc", "^git", "Z", "..", ""]));
            if random.chance(70) {
                text.push_str(&random.number());
            }
        }
        if random.chance(60) {
            text.push('-');
            text.push_str(random.one(&[
                "1",
                "1.el9",
                "1.el9_2",
                "2.fc40",
                "10",
                "1.amzn2.0.1",
                "1~bootstrap",
            ]));
        }
        text
    }
    let script = format!("%{{lua:{}}}", std::fs::read_to_string(peers().join("rpm.lua")).unwrap());
    agrees(
        "rpm",
        Command::new("rpm").arg("--version"),
        Command::new("rpm").args(["--eval", &script]),
        version,
    );
}

#[test]
fn pep440_agrees() {
    fn version(random: &mut Random) -> String {
        let mut text = String::new();
        if random.chance(10) {
            text.push_str("1!");
        }
        text.push_str(&random.dotted(1, 4, Random::number));
        if random.chance(40) {
            text.push_str(random.one(&["a", ".alpha", "-b", "_beta", "rc", ".c", "preview", "-pre", "RC"]));
            text.push_str(random.one(&["", "0", "1", ".2", "-3", "_10"]));
        }
        if random.chance(25) {
            text.push_str(
                random.one(&[".post", "-post", "post", "-rev", "_r", "-1", "-0", ".POST3", ".rev.2"]),
            );
        }
        if random.chance(25) {
            text.push_str(random.one(&[".dev", "-dev", "dev1", ".dev0", ".DEV2", "_dev-3"]));
        }
        if random.chance(20) {
            text.push_str(random.one(&["+a", "+1", "+local.1", "+1.a", "+ubuntu-1", "+01", "+A_2"]));
        }
        text
    }
    agrees(
        "pep440",
        Command::new("python3").args(["-c", "import packaging.version"]),
        Command::new("python3").arg(peers().join("pep440.py")),
        version,
    );
}

#[test]
fn gem_agrees() {
    fn version(random: &mut Random) -> String {
        let mut text = random.number();
        for _ in 0..random.below(5) {
            text.push('.');
            text.push_str(&match random.below(6) {
                0 => random.one(&["a", "b", "pre", "rc", "rc1", "beta2", "1a", "0b", "A"]).to_owned(),
                _ => random.number(),
            });
        }
        if random.chance(20) {
            text.push_str(random.one(&["-java", "-1", "-rc.1", "-x86-linux", "-0"]));
        }
        text
    }
    agrees(
        "gem",
        Command::new("ruby").args(["-e", "Gem::Version"]),
        Command::new("ruby").arg(peers().join("gem.rb")),
        version,
    );
}

/// A strict SemVer version.
fn semantic(random: &mut Random) -> String {
    let mut text = random.dotted(3, 3, Random::plain);
    if random.chance(50) {
        text.push('-');
        for index in 0..=random.below(3) {
            if index > 0 {
                text.push('.');
            }
            text.push_str(random.one(&["alpha", "beta", "rc", "0", "1", "10", "2a", "-", "A", "x-y", "rc1"]));
        }
    }
    if random.chance(20) {
        text.push_str(random.one(&["+build", "+1.2", "+incompatible"]));
    }
    text
}

#[test]
fn npm_agrees() {
    fn version(random: &mut Random) -> String {
        let text = semantic(random);
        match random.below(6) {
            0 => format!("v{text}"),
            1 => format!("= {text}"),
            2 if text.split_once('-').is_some_and(|(_, rest)| rest.starts_with(char::is_alphabetic)) => {
                text.replacen('-', "", 1)
            }
            _ => text,
        }
    }
    let root = Command::new("npm").args(["root", "-g"]).output().ok();
    let root =
        root.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    agrees(
        "npm",
        Command::new("node").arg(peers().join("npm.js")).arg(&root),
        Command::new("node").arg(peers().join("npm.js")).arg(&root),
        version,
    );
}

#[test]
fn go_agrees() {
    fn version(random: &mut Random) -> String {
        match random.below(8) {
            0 => format!("v{}", random.dotted(1, 2, Random::plain)),
            1 => random
                .one(&["v1-pre", "v1.2-rc1", "bad", "v1.02.3", "v1.2.3-01", "v1.2.3.4", "v1+meta"])
                .to_owned(),
            _ => format!("v{}", semantic(random)),
        }
    }
    let program = peers().join("go");
    agrees(
        "go",
        Command::new("go").args(["build", "-o", "/dev/null", "."]).current_dir(&program),
        Command::new("go").args(["run", "."]).current_dir(&program),
        version,
    );
}

#[test]
fn packagist_agrees() {
    fn version(random: &mut Random) -> String {
        let mut text = random.one(&["", "", "v"]).to_owned();
        text.push_str(&random.dotted(1, 4, Random::plain));
        if random.chance(50) {
            text.push_str(random.one(&["-", "", ".", "_"]));
            text.push_str(
                random.one(&["alpha", "a", "beta", "b", "RC", "rc", "patch", "pl", "p", "BETA", "Alpha"]),
            );
            text.push_str(random.one(&["", "1", "2", ".3", "-4", "10", "1.2"]));
        }
        if random.chance(10) {
            text.push_str("-dev");
        }
        text
    }
    agrees(
        "packagist",
        Command::new("php").args(["-r", "require '/usr/share/php/Composer/Semver/autoload.php';"]),
        Command::new("php").arg(peers().join("packagist.php")),
        version,
    );
}

#[test]
fn maven_agrees() {
    // Shapes about which all releases of Maven agree.
    fn version(random: &mut Random) -> String {
        let mut text = random.dotted(1, 4, Random::number);
        if random.chance(70) {
            text.push('-');
            text.push_str(random.one(&[
                "alpha",
                "a",
                "beta",
                "b",
                "milestone",
                "m",
                "rc",
                "cr",
                "SNAPSHOT",
                "ga",
                "final",
                "sp",
                "jre",
                "RC",
                "incubating",
                "android",
                "GA",
                "redhat",
            ]));
            text.push_str(random.one(&["", "1", "2", "-3", "10", "-12"]));
        }
        let release = text.to_lowercase();
        if random.chance(15) && !release.contains("ga") && !release.contains("final") {
            text.push_str("-SNAPSHOT");
        }
        text
    }
    let path = "/usr/share/java/maven-artifact-3.x.jar:/usr/share/java/commons-lang3.jar";
    agrees(
        "maven",
        Command::new("sh").args(["-c", "command -v javac && test -e /usr/share/java/maven-artifact-3.x.jar"]),
        Command::new("java").args(["-cp", path]).arg(peers().join("Maven.java")),
        version,
    );
}
