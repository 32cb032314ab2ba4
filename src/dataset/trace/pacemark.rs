//! A row of `requests.csv`: what pacemark itself measured, to be sent again.

use super::columns::Columns;
use super::recorded::Recorded;
use crate::dataset::found::Fault;
use crate::units::whole;

/// What a row may be.
const EXPECTED: &str = "a row of `requests.csv` as a run of pacemark leaves it, with the columns \
     `cell`, `phase`, `due_at_ms`, `input_tokens` and `output_tokens`";

/// The columns that are read.
#[derive(Clone, Debug)]
pub(super) struct Pacemark(Columns<5>);

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// The cell it belongs to.
    pub(super) cell: u32,
    /// The request; `None` where its length is not known.
    pub(super) recorded: Option<Recorded>,
}

impl Pacemark {
    /// The columns in a header.
    ///
    /// # Errors
    ///
    /// [`Fault`] if one is missing.
    pub(super) fn of(header: &str) -> Result<Self, Fault> {
        let names = ["cell", "phase", "due_at_ms", "input_tokens", "output_tokens"];
        Columns::of(header, names, EXPECTED).map(Self)
    }

    /// The request in a row; `None` for one of a warm-up.
    ///
    /// # Errors
    ///
    /// What was found instead.
    pub(super) fn parse(&self, text: &str) -> Result<Option<Measured>, Fault> {
        let Self(columns) = self;
        let [cell, phase, at, input, output] = columns.fields(text)?;
        match phase.as_str() {
            "measure" => {}
            "warmup" => return Ok(None),
            other => return Err(columns.fault(format!("the phase `{other}`"))),
        }
        let lacks = |name: &str| columns.fault(format!("nothing under `{name}`"));
        let cell: u32 = columns.number(0, &cell)?.ok_or_else(|| lacks("cell"))?;
        let millis: f64 = columns.number(2, &at)?.ok_or_else(|| lacks("due_at_ms"))?;
        if millis.is_nan() || millis < 0.0 {
            return Err(columns.fault(format!("`{at}` under `due_at_ms`")));
        }
        let (input, output) = (columns.number(3, &input)?, columns.number(4, &output)?);
        // A failed request has no answer, yet it was due; only its length may be unknown.
        let output = output.filter(|tokens: &u32| *tokens > 0);
        let at = whole(millis * 1e6).into();
        let recorded = input.filter(|tokens| *tokens > 0);
        let recorded = recorded.map(|input| Recorded { at, input, output });
        Ok(Some(Measured { cell, recorded }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Pacemark};
    use crate::dataset::trace::recorded::Recorded;

    const HEADER: &str = "cell,phase,request,outcome,due_at_ms,output_tokens,input_tokens";

    #[test]
    fn what_was_measured_has_the_moment_it_was_due() {
        let format = Pacemark::of(HEADER).unwrap();
        let row = format.parse("3,measure,0,completed,1204.500001,16,30").unwrap();
        let recorded = Recorded { at: 1_204_500_001, input: 30, output: Some(16) };
        assert_eq!(row, Some(Measured { cell: 3, recorded: Some(recorded) }));
        assert_eq!(format.parse("3,warmup,0,completed,1204,16,30").unwrap(), None);
        let failed = format.parse("3,measure,1,failed,1204,,").unwrap();
        assert_eq!(failed, Some(Measured { cell: 3, recorded: None }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let format = Pacemark::of(HEADER).unwrap();
        let found = |row| format.parse(row).unwrap_err().found;
        let all = [
            Pacemark::of("cell,phase").unwrap_err().found,
            found("3,measure,0"),
            found("3,drain,0,completed,1204,16,30"),
            found(",measure,0,completed,1204,16,30"),
            found("3,measure,0,completed,,16,30"),
            found("3,measure,0,completed,-4,16,30"),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        a header without the column `due_at_ms`: `cell`, `phase`
        3 fields where the header has 7
        the phase `drain`
        nothing under `cell`
        nothing under `due_at_ms`
        `-4` under `due_at_ms`
        ");
    }
}
