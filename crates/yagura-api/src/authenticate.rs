//! Decides whom a request is from, and what he may do.

use crate::Api;
use crate::failure::Failure;
use crate::page::hex;
use crate::replay::Seen;
use crate::signature::{Claim, Refusal, Signed};
use jiff::Timestamp;
use yagura_store::{Credential, Role};

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// An operation that changes nothing.
    Read,
    /// Any other operation.
    Change,
    /// Handing in an inventory.
    HandIn,
}

impl Wish {
    /// By the operation's name: the verbs are AWS's convention.
    pub fn of(operation: &str) -> Wish {
        let reads = ["Get", "List", "BatchGet", "Describe", "Search", "Scan"];
        if reads.iter().any(|verb| operation.starts_with(verb)) { Wish::Read } else { Wish::Change }
    }

    /// Whether a role may.
    pub fn is_granted_to(self, role: Role) -> bool {
        match role {
            Role::Administrator => true,
            Role::Reader => self == Wish::Read,
            Role::IngestOnly => self == Wish::HandIn,
        }
    }
}

impl Api {
    /// The key of a claim, before the body is read.
    pub(crate) async fn key_of(
        &self,
        claim: &Claim,
        request: &Signed<'_>,
        services: &[&str],
        now: Timestamp,
    ) -> Result<Credential, Failure> {
        claim.precheck(request, now)?;
        let key = self.store.credential(&claim.access_key).await?;
        let key = key.filter(|key| key.revoked_at.is_none()).ok_or(Refusal::UnknownKey)?;
        if !services.contains(&claim.service.as_str()) {
            return Err(Refusal::Incomplete("the scope of `Credential` names another service").into());
        }
        Ok(key)
    }

    /// Believes a claim: the signature is right, and was not used before.
    pub(crate) async fn believe(
        &self,
        claim: &Claim,
        request: &Signed<'_>,
        body: &[u8],
        key: &Credential,
    ) -> Result<(), Failure> {
        claim.verify(request, body, &key.secret)?;
        let now = self.now();
        let invocation = request.headers.get("amz-sdk-invocation-id").and_then(|id| id.to_str().ok());
        match self.replays.remember(claim, invocation, now) {
            Seen::Replayed => return Err(Refusal::Replayed.into()),
            Seen::Full => return Err(Failure::Throttled { seconds: 30 }),
            Seen::Again => return Ok(()),
            Seen::First => {}
        }
        // Other processes share the store, not this one's memory.
        let signature = hex(&claim.signature);
        let first = self.store.note_signature(&signature, claim.valid_until(), now).await?;
        if first { Ok(()) } else { Err(Refusal::Replayed.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_read_and_agents_hand_in() {
        let granted = |role| {
            [
                "ListFindings",
                "BatchGetAccountStatus",
                "ScanSbom",
                "Enable",
                "UntagResource",
                "StartCisSession",
            ]
            .into_iter()
            .filter(|name| Wish::of(name).is_granted_to(role))
            .collect::<Vec<_>>()
        };
        assert_eq!(granted(Role::Reader), ["ListFindings", "BatchGetAccountStatus", "ScanSbom"]);
        assert_eq!(granted(Role::IngestOnly), [""; 0]);
        assert_eq!(granted(Role::Administrator).len(), 6);
        assert!(Wish::HandIn.is_granted_to(Role::IngestOnly));
        assert!(!Wish::HandIn.is_granted_to(Role::Reader));
    }
}
