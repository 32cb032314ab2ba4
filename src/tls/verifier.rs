//! A verdict on certificates that does not look at them.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

const NO_STORE: &str = "this machine has no store of certificate authorities; install \
                        `ca-certificates`, or set tls.ca, or tls.verify: false";

/// What is said to every certificate.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    /// Any will do (`verify: false`).
    Accept,
    /// None will do, because there is nothing to check them against.
    Refuse,
}

/// Gives the same verdict on every certificate. Signatures of the handshake are still checked,
/// so the server at least holds the key of the certificate it shows.
#[derive(Debug)]
pub(super) struct Unchecked {
    provider: Arc<CryptoProvider>,
    verdict: Verdict,
}

impl Unchecked {
    pub(super) const fn new(provider: Arc<CryptoProvider>, verdict: Verdict) -> Self {
        Self { provider, verdict }
    }
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.verdict {
            Verdict::Accept => Ok(ServerCertVerified::assertion()),
            Verdict::Refuse => Err(Error::General(NO_STORE.to_owned())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
