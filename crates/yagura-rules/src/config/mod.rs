//! Infrastructure as code: what templates would build, judged before it is built.
//!
//! Readers make [`Resource`]s of CloudFormation templates ([`cloudformation`]), of Terraform files ([`terraform`]) and
//! of files that stand alone ([`formats`]); rules see only these. What a document does not say is [`Value::Unknown`],
//! and no rule finds anything on the ground of an unknown value.

mod cdk;
mod cdk_layer2;
mod cloudformation;
mod compose;
mod credential;
mod dockerfile;
mod formats;
mod github;
mod gitlab;
mod kubernetes;
mod policy;
mod query;
mod terraform;
mod value;
mod view;
mod yaml;

pub use query::Config;
pub use value::Value;
pub use view::View;

use crate::rule::Rule;
use formats::{FORMATS, Format, Refused, has};
use std::collections::{BTreeMap, BTreeSet};
use yagura_model::{CodeCause, CodeDetection, Suppressed, TreePath, Unread, UnreadReason};

/// Deeper nesting is refused in every format.
const MOST_DEPTH: usize = 100;

/// Larger files are no templates.
const MOST_BYTES: usize = 4 << 20;

/// One resource, whatever wrote it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// `aws_s3_bucket`, `AWS::S3::Bucket`; data sources begin with `data.`.
    pub kind: String,
    /// Its name in the document. Rules do not see it.
    pub name: String,
    /// Kind and name, as findings show it.
    pub address: String,
    /// The file.
    pub path: String,
    /// First and last line, from 1.
    pub lines: (u32, u32),
    /// A map of its properties.
    pub properties: Value,
    /// Check ids and reasons of suppressions in the document's own data.
    pub skips: Vec<(String, String)>,
}

/// The rules, by the type of resource that they are about.
#[derive(Debug)]
pub struct Configs<'a> {
    rules: BTreeMap<&'a str, Vec<(&'a Rule, &'a Config)>>,
}

/// The files of a tree that may be templates.
#[derive(Default)]
pub struct Documents {
    /// Path and text, by directory.
    terraform: BTreeMap<String, Vec<(String, String)>>,
    templates: Vec<(String, String)>,
    /// Plans of Terraform in JSON.
    plans: Vec<(String, String)>,
    /// What looks like a template and is too large for one.
    large: Vec<Unread>,
    /// Files that stand alone, with their format.
    single: Vec<(&'static Format, String, String)>,
}

impl Documents {
    /// Takes a file whose name and text say that it may be one.
    pub fn add(&mut self, path: &TreePath, bytes: &[u8]) {
        self.add_single(path, bytes);
        let name = path.name();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let terraform = [".tf", ".tf.json", ".tfvars", ".tfvars.json"].iter().any(|end| name.ends_with(end));
        let plan = !terraform && extension == "json" && has(bytes, "\"planned_values\"");
        let template = !terraform
            && matches!(extension, "yaml" | "yml" | "json" | "template")
            && has(bytes, "Resources")
            && has(bytes, "AWS::");
        if !terraform && !plan && !template {
            return;
        }
        if bytes.len() > MOST_BYTES {
            return self.large.push(Unread {
                path: path.clone(),
                reason: UnreadReason::LeftOut,
                detail: format!("a template of {} bytes is not looked at", bytes.len()),
            });
        }
        let file = (path.as_str().to_owned(), String::from_utf8_lossy(bytes).into_owned());
        if terraform {
            self.terraform.entry(path.parent().to_owned()).or_default().push(file);
        } else if plan {
            self.plans.push(file);
        } else {
            self.templates.push(file);
        }
    }

    /// Takes a file that stands alone, once for each format that it may be.
    fn add_single(&mut self, path: &TreePath, bytes: &[u8]) {
        for format in FORMATS.iter().filter(|format| (format.takes)(path, bytes)) {
            if bytes.len() > MOST_BYTES {
                let detail = format!("configuration of {} bytes is not looked at", bytes.len());
                self.large.push(Unread { path: path.clone(), reason: UnreadReason::LeftOut, detail });
                break;
            }
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.single.push((format, path.as_str().to_owned(), text));
        }
    }
}

impl<'a> Configs<'a> {
    /// Prepares these rules.
    pub fn new(rules: impl IntoIterator<Item = (&'a Rule, &'a Config)>) -> Self {
        let mut by_kind: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (rule, config) in rules {
            for kind in &config.resources {
                by_kind.entry(kind).or_default().push((rule, config));
            }
        }
        Self { rules: by_kind }
    }

    /// Judges every resource of the documents.
    pub fn judge(&self, documents: &Documents) -> (Vec<CodeDetection>, Vec<Unread>) {
        let (mut found, mut unread) = (Found::default(), documents.large.clone());
        let mut refuse = |path: &str, Refused { reason, detail }: Refused| {
            unread.push(Unread { path: TreePath::from_text(path).unwrap_or_default(), reason, detail });
        };
        let mut directories = terraform::Directories::new();
        let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
        for (directory, files) in &documents.terraform {
            let parsed = directories.entry(directory.clone()).or_default();
            for (path, text) in files {
                match terraform::parse(path, text) {
                    Ok(file) => {
                        texts.insert(path, text);
                        parsed.push(file);
                    }
                    Err(detail) => refuse(path, detail.into()),
                }
            }
        }
        let text = |path: &str| texts.get(path).copied().unwrap_or_default();
        for root in terraform::roots(&directories) {
            self.view(&terraform::read(&directories, root), &text, &mut found);
        }
        for (path, text) in &documents.plans {
            match terraform::plan::read(path, text) {
                Ok(resources) => self.view(&resources, &|_| text, &mut found),
                Err(detail) => refuse(path, detail.into()),
            }
        }
        for (path, text) in &documents.templates {
            match cloudformation::read(path, text) {
                Ok(resources) => self.view(&resources, &|_| text, &mut found),
                Err(detail) => refuse(path, detail.into()),
            }
        }
        for (format, path, text) in &documents.single {
            match (format.read)(path, text) {
                Ok(resources) => self.view(&resources, &|_| text, &mut found),
                Err(refused) => refuse(path, refused),
            }
        }
        (found.detections, unread)
    }

    fn view<'t>(&self, resources: &[Resource], text: &dyn Fn(&str) -> &'t str, found: &mut Found) {
        let view = View::new(resources);
        for resource in resources {
            for (rule, config) in self.rules.get(resource.kind.as_str()).into_iter().flatten() {
                if config.finds(resource, &view)
                    && found.seen.insert((rule.id.clone(), resource.path.clone(), resource.lines))
                {
                    found.detections.push(detection(rule, resource, text(&resource.path)));
                }
            }
        }
    }
}

/// What was found. Instances of one block, and a module that several directories call, are written once and found once.
#[derive(Default)]
struct Found {
    detections: Vec<CodeDetection>,
    /// Rule, path and lines of these.
    seen: BTreeSet<(String, String, (u32, u32))>,
}

fn detection(rule: &Rule, resource: &Resource, text: &str) -> CodeDetection {
    CodeDetection {
        cause: CodeCause {
            detector: format!("config/{}@v1", rule.id),
            detector_name: rule.name.clone(),
            tags: rule.tags.clone(),
            cwes: rule.cwe.clone(),
            severity: rule.severity,
            description: rule.description.clone(),
            remediation: rule.remediation.clone(),
            rule: rule.id.clone(),
            path: resource.path.clone(),
            lines: resource.lines,
            layer: None,
            flow: Vec::new(),
        },
        name_ja: rule.name_ja.clone(),
        columns: (1, 1),
        excerpt: resource.address.clone(),
        suppressed: suppressed(rule, resource, text),
    }
}

/// Words of comments, and what stands between the id and its reason.
const WORDS: &[(&str, char)] =
    &[("checkov:skip=", ':'), ("yagura:ignore ", ' '), ("trivy:ignore:", ' '), ("hadolint ignore=", ' ')];

/// What the document says about this rule: `checkov:skip=ID:reason` or `yagura:ignore RULE reason` in a comment inside
/// the resource, or the metadata of a template.
fn suppressed(rule: &Rule, resource: &Resource, text: &str) -> Option<Suppressed> {
    let known = |id: &str| id == rule.id || rule.equivalents.values().flatten().any(|other| other == id);
    let by = |line: u32, reason: &str| {
        let reason = reason.trim();
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        Some(Suppressed { by: format!("{}:{line}", resource.path), reason, until: None })
    };
    if let Some((_, reason)) = resource.skips.iter().find(|(id, _)| known(id)) {
        return by(resource.lines.0, reason);
    }
    let (first, last) = resource.lines;
    // A line of nothing but a comment speaks of what is below it.
    let above = first.saturating_sub(1).max(1);
    let before = usize::try_from(above - 1).unwrap_or(usize::MAX);
    for (line, number) in text.lines().skip(before).zip(above..=last) {
        if number < first && !line.trim_start().starts_with(['#', '/', '*']) {
            continue;
        }
        for (word, end) in WORDS {
            let Some((_, rest)) = line.split_once(word) else { continue };
            let (ids, reason) = rest.split_once(*end).unwrap_or((rest, ""));
            if ids.trim().split(',').any(|id| id == "*" || known(id.trim())) {
                return by(number, reason);
            }
        }
    }
    None
}
