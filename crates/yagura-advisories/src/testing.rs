//! The same bytes to every feed reader: the body of the fuzz target and of the test that replays its corpus.

use crate::feed::{Facts, Sink};
use crate::{Document, FEEDS};
use jiff::Timestamp;
use yagura_model::{Advisory, Epss, Kev};

/// Takes everything and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn advisory(&mut self, _: Advisory) {}
    fn facts(&mut self, _: Facts) {}
    fn epss(&mut self, _: &str, _: Epss) {}
    fn kev(&mut self, _: &str, _: Kev) {}
    fn dated(&mut self, _: Timestamp) {}
    fn unread(&mut self, _: String) {}
}

/// Gives a document to every feed, under the path it has and under one that the feed asks for. Panics where a
/// reader does.
pub fn read_with_all(path: &str, bytes: &[u8]) {
    for feed in FEEDS {
        let asked = feed.start().into_iter().map(|pick| pick.path).find(|path| feed.reads(path));
        for path in asked.iter().map(String::as_str).chain([path]) {
            let document = Document { path, bytes };
            // A refusal is a good answer; a panic is the only bad one.
            let _ = feed.read(&document, &mut Nowhere);
            let _ = feed.follow(&document);
        }
    }
}
