//! Which requests get a row in `requests.csv`.

use crate::result::RecordsEntry;

/// Rows of each cell and phase that a sample keeps in full.
const SAMPLE_HEAD: u64 = 10_000;
/// Beyond them, a sample keeps one row in so many.
const SAMPLE_STEP: u64 = 100;

/// Which requests get a row in `requests.csv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordsPolicy {
    /// Every request.
    #[default]
    All,
    /// Of each cell and phase the first 10,000 requests, then one in 100.
    Sample,
    /// None; there is no file then.
    None,
}

impl RecordsPolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::All, Self::Sample, Self::None];

    /// Its name on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Sample => "sample",
            Self::None => "none",
        }
    }

    /// The policy of that name, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.key() == key)
    }

    /// Whether the request at `index` of its cell and phase gets a row. Depends on nothing
    /// else, so every run of a scenario keeps the same requests, in whatever order they end.
    pub const fn keeps(self, index: u64) -> bool {
        match self {
            Self::All => true,
            Self::Sample => index < SAMPLE_HEAD || index.is_multiple_of(SAMPLE_STEP),
            Self::None => false,
        }
    }

    /// What stands in the result, once `kept` of `finished` requests have a row.
    pub(super) fn entry(self, kept: u64, finished: u64) -> RecordsEntry {
        let rule = match self {
            Self::All => "every request".to_owned(),
            Self::Sample => format!(
                "of each cell and phase the first {SAMPLE_HEAD} requests, then every \
                 {SAMPLE_STEP}th by number"
            ),
            Self::None => "no request".to_owned(),
        };
        RecordsEntry { policy: self.key().to_owned(), rule, kept, finished }
    }
}

#[cfg(test)]
mod tests {
    use super::RecordsPolicy;

    #[test]
    fn a_sample_keeps_the_first_ten_thousand_and_then_one_in_a_hundred() {
        let kept = |range: std::ops::Range<u64>| {
            range.filter(|index| RecordsPolicy::Sample.keeps(*index)).count()
        };
        assert_eq!([kept(0..10_000), kept(10_000..20_000)], [10_000, 100]);
    }

    #[test]
    fn names_lead_back_to_their_policies() {
        for policy in RecordsPolicy::ALL {
            assert_eq!(RecordsPolicy::from_key(policy.key()), Some(policy));
        }
        assert_eq!(RecordsPolicy::from_key("some"), None);
    }
}
