//! The page as a whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::forest::{ForestView, forest};
use super::lines::{Line, lines, run_labels};
use super::plots::{Plot, histories, input_lengths, load_curves};
use super::rows::RunRows;
use super::section::{FailureView, Section, SectionView, sections};
use super::shapes::Shapes;
use super::timeline::{Timeline, timeline};
use super::views::{BannerLine, DefinitionView, RunView, banner, definitions, notes};
use crate::compare::{Comparison, Rules, Subject, compare_backends};
use crate::report::ReportError;
use crate::result::{ResultError, RunResult};

const TEMPLATE: &str = include_str!("assets/page.html");
const PAGE_SCRIPT: &str = include_str!("assets/page.js");
const PAGE_STYLE: &str = include_str!("assets/page.css");
/// uPlot 1.6.32, as released: <https://github.com/leeoniya/uPlot>, MIT; its licence lies beside it.
const CHART_SCRIPT: &str = include_str!("assets/uplot.js");
const CHART_STYLE: &str = include_str!("assets/uplot.css");

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
    let data = Data::new(runs, &lines, &sections);
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
        forests: comparisons.iter().map(forest).collect(),
        definitions: definitions(&sections),
        runs: facts.collect::<Result<_, _>>()?,
        notes: notes(&sections),
        lines: &lines,
        plots: titles(&data.plots),
        lengths: titles(&data.lengths),
        history: titles(&data.history),
        version: env!("CARGO_PKG_VERSION"),
    };
    render(&page, &data)
}

/// The backends of `result` against the first one, where there are rounds enough for a verdict.
pub fn within(result: &RunResult) -> Vec<Comparison> {
    let subject = Subject { result, values: None };
    // A run of one backend has nothing to compare.
    let comparisons = compare_backends(subject, None, &Rules::default()).unwrap_or_default();
    comparisons.into_iter().filter(|comparison| comparison.verdict.is_some()).collect()
}

/// The page as text.
fn render(page: &Page<'_>, data: &Data<'_>) -> Result<String, ReportError> {
    let script = format!("{CHART_SCRIPT}\n{PAGE_SCRIPT}");
    let style = format!("{CHART_STYLE}\n{PAGE_STYLE}");
    // Neither `<` nor `&` leaves the block, whatever a name holds.
    let data = serde_json::to_string(data).map_err(ResultError::from)?;
    let data = data.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'",
        digest(&script),
        digest(&style)
    );
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.add_template("page", TEMPLATE)?;
    Ok(environment
        .get_template("page")?
        .render(context! { page => Serde(page), policy, script, style, data })?)
}

/// What a content security policy knows a script or style by.
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// What the template is filled with.
#[derive(Serialize)]
struct Page<'a> {
    title: String,
    banner: Vec<BannerLine>,
    runs: Vec<RunView>,
    notes: Vec<&'static str>,
    sections: Vec<SectionView>,
    has_timeline: bool,
    failures: Vec<FailureView>,
    forests: Vec<ForestView>,
    definitions: Vec<DefinitionView>,
    lines: &'a [Line],
    plots: Vec<String>,
    lengths: Vec<String>,
    history: Vec<String>,
    version: &'static str,
}

/// What charts are drawn from.
#[derive(Serialize)]
struct Data<'a> {
    lines: &'a [Line],
    timeline: Option<Timeline>,
    /// The curves of each section.
    sections: Vec<Vec<Shapes>>,
    /// Latency over throughput.
    plots: Vec<Plot>,
    /// Time to first token over input length.
    lengths: Vec<Plot>,
    /// Figures over the runs.
    history: Vec<Plot>,
}

impl<'a> Data<'a> {
    fn new(runs: &[PageRun<'_>], lines: &'a [Line], sections: &[Section<'_>]) -> Self {
        let curves = sections.iter().map(|section| section.curves(sections.len()));
        Self {
            lines,
            timeline: timeline(runs, lines),
            sections: curves.collect(),
            plots: runs.first().map(|run| load_curves(run.result, sections)).unwrap_or_default(),
            lengths: input_lengths(runs, lines, sections),
            history: histories(runs, lines, sections),
        }
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
