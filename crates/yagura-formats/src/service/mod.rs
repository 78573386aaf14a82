//! What the generated interfaces are made of: operations as data, constraints as data, and the few wire types
//! that JSON does not have.
//!
//! Source of the rules: Smithy's constraint traits and the restJson1 protocol
//! (<https://smithy.io/2.0/spec/constraint-traits.html>, <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>).

mod check;
mod constraint;
mod wire;

pub use check::{Complaint, check};
pub use constraint::{Constraint, Field, Pattern};
pub(crate) use wire::open_enum;
pub use wire::{Document, Epoch, IsoTime};

/// One call of an interface.
#[derive(Debug)]
pub struct Operation {
    /// `ListFindings`.
    pub name: &'static str,
    /// `POST`.
    pub method: &'static str,
    /// Path with at most one `{label}`.
    pub path: &'static str,
    /// HTTP status of success.
    pub success: u16,
    /// IAM action: `inspector2:ListFindings`.
    pub action: &'static str,
    /// 1: the core, 2: what real clients need, 3: answered, without the feature behind it.
    pub tier: u8,
    /// File of the shapes, and chapter of the documentation.
    pub group: &'static str,
    /// `None`: the operation has no input.
    pub input: Option<&'static Constraint>,
    /// Members that do not travel in the body.
    pub elsewhere: &'static [QueryField],
    /// The list that paginators collect.
    pub result_key: Option<&'static str>,
    /// Member with the client's idempotency token.
    pub token: Option<&'static str>,
}

/// A member of the input outside the body.
#[derive(Debug)]
pub struct QueryField {
    /// Name in the input.
    pub name: &'static str,
    /// Name in the query string.
    pub wire: &'static str,
    /// Where it is, and what it becomes.
    pub via: Via,
}

/// Where a member travels, and what its text becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The `{label}` of the path.
    Path,
    /// Text in the query string.
    Query,
    /// A whole number in the query string.
    QueryInteger,
    /// Repeated in the query string.
    QueryList,
}
