//! Whether a server is there, takes the key, and lists the models.

use std::collections::BTreeMap;
use std::time::Duration;

use pacemark::probe::{Listing, Probe, ProbeError};
use pacemark::scenario::{Backend, BackendKind, BaseUrl, KeySource, Secret, Timeouts, TlsSettings};
use tokio::net::TcpListener;

use super::server::{
    Answers, answer, backend, captured, names, probe, serve, serve_tls, tls_fixture, with_key,
};

async fn check(backend: &Backend, base: &BaseUrl) -> Listing {
    Probe::new(backend, base).unwrap().check_models(&names(&["qwen3"])).await
}

/// The address of a server without the port, which differs from run to run.
fn without_port(text: &str, base: &BaseUrl) -> String {
    text.replace(&base.port.to_string(), "PORT")
}

/// Why a backend is of no use.
async fn unreachable(backend: &Backend, base: &BaseUrl) -> String {
    without_port(&check(backend, base).await.unreachable.unwrap(), base)
}

#[tokio::test]
async fn listed_models_are_found_under_their_names() {
    let probe = probe(BackendKind::Ollama, captured(&["ollama/models"])).await;
    let listing = probe.check_models(&names(&["bge-m3", "gpt-3.5-turbo:latest"])).await;
    let expected =
        Listing { notes: names(&["`bge-m3` is listed as `bge-m3:latest`"]), ..Listing::default() };
    assert_eq!(listing, expected);
    let models = probe.models().await.unwrap();
    assert_eq!(models[0].id, "gpt-3.5-turbo:latest");
}

#[tokio::test]
async fn a_model_that_is_missing_is_told_with_the_remedy_of_its_server() {
    let list = r#"{"data": [{"id": "qwen3:4b"}, {"id": "llama3.2:1b"}]}"#;
    let base = serve(answer(Answers::new(), "GET /v1/models", 200, list)).await;
    let mut texts = Vec::new();
    for kind in [BackendKind::Ollama, BackendKind::Xinference, BackendKind::Litellm] {
        let models = BTreeMap::from([("chat".to_owned(), "qwen3".to_owned())]);
        let backend = Backend { models, ..backend(kind, &base) };
        let listing = check(&backend, &base).await;
        assert_eq!(listing.unreachable, None);
        texts.push(listing.missing["qwen3"].clone());
    }
    let probe = Probe::new(&backend(BackendKind::Generic, &base), &base).unwrap();
    texts.push(probe.check_models(&names(&["bge-m3"])).await.missing["bge-m3"].clone());
    insta::assert_snapshot!(texts.join("\n"), @"
    it does not list `qwen3`, but `qwen3:4b`; run `ollama pull qwen3`, or change backends.b.models.chat
    it does not list `qwen3`, but `qwen3:4b`; launch it with `xinference launch --model-name qwen3 …`, or change backends.b.models.chat
    it does not list `qwen3`, but `qwen3:4b`; add it to `model_list` in the gateway's configuration, or change backends.b.models.chat
    it does not list `bge-m3`, but `qwen3:4b`, `llama3.2:1b`; change the model of the workload
    ");
}

#[tokio::test]
async fn an_empty_list_is_told_as_such() {
    let probe = probe(
        BackendKind::Generic,
        answer(Answers::new(), "GET /v1/models", 200, r#"{"data": []}"#),
    );
    let listing = probe.await.check_models(&names(&["m"])).await;
    insta::assert_snapshot!(listing.missing["m"], @"it does not list `m`, nor any other model; change the model of the workload");
}

#[tokio::test]
async fn a_key_that_is_missing_or_refused_is_told_with_its_source() {
    let base = serve(captured(&["litellm/noauth-models"])).await;
    let plain = || backend(BackendKind::Litellm, &base);
    let preset = KeySource::Preset("LITELLM_API_KEY".to_owned());
    let file = KeySource::File("key.txt".into());
    let mut texts = vec![unreachable(&plain(), &base).await];
    for (source, key) in [
        (preset.clone(), None),
        (preset, Some("sk-canary")),
        (file, Some("sk-canary")),
        (KeySource::Inline, Some("sk-canary")),
    ] {
        texts.push(unreachable(&with_key(plain(), source, key), &base).await);
    }
    insta::assert_snapshot!(texts.join("\n"), @"
    it asks for a key (401: Authentication Error, No api key passed in.); name a variable that holds it in backends.b.api_key_env
    it asks for a key (401: Authentication Error, No api key passed in.); set LITELLM_API_KEY, or name another variable in backends.b.api_key_env
    it refuses the key (401: Authentication Error, No api key passed in.); correct the key in LITELLM_API_KEY
    it refuses the key (401: Authentication Error, No api key passed in.); correct the key in `key.txt`
    it refuses the key (401: Authentication Error, No api key passed in.); correct backends.b.api_key
    ");
}

#[tokio::test]
async fn litellm_without_a_database_refuses_a_wrong_key_with_400() {
    let no_db = r#"{"error":{"message":"No connected db.","type":"no_db_connection"}}"#;
    let base = serve(answer(Answers::new(), "GET /v1/models", 400, no_db)).await;
    let env = KeySource::Env("KEY".to_owned());
    let backend = with_key(backend(BackendKind::Litellm, &base), env, Some("sk-wrong"));
    insta::assert_snapshot!(unreachable(&backend, &base).await, @"it refuses the key (400: No connected db.); correct the key in KEY");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_the_way_to_start_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let base = BaseUrl { tls: false, host: "127.0.0.1".to_owned(), port, root: "/v1".to_owned() };
    let mut texts = vec![unreachable(&backend(BackendKind::Ollama, &base), &base).await];
    let nowhere = BaseUrl { host: "nowhere.invalid".to_owned(), ..base.clone() };
    let text = unreachable(&backend(BackendKind::Vllm, &nowhere), &nowhere).await;
    // Which words the system has for it differs.
    let (before, after) = text.split_once(": ").zip(text.split_once("; ")).unwrap();
    texts.push(format!("{}: …; {}", before.0, after.1));
    insta::assert_snapshot!(texts.join("\n"), @"
    http://127.0.0.1:PORT/v1/models: Connection refused (os error 111); start it with `ollama serve`, or correct backends.b.url
    http://nowhere.invalid:PORT/v1/models: …; correct the host name in backends.b.url
    ");
}

#[tokio::test]
async fn a_server_without_tls_is_told_where_tls_is_wanted() {
    let base = BaseUrl { tls: true, ..serve(Answers::new()).await };
    let tls = TlsSettings { verify: false, ..TlsSettings::default() };
    let backend = Backend { tls, ..backend(BackendKind::Generic, &base) };
    insta::assert_snapshot!(unreachable(&backend, &base).await, @"https://127.0.0.1:PORT/v1/models: received corrupt message of type InvalidContentType; look whether backends.b.url should begin with http://");
}

#[tokio::test]
async fn a_certificate_is_accepted_from_a_named_authority_alone() {
    let base = serve_tls(r#"{"data": [{"id": "qwen3"}]}"#).await;
    let plain = || backend(BackendKind::Generic, &base);
    insta::assert_snapshot!(unreachable(&plain(), &base).await, @"https://localhost:PORT/v1/models: invalid peer certificate: UnknownIssuer; set backends.b.tls.ca to the authority that signed its certificate, or tls.verify: false");
    let ca = TlsSettings { ca: Some(tls_fixture("ca.pem")), ..TlsSettings::default() };
    assert_eq!(check(&Backend { tls: ca, ..plain() }, &base).await, Listing::default());
    let any = TlsSettings { verify: false, ..TlsSettings::default() };
    assert_eq!(check(&Backend { tls: any, ..plain() }, &base).await, Listing::default());
}

#[tokio::test]
async fn a_server_that_says_nothing_in_time_may_yet_answer_requests() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let base = BaseUrl { tls: false, host: "127.0.0.1".to_owned(), port, root: "/v1".to_owned() };
    let timeouts = Timeouts { request: Duration::from_millis(50), ..Timeouts::default() };
    let backend = Backend { timeouts, ..backend(BackendKind::Generic, &base) };
    let listing = check(&backend, &base).await;
    assert_eq!(listing.unreachable, None);
    let note = without_port(&listing.notes[0], &base);
    insta::assert_snapshot!(note, @"no list of models: http://127.0.0.1:PORT/v1/models: no answer in time");
}

#[tokio::test]
async fn a_server_that_is_not_ready_or_moved_is_told() {
    let mut texts = Vec::new();
    for status in [503, 307] {
        let base = serve(answer(Answers::new(), "GET /v1/models", status, "loading")).await;
        texts.push(unreachable(&backend(BackendKind::Vllm, &base), &base).await);
    }
    let base = serve(answer(Answers::new(), "GET /v1/models", 403, "")).await;
    texts.push(unreachable(&backend(BackendKind::Ollama, &base), &base).await);
    insta::assert_snapshot!(texts.join("\n"), @"
    it is not ready (503: loading); wait until it is, and try again
    http://127.0.0.1:PORT/v1/models answers with a redirect (307), which is not followed; correct backends.b.url
    it refuses the host name (403: Forbidden, without a word in the body); name it by its IP address in backends.b.url, or set OLLAMA_HOST=0.0.0.0 on the server
    ");
}

#[tokio::test]
async fn a_server_without_a_list_of_models_is_noted_and_no_problem() {
    let mut notes = Vec::new();
    for (status, body) in [(404, ""), (500, "Internal Server Error"), (200, "<html></html>")] {
        let base = serve(answer(Answers::new(), "GET /v1/models", status, body)).await;
        let listing = check(&backend(BackendKind::Generic, &base), &base).await;
        assert_eq!((listing.unreachable, listing.missing.len()), (None, 0));
        notes.extend(listing.notes.iter().map(|note| without_port(note, &base)));
    }
    insta::assert_snapshot!(notes.join("\n"), @"
    no list of models: http://127.0.0.1:PORT/v1/models answers 404: Not Found, without a word in the body
    no list of models: http://127.0.0.1:PORT/v1/models answers 500: Internal Server Error
    no list of models: http://127.0.0.1:PORT/v1/models: the list of models is not JSON: `<html></html>`
    ");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_read_to_its_end() {
    let long = " ".repeat((8 << 20) + 1);
    let probe = probe(BackendKind::Generic, answer(Answers::new(), "GET /v1/models", 200, &long));
    let error = probe.await.models().await.unwrap_err();
    assert!(matches!(error, ProbeError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn keys_and_headers_that_a_server_repeats_are_not_shown() {
    let base = serve(Answers::new()).await;
    let env = KeySource::Env("KEY".to_owned());
    let backend = with_key(backend(BackendKind::Generic, &base), env, Some("sk-canary-1234"));
    let probe = Probe::new(&backend, &base).unwrap();
    let error = probe.models().await.unwrap_err();
    let text = without_port(&error.to_string(), &base);
    insta::assert_snapshot!(text, @"http://127.0.0.1:PORT/v1/models: 404: no: Bearer ***");
    assert!(!format!("{probe:?} {error:?}").contains("canary"));
}

#[tokio::test]
async fn a_key_or_header_that_cannot_be_sent_is_refused_before_anything_is_sent() {
    let base = serve(Answers::new()).await;
    let plain = || backend(BackendKind::Generic, &base);
    let key = with_key(plain(), KeySource::Inline, Some("sk\n1"));
    let header = Backend { headers: vec![("x team".to_owned(), Secret::new("a"))], ..plain() };
    let texts = [key, header].map(|backend| Probe::new(&backend, &base).unwrap_err().to_string());
    insta::assert_snapshot!(texts.join("\n"), @"
    the API key holds characters that HTTP does not allow, such as a line end
    headers.x team: name or value holds characters that HTTP does not allow
    ");
}
