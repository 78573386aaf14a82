//! Aligned columns for a terminal of any width, wide characters included.
//!
//! A row is one line and never wraps: where a terminal is too narrow, the last column is cut, and when hardly
//! anything would be left of it, it moves below the row. If that is not enough, the widest columns are cut.

use super::Look;
use anstyle::Style;
use std::io::{self, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Narrower than this, the last column goes below its row.
const NARROWEST_LAST: usize = 24;
/// No column is cut below this.
const NARROWEST: usize = 8;
/// The first columns, of severities and ids, are never cut.
const WHOLE: usize = 2;
/// Before the first column, and between columns.
const GAP: usize = 2;

/// A text and how it looks on a terminal.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A plain text. Control characters are replaced: it may come from whoever wrote the scanned files.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { text: super::clean(text.as_ref()), style: Style::new() }
    }

    /// The same text in a style.
    #[must_use]
    pub fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

#[derive(Debug)]
struct Row {
    /// A line that introduces this row and those that follow.
    section: Option<Cell>,
    cells: Vec<Cell>,
}

/// Rows under a heading. Columns that are empty in every row are left out.
#[derive(Debug)]
pub struct Columns {
    heading: Vec<Cell>,
    rows: Vec<Row>,
    section: Option<Cell>,
    look: Look,
}

impl Columns {
    /// A table without rows.
    pub fn new<'a>(heading: impl IntoIterator<Item = &'a str>, look: Look) -> Self {
        let heading = heading.into_iter().map(|text| Cell::new(text).styled(Style::new().bold())).collect();
        Self { heading, rows: Vec::new(), section: None, look }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row { section: self.section.take(), cells: cells.into_iter().collect() });
    }

    /// Introduces the rows that are added from now on.
    pub fn section(&mut self, cell: Cell) {
        self.section = Some(cell);
    }

    /// Writes all rows, one line each.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let shown: Vec<usize> = (0..self.heading.len())
            .filter(|&column| self.rows.iter().any(|row| !text(&row.cells, column).is_empty()))
            .collect();
        let Some((&last, front)) = shown.split_last() else { return Ok(()) };
        let all = self.look.width.map_or(usize::MAX, usize::from);
        let mut widths: Vec<usize> = front
            .iter()
            .map(|&column| {
                let cells = self.rows.iter().map(|row| text(&row.cells, column).width());
                cells.chain([text(&self.heading, column).width()]).max().unwrap_or(0)
            })
            .collect();
        squeeze(&mut widths, all);
        let before: usize = GAP + widths.iter().map(|width| width + GAP).sum::<usize>();
        let rest = all.saturating_sub(before);
        let longest = self.rows.iter().map(|row| text(&row.cells, last).width()).max().unwrap_or(0);
        let beside = rest >= NARROWEST_LAST.min(longest);
        self.line(&self.heading, front, &widths, Some(last).filter(|_| beside), rest, out)?;
        let indent = GAP * 3;
        for row in &self.rows {
            if let Some(section) = &row.section {
                let fitting = cut(&section.text, all.saturating_sub(1));
                super::put_line(&format!(" {}", self.paint(&fitting, section.style)), out)?;
            }
            self.line(&row.cells, front, &widths, Some(last).filter(|_| beside), rest, out)?;
            if let Some(cell) = row.cells.get(last).filter(|cell| !beside && !cell.text.is_empty()) {
                let fitting = cut(&cell.text, all.saturating_sub(indent));
                super::put_line(&format!("{:indent$}{}", "", self.paint(&fitting, cell.style)), out)?;
            }
        }
        Ok(())
    }

    fn line(
        &self,
        cells: &[Cell],
        front: &[usize],
        widths: &[usize],
        last: Option<usize>,
        rest: usize,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut line = String::new();
        for (&column, &width) in front.iter().zip(widths) {
            let fitting = cut(text(cells, column), width);
            line.push_str(&" ".repeat(GAP));
            let padding = width - fitting.width();
            line.push_str(&self.paint(&fitting, style(cells, column)));
            line.push_str(&" ".repeat(padding));
        }
        if let Some(column) = last {
            line.push_str(&" ".repeat(GAP));
            line.push_str(&self.paint(&cut(text(cells, column), rest), style(cells, column)));
        }
        super::put_line(line.trim_end(), out)
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.look.colour && !text.is_empty() && style != Style::new() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// Cuts the widest column again and again until the columns fit.
fn squeeze(widths: &mut [usize], all: usize) {
    let needed = |widths: &[usize]| widths.iter().map(|width| width + GAP).sum::<usize>();
    while needed(widths) > all {
        let widest = widths.iter_mut().skip(WHOLE).filter(|width| **width > NARROWEST).max();
        let Some(widest) = widest else { return };
        *widest -= 1;
    }
}

fn text(cells: &[Cell], column: usize) -> &str {
    cells.get(column).map_or("", |cell| &cell.text)
}

fn style(cells: &[Cell], column: usize) -> Style {
    cells.get(column).map_or(Style::new(), |cell| cell.style)
}

/// The beginning of a text that fits into a width; an ellipsis stands for the rest.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: Option<u16>) -> String {
        let mut table = Columns::new(["Name", "Nothing", "版", "Title"], Look { width, colour: false });
        table.section(Cell::new("app/package-lock.json"));
        table.row(["left-pad", "", "1.3.0", "Padding takes a very long time to arrive"].map(Cell::from));
        table.row(["日本語", "", "二", "short"].map(Cell::from));
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wide_terminals_show_everything() {
        insta::assert_snapshot!(drawn(None));
    }

    #[test]
    fn the_last_column_is_cut_then_moved() {
        insta::assert_snapshot!(drawn(Some(50)));
        insta::assert_snapshot!(drawn(Some(32)));
    }

    #[test]
    fn wide_columns_are_squeezed_and_ids_are_not() {
        let mut table =
            Columns::new(["Severity", "Id", "Package", "Title"], Look { width: Some(40), colour: false });
        table.row(["CRITICAL", "CVE-2024-123456", "golang.org/x/crypto/ssh", "t"].map(Cell::from));
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
