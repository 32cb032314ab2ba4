//! What is wrong with a scenario: collected while it is read, shown all at once.

use std::fmt;

use super::place::Place;
use crate::metric::closest;

/// More problems than this are counted, not kept: nobody reads on, and a file that is no
/// scenario at all has one per line.
const MOST_KEPT: usize = 50;

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Problem {
    /// Where it is.
    pub(in crate::scenario) place: Place,
    /// What is wrong, with the value found and what would be accepted.
    pub(in crate::scenario) message: String,
    /// One thing to try.
    pub(in crate::scenario) hint: Option<String>,
    /// Other places that have to do with it, each with its part in the matter.
    pub(in crate::scenario) also: Vec<(Place, String)>,
}

impl Problem {
    /// A problem at `place`.
    pub(in crate::scenario) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: None, also: Vec::new() }
    }

    /// The same with something to try.
    #[must_use]
    pub(in crate::scenario) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with one more place to look at.
    #[must_use]
    pub(in crate::scenario) fn also(mut self, place: Place, part: impl Into<String>) -> Self {
        self.also.push((place, part.into()));
        self
    }
}

/// The problems found so far, and the key that is being read.
#[derive(Debug, Default)]
pub(in crate::scenario) struct Problems {
    path: Vec<String>,
    found: Vec<Problem>,
    left_out: usize,
}

impl Problems {
    /// Adds a problem.
    pub(in crate::scenario) fn report(&mut self, problem: Problem) {
        if self.found.len() < MOST_KEPT {
            self.found.push(problem);
        } else {
            self.left_out += 1;
        }
    }

    /// Runs `read` with `step` at the end of the path.
    pub(in crate::scenario) fn within<T>(
        &mut self,
        step: impl fmt::Display,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.path.push(step.to_string());
        let result = read(self);
        self.path.pop();
        result
    }

    /// The dotted path of what is being read, as `--set` takes it; empty at the top.
    pub(in crate::scenario) fn path(&self) -> String {
        self.path.join(".")
    }

    /// What is being read, for the start of a message.
    pub(in crate::scenario) fn subject(&self) -> String {
        if self.path.is_empty() { "the scenario".to_owned() } else { format!("`{}`", self.path()) }
    }

    /// Whether nothing was wrong so far.
    pub(in crate::scenario) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The problems in the order of the text, those of flags last; and how many were left out.
    pub(in crate::scenario) fn into_sorted(mut self) -> (Vec<Problem>, usize) {
        self.found.sort_by_key(|problem| problem.place);
        (self.found, self.left_out)
    }
}

/// `did you mean x?`, and otherwise what there is to choose from.
pub(in crate::scenario) fn suggestion(found: &str, known: &[&str]) -> String {
    match closest(found, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("accepted: {}", listed(known)),
    }
}

/// Names as a sentence lists them, each in backticks.
pub(in crate::scenario) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
