//! Maven Central: ordered like `org.apache.maven.artifact.versioning.ComparableVersion` of Maven 4.
//!
//! Algorithm: <https://maven.apache.org/pom.html#version-order-specification>. A version is a list of numbers
//! and qualifiers; `-`, and the change between digits and letters, open a list inside the list, always as its
//! last item. Items that mean "nothing" (`0`, `ga`) vanish before a qualifier and at the end of a list.
//!
//! At one position a missing item counts as nothing, so that a list is below or above the end of the version
//! by its first item that means something; a number is above every list. Maven's own comparison is not
//! transitive for a few versions that nobody publishes (`1.sp.1`); there the key follows the majority.

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

/// An item of a list. Digits are as written.
#[derive(Clone, Copy)]
enum Item<'a> {
    Number(&'a [u8]),
    Word(&'a [u8]),
    /// A qualifier with its number: `rc1`, `rc-1`.
    Numbered(&'a [u8], &'a [u8]),
}

/// The lists from the outermost to the innermost: each is the last item of the one before.
type Lists<'a> = Vec<Vec<Item<'a>>>;

fn parse(version: &[u8]) -> Lists<'_> {
    let mut lists = vec![Vec::new()];
    let mut is_digit = false;
    let mut numbered = false;
    let mut start = 0;
    for (index, &byte) in version.iter().enumerate() {
        match byte {
            b'.' | b'-' if index == start => {
                push(&mut lists, Item::Number(b""));
                start = index + 1;
                if byte == b'-' {
                    open(&mut lists);
                }
                numbered = false;
            }
            b'.' => {
                push(&mut lists, item(version.get(start..index), is_digit, numbered));
                numbered = false;
                start = index + 1;
            }
            b'-' => {
                if !is_digit && version.get(index + 1).is_some_and(u8::is_ascii_digit) {
                    numbered = true;
                    continue;
                }
                push(&mut lists, item(version.get(start..index), is_digit, numbered));
                start = index + 1;
                open(&mut lists);
                numbered = false;
            }
            b'0'..=b'9' => {
                if !is_digit && index > start {
                    numbered = true;
                    if lists.last().is_some_and(|list| !list.is_empty()) {
                        open(&mut lists);
                    }
                }
                is_digit = true;
            }
            _ => {
                if is_digit && index > start {
                    push(&mut lists, item(version.get(start..index), true, numbered));
                    start = index;
                    open(&mut lists);
                    numbered = false;
                }
                is_digit = false;
            }
        }
    }
    if version.len() > start {
        if !is_digit && lists.last().is_some_and(|list| !list.is_empty()) {
            open(&mut lists);
        }
        push(&mut lists, item(version.get(start..), is_digit, numbered));
    }
    lists
}

fn open(lists: &mut Lists<'_>) {
    lists.push(Vec::new());
}

fn push<'a>(lists: &mut Lists<'a>, item: Item<'a>) {
    if let Some(list) = lists.last_mut() {
        list.push(item);
    }
}

fn item(text: Option<&[u8]>, is_digit: bool, numbered: bool) -> Item<'_> {
    let text = text.unwrap_or_default();
    if numbered {
        let (word, rest) = take(text, |byte| !byte.is_ascii_digit());
        let word = word.strip_suffix(b"-").unwrap_or(word);
        Item::Numbered(word, digits(rest).0)
    } else if is_digit {
        Item::Number(text)
    } else {
        Item::Word(text)
    }
}

/// What follows an item inside its list.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Nothing,
    Word,
    ListOfWord,
    Other,
}

/// Drops the zeros that mean nothing, from the innermost list outwards.
fn normalize(lists: &mut Lists<'_>) {
    let mut done: Lists<'_> = Vec::with_capacity(lists.len());
    while let Some(mut list) = lists.pop() {
        let mut next = match done.last().and_then(|inner| inner.first()) {
            None => Next::Nothing,
            Some(Item::Number(_)) => Next::Other,
            Some(_) => Next::ListOfWord,
        };
        let mut kept = Vec::with_capacity(list.len());
        while let Some(item) = list.pop() {
            match item {
                Item::Number(number) if is_zero(number) && next != Next::Other => continue,
                Item::Word(_) => next = Next::Word,
                _ => next = Next::Other,
            }
            kept.push(item);
        }
        kept.reverse();
        if !kept.is_empty() || done.is_empty() {
            // An empty innermost list is nothing; a list that holds only a list is that list.
            if done.last().is_some_and(Vec::is_empty) {
                done.pop();
            }
            done.push(kept);
        }
    }
    done.reverse();
    *lists = done;
}

const WORD_BELOW: u8 = 0x08;
const LIST_BELOW: u8 = 0x10;
const LIST_BELOW_LATER: u8 = 0x14;
const END: u8 = 0x20;
const WORD_ABOVE: u8 = 0x28;
const LIST_ABOVE: u8 = 0x30;
const LIST_ABOVE_LATER: u8 = 0x34;
const NUMBER_LATER: u8 = 0x38;
const NO_NUMBER: u8 = 0x01;

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
        for (index, item) in list.iter().enumerate() {
            let sign = signs.pop().unwrap_or(0);
            if sign == 0 {
                break 'lists;
            }
            match *item {
                Item::Number(number) if is_zero(number) => zeros += 1,
                Item::Number(number) => {
                    if zeros > 0 {
                        key.tag(NUMBER_LATER);
                        key.fewer(zeros);
                        zeros = 0;
                    }
                    key.number(number);
                }
                word if index == 0 => write_word(key, word, sign),
                word => {
                    write_list(key, &mut zeros, sign);
                    write_word(key, word, sign);
                    key.tag(END);
                }
            }
        }
        if depth + 1 < lists.len() {
            let sign = signs.last().copied().unwrap_or(0);
            if sign == 0 {
                break;
            }
            write_list(key, &mut zeros, sign);
            open += 1;
        }
    }
    for _ in 0..open {
        key.tag(END);
    }
}

/// Announces a list, after the zeros held back: a zero is above every list.
fn write_list(key: &mut Key, zeros: &mut usize, sign: i8) {
    let (now, later) = if sign < 0 { (LIST_BELOW, LIST_BELOW_LATER) } else { (LIST_ABOVE, LIST_ABOVE_LATER) };
    match std::mem::take(zeros) {
        0 => key.tag(now),
        count => {
            key.tag(later);
            key.more(count);
        }
    }
}

fn write_word(key: &mut Key, item: Item<'_>, sign: i8) {
    let (word, number) = match item {
        Item::Word(word) => (word, None),
        Item::Numbered(word, number) => (expand(word), Some(number)),
        Item::Number(_) => return,
    };
    key.tag(if sign < 0 { WORD_BELOW } else { WORD_ABOVE });
    let rank = rank(word);
    key.tag(rank);
    if rank == UNKNOWN {
        key.text(word);
    }
    match number {
        Some(number) if rank != RELEASE || !is_zero(number) => key.number(number),
        _ => key.tag(NO_NUMBER),
    }
}

/// `a1`, `b1` and `m1` are short for the whole words.
fn expand(word: &[u8]) -> &[u8] {
    match word {
        b"a" => b"alpha",
        b"b" => b"beta",
        b"m" => b"milestone",
        word => word,
    }
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
    let (word, number) = match item {
        Item::Number(number) => return i8::from(!is_zero(number)),
        Item::Word(word) => (word, &b""[..]),
        Item::Numbered(word, number) => (expand(word), number),
    };
    match rank(word) {
        RELEASE => i8::from(!is_zero(number)),
        rank if rank < RELEASE => -1,
        _ => 1,
    }
}
