//! Dockerfiles and Containerfiles: instructions with continued lines, here-documents, and `ARG` and `ENV` filled in.
//!
//! The file is a resource `Docker::File` (what the last stage ends up with), each stage a `Docker::Stage`, and each
//! instruction one of its name: `Docker::Run`, `Docker::Env`. A variable without a default is unknown; the script of
//! `RUN` is left as it is, because its shell fills it in.
//!
//! Source: <https://docs.docker.com/reference/dockerfile/>.

use super::Resource;
use super::formats::Refused;
use super::value::Value;
use std::collections::BTreeMap;
use yagura_model::{TreePath, UnreadReason};

/// More instructions than anybody writes.
const MOST_INSTRUCTIONS: usize = 5_000;

/// Longer values of variables are not filled in.
const MOST_VALUE: usize = 4_096;

/// `Dockerfile`, `Dockerfile.web`, `web.Dockerfile`, `Containerfile`.
pub fn takes(path: &TreePath, _: &[u8]) -> bool {
    let name = path.name().to_lowercase();
    let known = |stem: &str| {
        name == stem || name.ends_with(&format!(".{stem}")) || name.starts_with(&format!("{stem}."))
    };
    let other = [
        ".md",
        ".j2",
        ".tmpl",
        ".tpl",
        ".dockerignore",
        ".erb",
        ".go",
        ".py",
        ".sh",
        ".json",
        ".yml",
        ".yaml",
    ];
    (known("dockerfile") || known("containerfile")) && !other.iter().any(|end| name.ends_with(end))
}

/// One instruction, its lines joined.
struct Instruction {
    name: String,
    text: String,
    lines: (u32, u32),
}

#[derive(Default)]
struct Stage {
    name: String,
    image: Option<Value>,
    user: Option<Value>,
    healthcheck: bool,
    exposes: Vec<Value>,
    lines: (u32, u32),
    of_stage: bool,
    variables: BTreeMap<String, Value>,
}

/// The resources of a file.
///
/// # Errors
/// It has too many instructions.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, Refused> {
    let instructions = instructions(text)?;
    let skips = skips(text);
    let mut globals: BTreeMap<String, Value> = BTreeMap::new();
    let mut stages: Vec<Stage> = Vec::new();
    let mut out = Vec::new();
    let mut push = |kind: &str, name: String, lines: (u32, u32), properties: BTreeMap<String, Value>| {
        out.push(Resource {
            kind: format!("Docker::{kind}"),
            address: name.clone(),
            name,
            path: path.to_owned(),
            lines,
            properties: Value::Map(properties),
            skips: skips.clone(),
        });
    };
    for one in &instructions {
        if one.name == "FROM" {
            stages.push(from(one, &globals, &stages));
            continue;
        }
        let variables = stages.last().map_or(&globals, |stage| &stage.variables);
        let properties = properties(one, variables);
        let assigned: Vec<(String, Value)> = match one.name.as_str() {
            "ENV" | "ARG" => pairs(&one.text, variables)
                .into_iter()
                .map(|(name, value)| match value {
                    Some(value) => (name, value),
                    // An argument of the file is known in a stage that declares it again.
                    None => (name.clone(), globals.get(&name).cloned().unwrap_or_else(Value::unknown)),
                })
                .collect(),
            _ => Vec::new(),
        };
        let label = stages.last().map_or("", |stage| stage.name.as_str());
        push(&title(&one.name), format!("{}{label}", one.name), one.lines, properties.clone());
        let Some(stage) = stages.last_mut() else {
            globals.extend(assigned);
            continue;
        };
        stage.lines.1 = one.lines.1;
        stage.variables.extend(assigned);
        match one.name.as_str() {
            "USER" => stage.user = properties.get("text").cloned(),
            "HEALTHCHECK" => stage.healthcheck = true,
            "EXPOSE" => {
                stage.exposes.extend(properties.get("words").map_or(&[][..], Value::items).iter().cloned())
            }
            _ => {}
        }
    }
    for stage in &stages {
        let properties = BTreeMap::from([
            ("image".to_owned(), stage.image.clone().unwrap_or(Value::Null)),
            ("of_stage".to_owned(), Value::Bool(stage.of_stage)),
        ]);
        push("Stage", format!("FROM{}", stage.name), (stage.lines.0, stage.lines.0), properties);
    }
    if let Some(last) = stages.last() {
        let properties = BTreeMap::from([
            ("image".to_owned(), last.image.clone().unwrap_or(Value::Null)),
            ("user".to_owned(), last.user.clone().unwrap_or(Value::Null)),
            ("healthcheck".to_owned(), Value::Bool(last.healthcheck)),
            ("exposes".to_owned(), Value::List(last.exposes.clone())),
        ]);
        push("File", "Dockerfile".to_owned(), last.lines, properties);
    }
    Ok(out)
}

/// `RUN` as `Run`.
fn title(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_string() + &letters.as_str().to_lowercase()).unwrap_or_default()
}

fn from(one: &Instruction, globals: &BTreeMap<String, Value>, stages: &[Stage]) -> Stage {
    let words: Vec<&str> = one.text.split_whitespace().filter(|word| !word.starts_with("--")).collect();
    let image = filled(words.first().copied().unwrap_or_default(), globals);
    let name = match words.get(1..) {
        Some([word, name, ..]) if word.eq_ignore_ascii_case("as") => format!(" {}", name.to_lowercase()),
        _ => String::new(),
    };
    let base = image.as_text().map(|text| format!(" {}", text.to_lowercase()));
    let base = base.and_then(|base| stages.iter().find(|stage| stage.name == base));
    let mut stage = Stage { name, lines: one.lines, of_stage: base.is_some(), ..Stage::default() };
    match base {
        Some(base) => {
            stage.image.clone_from(&base.image);
            stage.user.clone_from(&base.user);
            stage.healthcheck = base.healthcheck;
            stage.exposes.clone_from(&base.exposes);
            stage.variables.clone_from(&base.variables);
        }
        None => stage.image = Some(image),
    }
    stage
}

fn properties(one: &Instruction, variables: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    let mut rest = one.text.as_str();
    let mut flags = BTreeMap::new();
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        flags.insert(name.to_owned(), filled(value, variables));
        rest = after.trim_start();
    }
    out.insert("flags".to_owned(), Value::Map(flags));
    match one.name.as_str() {
        "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => {
            out.insert("text".to_owned(), Value::text(rest));
        }
        "ENV" | "ARG" | "LABEL" => {
            let pairs = pairs(rest, variables).into_iter().map(|(name, value)| {
                let mut map = BTreeMap::from([("name".to_owned(), Value::Text(name))]);
                map.extend(value.map(|value| ("value".to_owned(), value)));
                Value::Map(map)
            });
            out.insert("pairs".to_owned(), Value::List(pairs.collect()));
        }
        "ADD" | "COPY" => {
            let mut words = words(rest, variables);
            if let Some(to) = words.pop() {
                out.insert("destination".to_owned(), to);
            }
            out.insert("sources".to_owned(), Value::List(words));
        }
        _ => {
            out.insert("words".to_owned(), Value::List(words(rest, variables)));
            out.insert("text".to_owned(), filled(rest, variables));
        }
    }
    out
}

/// The words of an instruction, in JSON or in plain form.
fn words(text: &str, variables: &BTreeMap<String, Value>) -> Vec<Value> {
    let json = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    match json {
        Some(inner) => {
            inner.split(',').map(|word| filled(word.trim().trim_matches('"'), variables)).collect()
        }
        None => text
            .split_whitespace()
            .take_while(|word| !word.starts_with("<<"))
            .map(|word| filled(word.trim_matches(['"', '\'']), variables))
            .collect(),
    }
}

/// `A=1 B="x y" C` and the old form `A x y`.
fn pairs(text: &str, variables: &BTreeMap<String, Value>) -> Vec<(String, Option<Value>)> {
    let mut out = Vec::new();
    let first = text.split_whitespace().next().unwrap_or_default();
    if !first.contains('=')
        && let Some((name, value)) = text.split_once(char::is_whitespace)
    {
        return vec![(name.to_owned(), Some(filled(value.trim(), variables)))];
    }
    let (mut word, mut quote) = (String::new(), None);
    let mut finish = |word: &mut String| {
        let word = std::mem::take(word);
        if word.is_empty() {
            return;
        }
        match word.split_once('=') {
            Some((name, value)) => out.push((name.to_owned(), Some(filled(value, variables)))),
            None => out.push((word, None)),
        }
    };
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (_, '\\') => word.extend(letters.next()),
            (None, letter) if letter.is_whitespace() => finish(&mut word),
            (_, letter) => word.push(letter),
        }
    }
    finish(&mut word);
    out
}

/// The text with variables filled in; unknown where one of them is.
fn filled(text: &str, variables: &BTreeMap<String, Value>) -> Value {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, default, next) = match after.strip_prefix('{') {
            Some(inner) => {
                let Some((inside, next)) = inner.split_once('}') else { return Value::unknown() };
                let (name, default) = inside.split_once(":-").map_or((inside, None), |(a, b)| (a, Some(b)));
                (name, default, next)
            }
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                let (name, next) = after.split_at(end);
                (name, None, next)
            }
        };
        match (variables.get(name).and_then(Value::as_text), default) {
            (Some(value), _) if value.len() <= MOST_VALUE && out.len() <= MOST_VALUE => out.push_str(&value),
            (None, Some(default)) if !default.contains('$') => out.push_str(default),
            _ => return Value::unknown(),
        }
        rest = next;
    }
    out.push_str(rest);
    Value::Text(out)
}

/// Comments `checkov:skip=ID:reason`, which hold for the whole file.
fn skips(text: &str) -> Vec<(String, String)> {
    let comment = |line: &str| {
        let rest = line.trim_start().strip_prefix('#')?.trim_start().strip_prefix("checkov:skip=")?;
        let (id, reason) = rest.split_once(':').unwrap_or((rest, ""));
        Some((id.trim().to_owned(), reason.trim().to_owned()))
    };
    text.lines().filter_map(comment).take(100).collect()
}

fn instructions(text: &str) -> Result<Vec<Instruction>, Refused> {
    let mut out = Vec::new();
    let head = text.lines().take_while(|line| line.trim_start().starts_with('#'));
    let directive = |line: &str| {
        let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
        (name.trim().eq_ignore_ascii_case("escape")).then(|| value.trim().chars().next()).flatten()
    };
    let escape = head.filter_map(directive).next().unwrap_or('\\');
    let mut lines = text.lines().zip(1_u32..);
    while let Some((line, first)) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (mut joined, mut last) = (String::new(), first);
        let mut part = trimmed.to_owned();
        // Comments and empty lines between continued lines do not end the instruction.
        loop {
            let goes_on = part.ends_with(escape);
            joined.push_str(part.strip_suffix(escape).unwrap_or(&part));
            if !goes_on {
                break;
            }
            joined.push(' ');
            let next = lines
                .by_ref()
                .map(|(line, number)| (line.trim(), number))
                .find(|(line, _)| !line.is_empty() && !line.starts_with('#'));
            let Some((line, number)) = next else { break };
            last = number;
            part = line.to_owned();
        }
        let (name, rest) = joined.split_once(char::is_whitespace).unwrap_or((&joined, ""));
        let name = name.to_uppercase();
        let mut rest = rest.trim().to_owned();
        if matches!(name.as_str(), "RUN" | "COPY" | "ADD") {
            for end in heredocs(&rest) {
                for (line, number) in lines.by_ref() {
                    last = number;
                    if line.trim_start_matches('\t').trim_end() == end {
                        break;
                    }
                    if name == "RUN" && !line.trim_start().starts_with('#') {
                        rest.push('\n');
                        rest.push_str(line);
                    }
                }
            }
        }
        let name = if name == "ONBUILD" {
            let (inner, after) = rest.split_once(char::is_whitespace).unwrap_or((&rest, ""));
            let (inner, after) = (inner.to_uppercase(), after.trim().to_owned());
            rest = after;
            inner
        } else {
            name
        };
        out.push(Instruction { name, text: rest, lines: (first, last) });
        if out.len() > MOST_INSTRUCTIONS {
            let detail = format!("more than {MOST_INSTRUCTIONS} instructions");
            return Err(Refused { reason: UnreadReason::TooLarge, detail });
        }
    }
    Ok(out)
}

/// The words that end the here-documents of a line: `<<EOF`, `<<-"EOF"`.
fn heredocs(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for after in text.split("<<").skip(1).take(10) {
        let word = after.strip_prefix('-').unwrap_or(after);
        let word: String = word
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .collect();
        if word.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_') {
            out.push(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_joined_and_filled_in() {
        let text = "ARG V=1.4\nFROM --platform=linux/amd64 web:$V AS Base\nUSER app\nFROM base\nENV A=x \\\n  # why\n  B=\"y z\"\nRUN <<-EOF\n\tapk add $A\n\tEOF\nCOPY [\"a\", \"/$A\"]\nEXPOSE ${P:-80} $Q\n";
        let seen: Vec<String> = read("Dockerfile", text)
            .unwrap()
            .iter()
            .map(|one| {
                format!(
                    "{} {:?} {:?}",
                    one.kind,
                    one.lines,
                    one.properties.get("text").and_then(Value::as_text)
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                "Docker::Arg (1, 1) None",
                "Docker::User (3, 3) Some(\"app\")",
                "Docker::Env (5, 7) None",
                "Docker::Run (8, 10) Some(\"<<-EOF\\n\\tapk add $A\")",
                "Docker::Copy (11, 11) None",
                "Docker::Expose (12, 12) None",
                "Docker::Stage (2, 2) None",
                "Docker::Stage (4, 4) None",
                "Docker::File (4, 12) None"
            ]
        );
        let all = read("Dockerfile", text).unwrap();
        let file = &all.last().unwrap().properties;
        let values = ["image", "user"].map(|name| file.get(name).and_then(Value::as_text).unwrap());
        assert_eq!(values, ["web:1.4", "app"]);
        assert_eq!(file.get("exposes"), Some(&Value::List(vec![Value::text("80"), Value::unknown()])));
    }

    #[test]
    fn hostile_files_end() {
        assert!(read("Dockerfile", &"RUN x\n".repeat(6_000)).is_err());
        let grows = format!("FROM a\nENV A=xxxxxxxx\n{}", "ENV A=$A$A$A$A\n".repeat(200));
        assert!(read("Dockerfile", &grows).is_ok());
        assert!(read("Dockerfile", "RUN <<A <<B\nRUN \\").is_ok());
    }
}
