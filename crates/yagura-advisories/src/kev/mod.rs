//! CISA's catalogue of known exploited vulnerabilities, JSON and CSV.
//!
//! Format: <https://www.cisa.gov/known-exploited-vulnerabilities-catalog>. Left out: vendor and product names,
//! which are not package names.

use crate::feed::{Document, Facts, Feed, FeedError, Pick, Sink, cwe, timestamp};
use jiff::civil::Date;
use serde::Deserialize;
use yagura_model::{Kev, SourceId};

/// The catalogue.
pub struct Catalogue;

#[derive(Deserialize)]
struct Json {
    #[serde(rename = "dateReleased")]
    released: Option<String>,
    vulnerabilities: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    cve: String,
    vulnerability_name: Option<String>,
    date_added: String,
    short_description: Option<String>,
    required_action: Option<String>,
    due_date: Option<String>,
    known_ransomware_campaign_use: Option<String>,
    #[serde(default)]
    cwes: Vec<String>,
}

impl Feed for Catalogue {
    fn id(&self) -> &'static str {
        "kev"
    }

    fn title(&self) -> &'static str {
        "CISA known exploited vulnerabilities"
    }

    fn base(&self) -> &'static str {
        "https://www.cisa.gov/sites/default/files/feeds"
    }

    fn folder(&self) -> &'static str {
        "kev"
    }

    fn start(&self) -> Vec<Pick> {
        vec![Pick::new("known_exploited_vulnerabilities.json")]
    }

    fn reads(&self, path: &str) -> bool {
        matches!(path, "known_exploited_vulnerabilities.json" | "known_exploited_vulnerabilities.csv")
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("kev")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let malformed = |error: &dyn std::fmt::Display| FeedError::malformed(document.path, error);
        if document.path.ends_with(".csv") {
            let text = std::str::from_utf8(document.bytes).map_err(|error| malformed(&error))?;
            return read_csv(document.path, text, out);
        }
        let json: Json = serde_json::from_slice(document.bytes).map_err(|error| malformed(&error))?;
        if let Some(released) = json.released.as_deref().and_then(timestamp) {
            out.dated(released);
        }
        for entry in json.vulnerabilities {
            push(entry, out);
        }
        Ok(())
    }
}

fn push(entry: Entry, out: &mut dyn Sink) {
    let Ok(added) = entry.date_added.parse::<Date>() else {
        out.unread(format!("`{}` has no date of addition", entry.cve));
        return;
    };
    let mut facts = Facts::new("kev", entry.cve.clone());
    facts.summary = entry.vulnerability_name.unwrap_or_default();
    facts.details = entry.short_description.unwrap_or_default();
    facts.cwes = entry.cwes.iter().filter_map(|text| cwe(text)).collect();
    out.facts(facts);
    let kev = Kev {
        added,
        due: entry.due_date.and_then(|date| date.parse().ok()),
        action: entry.required_action.unwrap_or_default(),
        ransomware: entry.known_ransomware_campaign_use.as_deref() == Some("Known"),
    };
    out.kev(&entry.cve, kev);
}

fn read_csv(path: &str, text: &str, out: &mut dyn Sink) -> Result<(), FeedError> {
    let mut rows = csv(text).into_iter();
    let header = rows.next().filter(|row| row.first().is_some_and(|name| name == "cveID"));
    let header = header.ok_or_else(|| FeedError::malformed(path, "no header line"))?;
    let column = |name: &str| header.iter().position(|field| field == name);
    let columns = [
        "vulnerabilityName",
        "dateAdded",
        "shortDescription",
        "requiredAction",
        "dueDate",
        "knownRansomwareCampaignUse",
        "cwes",
    ]
    .map(column);
    for row in rows {
        let [name, added, description, action, due, ransomware, cwes] =
            columns.map(|index| index.and_then(|index| row.get(index)).cloned());
        let Some(cve) = row.first().filter(|cve| cve.starts_with("CVE-")).cloned() else { continue };
        if let Some(date) = added.as_deref().and_then(timestamp) {
            out.dated(date);
        }
        let entry = Entry {
            cve,
            vulnerability_name: name,
            date_added: added.unwrap_or_default(),
            short_description: description,
            required_action: action,
            due_date: due,
            known_ransomware_campaign_use: ransomware,
            cwes: cwes.unwrap_or_default().split(',').map(str::to_owned).collect(),
        };
        push(entry, out);
    }
    Ok(())
}

/// RFC 4180: fields in double quotes may hold commas, line ends and doubled quotes.
fn csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        match (quoted, character) {
            (true, '"') if characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut field)),
            (false, '\r') => {}
            (false, '\n') => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (_, other) => field.push(other),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    fn read(path: &str, text: &str) -> Batch {
        let mut batch = Batch::default();
        Catalogue.read(&Document { path, bytes: text.as_bytes() }, &mut batch).unwrap();
        batch
    }

    #[test]
    fn json_and_csv_say_the_same() {
        let json = r#"{"dateReleased":"2025-08-25T17:04:19.9Z","vulnerabilities":[{"cveID":"CVE-2025-1",
            "vulnerabilityName":"A \"b\"","dateAdded":"2025-08-25","shortDescription":"x, y","requiredAction":"do",
            "dueDate":"2025-09-15","knownRansomwareCampaignUse":"Known","cwes":["CWE-59"]}]}"#;
        let csv = "cveID,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,knownRansomwareCampaignUse,cwes\r\n\
            CVE-2025-1,\"A \"\"b\"\"\",2025-08-25,\"x, y\",do,2025-09-15,Known,CWE-59\r\n";
        let json = read("known_exploited_vulnerabilities.json", json);
        let csv = read("known_exploited_vulnerabilities.csv", csv);
        assert_eq!((&json.kev, &json.facts), (&csv.kev, &csv.facts));
        assert_eq!(json.facts[0].cwes, [59]);
        assert!(json.kev[0].1.ransomware);
    }
}
