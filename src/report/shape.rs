//! The shape of a distribution in one line for each backend, so that two shapes can be compared
//! at a glance: has it two humps, a long tail, and where does the other one lie?
//!
//! All lines of a block share one logarithmic axis, from the shortest to the longest time of any
//! of them; each line is as high as its own fullest step, so that a backend that answered little
//! has a shape too. One single value shows.
//!
//! Every step is one column of the terminal. Signs like `▄` are two columns wide where a terminal
//! is set to an East Asian language, but the blanks between them never are, so shapes would be
//! torn apart there: they stand only where asked for, and steps of ASCII everywhere else.

use hdrhistogram::Histogram;
use unicode_width::UnicodeWidthStr as _;

use super::blocks::{Block, Row};
use super::grid::NAME_WIDTH;
use super::numbers::number;
use super::table::TableOptions;
use super::wrap::shortened;
use crate::metric::Metric;
use crate::units::{float, index, whole};

/// Steps of height in ASCII, lowest first: each darker than the one before.
const ASCII: [char; 8] = ['.', ':', '-', '=', '+', '*', '#', '@'];
/// Steps of height as blocks, lowest first.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Most steps of the axis: more are no easier to read.
const STEPS: usize = 60;
/// Fewest steps that still show a shape.
const FEWEST_STEPS: usize = 20;
/// Where the longest is not even so many times the shortest, there is no shape to see.
const FLAT: f64 = 1.02;

/// A title, and a line for each backend; empty where there is no shape or no room for one.
pub(super) struct Shapes {
    /// What is shown, and where its axis ends: `TTFT from 17.9 to 926.9 ms, log scale:`
    pub(super) title: String,
    /// Name and shape of each backend.
    pub(super) lines: Vec<String>,
}

/// The shapes of what is waited for in `block`; `None` where there is none, or no room.
pub(super) fn shapes(block: &Block<'_>, options: TableOptions) -> Option<Shapes> {
    let (name, metric) = shown(block);
    let histograms = |row| Some((row, read(row, metric)?));
    let rows: Vec<(&Row, Histogram<u64>)> = block.rows.iter().filter_map(histograms).collect();
    let low = float(rows.iter().map(|(_, values)| values.min()).min()?.max(1));
    let high = float(rows.iter().map(|(_, values)| values.max()).max()?);
    if high / low < FLAT {
        return None;
    }
    let labels = block.rows.iter().map(|row| shortened(&row.label, NAME_WIDTH).width());
    let names = labels.max()?;
    let room = options.width.saturating_sub(names + 2);
    if room < FEWEST_STEPS {
        return None;
    }
    // As many steps as there are values, lest a few of them look like many humps.
    let fewest = index(rows.iter().map(|(_, values)| values.len()).min()?);
    let steps = room.min(fewest.clamp(FEWEST_STEPS, STEPS));
    let signs = if options.blocks { BLOCKS } else { ASCII };
    let lines = rows.iter().map(|(row, values)| {
        let label = shortened(&row.label, NAME_WIDTH);
        let gap = " ".repeat(names - label.width() + 2);
        let shape: String = heights(values, [low, high], steps)
            .into_iter()
            .map(|height| height.checked_sub(1).map_or(' ', |height| signs[height]))
            .collect();
        format!("{label}{gap}{}", shape.trim_end())
    });
    let per_shown = metric.unit().recorded_per_shown();
    let [from, to] = [low, high].map(|end| number(end / per_shown));
    let title = format!("{name} from {from} to {to} {}, log scale:", metric.unit().label());
    Some(Shapes { title, lines: lines.collect() })
}

/// The time that tells most: to the first token, where there are streams, else to the end; from
/// the due moment in open loops, so that no queue hides.
fn shown(block: &Block<'_>) -> (&'static str, Metric) {
    let [first, whole] = if block.stage.is_open() {
        [("TTFT due", Metric::TtftDue), ("response", Metric::Response)]
    } else {
        [("TTFT", Metric::Ttft), ("E2E", Metric::E2e)]
    };
    let has = |row: &Row| row.cell.measured.distribution(first.1).is_some();
    if block.rows.iter().any(has) { first } else { whole }
}

fn read(row: &Row, metric: Metric) -> Option<Histogram<u64>> {
    row.cell.measured.histogram(metric).filter(|values| !values.is_empty())
}

/// The height of each of `steps` equal steps of the logarithm between both ends: 0 where there is
/// no value, 8 for the fullest.
fn heights(values: &Histogram<u64>, [low, high]: [f64; 2], steps: usize) -> Vec<usize> {
    let mut counts = vec![0_u64; steps];
    let all = float(crate::units::count(steps));
    for value in values.iter_recorded() {
        let place = (float(value.value_iterated_to()) / low).ln() / (high / low).ln();
        let step = index(whole((place * all).floor())).min(steps - 1);
        counts[step] += value.count_since_last_iteration();
    }
    let fullest = float(counts.iter().copied().max().unwrap_or(0).max(1));
    let highest = float(crate::units::count(ASCII.len()));
    counts.iter().map(|count| index(whole((float(*count) / fullest * highest).ceil()))).collect()
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use unicode_width::UnicodeWidthStr as _;

    use super::{heights, shapes};
    use crate::report::TableOptions;
    use crate::report::blocks::blocks;
    use crate::result::sample;

    fn drawn(options: TableOptions, at: usize) -> Option<String> {
        let result = sample::result(1);
        let blocks = blocks(&result, false).unwrap();
        let shapes = shapes(&blocks[at], options)?;
        assert!(shapes.lines.iter().all(|line| line.width() <= options.width));
        Some(format!("{}\n{}", shapes.title, shapes.lines.join("\n")))
    }

    #[test]
    fn backends_share_an_axis_and_open_loops_count_from_the_due_moment() {
        insta::assert_snapshot!(drawn(TableOptions::default(), 0).unwrap(), @"
        TTFT from 40.0 to 119.7 ms, log scale:
        ollama    =++++++++++++++********#######@@#@@@@@
        星河推理                        =+=++=+++++*++*+**+***#**#*###*@##@#@@
        ");
        insta::assert_snapshot!(drawn(TableOptions::default(), 1).unwrap(), @"
        TTFT due from 44.0 to 131.7 ms, log scale:
        ollama    ==+++++++++*+*********#######@#@@@@@@@
        星河推理                        =+=++=+++++*++*+**+***#**#*##*#@###@@@
        ");
        let blocks = TableOptions { blocks: true, ..TableOptions::default() };
        insta::assert_snapshot!(drawn(blocks, 2).unwrap(), @"
        E2E from 839.9 to 2514 ms, log scale:
        ollama    ▄▅▅▅▅▅▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▇▆▇▇▇▇▇▇▇█▇██████
        星河推理                        ▄▅▄▅▅▅▄▅▅▅▆▅▅▅▆▅▆▆▆▅▆▇▆▆▆▇▆▇▇▆█▇▇▇█▇██
        ");
    }

    #[test]
    fn where_there_is_no_room_or_nothing_to_see_there_is_no_shape() {
        assert_eq!(drawn(TableOptions { width: 29, ..TableOptions::default() }, 0), None);
        let mut result = sample::result(1);
        for cell in &mut result.cells {
            cell.measured.histograms.clear();
        }
        let blocks = blocks(&result, false).unwrap();
        assert!(shapes(&blocks[0], TableOptions::default()).is_none());
    }

    #[test]
    fn a_single_value_shows_and_the_fullest_step_is_the_highest() {
        let mut values = Histogram::new(3).unwrap();
        values.record_n(100, 1_000).unwrap();
        values.record(9_000).unwrap();
        assert_eq!(heights(&values, [100.0, 10_000.0], 4), [8, 0, 0, 1]);
    }
}
