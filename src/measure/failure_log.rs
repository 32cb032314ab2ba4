//! Failures by kind, with a few of their messages.

use std::collections::BTreeMap;

use super::summary::FailureSample;
use crate::record::{Failure, FailureKind};

/// Messages kept of each kind: enough to see whether all say the same, few enough that a server
/// that writes a new number into every message costs no memory.
const MESSAGES_PER_KIND: usize = 3;

/// The first messages of each kind in alphabetical order, each with its exact count.
///
/// First in the alphabet and not first in time, so that the log does not depend on how requests
/// fell to threads: a message that stays was never left out before, so its count is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FailureLog {
    kinds: BTreeMap<FailureKind, KindLog>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct KindLog {
    count: u64,
    messages: BTreeMap<String, u64>,
}

impl FailureLog {
    /// Adds a failure; copies its message only if it is new and is kept.
    pub(super) fn add(&mut self, failure: &Failure) {
        let log = self.kinds.entry(failure.kind).or_default();
        log.count += 1;
        keep(&mut log.messages, &failure.message, 1);
    }

    /// Adds the failures of another log.
    pub(super) fn merge(&mut self, other: &Self) {
        for (kind, theirs) in &other.kinds {
            let log = self.kinds.entry(*kind).or_default();
            log.count += theirs.count;
            for (message, count) in &theirs.messages {
                keep(&mut log.messages, message, *count);
            }
        }
    }

    /// Failures of all kinds.
    pub(super) fn total(&self) -> u64 {
        self.kinds.values().map(|log| log.count).sum()
    }

    /// Failures by kind, as printed.
    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.kinds.iter().map(|(kind, log)| (kind.to_string(), log.count)).collect()
    }

    /// The messages kept, by kind and message.
    pub(super) fn samples(&self) -> Vec<FailureSample> {
        let sample = |kind: &FailureKind, message: &String, count: u64| FailureSample {
            kind: kind.to_string(),
            count,
            message: message.clone(),
        };
        let mut samples: Vec<_> = (self.kinds.iter())
            .flat_map(|(kind, log)| log.messages.iter().map(move |(m, n)| sample(kind, m, *n)))
            .collect();
        // By the kind as printed, as samples of several rounds are ordered.
        samples.sort_by(|a, b| (&a.kind, &a.message).cmp(&(&b.kind, &b.message)));
        samples
    }
}

/// Merges the samples of two rounds by the rule of the log.
pub(super) fn merge_samples(ours: &mut Vec<FailureSample>, theirs: &[FailureSample]) {
    let mut kinds: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for sample in ours.drain(..).chain(theirs.iter().cloned()) {
        keep(kinds.entry(sample.kind).or_default(), &sample.message, sample.count);
    }
    for (kind, messages) in kinds {
        let sample = |(message, count)| FailureSample { kind: kind.clone(), count, message };
        ours.extend(messages.into_iter().map(sample));
    }
}

fn keep(messages: &mut BTreeMap<String, u64>, message: &str, count: u64) {
    if let Some(seen) = messages.get_mut(message) {
        *seen += count;
        return;
    }
    if messages.len() >= MESSAGES_PER_KIND {
        if messages.last_key_value().is_none_or(|(last, _)| last.as_str() <= message) {
            return;
        }
        messages.pop_last();
    }
    messages.insert(message.to_owned(), count);
}

#[cfg(test)]
mod tests {
    use super::FailureLog;
    use crate::record::{Failure, FailureKind};

    fn log(messages: &[&str]) -> FailureLog {
        let mut log = FailureLog::default();
        for message in messages {
            log.add(&Failure { kind: FailureKind::ApiError, message: (*message).to_owned() });
        }
        log
    }

    #[test]
    fn messages_beyond_the_bound_are_counted_but_not_kept() {
        let log = log(&["d", "c", "b", "a", "a", "e"]);
        assert_eq!(log.counts(), [("api_error".to_owned(), 6)].into());
        let kept: Vec<_> = log.samples().into_iter().map(|s| (s.message, s.count)).collect();
        assert_eq!(kept, [("a".to_owned(), 2), ("b".to_owned(), 1), ("c".to_owned(), 1)]);
    }

    #[test]
    fn merging_keeps_what_one_log_would_have_kept() {
        let mut merged = log(&["d", "c", "b", "x"]);
        merged.merge(&log(&["x", "b", "a", "z"]));
        assert_eq!(merged, log(&["d", "c", "b", "x", "x", "b", "a", "z"]));
    }
}
