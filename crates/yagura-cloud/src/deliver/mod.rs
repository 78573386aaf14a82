//! Sinks: where findings go. Each takes documents that are rendered already; what they say is nobody's business here.
//!
//! A sink delivers at least once and tolerates repeats. What a receiver refused for good is told apart from what should be
//! tried again, so that one bad document does not hold back the others.

pub mod events;
pub mod objects;
pub mod security_hub;
pub mod webhook;

/// A document that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Its place in what was given.
    pub index: usize,
    /// The receiver's code, as in `InternalFailure`.
    pub code: String,
    /// What the receiver says.
    pub message: String,
    /// True when trying again later may help; false when this document will never be taken.
    pub again: bool,
}
