//! One helper for every cataloger's tests: a file in, what was found out.

use crate::{Cataloger, Found};
use yagura_fs::{File, Limits};
use yagura_model::TreePath;

/// Reads bytes as the file at `path` and returns what the cataloger found; an error becomes an `unread` entry.
pub fn read(cataloger: &dyn Cataloger, path: &str, bytes: &[u8]) -> Found {
    let limits = Limits::default();
    let path = TreePath::from_text(path).unwrap_or_default();
    let file = File::in_memory(&path, bytes, true, &limits);
    let mut found = Found::default();
    if let Err(error) = cataloger.read(&file, &mut found) {
        found.unread.push(error.to_unread());
    }
    found
}

/// One line per package, for snapshots: `name version [scope relation] (licences) <- path`, then the rest.
pub fn render(found: &Found) -> String {
    let mut out = String::new();
    for package in &found.packages {
        out.push_str(&format!("{} {} {}", package.ecosystem, package.name, package.version));
        if let Some(source) = &package.source {
            out.push_str(&format!(" source={}@{}", source.name, source.version));
        }
        for (key, value) in [
            ("arch", &package.arch),
            ("module", &package.module),
            ("vendor", &package.vendor),
            ("commit", &package.commit),
        ] {
            if let Some(value) = value {
                out.push_str(&format!(" {key}={value}"));
            }
        }
        out.push_str(&format!(" {:?}/{:?}", package.scope, package.relation).to_lowercase());
        if !package.licenses.is_empty() {
            out.push_str(&format!(" ({})", package.licenses.join("; ")));
        }
        if !package.depends_on.is_empty() {
            out.push_str(&format!(" -> {}", package.depends_on.join(", ")));
        }
        for location in &package.locations {
            out.push_str(&format!(" @{}", location.path));
        }
        out.push('\n');
    }
    for note in &found.notes {
        out.push_str(&format!("note {}\n", serde_json::to_string(note).unwrap_or_default()));
    }
    for unread in &found.unread {
        out.push_str(&format!("unread {} {:?} {}\n", unread.path, unread.reason, unread.detail));
    }
    out
}

/// A path for each glob of a cataloger, so that bytes without a name of their own can be read as what it wants.
pub fn wanted_paths(cataloger: &dyn Cataloger) -> Vec<String> {
    let executable = cataloger.wants_executables().then(|| "app/sample.dll".to_owned());
    let named = cataloger.files().iter().map(|glob| {
        let glob = match glob.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?))) {
            Some((start, (choices, end))) => {
                format!("{start}{}{end}", choices.split(',').next().unwrap_or_default())
            }
            // Python's metadata counts only in such a directory, and nothing else minds it.
            None if !glob.contains('/') => format!("app/sample-1.dist-info/{glob}"),
            None => (*glob).to_owned(),
        };
        glob.replace("**", "app").replace('*', "sample-1")
    });
    executable.into_iter().chain(named).collect()
}

/// Gives the same bytes to every cataloger, whatever its globs say, under the given path and under paths that it
/// wants: the body of the fuzz target and of the test that replays its corpus. Panics where a cataloger does.
pub fn read_with_all(path: &str, bytes: &[u8]) {
    for cataloger in crate::ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers) {
        let wanted = wanted_paths(*cataloger);
        for path in [Some(path), wanted.first().map(String::as_str)].into_iter().flatten() {
            let found = read(*cataloger, path, bytes);
            // What was found must survive the layer cache.
            let stored = serde_json::to_vec(&found).unwrap_or_default();
            let restored: Option<Found> = serde_json::from_slice(&stored).ok();
            assert!(restored.as_ref() == Some(&found), "{} does not survive the cache", cataloger.id());
        }
    }
}

/// Reads bytes as an executable: every cataloger that wants executables sees them.
pub fn read_executable(path: &str, bytes: &[u8]) -> Found {
    let mut all = Found::default();
    for cataloger in crate::ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers) {
        if cataloger.wants_executables() {
            let Found { packages, notes, unread } = read(*cataloger, path, bytes);
            all.packages.extend(packages);
            all.notes.extend(notes);
            all.unread.extend(unread);
        }
    }
    all
}
