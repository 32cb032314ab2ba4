//! From a machine to its calibration.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::calibration::{Calibration, Fingerprint, PacerLateness, Speed, SpeedEntry};
use super::difference::{quantile_errors, rounded};
use super::error::CalibrateError;
use super::server::ServerProcess;
use super::trial::{Outcome, Trial, Watch};
use crate::clock::WallTime;
use crate::metric::{Metric, Statistic};
use crate::mock::MockServer;
use crate::result::{ErrorBound, Host, Measured, QuantileErrors};
use crate::run::Interrupt;
use crate::scenario::{Distribution, MockSpec};
use crate::units::{float, format_span, seconds};

/// Descriptors beside those of the connections, of which each takes two: one for each end.
const OTHER_DESCRIPTORS: u64 = 128;
/// The rates at which the pacer is watched.
const PACER_RATES: [f64; 2] = [100.0, 500.0];
/// Streams or requests at once where the highest rate is looked for.
const SPEED_CONCURRENCY: u32 = 64;
/// The answers whose times are compared.
const ANSWER: MockAnswer = MockAnswer { ttft_s: 0.050, gap_s: 0.010, tokens: 50.0 };
/// Those of the pacer's load: short, so that the pacer is measured and not the load.
const SHORT_ANSWER: MockAnswer = MockAnswer { tokens: 1.0, ..ANSWER };

struct MockAnswer {
    ttft_s: f64,
    gap_s: f64,
    tokens: f64,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalibrationOptions {
    /// Concurrencies at which times are compared, ascending.
    pub concurrencies: Vec<u32>,
    /// How long each load is measured.
    pub duration: Duration,
}

impl CalibrationOptions {
    /// Five loads, three seconds each: about half a minute in all.
    pub fn thorough() -> Self {
        Self { concurrencies: vec![1, 16, 64, 256, 1_024], duration: Duration::from_secs(3) }
    }

    /// Two loads, less than a second each: good to see that it works, too short for a p99.
    pub fn quick() -> Self {
        Self { concurrencies: vec![1, 64], duration: Duration::from_millis(400) }
    }
}

/// Measures the machine it runs on.
pub struct Calibrator<'a> {
    /// What is measured.
    pub options: CalibrationOptions,
    /// This program, to run the simulated server as a process of its own.
    pub program: &'a Path,
    /// The machine.
    pub host: &'a Host,
    /// Ends it early; then there is no calibration.
    pub interrupt: &'a Interrupt,
    /// Is told what is measured next.
    pub tell: &'a dyn Fn(&str),
    /// Makes what follows each load beside the measurement, to see what that costs.
    pub watch: Option<&'a Watch<'a>>,
}

impl std::fmt::Debug for Calibrator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calibrator").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Calibrator<'_> {
    /// Measures; takes about `duration` and a second for each load.
    ///
    /// # Errors
    ///
    /// [`CalibrateError`] if no server can be started, nothing can be sent, requests of the
    /// lighter loads fail, or it was stopped.
    pub fn calibrate(&self) -> Result<Calibration, CalibrateError> {
        let calibrated_at = WallTime::now().to_string();
        let (mut rows, mut left_out) = (Vec::new(), Vec::new());
        for &concurrency in &self.options.concurrencies {
            let row = match missing_descriptors(concurrency) {
                Some(reason) => Err(reason),
                None => self.row(concurrency)?,
            };
            match row {
                Ok(row) => rows.push(row),
                Err(reason) => left_out.push(format!("concurrency {concurrency}: {reason}")),
            }
        }
        let pacer =
            PACER_RATES.into_iter().map(|rate| self.pacer(rate)).collect::<Result<_, _>>()?;
        let speed = Speed { chunks: self.chunks()?, embeddings: self.embeddings()? };
        Ok(Calibration {
            calibration_version: Calibration::VERSION,
            calibrated_at,
            fingerprint: Fingerprint::of(self.host),
            duration_s: seconds(self.options.duration),
            rows,
            left_out,
            pacer,
            speed,
        })
    }

    /// The client's error at `concurrency`; the inner error says why there is none.
    fn row(&self, concurrency: u32) -> Result<Result<ErrorBound, String>, CalibrateError> {
        (self.tell)(&format!("error of times at concurrency {concurrency}"));
        // The warm-up opens the connections, so that the window has none to open.
        let server = server(&ANSWER, concurrency)?;
        let trial = Trial {
            url: &url(&server),
            endpoint: "chat",
            stage: self.closed(concurrency),
            warmup: concurrency,
            watch: self.watch,
        };
        let measured = match trial.run(self.interrupt) {
            Ok(outcome) => outcome.cell.measured,
            // A load that is too heavy for the machine has no bound; the lighter ones have.
            Err(failures @ CalibrateError::Failures { .. }) => {
                return Ok(Err(failures.to_string()));
            }
            Err(error) => return Err(error),
        };
        let truth = server.truth();
        let errors = |metric, truth| {
            measured.distribution(metric).and_then(|client| quantile_errors(client, truth))
        };
        let errors = errors(Metric::Ttft, &truth.first_token)
            .zip(errors(Metric::Icl, &truth.gap))
            .zip(errors(Metric::E2e, &truth.last_token));
        let Some(((ttft, gap), e2e)) = errors else {
            return Ok(Err("too few answers to compare".to_owned()));
        };
        // A token of the simulated server is a chunk. Answers that ended inside the window are
        // few where it is short, and say less of their rate than the chunks do.
        let chunks_per_s = measured.window(Metric::OutputTokenThroughput).unwrap_or(0.0);
        Ok(Ok(ErrorBound {
            concurrency,
            chunks_per_s: rounded(chunks_per_s),
            requests_per_s: rounded(chunks_per_s / ANSWER.tokens),
            requests: measured.outcomes.completed,
            ttft,
            gap,
            e2e,
        }))
    }

    fn pacer(&self, rate_rps: f64) -> Result<PacerLateness, CalibrateError> {
        (self.tell)(&format!("pacer at {rate_rps} requests per second"));
        let server = server(&SHORT_ANSWER, 0)?;
        let duration = format_span(self.options.duration);
        let trial = Trial {
            url: &url(&server),
            endpoint: "chat",
            stage: format!("{{rate: {rate_rps}/s, arrival: constant, duration: {duration}}}"),
            warmup: 0,
            watch: self.watch,
        };
        let measured = trial.run(self.interrupt)?.cell.measured;
        Ok(PacerLateness { rate_rps, schedule_delay: delay(&measured) })
    }

    fn chunks(&self) -> Result<SpeedEntry, CalibrateError> {
        (self.tell)("highest chunk rate");
        let answers = ["--ttft", "0ms", "--gap", "0ms", "--output-tokens", "500"];
        let outcome = self.at_full_speed("chat", &answers)?;
        Ok(speed(&outcome, outcome.cell.measured.text_events))
    }

    fn embeddings(&self) -> Result<SpeedEntry, CalibrateError> {
        (self.tell)("highest request rate");
        let answers = ["--ttft", "0ms", "--gap", "0ms", "--output-tokens", "1"];
        let outcome = self.at_full_speed("embeddings", &answers)?;
        Ok(speed(&outcome, outcome.cell.measured.outcomes.completed))
    }

    fn at_full_speed(
        &self,
        endpoint: &'static str,
        answers: &[&str],
    ) -> Result<Outcome, CalibrateError> {
        let server =
            ServerProcess::start(self.program, answers).map_err(CalibrateError::Process)?;
        let stage = self.closed(SPEED_CONCURRENCY);
        let (url, watch) = (server.url(), self.watch);
        Trial { url, endpoint, stage, warmup: 0, watch }.run(self.interrupt)
    }

    fn closed(&self, concurrency: u32) -> String {
        let duration = format_span(self.options.duration);
        format!("{{concurrency: {concurrency}, duration: {duration}}}")
    }
}

/// A server inside this process that answers so, and does not time its first requests.
fn server(answer: &MockAnswer, untimed: u32) -> Result<MockServer, CalibrateError> {
    let spec = MockSpec {
        ttft: Distribution::Constant(answer.ttft_s),
        gap: Distribution::Constant(answer.gap_s),
        output_tokens: Distribution::Constant(answer.tokens),
        ..MockSpec::default()
    };
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(MockServer::start_warmed_by(untimed.into(), spec, anywhere)?)
}

fn url(server: &MockServer) -> String {
    format!("http://{}/v1", server.addr())
}

/// How late requests left.
fn delay(measured: &Measured) -> QuantileErrors {
    let figure = |percentile| {
        let statistic = Statistic::Percentile(percentile);
        rounded(measured.figure(Metric::ScheduleDelay, statistic).unwrap_or(0.0))
    };
    QuantileErrors { p50_ms: figure(50.0), p99_ms: figure(99.0) }
}

/// The speed at which `amount` was done.
fn speed(outcome: &Outcome, amount: u64) -> SpeedEntry {
    let amount = float(amount);
    SpeedEntry {
        per_s: rounded(amount / seconds(outcome.wall)),
        cpu_s_per_million: outcome.cpu.map(|cpu| rounded(seconds(cpu) / amount * 1e6)),
    }
}

/// Why `concurrency` needs more open files than this process may have; `None` if it does not.
#[cfg(unix)]
fn missing_descriptors(concurrency: u32) -> Option<String> {
    use rustix::process::{Resource, getrlimit};

    let needed = u64::from(concurrency) * 2 + OTHER_DESCRIPTORS;
    let limit = getrlimit(Resource::Nofile).current.filter(|limit| *limit < needed)?;
    Some(format!("needs {needed} open files, but {limit} are allowed (see `ulimit -n`)"))
}

#[cfg(not(unix))]
fn missing_descriptors(_concurrency: u32) -> Option<String> {
    None
}
