//! Maven Central: ordered like `org.apache.maven.artifact.versioning.ComparableVersion`.
//!
//! Algorithm: <https://maven.apache.org/pom.html#version-order-specification>. A version is a list of numbers
//! and qualifiers; `-`, and the change between digits and letters, open a list inside the list, always as its
//! last item. Items that mean "nothing" (`0`, `ga`) vanish at the end of a list, and before a list.
//!
//! At one position a missing item counts as nothing, so that a qualifier or list is below or above the end of
//! the version by its first item that means something; a number is above every list, a list above every
//! qualifier. Maven's own comparison is not transitive for versions like `1.sp.1`, which nobody publishes;
//! there the key follows the majority. Releases of Maven disagree about a numbered qualifier after a dot:
//! the key keeps the order in which such versions were published (up to Maven 3.8.6: `1.0.beta8` after
//! `1.0.0rc0`), and takes a plain one after a dot for one after a hyphen, as later releases do.

use super::key::{Key, digits, is_commit, is_zero, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of Maven.
pub struct Maven;

/// The value to register.
pub static MAVEN: Maven = Maven;

impl VersionScheme for Maven {
    fn id(&self) -> &'static str {
        "maven"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if trimmed.is_empty() || is_commit(trimmed) {
            return Err(bad(self, version));
        }
        let lower;
        let text = if trimmed.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
            lower = trimmed.to_lowercase();
            lower.as_str()
        } else {
            trimmed
        };
        let mut lists = parse(text.as_bytes());
        normalize(&mut lists);
        let mut key = Key::of(text);
        write(&mut key, &lists);
        Ok(key.done())
    }
}

/// An item of a list.
#[derive(Clone, Copy)]
enum Item<'a> {
    /// Digits as written.
    Number(&'a [u8]),
    /// A qualifier.
    Word(&'a [u8]),
}

/// The lists from the outermost to the innermost: each is the last item of the one before.
type Lists<'a> = Vec<Vec<Item<'a>>>;

fn parse(version: &[u8]) -> Lists<'_> {
    let mut lists = vec![Vec::new()];
    let mut rest = version;
    loop {
        let (text, tail) = if rest.first().is_some_and(u8::is_ascii_digit) {
            digits(rest)
        } else {
            take(rest, |byte| !byte.is_ascii_digit() && byte != b'.' && byte != b'-')
        };
        let is_digit = text.first().is_none_or(u8::is_ascii_digit);
        let word: &[u8] = match text {
            // Short for the whole words, but only right before a number.
            b"a" if tail.first().is_some_and(u8::is_ascii_digit) => b"alpha",
            b"b" if tail.first().is_some_and(u8::is_ascii_digit) => b"beta",
            b"m" if tail.first().is_some_and(u8::is_ascii_digit) => b"milestone",
            text => text,
        };
        if let Some(list) = lists.last_mut() {
            if !is_digit && tail.is_empty() && !list.is_empty() {
                lists.push(vec![Item::Word(word)]);
            } else if is_digit {
                list.push(Item::Number(text));
            } else {
                list.push(Item::Word(word));
            }
        }
        match tail {
            [] | [b'.' | b'-'] => return lists,
            [b'.', more @ ..] => rest = more,
            [b'-', more @ ..] => {
                lists.push(Vec::new());
                rest = more;
            }
            more => {
                lists.push(Vec::new());
                rest = more;
            }
        }
    }
}

/// Drops what means nothing at the end of lists and before lists, from the innermost list outwards.
fn normalize(lists: &mut Lists<'_>) {
    for list in lists.iter_mut() {
        while list.last().is_some_and(|item| sign(*item) == 0) {
            list.pop();
        }
    }
    while lists.len() > 1 && lists.last().is_some_and(Vec::is_empty) {
        lists.pop();
    }
}

const END: u8 = 0x20;
const NUMBER_LATER: u8 = 0x38;

/// The tags of something that may be below or above nothing.
struct Tags {
    below: u8,
    above: u8,
}

const WORD: Tags = Tags { below: 0x08, above: 0x28 };
const LIST: Tags = Tags { below: 0x10, above: 0x30 };
/// Either after zeros: a zero is above every word and list, and the more zeros, the later.
const LATER: Tags = Tags { below: 0x14, above: 0x34 };

impl Tags {
    fn of(&self, sign: i8) -> u8 {
        if sign < 0 { self.below } else { self.above }
    }
}

fn write(key: &mut Key, lists: &Lists<'_>) {
    // Signs of everything from an item to the end, computed backwards in one pass.
    let mut signs: Vec<i8> = vec![0];
    for item in lists.iter().rev().flat_map(|list| list.iter().rev()) {
        let later = signs.last().copied().unwrap_or(0);
        signs.push(match sign(*item) {
            0 => later,
            own => own,
        });
    }
    let mut open = 1;
    'lists: for (depth, list) in lists.iter().enumerate() {
        let mut zeros = 0;
        for item in list {
            let sign = signs.pop().unwrap_or(0);
            if sign == 0 {
                break 'lists;
            }
            match *item {
                Item::Number(number) if is_zero(number) => zeros += 1,
                Item::Number(number) => {
                    if zeros > 0 {
                        key.tag(NUMBER_LATER);
                        key.fewer(std::mem::take(&mut zeros));
                    }
                    key.number(number);
                }
                Item::Word(word) => {
                    announce(key, &mut zeros, &WORD, sign);
                    let rank = rank(word);
                    key.tag(rank);
                    if rank == UNKNOWN {
                        key.text(word);
                    }
                }
            }
        }
        if depth + 1 < lists.len() {
            let sign = signs.last().copied().unwrap_or(0);
            announce(key, &mut zeros, &LIST, sign);
            open += 1;
        }
    }
    for _ in 0..open {
        key.tag(END);
    }
}

fn announce(key: &mut Key, zeros: &mut usize, kind: &Tags, sign: i8) {
    match std::mem::take(zeros) {
        0 => {}
        count => {
            key.tag(LATER.of(sign));
            key.more(count);
        }
    }
    key.tag(kind.of(sign));
}

const RELEASE: u8 = 0x15;
const UNKNOWN: u8 = 0x17;

fn rank(word: &[u8]) -> u8 {
    match word {
        b"alpha" => 0x10,
        b"beta" => 0x11,
        b"milestone" => 0x12,
        b"rc" | b"cr" => 0x13,
        b"snapshot" => 0x14,
        b"" | b"ga" | b"final" | b"release" => RELEASE,
        b"sp" => 0x16,
        _ => UNKNOWN,
    }
}

/// How an item compares to nothing.
fn sign(item: Item<'_>) -> i8 {
    match item {
        Item::Number(number) => i8::from(!is_zero(number)),
        Item::Word(word) => match rank(word) {
            RELEASE => 0,
            rank if rank < RELEASE => -1,
            _ => 1,
        },
    }
}
