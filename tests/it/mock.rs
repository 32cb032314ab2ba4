//! The simulated server over loopback, read with a plain socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use pacemark::mock::MockServer;
use pacemark::scenario::{Distribution, MockSpec, Secret};
use pacemark::units::Share;
use serde_json::{Value, json};

use crate::lateness::with_lateness;

/// Long enough for the busiest machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(spec: MockSpec) -> MockServer {
    MockServer::start(spec, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

/// No delays, so that a test of words takes no time.
fn instant() -> MockSpec {
    let zero = Distribution::Constant(0.0);
    MockSpec { ttft: zero, gap: zero, ..MockSpec::default() }
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    head: String,
    body: String,
    /// When each event of the stream was complete, counted from the request.
    event_times: Vec<Duration>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"]["message"].as_str().unwrap().to_owned())
    }

    /// The data of each event but `[DONE]`, which must be the last.
    fn events(&self) -> Vec<Value> {
        let mut events: Vec<_> = self.body.split_terminator("\n\n").collect();
        assert_eq!(events.pop(), Some("data: [DONE]"));
        let data = |event: &str| serde_json::from_str(event.strip_prefix("data: ").unwrap());
        events.into_iter().map(|event| data(event).unwrap()).collect()
    }

    fn text(&self) -> String {
        let events = self.events();
        let piece = |event: &Value| {
            let choice = &event["choices"][0];
            choice["delta"]["content"].as_str().or(choice["text"].as_str()).map(str::to_owned)
        };
        events.iter().filter_map(piece).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test of times needs a clock of its own")]
fn now() -> Instant {
    Instant::now()
}

fn send(addr: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn read_answer(stream: TcpStream, sent_at: Instant) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "no head: {head}");
    }
    let head = head.to_lowercase();
    let status = head[9..12].parse().unwrap();
    let (mut body, mut event_times) = (Vec::new(), Vec::new());
    if head.contains("transfer-encoding: chunked") {
        while let Some(chunk) = read_chunk(&mut reader) {
            let events = chunk.windows(2).filter(|pair| pair == b"\n\n").count();
            event_times.extend(std::iter::repeat_n(sent_at.elapsed(), events));
            body.extend(chunk);
        }
    } else {
        reader.read_to_end(&mut body).unwrap();
    }
    Answer { status, head, body: String::from_utf8(body).unwrap(), event_times }
}

fn read_chunk(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut size = String::new();
    reader.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim(), 16).unwrap();
    let mut chunk = vec![0; size + 2];
    reader.read_exact(&mut chunk).unwrap();
    chunk.truncate(size);
    (size > 0).then_some(chunk)
}

fn ask(server: &MockServer, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let sent_at = now();
    read_answer(send(server.addr(), method, path, "", &body), sent_at)
}

fn chat(server: &MockServer, rest: &Value) -> Answer {
    ask(server, "POST", "/v1/chat/completions", &chat_body(rest))
}

fn chat_body(rest: &Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "What is AI?"}]});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

#[test]
fn a_streamed_chat_says_the_same_as_a_whole_one() {
    let server = start(instant());
    let options = json!({"stream": true, "stream_options": {"include_usage": true}});
    let streamed = chat(&server, &options);
    let whole = chat(&server, &json!({})).json();
    assert_eq!(streamed.status, 200);
    assert!(streamed.head.contains("content-type: text/event-stream"), "{}", streamed.head);
    assert_eq!(whole["choices"][0]["message"]["content"], streamed.text());
    let events = streamed.events();
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 64, "total_tokens": 67});
    assert_eq!(events.last().unwrap()["usage"], usage);
    assert_eq!(events.last().unwrap()["choices"], json!([]));
    assert_eq!(whole["usage"], usage);
    assert_eq!(events.len(), 1 + 64 + 1 + 1);
    assert_eq!(events[65]["choices"][0]["finish_reason"], "stop");
}

#[test]
fn a_completion_is_cut_at_its_limit() {
    let server = start(instant());
    let body = json!({"model": "m", "prompt": "你好", "max_tokens": 2, "stream": true});
    let streamed = ask(&server, "POST", "/v1/completions", &body);
    assert_eq!(streamed.text(), "the time ");
    assert_eq!(streamed.events().last().unwrap()["choices"][0]["finish_reason"], "length");
    let body = json!({"model": "m", "prompt": "你好", "max_tokens": 2});
    let whole = ask(&server, "POST", "/v1/completions", &body).json();
    assert_eq!(whole["choices"][0]["text"], "the time ");
    let usage = json!({"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4});
    assert_eq!((&whole["usage"], &whole["model"]), (&usage, &json!("m")));
}

#[test]
fn embeddings_come_in_order_as_numbers_or_base64() {
    let server = start(instant());
    let embed = |body: Value| ask(&server, "POST", "/v1/embeddings", &body).json();
    let floats = embed(json!({"model": "e", "input": ["a", "b", "a"]}));
    let data = floats["data"].as_array().unwrap();
    assert_eq!(data.len(), 3);
    assert_eq!((&data[1]["index"], &data[0]["embedding"]), (&json!(1), &data[2]["embedding"]));
    assert_eq!(data[0]["embedding"].as_array().unwrap().len(), 64);
    assert_eq!(floats["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    let coded = embed(json!({"model": "e", "input": "a", "encoding_format": "base64"}));
    assert_eq!(coded["data"][0]["embedding"].as_str().unwrap().len(), 344);
}

#[test]
fn models_and_keys_are_checked_where_the_spec_says_so() {
    let models = vec!["org/one".to_owned(), "two".to_owned()];
    let api_key = Some(Secret::new("sk-test-key"));
    let server = start(MockSpec { models, api_key, ..instant() });
    let body = chat_body(&json!({})).to_string();
    let post = |headers: &str, body: &str| {
        let path = "/v1/chat/completions";
        read_answer(send(server.addr(), "POST", path, headers, body), now())
    };
    let key = "Authorization: Bearer sk-test-key\r\n";
    assert_eq!(post("", &body).error(), (401, "Incorrect API key provided.".to_owned()));
    assert_eq!(post("Authorization: Bearer sk-other\r\n", &body).status, 401);
    assert_eq!(post(key, &body).status, 404);
    assert_eq!(post(key, &body.replace("\"m\"", "\"two\"")).status, 200);
    let get = |path: &str| read_answer(send(server.addr(), "GET", path, key, ""), now());
    let listed = get("/v1/models").json();
    assert_eq!([&listed["data"][0]["id"], &listed["data"][1]["id"]], ["org/one", "two"]);
    assert_eq!(get("/v1/models/org/one").json()["id"], "org/one");
    assert_eq!(get("/v1/models/three").status, 404);
}

#[test]
fn what_makes_no_sense_is_refused_in_the_shape_of_the_api() {
    let server = start(instant());
    let refused = |method, path, body: Value| ask(&server, method, path, &body).error();
    let at = |path: &str| format!("Invalid URL (GET {path})");
    assert_eq!(refused("GET", "/health", Value::Null), (404, at("/health")));
    assert_eq!(refused("GET", "/v1/chat/completions", Value::Null).0, 405);
    assert_eq!(refused("POST", "/v1/chat/completions", json!({"model": "m"})).0, 400);
    assert_eq!(refused("POST", "/v1/completions", json!([1])).0, 400);
    let root = ask(&server, "GET", "/", &Value::Null);
    assert_eq!((root.status, root.body.as_str()), (200, "pacemark mock is running\n"));
}

#[test]
fn half_of_the_injected_errors_come_inside_the_stream() {
    let server = start(MockSpec { errors: Share::new(1.0).unwrap(), ..instant() });
    let answers: Vec<_> = (0..40).map(|_| chat(&server, &json!({"stream": true}))).collect();
    let broken: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!((8..=32).contains(&broken.len()), "{} of 40", broken.len());
    assert!(answers.iter().all(|answer| [200, 500].contains(&answer.status)));
    for answer in broken {
        let last = answer.body.split_terminator("\n\n").last().unwrap();
        assert!(last.starts_with("data: {\"error\":{\"message\":"), "{last}");
    }
    assert_eq!((server.truth().requests, server.truth().failed), (40, 40));
}

#[test]
fn a_full_queue_refuses_and_a_client_that_hangs_up_frees_its_place() {
    let hour = Distribution::Constant(3_600.0);
    let server = start(MockSpec { ttft: hour, slots: Some(1), queue: Some(1), ..instant() });
    let body = chat_body(&json!({"stream": true})).to_string();
    let open = || send(server.addr(), "POST", "/v1/chat/completions", "", &body);
    let wait_for = |condition: &dyn Fn() -> bool| {
        let since = now();
        while !condition() {
            assert!(since.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(2));
        }
    };
    let (running, waiting) = (open(), open());
    wait_for(&|| server.truth().requests == 2);
    let busy = "server busy, please try again.  maximum pending requests exceeded".to_owned();
    assert_eq!(read_answer(open(), now()).error(), (503, busy));
    drop(running);
    wait_for(&|| server.truth().abandoned == 1);
    // The one that waited runs now, so that another may wait.
    let third = open();
    wait_for(&|| server.truth().requests == 4);
    assert_eq!(server.truth().failed, 1);
    drop((waiting, third));
    wait_for(&|| server.truth().abandoned == 3);
}

#[test]
fn a_client_that_hangs_up_before_a_whole_answer_frees_its_place() {
    let hour = Distribution::Constant(3_600.0);
    let server = start(MockSpec { ttft: hour, slots: Some(1), ..instant() });
    let body = chat_body(&json!({})).to_string();
    let asked = send(server.addr(), "POST", "/v1/chat/completions", "", &body);
    while server.truth().requests == 0 {
        thread::sleep(Duration::from_millis(2));
    }
    drop(asked);
    let since = now();
    while server.truth().abandoned == 0 {
        assert!(since.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn tokens_arrive_when_they_are_due() {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.050),
        gap: Distribution::Constant(0.010),
        output_tokens: Distribution::Constant(50.0),
        ..MockSpec::default()
    };
    let server = start(spec);
    let (times, lateness) = with_lateness(|| chat(&server, &json!({"stream": true})).event_times);
    // The role comes at once; then the tokens.
    let mut late: Vec<_> = times[1..51]
        .iter()
        .zip(0..)
        .map(|(time, token)| time.saturating_sub(Duration::from_millis(50 + 10 * token)))
        .collect();
    late.sort_unstable();
    assert!(times[1] >= Duration::from_millis(50), "{:?}", times[1]);
    // Half of them: a shared machine holds single ones up.
    let bound = Duration::from_millis(3) + 2 * lateness;
    assert!(late[25] < bound, "{lateness:?}, {late:?}");
    let truth = server.truth();
    assert_eq!((truth.answered, truth.events), (1, 50));
    assert!(truth.first_token.max() >= 50_000_000, "{}", truth.first_token.max());
}

#[test]
fn one_slot_serves_one_request_after_the_other() {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.0),
        output_tokens: Distribution::Constant(10.0),
        slots: Some(1),
        prefill_rate: Some(100.0),
        decode_rate: Some(200.0),
        ..MockSpec::default()
    };
    let server = start(spec);
    // 3 tokens to read take 30 ms, 9 more to write 45 ms.
    let times = thread::scope(|scope| {
        let ask = || chat(&server, &json!({"stream": true})).event_times;
        let both = [scope.spawn(ask), scope.spawn(ask)];
        both.map(|asked| asked.join().unwrap())
    });
    let mut ends = times.each_ref().map(|times| times[10]);
    ends.sort_unstable();
    assert!(ends[0] >= Duration::from_millis(75), "{ends:?}");
    assert!(ends[1] >= Duration::from_millis(140), "{ends:?}");
    assert!(ends[1] < Duration::from_secs(5), "{ends:?}");
}

#[test]
fn tokens_of_one_event_are_counted_one_by_one() {
    let server = start(MockSpec { tokens_per_event: 3, ..instant() });
    let options =
        json!({"stream": true, "max_tokens": 7, "stream_options": {"include_usage": true}});
    let answer = chat(&server, &options);
    assert_eq!(answer.events().last().unwrap()["usage"]["completion_tokens"], 7);
    assert_eq!(answer.text(), "the time to the first token is ");
    assert_eq!((answer.events().len(), server.truth().events), (1 + 3 + 1 + 1, 3));
}

#[test]
fn a_port_in_use_is_named() {
    let server = start(instant());
    let error = MockServer::start(instant(), server.addr()).unwrap_err().to_string();
    assert!(error.starts_with("the simulated server cannot listen on 127.0.0.1:"), "{error}");
}
