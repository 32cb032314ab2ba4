//! What the metrics of a report mean, in the words of the catalogue: a report that shows a metric
//! carries its definition.

use super::blocks::Block;
use super::columns::{Column, Source, columns_of};
use super::comparison::metric_name;
use super::markdown::escaped;
use crate::compare::Comparison;
use crate::metric::{Kind, Metric, MetricInfo};

/// What stands before the definitions in a terminal.
const LEAD: &str = "what they mean:";

/// A metric under the name a report shows it by.
pub(super) struct Definition {
    /// As its column is called, without statistic: `TTFT`, `output tok/s`.
    name: String,
    metric: Metric,
}

impl Definition {
    fn new(name: String, metric: Metric) -> Self {
        Self { name, metric }
    }

    /// `TTFT: first_token_at - sent_at`
    fn short(&self) -> String {
        format!("{}: {}", self.name, self.metric.info().formula)
    }

    /// `TTFT (time to first token): first_token_at - sent_at; of streams with text`
    pub(super) fn full(&self) -> String {
        let MetricInfo { name, formula, exists_for, .. } = self.metric.info();
        let spelled = if self.name.contains(name) { String::new() } else { format!(" ({name})") };
        format!("{}{spelled}: {formula}; of {exists_for}", self.name)
    }
}

/// The metrics of `columns`, each once, in their order. What is counted in whole requests (`ok`,
/// `failed`) is no metric.
pub(super) fn of_columns<'a>(columns: impl IntoIterator<Item = &'a Column>) -> Vec<Definition> {
    unique(columns.into_iter().filter_map(|column| match column.source {
        Source::Completed | Source::Failed => None,
        Source::Window(metric) => Some(Definition::new(column.title(), metric)),
        Source::Figure(metric @ (Metric::ScheduleDelay | Metric::Stall), _) => {
            Some(Definition::new(column.name.to_owned(), metric))
        }
        Source::Figure(metric, _) => Some(Definition::new(metric_name(metric), metric)),
    }))
}

/// The metrics that the tables of `blocks` show in documents, where every column has room.
pub(super) fn of_blocks(blocks: &[Block<'_>]) -> Vec<Definition> {
    let columns: Vec<_> = blocks.iter().flat_map(columns_of).collect();
    of_columns(&columns)
}

/// The metrics that are compared.
pub(super) fn of_comparison(comparison: &Comparison) -> Vec<Definition> {
    let estimates = comparison.cells.iter().flat_map(|cell| &cell.estimates);
    unique(estimates.map(|estimate| {
        let metric = estimate.measure.metric();
        Definition::new(metric_name(metric), metric)
    }))
}

fn unique(all: impl Iterator<Item = Definition>) -> Vec<Definition> {
    let mut unique: Vec<Definition> = Vec::new();
    for one in all {
        if !unique.iter().any(|other| other.metric == one.metric) {
            unique.push(one);
        }
    }
    unique
}

/// The definitions below the tables of a terminal: one paragraph of formulas, so that they do not
/// drown the tables, or where everything is asked for a line for each, in full.
pub(super) fn footnotes(definitions: &[Definition], wide: bool) -> Vec<String> {
    if definitions.is_empty() {
        return Vec::new();
    }
    if wide {
        let lines = definitions.iter().map(Definition::full);
        return std::iter::once(LEAD.to_owned()).chain(lines).collect();
    }
    // Rates of the window say in their names what they are; what times mean does not stand there.
    let (times, rates): (Vec<_>, Vec<_>) =
        definitions.iter().partition(|one| one.metric.info().kind == Kind::Distribution);
    let all: Vec<_> = times.into_iter().chain(rates).map(Definition::short).collect();
    vec![format!("{LEAD} {}", all.join("; "))]
}

/// The definitions as a list in Markdown, in full.
pub(super) fn list(definitions: &[Definition]) -> Vec<String> {
    definitions.iter().map(|one| format!("- {}", escaped(&one.full()))).collect()
}

#[cfg(test)]
mod tests {
    use super::{footnotes, of_blocks, of_comparison};
    use crate::compare::{Comparison, Rules, Subject, compare_backends};
    use crate::metric::Metric;
    use crate::report::blocks::blocks;
    use crate::report::columns::{Source, columns_of};
    use crate::report::{ComparisonFormat, ReportFormat, ReportOptions, TableOptions};
    use crate::result::{RunResult, sample};

    fn comparisons(result: &RunResult) -> Vec<Comparison> {
        let rules = Rules::default();
        compare_backends(Subject { result, values: None }, None, &rules).unwrap()
    }

    /// A text without what wraps or escapes it.
    fn plain(text: &str) -> String {
        let text = text.replace('\\', "").replace("&gt;", ">");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_metric_in_a_report_carries_its_definition() {
        let result = sample::result(3);
        let blocks = blocks(&result, false).unwrap();
        let shown = |source| match source {
            Source::Window(metric) | Source::Figure(metric, _) => Some(metric),
            Source::Completed | Source::Failed => None,
        };
        let columns = blocks.iter().flat_map(columns_of);
        let metrics: Vec<Metric> = columns.filter_map(|column| shown(column.source)).collect();
        assert!(metrics.len() > 20);
        let options = ReportOptions::default();
        for format in [ReportFormat::Wide, ReportFormat::Markdown, ReportFormat::Comment] {
            let text = plain(&format.render(&result, &options).unwrap());
            for metric in &metrics {
                let info = metric.info();
                let definition = format!("{}; of {}", info.formula, info.exists_for);
                assert!(text.contains(&definition), "{definition} in {text}");
            }
        }
        let narrow = plain(&ReportFormat::Table.render(&result, &options).unwrap());
        for metric in [Metric::Ttft, Metric::OutputTokenThroughput, Metric::Response] {
            assert!(narrow.contains(metric.info().formula), "{narrow}");
        }
    }

    #[test]
    fn every_metric_in_a_comparison_carries_its_definition() {
        let comparisons = comparisons(&sample::result(3));
        let formats =
            [ComparisonFormat::Table, ComparisonFormat::Markdown, ComparisonFormat::Comment];
        for format in formats {
            let text = plain(&format.render(&comparisons, TableOptions::default()).unwrap());
            let cells = comparisons.iter().flat_map(|comparison| &comparison.cells);
            for estimate in cells.flat_map(|cell| &cell.estimates) {
                let formula = estimate.measure.metric().info().formula;
                assert!(text.contains(formula), "{formula} in {text}");
            }
        }
    }

    #[test]
    fn a_terminal_has_one_paragraph_and_with_all_columns_a_line_for_each() {
        let result = sample::result(3);
        let definitions = of_comparison(&comparisons(&result)[0]);
        insta::assert_snapshot!(footnotes(&definitions, false).join("\n"), @"what they mean: TTFT: first_token_at - sent_at; ITL: as icl, but a gap before an event of k tokens counts as k samples of gap / k; TPOT: (last_token_at - first_token_at) / (O - 1), one value per request; E2E: last_token_at - sent_at for streams with text, else finished_at - sent_at; response: as e2e, but from due_at; requests/s: successes finished in the window / window length; output tok/s: output tokens that arrived in the window / window length; error rate: failures / all requests of the window; input items/s: input items embedded per second (batch size counted)");
        let definitions = of_blocks(&blocks(&result, false).unwrap());
        insta::assert_snapshot!(footnotes(&definitions, true).join("\n"), @"
        what they mean:
        req/s (request throughput): successes finished in the window / window length; of every cell
        output tok/s (output token throughput): output tokens that arrived in the window / window length; of chat, completions and responses
        TTFT (time to first token): first_token_at - sent_at; of streams with text
        ITL (inter-token latency): as icl, but a gap before an event of k tokens counts as k samples of gap / k; of streams with known tokens per event
        TPOT (time per output token): (last_token_at - first_token_at) / (O - 1), one value per request; of streams with O of at least 2
        E2E (end-to-end latency): last_token_at - sent_at for streams with text, else finished_at - sent_at; of all successes
        late (schedule delay): sent_at - due_at; of all requests sent
        in flight (requests in flight): time-weighted mean of requests in flight over the window; of every cell
        TTFT due (first token from due time): first_token_at - due_at; of streams with text
        response (response time): as e2e, but from due_at; of all successes
        input items/s (embedding throughput): input items embedded per second (batch size counted); of embeddings
        ");
        assert!(footnotes(&[], true).is_empty());
    }
}
