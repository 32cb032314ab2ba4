//! Ways to a server other than its own address: sockets of this machine, proxies, unchecked TLS.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use pacemark::mock::MockServer;
use pacemark::scenario::{Distribution, MockSpec};
use serde_json::{Value, json};

use crate::program::{Ended, Row, Sandbox, rows};
use crate::tls_front;

fn server() -> MockServer {
    let spec = MockSpec {
        ttft: Distribution::Constant(0.005),
        gap: Distribution::Constant(0.001),
        models: vec!["m".to_owned()],
        ..MockSpec::default()
    };
    MockServer::start(spec, ([127, 0, 0, 1], 0).into()).unwrap()
}

fn run(backend: &Value) -> Ended {
    let scenario = json!({
        "pacemark": 1,
        "name": "ways",
        "backends": {"there": backend},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 2, "requests": 20}]},
    });
    Sandbox::new().run(&scenario, &[])
}

fn all_well(backend: &Value) -> Vec<Row> {
    let ended = run(backend).with_code_of(&[0, 4]);
    let rows = rows(&ended.file("requests.csv"));
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row["outcome"] == "completed"), "{rows:?}");
    rows
}

/// Hands bytes on both ways until either side ends.
fn hand_on(mut from: impl Read2 + 'static, mut to: TcpStream) {
    let (mut from_too, mut to_too) = (from.twin(), to.try_clone().unwrap());
    let back = thread::spawn(move || {
        drop(std::io::copy(&mut to_too, &mut from_too));
        from_too.end();
    });
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(std::net::Shutdown::Both));
    back.join().unwrap();
}

/// A socket of either sort.
trait Read2: std::io::Read + std::io::Write + Send + Sized {
    fn twin(&self) -> Self;
    fn end(&self);
}

impl Read2 for TcpStream {
    fn twin(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn end(&self) {
        drop(self.shutdown(std::net::Shutdown::Both));
    }
}

#[cfg(unix)]
impl Read2 for std::os::unix::net::UnixStream {
    fn twin(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn end(&self) {
        drop(self.shutdown(std::net::Shutdown::Both));
    }
}

#[cfg(unix)]
#[test]
fn a_server_is_reached_through_a_socket_of_this_machine() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let addr = server.addr();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || hand_on(client, TcpStream::connect(addr).unwrap()));
        }
    });
    let backend = json!({"kind": "generic", "url": "http://there", "unix_socket": path});
    let rows = all_well(&backend);
    assert!(rows.iter().all(|row| row["address"].is_empty() && row["resolve_ms"].is_empty()));
    let nowhere = json!({"kind": "generic", "url": "http://there", "unix_socket": "/nowhere.sock"});
    let ended = run(&nowhere).with_code(3);
    assert!(
        ended.stderr.contains("/nowhere.sock") || ended.stderr.contains("http://there"),
        "{}",
        ended.stderr
    );
}

/// A proxy that hands requests and tunnels on to `server`; the lines it was asked with.
fn proxy(server: SocketAddr) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&lines);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let seen = Arc::clone(&seen);
            thread::spawn(move || serve(client, server, &seen));
        }
    });
    (address, lines)
}

fn serve(mut client: TcpStream, server: SocketAddr, seen: &Mutex<Vec<String>>) {
    let mut peeked = [0; 256];
    let length = client.peek(&mut peeked).unwrap();
    let line = String::from_utf8_lossy(&peeked[..length]).lines().next().unwrap().to_owned();
    let is_tunnel = line.starts_with("CONNECT ");
    seen.lock().unwrap().push(line);
    if is_tunnel {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    }
    hand_on(client, TcpStream::connect(server).unwrap());
}

#[test]
fn a_proxy_is_asked_for_the_whole_address() {
    let server = server();
    let (proxy, lines) = proxy(server.addr());
    let backend = json!({"kind": "generic", "url": "http://there.invalid:81", "proxy": proxy});
    let rows = all_well(&backend);
    assert!(rows.iter().all(|row| format!("http://{}", row["address"]) == proxy), "{rows:?}");
    let lines = lines.lock().unwrap();
    let post = "POST http://there.invalid:81/v1/chat/completions HTTP/1.1";
    assert!(lines.iter().any(|line| line == post), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("GET http://there.invalid:81/v1/models")));
}

#[test]
fn tls_goes_through_a_proxy_in_a_tunnel() {
    let server = server();
    let url = tls_front::start(server.addr());
    let front = url.replace("https://localhost:", "127.0.0.1:");
    let (proxy, lines) = proxy(front.parse().unwrap());
    let ca = tls_front::fixture("ca.pem");
    for http in [1, 2] {
        let backend = json!({"kind": "generic", "url": url, "proxy": proxy, "http": http,
            "tls": {"ca": ca}});
        all_well(&backend);
    }
    let tunnel = url.replace("https://", "CONNECT ") + " HTTP/1.1";
    assert!(lines.lock().unwrap().iter().all(|line| *line == tunnel), "{lines:?}");
}

#[test]
fn a_proxy_that_refuses_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut head = [0; 1024];
            drop(client.read(&mut head));
            drop(client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let backend = json!({"kind": "generic", "url": "https://localhost:1", "proxy": proxy});
    let scenario = json!({
        "pacemark": 1,
        "name": "ways",
        "backends": {"there": backend},
        "workloads": {"chat": {"endpoint": "chat", "model": "m", "prompts": ["Hello"]}},
        "load": {"stages": [{"concurrency": 1, "requests": 2}]},
    });
    let ended = Sandbox::new().run(&scenario, &["--no-preflight"]).with_code(4);
    let rows = rows(&ended.file("requests.csv"));
    assert!(rows.iter().all(|row| row["failure"] == "connect"), "{rows:?}");
    assert!(rows[0]["message"].contains("it answers `HTTP/1.1 403 Forbidden`"), "{rows:?}");
}

#[test]
fn the_parts_of_opening_a_connection_are_told_and_unchecked_tls_loudly() {
    let server = server();
    let url = tls_front::start(server.addr());
    let backend = json!({"kind": "generic", "url": url, "connections": "fresh",
        "tls": {"verify": false}});
    let ended = run(&backend).with_code_of(&[0, 4]);
    for row in rows(&ended.file("requests.csv")) {
        let [connect, resolve, tls] = ["connect_ms", "resolve_ms", "tls_ms"]
            .map(|column| row[column].parse::<f64>().unwrap_or_else(|_| panic!("{row:?}")));
        assert!(resolve > 0.0 && tls > 0.0 && resolve + tls <= connect, "{row:?}");
    }
    let said = "the certificate of there was not checked (`verify: false`)";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
}

#[test]
fn ways_that_exclude_each_other_are_refused() {
    let backend = json!({"kind": "generic", "url": "http://there", "unix_socket": "a.sock",
        "proxy": "http://localhost:3128"});
    let ended = run(&backend).with_code(2);
    assert!(ended.stderr.contains("`proxy` does not go with `unix_socket`"), "{}", ended.stderr);
    let backend = json!({"kind": "generic", "url": "http://there", "proxy": "socks5://localhost"});
    let ended = run(&backend).with_code(2);
    assert!(ended.stderr.contains("is not the address of a proxy"), "{}", ended.stderr);
    let backend = json!({"kind": "generic", "url": "http://there", "http": 2,
        "proxy": "http://localhost:3128"});
    let ended = run(&backend).with_code(2);
    assert!(
        ended.stderr.contains("HTTP/2 without TLS does not go through a proxy"),
        "{}",
        ended.stderr
    );
}
