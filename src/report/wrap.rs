//! Lines of prose that fit a terminal, whatever the script.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Lines are never made narrower than this, however narrow the terminal claims to be.
const NARROWEST: usize = 20;

/// `text` in lines of at most `width` columns; all but the first are indented by `indent`.
///
/// Breaks at spaces; a word wider than a line is broken where the line ends.
pub(super) fn wrapped(text: &str, width: usize, indent: usize) -> Vec<String> {
    let width = width.max(NARROWEST + indent);
    let margin = " ".repeat(indent);
    let text = &printable(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    let lead = text.len() - text.trim_start_matches(' ').len();
    line.push_str(&text[..lead]);
    let mut empty = true;
    for word in text.split_whitespace() {
        let gap = usize::from(!empty);
        if line.width() + gap + word.width() <= width {
            line.push_str(if empty { "" } else { " " });
            line.push_str(word);
        } else {
            if !empty {
                lines.push(std::mem::replace(&mut line, margin.clone()));
            }
            push_broken(word, width, &margin, (&mut line, &mut lines));
        }
        empty = false;
    }
    lines.push(line);
    lines
}

/// Adds `word` to the line, breaking it wherever the line is full.
fn push_broken(
    word: &str,
    width: usize,
    margin: &str,
    (line, lines): (&mut String, &mut Vec<String>),
) {
    for character in word.chars() {
        if line.width() + character.width().unwrap_or(0) > width {
            lines.push(std::mem::replace(line, margin.to_owned()));
        }
        line.push(character);
    }
}

/// `text` with a space for every control character: a server's message must not steer the
/// terminal it is shown on.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// `text` cut to `width` columns, with `..` at its end if anything was cut.
pub(super) fn shortened(text: &str, width: usize) -> String {
    let text = printable(text);
    if text.width() <= width {
        return text;
    }
    let mut short = String::new();
    for character in text.chars() {
        if short.width() + character.width().unwrap_or(0) + 2 > width {
            break;
        }
        short.push(character);
    }
    short + ".."
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    use super::{shortened, wrapped};

    #[test]
    fn prose_breaks_at_spaces_and_is_indented() {
        let lines = wrapped("  one two three four five six seven", 24, 4);
        assert_eq!(lines, ["  one two three four", "    five six seven"]);
    }

    #[test]
    fn chinese_breaks_where_the_line_ends() {
        let lines = wrapped("服务器返回了一个错误服务器返回了一个错误", 24, 2);
        assert_eq!(lines, ["服务器返回了一个错误服务", "  器返回了一个错误"]);
    }

    #[test]
    fn a_long_name_is_cut_by_its_width() {
        assert_eq!(shortened("星河推理服务器", 9), "星河推..");
        assert_eq!(shortened("ollama", 9), "ollama");
    }

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        assert_eq!(wrapped("a\x1b[2Jb\nc", 40, 0), ["a [2Jb c"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_text_is_lost(text in "[a-z 推🙂]{0,200}", width in 20_usize..60) {
            let lines = wrapped(&text, width, 4);
            let widest = lines.iter().map(|line| line.width()).max().unwrap_or(0);
            let lead = text.width() - text.trim_start_matches(' ').width();
            prop_assert!(widest <= width.max(24).max(lead + 2), "{widest}");
            let letters = |text: &str| text.replace(' ', "");
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
