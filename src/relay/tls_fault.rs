//! TLS errors: Node's code for each, and what to do about it.

use crate::config::is_of_a_ca;
use crate::error::Cause;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// Maximum names of a certificate in a message.
const MAX_NAMES: usize = 5;
/// Maximum length of such a name.
const MAX_NAME_CHARS: usize = 80;
/// The hint for certificates that rustls with ring does not support.
const UNSUPPORTED: &str = "keys on P-521 and RSA-PSS keys are not supported; P-256, P-384, RSA and Ed25519 keys are";

/// The cause of a handshake that failed.
pub fn cause(error: &Error) -> Cause {
    let (code, message, hint) = match error {
        Error::InvalidCertificate(fault) => of_certificate(fault),
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            ("EPROTO", "it asks for a client certificate", Some("pass options cert and key".to_owned()))
        }
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            let hint = format!("there may be no cipher or signature that both sides know: {UNSUPPORTED}");
            ("EPROTO", "it broke off the TLS handshake", Some(hint))
        }
        Error::AlertReceived(_) => ("EPROTO", "it broke off the TLS handshake", None),
        Error::InvalidMessage(_) => (
            "EPROTO",
            "what it sent is not TLS",
            Some("if the relay uses no TLS, its URL begins with http://".to_owned()),
        ),
        Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
            ("EPROTO", "there is no signature that both sides know", Some(UNSUPPORTED.to_owned()))
        }
        _ => (
            "EPROTO",
            "there is no TLS version or cipher that both sides know, or the other side breaks its rules",
            None,
        ),
    };
    Cause { code: Some(code), message: message.to_owned(), hint }
}

fn of_certificate(fault: &CertificateError) -> (&'static str, &'static str, Option<String>) {
    let is_trusted_by = |what: &str| Some(format!("if you trust it, pass {what} as option ca"));
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("CERT_HAS_EXPIRED", "its certificate has expired", None)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("CERT_NOT_YET_VALID", "its certificate is not valid yet", None)
        }
        CertificateError::NotValidForName => {
            ("ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name", None)
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            ("ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name", Some(names(presented)))
        }
        CertificateError::UnknownIssuer => (
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "its certificate is from an issuer that is not trusted",
            is_trusted_by("the issuer's certificate, or its own if it is self-signed,"),
        ),
        CertificateError::BadSignature => ("CERT_SIGNATURE_FAILURE", "its certificate's signature is wrong", None),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            ("INVALID_PURPOSE", "its certificate is for another purpose", None)
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            ("CERT_REJECTED", "its certificate's key or signature is not supported", Some(UNSUPPORTED.to_owned()))
        }
        fault if is_of_a_ca(fault) => (
            "DEPTH_ZERO_SELF_SIGNED_CERT",
            "its certificate is a CA's own, and is not trusted as a relay's",
            is_trusted_by("the self-signed certificate"),
        ),
        CertificateError::BadEncoding => (
            "CERT_REJECTED",
            "its certificate cannot be used",
            Some("it is malformed, or not an X.509 certificate of version 3".to_owned()),
        ),
        _ => ("CERT_REJECTED", "its certificate cannot be used", None),
    }
}

/// The names in a certificate, which rustls gives as `DnsName("a.example")` and `IpAddress(127.0.0.1)`.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "it has no names".to_owned();
    }
    let shown: Vec<String> = presented
        .iter()
        .take(MAX_NAMES)
        .map(|name| {
            let inner = name.split_once('(').map_or(name.as_str(), |(_, inner)| inner).trim_end_matches(')');
            // The names are untrusted data.
            inner.chars().filter(|c| c.is_ascii_graphic() && *c != '"').take(MAX_NAME_CHARS).collect()
        })
        .collect();
    let more = presented.len().saturating_sub(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("its names are {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_certificate_are_shown_short_and_clean() {
        let presented = [r#"DnsName("*.relay.example")"#, "IpAddress(127.0.0.1)", "DnsName(\"a\n\u{1b}[31mb\")"];
        let presented = presented.map(str::to_owned);
        assert_eq!(names(&presented), "its names are *.relay.example, 127.0.0.1, a[31mb");
        assert!(names(&vec!["DnsName(\"a\")".to_owned(); 9]).ends_with("a and 4 more"));
        assert_eq!(names(&[]), "it has no names");
    }
}
