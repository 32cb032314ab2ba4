//! What servers, their exporters and `nvidia-smi` tell of themselves, under common names.

/// Whether a meter shows a state or adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeterKind {
    /// A state: how much there is now.
    Gauge,
    /// A sum since the server began.
    Counter,
}

/// How the values of several engines, processors or servers make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// They are added up.
    Sum,
    /// Their mean is taken.
    Mean,
}

macro_rules! meters {
    ($($meter:ident, $key:literal, $name:literal, $unit:literal, $kind:ident, $combine:ident;)+) => {
        /// A meter of a server, by its common name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ServerMeter {
            $(#[doc = concat!("`", $key, "`: ", $name, ".")] $meter,)+
        }

        impl ServerMeter {
            /// Every meter, in the order of files.
            pub const ALL: &[Self] = &[$(Self::$meter,)+];

            /// Its name in files, with the unit at its end where it has one.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$meter => $key,)+ }
            }

            /// Its name for people.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$meter => $name,)+ }
            }

            /// What it counts, as people read it; empty for shares.
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$meter => $unit,)+ }
            }

            /// Whether it shows a state or adds up.
            pub const fn kind(self) -> MeterKind {
                match self { $(Self::$meter => MeterKind::$kind,)+ }
            }

            /// How several values make one.
            pub const fn combine(self) -> Combine {
                match self { $(Self::$meter => Combine::$combine,)+ }
            }
        }
    };
}

meters! {
    RequestsRunning, "requests_running", "requests running", "requests", Gauge, Sum;
    RequestsWaiting, "requests_waiting", "requests waiting", "requests", Gauge, Sum;
    KvCacheUse, "kv_cache_use", "KV cache in use", "", Gauge, Mean;
    PrefixCacheQueries, "prefix_cache_queries", "tokens looked up in the prefix cache", "tokens", Counter, Sum;
    PrefixCacheHits, "prefix_cache_hits", "tokens found in the prefix cache", "tokens", Counter, Sum;
    Preemptions, "preemptions", "preemptions", "requests", Counter, Sum;
    InputTokens, "input_tokens", "input tokens by the server", "tokens", Counter, Sum;
    OutputTokens, "output_tokens", "output tokens by the server", "tokens", Counter, Sum;
    GpuUse, "gpu_use", "GPU in use", "", Gauge, Mean;
    GpuMemory, "gpu_memory_bytes", "GPU memory", "B", Gauge, Sum;
    GpuPower, "gpu_power_w", "GPU power", "W", Gauge, Sum;
    GpuEnergy, "gpu_energy_j", "GPU energy", "J", Counter, Sum;
    CpuEnergy, "cpu_energy_j", "CPU energy", "J", Counter, Sum;
    CpuBusy, "cpu_busy_s", "processor time of the machine", "s", Counter, Sum;
    ProcessCpu, "process_cpu_s", "processor time of the server", "s", Counter, Sum;
    ProcessMemory, "process_memory_bytes", "memory of the server", "B", Gauge, Sum;
}

impl ServerMeter {
    /// The meter of that key, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|meter| meter.key() == key)
    }
}
