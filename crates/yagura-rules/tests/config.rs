//! Pages on infrastructure as code: their examples, the labelled resources, and hostile documents.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use yagura_model::{CodeDetection, TreePath, UnreadReason};
use yagura_rules::config::Documents;
use yagura_rules::{Matcher, Rule, RuleSet, Scan};

fn scan<'a>(rules: &'a RuleSet) -> Scan<'a> {
    Scan::new(rules, &["config".to_owned()])
}

fn found(scan: &Scan<'_>, name: &str, text: &str) -> Vec<CodeDetection> {
    let mut documents = Documents::default();
    documents.add(&TreePath::from_text(name).unwrap(), text.as_bytes());
    scan.documents(&documents).0
}

/// A name under which an example is what it is meant to be.
fn file_name(rule: &Rule, language: &str) -> &'static str {
    let Matcher::Config(config) = &rule.matcher else { return "" };
    let kind = config.resources.iter().find(|kind| !kind.contains("AWS") && kind.contains("::"));
    match (language, kind.map(String::as_str).unwrap_or_default()) {
        ("hcl", _) => "main.tf",
        ("typescript", _) => "stack.ts",
        ("python", _) => "stack.py",
        ("dockerfile", _) => "Dockerfile",
        (_, kind) if kind.starts_with("Compose::") => "compose.yaml",
        (_, kind) if kind.starts_with("GitLab::") => ".gitlab-ci.yml",
        (_, kind) if kind.starts_with("GitHub::") => ".github/workflows/build.yml",
        _ => "template.yaml",
    }
}

#[test]
fn every_example_says_the_truth() {
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let mut wrong = Vec::new();
    for rule in rules.rules.iter().filter(|rule| matches!(rule.matcher, Matcher::Config(_))) {
        assert!(!rule.description.is_empty() && !rule.remediation.is_empty() && !rule.name_ja.is_empty());
        assert!(rule.examples.iter().any(|example| example.finding), "{} shows no finding", rule.id);
        assert!(rule.examples.iter().any(|example| !example.finding), "{} shows what is fine", rule.id);
        for example in &rule.examples {
            let found = found(&scan, file_name(rule, &example.language), &example.text);
            if found.iter().any(|one| one.cause.rule == rule.id) != example.finding {
                wrong.push(format!("{}: finding is {}", rule.id, !example.finding));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_formats_are_one_view_and_unknown_values_are_no_ground() {
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let has = |name: &str, text: &str, rule: &str| {
        found(&scan, name, text).iter().any(|one| one.cause.rule == rule && one.suppressed.is_none())
    };
    let template = |value: &str| {
        format!(
            "Parameters:\n  P:\n    Type: String\n    Default: 'false'\n  Q:\n    Type: String\nConditions:\n  C: !Equals [!Ref P, 'true']\nResources:\n  V:\n    Type: AWS::EC2::Volume\n    Properties:\n      Encrypted: {value}\n"
        )
    };
    let rule = "aws-ebs-volume-encrypted";
    for (value, expected) in [
        ("true", false),
        ("!Ref P", true),
        ("!Ref Q", false),
        ("!If [C, true, false]", true),
        ("!If [C, false, true]", false),
    ] {
        assert_eq!(has("t.yaml", &template(value), rule), expected, "{value}");
    }
    let terraform = |value: &str| {
        format!(
            "variable \"d\" {{\n  default = true\n}}\nvariable \"u\" {{}}\nlocals {{\n  l = !var.d\n}}\nresource \"aws_ebs_volume\" \"v\" {{\n  encrypted = {value}\n}}\n"
        )
    };
    for (value, expected) in [
        ("true", false),
        ("var.d", false),
        ("var.u", false),
        ("local.l", true),
        ("var.d ? false : true", true),
    ] {
        assert_eq!(has("main.tf", &terraform(value), rule), expected, "{value}");
    }
    for comment in
        ["checkov:skip=CKV_AWS_3: a scratch disk", "yagura:ignore aws-ebs-volume-encrypted scratch"]
    {
        assert!(!has("main.tf", &terraform(&format!("false # {comment}")), rule), "{comment}");
    }
}

#[test]
fn hostile_documents_are_bounded() {
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let cyclic = "locals {\n  a = local.b\n  b = \"${local.a}${local.a}\"\n}\nresource \"aws_ebs_volume\" \"v\" {\n  encrypted = local.a\n}\n";
    assert!(!found(&scan, "main.tf", cyclic).iter().any(|one| one.cause.rule == "aws-ebs-volume-encrypted"));
    let deep = format!("a = {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let mut documents = Documents::default();
    documents.add(&TreePath::from_text("deep.tf").unwrap(), deep.as_bytes());
    documents.add(
        &TreePath::from_text("deep.yaml").unwrap(),
        format!("Resources: {} # AWS::", "[".repeat(50_000)).as_bytes(),
    );
    let large = format!("Resources:\n  V:\n    Type: AWS::EC2::Volume\n#{}", " ".repeat(4 << 20));
    documents.add(&TreePath::from_text("large.yaml").unwrap(), large.as_bytes());
    let unread = scan.documents(&documents).1;
    assert_eq!(unread.len(), 3);
    assert!(unread.iter().any(|one| one.reason == UnreadReason::LeftOut));
    let hub: String = (0..3_000)
        .map(|n| {
            format!("resource \"aws_s3_bucket_logging\" \"l{n}\" {{\n  bucket = aws_s3_bucket.hub.id\n}}\n")
        })
        .collect();
    let hub = format!("resource \"aws_s3_bucket\" \"hub\" {{}}\n{hub}");
    assert!(!finds(&scan, "main.tf", &hub, "aws-s3-log"));
}

fn finds(scan: &Scan<'_>, name: &str, text: &str, rule: &str) -> bool {
    found(scan, name, text).iter().any(|one| one.cause.rule == rule && one.suppressed.is_none())
}

#[test]
fn a_page_that_cannot_be_meant_is_refused() {
    let page = |block: &str| {
        format!(
            "---\nid: x\nseverity: low\n---\n# X\n```yaml config\nresources: [aws_x]\nrequire: {block}\n```\n"
        )
    };
    let read =
        |block: &str| RuleSet::read([("x.md", page(block).as_str())]).map_err(|error| error.to_string());
    assert!(read("{path: a, matches: \"[\"}").unwrap_err().contains("x.md"));
    assert!(read("{path: a}").unwrap_err().contains("nothing is asked of `a`"));
    assert!(read("{all: [{}]}").unwrap_err().contains("asks nothing"));
    assert!(read("{path: a, matches: \"^a\", matches_not: \"b\"}").is_ok());
}

#[test]
fn metadata_of_a_template_silences_rules_of_other_tools() {
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let bucket = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n";
    assert!(finds(&scan, "t.yaml", bucket, "aws-s3-log"));
    for metadata in [
        "{cfn_nag: {rules_to_suppress: [{id: W35, reason: logs of logs}]}}",
        "{checkov: {skip: [{id: CKV_AWS_18, comment: logs of logs}]}}",
    ] {
        let text = format!("{bucket}    Metadata: {metadata}\n");
        assert!(!finds(&scan, "t.yaml", &text, "aws-s3-log"), "{metadata}");
    }
}

fn gather(root: &Path, folder: &Path, documents: &mut Documents) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, documents);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            documents.add(&TreePath::from_text(name).unwrap(), &std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn labelled_resources_are_judged_as_labelled() {
    let root = std::env::var("YAGURA_CONFORMANCE").unwrap_or_else(|_| "../../../shared".to_owned());
    let (Ok(facts), Ok(inputs)) = (
        std::fs::read_to_string(format!("{root}/iac/facts.tsv")),
        std::fs::read(format!("{root}/iac/inputs.tar.zst")),
    ) else {
        println!("skipped: no conformance data");
        return;
    };
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let folder = tempfile::tempdir().unwrap();
    let tar = zstd::decode_all(inputs.as_slice()).unwrap();
    tar::Archive::new(tar.as_slice()).unpack(folder.path()).unwrap();
    let mut documents = Documents::default();
    gather(folder.path(), folder.path(), &mut documents);
    let (found, unread) = scan.documents(&documents);
    println!("{} findings; not read: {unread:?}", found.len());
    let mut by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for rule in rules.rules.iter().filter(|rule| matches!(rule.matcher, Matcher::Config(_))) {
        for id in rule.equivalents.get("checkov").into_iter().flatten() {
            by.entry(id).or_default().insert(&rule.id);
        }
    }
    let (mut right, mut all, mut ids, mut covered) = (0, 0, BTreeSet::new(), BTreeSet::new());
    let mut worst: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for line in facts.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [_, id, _, file, resource, first, last, expected, ..] = cells.as_slice() else { continue };
        ids.insert(*id);
        let Some(own) = by.get(id) else { continue };
        covered.insert(*id);
        let first: u32 = first.parse().unwrap_or(0);
        let last: u32 = last.parse().unwrap_or(first);
        let hit = found.iter().any(|one| {
            one.suppressed.is_none()
                && own.contains(one.cause.rule.as_str())
                && one.cause.path == *file
                && (one.excerpt == *resource || (first > 0 && (first..=last).contains(&one.cause.lines.0)))
        });
        all += 1;
        if hit == (*expected == "fail") {
            right += 1;
        } else {
            let count = worst.entry(id).or_default();
            if hit {
                count.1 += 1
            } else {
                count.0 += 1
            }
            if std::env::var_os("SHOW").is_some() {
                println!("{id} {expected} {file} {resource} {first}");
            }
        }
    }
    println!("{right} of {all} facts agree; {} of {} check ids are covered", covered.len(), ids.len());
    println!("missed and false by check: {worst:?}");
    assert!(f64::from(right) >= 0.97 * f64::from(all), "agreement");
    assert!(covered.len() * 100 >= ids.len() * 80, "coverage");
}
