//! What a result does not cover: what could not be read comes first, then what was read but not explained.

use super::{Look, clean, put_line, thousands};
use std::io::{self, Write};
use yagura_model::{Lang, Unread, UnreadReason};

/// Entries that are listed one by one.
const LISTED: usize = 12;
/// Examples of files that are only counted.
const EXAMPLES: usize = 3;

/// Writes the gaps, if there are any.
///
/// # Errors
/// Only those of `out`.
pub fn write(entries: &[Unread], lang: Lang, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let (failed, seen): (Vec<&Unread>, Vec<&Unread>) =
        entries.iter().partition(|entry| entry.reason.is_failure());
    if !failed.is_empty() {
        let count = thousands(failed.len() as u64);
        writeln!(out)?;
        match lang {
            Lang::En => writeln!(out, "Could not be read ({count}); this result is incomplete:")?,
            Lang::Ja => writeln!(out, "読み取れなかったもの ({count} 件)。この結果は不完全です:")?,
        }
        list(&failed, lang, look, out)?;
    }
    let (counted, listed): (Vec<&Unread>, Vec<&Unread>) =
        seen.into_iter().partition(|entry| noun(entry.reason, 2, lang).is_some());
    if counted.is_empty() && listed.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(out, "{}", lang.pick("Not covered by this result:", "この結果に含まれないもの:"))?;
    for reason in [UnreadReason::UnknownArchive, UnreadReason::UnknownExecutable] {
        let found: Vec<&&Unread> = counted.iter().filter(|entry| entry.reason == reason).collect();
        let Some(noun) = noun(reason, found.len(), lang).filter(|_| !found.is_empty()) else { continue };
        let mut examples: Vec<String> =
            found.iter().take(EXAMPLES).map(|entry| clean(entry.path.as_str())).collect();
        if found.len() > EXAMPLES {
            examples.push("…".to_owned());
        }
        let count = thousands(found.len() as u64);
        let line = match lang {
            Lang::En => format!("  {count} {noun}: {}", examples.join(", ")),
            Lang::Ja => format!("  {noun} {count} 件: {}", examples.join("、")),
        };
        put(&line, look, out)?;
    }
    list(&listed, lang, look, out)?;
    let hidden = counted.len() > EXAMPLES || listed.len() > LISTED;
    if hidden {
        let text = lang.pick(
            "  `-f json` lists all of them in `unread`.",
            "  全件は `-f json` の `unread` にあります。",
        );
        writeln!(out, "{text}")?;
    }
    Ok(())
}

/// What files of a reason are, when there may be so many that only their number is of interest.
fn noun(reason: UnreadReason, count: usize, lang: Lang) -> Option<&'static str> {
    Some(match (reason, lang, count) {
        (UnreadReason::UnknownArchive, Lang::En, 1) => "archive that no package explains",
        (UnreadReason::UnknownArchive, Lang::En, _) => "archives that no package explains",
        (UnreadReason::UnknownArchive, Lang::Ja, _) => "どのパッケージにも属さないアーカイブ",
        (UnreadReason::UnknownExecutable, Lang::En, 1) => "program that no package explains",
        (UnreadReason::UnknownExecutable, Lang::En, _) => "programs that no package explains",
        (UnreadReason::UnknownExecutable, Lang::Ja, _) => "どのパッケージにも属さないプログラム",
        _ => return None,
    })
}

fn list(entries: &[&Unread], lang: Lang, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for entry in entries.iter().take(LISTED) {
        let path = if entry.path.as_str().is_empty() { "." } else { entry.path.as_str() };
        let why = match lang {
            Lang::En => entry.detail.clone(),
            Lang::Ja => format!("{} ({})", reason(entry.reason), entry.detail),
        };
        put(&format!("  {}: {}", clean(path), clean(&why)), look, out)?;
    }
    if let Some(more) = entries.len().checked_sub(LISTED).filter(|more| *more > 0) {
        match lang {
            Lang::En => writeln!(out, "  … and {} more", thousands(more as u64))?,
            Lang::Ja => writeln!(out, "  … 他 {} 件", thousands(more as u64))?,
        }
    }
    Ok(())
}

/// Paths and reasons are worth more than straight edges, so these lines wrap where the terminal wraps them; only
/// lines that would fill a screen are cut.
fn put(line: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    match look.width {
        Some(width) => put_line(&super::columns::cut(line, usize::from(width) * 3), out),
        None => put_line(line, out),
    }
}

fn reason(reason: UnreadReason) -> &'static str {
    match reason {
        UnreadReason::Unreadable => "読み取り不可",
        UnreadReason::Truncated => "途中で切れている",
        UnreadReason::Malformed => "形式が壊れている",
        UnreadReason::TooLarge => "上限超過",
        UnreadReason::TooDeep => "入れ子が深すぎる",
        UnreadReason::Unsupported => "未対応",
        UnreadReason::Encrypted => "暗号化されている",
        UnreadReason::UnknownExecutable => "不明なプログラム",
        UnreadReason::UnknownArchive => "不明なアーカイブ",
        UnreadReason::NoLockfile => "ロックファイルなし",
        UnreadReason::LeftOut => "対象外",
        UnreadReason::TimedOut => "時間切れ",
    }
}
