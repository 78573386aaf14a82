//! Remembers signatures, so that a request that was overheard cannot be sent again.
//!
//! A signature covers the time to the second. A client that asks the same question twice within a second signs
//! the same bytes twice, and AWS's SDKs do that; they tell their requests apart by `amz-sdk-invocation-id`, which
//! some of them do not sign. So a repeated signature passes only if it is seconds old and carries an invocation id
//! that was not seen with it. (AWS itself accepts repetitions for a quarter of an hour.)

use crate::signature::Claim;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// How old a repeated request may be.
const FRESH: SignedDuration = SignedDuration::from_secs(3);

/// Signatures that are remembered; beyond, requests are throttled. About 100 MB at the very worst.
const MOST: usize = 500_000;

/// What is known about a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The first time here.
    First,
    /// A harmless repetition.
    Again,
    Replayed,
    /// Too many to remember.
    Full,
}

/// Signatures of the last quarter of an hour.
#[derive(Default)]
pub struct Replays {
    seen: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Invocation ids per signature; the empty id stands for none.
    invocations: HashMap<[u8; 32], HashSet<u128>>,
    /// When a signature can be forgotten, because its age alone is refused.
    expiry: BTreeMap<(Timestamp, [u8; 32]), ()>,
}

impl Replays {
    /// Remembers a verified signature.
    pub fn remember(&self, claim: &Claim, invocation: Option<&str>, now: Timestamp) -> Seen {
        let mut memory = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        memory.forget(now);
        let id = invocation.and_then(read_invocation).unwrap_or_default();
        if let Some(ids) = memory.invocations.get_mut(&claim.signature) {
            let signed = claim.signs("amz-sdk-invocation-id");
            let fresh = now.duration_since(claim.time).abs() <= FRESH;
            let harmless = fresh && !signed && id != 0 && ids.len() < 1000 && ids.insert(id);
            return if harmless { Seen::Again } else { Seen::Replayed };
        }
        if memory.invocations.len() >= MOST {
            return Seen::Full;
        }
        memory.invocations.insert(claim.signature, HashSet::from([id]));
        memory.expiry.insert((claim.valid_until(), claim.signature), ());
        Seen::First
    }
}

impl Memory {
    fn forget(&mut self, now: Timestamp) {
        while let Some(first) = self.expiry.first_entry() {
            if first.key().0 >= now {
                break;
            }
            let ((_, signature), ()) = first.remove_entry();
            self.invocations.remove(&signature);
        }
    }
}

/// The 128 bits of a UUID.
fn read_invocation(text: &str) -> Option<u128> {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{Claim, Signed};
    use axum::http::HeaderMap;

    const FIRST: Option<&str> = Some("3d82cab8-4344-4b6b-a918-7f87c2ead3c0");
    const SECOND: Option<&str> = Some("00000000-4344-4b6b-a918-7f87c2ead3c0");

    fn claim(signed: &str) -> Claim {
        let mut headers = HeaderMap::new();
        let scope = "AWS4-HMAC-SHA256 Credential=K/20261125/us-east-1/inspector2/aws4_request";
        let text = format!("{scope}, SignedHeaders={signed}, Signature={}", "ab".repeat(32));
        headers.insert("authorization", text.parse().unwrap());
        headers.insert("x-amz-date", "20261125T120000Z".parse().unwrap());
        let signed = Signed { method: "POST", path: "/", query: "", headers: &headers, host: Some("h") };
        Claim::read(&signed).unwrap()
    }

    #[test]
    fn a_signature_counts_once() {
        let (replays, claim) = (Replays::default(), claim("host;x-amz-date"));
        assert_eq!(replays.remember(&claim, FIRST, claim.time), Seen::First);
        assert_eq!(replays.remember(&claim, FIRST, claim.time), Seen::Replayed);
        assert_eq!(replays.remember(&claim, None, claim.time), Seen::Replayed);
    }

    #[test]
    fn equal_requests_within_a_second_are_no_replay() {
        let (replays, claim) = (Replays::default(), claim("host;x-amz-date"));
        assert_eq!(replays.remember(&claim, FIRST, claim.time), Seen::First);
        assert_eq!(replays.remember(&claim, SECOND, claim.time), Seen::Again);
        assert_eq!(replays.remember(&claim, SECOND, claim.time), Seen::Replayed);
        let later = claim.time + SignedDuration::from_secs(4);
        assert_eq!(replays.remember(&claim, Some(&"1".repeat(32)), later), Seen::Replayed);
    }

    #[test]
    fn a_signed_invocation_id_leaves_no_excuse() {
        let (replays, claim) = (Replays::default(), claim("amz-sdk-invocation-id;host;x-amz-date"));
        assert_eq!(replays.remember(&claim, FIRST, claim.time), Seen::First);
        assert_eq!(replays.remember(&claim, SECOND, claim.time), Seen::Replayed);
    }

    #[test]
    fn signatures_are_forgotten_when_their_age_is_refused() {
        let (replays, claim) = (Replays::default(), claim("host;x-amz-date"));
        replays.remember(&claim, FIRST, claim.time);
        let later = claim.time + SignedDuration::from_mins(16);
        replays.seen.lock().unwrap().forget(later);
        assert!(replays.seen.lock().unwrap().invocations.is_empty());
    }
}
