//! Captures as they lie in the folder of fixtures.

use std::fs;
use std::path::{Path, PathBuf};

use pacemark::openai::Endpoint;
use serde_json::Value;

/// One captured answer.
pub(crate) struct Capture {
    /// Folder and case: `ollama/chat-stream`.
    pub(crate) name: String,
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The body in the pieces it came in, where they are known; else one piece.
    pub(crate) reads: Vec<Vec<u8>>,
    pub(crate) path: String,
    /// Whether a stream was asked for.
    pub(crate) stream: bool,
}

pub(crate) fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "wire"].iter().collect()
}

/// All captures, by name.
pub(crate) fn all() -> Vec<Capture> {
    let folders = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut captures: Vec<_> = folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .filter_map(|path| read(&path))
        .collect();
    captures.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(captures.len() > 250, "only {} captures found", captures.len());
    captures
}

impl Capture {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The endpoint it was sent to; `None` for other paths.
    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::ALL.into_iter().find(|endpoint| {
            let path = endpoint.path();
            self.path == format!("/v1{path}") || self.path == path
        })
    }

    /// The endpoint whose form its body is read in; that of chats for other paths.
    pub(crate) fn form(&self) -> Endpoint {
        self.endpoint().unwrap_or(Endpoint::Chat)
    }

    /// A file beside it.
    pub(crate) fn beside(&self, ending: &str) -> Option<Value> {
        let text = fs::read(folder().join(format!("{}{ending}", self.name))).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }
}

fn read(path: &Path) -> Option<Capture> {
    let file = path.file_name()?.to_str()?;
    let case = file.strip_suffix(".response.http").or_else(|| file.strip_suffix(".bytes"))?;
    let name = format!("{}/{case}", path.parent()?.file_name()?.to_str()?);
    let bytes = fs::read(path).unwrap();
    let (head, body) = split_head(&bytes);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut capture = Capture {
        name,
        status,
        path: String::new(),
        stream: head.contains("text/event-stream") || head.contains("x-ndjson"),
        reads: vec![body.to_vec()],
        body: body.to_vec(),
        head,
    };
    if path.extension().is_some_and(|extension| extension == "bytes") {
        capture.reads = reads_of(&bytes, &path.with_extension("recv.jsonl"));
        capture.body = capture.reads.concat();
    }
    match capture.beside(".request.json") {
        Some(request) => {
            request["path"].as_str().unwrap().clone_into(&mut capture.path);
            if let Some(body) = request.get("body") {
                // Ollama's own endpoints stream unless they are told not to.
                let own = capture.path.starts_with("/api/");
                capture.stream = body["stream"] == true || own && body["stream"].is_null();
            }
        }
        None => capture.path = if case.ends_with("chat") { CHAT } else { COMPLETIONS }.to_owned(),
    }
    Some(capture)
}

const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";

fn split_head(bytes: &[u8]) -> (String, &[u8]) {
    let ends = [&b"\r\n\r\n"[..], b"\n\n"].map(|end| {
        bytes.windows(end.len()).position(|window| window == end).map(|at| at + end.len())
    });
    let at = ends.into_iter().flatten().min().unwrap();
    (String::from_utf8(bytes[..at].to_vec()).unwrap(), &bytes[at..])
}

/// The pieces of the body that each read of a connection brought, chunked coding undone.
fn reads_of(bytes: &[u8], recv: &Path) -> Vec<Vec<u8>> {
    let lines = String::from_utf8(fs::read(recv).unwrap()).unwrap();
    let lengths = lines.lines().filter_map(|line| {
        let read: Value = serde_json::from_str(line).unwrap();
        read["len"].as_u64()
    });
    let mut body = Dechunked { is_body: dechunk(bytes), at: 0 };
    lengths
        .map(|length| body.next(&bytes[body.at..][..usize::try_from(length).unwrap()]))
        .filter(|piece| !piece.is_empty())
        .collect()
}

struct Dechunked {
    is_body: Vec<bool>,
    at: usize,
}

impl Dechunked {
    fn next(&mut self, read: &[u8]) -> Vec<u8> {
        let kept = read.iter().zip(&self.is_body[self.at..]).filter(|(_, is_body)| **is_body);
        let piece = kept.map(|(byte, _)| *byte).collect();
        self.at += read.len();
        piece
    }
}

/// For every byte of a connection whether it belongs to the body.
fn dechunk(bytes: &[u8]) -> Vec<bool> {
    let (head, body) = split_head(bytes);
    let mut is_body =
        vec![!head.to_lowercase().contains("transfer-encoding: chunked"); bytes.len()];
    is_body[..head.len()].fill(false);
    let mut at = if is_body.last() == Some(&true) { bytes.len() } else { head.len() };
    while at < head.len() + body.len() {
        let line = bytes[at..].windows(2).position(|window| window == b"\r\n").unwrap();
        let size = str::from_utf8(&bytes[at..at + line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        at += line + 2;
        is_body[at..at + size].fill(true);
        at += size + 2;
    }
    is_body
}
