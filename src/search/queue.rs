//! Queues for tests, simulated without a clock: Poisson arrivals, some servers, first come, first served.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::units::{float, index, whole};

/// How often requests in the system are counted.
const TICKS: usize = 600;

/// How long a server takes for a request, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    /// Exponentially distributed with this mean.
    Exponential(f64),
    /// Always the same.
    Fixed(f64),
}

/// A queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) servers: usize,
    pub(super) service: Service,
}

/// What came of it.
pub(super) struct Served {
    /// How long each request waited for a server, in the order of arrival, in seconds.
    pub(super) waits: Vec<f64>,
    /// Requests in the system at moments evenly spread.
    pub(super) in_flight: Vec<f64>,
}

impl Queue {
    /// Requests come at `rate` per second for `span` seconds to servers that are free at first.
    pub(super) fn serve(&self, rate: f64, span: f64, seed: u64) -> Served {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let mut uniform = || (float(generator.next_u64() >> 11) + 0.5) / float(1 << 53);
        let mut free = vec![0.0_f64; self.servers];
        let (mut at, mut waits, mut stays) = (0.0, Vec::new(), Vec::new());
        loop {
            at -= uniform().ln() / rate;
            if at > span {
                break;
            }
            let service = match self.service {
                Service::Exponential(mean) => -mean * uniform().ln(),
                Service::Fixed(time) => time,
            };
            let next = free.iter_mut().min_by(|one, other| one.total_cmp(other)).unwrap();
            let starts = next.max(at);
            *next = starts + service;
            waits.push(starts - at);
            stays.push((at, starts + service));
        }
        let mut in_flight = vec![0.0; TICKS];
        let tick = span / float(u64::try_from(TICKS).unwrap());
        for (from, to) in stays {
            let ticks = |at: f64| index(whole((at / tick).ceil())).min(TICKS);
            in_flight[ticks(from)..ticks(to)].iter_mut().for_each(|number| *number += 1.0);
        }
        Served { waits, in_flight }
    }
}
