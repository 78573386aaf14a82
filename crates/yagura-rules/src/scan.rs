//! Shows the files of a tree to the engines.

use crate::code::{Codes, Sources};
use crate::config::{Configs, Documents};
use crate::rule::{Matcher, RuleSet};
use crate::secret::Secrets;
use yagura_fs::{EntryKind, File, Flow, Limits, Tree};
use yagura_model::{CodeDetection, TreePath, Unread, UnreadReason};

/// Larger files are data, not something that a person wrote; they are named as left out.
const MOST_BYTES: u64 = 64 << 20;

/// Folders that belong to tools.
const SKIPPED: &[&str] = &[".git", ".hg", ".svn"];

/// The engines that were asked for.
#[derive(Debug)]
pub struct Scan<'a> {
    secrets: Option<Secrets<'a>>,
    configs: Option<Configs<'a>>,
    codes: Option<Codes<'a>>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Sorted by path, line, column, rule.
    pub detections: Vec<CodeDetection>,
    /// What could not be looked at.
    pub unread: Vec<Unread>,
    /// How many files were read.
    pub files: u64,
    /// How many bytes they had.
    pub bytes: u64,
}

impl<'a> Scan<'a> {
    /// Prepares the engines of these scanners: `secret`, `config`, `code`.
    pub fn new(rules: &'a RuleSet, scanners: &[String]) -> Self {
        let wants = |name: &str| scanners.iter().any(|scanner| scanner == name);
        let secrets = rules.rules.iter().filter_map(|rule| match &rule.matcher {
            Matcher::Secret(secret) => Some((rule, secret)),
            Matcher::Config(_) | Matcher::Code(_) => None,
        });
        let configs = rules.rules.iter().filter_map(|rule| match &rule.matcher {
            Matcher::Config(config) => Some((rule, &**config)),
            Matcher::Secret(_) | Matcher::Code(_) => None,
        });
        let codes = rules.rules.iter().filter_map(|rule| match &rule.matcher {
            Matcher::Code(code) => Some((rule, &**code)),
            Matcher::Secret(_) | Matcher::Config(_) => None,
        });
        Self {
            secrets: wants("secret").then(|| Secrets::new(secrets)),
            configs: wants("config").then(|| Configs::new(configs)),
            codes: wants("code").then(|| Codes::new(codes, &rules.models)),
        }
    }

    /// Looks at every file of a tree. `skips` says which paths are left out (true for a directory).
    pub fn tree(&self, tree: &dyn Tree, limits: &Limits, skips: &dyn Fn(&TreePath, bool) -> bool) -> Scanned {
        let mut out = Scanned::default();
        let mut unread = Vec::new();
        let mut documents = Documents::default();
        let mut sources = Sources::default();
        let walked = tree.walk(limits, &mut unread, &mut |entry| {
            if limits.is_cancelled() {
                return Flow::Stop;
            }
            match entry.kind {
                EntryKind::Directory if SKIPPED.contains(&entry.path.name()) || skips(entry.path, true) => {
                    return Flow::SkipDirectory;
                }
                EntryKind::File(file)
                    if !skips(entry.path, false)
                        && !entry.path.parent().split('/').any(|part| SKIPPED.contains(&part)) =>
                {
                    self.file(&file, &mut documents, &mut sources, &mut out);
                }
                _ => {}
            }
            Flow::Continue
        });
        if let Err(error) = walked {
            unread.push(error.to_unread());
        }
        if limits.is_cancelled() {
            unread.push(Unread {
                path: TreePath::default(),
                reason: UnreadReason::TimedOut,
                detail: "time ran out while looking into files".to_owned(),
            });
        }
        if let Some(configs) = &self.configs {
            let (found, broken) = configs.judge(&documents);
            out.detections.extend(found);
            unread.extend(broken);
        }
        if let Some(codes) = &self.codes {
            let (found, broken) = codes.judge(&sources);
            out.detections.extend(found);
            unread.extend(broken);
        }
        out.unread.append(&mut unread);
        out.unread.sort();
        out.unread.dedup();
        sort(&mut out.detections);
        out
    }

    fn file(&self, file: &File<'_>, documents: &mut Documents, sources: &mut Sources, out: &mut Scanned) {
        let size = file.size();
        if size == 0 {
            return;
        }
        match file.head(8 << 10) {
            Ok(head) if is_binary(&head) => return,
            Ok(_) => {}
            Err(error) => return out.unread.push(error.to_unread()),
        }
        if size > MOST_BYTES {
            out.unread.push(Unread {
                path: file.path.clone(),
                reason: UnreadReason::LeftOut,
                detail: format!("text of {size} bytes is not looked at"),
            });
            return;
        }
        match file.bytes() {
            Ok(bytes) => {
                out.files += 1;
                out.bytes += bytes.len() as u64;
                out.detections.extend(self.text(file.path.as_str(), bytes));
                if self.configs.is_some() {
                    documents.add(file.path, bytes);
                }
                if self.codes.is_some() {
                    sources.add(file.path, bytes);
                }
            }
            Err(error) => out.unread.push(error.to_unread()),
        }
    }

    /// Judges documents that were gathered.
    pub fn documents(&self, documents: &Documents) -> (Vec<CodeDetection>, Vec<Unread>) {
        self.configs.as_ref().map_or_else(Default::default, |configs| configs.judge(documents))
    }

    /// Analyses source files that were gathered.
    pub fn sources(&self, sources: &Sources) -> (Vec<CodeDetection>, Vec<Unread>) {
        self.codes.as_ref().map_or_else(Default::default, |codes| codes.judge(sources))
    }

    /// Looks at one text for secrets, from its beginning to its end. Bytes that are not UTF-8 are taken as they are.
    pub fn text(&self, path: &str, bytes: &[u8]) -> Vec<CodeDetection> {
        self.secrets.as_ref().map_or_else(Vec::new, |secrets| secrets.text(path, bytes))
    }
}

fn sort(found: &mut [CodeDetection]) {
    found.sort_by(|a, b| {
        (&a.cause.path, a.cause.lines, a.columns, &a.cause.rule).cmp(&(
            &b.cause.path,
            b.cause.lines,
            b.columns,
            &b.cause.rule,
        ))
    });
}

/// Text has no NUL bytes, unless it is UTF-16, which is not read.
fn is_binary(head: &[u8]) -> bool {
    head.contains(&0)
}
