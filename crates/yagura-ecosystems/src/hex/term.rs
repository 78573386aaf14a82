//! Erlang and Elixir terms as far as lockfiles use them: tuples, lists, maps, texts, atoms and numbers.
//! <https://www.erlang.org/doc/system/data_types.html>, <https://hexdocs.pm/elixir/syntax-reference.html>
//!
//! Keys of maps and keyword lists become elements before their values. Atoms, numbers and texts are all texts.

/// One term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term<'a> {
    Text(&'a str),
    /// A tuple, list or map.
    Group(Vec<Term<'a>>),
}

/// Lockfiles need five levels.
pub(super) const DEPTH: usize = 32;

/// Why a text is not made of terms.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadTerm {
    Ends,
    TooDeep,
    Unexpected(usize),
}

impl<'a> Term<'a> {
    pub fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Group(_) => None,
        }
    }

    pub fn group(&self) -> &[Term<'a>] {
        match self {
            Self::Text(_) => &[],
            Self::Group(terms) => terms,
        }
    }
}

/// All terms of a text, those before an error included.
pub(super) fn parse(text: &str) -> (Vec<Term<'_>>, Result<(), BadTerm>) {
    let mut stack: Vec<Vec<Term<'_>>> = vec![Vec::new()];
    let outcome = fill(text, &mut stack);
    // Groups that were never closed end where the text does.
    while stack.len() > 1 {
        let open = stack.pop().unwrap_or_default();
        if let Some(parent) = stack.last_mut() {
            parent.push(Term::Group(open));
        }
    }
    (stack.pop().unwrap_or_default(), outcome)
}

fn fill<'a>(text: &'a str, stack: &mut Vec<Vec<Term<'a>>>) -> Result<(), BadTerm> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                if stack.len() > DEPTH {
                    return Err(BadTerm::TooDeep);
                }
                stack.push(Vec::new());
                at += 1;
            }
            b'}' | b']' => {
                if stack.len() < 2 {
                    return Err(BadTerm::Unexpected(at));
                }
                let group = stack.pop().unwrap_or_default();
                push(stack, Term::Group(group));
                at += 1;
            }
            b'"' | b'\'' => {
                let start = at + 1;
                let rest = bytes.get(start..).unwrap_or_default();
                let length = end_of_text(rest, byte).ok_or(BadTerm::Ends)?;
                push(stack, Term::Text(text.get(start..start + length).unwrap_or_default()));
                at = start + length + 1;
            }
            b'#' => at += line(bytes, at),
            // `%{` opens a map, a lone `%` begins a comment of Erlang.
            b'%' if bytes.get(at + 1) != Some(&b'{') => at += line(bytes, at),
            _ if is_word(byte) => {
                let length = bytes.iter().skip(at).take_while(|&&byte| is_word(byte)).count();
                push(stack, Term::Text(text.get(at..at + length).unwrap_or_default()));
                at += length;
            }
            _ => at += 1,
        }
    }
    if stack.len() > 1 { Err(BadTerm::Ends) } else { Ok(()) }
}

fn push<'a>(stack: &mut [Vec<Term<'a>>], term: Term<'a>) {
    if let Some(open) = stack.last_mut() {
        open.push(term);
    }
}

fn end_of_text(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut escaped = false;
    bytes.iter().position(|&byte| {
        let ends = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn line(bytes: &[u8], at: usize) -> usize {
    bytes.iter().skip(at).take_while(|&&byte| byte != b'\n').count().max(1)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'@' | b'.' | b'-' | b'+' | b'?' | b'!')
        || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_are_read() {
        let (elixir, outcome) =
            parse(r#"%{"a": {:hex, :a, "1\"0", [hex: :a]}, # note"#.trim_end_matches(", # note"));
        assert_eq!(outcome, Err(BadTerm::Ends));
        assert_eq!(elixir[0].group()[0].text(), Some("a"));
        let (erlang, outcome) = parse("{\"1.2.0\",\n[{<<\"a\">>,{pkg,<<\"a\">>,<<\"1.0\">>},0}]}. % note");
        assert_eq!(outcome, Ok(()));
        assert_eq!(erlang[0].group()[1].group()[0].group()[2].text(), Some("0"));
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(parse(&"[".repeat(100_000)).1, Err(BadTerm::TooDeep));
        assert_eq!(parse("}").1, Err(BadTerm::Unexpected(0)));
        assert_eq!(parse("\"x").1, Err(BadTerm::Ends));
    }
}
