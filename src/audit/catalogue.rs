//! Every finding there is: its name, how grave it can be, when it is found and why then, and
//! what to do. `docs/audit.md` shows the same; a test holds the two equal.

use super::Severity::{self, Note, Reservation, Untrusted};
use super::finding::percent;
use super::{
    answers, bursts, client, drift, gateway, load, plateau, prompts, run, steadiness, tokens,
};
use crate::measure::CutInputs;

/// What is known about a kind of finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingInfo {
    /// Its name in files; never changes meaning.
    pub key: &'static str,
    /// How grave it can be, the mildest first.
    pub severities: &'static [Severity],
    /// When it is found, with its limits.
    pub when: String,
    /// Why these limits.
    pub why: &'static str,
    /// What can be done about it; empty where nothing need be.
    pub remedy: &'static str,
}

macro_rules! findings {
    ($($kind:ident, $key:literal, [$($severity:ident),+], $when:expr, $why:literal,
        $remedy:literal;)+) => {
        /// A kind of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FindingKind {
            $(#[doc = concat!("`", $key, "`")] $kind,)+
        }

        impl FindingKind {
            /// Every kind, in the order of the document.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// What is known about it.
            pub fn info(self) -> FindingInfo {
                match self {
                    $(Self::$kind => FindingInfo {
                        key: $key,
                        severities: &[$($severity),+],
                        when: $when.to_string(),
                        why: $why,
                        remedy: $remedy,
                    },)+
                }
            }
        }
    };
}

findings! {
    NothingDue, "nothing_due", [Untrusted],
        "no request was due in the measured window",
        "there are no figures",
        "measure for longer, or for more requests";
    NothingSucceeded, "nothing_succeeded", [Untrusted],
        "requests were due, and none succeeded",
        "there are no latencies",
        "look at the failures and their messages";
    PartialRun, "partial_run", [Reservation],
        "fewer cells were measured to their end than planned",
        "backends may not have been measured alike",
        "run it again to the end before comparing backends";
    GivenUp, "given_up", [Reservation],
        "`load.stop` gave the cell up because too many requests failed",
        "the figures are those of the time until then",
        "look at the failures and their messages";
    Interrupted, "interrupted", [Reservation],
        "the run was stopped before the cell was done",
        "the figures are those of the time until then",
        "run it again to the end";
    OverSaturated, "over_saturated", [Reservation],
        "a sweep or a search, open loop: requests in flight and latencies rose from one tenth of the \
         time to the next, and more piled up than 5% of the arrivals and than chance (3 standard \
         deviations) explains; the cell is ended early then",
        "a queue that only grows has no latency of its own: twice the time gives twice as much",
        "stay below this load; a sweep sends none of its higher ones";
    Failures, "failures", [Note, Reservation],
        format!("requests failed; a reservation from more than {} of them", percent(answers::FAILURES)),
        "one failure in a hundred moves no median and no p95 by much; with more, the latencies are \
         those of the survivors",
        "look at the failures and their messages, or lower the load";
    LateEvents, "late_events", [Reservation, Untrusted],
        format!(
            "what was ready for the client waited at least {} ms for it at p99, and {} of the p99 of \
             TTFT or of the gaps (E2E where nothing is streamed); not to be trusted from {} ms and {} \
             of the p99 of TTFT, or where the median wait is at least {} ms and {} of the median",
            client::WAIT_MS, percent(client::OF_TAIL), client::LONG_WAIT_MS,
            percent(client::MOST_OF_TAIL), client::WAIT_MS, percent(client::OF_MEDIAN)
        ),
        "a timer in each worker thread, served like its sockets, measures how late a token that \
         arrives at that moment would be stamped; a tenth of a tail is no longer lost in it, and \
         from half of it on it is the client's as much as the server's",
        "give the client processors of its own, lower the load, or send it from several machines";
    ClientStarved, "client_starved", [Untrusted],
        format!(
            "other processes (not pacemark, not the server under test) took {} of the client's \
             processors, and what was ready waited at least {} ms at p99 and {} of a p99; where \
             nobody tells who took the processors, its threads waited for {} of the time they \
             wanted to run",
            percent(client::TAKEN), client::WAIT_MS, percent(client::OF_TAIL),
            percent(client::SURELY_STARVED)
        ),
        "what a server on the same machine takes is part of what is measured, what strangers take \
         is not; from a tenth of a tail on, the figures are partly theirs",
        "stop the other processes, or keep them off the client's processors";
    ClientBusy, "client_busy", [Reservation],
        format!("the worker threads ran for at least {} of the time", percent(client::WORKERS_BUSY)),
        "a thread that always runs has nothing left for a burst: the client may be the bottleneck",
        "give the client more processors, or send the load from several machines";
    MachineBusy, "machine_busy", [Note],
        format!("the client's processors were busy for at least {} of the time", percent(client::MACHINE_BUSY)),
        "what becomes ready then finds no processor free; `late_events` says how much that mattered",
        "give the client processors of its own";
    TimeStolen, "time_stolen", [Note],
        format!("the host of a virtual machine kept at least {} of the processor time to itself", percent(client::STOLEN)),
        "one moment in twenty was none of this machine",
        "measure on a machine that is not shared";
    Suspended, "suspended", [Untrusted],
        format!("the machine was suspended for more than {} ms while it measured", client::SUSPENDED_MS),
        "the measuring clock stands still then, the server does not",
        "keep the machine awake and measure again";
    ClockDrift, "clock_drift", [Reservation],
        format!(
            "the time of day moved away from the measuring clock by more than {} ms and {} of the time",
            client::CLOCK_DRIFT_MS, percent(client::CLOCK_DRIFT)
        ),
        "clocks are set right at 0.05% of the time at most; a jump means that one was set by hand, \
         or that a virtual machine was paused",
        "let the clock settle, and measure again if the machine may have been paused";
    ChannelFull, "channel_full", [Reservation],
        "a worker could not hand over what it had, because writing was behind",
        "rows then wait in memory, and the disk competes with the measurement",
        "write fewer records (`--records sample`), or to a faster disk";
    DescriptorsShort, "descriptors_short", [Reservation],
        format!("at least {} of the descriptors that may be open were", percent(client::DESCRIPTORS)),
        "the next burst of connections may find none",
        "raise the limit (`ulimit -n`), or lower the concurrency";
    PortsShort, "ports_short", [Reservation],
        format!("at least {} of the local ports were taken", percent(client::PORTS)),
        "ports are found by trying: the fewer are left, the longer that takes",
        "keep connections open (`connections: reuse`), or send from several machines";
    LoadNotSent, "load_not_sent", [Reservation, Untrusted],
        format!(
            "open loop: less than {} of the arrivals were sent in the window; not to be trusted below \
             {}, unless `max_in_flight` held them back",
            percent(load::SENT_RESERVATION), percent(load::SENT_UNTRUSTED)
        ),
        "one in twenty missing is a load that is told with its second digit wrong, one in five \
         another load; a server that fills `max_in_flight` is a result",
        "lower the rate, or give the client more processor time";
    LateSends, "late_sends", [Reservation, Untrusted],
        format!(
            "open loop: of the arrivals that nothing held back, the p99 was sent more than {} ms \
             late; not to be trusted if the median was",
            load::LATE_MS
        ),
        "an undisturbed client sends within a millisecond; ten times that, and arrivals are not \
         spread as asked for",
        "lower the rate, or give the client more processor time";
    HeldBack, "held_back", [Note],
        format!("open loop: `max_in_flight` held back at least {} of the arrivals", percent(load::HELD_BACK)),
        "from there on a p99 rests on them",
        "read response and ttft_due, which include the wait, lower the rate or raise max_in_flight";
    NeverSettled, "never_settled", [Reservation],
        format!(
            "the time to first token (latency, where nothing is streamed, and in a mix) or, in an \
             open loop whose window is {} times its latency, the number of requests in flight rose \
             or fell from one tenth of the window to the next, by {} and more from its first three \
             to its last three",
            steadiness::LATENCIES_IN_WINDOW, percent(super::settling::TREND)
        ),
        "where nothing settles, twice the time gives other figures; Kendall's rank correlation with \
         time (0.8) tells a trend from chance",
        "lower the load if the server does not keep up with it, else warm up and measure for longer";
    LateWarmup, "late_warmup", [Reservation],
        "MSER-5 cuts off the beginning of the window, it lies 6 standard errors away from the rest, \
         and it moves the mean by 5% or lies half as high again as the rest",
        "a window that opens too early holds what warm-up is for; a twentieth of a mean is more \
         than most differences between servers, and a short high beginning makes the p99",
        "warm up for longer (`load.warmup`)";
    Drift, "drift", [Reservation],
        format!(
            "the medians of the minutes of a cell of {} minutes or more have a trend (Mann-Kendall, p \
             below {}), and it changes the median by {} and more over the whole time (Theil-Sen)",
            drift::MINUTES, percent(drift::CHANCE), percent(drift::CHANGED)
        ),
        "a server that slows down by the hour (a leak, heat, a growing log or cache) has no one latency, \
         and what is measured for ten minutes says little of a day",
        "look at the server's memory, temperature and logs over that time; restart it and measure again";
    LittlesLaw, "littles_law", [Reservation],
        format!(
            "in a window of {} latencies of {} ms or more with fewer than {} of failures, the requests in \
             flight differ by {} and more from throughput times mean latency",
            steadiness::LATENCIES_FOR_LAW, steadiness::SHORTEST_FOR_LAW_MS,
            percent(answers::FAILURES), percent(steadiness::LAW)
        ),
        "by Little's law the two are the same wherever a load is steady, so requests were in flight that no \
         latency tells of, or the load was not steady",
        "measure for longer; look whether the server keeps streams open after the last token";
    NoWarmup, "no_warmup", [Note],
        "no warm-up request succeeded",
        "loading a model, opening connections and filling caches are in the figures",
        "set load.warmup";
    ColdStart, "cold_start", [Note],
        "the backend's `cold_start` is `measure`, and the model was unloaded before the cell",
        "loading a model takes seconds to minutes, and then no longer",
        "compare such cells with each other only";
    ConnectionsOpened, "connections_opened", [Note, Reservation],
        format!(
            "more than {} of the requests had to open a connection although connections are kept; a \
             reservation where the median connect time is more than {} of the median latency",
            percent(load::CONNECTIONS), percent(load::CONNECT_OF_LATENCY)
        ),
        "with open connections to spare hardly a request opens one; from one in twenty on a p95 \
         rests on those that did",
        "warm up with as many requests as will be in flight, or measure for longer";
    StaleReconnects, "stale_reconnects", [Note, Reservation],
        format!(
            "requests were sent again because the server had closed the connection they were sent \
             on; a reservation from more than {} of them",
            percent(load::SENT_AGAIN)
        ),
        "from one in a hundred on a p99 rests on them",
        "set connections: fresh, or let the server keep idle ones open longer";
    Unverified, "unverified", [Reservation],
        "a backend is spoken to with TLS, and its certificate was not checked (`verify: false`)",
        "anybody on the way can answer in the server's place, and read keys and prompts",
        "name the authority that signed it: `tls: {ca: ca.pem}`";
    GatewayRetried, "gateway_retried", [Note, Reservation],
        format!(
            "a gateway says that it sent requests again, or gave them to another model; a reservation \
             from more than {} of them",
            percent(gateway::SHARE)
        ),
        "a request that was made twice takes as long as both, and a failure that is made up for is not \
         counted",
        "switch off retries and fallbacks in the gateway (LiteLLM: `num_retries: 0`), or measure the \
         server itself";
    GatewayCached, "gateway_cached", [Note, Reservation],
        format!(
            "a gateway says that it answered from its own cache; a reservation from more than {} of \
             the requests",
            percent(gateway::SHARE)
        ),
        "what comes from a cache measures the cache",
        "switch the cache off, send prompts that do not repeat, or ask for none (LiteLLM: `cache: \
         {no-cache: true}` in the body)";
    Capped, "capped", [Reservation],
        "the client ended answers that ran past their token limit",
        "the server ignores the limit, so its answers have no length of their own",
        "compare TTFT and TPOT only, or set the limit in the server";
    AnswersShort, "answers_short", [Note],
        format!("at least {} of the answers ended before their token limit", percent(answers::SHORT)),
        "E2E and request rates then depend on what the model had to say",
        "compare TPOT and TTFT, or force the length with `ignore_eos` or `min_tokens` in the body";
    OutputLengthsDiffer, "output_lengths_differ", [Reservation],
        format!(
            "the mean output length of two backends in the same workload and stage differs by more \
             than {}",
            percent(run::LENGTHS)
        ),
        "E2E and request rates differ by as much, whatever the servers do",
        "compare TPOT and TTFT, or force the length on both";
    TokensEstimated, "tokens_estimated", [Note, Reservation],
        format!(
            "the server gave no count of output tokens, so text events were counted; a reservation \
             from more than {} of the answers",
            percent(answers::ESTIMATED)
        ),
        "one answer in a hundred counted in another way moves no token figure by much",
        "compare latencies, not tokens, with servers that count";
    TokensUncounted, "tokens_uncounted", [Note, Reservation],
        "the tokens of some answers could not be counted at all; a reservation where others were",
        "token throughput is too low by as much as is missing",
        "";
    CountsDiffer, "counts_differ", [Reservation],
        format!(
            "the server's count of input or output tokens is more than {} off the one of the \
             workload's `tokenizer`; the server may have {} tokens more for each request and {} for \
             each message where there is a chat template, and {} for each other text",
            percent(tokens::DIFFERENCE), tokens::TEMPLATE_TOKENS, tokens::MESSAGE_TOKENS,
            tokens::MARK_TOKENS
        ),
        "one of the two does not count tokens of this model: some servers count characters, \
         events, or the padding of a batch, and a tokenizer may be another model's; noise, as a \
         model without training makes it, is taken apart in other ways than it was made",
        "check that `tokenizer` is the model's own; if it is, do not compare token figures of this \
         server with those of others";
    InputsCut, "inputs_cut", [Reservation],
        format!(
            "the server counts less than {} of the input tokens of requests of {} tokens or more, as \
             counted by the workload's `tokenizer` or made to a length",
            percent(CutInputs::SHARE_LEFT), CutInputs::FEWEST_TOKENS
        ),
        "a prompt that does not fit is an error at most servers; some drop its beginning and answer \
         what is left, with the TTFT of a shorter prompt",
        "serve the model with a longer context (Ollama: `OLLAMA_CONTEXT_LENGTH` or `num_ctx`), or send \
         shorter prompts";
    TokensPerEvent, "tokens_per_event", [Note],
        format!(
            "the server sends more or fewer than one token in a text event: more than {} off",
            percent(answers::TOKENS_PER_EVENT)
        ),
        "gaps between events are not gaps between tokens then; an end token without text makes \
         one in a hundred tokens or so",
        "compare tpot, not icl, across servers";
    Bursts, "bursts", [Note],
        format!(
            "at least {} of the gaps between chunks are longer than {} times the median (and {} ms), and \
             hold at least {} of the time",
            percent(bursts::SHARE), bursts::PAUSE, bursts::SHORTEST_MS, percent(bursts::TIME)
        ),
        "a server that works in batches of tokens sends them together: gaps inside a batch say \
         nothing of how fast it is, and TPOT hides the pauses",
        "compare ICL p99 and stall, and E2E; ITL and ICL at p50 are those of the batch";
    AllAtOnce, "all_at_once", [Reservation],
        format!(
            "in at least {} of the streams of 8 text events or more, the text came within 2% of the \
             latency and faster than 10,000 events a second",
            percent(answers::AT_ONCE)
        ),
        "no engine generates like that: something between holds the stream back until it is \
         whole, so TTFT and TPOT are its own",
        "switch off buffering (nginx: `proxy_buffering off`) and compression on the way, or measure \
         the server itself";
    HiddenReasoning, "hidden_reasoning", [Note],
        "answers held reasoning tokens that were counted but not sent",
        "they have no TPOT, and their TTFT includes the reasoning",
        "";
    PromptsRepeat, "prompts_repeat", [Note, Reservation],
        format!(
            "more inputs were sent than there are prompts; a reservation where {} of the input was \
             cached, or the server does not tell and inputs have {} tokens or more",
            percent(prompts::CACHED), prompts::LONG_INPUT_TOKENS
        ),
        "a prompt seen before comes from the cache; shorter ones are read within milliseconds anyway",
        "give a file with at least as many prompts as requests";
    CachedInput, "cached_input", [Note, Reservation],
        format!(
            "no prompt repeats, yet {} of the input came from the server's cache; a reservation from {}, but not for conversations, whose history belongs there",
            percent(prompts::CACHED), percent(prompts::MOSTLY_CACHED)
        ),
        "a shared beginning (a system prompt) is cached by right; where most is, an earlier run with \
         the same seed left it there",
        "change the seed, or empty the server's prefix cache";
    FewSamples, "few_samples", [Note, Reservation],
        "fewer than 10 / min(q, 1 - q) values for the p99; a reservation where it is for the median",
        "with fewer, a percentile is the luck of a few requests",
        "measure for longer, or for more requests";
    FewRounds, "few_rounds", [Note],
        format!("several backends and fewer than {} rounds", run::ROUNDS),
        "runs differ by more than chance inside a run explains",
        "set load.rounds to 3 or more, better 6";
    LimitedSlots, "limited_slots", [Note],
        format!(
            "closed loops of streams, two stages or more at the upper end: the same throughput within \
             {} with at least {} times as much in flight, at least {} of the further latency lies \
             before the first token, streams are as fast within {}, and throughput times the latency \
             without the wait, the number served at a time, stays the same",
            percent(plateau::SAME_THROUGHPUT), plateau::MORE_IN_FLIGHT, percent(plateau::WAITED),
            percent(plateau::SAME_SPEED)
        ),
        "by Little's law a server that answers as many a second, each worked on for as long, works on \
         as many at a time, however many wait; one whose prefill alone is the limit looks the same",
        "raise the server's limit if its hardware has room (Ollama: `OLLAMA_NUM_PARALLEL`, llama.cpp: \
         `--parallel`, vLLM: `--max-num-seqs`), or read TTFT beyond it as time in a queue";
    Saturated, "saturated", [Note],
        format!(
            "as for `limited_slots`, but TPOT grows by more than {} and less than {} of the further \
             latency lies before the first token",
            percent(plateau::SAME_SPEED), percent(1.0 - plateau::WAITED)
        ),
        "all requests in flight are worked on, and share what there is",
        "more load brings no more answers, only slower ones; add hardware or replicas, or stay below";
}

impl FindingKind {
    /// Whether it counts in a probe of a search, which is judged by rules of its own: what is wrong
    /// with the client, and how it ended.
    pub const fn counts_in_probes(self) -> bool {
        matches!(
            self,
            Self::NothingDue
                | Self::Interrupted
                | Self::OverSaturated
                | Self::LateEvents
                | Self::ClientStarved
                | Self::ClientBusy
                | Self::Suspended
                | Self::ClockDrift
                | Self::ChannelFull
                | Self::DescriptorsShort
                | Self::PortsShort
                | Self::LoadNotSent
                | Self::LateSends
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FindingKind;

    #[test]
    fn keys_are_unique_and_severities_ascend() {
        let infos: Vec<_> = FindingKind::ALL.iter().map(|kind| kind.info()).collect();
        let keys: BTreeSet<_> = infos.iter().map(|info| info.key).collect();
        assert_eq!(keys.len(), infos.len());
        for info in infos {
            assert!(info.severities.is_sorted(), "{}", info.key);
        }
    }
}
