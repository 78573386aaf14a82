//! Lines and columns of a text.

/// Where lines begin.
pub struct Lines<'a> {
    text: &'a [u8],
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the line ends.
    pub fn new(text: &'a [u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// Line and column of a byte, from 1. Columns count characters.
    pub fn position(&self, at: usize) -> (u32, u32) {
        let (line, start) = self.line_of(at);
        let before = self.text.get(start..at).unwrap_or_default();
        let column = before.iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// Begin and end of the line around a byte, without its line end.
    pub fn around(&self, at: usize) -> (usize, usize) {
        let (line, start) = self.line_of(at);
        let end = self.starts.get(line).map_or(self.text.len(), |next| next - 1);
        (start, end.max(start))
    }

    /// The number of the line that a byte is in, from 1, and where it begins.
    fn line_of(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        (line, self.starts.get(line - 1).copied().unwrap_or_default())
    }

    /// A line by its number, from 1; at most its first 2,000 bytes.
    pub fn line(&self, number: u32) -> Option<&'a [u8]> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).map_or(self.text.len(), |next| next - 1);
        self.text.get(start..end.min(start + 2_000).max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new("a\nçb\n".as_bytes());
        assert_eq!((lines.position(0), lines.position(4)), ((1, 1), (2, 2)));
        assert_eq!((lines.around(3), lines.line(2), lines.line(9)), ((2, 5), Some("çb".as_bytes()), None));
    }
}
