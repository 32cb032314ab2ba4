//! Embeddings: a vector for each text.

use super::answer::{Answer, empty, malformed};
use super::endpoint::{Api, Description, Output};
use super::failure::ApiError;
use super::scan::{Scan, Scanner};
use super::usage::read_usage;
use crate::record::Failure;

/// `/v1/embeddings`
pub(super) const ENDPOINT: Description = Description {
    key: "embeddings",
    path: "/embeddings",
    api: Api::Openai,
    output: Output::Items { decode },
};

fn decode(body: &[u8]) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    let mut error = None;
    let mut has_data = false;
    let mut scanner = Scanner::new(body);
    let read = scanner.object(|key, value| {
        match key {
            b"data" => has_data = read_vectors(value, &mut answer.items)?,
            b"usage" => answer.usage = read_usage(value)?,
            b"error" => error = Some(value.value()?).filter(|error| *error != b"null"),
            _ => value.skip()?,
        }
        Ok(())
    });
    read.and_then(|()| scanner.end()).map_err(|broken| malformed(broken, body))?;
    if let Some(error) = error.or((!has_data).then_some(body)) {
        return Err(ApiError::from_json(error).into());
    }
    if answer.items == 0 {
        return Err(empty("a success without any vector"));
    }
    Ok(answer)
}

/// Counts the vectors of a list; whether there was a list.
fn read_vectors(scanner: &mut Scanner<'_>, items: &mut u32) -> Scan<bool> {
    if scanner.peek() != Some(b'[') {
        return scanner.skip().map(|()| false);
    }
    scanner.array(|item| {
        let mut full = false;
        item.object(|key, value| {
            if key != b"embedding" {
                return value.skip();
            }
            full = match value.peek() {
                Some(b'[') => value.numbers()?,
                // Base64; what the numbers are is nobody's concern here.
                Some(b'"') => !value.string()?.is_empty(),
                _ => value.skip().map(|()| false)?,
            };
            Ok(())
        })?;
        *items += u32::from(full);
        Ok(())
    })?;
    Ok(true)
}
