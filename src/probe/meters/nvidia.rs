//! The graphics processors of this machine, as `nvidia-smi` tells of them once a second.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::names::Tally;
use crate::metric::ServerMeter;

/// What is asked for, in this order; see `nvidia-smi --help-query-gpu`.
const QUERY: &str = "--query-gpu=index,utilization.gpu,memory.used,power.draw";
const BYTES_PER_MIB: f64 = 1_048_576.0;

/// Latest words of each processor: use in percent, memory in MiB, power in watts.
type Latest = BTreeMap<String, [Option<f64>; 3]>;

/// A running `nvidia-smi`; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct NvidiaSmi {
    child: Child,
    latest: Arc<Mutex<Latest>>,
}

impl NvidiaSmi {
    /// Starts it; `None` where there is none, or it cannot be started.
    pub(super) fn start() -> Option<Self> {
        let mut child = Command::new("nvidia-smi")
            .args([QUERY, "--format=csv,noheader,nounits", "--loop=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let out = child.stdout.take()?;
        let latest = Arc::<Mutex<Latest>>::default();
        let seen = Arc::clone(&latest);
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some((index, values)) = read(&line) {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.insert(index, values);
                }
            }
        });
        Some(Self { child, latest })
    }

    /// Adds what it last said.
    pub(super) fn add_to(&self, tally: &mut Tally) {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        for [used, memory, power] in latest.values() {
            for (meter, value, factor) in [
                (ServerMeter::GpuUse, used, 0.01),
                (ServerMeter::GpuMemory, memory, BYTES_PER_MIB),
                (ServerMeter::GpuPower, power, 1.0),
            ] {
                if let Some(value) = value {
                    tally.add(meter, value * factor);
                }
            }
        }
    }
}

impl Drop for NvidiaSmi {
    fn drop(&mut self) {
        // One that has ended already is fine as well.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// Reads `0, 93, 40123, 251.33`; what is no number (`[N/A]`) is not told.
fn read(line: &str) -> Option<(String, [Option<f64>; 3])> {
    let mut fields = line.split(',').map(str::trim);
    let index = fields.next().filter(|index| index.parse::<u32>().is_ok())?;
    let mut number = || fields.next().and_then(|field| field.parse().ok());
    Some((index.to_owned(), [number(), number(), number()]))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn lines_are_read_and_what_is_not_told_is_absent() {
        let expected = [Some(93.0), Some(40_123.0), Some(251.33)];
        assert_eq!(read("0, 93, 40123, 251.33"), Some(("0".to_owned(), expected)));
        assert_eq!(read("1, 5, [N/A], [N/A]"), Some(("1".to_owned(), [Some(5.0), None, None])));
        assert_eq!(read("No devices were found"), None);
    }
}
