//! `Unread` entries about an archive, bounded: a million bad names must not become a million entries.

use crate::ReadError;
use yagura_model::{TreePath, Unread, UnreadReason};

/// Most entries of one archive that are named one by one.
const MOST: u64 = 100;

/// Collects what is wrong with the entries of one archive.
pub struct Complaints<'u> {
    archive: TreePath,
    unread: &'u mut Vec<Unread>,
    count: u64,
}

impl<'u> Complaints<'u> {
    /// Complaints about `archive`, whose path is empty when it is the tree itself.
    pub fn new(archive: &TreePath, unread: &'u mut Vec<Unread>) -> Self {
        Self { archive: archive.clone(), unread, count: 0 }
    }

    /// An entry whose name leads out of the archive. It is not shown to anybody.
    pub fn escape(&mut self, name: &[u8]) {
        let mut name = String::from_utf8_lossy(name).into_owned();
        name.truncate(name.char_indices().nth(200).map_or(name.len(), |(end, _)| end));
        self.push(Unread {
            path: self.archive.clone(),
            reason: UnreadReason::Malformed,
            detail: format!("the name `{name}` leads out of the archive"),
        });
    }

    /// Any other error.
    pub fn error(&mut self, error: &ReadError) {
        self.push(error.to_unread());
    }

    /// Any other entry, which is always named.
    pub fn say(&mut self, entry: Unread) {
        self.unread.push(entry);
    }

    fn push(&mut self, entry: Unread) {
        self.count += 1;
        if self.count <= MOST {
            self.unread.push(entry);
        } else if self.count == MOST + 1 {
            self.unread.push(Unread {
                path: self.archive.clone(),
                reason: entry.reason,
                detail: format!("more than {MOST} entries of this archive cannot be read"),
            });
        }
    }
}
