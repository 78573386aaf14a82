//! From the ratings of all sources to the one severity that is shown (R-136…R-138).
//!
//! CVSS 4.0 never drives it; such a vector is kept beside the others.

use yagura_model::{Rating, Severity, Vulnerability};

/// The severity of a detection and where it came from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored<'v> {
    /// The band.
    pub severity: Severity,
    /// The rating whose score decided; `None` when a word did, or nothing.
    pub rating: Option<&'v Rating>,
    /// The deciding source's own word.
    pub word: Option<&'v str>,
}

/// Rates a detection. `sources` are the feeds whose statements hold in this cell, the deciding one first;
/// `word` is the deciding statement's own severity word.
///
/// In order: CVSS 3.x of the advisory's source; NVD's 3.x, then 2.0; the source's word; 3.x, then 2.0, of
/// anybody else. For Ubuntu its word counts before NVD. The last step goes beyond R-138: since 2024 many CVEs
/// are rated by their CNA or CISA alone.
pub fn score<'v>(
    vulnerability: &'v Vulnerability,
    sources: &[&str],
    word: Option<&'v str>,
    ecosystem: &str,
) -> Scored<'v> {
    let ratings = &vulnerability.ratings;
    let of = |source: &str, version: fn(&str) -> bool| {
        ratings.iter().find(|rating| {
            rating.source.as_str() == source
                && rating.score.is_some()
                && rating.vector.as_deref().is_some_and(version)
        })
    };
    let own = || sources.iter().find_map(|source| of(source, is_v3));
    let nvd = || of("nvd", is_v3).or_else(|| of("nvd", is_v2));
    let others = |version: fn(&str) -> bool| {
        ratings
            .iter()
            .filter(|rating| rating.score.is_some() && rating.vector.as_deref().is_some_and(version))
            .min_by(|a, b| a.source.cmp(&b.source))
    };
    let word = word.or_else(|| {
        sources.iter().find_map(|source| {
            ratings
                .iter()
                .filter(|rating| rating.source.as_str() == *source)
                .find_map(|rating| rating.word.as_deref())
        })
    });
    let by_word = word.and_then(Severity::from_vendor_word);
    let ubuntu = ecosystem.starts_with("Ubuntu");
    let rating = match own() {
        Some(rating) => Some(rating),
        None if ubuntu && by_word.is_some() => None,
        None => {
            nvd().or_else(|| if by_word.is_some() { None } else { others(is_v3).or_else(|| others(is_v2)) })
        }
    };
    let severity = match rating.and_then(|rating| rating.score) {
        Some(score) => Severity::from_score(score),
        None if by_word.is_none() && is_malicious(vulnerability) => Severity::Critical,
        None => by_word.unwrap_or(Severity::Untriaged),
    };
    Scored { severity, rating, word }
}

/// Malicious packages are rated by nobody: they are no mistake with a score, but the attack itself.
fn is_malicious(vulnerability: &Vulnerability) -> bool {
    vulnerability.id.as_str().starts_with("MAL-")
        || vulnerability.aliases.iter().any(|alias| alias.starts_with("MAL-"))
}

fn is_v3(vector: &str) -> bool {
    vector.starts_with("CVSS:3")
}

fn is_v2(vector: &str) -> bool {
    !vector.starts_with("CVSS:")
}
