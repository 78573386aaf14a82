//! Every page is its own test: its examples are filled in and looked at.

use yagura_rules::{Matcher, RuleSet, Scan};

/// Fills `{A-Z0-9:12}` with characters of these, the same ones on every run.
fn fill(shape: &str, seed: &mut u64) -> String {
    let mut out = String::new();
    let mut rest = shape;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let placeholder = after.split_once('}').and_then(|(inside, rest)| {
            let (class, count) = inside.rsplit_once(':')?;
            Some((class, count.parse::<usize>().ok()?, rest))
        });
        let Some((class, count, next)) = placeholder else {
            out.push('{');
            rest = after;
            continue;
        };
        let alphabet = characters(class);
        for _ in 0..count {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            out.push(alphabet[(*seed >> 33) as usize % alphabet.len()]);
        }
        rest = next;
    }
    out + rest
}

fn characters(class: &str) -> Vec<char> {
    let listed: Vec<char> = class.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while at < listed.len() {
        if listed.get(at + 1) == Some(&'-') && at + 2 < listed.len() {
            all.extend(listed[at]..=listed[at + 2]);
            at += 3;
        } else {
            all.push(listed[at]);
            at += 1;
        }
    }
    all
}

#[test]
fn every_example_says_the_truth() {
    let rules = RuleSet::built_in().unwrap();
    let scan = Scan::new(&rules, &["secret".to_owned()]);
    let mut wrong = Vec::new();
    for rule in rules.rules.iter().filter(|rule| matches!(rule.matcher, Matcher::Secret(_))) {
        assert!(
            !rule.description.is_empty() && !rule.remediation.is_empty() && !rule.name_ja.is_empty(),
            "{}",
            rule.id
        );
        assert!(rule.examples.iter().any(|example| example.finding), "{} shows no finding", rule.id);
        for example in &rule.examples {
            let mut seed = 7;
            let text = fill(&example.text, &mut seed);
            let found = scan.text("example.txt", text.as_bytes());
            // Another rule may know the text better; what matters is that it is not lost.
            if found.is_empty() == example.finding {
                wrong.push(format!("{}: {} -> {text}", rule.id, example.text));
            }
            for one in &found {
                assert!(!text.contains(&one.excerpt), "{} shows its value", rule.id);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_more_than_150_token_formats() {
    assert!(RuleSet::built_in().unwrap().rules.len() > 150);
}

#[test]
fn hostile_text_is_bounded() {
    let rules = RuleSet::built_in().unwrap();
    let scan = Scan::new(&rules, &["secret".to_owned()]);
    let nothing = "sk_live_ password= key: token \"".repeat(40_000);
    assert!(scan.text("x.txt", nothing.as_bytes()).len() < 10);
    let line = format!("var a={};", "token:\"abc\",x:1,".repeat(100_000));
    assert!(scan.text("x.js", line.as_bytes()).is_empty(), "a minified line");
    let many = "k = AKIA2345672345ABCDEF\n".repeat(20_000);
    assert!(scan.text("x.txt", many.as_bytes()).len() <= 5_000);
    scan.text("x.txt", &[0xff, 0xfe, b'k', b'e', b'y', b'=', 0xff]);
}
