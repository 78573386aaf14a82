//! Names of archives: `artifact-version.jar`, possibly with a classifier behind the version.

/// Words that continue a version after a `-`.
const QUALIFIERS: [&str; 19] = [
    "alpha",
    "beta",
    "rc",
    "cr",
    "m",
    "snapshot",
    "release",
    "final",
    "ga",
    "sp",
    "jre",
    "android",
    "incubating",
    "milestone",
    "preview",
    "ea",
    "b",
    "redhat",
    "pre",
];

/// Artifact and version of a file name without its ending.
pub(super) fn split(stem: &str) -> Option<(&str, &str)> {
    let starts = || {
        stem.match_indices('-').map(|(at, _)| at).filter(|&at| {
            at > 0 && stem.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    let parts = |at: usize| Some((stem.get(..at)?, stem.get(at + 1..)?));
    // `log4j-1.2-api-2.17.1`: everything behind the right place belongs to a version.
    let whole = starts().take(16).filter_map(parts).find(|(_, rest)| rest.split('-').all(continues));
    whole.or_else(|| {
        // `netty-all-4.1.100.Final-linux-x86_64`: a classifier follows.
        let (artifact, rest) = starts().filter_map(parts).rfind(|(_, rest)| first(rest).contains('.'))?;
        Some((artifact, first(rest)))
    })
}

fn first(rest: &str) -> &str {
    rest.split('-').next().unwrap_or(rest)
}

fn continues(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit()) || {
        let word = part.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        QUALIFIERS.iter().any(|qualifier| qualifier.eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_of_real_archives() {
        for (stem, expected) in [
            ("commons-io-2.11.0", Some(("commons-io", "2.11.0"))),
            ("log4j-1.2-api-2.17.1", Some(("log4j-1.2-api", "2.17.1"))),
            ("spark-core_2.13-3.5.0", Some(("spark-core_2.13", "3.5.0"))),
            ("guava-32.1.2-jre", Some(("guava", "32.1.2-jre"))),
            ("netty-all-4.1.100.Final-linux-x86_64", Some(("netty-all", "4.1.100.Final"))),
            ("app-1.0-20200101.123456-1", Some(("app", "1.0-20200101.123456-1"))),
            ("jta-1.1", Some(("jta", "1.1"))),
            ("bootstrap", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(split(stem), expected, "{stem}");
        }
    }
}
