//! The line syntax that `go.mod` and `go.work` share (<https://go.dev/ref/mod#go-mod-file-lexical>).

/// One directive: its words, without the keyword's block, and the comment behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    /// The keyword, as in `require`.
    pub keyword: &'a str,
    /// The words after it, without quotes.
    pub words: Vec<&'a str>,
    /// The text after `//`.
    pub comment: &'a str,
}

/// All directives of a text. A block's lines are directives of the block's keyword.
pub(super) fn directives(text: &str) -> Vec<Directive<'_>> {
    let mut block: Option<&str> = None;
    let mut all = Vec::new();
    for line in text.lines() {
        let (code, comment) = match line.find("//") {
            Some(at) => (line.get(..at).unwrap_or(line), line.get(at + 2..).unwrap_or_default()),
            None => (line, ""),
        };
        let mut words: Vec<&str> =
            code.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        match (words.as_slice(), block) {
            ([], _) => {}
            ([")"], Some(_)) => block = None,
            (_, Some(keyword)) => all.push(Directive { keyword, words, comment: comment.trim() }),
            ([keyword, "("], None) => block = Some(keyword),
            ([keyword, ..], None) => {
                // `require(` without a space is allowed.
                if let Some(keyword) = keyword.strip_suffix('(') {
                    block = Some(keyword);
                } else {
                    let keyword = words.remove(0);
                    all.push(Directive { keyword, words, comment: comment.trim() });
                }
            }
        }
    }
    all
}
