//! Comparison facts, as `yagura compare` reads them: lines of `a<TAB>op<TAB>b`, where `op` is `<`, `=` or `>`.

use super::VersionScheme;
use std::cmp::Ordering;
use std::fmt;

/// A line that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its number, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// What is true instead, or what is wrong with the line.
    pub reason: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.text.replace('\t', " "), self.reason)
    }
}

/// The lines of a text that do not hold. Blank lines and lines that start with `#` are skipped.
pub fn check_lines(scheme: &dyn VersionScheme, text: &str) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(reason) = check_line(scheme, line) {
            broken.push(Broken { line: index + 1, text: line.to_owned(), reason });
        }
    }
    broken
}

fn check_line(scheme: &dyn VersionScheme, line: &str) -> Result<(), String> {
    let mut fields = line.split('\t');
    let (Some(a), Some(op), Some(b), None) = (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err("is not `version<TAB>op<TAB>version`".to_owned());
    };
    let expected = match op {
        "<" => Ordering::Less,
        "=" => Ordering::Equal,
        ">" => Ordering::Greater,
        _ => return Err(format!("`{op}` is not one of `<`, `=`, `>`")),
    };
    let a_key = scheme.key(a).map_err(|error| error.to_string())?;
    let b_key = scheme.key(b).map_err(|error| error.to_string())?;
    let actual = a_key.cmp(&b_key);
    if actual == expected {
        return Ok(());
    }
    let op = match actual {
        Ordering::Less => '<',
        Ordering::Equal => '=',
        Ordering::Greater => '>',
    };
    Err(format!("in fact `{a}` {op} `{b}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::dpkg::DPKG;

    #[test]
    fn lines_that_hold_are_silent_and_the_others_say_why() {
        let text = "# facts\n\n1.0\t<\t1.1\n1.1\t<\t1.0\n1.0 < 1.1\n1\t<=\t2\n\t=\t1\n";
        let broken: Vec<String> = check_lines(&DPKG, text).iter().map(Broken::to_string).collect();
        insta::assert_snapshot!(broken.join("\n"));
    }
}
