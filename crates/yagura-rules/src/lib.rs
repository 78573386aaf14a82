//! Rules on what is written in files: the pages that state them, and one engine for each kind of rule.
//!
//! A page below `rules/` is the rule, its documentation and its tests. [`page`] reads it, [`rule`] makes a [`Rule`] of
//! it, whose [`Matcher`] belongs to one engine: [`secret`], [`config`] or [`code`]. [`scan`] shows the files of a tree to the engines and
//! [`suppress`] marks what the file itself says is wanted.

pub mod code;
pub mod config;
pub mod example;
pub mod page;
pub mod rule;
pub mod scan;
pub mod secret;
pub mod suppress;

pub use rule::{Matcher, Rule, RuleSet};
pub use scan::{Scan, Scanned};
