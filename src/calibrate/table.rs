//! A calibration for people.

use super::calibration::{Calibration, SpeedEntry};
use crate::result::QuantileErrors;

/// `0.33 / 2.1`, the median before the 99th percentile.
fn pair(errors: QuantileErrors) -> String {
    format!("{:.2} / {:.2}", errors.p50_ms, errors.p99_ms)
}

impl Calibration {
    /// The calibration as a table for people, ending with a line break.
    pub fn table(&self) -> String {
        let machine = &self.fingerprint;
        let mut facts = vec![format!("pacemark {}", machine.pacemark_version)];
        facts.extend(machine.cpu_model.clone());
        facts.extend(machine.cpu_count.map(|cpus| format!("{cpus} CPUs")));
        facts.push(machine.os.clone());
        facts.extend(machine.kernel.clone());
        let mut lines = vec![
            format!("calibrated {}: {}", self.calibrated_at, facts.join(", ")),
            String::new(),
            "the client's error bound by load, p50 / p99 in ms".to_owned(),
            line(["concurrency", "chunks/s", "req/s", "TTFT", "gap", "E2E"].map(str::to_owned)),
        ];
        lines.push("-".repeat(lines[3].len()));
        lines.extend(self.rows.iter().map(|row| {
            line([
                row.concurrency.to_string(),
                format!("{:.0}", row.chunks_per_s),
                format!("{:.1}", row.requests_per_s),
                pair(row.ttft),
                pair(row.gap),
                pair(row.e2e),
            ])
        }));
        lines.extend(self.left_out.iter().map(|reason| format!("left out: {reason}")));
        lines.push(String::new());
        lines.extend(self.pacer.iter().map(|pacer| {
            let delay = pacer.schedule_delay;
            format!(
                "open loop at {}/s: requests leave {:.3} ms late p50, {:.3} ms p99",
                pacer.rate_rps, delay.p50_ms, delay.p99_ms
            )
        }));
        lines.push(speed("chunks", self.speed.chunks));
        lines.push(speed("embeddings", self.speed.embeddings));
        lines.join("\n") + "\n"
    }
}

/// A line of the table; all columns are numbers and stand to the right.
fn line(cells: [String; 6]) -> String {
    let [concurrency, chunks, requests, ttft, gap, e2e] = cells;
    format!("{concurrency:>11}  {chunks:>8}  {requests:>7}  {ttft:>15}  {gap:>15}  {e2e:>15}")
}

fn speed(what: &str, entry: SpeedEntry) -> String {
    let cpu = match entry.cpu_s_per_million {
        Some(seconds) => format!(", {seconds:.2} CPU seconds of the client for a million"),
        None => String::new(),
    };
    format!("at most {:.0} {what} per second{cpu}", entry.per_s)
}

#[cfg(test)]
mod tests {
    use crate::calibrate::calibration::tests::calibration;

    #[test]
    fn a_calibration_reads_as_a_table() {
        insta::assert_snapshot!(calibration().table(), @"
        calibrated 2026-11-22T13:07:50Z: pacemark 0.1.0, Example CPU, 2 CPUs, linux, 6.8.0

        the client's error bound by load, p50 / p99 in ms
        concurrency  chunks/s    req/s             TTFT              gap              E2E
        ---------------------------------------------------------------------------------
                  1        92      1.8      0.07 / 0.33      0.01 / 0.41      0.52 / 1.05
                 64      5842    117.0      0.07 / 0.33      0.01 / 0.41      0.52 / 1.05
        left out: concurrency 1024: needs more open files

        open loop at 100/s: requests leave 0.040 ms late p50, 0.200 ms p99
        at most 700000 chunks per second, 1.75 CPU seconds of the client for a million
        at most 40000 embeddings per second
        ");
    }
}
