//! A text of exactly so many tokens.

use super::pieces::Pieces;
use crate::units::{count, float, index, whole};
use crate::workload::tokenizer::{TokenCounter, TokenizerError};

/// Texts that are counted on the way to one length; each halves the distance at least roughly,
/// and a million tokens are 2^20.
const SEARCH_LIMIT: usize = 64;
/// Short pieces that are added at most; between two texts that differ in one piece there is
/// room for a few tokens.
const FILLER_LIMIT: usize = 64;
/// Words that are taken away for a text that cannot be filled to its length.
const SHORTER_TRIES: usize = 8;
/// A tokenizer that takes several words for one token is none in use; bounds the pieces drawn.
const SLOWEST_PACE: f64 = 0.2;

/// Bytes of a begin that are counted with what follows; the rest of a longer one is counted once.
const CONTEXT: usize = 256;
/// How often the length behind the last words of a begin is put right by what the whole has.
const CONTEXT_TRIES: usize = 3;

/// Why a text of the length asked for cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// The tokenizer gives other lengths only.
    #[error(
        "the tokenizer makes no text of exactly {tokens} tokens (the nearest has {nearest}); \
         ask for other lengths, or leave `tokenizer` out"
    )]
    Length {
        /// The length asked for.
        tokens: u64,
        /// The nearest length found.
        nearest: u64,
    },
    /// The tokenizer cannot read the text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// Cuts and fills texts to a length.
#[derive(Debug)]
pub(super) struct Fitter<'a> {
    /// Counts the tokens.
    pub(super) counter: &'a TokenCounter,
    /// Tokens of a piece, about; above 0.
    pub(super) pace: f64,
    /// Short pieces to end with.
    pub(super) fillers: &'static [&'static str],
}

/// The text so far: what it begins with, and the pieces after it.
struct Draft<'a> {
    begin: &'a str,
    pieces: &'a mut Pieces,
    drawn: Vec<&'static str>,
}

impl Draft<'_> {
    /// The text with its first `length` pieces. Chat templates strip white space at both ends,
    /// so there is none.
    fn text(&mut self, length: usize) -> String {
        while self.drawn.len() < length {
            self.drawn.extend(self.pieces.next());
        }
        let text = self.drawn.iter().take(length).fold(self.begin.to_owned(), |mut text, piece| {
            text.push_str(piece);
            text
        });
        text.trim().to_owned()
    }
}

impl Fitter<'_> {
    /// A text of exactly `tokens` tokens that begins with `begin` and goes on with `pieces`.
    ///
    /// Tokens reach over a few words at most, so behind a long begin only its last words are
    /// counted again and again, and the whole once at the end.
    ///
    /// # Errors
    ///
    /// [`Unreachable`] if none is found.
    pub(super) fn fit(
        &self,
        begin: &str,
        pieces: &Pieces,
        tokens: u64,
    ) -> Result<String, Unreachable> {
        let (head, last_words) = begin.split_at(context_of(begin));
        if !head.is_empty() {
            let so_far = self.counter.tokens(begin)?;
            let apart = so_far.saturating_sub(self.counter.tokens(last_words)?);
            let mut wanted = tokens.saturating_sub(apart);
            for _ in 0..CONTEXT_TRIES {
                let Ok(tail) = self.fit_whole(last_words, pieces.clone(), wanted) else { break };
                let text = format!("{head}{tail}");
                let counted = self.counter.tokens(&text)?;
                if counted == tokens {
                    return Ok(text);
                }
                wanted = (wanted + tokens).saturating_sub(counted);
            }
        }
        self.fit_whole(begin, pieces.clone(), tokens)
    }

    fn fit_whole(
        &self,
        begin: &str,
        mut pieces: Pieces,
        tokens: u64,
    ) -> Result<String, Unreachable> {
        let mut draft = Draft { begin, pieces: &mut pieces, drawn: Vec::new() };
        let so_far = self.counter.tokens(begin)?;
        if so_far > tokens {
            return Err(Unreachable::Length { tokens, nearest: so_far });
        }
        // The most pieces known to be too few, and the fewest known to be too many.
        let (mut few, mut many) = (0, usize::MAX);
        let mut length = self.pieces_of(tokens - so_far);
        for _ in 0..SEARCH_LIMIT {
            let text = draft.text(length);
            let counted = self.counter.tokens(&text)?;
            if counted == tokens {
                return Ok(text);
            }
            let step = self.pieces_of(counted.abs_diff(tokens)).max(1);
            let next = if counted < tokens {
                few = few.max(length);
                length.saturating_add(step)
            } else {
                many = many.min(length);
                length.saturating_sub(step)
            };
            if many.saturating_sub(few) <= 1 {
                break;
            }
            length = next.clamp(few + 1, many - 1);
        }
        // What goes before stays as it is: prompts that share it are to share its begin.
        let mut failure = None;
        for shorter in 0..=few.min(SHORTER_TRIES) {
            match self.fill(draft.text(few - shorter), tokens) {
                Err(length @ Unreachable::Length { .. }) => failure = failure.or(Some(length)),
                filled => return filled,
            }
        }
        Err(failure.unwrap_or(Unreachable::Length { tokens, nearest: so_far }))
    }

    /// Brings a text that is a few tokens too short to its length.
    fn fill(&self, mut text: String, tokens: u64) -> Result<String, Unreachable> {
        let mut counted = self.counter.tokens(&text)?;
        for _ in 0..FILLER_LIMIT {
            let mut best: Option<(u64, &str)> = None;
            for filler in self.fillers {
                let longer = self.counter.tokens(format!("{text}{filler}").trim())?;
                if longer == tokens {
                    text.push_str(filler);
                    return Ok(text.trim().to_owned());
                }
                let nearer = best.is_none_or(|(most, _)| longer > most);
                if longer > counted && longer < tokens && nearer {
                    best = Some((longer, filler));
                }
            }
            let Some((longer, filler)) = best else { break };
            text.push_str(filler);
            counted = longer;
        }
        Err(Unreachable::Length { tokens, nearest: counted })
    }

    /// About how many pieces so many tokens are.
    fn pieces_of(&self, tokens: u64) -> usize {
        index(whole(float(tokens) / self.pace))
    }
}

/// Where the last words of `begin` begin: behind a space, with nothing in front of them where it
/// is short.
fn context_of(begin: &str) -> usize {
    let from = begin.floor_char_boundary(begin.len().saturating_sub(CONTEXT));
    if from == 0 {
        return 0;
    }
    begin[from..].find(' ').map_or(0, |space| from + space + 1)
}

/// Tokens of a piece of `pieces`, on average over `sample` of them.
///
/// # Errors
///
/// [`TokenizerError`] if the tokenizer cannot read them.
pub(super) fn pace_of(
    counter: &TokenCounter,
    pieces: Pieces,
    sample: usize,
) -> Result<f64, TokenizerError> {
    let text: String = pieces.take(sample).collect();
    let tokens = float(counter.tokens(&text)?) / float(count(sample).max(1));
    Ok(tokens.max(SLOWEST_PACE))
}
