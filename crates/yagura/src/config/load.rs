//! Putting the layers together, and remembering where each value came from.

use super::{Config, ENTRIES, Entry};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where values may come from, weakest first.
#[derive(Debug, Default)]
pub struct Layers<'a> {
    /// The file and its text.
    pub file: Option<(&'a Path, &'a str)>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Flags: key and text.
    pub flags: Vec<(String, String)>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// One effective value.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The option.
    pub entry: &'static Entry,
    /// Its value as the file would spell it; secrets are hidden.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The file is not TOML.
    #[error("{file}:{line}: {detail}")]
    Syntax {
        /// The file.
        file: String,
        /// From 1.
        line: usize,
        /// What the parser says.
        detail: String,
    },
    /// A key that nothing reads.
    #[error("{place}: there is no option `{key}`{}", suggestion(.nearest.as_deref()))]
    Unknown {
        /// File and line, or the variable.
        place: String,
        /// The key.
        key: String,
        /// One that is spelled alike.
        nearest: Option<String>,
    },
    /// A value that does not fit.
    #[error("{place}: {key}: {detail}")]
    Value {
        /// File and line, variable or flag.
        place: String,
        /// The option.
        key: String,
        /// What was wanted.
        detail: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
}

/// Puts the layers together.
///
/// # Errors
/// The first unknown key or unfit value, with its place.
pub fn load(layers: &Layers<'_>) -> Result<(Config, Vec<Setting>), ConfigError> {
    let mut config = Config::default();
    let mut origins: BTreeMap<&'static str, Origin> = BTreeMap::new();
    if let Some((path, text)) = layers.file {
        for (key, value, line) in file_values(path, text)? {
            let place = format!("{}:{line}", path.display());
            let Some(entry) = ENTRIES.iter().find(|entry| entry.key == key) else {
                let nearest = nearest(&key);
                return Err(ConfigError::Unknown { place, key, nearest });
            };
            config.set(entry.key, &value).map_err(|detail| ConfigError::Value { place, key, detail })?;
            origins.insert(entry.key, Origin::File(path.to_owned(), line));
        }
    }
    for entry in ENTRIES {
        let name = entry.variable();
        if let Some((_, text)) = layers.environment.iter().find(|(variable, _)| *variable == name) {
            config.set_text(entry.key, text).map_err(|detail| ConfigError::Value {
                place: name.clone(),
                key: entry.key.to_owned(),
                detail,
            })?;
            origins.insert(entry.key, Origin::Environment(name));
        }
    }
    for (key, text) in &layers.flags {
        let place = format!("--{key}");
        let Some(entry) = ENTRIES.iter().find(|entry| entry.key == key) else {
            return Err(ConfigError::Unknown { place, key: key.clone(), nearest: nearest(key) });
        };
        config.set_text(entry.key, text).map_err(|detail| ConfigError::Value {
            place,
            key: key.clone(),
            detail,
        })?;
        origins.insert(entry.key, Origin::Flag(key.clone()));
    }
    let settings = ENTRIES
        .iter()
        .map(|entry| {
            let value = config.shown(entry.key).unwrap_or_default();
            let hidden = entry.secret && !matches!(value.as_str(), "\"\"" | "[]") && !value.contains('…');
            Setting {
                entry,
                value: if hidden { hide(&value) } else { value },
                origin: origins.get(entry.key).cloned().unwrap_or(Origin::Default),
            }
        })
        .collect();
    Ok((config, settings))
}

/// A database address keeps everything but its password; other secrets keep nothing.
fn hide(value: &str) -> String {
    match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) => {
            let user = rest.split([':', '@']).next().unwrap_or_default();
            format!("{scheme}://{user}:…@{host}")
        }
        _ if value.starts_with("\"sqlite:") => value.to_owned(),
        _ => "\"…\"".to_owned(),
    }
}

/// Keys, values and lines of the file. Tables are entered until a key is an option.
fn file_values(path: &Path, text: &str) -> Result<Vec<(String, toml::Value, usize)>, ConfigError> {
    let syntax = |span: Option<Range<usize>>, detail: &str| ConfigError::Syntax {
        file: path.display().to_string(),
        line: line_of(text, span.map_or(0, |span| span.start)),
        detail: detail.trim().to_owned(),
    };
    let table: toml::Table = toml::from_str(text).map_err(|error| syntax(error.span(), error.message()))?;
    let spans = toml::de::DeTable::parse(text).map_err(|error| syntax(error.span(), error.message()))?;
    let mut found = Vec::new();
    enter("", &table, Some(spans.get_ref()), text, &mut found);
    Ok(found)
}

fn enter(
    prefix: &str,
    table: &toml::Table,
    spans: Option<&toml::de::DeTable<'_>>,
    text: &str,
    found: &mut Vec<(String, toml::Value, usize)>,
) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let spanned = spans.and_then(|spans| spans.iter().find(|(spelled, _)| spelled.get_ref() == name));
        let line = spanned.map_or(1, |(spelled, _)| line_of(text, spelled.span().start));
        match value {
            toml::Value::Table(inner) if ENTRIES.iter().all(|entry| entry.key != key) => {
                let inner_spans = spanned.and_then(|(_, value)| match value.get_ref() {
                    toml::de::DeValue::Table(table) => Some(table),
                    _ => None,
                });
                enter(&key, inner, inner_spans, text, found);
            }
            value => found.push((key, value.clone(), line)),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The option spelled most alike, if it is alike at all. One of the same name in another table is as near as two letters.
fn nearest(key: &str) -> Option<String> {
    let name = |key: &str| key.rsplit_once('.').map_or(key, |(_, name)| name).to_owned();
    let wanted = name(key);
    let apart = |other: &str| match distance(key, other) {
        apart if name(other) == wanted => apart.min(2),
        apart => apart,
    };
    ENTRIES
        .iter()
        .map(|entry| (apart(entry.key), entry.key))
        .min()
        .filter(|(distance, _)| *distance <= 1 + key.len() / 4)
        .map(|(_, key)| key.to_owned())
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (slot, right) in row.iter_mut().skip(1).zip(b.bytes()) {
            let cost = diagonal + usize::from(left != right);
            diagonal = *slot;
            before = cost.min(before + 1).min(diagonal + 1);
            *slot = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(text: &str) -> Result<(Config, Vec<Setting>), ConfigError> {
        load(&Layers { file: Some((Path::new("yagura.toml"), text)), ..Layers::default() })
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let (config, settings) = load(&Layers {
            file: Some((Path::new("yagura.toml"), "listen = \"a:1\"\ndata-dir = \"d\"\nregion = \"r\"\n")),
            environment: vec![("YAGURA_LISTEN".into(), "b:2".into()), ("YAGURA_REGION".into(), "s".into())],
            flags: vec![("listen".into(), "c:3".into())],
        })
        .unwrap();
        assert_eq!((config.listen.as_str(), config.region.as_str()), ("c:3", "s"));
        let origins: Vec<String> = settings
            .iter()
            .filter(|setting| ["listen", "data-dir", "region", "log"].contains(&setting.entry.key))
            .map(|setting| format!("{} {} {}", setting.entry.key, setting.value, setting.origin))
            .collect();
        insta::assert_snapshot!(origins.join("\n"), @r#"
        listen "c:3" --listen
        data-dir "d" yagura.toml:2
        region "s" YAGURA_REGION
        log "info" default
        "#);
    }

    #[test]
    fn tables_are_typed() {
        let (config, _) = from_file(
            "[aws]\nregions = [\"eu-west-1\"]\n[[aws.accounts]]\nid = \"333344445555\"\nrole = \"Scan\"\n\
             [intervals]\ndiscover = \"90s\"\n[prices]\nECR_RESCAN = 0.01\n",
        )
        .unwrap();
        assert_eq!(config.aws_regions, ["eu-west-1"]);
        assert_eq!(config.aws_accounts[0].role, "Scan");
        assert_eq!(config.every_discover, super::super::Duration::seconds(90));
        assert_eq!(config.prices.0["ECR_RESCAN"], 0.01);
    }

    #[test]
    fn errors_point_at_the_line() {
        for (text, expected) in [
            ("\n\nlisen = \"x\"\n", "yagura.toml:3: there is no option `lisen`; did you mean `listen`?"),
            (
                "[aws]\nregion = []\n",
                "yagura.toml:2: there is no option `aws.region`; did you mean `aws.regions`?",
            ),
            (
                "[service]\nthis-machine = false\n",
                "yagura.toml:2: there is no option `service.this-machine`; did you mean `this-machine`?",
            ),
            ("workers = \"two\"\n", "yagura.toml:1: workers: wanted a number, found string"),
            (
                "[intervals]\nsweep = \"soon\"\n",
                "yagura.toml:2: intervals.sweep: wanted a duration such as 90s, 5m, 6h or 1d, found `soon`",
            ),
        ] {
            assert_eq!(from_file(text).unwrap_err().to_string(), expected);
        }
        assert!(matches!(from_file("a = [\n").unwrap_err(), ConfigError::Syntax { .. }));
    }

    #[test]
    fn secrets_are_not_shown() {
        let (_, settings) = from_file(
            "database = \"postgres://ya:hunter2@db/x\"\n[aws]\nexternal-id = \"hunter2\"\n\
             accounts = [{ id = \"333344445555\", role = \"R\", external-id = \"hunter2\" }]\n\
             [[webhooks]]\nurl = \"https://x/hunter2\"\nsecret = \"hunter2\"\n",
        )
        .unwrap();
        let shown: String = settings.iter().map(|setting| setting.value.clone() + "\n").collect();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("postgres://ya:…@db/x"), "{shown}");
    }

    #[test]
    fn every_option_has_its_own_variable() {
        let mut names: Vec<String> = ENTRIES.iter().map(Entry::variable).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
