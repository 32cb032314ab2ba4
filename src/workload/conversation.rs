//! A conversation of several turns: what the user says, and what the server answered to it.
//!
//! What the users say depends on the seed, the phase and the session's number alone, so it is
//! the same for every backend; what is between it is each server's own.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::{Value, json};

use super::prompt::Prompt;
use super::spec::RequestSpec;
use crate::record::Phase;
use crate::scenario::{Distribution, MOST_TURNS};
use crate::units::{count, to_u32, whole};

/// Most bytes of text in the history of a conversation: more than the longest context holds.
/// Bounds what a session takes in memory, and what each of its requests sends.
const HISTORY_LIMIT: u64 = 16 << 20;
/// The stream of random numbers for the lengths of conversations; see [`crate::load::Purpose`].
const STREAM: u64 = 4 << 60;
/// Words of the generator set apart for each session: more than one length can draw.
const WORDS_PER_SESSION: u128 = 1 << 24;

/// One conversation on its way.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// What the user says if the prompt is a whole conversation; else prompts are taken in turn.
    given: Option<VecDeque<Value>>,
    /// The number of the prompt of the next turn; `None` where none is left.
    next: Option<u64>,
    /// Turns it has at most.
    turns: u32,
    /// Turns begun so far.
    begun: u32,
    messages: Vec<Value>,
    bytes: u64,
}

/// What comes next in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextTurn {
    /// The user says something more.
    Request(RequestSpec),
    /// Everything is said.
    Over,
    /// Its history has grown past what is kept of one.
    TooLong,
}

/// What the user says in the turn that comes next.
pub(super) enum Said {
    /// This message.
    Message(Value),
    /// What the prompt of this number says.
    Prompt(u64),
    /// Nothing more.
    Nothing,
    /// Nothing, since the history is too long.
    TooMuch,
}

impl Conversation {
    /// The conversation that begins with `prompt`, which is number `first`, of `turns` turns
    /// at most. A prompt that is a conversation of its own gives what its user says, and the
    /// system message before it.
    pub(super) fn new(first: u64, prompt: &Prompt, turns: u32) -> Self {
        let mut conversation = Self {
            given: None,
            next: Some(first),
            turns,
            begun: 0,
            messages: Vec::new(),
            bytes: 0,
        };
        if let Prompt::Messages(Value::Array(messages)) = prompt {
            let role =
                |message: &Value| message.get("role").and_then(Value::as_str).map(str::to_owned);
            let leads =
                |message: &&Value| matches!(role(message).as_deref(), Some("system" | "developer"));
            messages.iter().take_while(leads).cloned().for_each(|lead| conversation.push(lead));
            let says = |message: &&Value| role(message).as_deref() == Some("user");
            let mut given: VecDeque<_> = messages.iter().filter(says).cloned().collect();
            if given.is_empty() {
                // Somebody must begin: the last message, whoever says it.
                given.extend(messages.last().cloned());
            }
            conversation.given = Some(given);
        }
        conversation
    }

    /// What the user says next.
    pub(super) fn said(&mut self) -> Said {
        if self.bytes > HISTORY_LIMIT {
            return Said::TooMuch;
        }
        if self.begun >= self.turns {
            return Said::Nothing;
        }
        self.begun += 1;
        match &mut self.given {
            Some(given) => given.pop_front().map_or(Said::Nothing, Said::Message),
            None => self.next.map_or(Said::Nothing, Said::Prompt),
        }
    }

    /// Says which prompt follows the one that was said last.
    pub(super) const fn go_on(&mut self, next: Option<u64>) {
        self.next = next;
    }

    /// Adds a message of the user, or one that stands before all others.
    pub(super) fn push(&mut self, message: Value) {
        self.bytes += count(message.to_string().len());
        self.messages.push(message);
    }

    /// Adds what the server answered.
    pub fn answered(&mut self, text: &str) {
        self.push(json!({"role": "assistant", "content": text}));
    }

    /// All messages so far.
    pub(super) fn messages(&self) -> &[Value] {
        &self.messages
    }
}

/// How many turns session number `session` has at most.
pub(super) fn turns_of(
    turns: Distribution,
    (seed, cell): (u64, u64),
    (phase, session): (Phase, u64),
) -> u32 {
    let mut numbers = ChaCha8Rng::seed_from_u64(seed);
    let warmup = u64::from(phase == Phase::Warmup) << 59;
    numbers.set_stream(STREAM | warmup | cell);
    numbers.set_word_pos(u128::from(session) * WORDS_PER_SESSION);
    to_u32(whole(turns.sample(&mut numbers))).clamp(1, MOST_TURNS)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Conversation, HISTORY_LIMIT, Said, turns_of};
    use crate::record::Phase;
    use crate::scenario::{Distribution, MOST_TURNS};
    use crate::workload::Prompt;

    fn text() -> Prompt {
        Prompt::Text("Hello".to_owned())
    }

    #[test]
    fn a_conversation_takes_one_prompt_for_each_turn() {
        let mut conversation = Conversation::new(7, &text(), 3);
        let mut said = || match conversation.said() {
            Said::Prompt(at) => {
                conversation.go_on(Some(at + 1));
                Some(at)
            }
            Said::Message(_) | Said::Nothing | Said::TooMuch => None,
        };
        assert_eq!([said(), said(), said(), said()], [Some(7), Some(8), Some(9), None]);
    }

    #[test]
    fn a_prompt_that_is_a_conversation_gives_what_its_user_says() {
        let messages = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "As recorded."},
            {"role": "user", "content": "Two?"},
        ]);
        let mut conversation = Conversation::new(7, &Prompt::Messages(messages.clone()), 9);
        assert_eq!(conversation.messages(), [messages[0].clone()]);
        let mut said: Vec<Value> = Vec::new();
        while let Said::Message(message) = conversation.said() {
            said.push(message);
        }
        assert_eq!(said, [messages[1].clone(), messages[3].clone()]);
    }

    #[test]
    fn a_history_has_a_bound() {
        let mut conversation = Conversation::new(0, &text(), 9);
        conversation.answered(&"x".repeat(usize::try_from(HISTORY_LIMIT).unwrap()));
        assert!(matches!(conversation.said(), Said::TooMuch));
    }

    #[test]
    fn the_number_of_turns_depends_on_seed_and_session_alone() {
        let turns = Distribution::Uniform { low: 2.0, high: 9.0 };
        let of = |seed, session| turns_of(turns, (seed, 3), (Phase::Measure, session));
        let first: Vec<_> = (0..50).map(|session| of(1, session)).collect();
        assert_eq!(first, (0..50).map(|session| of(1, session)).collect::<Vec<_>>());
        assert_ne!(first, (0..50).map(|session| of(2, session)).collect::<Vec<_>>());
        assert!(first.iter().all(|turns| (2..=9).contains(turns)));
        let of = |turns| turns_of(Distribution::Constant(turns), (1, 3), (Phase::Warmup, 0));
        assert_eq!([of(0.0), of(5.0), of(1e12)], [1, 5, MOST_TURNS]);
    }
}
