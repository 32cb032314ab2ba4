//! Every metric, once.

/// Version of the definitions below; stands in every result.
pub const DEFINITIONS_VERSION: u32 = 1;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A length of time, shown in milliseconds, recorded in nanoseconds.
    Milliseconds,
    /// Tokens.
    Tokens,
    /// Tokens per second, recorded in thousandths.
    TokensPerSecond,
    /// Requests per second.
    RequestsPerSecond,
    /// Embedded input items per second.
    ItemsPerSecond,
    /// Ranked documents per second.
    DocumentsPerSecond,
    /// A share from 0 to 1.
    Share,
    /// Requests.
    Requests,
}

impl Unit {
    /// The unit as it ends a column name: `ms`, `tokens`, `tok_s`, `rps`, `items_s`, `docs_s`, `share`.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Tokens => "tokens",
            Self::TokensPerSecond => "tok_s",
            Self::RequestsPerSecond => "rps",
            Self::ItemsPerSecond => "items_s",
            Self::DocumentsPerSecond => "docs_s",
            Self::Share => "share",
            Self::Requests => "requests",
        }
    }

    /// The unit as people read it: `ms`, `tokens`, `tok/s`, `req/s`, `items/s`, `docs/s`, `share`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Tokens => "tokens",
            Self::TokensPerSecond => "tok/s",
            Self::RequestsPerSecond => "req/s",
            Self::ItemsPerSecond => "items/s",
            Self::DocumentsPerSecond => "docs/s",
            Self::Share => "share",
            Self::Requests => "requests",
        }
    }

    /// How many recorded (whole) units make one shown unit.
    pub const fn recorded_per_shown(self) -> f64 {
        match self {
            Self::Milliseconds => 1e6,
            Self::TokensPerSecond => 1e3,
            Self::Tokens
            | Self::RequestsPerSecond
            | Self::ItemsPerSecond
            | Self::DocumentsPerSecond
            | Self::Share
            | Self::Requests => 1.0,
        }
    }
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither: it describes the load or the answers.
    Neither,
}

/// How a metric comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A distribution over requests, gaps or tokens.
    Distribution,
    /// One number for the whole measured window.
    Window,
}

/// What stands in the catalogue for one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricInfo {
    /// The metric.
    pub metric: Metric,
    /// Its name in files, gates and flags.
    pub key: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// Distribution or single number.
    pub kind: Kind,
    /// Its formula, in the words of `docs/metrics.md`.
    pub formula: &'static str,
    /// The requests it exists for.
    pub exists_for: &'static str,
}

macro_rules! catalogue {
    ($($metric:ident, $key:literal, $name:literal, $unit:ident, $direction:ident, $kind:ident,
       $formula:literal, $exists_for:literal;)*) => {
        /// One metric of the catalogue; see [`MetricInfo`] for its definition.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric {
            $(#[doc = concat!("`", $key, "`: ", $name, ".")] $metric,)*
        }

        impl Metric {
            /// Every metric, in the order of tables and files.
            pub const ALL: &[Self] = &[$(Self::$metric,)*];

            /// What stands in the catalogue for this metric.
            pub const fn info(self) -> MetricInfo {
                match self {
                    $(Self::$metric => MetricInfo {
                        metric: self,
                        key: $key,
                        name: $name,
                        unit: Unit::$unit,
                        direction: Direction::$direction,
                        kind: Kind::$kind,
                        formula: $formula,
                        exists_for: $exists_for,
                    },)*
                }
            }
        }
    };
}

catalogue! {
    ScheduleDelay, "schedule_delay", "schedule delay", Milliseconds, Lower, Distribution,
        "sent_at - due_at", "all requests sent";
    Connect, "connect", "connect time", Milliseconds, Lower, Distribution,
        "connected_at - sent_at", "requests that opened a connection";
    Resolve, "resolve", "time to look up the name", Milliseconds, Lower, Distribution,
        "until the name had its addresses, a part of connect", "connections to a host by its name";
    Tls, "tls", "TLS handshake", Milliseconds, Lower, Distribution,
        "from the open socket to the end of the handshake, a part of connect",
        "connections with TLS";
    Ttfb, "ttfb", "time to headers", Milliseconds, Lower, Distribution,
        "headers_at - sent_at", "requests that got headers";
    Ttft, "ttft", "time to first token", Milliseconds, Lower, Distribution,
        "first_token_at - sent_at", "streams with text";
    Ttfa, "ttfa", "time to first answer token", Milliseconds, Lower, Distribution,
        "first_answer_at - sent_at", "streams with answer text";
    Ttst, "ttst", "time to second token event", Milliseconds, Lower, Distribution,
        "second text event - first text event", "streams with at least 2 text events";
    Icl, "icl", "inter-chunk latency", Milliseconds, Lower, Distribution,
        "every gap between successive text events, pooled over all requests",
        "streams with at least 2 text events";
    Itl, "itl", "inter-token latency", Milliseconds, Lower, Distribution,
        "as icl, but a gap before an event of k tokens counts as k samples of gap / k",
        "streams with known tokens per event";
    Tpot, "tpot", "time per output token", Milliseconds, Lower, Distribution,
        "(last_token_at - first_token_at) / (O - 1), one value per request",
        "streams with O of at least 2";
    Stall, "stall", "longest stall", Milliseconds, Lower, Distribution,
        "the largest gap between text events of one request",
        "streams with at least 2 text events";
    E2e, "e2e", "end-to-end latency", Milliseconds, Lower, Distribution,
        "last_token_at - sent_at for streams with text, else finished_at - sent_at",
        "all successes";
    Response, "response", "response time", Milliseconds, Lower, Distribution,
        "as e2e, but from due_at", "all successes";
    TtftDue, "ttft_due", "first token from due time", Milliseconds, Lower, Distribution,
        "first_token_at - due_at", "streams with text";
    OutputTokens, "output_tokens", "output tokens", Tokens, Neither, Distribution,
        "O", "requests whose output was counted";
    InputTokens, "input_tokens", "input tokens", Tokens, Neither, Distribution,
        "I", "requests whose input was counted";
    DecodeRate, "decode_rate", "output speed of one stream", TokensPerSecond, Higher, Distribution,
        "1 / tpot", "as tpot";
    PrefillRate, "prefill_rate", "input speed of one request", TokensPerSecond, Higher, Distribution,
        "(I - cached) / ttft, a lower bound: queueing is in it", "as ttft, with a counted input";
    GatewayOverhead, "gateway_overhead", "gateway overhead", Milliseconds, Lower, Distribution,
        "the time that the gateway says it added (x-litellm-overhead-duration-ms)",
        "answers of a gateway that tells it";
    ServerLoad, "server_load", "load time by the server", Milliseconds, Lower, Distribution,
        "the time until the model was in memory, by the server's own clock",
        "answers of a server that tells it";
    ServerPrefill, "server_prefill", "prefill time by the server", Milliseconds, Lower, Distribution,
        "the time for reading the input, by the server's own clock: without the queue",
        "answers of a server that tells it";
    ServerPrefillRate, "server_prefill_rate", "input speed by the server", TokensPerSecond, Higher,
        Distribution, "input tokens read / server_prefill, both by the server's own count",
        "answers of a server that tells it";
    ServerDecodeRate, "server_decode_rate", "output speed by the server", TokensPerSecond, Higher,
        Distribution, "output tokens / the time for generating them, both by the server's own count",
        "answers of a server that tells it";
    RequestThroughput, "request_throughput", "request throughput", RequestsPerSecond, Higher, Window,
        "successes finished in the window / window length", "every cell";
    OutputTokenThroughput, "output_token_throughput", "output token throughput", TokensPerSecond,
        Higher, Window, "output tokens that arrived in the window / window length",
        "chat, completions and responses";
    InputTokenThroughput, "input_token_throughput", "input token throughput", TokensPerSecond,
        Higher, Window,
        "input tokens of requests whose first token (or finish) fell in the window / window length",
        "cells with a counted input";
    TotalTokenThroughput, "total_token_throughput", "total token throughput", TokensPerSecond,
        Higher, Window, "the sum of output and input token throughput", "as input_token_throughput";
    EmbeddingThroughput, "embedding_throughput", "embedding throughput", ItemsPerSecond, Higher, Window,
        "input items embedded per second (batch size counted)", "embeddings";
    DocumentThroughput, "document_throughput", "document throughput", DocumentsPerSecond, Higher, Window,
        "documents ranked per second (all that went with the queries)", "rerank";
    Goodput, "goodput", "goodput", RequestsPerSecond, Higher, Window,
        "requests of the window that met every SLO / window length", "cells with an SLO";
    SloAttainment, "slo_attainment", "SLO attainment", Share, Higher, Window,
        "requests that met every SLO / all requests due in the window", "cells with an SLO";
    ErrorRate, "error_rate", "error rate", Share, Lower, Window,
        "failures / all requests of the window", "every cell";
    OfferedRate, "offered_rate", "offered rate", RequestsPerSecond, Neither, Window,
        "arrivals due in the window / window length", "every cell";
    AchievedRate, "achieved_rate", "achieved rate", RequestsPerSecond, Neither, Window,
        "arrivals sent in the window / window length", "every cell";
    Concurrency, "concurrency", "requests in flight", Requests, Neither, Window,
        "time-weighted mean of requests in flight over the window", "every cell";
    ConcurrencyMax, "concurrency_max", "most requests in flight", Requests, Neither, Window,
        "largest number of requests in flight in the window", "every cell";
}

impl Metric {
    /// The metric's name in files, gates and flags.
    pub const fn key(self) -> &'static str {
        self.info().key
    }

    /// What the metric counts.
    pub const fn unit(self) -> Unit {
        self.info().unit
    }

    /// The metric of that key, or `None`.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|metric| metric.key() == key)
    }

    /// Whether it exists only where answers are streamed.
    pub const fn needs_stream(self) -> bool {
        matches!(
            self,
            Self::Ttft
                | Self::Ttfa
                | Self::Ttst
                | Self::Icl
                | Self::Itl
                | Self::Tpot
                | Self::Stall
                | Self::TtftDue
                | Self::DecodeRate
                | Self::PrefillRate
        )
    }

    /// The metrics that are distributions, in order.
    pub fn distributions() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|metric| metric.info().kind == Kind::Distribution)
    }

    /// The metrics that are one number per window, in order.
    pub fn windows() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|metric| metric.info().kind == Kind::Window)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Metric;

    #[test]
    fn keys_are_unique_and_lead_back() {
        let keys: BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.key()).collect();
        assert_eq!(keys.len(), Metric::ALL.len());
        for &metric in Metric::ALL {
            assert_eq!(Metric::from_key(metric.key()), Some(metric));
        }
        assert_eq!(Metric::from_key("latency"), None);
    }

    #[test]
    fn what_exists_for_streams_needs_one() {
        for &metric in Metric::ALL {
            let said = metric.info().exists_for;
            let says_so = said.starts_with("streams") || said.starts_with("as t");
            assert_eq!(metric.needs_stream(), says_so, "{}", metric.key());
        }
    }
}
