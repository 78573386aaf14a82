//! `yagura rules`: what is looked for in files.

use super::output::{print, to_stdout};
use super::{Failure, exit};
use crate::said;
use crate::scan;
use crate::table::{Cell, Columns, clean};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use yagura_model::{Lang, cwe_ids};
use yagura_rules::{Rule, RuleSet, example};

/// Lists every rule.
///
/// # Errors
/// A page of these folders is no rule, or standard output cannot be written.
pub fn list(folders: &[PathBuf], as_json: bool, lang: Lang) -> Result<u8, Failure> {
    let rules = scan::rules(folders)?;
    if as_json {
        let all: Vec<Value> = rules.rules.iter().map(|rule| document(rule, lang)).collect();
        print(&format!("{}\n", serde_json::to_string_pretty(&all).unwrap_or_default()))?;
        return Ok(exit::DONE);
    }
    to_stdout(|look, out| {
        let mut table = Columns::new(
            [
                lang.pick("Rule", "ルール"),
                lang.pick("Scanner", "スキャナー"),
                lang.pick("Severity", "深刻度"),
                lang.pick("Name", "名前"),
            ],
            look,
        );
        for rule in &rules.rules {
            table.row([
                Cell::new(&rule.id),
                Cell::new(rule.matcher.scanner()),
                Cell::new(rule.severity.to_string()),
                Cell::new(lang.pick(&rule.name, &rule.name_ja)),
            ]);
        }
        table.write(out)
    })?;
    Ok(exit::DONE)
}

/// Prints one rule.
///
/// # Errors
/// There is no such rule.
pub fn show(id: &str, folders: &[PathBuf], as_json: bool, lang: Lang) -> Result<u8, Failure> {
    let rules = scan::rules(folders)?;
    let Some(rule) = rules.get(id) else {
        return Err(Failure::new(
            exit::USAGE,
            said!("there is no rule `{}`", "ルール `{}` はありません", id),
        )
        .hint(said!("`yagura rules list` lists them", "`yagura rules list` で一覧できます")));
    };
    if as_json {
        print(&format!("{}\n", serde_json::to_string_pretty(&document(rule, lang)).unwrap_or_default()))?;
        return Ok(exit::DONE);
    }
    to_stdout(|_, out| {
        writeln!(out, "{}: {} ({})", rule.id, lang.pick(&rule.name, &rule.name_ja), rule.severity)?;
        if !rule.cwe.is_empty() {
            writeln!(out, "{}", cwe_ids(&rule.cwe).join(", "))?;
        }
        writeln!(out, "\n{}\n\n{}", rule.description, rule.remediation)?;
        for (tool, ids) in &rule.equivalents {
            writeln!(out, "\n{tool}: {}", ids.join(", "))?;
        }
        if !rule.controls.is_empty() {
            writeln!(out, "\n{}: {}", lang.pick("controls", "統制"), rule.controls.join(", "))?;
        }
        Ok(())
    })?;
    Ok(exit::DONE)
}

/// Tries the examples of the pages in these folders.
///
/// # Errors
/// A page of these folders is no rule.
pub fn test(folders: &[PathBuf], lang: Lang) -> Result<u8, Failure> {
    let rules = scan::rules(folders)?;
    let built_in: BTreeSet<&str> = RuleSet::pages().map(|(path, _)| path).collect();
    let own = |rule: &Rule| !built_in.contains(rule.page.as_str());
    let wrong = example::wrong(&rules, &own);
    let tried: usize = rules.rules.iter().filter(|rule| own(rule)).map(|rule| rule.examples.len()).sum();
    let bare = rules.rules.iter().filter(|rule| own(rule) && rule.examples.is_empty());
    to_stdout(|_, out| {
        for one in &wrong {
            let place = format!("{}:{}", one.rule.page, one.example.line);
            let why = match (one.is_read, one.example.finding) {
                (false, _) => lang.pick("nothing reads this language", "この言語は読めません"),
                (true, true) => lang.pick("not found", "検出されません"),
                (true, false) => {
                    lang.pick("found, and should not be", "検出されましたが、されてはいけません")
                }
            };
            writeln!(out, "{} ({}): {why}", clean(&place), one.rule.id)?;
        }
        for rule in bare {
            let what = lang.pick("it has no examples", "例がありません");
            writeln!(out, "{} ({}): {what}", clean(&rule.page), rule.id)?;
        }
        match lang {
            Lang::En => writeln!(out, "{tried} examples, {} do not hold", wrong.len()),
            Lang::Ja => writeln!(out, "例 {tried} 件、成り立たないもの {} 件", wrong.len()),
        }
    })?;
    Ok(if wrong.is_empty() { exit::DONE } else { exit::GATE })
}

fn document(rule: &Rule, lang: Lang) -> Value {
    json!({
        "id": rule.id,
        "name": lang.pick(&rule.name, &rule.name_ja),
        "scanner": rule.matcher.scanner(),
        "severity": rule.severity.as_str(),
        "cwes": cwe_ids(&rule.cwe),
        "tags": rule.tags,
        "equivalents": rule.equivalents,
        "controls": rule.controls,
        "page": rule.page,
        "description": rule.description,
        "remediation": rule.remediation,
    })
}
