//! The examples of pages, tried.

use crate::code::Sources;
use crate::config::Documents;
use crate::rule::{Example, Matcher, Rule, RuleSet};
use crate::scan::Scan;
use yagura_model::TreePath;

/// The name of a file in a language of examples; `None` where no engine reads it.
pub fn path(language: &str) -> Option<&'static str> {
    Some(match language {
        "text" => "example.txt",
        "hcl" => "main.tf",
        "yaml" => "template.yaml",
        "json" => "template.json",
        "java" => "example.java",
        "javascript" => "example.js",
        "jsx" => "example.jsx",
        "typescript" => "example.ts",
        "tsx" => "example.tsx",
        "python" => "example.py",
        "go" => "example.go",
        "php" => "example.php",
        "csharp" => "example.cs",
        "ruby" => "example.rb",
        "kotlin" => "example.kt",
        "scala" => "example.scala",
        "c" => "example.c",
        "cpp" => "example.cpp",
        "rust" => "example.rs",
        "shell" => "example.sh",
        _ => return None,
    })
}

/// An example that does not say the truth.
#[derive(Debug, Clone, Copy)]
pub struct Wrong<'a> {
    /// Whose it is.
    pub rule: &'a Rule,
    /// The example.
    pub example: &'a Example,
    /// False when nothing reads its language.
    pub is_read: bool,
}

/// The examples of these rules that are not found, or are found and should not be.
pub fn wrong<'a>(rules: &'a RuleSet, wanted: &dyn Fn(&Rule) -> bool) -> Vec<Wrong<'a>> {
    let scan = Scan::new(rules, &["secret".to_owned(), "config".to_owned(), "code".to_owned()]);
    let mut out = Vec::new();
    let mut seed = 7;
    for rule in rules.rules.iter().filter(|rule| wanted(rule)) {
        for example in &rule.examples {
            let place = path(&example.language).and_then(|path| Some((path, TreePath::from_text(path)?)));
            let Some((path, place)) = place else {
                out.push(Wrong { rule, example, is_read: false });
                continue;
            };
            let found = match &rule.matcher {
                Matcher::Secret(_) => scan.text(path, fill(&example.text, &mut seed).as_bytes()),
                Matcher::Config(_) => {
                    let mut documents = Documents::default();
                    documents.add(&place, example.text.as_bytes());
                    scan.documents(&documents).0
                }
                Matcher::Code(_) => {
                    let mut sources = Sources::default();
                    sources.add(&place, example.text.as_bytes());
                    scan.sources(&sources).0
                }
            };
            // Of a secret another rule may know more; what matters is that it is not lost.
            let any = matches!(rule.matcher, Matcher::Secret(_)) && example.finding;
            let is_found = found.iter().any(|one| any || one.cause.rule == rule.id);
            if is_found != example.finding {
                out.push(Wrong { rule, example, is_read: true });
            }
        }
    }
    out
}

/// Fills `{A-Z0-9:12}` with characters of these, the same ones on every run.
pub fn fill(shape: &str, seed: &mut u64) -> String {
    let mut out = String::new();
    let mut rest = shape;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let placeholder = after.split_once('}').and_then(|(inside, rest)| {
            let (class, count) = inside.rsplit_once(':')?;
            let count = count.parse::<usize>().ok().filter(|count| *count <= 10_000)?;
            Some((characters(class), count, rest))
        });
        let Some((alphabet, count, next)) = placeholder.filter(|(alphabet, ..)| !alphabet.is_empty()) else {
            out.push('{');
            rest = after;
            continue;
        };
        for _ in 0..count {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            out.extend(alphabet.get((*seed >> 33) as usize % alphabet.len()));
        }
        rest = next;
    }
    out + rest
}

fn characters(class: &str) -> Vec<char> {
    let listed: Vec<char> = class.chars().collect();
    let mut all = Vec::new();
    let mut rest = listed.as_slice();
    while let [first, tail @ ..] = rest {
        rest = match tail {
            ['-', last, tail @ ..] => {
                all.extend(*first..=*last);
                tail
            }
            _ => {
                all.push(*first);
                tail
            }
        };
    }
    all
}
