//! Classification of failed exchanges by the types of their errors, never by text.

use super::os_error;
use super::resolver::Unresolved;
use super::tls_fault;
use crate::error::{Cause, Fault, NOT_HTTP};
use reqwest::Error as Failure;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Node's code for a proxy that refuses a tunnel.
const TUNNEL: &str = "ERR_PROXY_TUNNEL";

/// The route to the relay, for messages.
#[derive(Debug, Clone)]
pub struct Route {
    /// Whether the relay is asked by https.
    pub is_https: bool,
    /// The proxy without credentials.
    pub proxy: Option<Arc<str>>,
    /// The time of one connection attempt.
    pub connect_timeout: Duration,
}

/// An exchange that failed before a status was read.
pub fn of_request(error: &Failure, route: &Route) -> Fault {
    if hyper_errors(error).any(hyper::Error::is_parse) {
        return Fault::BadResponse { reason: NOT_HTTP, truncated: false };
    }
    if let Some(tls) = io_errors(error).find_map(within) {
        return Fault::Connect(tls_fault::cause(tls));
    }
    // The system's own timeout has an error number; reqwest's has none.
    let is_the_systems = io_errors(error).any(|io| io.raw_os_error().is_some());
    if error.is_connect() && error.is_timeout() && !is_the_systems {
        return Fault::ConnectTimeout { limit: route.connect_timeout, proxy: route.proxy.clone() };
    }
    let cause = cause_of(error, route);
    match &route.proxy {
        Some(proxy) if error.is_connect() => {
            let message = format!("proxy {proxy}: {}", cause.message);
            Fault::Connect(Cause { message, ..cause })
        }
        _ => Fault::Connect(cause),
    }
}

/// Whether the proxy refused a CONNECT: it was reached, and neither the system nor TLS reports an error.
pub fn is_refused_tunnel(error: &Failure, route: &Route) -> bool {
    let is_lower = error.is_timeout() || error.is_dns() || io_errors(error).next().is_some();
    route.is_https && route.proxy.is_some() && error.is_connect() && !is_lower
}

/// A tunnel that the proxy refused, with its status if known.
pub fn of_tunnel(route: &Route, status: Option<u16>) -> Fault {
    let proxy = route.proxy.as_deref().unwrap_or_default();
    let (message, hint) = match status {
        Some(407) => {
            (format!("proxy {proxy} answered 407 to CONNECT"), Some("give its user and password in option proxy"))
        }
        Some(status) => (format!("proxy {proxy} answered {status} to CONNECT"), None),
        None => (format!("proxy {proxy} made no tunnel"), None),
    };
    Fault::Connect(Cause { code: Some(TUNNEL), message, hint: hint.map(str::to_owned) })
}

/// A 200 whose body could not be read to its end.
pub fn of_body(error: &Failure) -> Fault {
    let is_malformed =
        io_errors(error).any(|io| matches!(io.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData));
    if is_malformed {
        Fault::BadResponse { reason: "its transfer coding is broken", truncated: false }
    } else {
        Fault::BadResponse { reason: "it ends too early", truncated: true }
    }
}

/// The innermost cause, the one that an operator can act on.
fn cause_of(error: &Failure, route: &Route) -> Cause {
    if let Some(unresolved) = chain(error).find_map(|source| source.downcast_ref::<Unresolved>()) {
        return Cause::new(Some(unresolved.code), unresolved.message.clone());
    }
    let io = io_errors(error).last();
    if let Some(code) = io.and_then(os_error::name) {
        let message = io.map_or_else(String::new, |io| match os_error::text(io) {
            Some(text) => text.to_owned(),
            None => io.kind().to_string(),
        });
        return Cause::new(Some(code), message);
    }
    let closed_early = hyper_errors(error).any(|hyper| hyper.is_incomplete_message() || hyper.is_canceled());
    let message = chain(error).last().map_or_else(String::new, ToString::to_string);
    let message: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if !closed_early {
        return Cause::new(None, message);
    }
    let cause = Cause::new(Some("ECONNRESET"), message);
    // Node's TLS server closes a plain connection without an answer.
    if route.is_https { cause } else { cause.with_hint("if the relay uses TLS, its URL begins with https://") }
}

/// The TLS error inside an I/O error, which the connector may wrap once more; `source()` skips both.
fn within(io: &io::Error) -> Option<&rustls::Error> {
    let inner = io.get_ref()?;
    inner.downcast_ref::<rustls::Error>().or_else(|| within(inner.downcast_ref::<io::Error>()?))
}

fn io_errors<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e io::Error> {
    chain(error).filter_map(|source| source.downcast_ref())
}

fn hyper_errors<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e hyper::Error> {
    chain(error).filter_map(|source| source.downcast_ref())
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}
