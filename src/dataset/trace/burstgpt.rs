//! A record of a `BurstGPT` trace.

use super::columns::Columns;
use super::recorded::Recorded;
use crate::dataset::found::Fault;
use crate::units::whole;

/// What a record may be.
///
/// # Source
///
/// Wang et al., "`BurstGPT`: A Real-World Workload Dataset to Optimize LLM Serving Systems", KDD 2025,
/// <https://github.com/HPMLL/BurstGPT>.
const EXPECTED: &str = "a record under the header `Timestamp,Model,Request tokens,Response tokens,\
     Total tokens,Log Type`, with the time in seconds";

/// The columns that are read.
#[derive(Clone, Debug)]
pub(super) struct BurstGpt(Columns<3>);

impl BurstGpt {
    /// The columns in a header.
    ///
    /// # Errors
    ///
    /// [`Fault`] if one is missing.
    pub(super) fn of(header: &str) -> Result<Self, Fault> {
        let names = ["Timestamp", "Request tokens", "Response tokens"];
        Columns::of(header, names, EXPECTED).map(Self)
    }

    /// The request in a record; `None` for one that had no answer: it had failed.
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub(super) fn parse(&self, text: &str) -> Result<Option<Recorded>, Fault> {
        let Self(columns) = self;
        let [at, input, output] = columns.fields(text)?;
        let seconds: Option<f64> = columns.number(0, &at)?;
        let seconds = seconds.filter(|seconds| *seconds >= 0.0);
        let seconds = seconds.ok_or_else(|| columns.fault(format!("the time `{at}`")))?;
        let nanos = whole(seconds * 1e9).into();
        Ok(Recorded::new(nanos, columns.number(1, &input)?, columns.number(2, &output)?))
    }
}

#[cfg(test)]
mod tests {
    use super::BurstGpt;
    use crate::dataset::trace::recorded::Recorded;

    const HEADER: &str = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type";

    #[test]
    fn a_record_has_its_time_in_seconds() {
        let format = BurstGpt::of(HEADER).unwrap();
        let row = format.parse("45.5,ChatGPT,472,18,490,Conversation log").unwrap();
        assert_eq!(row, Some(Recorded { at: 45_500_000_000, input: 472, output: Some(18) }));
        assert_eq!(format.parse("46,GPT-4,472,0,472,API log").unwrap(), None);
    }

    #[test]
    fn newer_files_have_further_columns() {
        let header = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type";
        let row = BurstGpt::of(header).unwrap().parse("5,s1,2.5,GPT-4,7,8,15,API log").unwrap();
        assert_eq!(row, Some(Recorded { at: 5_000_000_000, input: 7, output: Some(8) }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let found = |row| BurstGpt::of(HEADER).unwrap().parse(row).unwrap_err().found;
        let all = [
            BurstGpt::of("Timestamp,Model,Request tokens").unwrap_err().found,
            found("5,ChatGPT,472"),
            found("soon,ChatGPT,472,18,490,API log"),
            found("-1,ChatGPT,472,18,490,API log"),
            found(",ChatGPT,472,18,490,API log"),
            found("5,ChatGPT,many,18,490,API log"),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        a header without the column `Response tokens`: `Timestamp`, `Model`, `Request tokens`
        3 fields where the header has 6
        `soon` under `Timestamp`
        the time `-1`
        the time ``
        `many` under `Request tokens`
        ");
    }
}
