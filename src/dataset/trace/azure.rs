//! A record of an Azure LLM inference trace.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::columns::Columns;
use super::recorded::Recorded;
use crate::dataset::found::{Fault, excerpt};

/// What a record may be.
///
/// # Source
///
/// <https://github.com/Azure/AzurePublicDataset>, `AzureLLMInferenceDataset2023` and `…2024`.
const EXPECTED: &str = "a record under the header `TIMESTAMP,ContextTokens,GeneratedTokens`, with a \
     date and time as `2023-11-16 18:17:03.9799600`";

/// The columns that are read.
#[derive(Clone, Debug)]
pub(super) struct Azure(Columns<3>);

impl Azure {
    /// The columns in a header.
    ///
    /// # Errors
    ///
    /// [`Fault`] if one is missing.
    pub(super) fn of(header: &str) -> Result<Self, Fault> {
        let names = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];
        Columns::of(header, names, EXPECTED).map(Self)
    }

    /// The request in a record; `None` for one without input or answer.
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub(super) fn parse(&self, text: &str) -> Result<Option<Recorded>, Fault> {
        let Self(columns) = self;
        let [at, input, output] = columns.fields(text)?;
        let nanos = nanos_of(at.trim())
            .ok_or_else(|| columns.fault(format!("`{}` under `TIMESTAMP`", excerpt(&at))))?;
        Ok(Recorded::new(nanos, columns.number(1, &input)?, columns.number(2, &output)?))
    }
}

/// The nanoseconds from 1970 to a date and time, which is one of UTC where it has no offset.
fn nanos_of(text: &str) -> Option<i128> {
    let moment = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    moment.map(Timestamp::as_nanosecond)
}

#[cfg(test)]
mod tests {
    use super::Azure;
    use crate::dataset::trace::recorded::Recorded;

    #[test]
    fn a_record_has_a_date_and_a_time() {
        let format = Azure::of("TIMESTAMP,ContextTokens,GeneratedTokens").unwrap();
        let row = format.parse("2023-11-16 18:17:03.9799600,4808,10").unwrap().unwrap();
        let at = 1_700_158_623_979_960_000;
        assert_eq!(row, Recorded { at, input: 4_808, output: Some(10) });
        // The data set of 2024 has an offset.
        let row = format.parse("2023-11-16 18:17:03.979960+00:00,4808,10").unwrap().unwrap();
        assert_eq!(row.at, at);
        assert_eq!(format.parse("2023-11-16 18:17:03,0,10").unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let format = Azure::of("TIMESTAMP,ContextTokens,GeneratedTokens").unwrap();
        let found = |row| format.parse(row).unwrap_err().found;
        let all = [
            Azure::of("Timestamp,Tokens").unwrap_err().found,
            found("yesterday,4808,10"),
            found("2023-11-16 18:17:03,4808"),
            found("2023-11-16 18:17:03,4808,-1"),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        a header without the column `ContextTokens`: `Timestamp`, `Tokens`
        `yesterday` under `TIMESTAMP`
        2 fields where the header has 3
        `-1` under `GeneratedTokens`
        ");
    }
}
