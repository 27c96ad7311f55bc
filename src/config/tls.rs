//! What TLS trusts and what it shows of itself, from options named as Node's `tls.connect` names them.

use crate::error::{Fault, Quoted};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// The variable by which Node, too, learns of a file with more roots.
pub(super) const EXTRA_ROOTS: &str = "NODE_EXTRA_CA_CERTS";

/// A TLS client, made. It shows nothing of what it holds.
#[derive(Clone)]
pub struct Tls(ClientConfig);

impl Tls {
    /// For the connection pool.
    pub fn client(&self) -> ClientConfig {
        self.0.clone()
    }
}

impl Default for Tls {
    fn default() -> Self {
        static BUILT_IN: LazyLock<ClientConfig> =
            LazyLock::new(|| builder().with_root_certificates(built_in_roots()).with_no_client_auth());
        Self(BUILT_IN.clone())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// The options as they come, in PEM.
#[derive(Default)]
pub(super) struct TlsOptions {
    pub ca: Option<String>,
    pub cert: Option<String>,
    pub key: Option<String>,
    /// `rejectUnauthorized: false`
    pub is_unverified: bool,
    /// The file that [`EXTRA_ROOTS`] names.
    pub extra_roots: Option<String>,
}

impl TlsOptions {
    /// The client that they describe. `is_used` says whether the relay is asked by https: where it is not, nothing is read
    /// from disk, and a file that only other programs need may be amiss.
    pub fn build(self, is_used: bool) -> Result<Tls, Fault> {
        let extra_roots = self.extra_roots.filter(|_| is_used && self.ca.is_none());
        if self.ca.is_none()
            && self.cert.is_none()
            && self.key.is_none()
            && !self.is_unverified
            && extra_roots.is_none()
        {
            return Ok(Tls::default());
        }
        // As in Node, `ca` replaces the roots and the variable adds to them.
        let (roots, given) = match (&self.ca, &extra_roots) {
            (Some(pem), _) => {
                let given = certificates("option ca", pem.as_bytes())?;
                (store("option ca", RootCertStore::empty(), &given)?, given)
            }
            (None, Some(file)) => {
                let what = format!("environment variable {EXTRA_ROOTS}");
                let pem = std::fs::read(Path::new(file)).map_err(|error| {
                    let (file, kind) = (Quoted(file), error.kind());
                    Fault::InvalidArgument(format!("{what} must name a readable file, got {file}: {kind}"))
                })?;
                let given = certificates(&what, &pem)?;
                (store(&what, built_in_roots(), &given)?, given)
            }
            (None, None) => (built_in_roots(), Vec::new()),
        };
        let verifier: Arc<dyn ServerCertVerifier> = if self.is_unverified {
            Arc::new(Unverified(provider()))
        } else {
            let by_roots = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
            Arc::new(Verified { by_roots: by_roots.map_err(|_| no_certificate("option ca"))?, given })
        };
        let builder = builder().dangerous().with_custom_certificate_verifier(verifier);
        match (self.cert, self.key) {
            (None, None) => Ok(Tls(builder.with_no_client_auth())),
            (Some(cert), Some(key)) => {
                let chain = certificates("option cert", cert.as_bytes())?;
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| no_key())?;
                builder.with_client_auth_cert(chain, key).map(Tls).map_err(|error| match error {
                    Error::InconsistentKeys(_) => {
                        Fault::InvalidArgument("option key must be the private key of option cert".to_owned())
                    }
                    _ => no_key(),
                })
            }
            (Some(_), None) => Err(Fault::InvalidArgument("option cert must come with option key".to_owned())),
            (None, Some(_)) => Err(Fault::InvalidArgument("option key must come with option cert".to_owned())),
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    static RING: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));
    Arc::clone(&RING)
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let builder = ClientConfig::builder_with_provider(provider());
    builder.with_safe_default_protocol_versions().expect("ring offers the default versions")
}

/// Mozilla's roots, which are Node's too.
fn built_in_roots() -> RootCertStore {
    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned())
}

fn store(what: &str, mut roots: RootCertStore, given: &[CertificateDer<'static>]) -> Result<RootCertStore, Fault> {
    for certificate in given {
        roots.add(certificate.clone()).map_err(|_| no_certificate(what))?;
    }
    Ok(roots)
}

/// At least one certificate. What the text is instead stays out of the message: somebody may have swapped key and cert.
fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    read.ok().filter(|found| !found.is_empty()).ok_or_else(|| no_certificate(what))
}

fn no_certificate(what: &str) -> Fault {
    Fault::InvalidArgument(format!("{what} must hold certificates in PEM, all of them whole"))
}

fn no_key() -> Fault {
    Fault::InvalidArgument("option key must be an RSA, ECDSA or Ed25519 key in PEM, not encrypted".to_owned())
}

/// Trusts what the roots vouch for, and the very certificates that the user gave.
#[derive(Debug)]
struct Verified {
    by_roots: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verified {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.by_roots.verify_server_cert(certificate, intermediates, name, ocsp, now);
        match &verified {
            // A self-signed certificate as `openssl req -x509` makes it: a CA's own, which the roots refuse for a relay
            // after its dates, and only after them. Given by the user it is trusted, as Node trusts it, for its own names.
            Err(Error::InvalidCertificate(fault)) if is_of_a_ca(fault) && self.given.contains(certificate) => {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            _ => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_roots.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_roots.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_roots.supported_verify_schemes()
    }
}

/// Whether a relay showed the certificate of a CA as its own.
pub(crate) fn is_of_a_ca(fault: &CertificateError) -> bool {
    let CertificateError::Other(OtherError(error)) = fault else { return false };
    matches!(error.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Trusts whatever certificate a relay shows, as the user asked for; that the relay has its key is still checked.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
