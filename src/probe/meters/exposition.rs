//! The text in which Prometheus endpoints tell their samples.
//!
//! # Source
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>: a sample a line, `name{labels}
//! value timestamp`; lines that begin with `#` are comments. `OpenMetrics` differs in what does
//! not matter here.

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample<'a> {
    /// The name of its series.
    pub(super) name: &'a str,
    /// Its labels, as they stand between the braces; empty where it has none.
    pub(super) labels: &'a str,
    /// Its value.
    pub(super) value: f64,
}

/// The samples of a text; lines that are none are left out.
pub(super) fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines().filter_map(sample)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        None => ("", rest),
        Some(rest) => rest.split_at_checked(closing(rest)?)?,
    };
    let value = rest.trim_start_matches('}').split_whitespace().next()?;
    // Infinity and what is no number say nothing of a state.
    let value = value.parse::<f64>().ok().filter(|value| value.is_finite())?;
    Some(Sample { name, labels, value })
}

/// Where the labels end: at the first brace outside of quotes.
fn closing(labels: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    labels.char_indices().find_map(|(at, character)| {
        let was_escaped = std::mem::take(&mut escaped);
        match character {
            '\\' if quoted && !was_escaped => escaped = true,
            '"' if !was_escaped => quoted = !quoted,
            '}' if !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::{Sample, samples};

    fn read(text: &str) -> Vec<(&str, &str, f64)> {
        samples(text).map(|Sample { name, labels, value }| (name, labels, value)).collect()
    }

    #[test]
    fn samples_are_read_with_and_without_labels_and_times() {
        let text = "# HELP vllm:num_requests_running Number of requests.\n\
                    # TYPE vllm:num_requests_running gauge\n\
                    vllm:num_requests_running{engine=\"0\",model_name=\"a}b \\\" c\"} 8.0\n\
                    up 1 1732240000000\n\
                    energy_total 8.128902e+06\n\n";
        let expected = [
            ("vllm:num_requests_running", r#"engine="0",model_name="a}b \" c""#, 8.0),
            ("up", "", 1.0),
            ("energy_total", "", 8_128_902.0),
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn what_is_no_sample_is_left_out() {
        for text in ["", "<html>", "name", "name{a=\"b\" 1", "name NaN", "name +Inf", "# EOF"] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
