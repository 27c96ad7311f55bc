//! TLS configuration: what is trusted, and the client's own certificate. Options are named as in Node's `tls.connect`.

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
use std::sync::{Arc, LazyLock};

/// The variable that, as in Node, names a file with additional roots.
pub(super) const EXTRA_ROOTS: &str = "NODE_EXTRA_CA_CERTS";
const EXTRA_ROOTS_SHOWN: &str = "environment variable NODE_EXTRA_CA_CERTS";

/// Signatures that Node verifies and ring does not: P-521, Ed448, and RSA-PSS with keys that are for it alone (RFC 8446,
/// section 4.2.3).
const NOT_IN_RING: [SignatureScheme; 5] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
];

/// A finished TLS configuration. Its debug output contains nothing of it.
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

/// The options as given, in PEM.
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
    /// Builds the configuration. `is_used`: the relay is asked by https. For http nothing is read from disk, so that a bad file
    /// meant for other programs is no error.
    pub fn build(mut self, is_used: bool) -> Result<Tls, Fault> {
        self.extra_roots = self.extra_roots.filter(|_| is_used && self.ca.is_none());
        let texts = [&self.ca, &self.cert, &self.key, &self.extra_roots];
        if texts.into_iter().all(Option::is_none) && !self.is_unverified {
            return Ok(Tls::default());
        }
        let (roots, given) = self.trusted()?;
        let by_roots = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        let by_roots = by_roots.map_err(|_| no_certificate("option ca"))?;
        let verifier = Arc::new(Verifier { by_roots, given, takes_any: self.is_unverified });
        let builder = builder().dangerous().with_custom_certificate_verifier(verifier);
        match (self.cert, self.key) {
            (None, None) => Ok(Tls(builder.with_no_client_auth())),
            (Some(cert), Some(key)) => {
                let chain = certificates("option cert", cert.as_bytes())?;
                if is_a_path(key.as_bytes()) {
                    return Err(invalid(
                        "option key must contain a PEM key, not a file path: pass fs.readFileSync(path)",
                    ));
                }
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| no_key())?;
                builder.with_client_auth_cert(chain, key).map(Tls).map_err(|error| match error {
                    Error::InconsistentKeys(_) => invalid("option key must be the private key of option cert"),
                    _ => no_key(),
                })
            }
            (Some(_), None) => Err(invalid("option cert must come with option key")),
            (None, Some(_)) => Err(invalid("option key must come with option cert")),
        }
    }

    /// The roots, and those of them that the user gave. As in Node, `ca` replaces the built-in roots and the variable adds to
    /// them.
    fn trusted(&self) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Fault> {
        let (what, mut roots, pem) = match (&self.ca, &self.extra_roots) {
            (Some(pem), _) => ("option ca", RootCertStore::empty(), pem.clone().into_bytes()),
            (None, Some(file)) => (EXTRA_ROOTS_SHOWN, built_in_roots(), read(file)?),
            (None, None) => return Ok((built_in_roots(), Vec::new())),
        };
        let given = certificates(what, &pem)?;
        for certificate in &given {
            roots.add(certificate.clone()).map_err(|_| no_certificate(what))?;
        }
        Ok((roots, given))
    }
}

fn read(file: &str) -> Result<Vec<u8>, Fault> {
    std::fs::read(file).map_err(|error| {
        let (file, kind) = (Quoted(file), error.kind());
        invalid(&format!("{EXTRA_ROOTS_SHOWN} must name a readable file, got {file}: {kind}"))
    })
}

fn provider() -> Arc<CryptoProvider> {
    static RING: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));
    Arc::clone(&RING)
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let builder = ClientConfig::builder_with_provider(provider());
    builder.with_safe_default_protocol_versions().expect("ring offers the default versions")
}

/// Mozilla's roots, as in Node.
fn built_in_roots() -> RootCertStore {
    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned())
}

/// At least one certificate. Messages do not show invalid text, because it may be a key given as `cert`.
fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    if is_a_path(pem) {
        return Err(invalid(&format!(
            "{what} must contain PEM certificates, not a file path: pass fs.readFileSync(path)"
        )));
    }
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    read.ok().filter(|found| !found.is_empty()).ok_or_else(|| no_certificate(what))
}

/// Whether text is one line that looks like a file's path.
fn is_a_path(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_line = !text.is_empty() && text.len() < 4096 && !text.contains(&b'\n') && !text.starts_with(b"-----");
    let ends_like_one = [".pem", ".crt", ".cer", ".key"].iter().any(|end| text.ends_with(end.as_bytes()));
    is_line && (ends_like_one || text.starts_with(b"/") || text.starts_with(b"./") || text.starts_with(b"../"))
}

fn no_certificate(what: &str) -> Fault {
    invalid(&format!("{what} must contain PEM certificates, all of them whole"))
}

fn no_key() -> Fault {
    invalid("option key must be an RSA, ECDSA or Ed25519 key in PEM, not encrypted")
}

fn invalid(message: &str) -> Fault {
    Fault::InvalidArgument(message.to_owned())
}

/// Trusts certificates that the roots verify, and exactly those that the user gave: rustls and webpki cannot trust a
/// self-signed CA certificate as a relay's, which is what `openssl req -x509` makes.
#[derive(Debug)]
struct Verifier {
    by_roots: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
    /// `rejectUnauthorized: false`: any certificate is accepted, including kinds that rustls cannot read. The handshake's
    /// signature is not checked either: it would only prove that the relay has the key of a certificate that anyone can make.
    takes_any: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.takes_any {
            return Ok(ServerCertVerified::assertion());
        }
        let verified = self.by_roots.verify_server_cert(certificate, intermediates, name, ocsp, now);
        match &verified {
            // A self-signed CA certificate, as `openssl req -x509` makes it. webpki checks its dates first and then refuses it
            // for a relay. If the user gave it, it is trusted for its own names, as in Node.
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
        if self.takes_any {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.by_roots.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.takes_any {
            return Ok(HandshakeSignatureValid::assertion());
        }
        self.by_roots.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.by_roots.supported_verify_schemes();
        if self.takes_any {
            schemes.extend(NOT_IN_RING);
        }
        schemes
    }
}

/// Whether a relay presented a CA certificate as its own.
pub fn is_of_a_ca(fault: &CertificateError) -> bool {
    let CertificateError::Other(OtherError(error)) = fault else { return false };
    matches!(error.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}
