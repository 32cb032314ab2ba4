//! How often verdicts are wrong, on simulated latencies that follow each other.
//!
//! Each cell is a series of requests whose log-latencies are autocorrelated (AR(1), 0.7), with
//! a level of its own (round-to-round noise of 2 %) and, where asked for, a drift of 2 % over
//! the run. Percentiles and rates come from the same series, so the metrics are correlated, as
//! real ones are. Seeded: the counts are the same in every run of the test.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_distr::{Distribution as _, StandardNormal};

use super::measure::Measure;
use super::rules::Rules;
use super::sample::{run, set};
use super::{Subject, Verdict, compare_backends};
use crate::metric::Metric;
use crate::result::{CellResult, RunResult};

const ROUNDS: u32 = 6;
const REQUESTS: usize = 120;
const RUNS: u32 = 150;

/// What is simulated.
#[derive(Clone, Copy)]
struct World {
    /// How much slower the second backend is: 1.1 for 10 %.
    slower: f64,
    /// How much slower both become over the run, from its first cell to its last.
    drift: f64,
    /// Standard deviation of a cell's own level.
    noise: f64,
}

impl World {
    /// The verdicts of `RUNS` simulated runs.
    fn verdicts(self) -> Vec<Verdict> {
        let mut generator = ChaCha8Rng::seed_from_u64(20_261_125);
        let mut template = run(ROUNDS);
        // Cells in the order they run: ABBA.
        template.cells.sort_by_key(|cell| {
            let CellResult { labels, .. } = cell;
            let turned = labels.round % 2 == 1;
            (labels.round, if turned { 1 - labels.backend_index } else { labels.backend_index })
        });
        (0..RUNS).map(|_| self.verdict(&mut template, &mut generator)).collect()
    }

    fn verdict(self, run: &mut RunResult, generator: &mut ChaCha8Rng) -> Verdict {
        let last = f64::from(2 * ROUNDS - 1);
        for (at, cell) in (0_u32..).zip(&mut run.cells) {
            let drift = self.drift * f64::from(at) / last;
            let slower = if cell.labels.backend_index == 1 { self.slower } else { 1.0 };
            let draw: f64 = StandardNormal.sample(generator);
            Self::fill(cell, generator, slower.ln() + drift.ln_1p() + self.noise * draw);
        }
        let subject = Subject { result: run, values: None };
        let comparison = compare_backends(subject, None, &Rules::default()).unwrap().remove(0);
        comparison.verdict.unwrap()
    }

    fn fill(cell: &mut CellResult, generator: &mut ChaCha8Rng, level: f64) {
        let [mut ttft, mut tpot, mut e2e] = [(); 3].map(|()| Vec::with_capacity(REQUESTS));
        let mut state = 0.0;
        for _ in 0..REQUESTS {
            let [shared, first, each]: [f64; 3] =
                [(); 3].map(|()| StandardNormal.sample(generator));
            state = 0.7 * state + 0.1 * shared;
            let start = 60.0 * (level + state + 0.1 * first).exp();
            let token = 12.0 * (level + 0.5 * state + 0.05 * each).exp();
            ttft.push(start);
            tpot.push(token);
            e2e.push(start + 99.0 * token);
        }
        let busy = e2e.iter().sum::<f64>();
        for (metric, values) in
            [(Metric::Ttft, &mut ttft), (Metric::Tpot, &mut tpot), (Metric::E2e, &mut e2e)]
        {
            values.sort_by(f64::total_cmp);
            for (percentile, rank) in [(50.0, REQUESTS / 2), (95.0, REQUESTS * 95 / 100)] {
                set(cell, Measure::percentile(metric, percentile), values[rank - 1]);
            }
        }
        let rate = 1e5 * 1e3 / busy;
        set(cell, Measure::window(Metric::OutputTokenThroughput), rate);
    }
}

fn share(verdicts: &[Verdict], wanted: &[Verdict]) -> f64 {
    let hits = verdicts.iter().filter(|verdict| wanted.contains(verdict)).count();
    f64::from(u32::try_from(hits).unwrap()) / f64::from(RUNS)
}

const ALARMS: [Verdict; 2] = [Verdict::Regressed, Verdict::Improved];

#[test]
fn without_a_difference_at_most_five_in_a_hundred_are_called_one() {
    for noise in [0.02, 0.04] {
        let verdicts = World { slower: 1.0, drift: 0.0, noise }.verdicts();
        assert!(share(&verdicts, &ALARMS) <= 0.05, "{}", share(&verdicts, &ALARMS));
    }
}

#[test]
fn drift_makes_neither_side_lose() {
    for drift in [0.02, -0.02, 0.3] {
        let verdicts = World { slower: 1.0, drift, noise: 0.02 }.verdicts();
        assert!(share(&verdicts, &ALARMS) <= 0.05, "{}", share(&verdicts, &ALARMS));
    }
}

#[test]
fn ten_percent_slower_is_found_with_six_rounds() {
    let verdicts = World { slower: 1.1, drift: 0.02, noise: 0.02 }.verdicts();
    assert!(share(&verdicts, &[Verdict::Regressed]) >= 0.95);
}

#[test]
fn three_percent_slower_is_seldom_a_regression_where_five_are_tolerated() {
    let verdicts = World { slower: 1.03, drift: 0.0, noise: 0.02 }.verdicts();
    let regressed = share(&verdicts, &[Verdict::Regressed]);
    assert!(regressed <= 0.2, "{regressed}");
    assert!(share(&verdicts, &[Verdict::Improved]) <= 0.01);
}
