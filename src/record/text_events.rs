//! The text events of one stream, eight bytes each.

use std::time::Duration;

use crate::units::Moment;

const TOKEN_BITS: u32 = 20;
const TOKEN_MASK: u64 = (1 << TOKEN_BITS) - 1;
/// Longest gap that fits: 2⁴⁴ ns, nearly five hours; longer ones are cut to it.
const GAP_LIMIT: u64 = (1 << (64 - TOKEN_BITS)) - 1;

/// When the events that carried generated text arrived, and how many tokens each held.
///
/// Each event takes eight bytes: 44 bits of nanoseconds since the event before it (the first:
/// since the stream's start) and 20 bits for its tokens, 0 where they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextEvents {
    packed: Vec<u64>,
    last_at: Moment,
}

/// One event that carried generated text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEvent {
    /// When the read that completed it returned.
    pub at: Moment,
    /// Time since the text event before it; `None` for the first.
    pub gap: Option<Duration>,
    /// Tokens it carried; `None` where the server did not tell.
    pub tokens: Option<u32>,
}

impl TextEvents {
    /// Adds an event. Moments must not decrease; a step back counts as no time passed.
    #[inline]
    pub fn push(&mut self, at: Moment, tokens: Option<u32>) {
        let gap = at.as_nanos().saturating_sub(self.last_at.as_nanos()).min(GAP_LIMIT);
        let tokens = u64::from(tokens.unwrap_or(0)).min(TOKEN_MASK);
        self.packed.push(gap << TOKEN_BITS | tokens);
        self.last_at += Duration::from_nanos(gap);
    }

    /// Sets the tokens of the latest event, once a running count tells them.
    pub fn set_last_tokens(&mut self, tokens: u32) {
        if let Some(last) = self.packed.last_mut() {
            *last = *last & !TOKEN_MASK | u64::from(tokens).min(TOKEN_MASK);
        }
    }

    /// The number of text events.
    pub fn len(&self) -> usize {
        self.packed.len()
    }

    /// Whether no text arrived.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Forgets the events and keeps the memory, for the next request.
    pub fn clear(&mut self) {
        self.packed.clear();
        self.last_at = Moment::ZERO;
    }

    /// The events, first to last.
    pub fn iter(&self) -> impl Iterator<Item = TextEvent> {
        let mut at = Moment::ZERO;
        self.packed.iter().enumerate().map(move |(index, packed)| {
            let gap = Duration::from_nanos(packed >> TOKEN_BITS);
            at += gap;
            let tokens = u32::try_from(packed & TOKEN_MASK).ok().filter(|tokens| *tokens > 0);
            TextEvent { at, gap: (index > 0).then_some(gap), tokens }
        })
    }

    /// The moment of the first event.
    pub fn first_at(&self) -> Option<Moment> {
        self.packed.first().map(|packed| Moment::from_nanos(packed >> TOKEN_BITS))
    }

    /// The moment of the last event.
    pub fn last_at(&self) -> Option<Moment> {
        (!self.is_empty()).then_some(self.last_at)
    }

    /// Whether the tokens of every event are known.
    pub fn tokens_known(&self) -> bool {
        !self.is_empty() && self.packed.iter().all(|packed| packed & TOKEN_MASK > 0)
    }
}

/// For tests and tools: events from pairs of nanoseconds since the run's start and tokens.
impl FromIterator<(u64, Option<u32>)> for TextEvents {
    fn from_iter<I: IntoIterator<Item = (u64, Option<u32>)>>(events: I) -> Self {
        let mut collected = Self::default();
        for (at, tokens) in events {
            collected.push(Moment::from_nanos(at), tokens);
        }
        collected
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::TextEvents;
    use crate::units::Moment;

    #[test]
    fn events_come_back_as_they_went_in() {
        let events = TextEvents::from_iter([(5_000, None), (9_000, Some(3))]);
        let read: Vec<_> = events.iter().collect();
        assert_eq!(read[0].at, Moment::from_nanos(5_000));
        assert_eq!((read[0].gap, read[0].tokens), (None, None));
        assert_eq!(read[1].gap, Some(Duration::from_micros(4)));
        assert_eq!(read[1].tokens, Some(3));
        assert_eq!(events.last_at(), Some(Moment::from_nanos(9_000)));
    }

    #[test]
    fn the_last_event_learns_its_tokens_late() {
        let mut events = TextEvents::from_iter([(1, None)]);
        assert!(!events.tokens_known());
        events.set_last_tokens(7);
        assert_eq!(events.iter().next().unwrap().tokens, Some(7));
        assert!(events.tokens_known());
    }

    proptest! {
        #[test]
        fn moments_survive_packing(gaps in prop::collection::vec(0_u64..10_000_000_000, 0..50)) {
            let mut at = 0;
            let moments: Vec<_> = gaps.iter().map(|gap| { at += gap; at }).collect();
            let events: TextEvents = moments.iter().map(|at| (*at, None)).collect();
            let read: Vec<_> = events.iter().map(|event| event.at.as_nanos()).collect();
            prop_assert_eq!(read, moments);
        }
    }
}
