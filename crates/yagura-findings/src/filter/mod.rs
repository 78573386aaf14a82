//! Filters evaluated in memory: suppression rules, reports, exports. Both databases must select the same, so every
//! value is defined here once, in [`field`]: as the model spells it, with the words of [`yagura_model::words`].
//! Runtimes and sources are the model's own (`python3.12`, `debian`); the API translates its words for them.
//!
//! The rules of a criterion:
//! - It holds when one of its positive tests does, or it has none, and every negative test does.
//! - A positive test holds when one value of the attribute passes it; an attribute without a value passes none.
//! - A negative test (`NotEquals`) holds when no value equals; it holds for an attribute without a value.
//! - A [`PackageTest`] looks at the packages that pass its positive parts and the epoch. It holds when there is one
//!   and none of them equals a `NotEquals` part. One that has only `NotEquals` parts is a negative test.
//! - Ports pass `Between` when the two ranges overlap.
//! - A test that does not fit its attribute (a range of a text) never passes.

mod field;
#[cfg(test)]
mod tests;

pub use field::{FieldKind, Subject, Values, exploit_known, kind, order, values};

use jiff::Timestamp;
use std::collections::BTreeMap;
use yagura_ecosystems::platform::package_format;
use yagura_model::{
    Criteria, Criterion, EcosystemId, Field, PackageField, PackageTest, Test, VulnerablePackage, words,
};

/// True when every criterion holds.
pub fn matches(criteria: &Criteria, subject: &Subject<'_>) -> bool {
    criteria.0.iter().all(|criterion| holds(criterion, subject))
}

/// True when the answer may change although neither finding nor resource does: facts about the vulnerability
/// (EPSS, known exploits, aliases) are looked at, which are stored once and touch no finding.
pub fn depends_on_facts(criteria: &Criteria) -> bool {
    let of_facts = [Field::EpssScore, Field::ExploitAvailable, Field::RelatedVulnerabilities];
    criteria.0.iter().any(|criterion| of_facts.contains(&criterion.field))
}

fn holds(criterion: &Criterion, subject: &Subject<'_>) -> bool {
    let values = values(criterion.field, subject);
    let mut positive = criterion.tests.iter().filter(|test| !is_negative(test)).peekable();
    (positive.peek().is_none() || positive.any(|test| passes(test, &values)))
        && criterion.tests.iter().filter(|test| is_negative(test)).all(|test| passes(test, &values))
}

fn is_negative(test: &Test) -> bool {
    match test {
        Test::NotEquals(_) => true,
        Test::Package(test) => {
            test.epoch.is_none()
                && !test.texts.is_empty()
                && test.texts.iter().all(|(_, test)| matches!(test, Test::NotEquals(_)))
        }
        _ => false,
    }
}

fn passes(test: &Test, values: &Values<'_>) -> bool {
    match (test, values) {
        (Test::NotEquals(text), Values::Texts(values)) => values.iter().all(|value| value != text),
        (Test::NotEquals(_), _) => false,
        (_, Values::Texts(values)) => values.iter().any(|value| text_passes(test, value)),
        (Test::Between(low, high), Values::Number(value)) => {
            value.is_some_and(|value| within(value, *low, *high))
        }
        (Test::Between(low, high), Values::Ports(Some((first, last)))) => {
            low.is_none_or(|low| f64::from(*last) >= low) && high.is_none_or(|high| f64::from(*first) <= high)
        }
        (Test::During(start, end), Values::Time(value)) => {
            value.is_some_and(|value| during(value, *start, *end))
        }
        (Test::Tag(key, value), Values::Tags(tags)) => tag_passes(tags, key, value.as_deref()),
        (Test::Package(test), Values::Packages(packages)) => packages_pass(test, packages),
        _ => false,
    }
}

fn text_passes(test: &Test, value: &str) -> bool {
    match test {
        Test::Equals(text) => value == text,
        Test::Prefix(text) => value.starts_with(text.as_str()),
        Test::NotEquals(text) => value != text,
        _ => false,
    }
}

fn within(value: f64, low: Option<f64>, high: Option<f64>) -> bool {
    low.is_none_or(|low| value >= low) && high.is_none_or(|high| value <= high)
}

fn during(value: Timestamp, start: Option<Timestamp>, end: Option<Timestamp>) -> bool {
    start.is_none_or(|start| value >= start) && end.is_none_or(|end| value <= end)
}

fn tag_passes(tags: &BTreeMap<String, String>, key: &str, value: Option<&str>) -> bool {
    tags.get(key).is_some_and(|tag| value.is_none_or(|value| tag == value))
}

fn packages_pass(test: &PackageTest, packages: &[VulnerablePackage]) -> bool {
    let chosen = |package: &&VulnerablePackage| {
        let epoch = version_parts(package).0;
        test.epoch.is_none_or(|(low, high)| within(epoch as f64, low, high))
            && test.texts.iter().filter(|(_, test)| !matches!(test, Test::NotEquals(_))).all(
                |(field, test)| package_text(*field, package).is_some_and(|value| text_passes(test, &value)),
            )
    };
    let equals_none = |package: &VulnerablePackage| {
        test.texts
            .iter()
            .filter(|(_, test)| matches!(test, Test::NotEquals(_)))
            .all(|(field, test)| package_text(*field, package).is_none_or(|value| text_passes(test, &value)))
    };
    let mut chosen = packages.iter().filter(chosen).peekable();
    (is_negative(&Test::Package(Box::new(test.clone()))) || chosen.peek().is_some())
        && chosen.all(equals_none)
}

/// The text of an attribute of a package, as the API prints it; `None` when it has none.
pub fn package_text(field: PackageField, package: &VulnerablePackage) -> Option<std::borrow::Cow<'_, str>> {
    use std::borrow::Cow;
    let (_, version, release) = version_parts(package);
    let layer = package.layer.as_ref().map(|layer| layer.as_str());
    match field {
        PackageField::Name => Some(Cow::Borrowed(package.name.as_str())),
        PackageField::Version => Some(Cow::Borrowed(version)),
        PackageField::Release => release.map(Cow::Borrowed),
        PackageField::Architecture => package.arch.as_ref().map(|arch| Cow::Owned(arch.to_uppercase())),
        PackageField::Layer => layer.filter(|layer| !layer.starts_with("arn:")).map(Cow::Borrowed),
        PackageField::FunctionLayer => layer.filter(|layer| layer.starts_with("arn:")).map(Cow::Borrowed),
        PackageField::Path => package.path.as_deref().map(Cow::Borrowed),
    }
}

/// Epoch, version and release; versions of languages are whole.
fn version_parts(package: &VulnerablePackage) -> (u64, &str, Option<&str>) {
    match package_format(&EcosystemId::from(package.ecosystem.as_str())) {
        Some(_) => words::version_parts(&package.version),
        None => (0, &package.version, None),
    }
}
