//! Rounds of the same cell, merged for tables.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::{CellResult, Measured, PartEntry};
use super::counts::FailureEntry;
use super::figures::Figures;
use super::histograms::{encode, merged};
use super::run::{ResultError, RunResult};
use crate::metric::{Metric, Unit};
use crate::units::{float, span_from_seconds};

/// The rounds of one backend, workload and stage, merged.
#[derive(Clone, Debug, PartialEq)]
pub struct PooledCell {
    /// Index of its backend in the result.
    pub backend: u32,
    /// Index of its workload in the result.
    pub workload: u32,
    /// Index of its stage in the result.
    pub stage: u32,
    /// The rounds merged, ascending; never empty.
    pub rounds: Vec<u32>,
    /// Measured time of all rounds, in seconds.
    pub length_s: f64,
    /// Why cells ended before their bounds, each reason once.
    pub ended_early: BTreeSet<String>,
    /// What was measured in all rounds.
    pub measured: Measured,
}

impl RunResult {
    /// The cells with their rounds merged, by workload, stage and backend.
    ///
    /// Counts are added and histograms merged, so percentiles are those of all requests
    /// together. Rates are total over total time: the means of the rounds weighted by the
    /// lengths of their windows. Shares are weighted by arrivals, and of most requests in
    /// flight the largest counts. A round whose window never closed adds to no rate.
    ///
    /// # Errors
    ///
    /// [`ResultError`] if a histogram is damaged, or left out where rounds must be merged.
    pub fn pooled(&self) -> Result<Vec<PooledCell>, ResultError> {
        let mut groups: BTreeMap<_, Vec<&CellResult>> = BTreeMap::new();
        for cell in &self.cells {
            let labels = &cell.labels;
            let place = (labels.workload_index, labels.stage_index, labels.backend_index);
            groups.entry(place).or_default().push(cell);
        }
        groups.into_values().filter(|cells| !cells.is_empty()).map(|cells| pool(&cells)).collect()
    }

    /// As [`RunResult::pooled`], but every round stands alone, in the order of the rounds.
    pub fn rounds_apart(&self) -> Vec<PooledCell> {
        let mut cells: Vec<_> = self.cells.iter().map(alone).collect();
        cells.sort_by_key(|cell| (cell.workload, cell.stage, cell.backend, cell.rounds[0]));
        cells
    }
}

fn alone(cell: &CellResult) -> PooledCell {
    PooledCell {
        backend: cell.labels.backend_index,
        workload: cell.labels.workload_index,
        stage: cell.labels.stage_index,
        rounds: vec![cell.labels.round],
        length_s: cell.window.length_s.unwrap_or(0.0),
        ended_early: cell.ended_early.iter().cloned().collect(),
        measured: cell.measured.clone(),
    }
}

/// Merges `cells`, of which there is at least one.
fn pool(cells: &[&CellResult]) -> Result<PooledCell, ResultError> {
    let mut pooled = alone(cells[0]);
    for cell in &cells[1..] {
        pooled.rounds.push(cell.labels.round);
        pooled.length_s += cell.window.length_s.unwrap_or(0.0);
        pooled.ended_early.extend(cell.ended_early.clone());
    }
    pooled.rounds.sort_unstable();
    let rounds: Vec<_> = cells.iter().map(|c| (&c.measured, c.window.length_s)).collect();
    if rounds.len() > 1 {
        pooled.measured = pool_measured(&rounds)?;
    }
    Ok(pooled)
}

/// What was measured in one round, and how long its window was open.
type Round<'a> = (&'a Measured, Option<f64>);

/// Merges what was measured, and its parts by their names.
fn pool_measured(rounds: &[Round<'_>]) -> Result<Measured, ResultError> {
    let Some(((first, _), rest)) = rounds.split_first() else { return Ok(Measured::default()) };
    let mut sum = (*first).clone();
    for (measured, _) in rest {
        add_counts(&mut sum, measured);
    }
    sum.windows = pooled_windows(rounds);
    let length = rounds.iter().filter_map(|(_, length)| span_from_seconds((*length)?)).sum();
    let tokens = sum.tokens_within(length);
    if let Some(server) = &mut sum.server {
        server.derive(tokens);
    }
    pool_distributions(&mut sum, rounds)?;
    let mut names: Vec<&str> = Vec::new();
    for part in rounds.iter().flat_map(|(measured, _)| &measured.parts) {
        if !names.contains(&part.part.as_str()) {
            names.push(&part.part);
        }
    }
    let pooled = |name: &str| {
        let measured = pool_measured(&rounds_of_part(rounds, name))?;
        Ok(PartEntry { part: name.to_owned(), measured })
    };
    sum.parts = names.into_iter().map(pooled).collect::<Result<_, ResultError>>()?;
    Ok(sum)
}

/// What was measured of one part, in the rounds that have it.
fn rounds_of_part<'a>(rounds: &[Round<'a>], name: &str) -> Vec<Round<'a>> {
    let of_name = |(measured, length): &Round<'a>| {
        let part = measured.parts.iter().find(|part| part.part == name)?;
        Some((&part.measured, *length))
    };
    rounds.iter().filter_map(of_name).collect()
}

fn add_counts(sum: &mut Measured, part: &Measured) {
    sum.outcomes.add(&part.outcomes);
    sum.warmup.add(&part.warmup);
    sum.token_sources.add(&part.token_sources);
    sum.tokens.add(&part.tokens);
    sum.text_events += part.text_events;
    sum.counted_streams.add(&part.counted_streams);
    sum.hidden_reasoning += part.hidden_reasoning;
    sum.tool_calls += part.tool_calls;
    if let Some(part) = &part.counted_twice {
        sum.counted_twice.get_or_insert_default().add(part);
    }
    if let Some(part) = &part.gateway {
        sum.gateway.get_or_insert_default().add(part);
    }
    if let Some(part) = &part.server {
        sum.server.get_or_insert_default().add(part);
    }
    sum.connections_opened += part.connections_opened;
    sum.stale_reconnects += part.stale_reconnects;
    if let (Some(sum), Some(part)) = (&mut sum.sessions, &part.sessions) {
        sum.add(part);
    }
    for (reason, count) in &part.finish_reasons {
        *sum.finish_reasons.entry(reason.clone()).or_default() += count;
    }
    for sample in &part.failures {
        add_failure(&mut sum.failures, sample);
    }
}

fn add_failure(samples: &mut Vec<FailureEntry>, sample: &FailureEntry) {
    let same =
        |known: &&mut FailureEntry| known.kind == sample.kind && known.message == sample.message;
    match samples.iter_mut().find(same) {
        Some(known) => known.count += sample.count,
        None => samples.push(sample.clone()),
    }
}

/// Every window metric over all `rounds`; one that no round has is left out.
fn pooled_windows(rounds: &[Round<'_>]) -> BTreeMap<String, f64> {
    let pooled = Metric::windows().filter_map(|metric| {
        let values = rounds.iter().filter_map(|(measured, length_s)| {
            let value = measured.window(metric)?;
            let weight = match metric.unit() {
                Unit::Share => float(measured.outcomes.arrivals),
                _ => (*length_s)?,
            };
            Some((value, weight))
        });
        let value = if metric == Metric::ConcurrencyMax {
            values.map(|(value, _)| value).reduce(f64::max)
        } else {
            weighted_mean(values)
        };
        Some((metric.key().to_owned(), value?))
    });
    pooled.collect()
}

/// `None` where the weights come to nothing.
fn weighted_mean(values: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (sum, weights) = values.fold((0.0, 0.0), |(sum, total), (value, weight)| {
        (value.mul_add(weight, sum), total + weight)
    });
    (weights > 0.0).then(|| sum / weights)
}

fn pool_distributions(sum: &mut Measured, rounds: &[Round<'_>]) -> Result<(), ResultError> {
    sum.distributions.clear();
    sum.histograms.clear();
    for metric in Metric::distributions() {
        let key = metric.key();
        let holders = rounds.iter().filter(|(of, _)| of.distributions.contains_key(key));
        let parts = holders.map(|(measured, _)| {
            measured.histograms.get(key).map(String::as_str).ok_or(ResultError::NoHistograms)
        });
        let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
        let Some(histogram) = merged(key, parts.into_iter())? else { continue };
        if let Some(figures) = Figures::of(metric, &histogram) {
            sum.histograms.insert(key.to_owned(), encode(key, &histogram)?);
            sum.distributions.insert(key.to_owned(), figures);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::metric::{Metric, Statistic};
    use crate::result::sample;

    #[test]
    fn one_round_pools_to_itself() {
        let result = sample::result(1);
        assert_eq!(result.pooled().unwrap(), result.rounds_apart());
        assert_eq!(result.pooled().unwrap()[0].measured, result.cells[0].measured);
    }

    #[test]
    fn counts_add_up_and_histograms_merge() {
        let result = sample::result(3);
        let pooled = result.pooled().unwrap();
        assert_eq!(pooled.len(), 6);
        let slow = &pooled[1];
        assert_eq!((slow.rounds.as_slice(), slow.length_s), ([0, 1, 2].as_slice(), 90.0));
        assert_eq!((slow.measured.outcomes.arrivals, slow.measured.outcomes.failures()), (600, 36));
        assert_eq!(slow.measured.failures.len(), 2);
        assert_eq!(slow.measured.failures[0].count, 30);
        let ttft = slow.measured.distribution(Metric::Ttft).unwrap();
        assert_eq!(ttft.count, 564);
        // The rounds begin at 60, 61 and 62 ms, and run to twice that.
        assert!((ttft.min - 60.0).abs() < 0.1, "{}", ttft.min);
        assert!((ttft.max - 123.7).abs() < 0.2, "{}", ttft.max);
    }

    #[test]
    fn rates_are_weighted_by_time_and_shares_by_requests() {
        let mut result = sample::result(2);
        let second = &mut result.cells[6];
        second.window.length_s = Some(10.0);
        second.measured.outcomes.arrivals = 3_000;
        for (metric, value) in [
            (Metric::RequestThroughput, 100.0),
            (Metric::ErrorRate, 0.5),
            (Metric::ConcurrencyMax, 9.0),
        ] {
            second.measured.windows.insert(metric.key().to_owned(), value);
        }
        result.cells[0].measured.windows.insert("request_throughput".to_owned(), 20.0);
        let pooled = &result.pooled().unwrap()[0].measured;
        assert_eq!(pooled.window(Metric::RequestThroughput), Some(40.0));
        assert_eq!(pooled.window(Metric::ErrorRate), Some(0.375));
        assert_eq!(pooled.window(Metric::ConcurrencyMax), Some(9.0));
        assert_eq!(pooled.window(Metric::Goodput), None);
    }

    #[test]
    fn a_window_that_never_closed_adds_to_no_rate() {
        let mut result = sample::result(2);
        result.cells[6].window.length_s = None;
        result.cells[6].measured.windows.insert("request_throughput".to_owned(), 1e9);
        let pooled = result.pooled().unwrap();
        let alone = result.cells[0].measured.window(Metric::RequestThroughput);
        assert_eq!(pooled[0].measured.window(Metric::RequestThroughput), alone);
    }

    #[test]
    fn merging_lends_support_to_a_percentile() {
        let result = sample::result(6);
        let p99 = Statistic::Percentile(99.0);
        assert!(!result.cells[1].measured.distribution(Metric::Ttft).unwrap().supports(p99));
        let pooled = &result.pooled().unwrap()[1].measured;
        assert!(pooled.distribution(Metric::Ttft).unwrap().supports(p99));
    }
}
