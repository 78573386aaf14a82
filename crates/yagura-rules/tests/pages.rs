//! Every page is its own test: its examples are filled in and looked at.

use yagura_rules::example::fill;
use yagura_rules::{Matcher, RuleSet, Scan};

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
