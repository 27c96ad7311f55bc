//! What a failed exchange was, from the types of the errors beneath it, never from their text.

use crate::config::is_of_a_ca;
use crate::error::{Cause, Fault, NOT_HTTP};
use reqwest::Error as Failure;
use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io;

/// An exchange that failed before a status was read.
pub fn of_request(error: &Failure) -> Fault {
    let is_garbage =
        chain(error).filter_map(|source| source.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse);
    if is_garbage {
        return Fault::BadResponse { reason: NOT_HTTP, truncated: false };
    }
    Fault::Connect(cause_of(error))
}

/// A 200 whose body could not be read to its end.
pub fn of_body(error: &Failure) -> Fault {
    let is_malformed = chain(error)
        .filter_map(|source| source.downcast_ref::<io::Error>())
        .any(|io| matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData));
    if is_malformed {
        Fault::BadResponse { reason: "its transfer coding is broken", truncated: false }
    } else {
        Fault::BadResponse { reason: "it ends too early", truncated: true }
    }
}

/// The innermost cause, which is the one that an operator can act on.
fn cause_of(error: &Failure) -> Cause {
    let tls = chain(error).filter_map(|source| source.downcast_ref::<io::Error>()).find_map(within);
    if let Some(tls) = tls {
        let (code, message) = tls_cause(tls);
        return Cause { code: Some(code), message: message.to_owned() };
    }
    let closed_early = chain(error)
        .filter_map(|source| source.downcast_ref::<hyper::Error>())
        .any(|hyper| hyper.is_incomplete_message() || hyper.is_canceled());
    let io = chain(error).filter_map(|source| source.downcast_ref::<io::Error>()).last();
    let code = match io.and_then(system_code) {
        Some(code) => Some(code),
        None if error.is_dns() => Some("ENOTFOUND"),
        None if closed_early => Some("ECONNRESET"),
        None => None,
    };
    let message = match io {
        Some(io) if system_code(io).is_some() => io.kind().to_string(),
        _ => chain(error).last().map_or_else(String::new, ToString::to_string),
    };
    Cause { code, message: message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect() }
}

/// The TLS error within one of the system's, which the connector wraps once more. `source()` passes over both.
fn within(io: &io::Error) -> Option<&rustls::Error> {
    let inner = io.get_ref()?;
    inner.downcast_ref::<rustls::Error>().or_else(|| within(inner.downcast_ref::<io::Error>()?))
}

/// What TLS found wrong, under the code that Node's TLS has for it.
fn tls_cause(error: &rustls::Error) -> (&'static str, &'static str) {
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("CERT_HAS_EXPIRED", "its certificate has expired")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("CERT_NOT_YET_VALID", "its certificate is not valid yet")
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ("ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name")
            }
            CertificateError::UnknownIssuer => {
                ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its certificate is from an issuer that is not trusted")
            }
            CertificateError::BadSignature => ("CERT_SIGNATURE_FAILURE", "its certificate's signature is wrong"),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                ("INVALID_PURPOSE", "its certificate is for another purpose")
            }
            fault if is_of_a_ca(fault) => {
                ("DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is a CA's own, and is not trusted as a relay's")
            }
            _ => ("CERT_REJECTED", "its certificate cannot be used"),
        },
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            ("EPROTO", "it asks for a client certificate")
        }
        rustls::Error::AlertReceived(_) => ("EPROTO", "it broke off the TLS handshake"),
        rustls::Error::InvalidMessage(_) => ("EPROTO", "what it sent is not TLS"),
        _ => ("EPROTO", "there is no TLS version or cipher that both sides know, or the other side breaks its rules"),
    }
}

/// The system's name of an error, as Node spells it.
fn system_code(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => "ECONNREFUSED",
        io::ErrorKind::ConnectionReset => "ECONNRESET",
        io::ErrorKind::ConnectionAborted => "ECONNABORTED",
        io::ErrorKind::BrokenPipe => "EPIPE",
        io::ErrorKind::HostUnreachable => "EHOSTUNREACH",
        io::ErrorKind::NetworkUnreachable => "ENETUNREACH",
        io::ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
        io::ErrorKind::TimedOut => "ETIMEDOUT",
        _ => return None,
    })
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}
