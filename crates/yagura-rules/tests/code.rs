//! Pages on source code: their examples, the labelled corpora, and hostile files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use yagura_model::{CodeDetection, TreePath};
use yagura_rules::code::Sources;
use yagura_rules::{Matcher, RuleSet, Scan, example};

fn scan<'a>(rules: &'a RuleSet) -> Scan<'a> {
    Scan::new(rules, &["code".to_owned()])
}

fn found(scan: &Scan<'_>, files: &[(&str, &str)]) -> Vec<CodeDetection> {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(&TreePath::from_text(path).unwrap(), text.as_bytes());
    }
    scan.sources(&sources).0
}

#[test]
fn every_example_says_the_truth() {
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let mut wrong = Vec::new();
    let mut count = 0;
    for rule in rules.rules.iter().filter(|rule| matches!(rule.matcher, Matcher::Code(_))) {
        count += 1;
        assert!(!rule.description.is_empty() && !rule.remediation.is_empty(), "{}", rule.id);
        assert!(rule.name_ja != rule.name && !rule.cwe.is_empty(), "{}", rule.id);
        assert!(rule.examples.iter().any(|example| example.finding), "{} shows no finding", rule.id);
        assert!(rule.examples.iter().any(|example| !example.finding), "{} shows what is fine", rule.id);
        for example in &rule.examples {
            let path = example::path(&example.language).unwrap();
            let found = found(&scan, &[(path, &example.text)]);
            if found.iter().any(|one| one.cause.rule == rule.id) != example.finding {
                wrong.push(format!("{}: finding is {}", rule.id, !example.finding));
            }
        }
    }
    println!("{count} pages on source code");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_flow_is_told_step_by_step_across_files() {
    let rules = RuleSet::built_in().unwrap();
    let web = "package a;\nimport javax.servlet.http.*;\nclass Web extends HttpServlet {\n  public void doGet(HttpServletRequest q, HttpServletResponse r) throws Exception {\n    String host = q.getParameter(\"host\");\n    Shell.ping(host);\n  }\n}\n";
    let shell = "package a;\nclass Shell {\n  static void ping(String host) throws Exception {\n    Runtime.getRuntime().exec(\"ping \" + host);\n  }\n}\n";
    let found = found(&scan(&rules), &[("a/Web.java", web), ("a/Shell.java", shell)]);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (one.cause.rule.as_str(), one.cause.path.as_str(), one.cause.lines),
        ("java-command-injection", "a/Web.java", (6, 6))
    );
    let flow: Vec<(&str, u32)> = one.cause.flow.iter().map(|step| (step.path.as_str(), step.line)).collect();
    assert_eq!(flow, [("a/Web.java", 5), ("a/Web.java", 6), ("a/Shell.java", 3), ("a/Shell.java", 4)]);
}

#[test]
fn comments_suppress_with_a_reason() {
    let rules = RuleSet::built_in().unwrap();
    let text = "class A {\n  // yagura:ignore java-weak-random dice\n  int roll() { return new java.util.Random().nextInt(6); }\n}\n";
    let found = found(&scan(&rules), &[("A.java", text)]);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(one.suppressed.as_ref().unwrap().reason.as_deref(), Some("dice"));
}

/// Classes of weaknesses that count as the same, as the scorer of the corpora has them.
const CLASSES: &[&[u16]] = &[
    &[22, 23, 35, 36, 73, 98, 829, 434],
    &[77, 78, 88],
    &[94, 95, 96],
    &[79, 80, 81, 83, 116],
    &[89, 564, 943],
    &[326, 327, 780, 325],
    &[328, 916, 759, 760],
    &[330, 336, 338, 332, 335],
    &[614, 1004, 315, 539],
    &[643, 91],
    &[611, 776, 827, 91],
    &[113, 93],
    &[259, 798, 321, 256, 547],
    &[319, 311, 523],
    &[209, 200, 497, 526, 535],
    &[1333, 400, 789, 770],
    &[566, 862, 863, 639],
];

/// True-positive rate minus false-positive rate, as the mean of the categories whose weakness a page claims.
fn youden(root: &str, corpus: &str, language: &str, models: &[(&'static str, &'static str)]) -> Option<f64> {
    let truth = std::fs::read_to_string(format!("{root}/sast/{corpus}/truth.tsv")).ok()?;
    let packed = std::fs::read(format!("{root}/sast/{corpus}/src.tar.zst")).ok()?;
    let pages = RuleSet::pages().chain(models.iter().copied());
    let rules = RuleSet::read(pages).unwrap();
    let mut decoder = zstd::Decoder::new(packed.as_slice()).unwrap();
    decoder.window_log_max(27).unwrap();
    let mut sources = Sources::default();
    for entry in tar::Archive::new(decoder).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if let Some(path) = TreePath::from_text(&path) {
            sources.add(&path, &bytes);
        }
    }
    let (found, _) = scan(&rules).sources(&sources);
    let mut by_path: BTreeMap<&str, Vec<&CodeDetection>> = BTreeMap::new();
    for one in &found {
        by_path.entry(&one.cause.path).or_default().push(one);
    }
    let claimed: Vec<u16> = rules
        .rules
        .iter()
        .filter(|rule| match &rule.matcher {
            Matcher::Code(code) => {
                code.languages.iter().any(|one| format!("{one:?}").to_lowercase() == language)
            }
            _ => false,
        })
        .flat_map(|rule| rule.cwe.clone())
        .collect();
    let mut categories: BTreeMap<String, [f64; 4]> = BTreeMap::new();
    for row in truth.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [_, row_language, cwe, category, file, first, last, label, ..] = cells.as_slice() else {
            continue;
        };
        let cwe: u16 = cwe.parse().unwrap_or_default();
        if *row_language != language || !claimed.contains(&cwe) {
            continue;
        }
        // Every injection counts where the corpus has only lines.
        let any = corpus == "securibench-micro-js";
        let same: Vec<u16> = CLASSES
            .iter()
            .filter(|class| class.contains(&cwe))
            .flat_map(|class| class.iter().copied())
            .chain([cwe])
            .collect();
        let first: u32 = first.parse().unwrap_or(0);
        let last: u32 = last.parse().unwrap_or(u32::MAX);
        let hit = by_path.get(file).into_iter().flatten().any(|one| {
            (any || one.cause.cwes.iter().any(|own| same.contains(own)))
                && one.cause.lines.0 <= last
                && one.cause.lines.1 >= first
        });
        let counts = categories.entry((*category).to_owned()).or_default();
        let at = usize::from(*label == "vulnerable") * 2 + usize::from(hit);
        counts[at] += 1.0;
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for (category, [clean, noise, missed, hit]) in &categories {
        if clean + noise == 0.0 || missed + hit == 0.0 {
            continue;
        }
        let score = hit / (missed + hit) - noise / (clean + noise);
        println!(
            "{corpus} {language} {category}: {hit} of {} found, {noise} of {} wrong, {score:+.3}",
            missed + hit,
            clean + noise
        );
        sum += score;
        count += 1.0;
    }
    println!("{corpus} {language}: {:+.3} over {count} categories", sum / count);
    Some(sum / count)
}

/// The corpus of engine capabilities calls the value from outside by name.
const CAPABILITIES: (&str, &str) = (
    "models/capabilities.md",
    "# Sources of the corpus\n\n```yaml model\nlanguages: [java, javascript, go, php, python]\nsources:\n  - {param: [__taint_src, taint_src], kind: web}\n```\n",
);

fn hold(corpus: &str, language: &str, least: f64) {
    let root = std::env::var("YAGURA_CONFORMANCE").unwrap_or_else(|_| "../../../shared".to_owned());
    if !Path::new(&root).join("sast").is_dir() {
        println!("skipped: no conformance data");
        return;
    }
    let score = youden(&root, corpus, language, &[CAPABILITIES]).unwrap();
    assert!(score >= least, "{corpus} {language}: {score}");
}

#[test]
fn labelled_java_servlets() {
    hold("owasp-benchmark-java", "java", 0.95);
}

#[test]
fn labelled_java_flows() {
    hold("juliet-java", "java", 0.75);
}

#[test]
fn labelled_java_capabilities() {
    hold("xast", "java", 0.8);
}

#[test]
fn labelled_python_capabilities() {
    hold("xast", "python", 0.7);
}

#[test]
fn labelled_javascript_flows() {
    hold("securibench-micro-js", "javascript", 0.55);
}

#[test]
fn labelled_javascript_capabilities() {
    hold("xast", "javascript", 0.8);
}

#[test]
fn labelled_php_flows() {
    hold("php-suite", "php", 0.4);
}

#[test]
fn labelled_php_capabilities() {
    hold("xast", "php", 0.7);
}

#[test]
fn labelled_csharp_flows() {
    hold("juliet-csharp", "csharp", 0.8);
}

#[test]
fn labelled_go_samples() {
    hold("gosec-samples", "go", 0.4);
}

#[test]
fn labelled_go_capabilities() {
    hold("xast", "go", 0.6);
}

#[test]
fn hostile_files_are_bounded() {
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let deep = |open: &str, close: &str| {
        format!("class A {{ int f() {{ return {}1{}; }} }}", open.repeat(20_000), close.repeat(20_000))
    };
    let long_sum = format!("class A {{ String f(String a) {{ return {}a; }} }}", "\"x\" + ".repeat(50_000));
    let recursive = "class A { int f(int n) { return f(n - 1) + g(n); } int g(int n) { return f(n) + g(n + 1); } A a = new A(); static A b = new A(); }";
    let endless = "class A { void f() { for (;;) { int i = 0; while (true) { i++; for (int j = 0; j < i; j++) { f(); } } } } }";
    let cyclic = "class A extends B { } class B extends A { void f() { x(); } }";
    let branches = format!(
        "class A {{ void f(boolean b) {{ int x = 0; {} }} }}",
        "if (b) { x++; } else { x--; } ".repeat(3_000)
    );
    let broken = "class A { void f( { if (x { return \"unclosed; }}}} class class";
    let cases = [
        deep("(", ")"),
        deep("-", ""),
        long_sum,
        recursive.to_owned(),
        endless.to_owned(),
        cyclic.to_owned(),
        branches,
        broken.to_owned(),
        "\u{0}\u{1}class A {".to_owned(),
        format!("x = {}1{}\n", "[".repeat(20_000), "]".repeat(20_000)),
        format!("x = {}1\n", "1 + ".repeat(50_000)),
        format!("var x = {}1{};", "[{a:".repeat(10_000), "}]".repeat(10_000)),
        format!("$x = {}$y;", "$y . ".repeat(50_000)),
        format!("var x = {}1;", "function(a){return ".repeat(5_000)),
        "function f() { return f.apply(this, [f, ...f()]); } class A { constructor() { new A(); } } new A(); f();".to_owned(),
        format!("package a\nfunc f() {{ x := {}1{} }}", "f(".repeat(20_000), ")".repeat(20_000)),
        "package a\ntype T struct { T }\nfunc (t T) f() { defer t.f(); for { go t.f() } }\nfunc g() { g(); h() }\nfunc h() { g(); h() }\n".to_owned(),
        "from b import x\nclass A(A): pass\ndef f(n=lambda: f()): return [f(i) for i in f() for j in f(i)]\nwhile True: f(f)\n".to_owned(),
    ];
    for (number, text) in cases.iter().enumerate() {
        let begin = Instant::now();
        let _ = found(&scan, &[("A.java", text)]);
        let _ = found(&scan, &[("a.py", text), ("a.ts", text)]);
        let _ = found(&scan, &[("a.go", text), ("a.cs", text)]);
        let _ = found(&scan, &[("a.php", &format!("<?php\n{text}"))]);
        assert!(begin.elapsed() < Duration::from_secs(30), "case {number} took {:?}", begin.elapsed());
    }
}

#[test]
fn files_that_bring_each_other_in_come_to_an_end() {
    let rules = RuleSet::built_in().unwrap();
    let scan = scan(&rules);
    let files = [
        ("a.py", "from b import x, y\nfrom b import *\nx(y)\n"),
        ("b.py", "from a import x, y\nfrom a import *\ny(x)\n"),
    ];
    assert_eq!(found(&scan, &files), []);
    let local = "class A { void f() { class B { static int x = B.x; int y = x; } new B().y++; } }";
    assert_eq!(found(&scan, &[("A.java", local)]), []);
}
