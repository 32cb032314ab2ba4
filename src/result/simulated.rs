//! The settings of a simulated server, so that two runs can be told apart by them.

use std::collections::BTreeMap;

use crate::scenario::MockSpec;
use crate::units::format_span;

/// The settings of a simulated server as a scenario writes them, in words and by their names:
/// `ttft` and `20ms`. What is left open has none. Models, key and seed are no settings of how fast
/// it is, and stand elsewhere or nowhere.
pub(super) fn simulated(spec: &MockSpec) -> BTreeMap<String, String> {
    let MockSpec {
        ttft,
        gap,
        output_tokens,
        slots,
        queue,
        prefill_rate,
        decode_rate,
        batch_slowdown,
        context,
        load,
        keep_alive,
        errors,
        stalls,
        stall,
        tokens_per_event,
        models: _,
        api_key: _,
        seed: _,
    } = spec;
    let settings = [
        ("ttft", Some(ttft.of_times().to_string())),
        ("gap", decode_rate.is_none().then(|| gap.of_times().to_string())),
        ("output_tokens", Some(output_tokens.of_numbers().to_string())),
        ("slots", slots.map(|slots| slots.to_string())),
        ("queue", queue.map(|queue| queue.to_string())),
        ("prefill_rate", prefill_rate.map(|rate| rate.to_string())),
        ("decode_rate", decode_rate.map(|rate| rate.to_string())),
        ("batch_slowdown", Some(batch_slowdown.to_string())),
        ("context", context.map(|context| context.to_string())),
        ("load", load.map(format_span)),
        ("keep_alive", load.map(|_| format_span(*keep_alive))),
        ("errors", Some(errors.to_string())),
        ("stalls", Some(stalls.to_string())),
        ("stall", Some(stall.of_times().to_string())),
        ("tokens_per_event", Some(tokens_per_event.to_string())),
    ];
    let settings = settings.into_iter();
    settings.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::simulated;
    use crate::scenario::MockSpec;

    fn told(spec: &MockSpec) -> String {
        let told = simulated(spec);
        told.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn settings_are_told_as_a_scenario_writes_them() {
        insta::assert_snapshot!(told(&MockSpec::default()), @"
        batch_slowdown: 0
        errors: 0%
        gap: 8ms
        output_tokens: 64
        stall: 1s
        stalls: 0%
        tokens_per_event: 1
        ttft: 40ms
        ");
        let ollama = told(&MockSpec::ollama());
        assert!(ollama.contains("slots: 4") && !ollama.contains("gap: "), "{ollama}");
        assert!(ollama.contains("ttft: 15ms ± 3ms"), "{ollama}");
    }
}
