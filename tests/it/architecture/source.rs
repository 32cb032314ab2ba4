//! Rust source, read well enough for the rules: tokens of code with their lines, without
//! comments, literals and test code.

#![expect(clippy::disallowed_methods, reason = "this test reads the source tree")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A word, `::`, or one other sign of a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Its line, from 1.
    pub(super) line: usize,
}

/// One file of the crate.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its path from the root of the repository, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// Its code without tests.
    pub(super) tokens: Vec<Token>,
}

impl SourceFile {
    /// A file of that path and text.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let tokens = without_tests(&tokens(&blanked(text)));
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// The names of its modules from the crate root: `["units", "rate"]` for `src/units/rate.rs`,
    /// none for `lib.rs` and `main.rs`.
    pub(super) fn modules(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        inner.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main")).collect()
    }

    /// Where its `mod` line must stand, and for which name; `None` for the crate roots.
    pub(super) fn parent(&self) -> Option<(String, String)> {
        let modules = self.modules();
        let (name, above) = modules.split_last()?;
        let parent = match above {
            [] => "src/lib.rs".to_owned(),
            _ => format!("src/{}/mod.rs", above.join("/")),
        };
        Some((parent, (*name).to_owned()))
    }
}

/// All files under `src`, in order of their paths.
pub(super) fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join("src")];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.push(SourceFile::new(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The modules that a file declares with `mod name;`, those of its tests too.
pub(super) fn module_declarations(path: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).unwrap_or_default();
    tokens(&blanked(&text))
        .windows(3)
        .filter(|window| window[0].text == "mod" && window[2].text == ";")
        .map(|window| window[1].text.clone())
        .collect()
}

/// The text with every comment and literal turned into blanks; line breaks stay.
fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let inside_word = at > 0 && is_word(chars[at - 1]);
        let length = silent_length(&chars[at..], inside_word);
        if length == 0 {
            code.push(chars[at]);
        } else {
            let silent = &chars[at..(at + length).min(chars.len())];
            code.extend(silent.iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        }
        at += length.max(1);
    }
    code
}

/// How many characters the comment or literal that `rest` begins with takes; 0 if it begins
/// with code.
fn silent_length(rest: &[char], inside_word: bool) -> usize {
    match rest {
        ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment_length(rest),
        ['"', ..] => 1 + escaped_length(&rest[1..], '"'),
        ['\'', '\\', ..] => 1 + escaped_length(&rest[1..], '\''),
        // A lifetime has no quote behind its name.
        ['\'', _, '\'', ..] => 3,
        ['r', ..] if !inside_word => raw_string_length(rest, 1),
        ['b' | 'c', 'r', ..] if !inside_word => raw_string_length(rest, 2),
        _ => 0,
    }
}

fn block_comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length up to and with the first `end` that no backslash escapes.
fn escaped_length(rest: &[char], end: char) -> usize {
    let mut at = 0;
    while at < rest.len() && rest[at] != end {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Length of `r"…"` and `r#"…"#`, whose prefix is `prefix` long; 0 if it is none.
fn raw_string_length(rest: &[char], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|&&c| c == '#').count();
    let start = prefix + hashes + 1;
    if rest.get(start - 1) != Some(&'"') {
        return 0;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let content = rest[start..].windows(end.len()).position(|window| window == end);
    content.map_or(rest.len(), |content| start + content + end.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of code without comments and literals.
fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push(Token { text: rest[..length].to_owned(), line: index + 1 });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The tokens without the items marked `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let Some(token) = rest.first() {
        if rest.iter().map(|token| token.text.as_str()).take(MARK.len()).eq(MARK) {
            rest = &rest[MARK.len() + item_length(&rest[MARK.len()..])..];
        } else {
            kept.push(token.clone());
            rest = &rest[1..];
        }
    }
    kept
}

/// How many tokens the item that begins here takes: to its `;`, or to the end of its block.
pub(super) fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(token.text.as_str(), ";" | "}") {
            return index + 1;
        }
    }
    tokens.len()
}

mod tests {
    use super::SourceFile;

    fn code(text: &str) -> String {
        let file = SourceFile::new("src/units/rate.rs", text);
        file.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        assert_eq!(code("a // b\nc /* d /* e */ f */ g"), "a c g");
        assert_eq!(code(r#"f("crate::x \" as u8", '"', '\'', b"y")"#), "f ( , , , b )");
        assert_eq!(code("r#\"a \" b\"# c br\"d\" for_r \"e\""), "c for_r");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        assert_eq!(code("&'a str, r#type"), "& ' a str , r # type");
    }

    #[test]
    fn tests_are_left_out_and_what_follows_them_is_not() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { c(); } }\nfn d() {}\n\
                    #[cfg(test)] use e::f; #[cfg(unix)] fn g() {}";
        assert_eq!(code(text), "fn a ( ) { } fn d ( ) { } # [ cfg ( unix ) ] fn g ( ) { }");
    }

    #[test]
    fn lines_are_counted_through_literals() {
        let file = SourceFile::new("src/lib.rs", "a\n\"b\nc\"\n/* d\n*/ e");
        let lines: Vec<_> = file.tokens.iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 5]);
    }

    #[test]
    fn a_path_tells_the_modules() {
        let modules = |path| SourceFile::new(path, "").modules().join("::");
        assert_eq!(modules("src/lib.rs"), "");
        assert_eq!(modules("src/units/mod.rs"), "units");
        assert_eq!(modules("src/units/rate.rs"), "units::rate");
        let parent = SourceFile::new("src/cli/run/flags.rs", "").parent();
        assert_eq!(parent, Some(("src/cli/run/mod.rs".to_owned(), "flags".to_owned())));
    }
}
