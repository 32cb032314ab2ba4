//! One backend.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use url::Url;

use super::body::check_body;
use super::key::check_key;
use super::mock::check_mock;
use super::network::check_network;
use super::scenario::Surroundings;
use crate::scenario::backend::{
    Backend, BaseUrl, Connections, HttpVersion, Login, MetricsSource, Target, Timeouts, TlsSettings,
};
use crate::scenario::kind::BackendKind;
use crate::scenario::mock::MockSpec;
use crate::scenario::place::Place;
use crate::scenario::price::Price;
use crate::scenario::problem::{Problem, Problems, listed};
use crate::scenario::secret::Secret;
use crate::scenario::typed::{
    BackendFile, Field, FilePath, Given, Name, OWN_METRICS, PriceFile, TimeoutsFile, TlsFile,
};

/// Headers that pacemark or the connection itself must set.
const OWN_HEADERS: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "upgrade",
    "accept-encoding",
    "te",
];

/// Checks one backend; `None` where something is wrong, which is then among `problems`.
///
/// `seed` is the scenario's, for a simulated server without its own.
pub(super) fn check_backend(
    name: &str,
    Given { value: file, place }: Given<BackendFile>,
    (surroundings, seed): (Surroundings<'_>, u64),
    problems: &mut Problems,
) -> Option<Backend> {
    let kind = check_kind(&file, place, problems);
    let preset = kind.map(BackendKind::preset);
    let api_key = check_key(&file, preset, surroundings, problems);
    let headers = check_headers(&file, problems);
    let target = kind.and_then(|kind| check_target(kind, (&file, place), seed, problems));
    let network = check_network(&file, (surroundings.folder, target.as_ref()), problems);
    let tls = match &file.tls {
        Field::Given(tls) => check_tls(tls, surroundings.folder, target.as_ref(), problems),
        Field::Absent | Field::Wrong(_) => TlsSettings::default(),
    };
    let metrics = check_metrics(&file, target.as_ref(), problems);
    check_connections(&file, problems);
    check_cold_start(&file, kind, problems);
    check_own_of_kinds(&file, kind, problems);
    problems.within("price", |problems| check_price(&file, problems));
    check_body(&file.body, problems);
    let mut body = file.body.value().map(|body| body.0.clone()).unwrap_or_default();
    if file.no_cache.value() == Some(&true) && !body.contains_key("cache") {
        body.insert("cache".to_owned(), json!({"no-cache": true}));
    }
    let (more_keys, login) = (more_keys(&file), login(&file));
    let models = file.models.into_value().map(|models| models.0).unwrap_or_default();
    let models = models.into_iter().filter_map(|item| Some((item.name, item.value?.0)));
    Some(Backend {
        name: name.to_owned(),
        kind: kind?,
        target: target?,
        models: models.collect::<BTreeMap<_, _>>(),
        api_key: api_key?,
        more_keys,
        login,
        rate_limits: file.rate_limits.value().copied().unwrap_or_default(),
        body,
        headers: headers?,
        http: file.http.into_value().unwrap_or_default(),
        connections: file.connections.into_value().unwrap_or_default(),
        network: network?,
        tls,
        timeouts: file.timeouts.value().map_or_else(Timeouts::default, timeouts),
        cold_start: file.cold_start.into_value(),
        metrics: metrics?,
        price: file.price.value().and_then(price),
        per_hour: file.price.value().and_then(|price| price.per_hour.value()).map(|price| price.0),
    })
}

/// `None` where a part of it is wrong or missing, which is among the problems already.
fn price(file: &PriceFile) -> Option<Price> {
    Some(Price {
        input_per_million: file.input_per_million.value()?.0,
        cached_per_million: file.cached_per_million.value().map(|price| price.0),
        output_per_million: file.output_per_million.value()?.0,
    })
}

/// A price is by the hour, or by both kinds of tokens.
fn check_price(file: &BackendFile, problems: &mut Problems) {
    let Some(Given { value: price, place }) = file.price.given() else { return };
    let tokens = [
        ("input_per_million", price.input_per_million.place()),
        ("output_per_million", price.output_per_million.place()),
        ("cached_per_million", price.cached_per_million.place()),
    ];
    let of_tokens = tokens.iter().find_map(|(_, place)| *place);
    match (price.per_hour.place(), of_tokens) {
        (Some(hour), Some(other)) => problems.report(
            Problem::new(other, "a price is either by the hour or by tokens")
                .hint("leave one of the two out")
                .also(hour, "the other one"),
        ),
        (Some(_), None) => {}
        (None, _) => {
            for (key, _) in tokens.iter().take(2).filter(|(_, place)| place.is_none()) {
                let message = format!("{} lacks the key `{key}`", problems.subject());
                problems.report(
                    Problem::new(*place, message)
                        .hint("write `{per_hour: 1.20}`, or both prices of tokens"),
                );
            }
        }
    }
}

/// The keys after the first.
fn more_keys(file: &BackendFile) -> Vec<Secret> {
    let keys = file.api_keys.value().map(|keys| keys.0.as_slice()).unwrap_or_default();
    keys.iter().skip(1).map(|key| key.value.0.clone()).collect()
}

/// `None` where a part of it is wrong or missing, which is among the problems already.
fn login(file: &BackendFile) -> Option<Login> {
    let login = file.login.value()?;
    let (user, password) = (login.user.value()?.0.clone(), login.password.value()?.0.clone());
    Some(Login { user, password })
}

/// What only one kind of server knows.
fn check_own_of_kinds(file: &BackendFile, kind: Option<BackendKind>, problems: &mut Problems) {
    let Some(kind) = kind else { return };
    let no_cache = file.no_cache.given().filter(|wanted| wanted.value).map(|wanted| wanted.place);
    for (key, place, only) in [
        ("login", file.login.place(), BackendKind::Xinference),
        ("no_cache", no_cache, BackendKind::Litellm),
    ] {
        if let Some(place) = place
            && kind != only
        {
            let message = format!("`{key}` does not go with `kind: {kind}`");
            let hint = format!("leave it out; only `kind: {only}` knows it");
            problems.report(Problem::new(place, message).hint(hint));
        }
    }
}

/// Only Ollama loads and unloads a model when it is asked to.
fn check_cold_start(file: &BackendFile, kind: Option<BackendKind>, problems: &mut Problems) {
    if let (Some(place), Some(kind)) = (file.cold_start.place(), kind)
        && kind != BackendKind::Ollama
    {
        problems.report(
            Problem::new(place, format!("`cold_start` does not go with `kind: {kind}`")).hint(
                "leave it out; only `kind: ollama` loads and unloads a model when it is asked to",
            ),
        );
    }
}

/// Where the server's own metrics are read; `None` where something is wrong.
fn check_metrics(
    file: &BackendFile,
    target: Option<&Target>,
    problems: &mut Problems,
) -> Option<Vec<MetricsSource>> {
    let typed = match &file.metrics {
        Field::Absent => return Some(Vec::new()),
        Field::Wrong(_) => return None,
        Field::Given(metrics) => &metrics.value.0,
    };
    let mut sources = Vec::new();
    for Given { value: Name(text), place } in typed {
        if text == OWN_METRICS {
            if let Some(Target::Mock(_)) = target {
                problems.report(
                    Problem::new(*place, "the simulated server has no metrics of its own")
                        .hint("leave it out"),
                );
            }
            sources.push(MetricsSource::Own);
            continue;
        }
        let is_address = Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
        });
        if !is_address {
            let subject = problems.within("metrics", |problems| problems.subject());
            problems.report(
                Problem::new(*place, format!("{subject}: this is not the address of metrics"))
                    .hint("write `true` for those of the server itself, or `http://localhost:9400/metrics`"),
            );
        }
        sources.push(MetricsSource::Url(text.clone()));
    }
    Some(sources)
}

/// HTTP/2 has one connection for all requests of a thread.
fn check_connections(file: &BackendFile, problems: &mut Problems) {
    let two = file.http.given().filter(|http| http.value == HttpVersion::Two);
    if let (Some(Connections::Session), Some(two)) = (file.connections.value(), two)
        && let Some(place) = file.connections.place()
    {
        problems.report(
            Problem::new(place, "`connections: session` is for HTTP/1.1")
                .hint("leave `http: 2` out: its requests share a connection anyway")
                .also(two.place, "this asks for HTTP/2"),
        );
    }
}

fn check_kind(file: &BackendFile, place: Place, problems: &mut Problems) -> Option<BackendKind> {
    match &file.kind {
        Field::Given(kind) => Some(kind.value),
        Field::Wrong(_) => None,
        Field::Absent if !file.mock.is_absent() => Some(BackendKind::Mock),
        Field::Absent => {
            let kinds: Vec<_> = BackendKind::ALL.iter().map(|kind| kind.key()).collect();
            problems.report(
                Problem::new(place, format!("{} lacks the key `kind`", problems.subject()))
                    .hint(format!("it is one of {}", listed(&kinds))),
            );
            None
        }
    }
}

fn check_target(
    kind: BackendKind,
    (file, own_place): (&BackendFile, Place),
    seed: u64,
    problems: &mut Problems,
) -> Option<Target> {
    if kind == BackendKind::Mock {
        if let Some(place) = file.url.place() {
            problems.report(
                Problem::new(place, "the simulated server runs inside pacemark and has no `url`")
                    .hint("leave `url` out; for a server elsewhere use another `kind`"),
            );
        }
        return match &file.mock {
            Field::Given(mock) => Some(Target::Mock(check_mock(&mock.value, seed, problems))),
            Field::Wrong(_) => None,
            Field::Absent => Some(Target::Mock(MockSpec { seed, ..MockSpec::default() })),
        };
    }
    if let Some(place) = file.mock.place() {
        problems.report(
            Problem::new(place, format!("`mock` does not go with `kind: {kind}`"))
                .hint("use `kind: mock` for a simulated server"),
        );
    }
    let (text, place) = match (&file.url, kind.preset().url) {
        (Field::Given(url), _) => (url.value.0.as_str(), url.place),
        (Field::Wrong(_), _) => return None,
        (Field::Absent, Some(url)) => (url, own_place),
        (Field::Absent, None) => {
            problems.report(
                Problem::new(own_place, format!("`kind: {kind}` needs a `url`"))
                    .hint("for example `url: http://localhost:8000`"),
            );
            return None;
        }
    };
    match BaseUrl::parse(text) {
        Ok(url) => Some(Target::Url(url)),
        Err(error) => {
            let subject = problems.within("url", |problems| problems.subject());
            problems.report(Problem::new(place, format!("{subject}: {error}")).hint(error.hint()));
            None
        }
    }
}

fn check_headers(file: &BackendFile, problems: &mut Problems) -> Option<Vec<(String, Secret)>> {
    let typed = match &file.headers {
        Field::Absent => return Some(Vec::new()),
        Field::Wrong(_) => return None,
        Field::Given(headers) => &headers.value.0,
    };
    let mut headers: Vec<(String, Secret)> = Vec::new();
    let key_place = file.api_key.place().or(file.api_key_env.place()).or(file.api_key_file.place());
    for item in typed {
        let name = item.name.to_ascii_lowercase();
        let flaw = if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            Some("is no name of a header")
        } else if OWN_HEADERS.contains(&name.as_str()) {
            Some("is set by pacemark itself")
        } else if headers.iter().any(|(known, _)| *known == name) {
            Some("is given twice; case does not matter")
        } else if name == "authorization" && key_place.is_some() {
            Some("is given beside an `api_key`")
        } else {
            None
        };
        if let Some(flaw) = flaw {
            let message = format!("the header `{}` {flaw}", item.name);
            problems.report(Problem::new(item.place, message).hint("leave it out"));
        }
        headers.push((name, item.value.as_ref()?.0.clone()));
    }
    Some(headers)
}

fn check_tls(
    Given { value: file, place }: &Given<TlsFile>,
    folder: &Path,
    target: Option<&Target>,
    problems: &mut Problems,
) -> TlsSettings {
    let TlsFile { ca, cert, key, verify } = file;
    if cert.is_absent() != key.is_absent() {
        let lacking = if cert.is_absent() { "cert" } else { "key" };
        problems.report(Problem::new(
            *place,
            format!("`cert` and `key` go together, but `{lacking}` is missing"),
        ));
    }
    let unused = match target {
        Some(Target::Url(url)) => !url.tls,
        Some(Target::Mock(_)) => true,
        None => false,
    };
    if unused {
        problems.report(
            Problem::new(*place, "`tls` is set, but this server is not spoken to with TLS")
                .hint("leave `tls` out, or begin the `url` with `https://`"),
        );
    }
    let resolved = |file: &Field<FilePath>| file.value().map(|file| folder.join(&file.0));
    TlsSettings {
        ca: resolved(ca),
        cert: resolved(cert),
        key: resolved(key),
        verify: verify.value().copied().unwrap_or(true),
    }
}

fn timeouts(file: &TimeoutsFile) -> Timeouts {
    let TimeoutsFile { connect, first_token, stall, request } = file;
    let usual = Timeouts::default();
    Timeouts {
        connect: connect.value().map_or(usual.connect, |span| span.0),
        first_token: first_token.value().map_or(usual.first_token, |span| span.0),
        stall: stall.value().map_or(usual.stall, |span| span.0),
        request: request.value().map_or(usual.request, |span| span.0),
    }
}
