//! Synthetic prompts and the lengths asked for.

use crate::openai::Endpoint;
use crate::scenario::distribution::Distribution;
use crate::scenario::place::Place;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::synthetic::{
    Language, LengthPair, MOST_INPUT_TOKENS, SharedPrefix, Synthetic,
};
use crate::scenario::typed::{
    DistributionFile, Field, Given, MixturePart, SharedPrefixFile, SyntheticFile, Tokens,
    WorkloadFile,
};
use crate::units::{float, to_u32};

/// Fields of a body that limit or force the length of an answer.
const LENGTH_FIELDS: [&str; 4] =
    ["max_tokens", "max_completion_tokens", "min_tokens", "ignore_eos"];

/// The output length a workload asks for.
pub(super) fn check_output_tokens(
    file: &WorkloadFile,
    problems: &mut Problems,
) -> Option<Distribution> {
    let given = file.output_tokens.given()?;
    let mut refuse = |problem| problems.report(problem);
    if let Some(limit) = file.max_tokens.place() {
        refuse(
            Problem::new(given.place, "`output_tokens` and `max_tokens` are both given")
                .hint("keep one: `output_tokens` is the limit as well")
                .also(limit, "the other"),
        );
    }
    if let Some(endpoint) = file.endpoint.value().filter(|endpoint| !endpoint.generates()) {
        let message = format!("{endpoint} have no output tokens");
        refuse(Problem::new(given.place, message).hint("leave it out"));
    }
    if let Some(body) = file.body.given()
        && let Some(field) = LENGTH_FIELDS.iter().find(|key| body.value.0.contains_key(**key))
    {
        let message = format!("the output length is given here and as `{field}` in `body`");
        refuse(
            Problem::new(given.place, message).hint("keep it here").also(body.place, "and here"),
        );
    }
    check_length(given, problems)
}

/// Synthetic prompts of a workload.
pub(super) fn check_synthetic(
    file: &SyntheticFile,
    place: Place,
    workload: (Option<Endpoint>, Option<Place>),
    problems: &mut Problems,
) -> Option<Synthetic> {
    let lengths = match (&file.input_tokens, &file.mixture) {
        (Field::Absent, Field::Absent) => {
            let problem = Problem::new(place, "synthetic prompts need `input_tokens`");
            problems.report(problem.hint("for example `input_tokens: 512`; or give a `mixture`"));
            return None;
        }
        (Field::Given(tokens), Field::Absent) => {
            let input_tokens = check_length(tokens, problems)?;
            vec![LengthPair { weight: 1.0, input_tokens, output_tokens: None }]
        }
        (Field::Absent, Field::Given(parts)) => {
            let parts = parts.value.0.iter();
            let checked: Vec<_> =
                parts.map(|part| check_part(&part.value, workload, problems)).collect();
            checked.into_iter().collect::<Option<_>>()?
        }
        (input, mixture) => {
            if let (Some(input), Some(mixture)) = (input.place(), mixture.place()) {
                problems.report(
                    Problem::new(input, "`input_tokens` and `mixture` are both given")
                        .hint("keep one: each part of a mixture has its own `input_tokens`")
                        .also(mixture, "the other"),
                );
            }
            return None;
        }
    };
    let language = match &file.language {
        Field::Absent => Language::English,
        Field::Given(language) => language.value,
        Field::Wrong(_) => return None,
    };
    let shared_prefix = match &file.shared_prefix {
        Field::Absent => None,
        Field::Given(prefix) => Some(check_prefix(prefix, &lengths, problems)?),
        Field::Wrong(_) => return None,
    };
    Some(Synthetic { lengths, language, shared_prefix })
}

fn check_part(
    part: &MixturePart,
    (endpoint, elsewhere): (Option<Endpoint>, Option<Place>),
    problems: &mut Problems,
) -> Option<LengthPair> {
    if let Some(output) = part.output_tokens.place() {
        if let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.generates()) {
            let problem = Problem::new(output, format!("{endpoint} have no output tokens"));
            problems.report(problem.hint("leave it out"));
        }
        if let Some(elsewhere) = elsewhere {
            problems.report(
                Problem::new(output, "the output length is given here and for the workload")
                    .hint("keep one of the two")
                    .also(elsewhere, "and here"),
            );
        }
    }
    let weight = part.weight.value()?.0;
    let input_tokens = check_length(part.input_tokens.given()?, problems)?;
    let output_tokens = match &part.output_tokens {
        Field::Absent => None,
        Field::Given(output) => Some(check_length(output, problems)?),
        Field::Wrong(_) => return None,
    };
    Some(LengthPair { weight, input_tokens, output_tokens })
}

/// A length has at least one token and a mean within its bounds.
fn check_length(
    given: &Given<DistributionFile<Tokens>>,
    problems: &mut Problems,
) -> Option<Distribution> {
    let shape = given.value.shape;
    let most = float(MOST_INPUT_TOKENS);
    let (high, hint) = match shape {
        Distribution::Constant(value) => (value, "write 1 or more"),
        Distribution::Uniform { high, .. } => (high, "let the higher value be 1 or more"),
        Distribution::Normal { max, .. } | Distribution::Lognormal { max, .. } => {
            (max, "let `max` be 1 or more")
        }
    };
    if high < 1.0 {
        problems.report(Problem::new(given.place, "no length is below 1 token").hint(hint));
        return None;
    }
    let low = lowest(shape);
    if low > most {
        let message = format!("no length is above {MOST_INPUT_TOKENS} tokens");
        problems.report(Problem::new(given.place, message).hint("write less"));
        return None;
    }
    Some(shape)
}

fn check_prefix(
    given: &Given<SharedPrefixFile>,
    lengths: &[LengthPair],
    problems: &mut Problems,
) -> Option<SharedPrefix> {
    let tokens = to_u32(given.value.tokens.value()?.0);
    let groups = match &given.value.groups {
        Field::Absent => 1,
        Field::Given(groups) => to_u32(groups.value.0),
        Field::Wrong(_) => return None,
    };
    let shortest =
        lengths.iter().map(|pair| lowest(pair.input_tokens)).fold(f64::INFINITY, f64::min);
    if shortest <= f64::from(tokens) {
        let message = format!(
            "prompts may be as short as {} tokens, and the shared prefix alone has {tokens}",
            shortest.max(1.0)
        );
        problems.report(Problem::new(given.place, message).hint(
            "the prefix is a part of the prompt: raise `input_tokens` or its `min` above it",
        ));
        return None;
    }
    Some(SharedPrefix { tokens, groups })
}

/// The lowest value of a distribution.
fn lowest(distribution: Distribution) -> f64 {
    match distribution {
        Distribution::Constant(value) => value,
        Distribution::Uniform { low, .. } => low,
        Distribution::Normal { min, .. } | Distribution::Lognormal { min, .. } => min,
    }
}
