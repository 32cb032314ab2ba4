//! What a server told of itself while it was under load.

use std::collections::BTreeMap;
use std::time::Duration;

use super::summary::Window;
use crate::metric::{MeterKind, ServerMeter};
use crate::units::{Moment, count, float, seconds};

/// One reading of a server's own metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSample {
    /// When the answer had come.
    pub at: Moment,
    /// One value of each meter that was told.
    pub values: BTreeMap<ServerMeter, f64>,
    /// Why an endpoint told nothing.
    pub error: Option<String>,
}

impl ServerSample {
    /// A reading.
    pub const fn new(
        at: Moment,
        values: BTreeMap<ServerMeter, f64>,
        error: Option<String>,
    ) -> Self {
        Self { at, values, error }
    }
}

/// A meter over the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeterSummary {
    /// Readings in the window.
    pub samples: u64,
    /// Of a gauge: its mean.
    pub mean: Option<f64>,
    /// Of a gauge: its largest value.
    pub max: Option<f64>,
    /// Of a counter: by how much it grew; `None` where the server began anew.
    pub increase: Option<f64>,
    /// Of a counter: the time between its first and last reading.
    pub over: Duration,
}

/// The meters over the window: readings before it has opened and after it has closed are left out.
pub fn summarise_server(
    samples: &[ServerSample],
    window: &Window,
) -> BTreeMap<ServerMeter, MeterSummary> {
    let inside = samples.iter().filter(|sample| window.contains(sample.at));
    let mut series: BTreeMap<ServerMeter, Vec<(Moment, f64)>> = BTreeMap::new();
    for sample in inside {
        for (meter, value) in &sample.values {
            series.entry(*meter).or_default().push((sample.at, *value));
        }
    }
    series.into_iter().map(|(meter, points)| (meter, summary_of(meter, &points))).collect()
}

fn summary_of(meter: ServerMeter, points: &[(Moment, f64)]) -> MeterSummary {
    let mut summary = MeterSummary { samples: count(points.len()), ..MeterSummary::default() };
    match (meter.kind(), points.first(), points.last()) {
        (MeterKind::Gauge, ..) => {
            let values = points.iter().map(|(_, value)| *value);
            summary.mean = Some(values.clone().sum::<f64>() / float(summary.samples));
            summary.max = values.reduce(f64::max);
        }
        (MeterKind::Counter, Some((first_at, first)), Some((last_at, last)))
            if points.len() > 1 =>
        {
            // A counter that falls has begun anew.
            let falls = points.windows(2).any(|pair| pair[1].1 < pair[0].1);
            summary.increase = (!falls).then_some(last - first);
            summary.over = last_at.since(*first_at);
        }
        (MeterKind::Counter, ..) => {}
    }
    summary
}

impl MeterSummary {
    /// How fast a counter grew, per second.
    pub fn rate(&self) -> Option<f64> {
        let over = seconds(self.over);
        self.increase.filter(|_| over > 0.0).map(|increase| increase / over)
    }
}

#[cfg(test)]
mod tests {
    use super::{ServerSample, summarise_server};
    use crate::measure::Window;
    use crate::measure::samples::at;
    use crate::metric::ServerMeter;

    fn sample(ms: u64, running: f64, energy: f64) -> ServerSample {
        let values = [(ServerMeter::RequestsRunning, running), (ServerMeter::GpuEnergy, energy)];
        ServerSample::new(at(ms), values.into(), None)
    }

    #[test]
    fn states_are_averaged_and_sums_subtracted_inside_the_window() {
        let window = Window { opened_at: at(1_000), closed_at: at(4_000) };
        let samples = [
            sample(500, 90.0, 0.0),
            sample(1_000, 2.0, 100.0),
            sample(2_000, 4.0, 150.0),
            sample(3_000, 6.0, 300.0),
            sample(4_500, 90.0, 900.0),
        ];
        let summary = summarise_server(&samples, &window);
        let running = summary[&ServerMeter::RequestsRunning];
        assert_eq!((running.samples, running.mean, running.max), (3, Some(4.0), Some(6.0)));
        let energy = summary[&ServerMeter::GpuEnergy];
        assert_eq!((energy.increase, energy.rate()), (Some(200.0), Some(100.0)));
    }

    #[test]
    fn a_counter_that_falls_has_begun_anew() {
        let window = Window { opened_at: at(0), closed_at: at(4_000) };
        let samples = [sample(0, 1.0, 100.0), sample(1_000, 1.0, 5.0), sample(2_000, 1.0, 200.0)];
        let summary = summarise_server(&samples, &window);
        assert_eq!(summary[&ServerMeter::GpuEnergy].increase, None);
    }
}
