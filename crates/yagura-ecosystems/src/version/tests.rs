//! The tables beside the schemes, and the laws that every scheme keeps.

use super::*;
use proptest::prelude::*;
use std::time::{Duration, Instant};

const TABLES: &[(&str, &str)] = &[
    ("apk", include_str!("apk.txt")),
    ("bitnami", include_str!("bitnami.txt")),
    ("conan", include_str!("conan.txt")),
    ("conda", include_str!("conda.txt")),
    ("cran", include_str!("cran.txt")),
    ("dpkg", include_str!("dpkg.txt")),
    ("gem", include_str!("gem.txt")),
    ("go", include_str!("go.txt")),
    ("hackage", include_str!("hackage.txt")),
    ("lexical", include_str!("lexical.txt")),
    ("maven", include_str!("maven.txt")),
    ("npm", include_str!("npm.txt")),
    ("nuget", include_str!("nuget.txt")),
    ("packagist", include_str!("packagist.txt")),
    ("pacman", include_str!("pacman.txt")),
    ("pep440", include_str!("pep440.txt")),
    ("pub", include_str!("pub.txt")),
    ("rpm", include_str!("rpm.txt")),
    ("semver", include_str!("semver.txt")),
];

#[test]
fn every_table_holds_in_both_directions() {
    let mut broken = String::new();
    for (id, table) in TABLES {
        let scheme = scheme(id).unwrap();
        for op in ["<", "=", ">"] {
            let forward = table.replace(&format!(" {op} "), &format!("\t{op}\t"));
            let lines: String =
                forward.lines().filter(|line| line.contains('\t')).map(|line| format!("{line}\n")).collect();
            let swapped: String = lines
                .lines()
                .map(|line| {
                    let fields: Vec<&str> = line.split('\t').collect();
                    let op = match fields[1] {
                        "<" => ">",
                        ">" => "<",
                        op => op,
                    };
                    format!("{}\t{op}\t{}\n", fields[2], fields[0])
                })
                .collect();
            for line in check_lines(scheme, &lines).iter().chain(&check_lines(scheme, &swapped)) {
                broken.push_str(&format!("{id}: {line}\n"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{broken}");
}

#[test]
fn every_scheme_has_a_table_and_a_place_in_the_alphabet() {
    let ids: Vec<&str> = SCHEMES.iter().map(|scheme| scheme.id()).collect();
    let tables: Vec<&str> = TABLES.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, tables);
    assert!(ids.is_sorted());
}

#[test]
fn hostile_lengths_take_linear_time_and_space() {
    let size = 200_000;
    let hostile =
        ["0", "0.", "1.", "1-", "1a", "a", "a1", "~", "-", "^", "1.0a", "_p", "0-", ".0", "-pre.", "99"];
    for scheme in SCHEMES {
        for piece in hostile {
            let version = format!("1{}", piece.repeat(size / piece.len()));
            let start = Instant::now();
            if let Ok(key) = scheme.key(&version) {
                assert!(key.as_bytes().len() <= 12 * size, "{} {piece}", scheme.id());
            }
            // Quadratic work would take a minute.
            assert!(start.elapsed() < Duration::from_secs(5), "{} {piece}", scheme.id());
        }
    }
}

/// Texts that look like versions, with every character that a scheme treats specially.
fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,3}([-.~^+_:!]?([0-9]{1,4}|a|b|rc|p|pre|dev|post|alpha|sp|ga|x|r|hg)){0,6}",
        "[ -~]{0,12}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_text_panics_and_padding_does_not_count(text in version()) {
        for scheme in SCHEMES {
            if let Ok(key) = scheme.key(&text)
                && scheme.id() != "lexical"
            {
                prop_assert_eq!(&scheme.key(&format!(" {text}\n")), &Ok(key), "{}", scheme.id());
            }
        }
    }

    #[test]
    fn no_key_is_the_beginning_of_another(left in version(), right in version()) {
        for scheme in SCHEMES {
            if let (Ok(left), Ok(right)) = (scheme.key(&left), scheme.key(&right)) {
                let (left, right) = (left.as_bytes(), right.as_bytes());
                prop_assert!(left == right || !left.starts_with(right), "{}", scheme.id());
            }
        }
    }

    #[test]
    fn a_greater_number_is_a_later_version(numbers in prop::collection::vec(0u64..1 << 60, 3), more in 1u64..1 << 60) {
        let text = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
        for place in 0..3 {
            let mut later = numbers.clone();
            later[place] += more;
            for scheme in SCHEMES.iter().filter(|scheme| scheme.id() != "lexical") {
                prop_assert!(scheme.key(&text(&numbers)).ok() < scheme.key(&text(&later)).ok(), "{}", scheme.id());
            }
        }
    }
}
