//! Ratings from the vectors that sources publish.

use yagura_model::{Rating, SourceId};

/// The metrics of the base groups of CVSS 2.0, 3.x and 4.0. Scores are base scores; temporal, threat and
/// environmental metrics in a published vector do not change them.
const BASE: &[&[&str]] = &[
    &["AV", "AC", "Au", "C", "I", "A"],
    &["AV", "AC", "PR", "UI", "S", "C", "I", "A"],
    &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"],
];

/// A rating from a vector, with its base score. The vector is kept as published; one that cannot be scored
/// has no score.
pub fn from_vector(source: impl Into<SourceId>, vector: &str) -> Rating {
    let vector = vector.trim().trim_end_matches('/');
    Rating { source: source.into(), vector: Some(vector.to_owned()), score: score(vector), word: None }
}

/// A rating that is only a word.
pub fn from_word(source: impl Into<SourceId>, word: &str) -> Rating {
    Rating { source: source.into(), vector: None, score: None, word: Some(word.trim().to_owned()) }
}

/// The base score of a CVSS vector of any version, 0.0–10.0.
pub fn score(vector: &str) -> Option<f64> {
    let bare = vector.trim_matches(['(', ')']);
    let (prefix, base) = match bare.get(..9) {
        Some("CVSS:3.0/" | "CVSS:3.1/") => (bare.get(..9)?, BASE.get(1)?),
        Some("CVSS:4.0/") => (bare.get(..9)?, BASE.get(2)?),
        _ => ("", BASE.first()?),
    };
    let metrics: Vec<&str> = bare
        .get(prefix.len()..)?
        .split('/')
        .filter(|metric| metric.split(':').next().is_some_and(|name| base.contains(&name)))
        .collect();
    if metrics.len() < base.len() {
        return None;
    }
    let parsed: cvss::Cvss = format!("{prefix}{}", metrics.join("/")).parse().ok()?;
    // One decimal, so that the same vector prints the same everywhere.
    Some((parsed.score() * 10.0).round() / 10.0).filter(|score| (0.0..=10.0).contains(score))
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn base_scores_of_all_versions() {
        // Scores published by NVD for CVE-2021-44228 and CVE-2014-0160, and by GitHub for a 4.0 vector.
        assert_eq!(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"), Some(10.0));
        assert_eq!(score("AV:N/AC:L/Au:N/C:P/I:N/A:N"), Some(5.0));
        assert_eq!(score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"), Some(9.3));
    }

    #[test]
    fn temporal_metrics_do_not_change_the_base_score() {
        assert_eq!(
            score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:C"),
            score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
        );
    }

    #[test]
    fn what_is_no_vector_has_no_score() {
        for text in
            ["", "9.8", "CVSS:3.1/", "CVSS:3.1/AV:N", "CVSS:9.9/AV:N/AC:L", "é:N/AC:L/Au:N/C:P/I:N/A:N"]
        {
            assert_eq!(score(text), None, "{text}");
        }
    }
}
