//! A server that answers as a test says, byte by byte, and keeps what it was asked.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpSocket;

use crate::program::PATIENCE;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and path.
    pub(crate) line: String,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, `null` without one.
    pub(crate) body: Value,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
    /// How many requests for an answer (not for a list of models) came before it.
    pub(crate) number: usize,
}

impl Asked {
    fn is_post(&self) -> bool {
        self.line.starts_with("POST ")
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It serves the next request.
    Keep,
    /// It is closed.
    Close,
}

type Script = dyn Fn(&Asked, &mut TcpStream) -> Next + Send + Sync;

/// A server on a port of its own. Its threads end when their clients do.
#[derive(Debug)]
pub(crate) struct FaultyServer {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FaultyServer {
    /// Starts a server that answers every `POST` with `script`; it lists the model `m`.
    pub(crate) fn start(
        script: impl Fn(&Asked, &mut TcpStream) -> Next + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(
            |asked| match asked.line.as_str() {
                "GET /v1/models" => json_answer(200, r#"{"object":"list","data":[{"id":"m"}]}"#),
                _ => json_answer(404, r#"{"error":{"message":"no such page"}}"#),
            },
            script,
        )
    }

    /// Starts a server that answers every `POST` with `script`, and all else with `other`.
    pub(crate) fn start_with(
        other: impl Fn(&Asked) -> String + Send + Sync + 'static,
        script: impl Fn(&Asked, &mut TcpStream) -> Next + Send + Sync + 'static,
    ) -> Self {
        let script = move |asked: &Asked, stream: &mut TcpStream| {
            if asked.is_post() { script(asked, stream) } else { say(stream, &other(asked)) }
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::default();
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        let number = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                let number = Arc::clone(&number);
                thread::spawn(move || serve(stream, connection, &*script, &seen, &number));
            }
        });
        Self { addr, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The requests for answers so far, those of the preflight among them.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|asked| asked.is_post()).cloned().collect()
    }

    /// All requests so far.
    pub(crate) fn asked_at_all(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A port that is taken, and at which nobody listens: connections to it are refused.
#[derive(Debug)]
pub(crate) struct DeadPort(TcpSocket);

impl DeadPort {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr())
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    script: &Script,
    seen: &Mutex<Vec<Asked>>,
    number: &AtomicUsize,
) {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(mut asked) = read_request(&mut reader, connection) {
        if asked.is_post() {
            asked.number = number.fetch_add(1, Ordering::SeqCst);
        }
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        if script(&asked, &mut stream) == Next::Close {
            break;
        }
    }
    // The client may have closed it already.
    drop(stream.shutdown(Shutdown::Both));
}

/// The next request of a connection; `None` once it is closed.
fn read_request(reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) if line == "\r\n" => break,
            Ok(_) => lines.push(line.trim_end().to_owned()),
        }
    }
    // A client that speaks HTTP/2 is not understood.
    let line = lines.remove(0).strip_suffix(" HTTP/1.1")?.to_owned();
    let header = |line: String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_lowercase(), value.trim().to_owned())
    };
    let headers = lines.into_iter().map(header).collect();
    let mut asked = Asked { line, headers, body: Value::Null, connection, number: 0 };
    if let Some(length) = asked.header("content-length").map(|length| length.parse().unwrap()) {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        asked.body = serde_json::from_slice(&body).unwrap();
    }
    Some(asked)
}

/// Writes bytes as they are and keeps the connection; a client that is gone ends it.
pub(crate) fn say(stream: &mut TcpStream, bytes: &str) -> Next {
    if stream.write_all(bytes.as_bytes()).is_ok() { Next::Keep } else { Next::Close }
}

/// Waits until the client hangs up.
pub(crate) fn hang(stream: &mut TcpStream) -> Next {
    while let Err(error) = stream.read(&mut [0; 1]) {
        if error.kind() != ErrorKind::Interrupted {
            break;
        }
    }
    Next::Close
}

pub(crate) fn pause(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

/// An answer in one piece.
pub(crate) fn json_answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Any\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The head of a stream in chunks.
pub(crate) const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The end of a stream in chunks.
pub(crate) const STREAM_END: &str = "0\r\n\r\n";

/// One event, in a chunk of its own.
pub(crate) fn event(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

/// An event with a piece of a chat's answer.
pub(crate) fn text(piece: &str) -> String {
    event(&format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{piece}"}}}}]}}"#))
}

/// The event that ends the answer of a chat well.
pub(crate) fn finish() -> String {
    event(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#)
}

/// A whole stream of these events, well ended.
pub(crate) fn stream(events: &[String]) -> String {
    [STREAM_HEAD, &events.concat(), &event("[DONE]"), STREAM_END].concat()
}

/// A good answer to a chat, streamed: two tokens and their usage.
pub(crate) fn good() -> String {
    let usage =
        r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
    stream(&[text("Good"), text(" day"), finish(), event(usage)])
}
