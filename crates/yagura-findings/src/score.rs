//! The Inspector score: the base score, adapted to where an instance stands (R-144…R-152).
//!
//! AWS publishes no algorithm. Ours has one factor, R-152: an attack over the network needs a network. It never
//! raises a score, and what is not known never lowers one.

use serde::{Deserialize, Serialize};
use yagura_model::{Adjustment, Cause, Detection, Rating, Score, cvss};

/// From where an instance can be reached over a network, on any port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Nobody has looked yet, or the resource is no instance. Lowers nothing.
    #[default]
    Unknown,
    /// From the internet.
    Internet,
    /// From another network only: a peered VPC, a VPN, Direct Connect.
    Private,
    /// From nowhere.
    None,
}

impl Exposure {
    /// What the last network scan of an instance says: its open paths, or `None` when there was no such scan.
    pub fn of(paths: Option<&[Cause]>) -> Self {
        let Some(paths) = paths else { return Self::Unknown };
        let mut edges = paths.iter().filter_map(|cause| match cause {
            // N-91: only what can be answered is an open path.
            Cause::Network(path) if !path.one_way => {
                Some(path.steps.first().map_or("", |(_, kind)| kind.as_str()))
            }
            _ => None,
        });
        match edges.try_fold(Self::None, |_, edge| match edge {
            crate::network::INTERNET_GATEWAY => Err(Self::Internet),
            _ => Ok(Self::Private),
        }) {
            Ok(exposure) | Err(exposure) => exposure,
        }
    }
}

/// The score of a detection on a resource with this exposure; `None` without any CVSS below 4.0.
/// Pass [`Exposure::Unknown`] for images and functions, whose score is the base score.
pub fn score(detection: &Detection, exposure: Exposure) -> Option<Score> {
    let (vector, base, source) = match (&detection.vector, detection.score, &detection.score_source) {
        (Some(vector), Some(score), Some(source)) => (vector.as_str(), score, source),
        // a severity that came from a word still has a score where somebody published a vector.
        _ => {
            let rating = best(&detection.vulnerability.ratings)?;
            (rating.vector.as_deref()?, rating.score?, &rating.source)
        }
    };
    let mut score = Score {
        value: base,
        vector: vector.to_owned(),
        version: cvss::version(vector).to_owned(),
        source: source.clone(),
        base,
        adjustments: Vec::new(),
    };
    let (value, reason) = match exposure {
        Exposure::Unknown | Exposure::Internet => return Some(score),
        Exposure::Private => ("A", "No path from the internet is open; other networks reach the instance."),
        Exposure::None => ("L", "No network path to the instance is open."),
    };
    // The equations are those of 3.x; a 2.0 vector is used as it is.
    if score.version.starts_with('3') && cvss::metric(vector, "AV") == Some("N") {
        let adjusted = cvss::with_metric(vector, "AV", value);
        if let Some(lower) = cvss::base_score(&adjusted).filter(|lower| *lower <= base) {
            score.value = lower;
            score.vector = adjusted;
            score.adjustments.push(Adjustment { metric: "AV".to_owned(), reason: reason.to_owned() });
        }
    }
    Some(score)
}

/// NVD's 3.x, then its 2.0, then 3.x and 2.0 of anybody else.
fn best(ratings: &[Rating]) -> Option<&Rating> {
    let rank = |rating: &Rating| {
        let vector = rating.vector.as_deref()?;
        rating.score?;
        let version = cvss::version(vector);
        let old = match version {
            "3.0" | "3.1" => false,
            "2.0" => true,
            _ => return None,
        };
        Some((rating.source.as_str() != "nvd", old))
    };
    ratings
        .iter()
        .filter_map(|rating| Some((rank(rating)?, rating)))
        .min_by(|(a, left), (b, right)| a.cmp(b).then_with(|| left.source.cmp(&right.source)))
        .map(|(_, rating)| rating)
}
