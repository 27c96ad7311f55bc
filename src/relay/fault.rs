//! What a failed exchange was, from the types of the errors beneath it, never from their text.

use super::resolver::Unresolved;
use crate::error::{Cause, Fault, NOT_HTTP};
use hyper_util::client::legacy;
use std::error::Error;
use std::io;

/// An exchange that failed before a status was read.
pub fn of_request(error: &legacy::Error) -> Fault {
    let is_garbage =
        chain(error).filter_map(|source| source.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse);
    if is_garbage {
        return Fault::BadResponse { reason: NOT_HTTP, truncated: false };
    }
    Fault::Connect(cause_of(error))
}

/// A 200 whose body could not be read to its end.
pub fn of_body(error: &hyper::Error) -> Fault {
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
fn cause_of(error: &legacy::Error) -> Cause {
    let closed_early = chain(error)
        .filter_map(|source| source.downcast_ref::<hyper::Error>())
        .any(|hyper| hyper.is_incomplete_message() || hyper.is_canceled());
    let io = chain(error).filter_map(|source| source.downcast_ref::<io::Error>()).last();
    let code = match io.and_then(system_code) {
        Some(code) => Some(code),
        None if chain(error).any(|source| source.is::<Unresolved>()) => Some("ENOTFOUND"),
        None if closed_early => Some("ECONNRESET"),
        None => None,
    };
    let message = match io {
        Some(io) if system_code(io).is_some() => io.kind().to_string(),
        _ => chain(error).last().map_or_else(String::new, ToString::to_string),
    };
    Cause { code, message: message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect() }
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
