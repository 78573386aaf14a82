//! Amazon Inspector Scan's interface, version 2023-08-08: one operation.

pub mod shapes;
