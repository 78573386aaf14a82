//! Finds the operation of a method and path.

use percent_encoding::percent_decode_str;
use yagura_formats::service::Operation;
use yagura_formats::{inspector_scan, inspector2};

/// Every operation that is served.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    inspector2::shapes::OPERATIONS.iter().chain(inspector_scan::shapes::OPERATIONS).copied()
}

/// The operation, and the decoded label of its path. A label takes the rest of the path: ARNs hold slashes, and
/// clients send them encoded or not.
pub(crate) fn find(method: &str, path: &str) -> Option<(&'static Operation, Option<String>)> {
    operations().filter(|operation| operation.method == method).find_map(|operation| {
        match operation.path.split_once('{') {
            None => (operation.path == path).then_some((operation, None)),
            Some((before, _)) => {
                let label = path.strip_prefix(before).filter(|label| !label.is_empty())?;
                let label = percent_decode_str(label).decode_utf8().ok()?.into_owned();
                Some((operation, Some(label)))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(method: &str, path: &str) -> Option<(&'static str, Option<String>)> {
        find(method, path).map(|(operation, label)| (operation.name, label))
    }

    #[test]
    fn every_operation_is_found_at_its_path() {
        assert_eq!(operations().count(), 85);
        for operation in operations() {
            let path = operation.path.replace("{resourceArn}", "arn");
            assert_eq!(name(operation.method, &path).map(|(name, _)| name), Some(operation.name));
        }
    }

    #[test]
    fn labels_come_encoded_and_raw() {
        let arn = "arn:aws:inspector2:us-east-1:123456789012:owner/123456789012/filter/0123456789abcdef";
        let encoded = arn.replace(':', "%3A").replace('/', "%2F");
        for path in [format!("/tags/{arn}"), format!("/tags/{encoded}")] {
            assert_eq!(name("GET", &path), Some(("ListTagsForResource", Some(arn.to_owned()))));
        }
        assert_eq!(name("GET", "/findings/list"), None);
        assert_eq!(name("GET", "/tags/"), None);
    }
}
