//! A key that may be there, may be wrong, or may be missing.

use crate::scenario::place::Place;

/// What became of a key.
#[derive(Clone, Debug)]
pub(in crate::scenario) enum Field<T> {
    /// It was not typed.
    Absent,
    /// It was typed, but its value is wrong; that is reported already.
    Wrong(Place),
    /// Its value, and where it was written.
    Given(Given<T>),
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Given<T> {
    /// The value.
    pub(in crate::scenario) value: T,
    /// Where it was written.
    pub(in crate::scenario) place: Place,
}

impl<T> Field<T> {
    /// The value, if it is there and right.
    pub(in crate::scenario) const fn value(&self) -> Option<&T> {
        match self {
            Self::Given(given) => Some(&given.value),
            Self::Absent | Self::Wrong(_) => None,
        }
    }

    /// The value, if it is there and right.
    pub(in crate::scenario) fn into_value(self) -> Option<T> {
        match self {
            Self::Given(given) => Some(given.value),
            Self::Absent | Self::Wrong(_) => None,
        }
    }

    /// The value with its place, if it is there and right.
    pub(in crate::scenario) const fn given(&self) -> Option<&Given<T>> {
        match self {
            Self::Given(given) => Some(given),
            Self::Absent | Self::Wrong(_) => None,
        }
    }

    /// Where it was written; `None` if it was not.
    pub(in crate::scenario) const fn place(&self) -> Option<Place> {
        match self {
            Self::Absent => None,
            Self::Wrong(place) => Some(*place),
            Self::Given(given) => Some(given.place),
        }
    }

    /// Whether it was not typed at all.
    pub(in crate::scenario) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}
