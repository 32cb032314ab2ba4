//! What the system tells about this process and its machine. Linux tells all of it; elsewhere
//! most of it is `None`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audit::{Stock, ThreadTimes};

/// What the processors did since they were started, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessorTicks {
    pub(super) processors: u32,
    pub(super) busy: u64,
    pub(super) stolen: u64,
    pub(super) all: u64,
}

/// The times of this process's threads whose name begins with `prefix`, by their numbers.
pub(super) fn thread_times(prefix: &str) -> BTreeMap<String, ThreadTimes> {
    let threads = names_in("/proc/self/task").into_iter().flatten();
    let of_prefix = |thread: &String| {
        proc_file(&format!("self/task/{thread}/comm")).is_some_and(|name| name.starts_with(prefix))
    };
    let threads = threads.filter(of_prefix).filter_map(|thread| {
        let times = schedstat(&proc_file(&format!("self/task/{thread}/schedstat"))?)?;
        Some((thread, times))
    });
    threads.collect()
}

/// Processor time of this process.
pub(super) fn process_time() -> Option<Duration> {
    #[cfg(unix)]
    return clock_time(rustix::time::ClockId::ProcessCPUTime);
    #[cfg(not(unix))]
    return None;
}

/// How long the machine was suspended since it was started.
pub(super) fn suspended_time() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    {
        use rustix::time::ClockId;
        // Read before the other clock, so that what passes in between never looks like sleep.
        let with_sleep = clock_time(ClockId::Boottime)?;
        Some(with_sleep.saturating_sub(clock_time(ClockId::Monotonic)?))
    }
    #[cfg(not(target_os = "linux"))]
    return None;
}

/// What the processors did that this process may run on.
pub(super) fn processor_ticks() -> Option<ProcessorTicks> {
    #[cfg(target_os = "linux")]
    {
        let ours = rustix::thread::sched_getaffinity(None).ok()?;
        let is_ours = |number| number < rustix::thread::CpuSet::MAX_CPU && ours.is_set(number);
        Some(ticks_of(&proc_file("stat")?, is_ours)).filter(|ticks| ticks.processors > 0)
    }
    #[cfg(not(target_os = "linux"))]
    return None;
}

/// Open descriptors and how many may be.
pub(super) fn descriptors() -> Option<Stock> {
    let open = names_in("/proc/self/fd")?.len();
    #[cfg(unix)]
    return Some(Stock {
        used: crate::units::count(open),
        limit: rustix::process::getrlimit(rustix::process::Resource::Nofile).current?,
    });
    #[cfg(not(unix))]
    return None;
}

/// Local ports taken: by connections that were closed a short while ago, and by as many open
/// ones as `open`. They are counted for all addresses together.
pub(super) fn ports(open: u64) -> Option<Stock> {
    let waiting = waiting_sockets(&proc_file("net/sockstat")?)?;
    let range = proc_file("sys/net/ipv4/ip_local_port_range")?;
    let mut bounds = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (bounds.next()?.ok()?, bounds.next()?.ok()?);
    Some(Stock { used: waiting + open, limit: (last + 1).checked_sub(first)? })
}

#[cfg(unix)]
fn clock_time(clock: rustix::time::ClockId) -> Option<Duration> {
    Duration::try_from(rustix::time::clock_gettime(clock)).ok()
}

/// A file of `/proc`; `None` where there is no such thing.
#[expect(clippy::disallowed_methods, reason = "a run looks at the machine it runs on")]
pub(super) fn proc_file(name: &str) -> Option<String> {
    cfg!(target_os = "linux").then(|| std::fs::read_to_string(format!("/proc/{name}")).ok())?
}

/// The names in a folder; `None` where there is no such thing.
pub(super) fn names_in(folder: &str) -> Option<Vec<String>> {
    let entries = std::fs::read_dir(folder).ok()?;
    Some(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

/// `1413396 21984457 3`: nanoseconds run, nanoseconds waited, time slices.
fn schedstat(text: &str) -> Option<ThreadTimes> {
    let mut fields = text.split_whitespace().map(str::parse::<u64>);
    let mut span = || Some(Duration::from_nanos(fields.next()?.ok()?));
    Some(ThreadTimes { ran: span()?, waited: span()? })
}

/// The lines `cpu0 user nice system idle iowait irq softirq steal …` added up.
fn ticks_of(stat: &str, counts: impl Fn(usize) -> bool) -> ProcessorTicks {
    let mut sum = ProcessorTicks::default();
    for line in stat.lines() {
        let mut fields = line.split_whitespace();
        let number = fields.next().and_then(|name| name.strip_prefix("cpu")?.parse().ok());
        if !number.is_some_and(&counts) {
            continue;
        }
        let ticks: Vec<u64> = fields.map_while(|field| field.parse().ok()).collect();
        let [user, nice, system, idle, iowait, irq, softirq, stolen, ..] = ticks[..] else {
            continue;
        };
        let busy = user + nice + system + irq + softirq;
        sum.processors += 1;
        sum.busy += busy;
        sum.stolen += stolen;
        sum.all += busy + stolen + idle + iowait;
    }
    sum
}

/// Connections in `TIME_WAIT`, from `TCP: inuse 22 orphan 0 tw 40 alloc 22 mem 177`.
fn waiting_sockets(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_whitespace().skip_while(|word| *word != "tw");
    words.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ProcessorTicks, schedstat, ticks_of, waiting_sockets};

    #[test]
    fn a_thread_tells_how_long_it_ran_and_waited() {
        let times = schedstat("1413396 21984457 3\n").unwrap();
        assert_eq!(times.ran, Duration::from_nanos(1_413_396));
        assert_eq!(times.waited, Duration::from_nanos(21_984_457));
        assert_eq!(schedstat("0 x"), None);
    }

    #[test]
    fn only_the_processors_we_may_run_on_count() {
        let stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 3 40 5 6 7 8 1 1\n\
                    cpu1 100 0 0 100 0 0 0 0 0 0\nintr 5\n";
        let first = ProcessorTicks { processors: 1, busy: 19, stolen: 8, all: 72 };
        assert_eq!(ticks_of(stat, |number| number == 0), first);
        assert_eq!(ticks_of(stat, |_| true).processors, 2);
    }

    #[test]
    fn closed_connections_that_linger_are_counted() {
        let sockstat = "sockets: used 96\nTCP: inuse 22 orphan 0 tw 40 alloc 22 mem 177\n";
        assert_eq!(waiting_sockets(sockstat), Some(40));
        assert_eq!(waiting_sockets("sockets: used 96\n"), None);
    }
}
