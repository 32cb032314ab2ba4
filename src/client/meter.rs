//! How many text events have come so far, requests in flight included.

use std::cell::Cell;
use std::rc::Rc;

use crate::units::count;

/// Counts the text events of one client as they come. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct EventMeter(Rc<Cell<u64>>);

impl EventMeter {
    /// Text events so far, over all requests of the client.
    pub fn read(&self) -> u64 {
        self.0.get()
    }

    #[inline]
    pub(super) fn add(&self, events: usize) {
        self.0.set(self.0.get() + count(events));
    }
}
