//! The page as a whole.

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::capacity::capacity_plots;
use super::forest::{ForestView, forest};
use super::frame::{CHART_SCRIPT, CHART_STYLE, Frame, PAGE_STYLE, data_block};
use super::lines::{Line, lines, run_labels};
use super::plots::{Plot, histories, input_lengths, load_curves};
use super::rows::RunRows;
use super::section::{FailureView, Section, SectionView, sections};
use super::shapes::Shapes;
use super::side_tables::{SideView, costs, searches};
use super::timeline::{Timeline, timeline};
use super::views::{BannerLine, DefinitionView, RunView, banner, definitions, notes};
use crate::compare::Comparison;
use crate::report::ReportError;
use crate::result::{ResultError, RunResult};

const TEMPLATE: &str = include_str!("assets/page.html");
const PAGE_SCRIPT: &str = include_str!("assets/page.js");

/// A run as a page shows it.
#[derive(Clone, Copy, Debug)]
pub struct PageRun<'a> {
    /// What it came to.
    pub result: &'a RunResult,
    /// The rows of its folder; `None` where they are not at hand: there are no charts over time then.
    pub rows: Option<&'a RunRows>,
}

/// A page that shows `runs`, each beside the others, and `comparisons` of them.
///
/// # Errors
///
/// [`ReportError`] if rounds cannot be merged, or gates not be tested.
pub fn html(runs: &[PageRun<'_>], comparisons: &[Comparison]) -> Result<String, ReportError> {
    let lines = lines(runs);
    let sections = sections(runs, &lines)?;
    let data = Data::new(runs, &lines, &sections)?;
    let views = sections.iter().enumerate().map(|(place, section)| {
        let before = place.checked_sub(1).map(|before| &sections[before]);
        section.view(place, before, !data.sections[place].is_empty(), runs.len() == 1)
    });
    let labels = run_labels(runs);
    let banner = banner(runs, &labels, &sections, comparisons)?;
    let facts = runs.iter().zip(labels).map(|(run, label)| RunView::new(run.result, label));
    let titles = |plots: &[Plot]| plots.iter().map(|plot| plot.title.clone()).collect();
    let page = Page {
        title: title(runs),
        banner,
        sections: views.collect(),
        has_timeline: data.timeline.is_some(),
        failures: sections.iter().flat_map(Section::failures).collect(),
        costs: runs.iter().flat_map(|run| costs(run.result)).collect(),
        searches: runs.iter().flat_map(|run| searches(run.result)).collect(),
        forests: comparisons.iter().map(forest).collect(),
        definitions: definitions(&sections),
        runs: facts.collect::<Result<_, _>>()?,
        notes: notes(&sections),
        capacity: titles(&data.capacity),
        plots: titles(&data.plots),
        lengths: titles(&data.lengths),
        history: titles(&data.history),
    };
    render(&page, &data)
}

/// The page as text.
fn render(page: &Page, data: &Data<'_>) -> Result<String, ReportError> {
    let data = data_block(data)?;
    let frame = Frame {
        template: TEMPLATE,
        scripts: &[CHART_SCRIPT, PAGE_SCRIPT],
        styles: &[CHART_STYLE, PAGE_STYLE],
        talks: false,
    };
    Ok(frame.fill(context! { page => Serde(page), data })?)
}

/// What the template is filled with.
#[derive(Serialize)]
struct Page {
    title: String,
    banner: Vec<BannerLine>,
    runs: Vec<RunView>,
    notes: Vec<&'static str>,
    sections: Vec<SectionView>,
    has_timeline: bool,
    failures: Vec<FailureView>,
    costs: Vec<SideView>,
    searches: Vec<SideView>,
    forests: Vec<ForestView>,
    definitions: Vec<DefinitionView>,
    capacity: Vec<String>,
    plots: Vec<String>,
    lengths: Vec<String>,
    history: Vec<String>,
}

/// What charts are drawn from.
#[derive(Serialize)]
struct Data<'a> {
    lines: &'a [Line],
    timeline: Option<Timeline>,
    /// The curves of each section.
    sections: Vec<Vec<Shapes>>,
    /// Throughput and limits over the load.
    capacity: Vec<Plot>,
    /// Latency over throughput.
    plots: Vec<Plot>,
    /// Time to first token over input length.
    lengths: Vec<Plot>,
    /// Figures over the runs.
    history: Vec<Plot>,
}

impl<'a> Data<'a> {
    fn new(
        runs: &[PageRun<'_>],
        lines: &'a [Line],
        sections: &[Section<'_>],
    ) -> Result<Self, ResultError> {
        let curves = sections.iter().map(|section| section.curves(sections.len()));
        Ok(Self {
            lines,
            capacity: capacity_plots(runs, lines)?,
            timeline: timeline(runs, lines),
            sections: curves.collect(),
            plots: runs.first().map(|run| load_curves(run.result, sections)).unwrap_or_default(),
            lengths: input_lengths(runs, lines, sections),
            history: histories(runs, lines, sections),
        })
    }
}

/// The name of the run, or of all of them.
fn title(runs: &[PageRun<'_>]) -> String {
    match runs {
        [] => "no run".to_owned(),
        [only] => only.result.name.clone(),
        [first, others @ ..] => {
            let same = others.iter().all(|run| run.result.name == first.result.name);
            let name = if same { first.result.name.as_str() } else { "runs" };
            format!("{name}: {} runs", runs.len())
        }
    }
}
