//! Ratings from the vectors that sources publish.

pub use yagura_model::cvss::base_score as score;
use yagura_model::{Rating, SourceId};

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
