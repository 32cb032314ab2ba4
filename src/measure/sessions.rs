//! How sessions ended.

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// All its turns were answered.
    Completed,
    /// A turn failed; those after it were never due.
    Failed,
    /// It was cut short: the window closed, the run was stopped, or its history grew too long.
    Cut,
}

/// How many sessions that began in the window ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// All their turns were answered.
    pub completed: u64,
    /// A turn failed.
    pub failed: u64,
    /// They were cut short.
    pub cut: u64,
}

impl SessionCounts {
    /// Adds one session.
    pub(super) const fn add(&mut self, end: SessionEnd) {
        match end {
            SessionEnd::Completed => self.completed += 1,
            SessionEnd::Failed => self.failed += 1,
            SessionEnd::Cut => self.cut += 1,
        }
    }

    /// Adds what another counted.
    pub(super) const fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.failed += other.failed;
        self.cut += other.cut;
    }
}
