//! VEX documents: OpenVEX, CycloneDX VEX, CSAF VEX.
//!
//! Only the statuses *not affected* and *fixed* decide anything; *affected* and *under investigation* leave a
//! detection as it is.

use super::{BadDecisions, Rule};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reads a VEX document; its content tells the format.
///
/// # Errors
/// It is not JSON, or no VEX document.
pub fn read_vex(name: &str, bytes: &[u8]) -> Result<Vec<Rule>, BadDecisions> {
    let bad = |detail: String, line| BadDecisions { file: name.to_owned(), line, detail };
    let document: Document = serde_json::from_slice(bytes).map_err(|error| {
        bad(format!("is no VEX document: {error}"), Some(error.line()).filter(|line| *line > 0))
    })?;
    if document.context.as_deref().is_some_and(|context| context.contains("openvex")) {
        return Ok(open_vex(name, &document.statements));
    }
    if document.bom_format.as_deref() == Some("CycloneDX") {
        return Ok(cyclone_dx(name, &document));
    }
    if let Some(tree) = &document.product_tree {
        return Ok(csaf(name, tree, &document.vulnerabilities));
    }
    Err(bad("is neither OpenVEX nor CycloneDX nor CSAF".to_owned(), None))
}

#[derive(Deserialize)]
struct Document {
    #[serde(default, rename = "@context")]
    context: Option<String>,
    #[serde(default)]
    statements: Vec<Statement>,
    #[serde(default, rename = "bomFormat")]
    bom_format: Option<String>,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
    #[serde(default)]
    product_tree: Option<ProductTree>,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Named,
    #[serde(default)]
    products: Vec<Product>,
    status: String,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    impact_statement: Option<String>,
}

impl Statement {
    /// The ids of the vulnerability, and the products or parts of them.
    fn about(&self) -> (Vec<String>, Vec<String>) {
        let mut ids = match &self.vulnerability {
            Named::Text(text) => vec![text.clone()],
            Named::Object { name, id, aliases } => name.iter().chain(id).chain(aliases).cloned().collect(),
        };
        ids.iter_mut().for_each(|id| *id = id.rsplit('/').next().unwrap_or(id).to_owned());
        let mut purls = Vec::new();
        self.products.iter().for_each(|product| product.purls(4, &mut purls));
        (ids, purls)
    }
}

/// A name, alone as in early versions or in an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Text(String),
    Object {
        #[serde(default)]
        name: Option<String>,
        #[serde(default, rename = "@id")]
        id: Option<String>,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Product {
    Text(String),
    Object {
        #[serde(default, rename = "@id")]
        id: Option<String>,
        #[serde(default)]
        identifiers: BTreeMap<String, String>,
        #[serde(default)]
        subcomponents: Vec<Product>,
    },
}

impl Product {
    /// The purls of the parts that are meant: the subcomponents where there are any, else the product.
    fn purls(&self, depth: usize, out: &mut Vec<String>) {
        match self {
            Self::Text(text) => out.push(text.clone()),
            Self::Object { subcomponents, .. } if !subcomponents.is_empty() && depth > 0 => {
                subcomponents.iter().for_each(|part| part.purls(depth - 1, out));
            }
            Self::Object { id, identifiers, .. } => {
                out.extend(identifiers.get("purl").or(id.as_ref()).cloned());
            }
        }
    }
}

fn open_vex(name: &str, statements: &[Statement]) -> Vec<Rule> {
    // A later statement about the same thing replaces an earlier one, whatever either says.
    let mut latest: BTreeMap<(Vec<String>, Vec<String>), usize> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        latest.insert(statement.about(), index);
    }
    let decided = statements.iter().enumerate().filter(|(index, statement)| {
        matches!(statement.status.as_str(), "not_affected" | "fixed")
            && latest.get(&statement.about()) == Some(index)
    });
    decided
        .filter_map(|(index, statement)| {
            let (ids, purls) = statement.about();
            let purls = packages(purls)?;
            Some(Rule {
                by: format!("{name}#/statements/{index}"),
                ids,
                purls,
                reason: statement
                    .impact_statement
                    .clone()
                    .or_else(|| statement.justification.clone())
                    .or_else(|| Some(statement.status.clone())),
                ..Rule::default()
            })
        })
        .collect()
}

/// A statement about a whole image or product covers everything in the scan; one about packages covers those.
/// `None` when it names nothing.
fn packages(products: Vec<String>) -> Option<Vec<String>> {
    if products.is_empty() {
        return None;
    }
    let whole =
        products.iter().any(|product| product.starts_with("pkg:oci/") || !product.starts_with("pkg:"));
    Some(if whole { Vec::new() } else { products })
}

#[derive(Deserialize)]
struct Component {
    #[serde(default, rename = "bom-ref")]
    reference: Option<String>,
    #[serde(default)]
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    analysis: Option<Analysis>,
    #[serde(default)]
    affects: Vec<Affects>,
    #[serde(default)]
    cve: Option<String>,
    #[serde(default)]
    product_status: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    flags: Vec<Flag>,
}

#[derive(Deserialize)]
struct Analysis {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    detail: Option<String>,
}

#[derive(Deserialize)]
struct Affects {
    #[serde(rename = "ref")]
    reference: String,
}

#[derive(Deserialize)]
struct Flag {
    label: String,
}

fn cyclone_dx(name: &str, document: &Document) -> Vec<Rule> {
    let purls: BTreeMap<&str, &str> = document
        .components
        .iter()
        .filter_map(|component| Some((component.reference.as_deref()?, component.purl.as_deref()?)))
        .collect();
    let entries = document.vulnerabilities.iter().enumerate();
    entries
        .filter_map(|(index, vulnerability)| {
            let analysis = vulnerability.analysis.as_ref()?;
            let state = analysis.state.as_deref()?;
            if !matches!(state, "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree") {
                return None;
            }
            let affected = vulnerability
                .affects
                .iter()
                .map(|affects| {
                    // A reference into another document ends in that document's own reference.
                    let local = affects.reference.rsplit('#').next().unwrap_or(&affects.reference);
                    purls.get(local).map_or(local.to_owned(), |purl| (*purl).to_owned())
                })
                .collect();
            Some(Rule {
                by: format!("{name}#/vulnerabilities/{index}"),
                ids: vulnerability.id.iter().cloned().collect(),
                purls: packages(affected)?,
                reason: analysis
                    .detail
                    .clone()
                    .or_else(|| analysis.justification.clone())
                    .or_else(|| Some(state.to_owned())),
                ..Rule::default()
            })
        })
        .filter(|rule| !rule.ids.is_empty())
        .collect()
}

#[derive(Deserialize)]
struct ProductTree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    full_product_names: Vec<FullName>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    product: Option<FullName>,
}

#[derive(Deserialize)]
struct FullName {
    product_id: String,
    #[serde(default)]
    product_identification_helper: Option<Helper>,
}

#[derive(Deserialize)]
struct Helper {
    #[serde(default)]
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    product_reference: String,
    full_product_name: FullName,
}

fn csaf(name: &str, tree: &ProductTree, vulnerabilities: &[Vulnerability]) -> Vec<Rule> {
    let mut purls: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open: Vec<&Branch> = tree.branches.iter().collect();
    let mut names: Vec<&FullName> = tree.full_product_names.iter().collect();
    while let Some(branch) = open.pop() {
        names.extend(&branch.product);
        open.extend(&branch.branches);
    }
    for full in names {
        if let Some(purl) =
            full.product_identification_helper.as_ref().and_then(|helper| helper.purl.as_deref())
        {
            purls.insert(&full.product_id, purl);
        }
    }
    for relationship in &tree.relationships {
        if let Some(purl) = purls.get(relationship.product_reference.as_str()).copied() {
            purls.insert(&relationship.full_product_name.product_id, purl);
        }
    }
    let mut rules = Vec::new();
    for (index, vulnerability) in vulnerabilities.iter().enumerate() {
        let Some(id) = &vulnerability.cve else { continue };
        for status in ["known_not_affected", "fixed", "first_fixed"] {
            let named = vulnerability.product_status.get(status).into_iter().flatten();
            let purls: Vec<String> = named
                .filter_map(|product| purls.get(product.as_str()))
                .map(|purl| (*purl).to_owned())
                .collect();
            if !purls.is_empty() {
                rules.push(Rule {
                    by: format!("{name}#/vulnerabilities/{index}"),
                    ids: vec![id.clone()],
                    purls,
                    reason: vulnerability
                        .flags
                        .first()
                        .map(|flag| flag.label.clone())
                        .or_else(|| Some(status.to_owned())),
                    ..Rule::default()
                });
            }
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        match read_vex("v.json", text.as_bytes()) {
            Ok(rules) => rules
                .iter()
                .map(|r| {
                    format!("{} {:?} {:?} {:?}\n", r.by, r.ids, r.purls, r.reason.as_deref().unwrap_or(""))
                })
                .collect(),
            Err(error) => format!("{error}\n"),
        }
    }

    #[test]
    fn the_three_formats_become_rules() {
        insta::assert_snapshot!(rendered(r#"{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [
            {"vulnerability": {"name": "CVE-1", "aliases": ["GHSA-1"]}, "status": "not_affected", "justification": "component_not_present",
             "products": [{"@id": "pkg:oci/a", "subcomponents": [{"@id": "pkg:npm/b@1"}]}]},
            {"vulnerability": "CVE-2", "status": "fixed", "products": ["pkg:npm/c"]},
            {"vulnerability": "CVE-3", "status": "affected", "products": ["pkg:npm/c"]},
            {"vulnerability": "CVE-4", "status": "fixed"}]}"#), @r#"
        v.json#/statements/0 ["CVE-1", "GHSA-1"] ["pkg:npm/b@1"] "component_not_present"
        v.json#/statements/1 ["CVE-2"] ["pkg:npm/c"] "fixed"
        "#);
        insta::assert_snapshot!(rendered(r#"{"bomFormat": "CycloneDX", "components": [{"bom-ref": "x", "purl": "pkg:npm/b@1"}],
            "vulnerabilities": [{"id": "CVE-1", "analysis": {"state": "not_affected", "detail": "why"}, "affects": [{"ref": "urn:cdx:a/1#x"}]},
            {"id": "CVE-2", "analysis": {"state": "exploitable"}, "affects": [{"ref": "x"}]}]}"#), @r#"v.json#/vulnerabilities/0 ["CVE-1"] ["pkg:npm/b@1"] "why""#);
        insta::assert_snapshot!(rendered(r#"{"document": {}, "product_tree": {"branches": [{"branches": [{"product":
            {"product_id": "p", "product_identification_helper": {"purl": "pkg:rpm/redhat/a@1"}}}]}],
            "relationships": [{"product_reference": "p", "full_product_name": {"product_id": "os:p"}}]},
            "vulnerabilities": [{"cve": "CVE-1", "product_status": {"known_not_affected": ["os:p"]}, "flags": [{"label": "code_not_present"}]}]}"#), @r#"v.json#/vulnerabilities/0 ["CVE-1"] ["pkg:rpm/redhat/a@1"] "code_not_present""#);
        assert_eq!(rendered("{}"), "`v.json`: is neither OpenVEX nor CycloneDX nor CSAF\n");
        assert!(rendered("{").starts_with("`v.json` line 1: is no VEX document"));
    }

    #[test]
    fn a_later_statement_replaces_an_earlier_one() {
        let statement = |status: &str| {
            format!(
                r#"{{"vulnerability": {{"name": "CVE-1"}}, "products": ["pkg:npm/a"], "status": "{status}"}}"#
            )
        };
        let rules = |statuses: &[&str]| {
            let statements: Vec<String> = statuses.iter().map(|status| statement(status)).collect();
            let text = format!(
                r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{}]}}"#,
                statements.join(",")
            );
            read_vex("vex.json", text.as_bytes()).unwrap().len()
        };
        assert_eq!(rules(&["not_affected"]), 1);
        assert_eq!(rules(&["not_affected", "affected"]), 0);
        assert_eq!(rules(&["under_investigation", "fixed"]), 1);
    }
}
