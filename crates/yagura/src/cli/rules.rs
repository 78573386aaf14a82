//! `yagura rules`: what is looked for in files.

use super::output::{print, to_stdout};
use super::{Failure, exit};
use crate::said;
use crate::scan;
use crate::table::{Cell, Columns};
use serde_json::{Value, json};
use yagura_model::{Lang, cwe_ids};
use yagura_rules::Rule;

/// Lists every rule.
///
/// # Errors
/// Standard output cannot be written.
pub fn list(as_json: bool, lang: Lang) -> Result<u8, Failure> {
    let rules = scan::rules()?;
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
pub fn show(id: &str, as_json: bool, lang: Lang) -> Result<u8, Failure> {
    let rules = scan::rules()?;
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
        "description": rule.description,
        "remediation": rule.remediation,
    })
}
