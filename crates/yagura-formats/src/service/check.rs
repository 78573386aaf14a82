//! Holds an incoming value against its constraints.

use super::constraint::{Constraint, Field};
use serde_json::{Map, Value};

/// One member that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Path of the member: `filterCriteria.severity[0].comparison`.
    pub name: String,
    /// What is wrong, in English.
    pub message: String,
}

/// More complaints than anybody reads.
const MOST: usize = 25;

/// Checks `value` and removes what no handler should see: members that are null and members that are unknown
/// (newer clients send more). An empty answer means that the value fits the types of the constraint.
pub fn check(value: &mut Value, constraint: &Constraint) -> Vec<Complaint> {
    let mut walk = Walk { path: String::new(), complaints: Vec::new() };
    walk.value(value, constraint);
    walk.complaints
}

struct Walk {
    path: String,
    complaints: Vec<Complaint>,
}

impl Walk {
    fn complain(&mut self, message: String) {
        if self.complaints.len() < MOST {
            self.complaints.push(Complaint { name: self.path.clone(), message });
        }
    }

    /// Walks into a part of the value. Depth is bounded by that of the constraint.
    fn inside(&mut self, step: &str, walk: impl FnOnce(&mut Walk)) {
        let length = self.path.len();
        if !self.path.is_empty() && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        walk(self);
        self.path.truncate(length);
    }

    fn value(&mut self, value: &mut Value, constraint: &Constraint) {
        match (constraint, value) {
            (Constraint::Text { min, max, pattern }, Value::String(text)) => {
                self.length(text.chars().count(), *min, *max, "characters");
                if let Some(pattern) = pattern.filter(|pattern| !pattern.matches(text)) {
                    self.complain(format!("must satisfy the regular expression {}", pattern.text()));
                }
            }
            (Constraint::Words(words), Value::String(word)) => {
                if !words.contains(&word.as_str()) {
                    self.complain(format!("must be one of: {}", words.join(", ")));
                }
            }
            (Constraint::Integer { min, max }, Value::Number(number)) => match number.as_i64() {
                None => self.complain("must be an integer".to_owned()),
                Some(number) if number < *min => self.complain(format!("must be at least {min}")),
                Some(number) if number > *max => self.complain(format!("must be at most {max}")),
                Some(_) => {}
            },
            (Constraint::Number { min, max }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if number < *min {
                    self.complain(format!("must be at least {min}"));
                } else if number > *max || number.is_nan() {
                    self.complain(format!("must be at most {max}"));
                }
            }
            (Constraint::Boolean, Value::Bool(_)) | (Constraint::Document, _) => {}
            (Constraint::Epoch, value @ Value::Number(_)) => {
                if super::Epoch::read(value).is_none() {
                    self.complain("must be a time in seconds since 1970".to_owned());
                }
            }
            (Constraint::IsoTime, Value::String(text)) => {
                if text.parse::<jiff::Timestamp>().is_err() {
                    self.complain("must be a time as in ISO 8601".to_owned());
                }
            }
            (Constraint::Blob { min, max }, Value::String(text)) => match base64_length(text) {
                Some(bytes) => self.length(bytes, *min, *max, "bytes"),
                None => self.complain("must be base64".to_owned()),
            },
            (Constraint::List { min, max, item }, Value::Array(items)) => {
                self.length(items.len(), *min, *max, "items");
                for (index, value) in items.iter_mut().enumerate().take((*max).min(10_000)) {
                    self.inside(&format!("[{index}]"), |walk| walk.value(value, item));
                }
            }
            (Constraint::Map { min, max, key, value }, Value::Object(entries)) => {
                self.length(entries.len(), *min, *max, "entries");
                for (name, entry) in entries.iter_mut() {
                    self.inside(name, |walk| {
                        walk.value(&mut Value::String(name.clone()), key);
                        walk.value(entry, value);
                    });
                }
            }
            (Constraint::Structure(fields), Value::Object(members)) => self.members(members, fields),
            (Constraint::Union(fields), Value::Object(members)) => {
                self.members(members, fields);
                if members.len() != 1 {
                    self.complain("must have exactly one member".to_owned());
                }
            }
            (constraint, _) => self.complain(format!("must be {}", kind(constraint))),
        }
    }

    fn members(&mut self, members: &mut Map<String, Value>, fields: &[Field]) {
        members.retain(|name, value| !value.is_null() && fields.iter().any(|field| field.name == name));
        for field in fields {
            match members.get_mut(field.name) {
                Some(value) => self.inside(field.name, |walk| walk.value(value, field.constraint)),
                None if field.required => {
                    self.inside(field.name, |walk| walk.complain("must not be null".to_owned()));
                }
                None => {}
            }
        }
    }

    fn length(&mut self, length: usize, min: usize, max: usize, unit: &str) {
        if length < min {
            self.complain(format!("must have at least {min} {unit}"));
        } else if length > max {
            self.complain(format!("must have at most {max} {unit}"));
        }
    }
}

fn kind(constraint: &Constraint) -> &'static str {
    match constraint {
        Constraint::Text { .. } | Constraint::Words(_) | Constraint::IsoTime | Constraint::Blob { .. } => {
            "a string"
        }
        Constraint::Integer { .. } => "an integer",
        Constraint::Number { .. } | Constraint::Epoch => "a number",
        Constraint::Boolean => "a boolean",
        Constraint::Document => "JSON",
        Constraint::List { .. } => "a list",
        Constraint::Map { .. } | Constraint::Structure(_) | Constraint::Union(_) => "an object",
    }
}

/// Bytes behind a base64 text, with or without padding. `None`: not base64.
fn base64_length(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    (digits.bytes().all(known) && digits.len() % 4 != 1).then_some(digits.len() * 3 / 4)
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use super::*;
    use serde_json::json;

    static ACCOUNT: Pattern = Pattern::new(None, r"\d{12}");
    static TAG: Pattern = Pattern::new(Some("aws:"), "[a-z:]+");
    static ITEM: Constraint = Constraint::Structure(&[
        Field::required("comparison", &Constraint::Words(&["EQUALS", "PREFIX"])),
        Field::required("value", &Constraint::Text { min: 1, max: 4, pattern: None }),
    ]);
    static INPUT: Constraint = Constraint::Structure(&[
        Field::optional("account", &Constraint::Text { min: 0, max: 12, pattern: Some(&ACCOUNT) }),
        Field::optional("tag", &Constraint::Text { min: 0, max: 12, pattern: Some(&TAG) }),
        Field::optional("items", &Constraint::List { min: 1, max: 2, item: &ITEM }),
        Field::optional("maxResults", &Constraint::Integer { min: 1, max: 100 }),
        Field::optional("since", &Constraint::Epoch),
        Field::optional(
            "one",
            &Constraint::Union(&[
                Field::optional("a", &Constraint::Boolean),
                Field::optional("b", &Constraint::Boolean),
            ]),
        ),
    ]);

    fn complaints(mut value: Value) -> String {
        let complaints = check(&mut value, &INPUT);
        complaints.iter().map(|complaint| format!("{}: {}\n", complaint.name, complaint.message)).collect()
    }

    #[test]
    fn what_fits_is_not_complained_about() {
        assert_eq!(complaints(json!({})), "");
        let full = json!({
            "account": "123456789012", "tag": "team", "items": [{"comparison": "EQUALS", "value": "x"}],
            "maxResults": 100, "since": 1_700_000_000.5, "one": {"a": true},
        });
        assert_eq!(complaints(full), "");
    }

    #[test]
    fn null_and_unknown_members_are_as_if_absent() {
        let mut value = json!({"account": null, "newer": {"x": 1}, "one": {"a": true, "c": 1, "b": null}});
        assert_eq!(check(&mut value, &INPUT), []);
        assert_eq!(value, json!({"one": {"a": true}}));
    }

    #[test]
    fn complaints_name_the_member_and_the_rule() {
        let wrong = json!({
            "account": "12", "tag": "aws:x", "maxResults": 101, "since": "2026-01-01T00:00:00Z",
            "items": [{"comparison": "LIKE", "value": ""}, {"value": 7}, {}], "one": {"a": true, "b": false},
        });
        insta::assert_snapshot!(complaints(wrong));
    }

    #[test]
    fn a_long_list_of_errors_is_cut() {
        let items: Vec<Value> = (0..1000).map(|_| json!({})).collect();
        let mut value = json!(items);
        let many = Constraint::List { min: 0, max: usize::MAX, item: &ITEM };
        assert_eq!(check(&mut value, &many).len(), MOST);
    }
}
