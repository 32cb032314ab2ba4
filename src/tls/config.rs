//! A client configuration from the settings of a backend.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_platform_verifier::Verifier;

use super::verifier::{Unchecked, Verdict};
use crate::scenario::TlsSettings;

/// Why the TLS settings of a backend cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file could not be read.
    #[error("tls.{field}: cannot read `{path}` as PEM: {source}", path = path.display())]
    Read {
        /// The setting that names the file.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: pem::Error,
    },
    /// A PEM file holds no certificate.
    #[error(
        "tls.{field}: `{path}` holds no certificate; a PEM file with `BEGIN CERTIFICATE` is expected",
        path = path.display()
    )]
    NoCertificate {
        /// The setting that names the file.
        field: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A key was given without the certificate it belongs to.
    #[error(
        "tls.key: `{path}` is given without tls.cert; name the certificate it belongs to",
        path = path.display()
    )]
    KeyWithoutCertificate {
        /// The key's file.
        path: PathBuf,
    },
    /// A certificate or key cannot be used.
    #[error("tls.{field}: {source}")]
    Unusable {
        /// The setting it came from.
        field: &'static str,
        /// What `rustls` says.
        source: rustls::Error,
    },
}

/// A client configuration for `settings` that offers the protocols `alpn`, best first.
///
/// Besides `settings.ca` it trusts what the system trusts. On a machine without a certificate
/// store the configuration is still made, and every handshake fails with a message that says
/// so: a run against plain `http` must not need a store.
///
/// # Errors
///
/// [`TlsError`] if a named file cannot be read or does not hold what it should.
pub fn client_config(
    settings: &TlsSettings,
    alpn: &[&[u8]],
) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(settings, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| TlsError::Unusable { field: "verify", source })?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity(settings)? {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|source| TlsError::Unusable { field: "cert", source })?,
    };
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

fn verifier(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    if !settings.verify {
        return Ok(Arc::new(Unchecked::new(Arc::clone(provider), Verdict::Accept)));
    }
    let extra = match &settings.ca {
        Some(path) => certificates("ca", path)?,
        None => Vec::new(),
    };
    let has_extra = !extra.is_empty();
    match Verifier::new_with_extra_roots(extra, Arc::clone(provider)) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(source) if has_extra => Err(TlsError::Unusable { field: "ca", source }),
        Err(_no_store) => Ok(Arc::new(Unchecked::new(Arc::clone(provider), Verdict::Refuse))),
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(settings: &TlsSettings) -> Result<Option<Identity>, TlsError> {
    let Some(cert) = &settings.cert else {
        return match &settings.key {
            Some(path) => Err(TlsError::KeyWithoutCertificate { path: path.clone() }),
            None => Ok(None),
        };
    };
    let chain = certificates("cert", cert)?;
    // One file often holds both.
    let (field, path) = settings.key.as_ref().map_or(("cert", cert), |key| ("key", key));
    let key = PrivateKeyDer::from_pem_file(path).map_err(|source| TlsError::Read {
        field,
        path: path.clone(),
        source,
    })?;
    Ok(Some((chain, key)))
}

fn certificates(
    field: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = |source| TlsError::Read { field, path: path.to_owned(), source };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(read)?
        .collect::<Result<_, _>>()
        .map_err(read)?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate { field, path: path.to_owned() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConnection, ServerConfig, ServerConnection};

    use super::{TlsError, client_config};
    use crate::scenario::TlsSettings;

    fn fixture(name: &str) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/tls", name].iter().collect()
    }

    /// A handshake in memory with the fixture server, `localhost`; the protocol agreed on.
    fn handshake(settings: &TlsSettings) -> Result<Option<Vec<u8>>, rustls::Error> {
        let chain = vec![CertificateDer::from_pem_file(fixture("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut server = ServerConnection::new(Arc::new(server)).unwrap();
        let config = client_config(settings, &[b"h2", b"http/1.1"]).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(config, name).unwrap();
        while client.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets().unwrap();
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        Ok(client.alpn_protocol().map(<[u8]>::to_vec))
    }

    #[test]
    fn an_unknown_authority_is_refused() {
        assert!(handshake(&TlsSettings::default()).is_err());
    }

    #[test]
    fn an_authority_named_in_the_settings_is_trusted() {
        let settings = TlsSettings { ca: Some(fixture("ca.pem")), ..TlsSettings::default() };
        assert_eq!(handshake(&settings).unwrap(), Some(b"http/1.1".to_vec()));
    }

    #[test]
    fn verify_off_accepts_any_certificate() {
        let settings = TlsSettings { verify: false, ..TlsSettings::default() };
        assert_eq!(handshake(&settings).unwrap(), Some(b"http/1.1".to_vec()));
    }

    #[test]
    fn a_client_certificate_is_taken_with_its_key() {
        let settings = TlsSettings {
            cert: Some(fixture("server.pem")),
            key: Some(fixture("server.key")),
            ..TlsSettings::default()
        };
        assert!(client_config(&settings, &[]).is_ok());
    }

    #[test]
    fn wrong_files_are_named_with_their_setting() {
        let settings = TlsSettings { ca: Some(fixture("server.key")), ..TlsSettings::default() };
        let error = client_config(&settings, &[]).unwrap_err();
        assert!(matches!(error, TlsError::NoCertificate { field: "ca", .. }), "{error}");
        let settings = TlsSettings { cert: Some(fixture("absent.pem")), ..TlsSettings::default() };
        let error = client_config(&settings, &[]).unwrap_err();
        assert!(error.to_string().starts_with("tls.cert: cannot read `"), "{error}");
        let settings = TlsSettings { key: Some(fixture("server.key")), ..TlsSettings::default() };
        let error = client_config(&settings, &[]).unwrap_err();
        assert!(matches!(error, TlsError::KeyWithoutCertificate { .. }), "{error}");
    }
}
