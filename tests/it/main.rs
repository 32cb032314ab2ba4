//! All integration tests, in one binary: what holds for pacemark as a whole.

#[cfg(test)]
mod accounting;
#[cfg(test)]
mod accuracy;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod baseline;
#[cfg(test)]
mod calibrate;
#[cfg(test)]
mod capacity;
#[cfg(test)]
mod ci;
#[cfg(test)]
mod cold_start;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod comparisons;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod conversations;
#[cfg(test)]
mod datasets;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod exit_codes;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod gates;
#[cfg(test)]
mod gateway_pairs;
#[cfg(test)]
mod gateways;
#[cfg(test)]
mod interrupt;
#[cfg(test)]
mod intervals;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod lateness;
#[cfg(test)]
mod live_view;
#[cfg(test)]
mod markdown;
#[cfg(test)]
mod merge;
#[cfg(test)]
mod metrics_listen;
#[cfg(test)]
mod mixes;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod mock_speed;
#[cfg(test)]
mod ollama_native;
#[cfg(test)]
mod plateau;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod probe_command;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod program;
#[cfg(test)]
mod rate_limits;
#[cfg(test)]
mod readmes;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod searches;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod server_metrics;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tls_front;
#[cfg(test)]
mod tokenizers;
#[cfg(test)]
mod truncation;
#[cfg(test)]
mod wire;
