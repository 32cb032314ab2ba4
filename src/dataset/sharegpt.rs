//! A `ShareGPT` conversation as a prompt: its first question, with the length of the answer.
//!
//! The prompt is the first turn of a person. What was said before it is left out, but for a
//! system turn, which goes along where the endpoint takes messages. The answer that follows it
//! is not sent; its estimated length is the output length of the row.

use serde_json::{Map, Value, json};

use super::found::{Fault, excerpt, keys_of, kind, object};
use crate::openai::Endpoint;
use crate::units::{count, float, to_u32, whole};
use crate::workload::{Prompt, PromptRow};

/// What a row may be.
const EXPECTED: &str = "an object with `conversations`: an array of turns with `from` (`human`, \
     `gpt`, `system`) and `value` (a text), one of them by a human";

/// Characters of alphabetic scripts that make a token, about.
const LETTERS_PER_TOKEN: f64 = 4.0;
/// Chinese, Japanese and Korean characters that make a token, about.
const IDEOGRAPHS_PER_TOKEN: f64 = 1.5;

/// Who speaks in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    Human,
    Assistant,
    System,
}

impl Speaker {
    /// The speaker by the names that data sets use.
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "human" | "user" => Some(Self::Human),
            "gpt" | "assistant" | "chatgpt" | "bing" | "bard" | "model" => Some(Self::Assistant),
            "system" => Some(Self::System),
            _ => None,
        }
    }
}

/// The prompt in a row.
///
/// # Errors
///
/// What was found instead.
pub(super) fn parse(text: &str, endpoint: Endpoint) -> Result<PromptRow, Fault> {
    prompt_row(text, endpoint).map_err(|found| Fault::new(found, EXPECTED))
}

fn prompt_row(text: &str, endpoint: Endpoint) -> Result<PromptRow, String> {
    let row = object(text)?;
    let turns = turns(&row)?;
    let first = turns.iter().position(|(speaker, _)| *speaker == Speaker::Human);
    let first = first.ok_or_else(|| format!("no turn of a human among {}", turns.len()))?;
    let (_, question) = turns[first];
    if question.trim().is_empty() {
        return Err(format!("`conversations[{first}].value` is an empty text"));
    }
    let answer = turns.get(first + 1).filter(|(speaker, _)| *speaker == Speaker::Assistant);
    let system = turns[..first].iter().find(|(speaker, _)| *speaker == Speaker::System);
    let prompt = match system {
        Some((_, system)) if endpoint.has_conversations() && !system.is_empty() => {
            Prompt::Messages(json!([
                {"role": "system", "content": system},
                {"role": "user", "content": question},
            ]))
        }
        _ => Prompt::Text(question.to_owned()),
    };
    let output_tokens = answer.map(|(_, answer)| estimated_tokens(answer)).filter(|&n| n > 0);
    Ok(PromptRow { output_tokens, ..PromptRow::from(prompt) })
}

/// About how many tokens `text` has, for a tokenizer of today.
fn estimated_tokens(text: &str) -> u32 {
    let ideographs = count(text.chars().filter(|char| is_ideograph(*char)).count());
    let letters = count(text.chars().count()) - ideographs;
    let tokens = float(letters) / LETTERS_PER_TOKEN + float(ideographs) / IDEOGRAPHS_PER_TOKEN;
    to_u32(whole(tokens))
}

const fn is_ideograph(char: char) -> bool {
    matches!(char, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

/// The turns of a conversation, as data sets with either name of the key have them.
fn turns(row: &Map<String, Value>) -> Result<Vec<(Speaker, &str)>, String> {
    let key = if row.contains_key("conversation") { "conversation" } else { "conversations" };
    let turns = match row.get(key) {
        None => return Err(format!("no `conversations`; the row's keys are: {}", keys_of(row))),
        Some(Value::Array(turns)) if !turns.is_empty() => turns,
        Some(Value::Array(_)) => return Err(format!("`{key}` is an empty array")),
        Some(other) => return Err(format!("`{key}` is {}", kind(other))),
    };
    turns.iter().enumerate().map(|(index, turn)| a_turn(turn, &format!("{key}[{index}]"))).collect()
}

fn a_turn<'a>(turn: &'a Value, place: &str) -> Result<(Speaker, &'a str), String> {
    if !turn.is_object() {
        return Err(format!("`{place}` is {}", kind(turn)));
    }
    let text = |names: [&str; 2]| match names.iter().find_map(|name| turn.get(name)) {
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(format!("`{place}.{}` is {}", names[0], kind(other))),
        None => Err(format!("`{place}` has no `{}`", names[0])),
    };
    let name = text(["from", "role"])?;
    let speaker =
        Speaker::named(name).ok_or_else(|| format!("`{place}.from` is `{}`", excerpt(name)))?;
    Ok((speaker, text(["value", "content"])?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;
    use crate::openai::Endpoint;
    use crate::workload::Prompt;

    #[test]
    fn the_first_question_is_sent_and_its_answer_gives_the_length() {
        let answer = "Because blue light is scattered more than red light is.";
        let row = json!({"id": "a_0", "conversations": [
            {"from": "gpt", "value": "…the end of an earlier part"},
            {"from": "human", "value": "Why is the sky blue?"},
            {"from": "gpt", "value": answer},
            {"from": "human", "value": "And the sea?"},
        ]});
        let row = parse(&row.to_string(), Endpoint::Chat).unwrap();
        assert_eq!(row.prompt, Prompt::Text("Why is the sky blue?".to_owned()));
        // 55 characters, at about four a token.
        assert_eq!(row.output_tokens, Some(14));
    }

    #[test]
    fn chinese_has_more_tokens_for_its_characters() {
        let row = json!({"conversations": [
            {"from": "human", "value": "什么是机器学习？"},
            {"from": "gpt", "value": "机器学习是人工智能的一个分支，从数据中学习规律。"},
        ]});
        assert_eq!(parse(&row.to_string(), Endpoint::Chat).unwrap().output_tokens, Some(16));
    }

    #[test]
    fn a_question_without_an_answer_leaves_the_length_to_the_workload() {
        let row = r#"{"conversation": [{"role": "user", "content": "Hello"}]}"#;
        let row = parse(row, Endpoint::Completions).unwrap();
        assert_eq!((row.prompt, row.output_tokens), (Prompt::Text("Hello".to_owned()), None));
    }

    #[test]
    fn a_system_turn_goes_along_where_messages_are_taken() {
        let row = json!({"conversations": [
            {"from": "system", "value": "Be brief."}, {"from": "user", "value": "Hello"},
        ]});
        let prompt = |endpoint| parse(&row.to_string(), endpoint).unwrap().prompt;
        assert_eq!(prompt(Endpoint::Completions), Prompt::Text("Hello".to_owned()));
        assert_eq!(
            prompt(Endpoint::Chat),
            Prompt::Messages(json!([
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
            ]))
        );
    }

    #[test]
    fn what_is_wrong_with_a_row_is_said() {
        let found = |row: &str| parse(row, Endpoint::Chat).unwrap_err().found;
        let all = [
            found(""),
            found("7"),
            found(r#"{"id": 1}"#),
            found(r#"{"conversations": []}"#),
            found(r#"{"conversations": "hi"}"#),
            found(r#"{"conversations": ["hi"]}"#),
            found(r#"{"conversations": [{"value": "hi"}]}"#),
            found(r#"{"conversations": [{"from": "tool", "value": "hi"}]}"#),
            found(r#"{"conversations": [{"from": "human", "value": null}]}"#),
            found(r#"{"conversations": [{"from": "human", "value": " "}]}"#),
            found(r#"{"conversations": [{"from": "gpt", "value": "hi"}]}"#),
            found("{\"conversations\": [\n{\"from\""),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        the end of the file
        a number instead of an object: 7
        no `conversations`; the row's keys are: `id`
        `conversations` is an empty array
        `conversations` is a text
        `conversations[0]` is a text
        `conversations[0]` has no `from`
        `conversations[0].from` is `tool`
        `conversations[0].value` is null
        `conversations[0].value` is an empty text
        no turn of a human among 1
        broken JSON at column 7, 1 lines on: {"conversations": [ {"from"
        "#);
    }
}
