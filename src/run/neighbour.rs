//! The server under test, where it runs on this machine: what it takes of the processors is
//! part of what is measured, and no disturbance.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{ToSocketAddrs as _, UdpSocket};

use super::machine::{names_in, proc_file};
use crate::scenario::BaseUrl;
use crate::units::{count, float, ratio, whole};

/// State of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// Where the server under test runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ServerPlace {
    /// On another machine, or inside this process.
    Elsewhere,
    /// On this machine: the processes that listen at its port.
    Here(BTreeSet<u32>),
    /// On this machine, in processes that the system does not tell.
    Unseen,
}

/// Processor time of a server's processes until now, in ticks, by their numbers.
pub(super) type ServerTicks = BTreeMap<u32, u64>;

impl ServerPlace {
    /// Where the server at `base` runs.
    pub(super) fn find(base: &BaseUrl) -> Self {
        if !is_here(base) {
            return Self::Elsewhere;
        }
        let listening = listeners(base.port);
        if listening.is_empty() { Self::Unseen } else { Self::Here(listening) }
    }

    /// What the server's processes took until now; `None` where it is not known.
    pub(super) fn ticks(&self) -> Option<ServerTicks> {
        match self {
            Self::Elsewhere => Some(ServerTicks::new()),
            Self::Here(listening) => Some(ticks_with_children(listening, &processes())),
            Self::Unseen => None,
        }
    }
}

/// What was taken between two readings on the processors that this process may run on. Of a
/// process that may run on others too, the share that falls to ours.
pub(super) fn ticks_between(earlier: &ServerTicks, later: &ServerTicks) -> u64 {
    let taken = later.iter().map(|(process, ticks)| {
        let grown = ticks.saturating_sub(earlier.get(process).copied().unwrap_or(0));
        float(grown) * share_on_ours(*process)
    });
    whole(taken.sum())
}

/// Whether an address of `base` is one of this machine: the way there begins where it ends.
fn is_here(base: &BaseUrl) -> bool {
    let Ok(addresses) = (base.host.as_str(), base.port).to_socket_addrs() else { return false };
    addresses.into_iter().any(|address| {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).and_then(|socket| {
            socket.connect(address)?;
            socket.local_addr()
        });
        socket.is_ok_and(|own| own.ip() == address.ip())
    })
}

/// The processes that listen at `port`.
fn listeners(port: u16) -> BTreeSet<u32> {
    let tables = ["net/tcp", "net/tcp6"].map(proc_file);
    let sockets: BTreeSet<String> =
        tables.iter().flatten().flat_map(|table| listening_at(table, port)).collect();
    let holds_one = |process: &u32| {
        let folder = format!("/proc/{process}/fd");
        let descriptors = names_in(&folder).into_iter().flatten();
        let mut targets = descriptors.filter_map(|name| {
            let target = std::fs::read_link(format!("{folder}/{name}")).ok()?;
            target.into_os_string().into_string().ok()
        });
        targets.any(|target| sockets.contains(&target))
    };
    if sockets.is_empty() { BTreeSet::new() } else { numbers().filter(holds_one).collect() }
}

/// Sockets that listen at `port`, as descriptors link to them: `socket:[637]`.
fn listening_at(table: &str, port: u16) -> impl Iterator<Item = String> {
    let end = format!(":{port:04X}");
    table.lines().filter_map(move |line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else { return None };
        (state == LISTENING && local.ends_with(&end)).then(|| format!("socket:[{inode}]"))
    })
}

/// One process: its parent and its processor time in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: u32,
    ticks: u64,
}

fn numbers() -> impl Iterator<Item = u32> {
    names_in("/proc").into_iter().flatten().filter_map(|name| name.parse().ok())
}

fn processes() -> BTreeMap<u32, Process> {
    numbers()
        .filter_map(|number| Some((number, process(&proc_file(&format!("{number}/stat"))?)?)))
        .collect()
}

/// `5222 (a name) R 5217 …`: parent, and time in user and kernel mode.
fn process(stat: &str) -> Option<Process> {
    // The name may hold anything, brackets and spaces too.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let parent = fields.get(1)?.parse().ok()?;
    Some(Process { parent, ticks: number(11)? + number(12)? })
}

/// The ticks of `roots` and of everything they have started.
fn ticks_with_children(roots: &BTreeSet<u32>, all: &BTreeMap<u32, Process>) -> ServerTicks {
    let mut family = roots.clone();
    loop {
        let children = all.iter().filter(|(_, process)| family.contains(&process.parent));
        let new: Vec<u32> =
            children.map(|(number, _)| *number).filter(|n| !family.contains(n)).collect();
        if new.is_empty() {
            break;
        }
        family.extend(new);
    }
    family.into_iter().filter_map(|number| Some((number, all.get(&number)?.ticks))).collect()
}

/// Of the processors that a process may run on, the share that this one may run on too; all,
/// where the system does not tell.
#[cfg(target_os = "linux")]
fn share_on_ours(process: u32) -> f64 {
    use rustix::thread::{CpuSet, Pid, sched_getaffinity};
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    let (Ok(theirs), Ok(ours)) = (sched_getaffinity(process), sched_getaffinity(None)) else {
        return 1.0;
    };
    let both = (0..CpuSet::MAX_CPU).filter(|cpu| theirs.is_set(*cpu) && ours.is_set(*cpu));
    ratio(count(both.count()), theirs.count().into()).unwrap_or(1.0)
}

#[cfg(not(target_os = "linux"))]
fn share_on_ours(_process: u32) -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::TcpListener;

    use super::{
        Process, ServerPlace, is_here, listening_at, process, ticks_between, ticks_with_children,
    };
    use crate::scenario::BaseUrl;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when \
        retrnsmt   uid  timeout inode\n   \
        0: 0100007F:1FFF 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 637 1\n   \
        1: 0100007F:1FFF 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 638 1\n   \
        2: 0100007F:2000 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 639 1\n";

    fn at(host: &str, port: u16) -> BaseUrl {
        BaseUrl { tls: false, host: host.to_owned(), port, root: "/v1".to_owned() }
    }

    #[test]
    fn a_listening_socket_is_found_by_its_port() {
        let found: Vec<_> = listening_at(TABLE, 0x1FFF).collect();
        assert_eq!(found, ["socket:[637]"]);
    }

    #[test]
    fn a_process_may_have_any_name() {
        let stat = "5222 (a) R (b) S 5217 5217 2934 0 -1 4194304 100 0 0 0 20 3 9 9 20 0 1 0";
        assert_eq!(process(stat), Some(Process { parent: 5_217, ticks: 23 }));
        assert_eq!(process("5222 (a) R"), None);
    }

    #[test]
    fn what_a_server_has_started_counts_as_the_server() {
        let one = |parent, ticks| Process { parent, ticks };
        let all = BTreeMap::from([(1, one(0, 9)), (2, one(1, 5)), (3, one(2, 7)), (4, one(1, 11))]);
        let told = ticks_with_children(&BTreeSet::from([2]), &all);
        assert_eq!(told, BTreeMap::from([(2, 5), (3, 7)]));
    }

    #[test]
    fn a_process_that_is_new_counts_with_all_it_took() {
        let none = i32::MAX.unsigned_abs();
        let earlier = BTreeMap::from([(none, 10)]);
        let later = BTreeMap::from([(none, 15), (none - 1, 3)]);
        assert_eq!(ticks_between(&earlier, &later), 8);
    }

    #[test]
    fn a_server_of_this_machine_is_known_by_its_address() {
        assert!(is_here(&at("127.0.0.1", 9)));
        assert!(!is_here(&at("192.0.2.1", 9)));
        assert_eq!(ServerPlace::find(&at("192.0.2.1", 9)), ServerPlace::Elsewhere);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_found_where_it_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = ServerPlace::find(&at("127.0.0.1", port));
        assert_eq!(here, ServerPlace::Here(BTreeSet::from([std::process::id()])));
        assert!(here.ticks().unwrap().contains_key(&std::process::id()));
    }
}
