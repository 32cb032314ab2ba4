//! Where something was written.

/// Where a value was written: in the text, or in a flag of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scenario) enum Place {
    /// In the text of the scenario.
    Text(Stretch),
    /// In a flag; an index into the flags of [`super::overrides::Overrides::flags`].
    Flag(usize),
}

/// A stretch of the scenario's text; positions count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scenario) struct Stretch {
    /// Characters before it.
    pub(in crate::scenario) start: usize,
    /// Characters before what follows it.
    pub(in crate::scenario) end: usize,
    /// Its line, from 1.
    pub(in crate::scenario) line: usize,
    /// Its column, from 1.
    pub(in crate::scenario) column: usize,
}

impl Place {
    /// The first character of the text, for what concerns the whole of it.
    pub(in crate::scenario) const TOP: Self =
        Self::Text(Stretch { start: 0, end: 0, line: 1, column: 1 });
}
