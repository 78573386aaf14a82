//! Records of `Key: value` lines, which R calls DCF and keeps from Debian.
//! <https://stat.ethz.ch/R-manual/R-devel/library/base/html/dcf.html>

use std::collections::BTreeMap;

/// The records of a text; continued lines are joined with a blank.
pub(super) fn records(text: &str) -> impl Iterator<Item = BTreeMap<&str, String>> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let mut record: BTreeMap<&str, String> = BTreeMap::new();
        let mut key = "";
        for line in lines.by_ref() {
            if line.trim().is_empty() {
                if record.is_empty() {
                    continue;
                }
                return Some(record);
            }
            if line.starts_with([' ', '\t']) {
                if let Some(value) = record.get_mut(key) {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                key = name.trim();
                record.insert(key, value.trim().to_owned());
            }
        }
        (!record.is_empty()).then_some(record)
    })
}

/// The names in `R (>= 3.5), methods, Rcpp (>= 1.0)`; R itself is left out.
pub(super) fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',')
        .map(|item| item.split('(').next().unwrap_or_default().trim().to_owned())
        .filter(|name| !name.is_empty() && name != "R")
}
