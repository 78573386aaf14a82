//! Labelled secrets: recall and false positives, printed and held.

use std::collections::BTreeMap;
use yagura_rules::{RuleSet, Scan};

#[derive(serde::Deserialize)]
struct Case {
    source: String,
    rule: String,
    kind: String,
    path: String,
    text: String,
}

#[test]
fn secrets_are_found_and_look_alikes_are_not() {
    let root = std::env::var("YAGURA_CONFORMANCE").unwrap_or_else(|_| "../../../shared".to_owned());
    let Ok(bytes) = std::fs::read(format!("{root}/secrets/cases.jsonl.zst")) else {
        println!("skipped: no conformance data");
        return;
    };
    let text = String::from_utf8(zstd::decode_all(bytes.as_slice()).unwrap()).unwrap();
    let rules = RuleSet::built_in().unwrap();
    let scan = Scan::new(&rules, &["secret".to_owned()]);
    let mut counts: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let found = scan.text(&case.path, case.text.as_bytes());
        let wrong = found.is_empty() == (case.kind == "tp");
        if wrong && std::env::var_os("SHOW").is_some() {
            let by: Vec<&str> = found.iter().map(|one| one.cause.rule.as_str()).collect();
            println!(
                "{} {} {by:?} | {}",
                case.kind,
                case.rule,
                case.text.replace('\n', "\\n").chars().take(160).collect::<String>()
            );
        }
        for source in [case.source.clone(), "all".to_owned()] {
            let count = counts.entry((case.kind.clone(), source)).or_default();
            count.0 += usize::from(!found.is_empty());
            count.1 += 1;
        }
    }
    for ((kind, source), (found, all)) in &counts {
        println!("{kind} {source}: {found} of {all}, {:.1} %", *found as f64 * 100.0 / *all as f64);
    }
    let share = |kind: &str| {
        counts.get(&(kind.to_owned(), "all".to_owned())).map_or(0.0, |(a, b)| *a as f64 / *b as f64)
    };
    assert!(share("tp") >= 0.85, "recall {}", share("tp"));
    assert!(share("fp") <= 0.25, "false positives {}", share("fp"));
}
