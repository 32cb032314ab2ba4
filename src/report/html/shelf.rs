//! The pages around reports: the list of a folder's runs, and a run that goes on.

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::frame::{CHART_SCRIPT, CHART_STYLE, Frame, PAGE_STYLE, data_block};
use crate::audit::Confidence;
use crate::gate::{GateResult, test_gates};
use crate::report::ReportError;
use crate::report::gates::tally;
use crate::report::numbers::percent;
use crate::result::{OutcomeEntry, ResultError, RunResult};
use crate::units::ratio;

const LIST_TEMPLATE: &str = include_str!("assets/list.html");
const LIST_SCRIPT: &str = include_str!("assets/list.js");
const LIVE_TEMPLATE: &str = include_str!("assets/live.html");
const LIVE_SCRIPT: &str = include_str!("assets/live.js");

/// A run in the list of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shelved {
    /// Name of its folder.
    pub id: String,
    /// Name of its scenario; that of the folder where the result cannot be read.
    pub name: String,
    /// When it started, as `2026-11-22 13:07:50`, in UTC.
    pub started: String,
    /// `finished`, `partial`, `running` or `unreadable`.
    pub state: &'static str,
    /// `trusted`, `with reservations` or `not to be trusted`; why it cannot be read, where it cannot.
    pub confidence: String,
    /// `good`, `doubtful`, `bad` or `plain`.
    pub class: &'static str,
    /// Names of its backends.
    pub backends: String,
    /// How many cells it has.
    pub cells: usize,
    /// Requests that were due in measured windows, and how many failed.
    pub requests: String,
    /// What became of its gates; empty without gates.
    pub gates: String,
}

impl Shelved {
    /// The entry of a run, which may still go on.
    ///
    /// # Errors
    ///
    /// [`ResultError`] if its gates cannot be tested.
    pub fn new(result: &RunResult, is_running: bool) -> Result<Self, ResultError> {
        let gates = test_gates(result)?;
        let confidence = result.confidence();
        let failed = !gates.iter().all(GateResult::holds);
        let class = match confidence {
            _ if is_running => "plain",
            Confidence::NotToBeTrusted => "bad",
            _ if failed => "bad",
            Confidence::WithReservations => "doubtful",
            Confidence::Trusted if result.partial => "doubtful",
            Confidence::Trusted => "good",
        };
        let outcomes = || result.cells.iter().map(|cell| &cell.measured.outcomes);
        let arrivals: u64 = outcomes().map(|outcomes| outcomes.arrivals).sum();
        let failures: u64 = outcomes().map(OutcomeEntry::failures).sum();
        let share = ratio(failures, arrivals).filter(|share| *share > 0.0);
        let share = share.map(|share| format!(", {} failed", percent(share))).unwrap_or_default();
        let backends: Vec<_> = result.backends.iter().map(|entry| entry.name.as_str()).collect();
        Ok(Self {
            id: result.id.clone(),
            name: result.name.clone(),
            started: result.started_at.replace('T', " ").chars().take(19).collect(),
            state: match (is_running, result.partial) {
                (true, _) => "running",
                (false, true) => "partial",
                (false, false) => "finished",
            },
            confidence: confidence.to_string(),
            class,
            backends: backends.join(", "),
            cells: result.cells.len(),
            requests: format!("{arrivals}{share}"),
            gates: tally(&gates).unwrap_or_default(),
        })
    }

    /// The entry of a folder whose result cannot be read.
    pub fn unreadable(id: &str, why: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            started: String::new(),
            state: "unreadable",
            confidence: why.to_owned(),
            class: "bad",
            backends: String::new(),
            cells: 0,
            requests: String::new(),
            gates: String::new(),
        }
    }
}

/// The page that lists `runs`, in their order.
///
/// # Errors
///
/// [`ReportError`] if the page cannot be filled in.
pub fn list_page(folder: &str, runs: &[Shelved]) -> Result<String, ReportError> {
    let frame = Frame {
        template: LIST_TEMPLATE,
        scripts: &[LIST_SCRIPT],
        styles: &[PAGE_STYLE],
        talks: true,
    };
    Ok(frame.fill(context! { folder, runs => Serde(runs) })?)
}

/// The page that follows the run `result` while it goes on. What happens comes from `events`,
/// beside the page.
///
/// # Errors
///
/// [`ReportError`] if the page cannot be filled in.
pub fn live_page(result: &RunResult) -> Result<String, ReportError> {
    #[derive(Serialize)]
    struct Known<'a> {
        backends: Vec<&'a str>,
    }
    let frame = Frame {
        template: LIVE_TEMPLATE,
        scripts: &[CHART_SCRIPT, LIVE_SCRIPT],
        styles: &[CHART_STYLE, PAGE_STYLE],
        talks: true,
    };
    let backends = result.backends.iter().map(|backend| backend.name.as_str()).collect();
    let data = data_block(&Known { backends })?;
    Ok(frame.fill(context! {
        name => result.name.as_str(), id => result.id.as_str(),
        started => result.started_at.as_str(), data
    })?)
}

#[cfg(test)]
mod tests {
    use super::{Shelved, list_page, live_page};
    use crate::metric::Gate;
    use crate::result::{GateEntry, sample};

    #[test]
    fn an_entry_tells_what_a_run_came_to() {
        let mut result = sample::result(1);
        let entry = Shelved::new(&result, false).unwrap();
        assert_eq!((entry.state, entry.class), ("finished", "good"));
        assert_eq!(entry.started, "2026-11-22 13:07:50");
        assert_eq!(entry.requests, "3600, 1.0% failed");
        result.gates = vec![GateEntry::from(&"error_rate < 1%".parse::<Gate>().unwrap())];
        assert_eq!(Shelved::new(&result, false).unwrap().class, "bad");
        let running = Shelved::new(&result, true).unwrap();
        assert_eq!((running.state, running.class), ("running", "plain"));
    }

    #[test]
    fn names_on_the_pages_around_reports_stay_text() {
        let mut result = sample::result(1);
        "<script>alert(1)</script>".clone_into(&mut result.name);
        "</script><img src=x>".clone_into(&mut result.backends[0].name);
        let entry = Shelved::new(&result, false).unwrap();
        let broken = Shelved::unreadable("<b>x", "<i>not a result");
        for page in [list_page("<u>here", &[entry, broken]).unwrap(), live_page(&result).unwrap()] {
            for markup in ["<script>alert", "<img", "<b>x", "<i>not", "<u>here"] {
                assert!(!page.contains(markup), "{markup}");
            }
            assert!(page.contains("connect-src &#x27;self&#x27;"));
        }
    }
}
