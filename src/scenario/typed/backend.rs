//! A server.

use serde_json::{Value as Json, json};

use super::decode::Decode;
use super::field::Given;
use super::list::{List, Named, OneOrMany};
use super::mapping::mapping;
use super::mock::MockFile;
use super::quantity::{Amount, PositiveSpan};
use super::text::{FilePath, JsonObject, Name, SecretText};
use crate::scenario::backend::{ColdStart, Connections, HttpVersion, RateLimitRule};
use crate::scenario::kind::BackendKind;
use crate::scenario::network::Addresses;
use crate::scenario::problem::Problems;
use crate::scenario::tree::{Node, Value};

/// More aliases than this are a mistake.
const MOST_MODELS: usize = 256;
/// More keys than this are a mistake.
const MOST_KEYS: usize = 256;
/// More endpoints than a cluster has machines are a mistake.
const MOST_ENDPOINTS: usize = 64;
/// Servers refuse more headers than about this.
const MOST_HEADERS: usize = 64;

mapping! {
    /// A server.
    BackendFile {
        /// Which server it is; brings its usual address, key variable and habits. Only where
        /// `mock` is given it may be left out.
        optional kind: BackendKind = "mock where `mock` is given",
        /// Its address; `/v1` is added unless a version is part of it.
        optional url: Name = "the address of the kind",
        /// Aliases of models, each with the name this server knows it by.
        optional models: Named<Name, MOST_MODELS>,
        /// The key, sent as `Authorization: Bearer …`; write `${NAME}`, not the key itself.
        optional api_key: SecretText,
        /// The environment variable that holds the key.
        optional api_key_env: Name = "the variable of the kind",
        /// The file that holds the key.
        optional api_key_file: FilePath,
        /// Several keys, which requests take in turn.
        optional api_keys: List<SecretText, MOST_KEYS>,
        /// Who logs in for a token, which is then sent as the key; XInference only.
        optional login: LoginFile,
        /// Whether nothing is sent for as long as the server says in its answers that it takes
        /// nothing, or requests go out when they are due and refusals are counted.
        optional rate_limits: RateLimitRule = "ignore",
        /// Whether a gateway is asked for no answers out of its cache; LiteLLM only.
        optional no_cache: bool = "false",
        /// Fields added to every request body; `null` deletes a field.
        optional body: JsonObject,
        /// Headers added to every request; their values are treated as secrets.
        optional headers: Named<SecretText, MOST_HEADERS>,
        /// HTTP version spoken.
        optional http: HttpVersion = "1",
        /// Whether an idle connection serves the next request, or every request opens its own.
        optional connections: Connections = "reuse",
        /// The socket in the file system that it listens at; `url` then says only what its address
        /// is called.
        optional unix_socket: FilePath,
        /// Which addresses of its name are used: the first that answers, or all in turn.
        optional addresses: Addresses = "first",
        /// The proxy on the way to it; variables of the environment name none.
        optional proxy: Name,
        /// Settings for `https`.
        optional tls: TlsFile,
        /// How long to wait for what.
        optional timeouts: TimeoutsFile,
        /// Whether the model is loaded before each cell, or unloaded so that loading is measured;
        /// Ollama only.
        optional cold_start: ColdStart = "as it is",
        /// Its own metrics, read every second while it is under load: `true` for those of its kind,
        /// or addresses of Prometheus endpoints.
        optional metrics: MetricsFile = "false",
        /// What its tokens cost, for an estimate of what the requests cost.
        optional price: PriceFile,
        /// How the simulated server answers; a profile's name, or a mapping.
        optional mock: MockFile,
    }
    later {}
}

/// `true` or `false`, or addresses, among which `own` stands for `true`.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct MetricsFile(pub(in crate::scenario) Vec<Given<Name>>);

/// The word for the endpoint of the server itself.
pub(in crate::scenario) const OWN_METRICS: &str = "own";

impl Decode for MetricsFile {
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Bool(false) => Some(Self(Vec::new())),
            Value::Bool(true) => {
                Some(Self(vec![Given { value: Name(OWN_METRICS.to_owned()), place: node.place }]))
            }
            _ => OneOrMany::<Name, MOST_ENDPOINTS>::decode(node, problems).map(|list| Self(list.0)),
        }
    }

    fn schema() -> Json {
        json!({"anyOf": [{"type": "boolean"}, OneOrMany::<Name, MOST_ENDPOINTS>::schema()]})
    }
}

mapping! {
    /// Who logs in.
    LoginFile {
        /// The user.
        required user: Name,
        /// The password; write `${NAME}`, not the password itself.
        required password: SecretText,
    }
    later {}
}

mapping! {
    /// What the tokens of a server cost, in US dollars.
    PriceFile {
        /// For an hour of the server.
        optional per_hour: Amount,
        /// For a million input tokens.
        optional input_per_million: Amount,
        /// For a million input tokens that the server took from its cache.
        optional cached_per_million: Amount = "`input_per_million`",
        /// For a million output tokens, reasoning included.
        optional output_per_million: Amount,
    }
    later {}
}

mapping! {
    /// Settings for `https`.
    TlsFile {
        /// PEM file of authorities to trust besides the system's.
        optional ca: FilePath,
        /// PEM file of the client's certificate.
        optional cert: FilePath,
        /// PEM file of the key to `cert`.
        optional key: FilePath,
        /// Whether the server's certificate is checked.
        optional verify: bool = "true",
    }
    later {}
}

mapping! {
    /// How long to wait for what, before a request counts as failed.
    TimeoutsFile {
        /// Resolving, connecting and TLS together.
        optional connect: PositiveSpan = "5s",
        /// From sending to the first text, or to the headers where nothing is streamed.
        optional first_token: PositiveSpan = "2m",
        /// Between two pieces of text.
        optional stall: PositiveSpan = "1m",
        /// From sending to the end of the answer.
        optional request: PositiveSpan = "10m",
    }
    later {}
}
