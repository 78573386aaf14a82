//! Base scores of CVSS vectors, and vectors with one metric changed. <https://www.first.org/cvss/>

/// The metrics of the base groups of CVSS 2.0, 3.x and 4.0. Scores are base scores; temporal, threat and
/// environmental metrics in a published vector do not change them.
const BASE: &[&[&str]] = &[
    &["AV", "AC", "Au", "C", "I", "A"],
    &["AV", "AC", "PR", "UI", "S", "C", "I", "A"],
    &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"],
];

/// The base score of a CVSS vector of any version, 0.0–10.0 with one decimal; `None` for a text that is no vector
/// or lacks a base metric.
pub fn base_score(vector: &str) -> Option<f64> {
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

/// The version that a vector is written in: `4.0`, `3.1`, `3.0`, `2.0`.
pub fn version(vector: &str) -> &'static str {
    match vector.get(..8) {
        Some("CVSS:4.0") => "4.0",
        Some("CVSS:3.1") => "3.1",
        Some("CVSS:3.0") => "3.0",
        _ => "2.0",
    }
}

/// The value of a metric: `N` of `AV` in `CVSS:3.1/AV:N/…`.
pub fn metric<'v>(vector: &'v str, name: &str) -> Option<&'v str> {
    vector
        .trim_matches(['(', ')'])
        .split('/')
        .find_map(|metric| metric.split_once(':').filter(|(key, _)| *key == name))
        .map(|(_, value)| value)
}

/// The vector with one metric changed, everything else as it was.
pub fn with_metric(vector: &str, name: &str, value: &str) -> String {
    let changed = |part: &str| match part.split_once(':') {
        Some((key, _)) if key == name => format!("{name}:{value}"),
        _ => part.to_owned(),
    };
    vector.split('/').map(changed).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_scores_of_all_versions() {
        // Scores published by NVD for CVE-2021-44228 and CVE-2014-0160, and by GitHub for a 4.0 vector.
        assert_eq!(base_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"), Some(10.0));
        assert_eq!(base_score("AV:N/AC:L/Au:N/C:P/I:N/A:N"), Some(5.0));
        assert_eq!(base_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"), Some(9.3));
    }

    #[test]
    fn temporal_metrics_do_not_change_the_base_score() {
        assert_eq!(
            base_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:C"),
            base_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
        );
    }

    #[test]
    fn what_is_no_vector_has_no_score() {
        for text in
            ["", "9.8", "CVSS:3.1/", "CVSS:3.1/AV:N", "CVSS:9.9/AV:N/AC:L", "é:N/AC:L/Au:N/C:P/I:N/A:N"]
        {
            assert_eq!(base_score(text), None, "{text}");
        }
    }

    #[test]
    fn a_metric_is_read_and_changed() {
        let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
        assert_eq!(metric(vector, "AV"), Some("N"));
        assert_eq!(metric(vector, "Au"), None);
        let local = with_metric(vector, "AV", "L");
        assert_eq!(local, "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
        assert_eq!(base_score(&local), Some(8.4));
        assert_eq!((version(vector), version("AV:N/AC:L/Au:N/C:P/I:N/A:N")), ("3.1", "2.0"));
    }
}
