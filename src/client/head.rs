//! The head of an HTTP/1.1 answer: its status, and the few headers that a client acts on.

use http::HeaderName;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING};
use httparse::{EMPTY_HEADER, Header, Response, Status};

use super::framing::Framing;
use crate::openai::{RateLimits, decode_gateway, decode_rate_limits};
use crate::record::GatewayTold;

/// More headers than this are no answer of an API.
const MOST_HEADERS: usize = 128;
/// A head longer than this is no answer of an API.
pub(super) const HEAD_LIMIT: usize = 128 << 10;

/// What the head of an answer says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    /// The status, from 100 to 999.
    pub(super) status: u16,
    /// Whether the body is JSON, and so no stream of events.
    pub(super) is_json: bool,
    /// When to try again, in the server's words.
    pub(super) retry_after: Option<String>,
    /// What the server tells of its limits.
    pub(super) limits: Option<Box<RateLimits>>,
    /// What a gateway tells of the request.
    pub(super) gateway: Option<Box<GatewayTold>>,
    /// How the body ends; of no use over HTTP/2, which has frames for that.
    pub(super) framing: Framing,
    /// Whether the connection can carry another request afterwards.
    pub(super) keeps_open: bool,
}

/// Bytes that are no head of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid HTTP answer: {0}")]
pub(super) struct BadHead(String);

impl Head {
    /// Reads a head from the begin of `bytes`, with its length; `None` if it is not there whole.
    /// Interim answers (100 to 199) come out as they are; the real one follows them.
    ///
    /// # Errors
    ///
    /// [`BadHead`] if the bytes are not HTTP/1.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, BadHead> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut response = Response::new(&mut headers);
        let length = match response.parse(bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if bytes.len() <= HEAD_LIMIT => return Ok(None),
            Ok(Status::Partial) => return Err(BadHead("its head does not end".to_owned())),
            Err(error) => return Err(BadHead(error.to_string())),
        };
        let status = response.code.unwrap_or_default();
        let headers: &[Header<'_>] = response.headers;
        let named = |name: HeaderName| {
            headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name.as_str()))
        };
        let has_body = !matches!(status, 100..=199 | 204 | 304);
        let framing = if has_body {
            framing(named(TRANSFER_ENCODING), named(CONTENT_LENGTH))?
        } else {
            Framing::Length(0)
        };
        let persists = response.version == Some(1);
        let says = |word| named(CONNECTION).any(|header| lists(header.value, word));
        let pairs = || headers.iter().map(|header| (header.name.as_bytes(), header.value));
        Ok(Some((
            Self {
                status,
                is_json: named(CONTENT_TYPE).next().is_some_and(|header| is_json(header.value)),
                retry_after: named(RETRY_AFTER)
                    .next()
                    .map(|header| String::from_utf8_lossy(header.value).into_owned()),
                limits: decode_rate_limits(status, pairs()).map(Box::new),
                gateway: decode_gateway(pairs()).map(Box::new),
                framing,
                keeps_open: framing != Framing::UntilClose
                    && if persists { !says("close") } else { says("keep-alive") },
            },
            length,
        )))
    }

    /// Whether this is no answer yet, only a word that one is coming.
    pub(super) const fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }
}

/// Whether a content type is that of JSON.
pub(super) fn is_json(content_type: &[u8]) -> bool {
    let json = b"application/json";
    content_type.get(..json.len()).is_some_and(|start| start.eq_ignore_ascii_case(json))
}

/// How a body ends, by RFC 9112, section 6.3: chunks before a length, a length before neither.
fn framing<'a>(
    encodings: impl Iterator<Item = &'a Header<'a>>,
    mut lengths: impl Iterator<Item = &'a Header<'a>>,
) -> Result<Framing, BadHead> {
    if let Some(last) = encodings.last() {
        let last = last.value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return Ok(if is_chunked { Framing::chunked() } else { Framing::UntilClose });
    }
    let Some(first) = lengths.next() else { return Ok(Framing::UntilClose) };
    let wrong = || {
        let value = String::from_utf8_lossy(first.value);
        BadHead(format!("content-length is `{value}`, not one number"))
    };
    if lengths.any(|other| other.value != first.value) {
        return Err(wrong());
    }
    let digits = first.value.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(wrong());
    }
    let length = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    length.map(Framing::Length).ok_or_else(wrong)
}

/// Whether a list with commas has `word` in it, in whatever case.
fn lists(value: &[u8], word: &str) -> bool {
    let mut words = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    words.any(|listed| listed.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Framing, Head};

    fn head(text: &str) -> Head {
        let (head, length) = Head::parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(length, text.len());
        head
    }

    #[test]
    fn a_stream_in_chunks_on_a_connection_that_stays() {
        let head = head(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
             TRANSFER-ENCODING: Chunked\r\nContent-Length: 7\r\n\r\n",
        );
        let expected = Head {
            status: 200,
            is_json: false,
            retry_after: None,
            limits: None,
            gateway: None,
            framing: Framing::chunked(),
            keeps_open: true,
        };
        assert_eq!(head, expected);
    }

    #[test]
    fn an_answer_of_known_length() {
        let head = head(
            "HTTP/1.1 429 Too Many Requests\r\ncontent-type: Application/JSON\r\n\
             content-length: 17\r\ncontent-length: 17\r\nretry-after: 7\r\n\
             connection: x, Close\r\n\r\n",
        );
        assert_eq!((head.status, head.is_json, head.keeps_open), (429, true, false));
        assert_eq!(head.framing, Framing::Length(17));
        assert_eq!(head.retry_after.as_deref(), Some("7"));
    }

    #[test]
    fn without_a_length_the_body_ends_with_the_connection() {
        let head = head("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\n");
        assert_eq!((head.framing, head.keeps_open), (Framing::UntilClose, false));
        assert_eq!(self::head("HTTP/1.1 200 OK\r\n\r\n").framing, Framing::UntilClose);
    }

    #[test]
    fn an_old_server_keeps_a_connection_only_when_it_says_so() {
        let length = "content-length: 1\r\n";
        assert!(!head(&format!("HTTP/1.0 200 OK\r\n{length}\r\n")).keeps_open);
        assert!(
            head(&format!("HTTP/1.0 200 OK\r\n{length}connection: keep-alive\r\n\r\n")).keeps_open
        );
    }

    #[test]
    fn an_answer_without_a_body_is_over_at_once() {
        assert!(head("HTTP/1.1 204 No Content\r\n\r\n").framing.is_over());
        assert!(head("HTTP/1.1 100 Continue\r\n\r\n").is_interim());
        assert!(!head("HTTP/1.1 101 Switching Protocols\r\n\r\n").is_interim());
    }

    #[test]
    fn a_head_that_is_not_whole_is_waited_for() {
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(Head::parse(&whole.as_bytes()[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_is_not_http_is_said_to_be_none() {
        for wrong in [
            "\u{1}\u{2} what is this? \r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        ] {
            let error = Head::parse(wrong.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("invalid HTTP answer: "), "{error}");
        }
        assert!(Head::parse("HTTP/1.1 200 OK\r\nx: ".repeat(40_000).as_bytes()).is_err());
    }
}
