//! Types of options and how they are spelled.

use std::collections::BTreeMap;
use toml::Value as Toml;

/// A type that an option can have.
pub trait Value: Sized {
    /// From the file. The error says what was wanted.
    ///
    /// # Errors
    /// Another type, or a text that does not fit.
    fn from_toml(value: &Toml) -> Result<Self, String>;
    /// From the environment or a flag.
    ///
    /// # Errors
    /// A text that does not fit.
    fn from_text(text: &str) -> Result<Self, String>;
    /// As the file would spell it.
    fn to_toml(&self) -> Toml;
}

impl Value for String {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(|| wanted("a text", value))
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn to_toml(&self) -> Toml {
        Toml::String(self.clone())
    }
}

impl Value for bool {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| wanted("true or false", value))
    }

    fn from_text(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            _ => Err(format!("wanted true or false, found `{text}`")),
        }
    }

    fn to_toml(&self) -> Toml {
        Toml::Boolean(*self)
    }
}

impl Value for u64 {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        value
            .as_integer()
            .and_then(|number| Self::try_from(number).ok())
            .ok_or_else(|| wanted("a number", value))
    }

    fn from_text(text: &str) -> Result<Self, String> {
        text.trim().parse().map_err(|_| format!("wanted a number, found `{text}`"))
    }

    fn to_toml(&self) -> Toml {
        Toml::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl Value for Vec<String> {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        let array = value.as_array().ok_or_else(|| wanted("a list of texts", value))?;
        array.iter().map(String::from_toml).collect()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    fn to_toml(&self) -> Toml {
        Toml::Array(self.iter().cloned().map(Toml::String).collect())
    }
}

/// A span of time, spelled `90s`, `5m`, `6h`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration(pub std::time::Duration);

impl Duration {
    /// So many seconds.
    pub const fn seconds(count: u64) -> Self {
        Self(std::time::Duration::from_secs(count))
    }

    /// So many minutes.
    pub const fn minutes(count: u64) -> Self {
        Self::seconds(count * 60)
    }
}

impl Value for Duration {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        Self::from_text(value.as_str().ok_or_else(|| wanted("a duration such as \"5m\"", value))?)
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let bad = || format!("wanted a duration such as 90s, 5m, 6h or 1d, found `{text}`");
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let factor = match text.get(digits.len()..) {
            Some("ms") => None,
            Some("s") => Some(1),
            Some("m") => Some(60),
            Some("h") => Some(3600),
            Some("d") => Some(86_400),
            _ => return Err(bad()),
        };
        let count: u64 = digits.parse().map_err(|_| bad())?;
        match factor {
            None => Ok(Self(std::time::Duration::from_millis(count))),
            Some(factor) => count.checked_mul(factor).map(Self::seconds).ok_or_else(bad),
        }
    }

    fn to_toml(&self) -> Toml {
        let seconds = self.0.as_secs();
        Toml::String(match () {
            () if self.0.subsec_millis() > 0 => format!("{}ms", self.0.as_millis()),
            () if seconds > 0 && seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
            () if seconds > 0 && seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
            () if seconds > 0 && seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
            () => format!("{seconds}s"),
        })
    }
}

/// How another account is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountAccess {
    /// Twelve digits.
    pub id: String,
    /// Name or ARN of the role that is assumed there.
    pub role: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
}

impl Value for Vec<AccountAccess> {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        tables(value, |table| {
            let mut fields = Fields::new(table, &["id", "role", "external-id"])?;
            let access = AccountAccess {
                id: fields.needed("id")?,
                role: fields.needed("role")?,
                external_id: fields.optional("external-id")?,
            };
            if access.id.len() == 12 && access.id.bytes().all(|byte| byte.is_ascii_digit()) {
                Ok(access)
            } else {
                Err(format!("an account id has twelve digits, not `{}`", access.id))
            }
        })
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_toml(&inline(text)?)
    }

    fn to_toml(&self) -> Toml {
        let table = |access: &AccountAccess| {
            let mut table = toml::Table::new();
            table.insert("id".to_owned(), access.id.clone().into());
            table.insert("role".to_owned(), access.role.clone().into());
            if access.external_id.is_some() {
                table.insert("external-id".to_owned(), "…".into());
            }
            Toml::Table(table)
        };
        Toml::Array(self.iter().map(table).collect())
    }
}

/// An address that changes are posted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    /// `https://…`.
    pub url: String,
    /// The key that requests are signed with.
    pub secret: Option<String>,
    /// True for the text form that chat services understand.
    pub slack: bool,
    /// `en` or `ja`.
    pub lang: yagura_model::Lang,
}

impl Value for Vec<WebhookTarget> {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        tables(value, |table| {
            let mut fields = Fields::new(table, &["url", "secret", "form", "lang"])?;
            Ok(WebhookTarget {
                url: fields.needed("url")?,
                secret: fields.optional("secret")?,
                slack: match fields.optional("form")?.as_deref() {
                    None | Some("json") => false,
                    Some("slack") => true,
                    Some(other) => return Err(format!("form is \"json\" or \"slack\", not `{other}`")),
                },
                lang: match fields.optional("lang")?.as_deref() {
                    None | Some("en") => yagura_model::Lang::En,
                    Some("ja") => yagura_model::Lang::Ja,
                    Some(other) => return Err(format!("lang is \"en\" or \"ja\", not `{other}`")),
                },
            })
        })
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_toml(&inline(text)?)
    }

    fn to_toml(&self) -> Toml {
        let table = |target: &WebhookTarget| {
            let mut table = toml::Table::new();
            table.insert("url".to_owned(), "…".into());
            table.insert("form".to_owned(), if target.slack { "slack" } else { "json" }.into());
            Toml::Table(table)
        };
        Toml::Array(self.iter().map(table).collect())
    }
}

/// USD for a unit of each meter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prices(pub BTreeMap<String, f64>);

impl Value for Prices {
    fn from_toml(value: &Toml) -> Result<Self, String> {
        let table = value.as_table().ok_or_else(|| wanted("a table of prices", value))?;
        let price = |value: &Toml| value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
        table
            .iter()
            .map(|(meter, value)| match price(value).filter(|price| *price >= 0.0) {
                Some(price) => Ok((meter.clone(), price)),
                None => Err(format!("the price of {meter} is not a number from 0")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Self::from_toml(&inline(text)?)
    }

    fn to_toml(&self) -> Toml {
        Toml::Table(self.0.iter().map(|(meter, price)| (meter.clone(), Toml::Float(*price))).collect())
    }
}

/// A value written in TOML's own inline form.
fn inline(text: &str) -> Result<Toml, String> {
    let document = format!("value = {text}");
    let mut table: toml::Table =
        toml::from_str(&document).map_err(|_| format!("wanted a TOML value, found `{text}`"))?;
    table.remove("value").ok_or_else(|| format!("wanted a TOML value, found `{text}`"))
}

fn tables<T>(value: &Toml, read: impl Fn(&toml::Table) -> Result<T, String>) -> Result<Vec<T>, String> {
    let array = value.as_array().ok_or_else(|| wanted("a list of tables", value))?;
    array.iter().map(|entry| read(entry.as_table().ok_or_else(|| wanted("a table", entry))?)).collect()
}

struct Fields<'a>(&'a toml::Table);

impl<'a> Fields<'a> {
    fn new(table: &'a toml::Table, known: &[&str]) -> Result<Self, String> {
        match table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(format!("`{key}` is not known here; there are {}", known.join(", "))),
            None => Ok(Self(table)),
        }
    }

    fn optional(&mut self, key: &str) -> Result<Option<String>, String> {
        self.0.get(key).map(String::from_toml).transpose()
    }

    fn needed(&mut self, key: &str) -> Result<String, String> {
        self.optional(key)?.ok_or_else(|| format!("`{key}` is missing"))
    }
}

fn wanted(what: &str, found: &Toml) -> String {
    format!("wanted {what}, found {}", found.type_str())
}
