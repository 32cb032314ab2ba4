//! Addresses of servers.

use url::{Host, Url};

use crate::openai::Endpoint;
use crate::scenario::backend::BaseUrl;

/// Why a text is not the address of an API. Holds nothing of the address: it may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It cannot be read as an address.
    #[error("this is not an address")]
    Unreadable,
    /// It begins with something other than `http://` or `https://`.
    #[error("an address begins with `http://` or `https://`")]
    Scheme,
    /// There is a user or a password in it.
    #[error("an address must not hold a user or a password")]
    User,
    /// There is a `?` or a `#` in it.
    #[error("an address must not hold a query or a fragment")]
    Query,
    /// It ends in an endpoint instead of the API's root.
    #[error("this is the address of an endpoint, not of the API")]
    Endpoint,
}

impl UrlError {
    /// One thing to try.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Unreadable | Self::Scheme => "write it as `http://localhost:8000`",
            Self::User => {
                "give the key with `api_key: ${NAME}`, or an `authorization` under `headers`"
            }
            Self::Query => "leave out what follows the path; give a key with `api_key: ${NAME}`",
            Self::Endpoint => {
                "leave out the endpoint: `http://localhost:8000/v1`; the workload's `endpoint` \
                 chooses it"
            }
        }
    }
}

impl BaseUrl {
    /// Reads an address: `http://localhost:11434`, with or without `/v1`.
    ///
    /// `/v1` is added to the path unless a part of it is a version already (`/v1`, `/api/v3`,
    /// `/v1beta/openai`).
    ///
    /// # Errors
    ///
    /// [`UrlError`], which tells nothing of the address itself.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Url::parse(text.trim()).map_err(|_| {
            if text.contains("://") { UrlError::Unreadable } else { UrlError::Scheme }
        })?;
        if !matches!(url.scheme(), "http" | "https") || !text.contains("://") {
            return Err(UrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::User);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(UrlError::Query);
        }
        let host = match url.host().ok_or(UrlError::Unreadable)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let path = url.path().trim_end_matches('/');
        if Endpoint::ALL.iter().any(|endpoint| path.ends_with(endpoint.path())) {
            return Err(UrlError::Endpoint);
        }
        let root =
            if path.split('/').any(is_version) { path.to_owned() } else { format!("{path}/v1") };
        let port = url.port_or_known_default().ok_or(UrlError::Unreadable)?;
        Ok(Self { tls: url.scheme() == "https", host, port, root })
    }
}

/// Whether a part of a path is a version: `v1`, `v3`, `v1beta`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, UrlError};

    fn read(text: &str) -> String {
        BaseUrl::parse(text).unwrap().to_string()
    }

    #[test]
    fn the_version_is_added_where_it_is_missing() {
        assert_eq!(read("http://localhost:11434"), "http://localhost:11434/v1");
        assert_eq!(read("http://localhost:11434/"), "http://localhost:11434/v1");
        assert_eq!(read("http://localhost:11434/v1/"), "http://localhost:11434/v1");
        assert_eq!(read("https://openrouter.ai/api"), "https://openrouter.ai/api/v1");
        assert_eq!(read("https://openrouter.ai/api/v1"), "https://openrouter.ai/api/v1");
    }

    #[test]
    fn another_version_is_kept() {
        assert_eq!(read("https://ark.example/api/v3"), "https://ark.example/api/v3");
        assert_eq!(read("https://g.example/v1beta/openai"), "https://g.example/v1beta/openai");
        assert_eq!(read("https://x.example/vision"), "https://x.example/vision/v1");
    }

    #[test]
    fn hosts_and_ports_are_taken_apart() {
        let v6 = BaseUrl::parse("https://[::1]").unwrap();
        assert_eq!((v6.host.as_str(), v6.port, v6.tls), ("::1", 443, true));
        assert_eq!(v6.to_string(), "https://[::1]/v1");
    }

    #[test]
    fn what_is_no_root_of_an_api_is_refused() {
        let refused = |text| BaseUrl::parse(text).unwrap_err();
        assert_eq!(refused("localhost:8000"), UrlError::Scheme);
        assert_eq!(refused("gpu-1"), UrlError::Scheme);
        assert_eq!(refused("ftp://x"), UrlError::Scheme);
        assert_eq!(refused("http://"), UrlError::Unreadable);
        assert_eq!(refused("http://me:pw@x"), UrlError::User);
        assert_eq!(refused("http://x/v1?key=1"), UrlError::Query);
        assert_eq!(refused("http://x/v1/chat/completions"), UrlError::Endpoint);
    }
}
