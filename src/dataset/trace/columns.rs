//! The columns of a recording that is a CSV file.

use crate::dataset::csv_rows::record;
use crate::dataset::found::{Fault, excerpt};

/// Most names of columns that an error repeats.
const NAMES_SHOWN: usize = 12;

/// Where the columns that are read stand, in the order they were asked for.
#[derive(Clone, Debug)]
pub(super) struct Columns<const N: usize> {
    names: [&'static str; N],
    places: [usize; N],
    count: usize,
    accepted: &'static str,
}

impl<const N: usize> Columns<N> {
    /// The columns `names` in a header; case does not matter.
    ///
    /// # Errors
    ///
    /// [`Fault`] if one is missing; `accepted` says what would be right.
    pub(super) fn of(
        header: &str,
        names: [&'static str; N],
        accepted: &'static str,
    ) -> Result<Self, Fault> {
        let header = record(header)?;
        let mut places = [0; N];
        for (place, name) in places.iter_mut().zip(names) {
            let found = header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
            *place = found.ok_or_else(|| {
                let shown: Vec<_> = header
                    .iter()
                    .take(NAMES_SHOWN)
                    .map(|name| format!("`{}`", excerpt(name)))
                    .collect();
                let shown = shown.join(", ");
                Fault::new(format!("a header without the column `{name}`: {shown}"), accepted)
            })?;
        }
        Ok(Self { names, places, count: header.len(), accepted })
    }

    /// The fields of a record under the columns.
    ///
    /// # Errors
    ///
    /// [`Fault`] if it has another number of fields than the header.
    pub(super) fn fields(&self, text: &str) -> Result<[String; N], Fault> {
        let mut fields = record(text)?;
        if fields.len() != self.count {
            let found = format!("{} fields where the header has {}", fields.len(), self.count);
            return Err(self.fault(found));
        }
        let take = |place: usize| fields.get_mut(place).map(std::mem::take).unwrap_or_default();
        Ok(self.places.map(take))
    }

    /// The number under column `at`; `None` where the field is empty.
    ///
    /// # Errors
    ///
    /// [`Fault`] if something else stands there.
    pub(super) fn number<T: std::str::FromStr>(
        &self,
        at: usize,
        field: &str,
    ) -> Result<Option<T>, Fault> {
        let field = field.trim();
        if field.is_empty() {
            return Ok(None);
        }
        let name = self.names.get(at).copied().unwrap_or_default();
        let wrong = |_| self.fault(format!("`{}` under `{name}`", excerpt(field)));
        field.parse().map(Some).map_err(wrong)
    }

    /// That a record is `found`.
    pub(super) fn fault(&self, found: impl Into<String>) -> Fault {
        Fault::new(found, self.accepted)
    }
}
