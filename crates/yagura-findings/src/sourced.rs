//! Packages with the source package that advisories may name, where an inventory leaves it out.

use std::borrow::Cow;
use yagura_ecosystems::dpkg;
use yagura_model::Package;

/// A package as it is judged: with its source, if that is told or known. The inventory's own package is
/// what findings show.
pub fn sourced(package: &Package) -> Cow<'_, Package> {
    if package.source.is_some() {
        return Cow::Borrowed(package);
    }
    match dpkg::source_of(&package.ecosystem, &package.name, &package.version) {
        Some(source) => Cow::Owned(Package { source: Some(source), ..package.clone() }),
        None => Cow::Borrowed(package),
    }
}
