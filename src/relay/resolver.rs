//! Addresses of a client's host: the system's lookup, then, of several addresses, one that answers.
//!
//! The lookup is the system's (`getaddrinfo`), so that `/etc/hosts`, search domains and Docker's names work as in Node.
//! It blocks, so it runs on a thread of its own. A client looks up one name and has at most one such thread at a time, so
//! requests of other clients never wait for a lookup that hangs.

use super::os_error;
use crate::lock::lock;
use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// RFC 8305, section 8: the recommended delay before the next address is tried concurrently.
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// Maximum addresses of a host that are tried.
const MAX_ADDRESSES: usize = 16;

type Answer = Result<Vec<SocketAddr>, Unresolved>;

/// A failed lookup. Part of a request's error chain, where [`super::fault`] finds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unresolved {
    /// Node's code, such as `EAI_AGAIN`.
    pub code: &'static str,
    /// What happened, with the name.
    pub message: String,
}

/// The resolver of one client.
pub struct Resolver {
    /// Port of the relay, or of the proxy if there is one.
    port: u16,
    /// How long an address may take to answer.
    connect_timeout: Duration,
    look_up: fn(&str) -> Answer,
    /// The current lookup, or the last one.
    current: Mutex<Option<watch::Receiver<Option<Answer>>>>,
}

impl Resolver {
    /// For connections to this port.
    pub fn new(port: u16, connect_timeout: Duration) -> Self {
        Self { port, connect_timeout, look_up: of_the_system, current: Mutex::new(None) }
    }

    /// The answer of the current lookup, or of a new one.
    fn joined(&self, name: &str) -> Result<watch::Receiver<Option<Answer>>, Unresolved> {
        let mut current = lock(&self.current);
        let running = current.as_ref().filter(|last| last.borrow().is_none() && last.has_changed().is_ok());
        if let Some(running) = running {
            return Ok(running.clone());
        }
        let (answered, looked_up) = oneshot::channel();
        let (look_up, host) = (self.look_up, name.to_owned());
        let lookup = move || {
            let _ = answered.send(look_up(&host));
        };
        thread::Builder::new().name("gun-native-dns".to_owned()).spawn(lookup).map_err(|error| Unresolved {
            code: os_error::name(&error).unwrap_or("EAGAIN"),
            message: format!("no thread could be started to look up {name}; raise the limit of processes"),
        })?;
        let (sender, receiver) = watch::channel(None);
        let (port, connect_timeout) = (self.port, self.connect_timeout);
        tokio::spawn(async move {
            // If there is no answer, the sender is dropped, which the waiters notice.
            let Ok(answer) = looked_up.await else { return };
            let answer = match answer {
                Ok(addresses) => Ok(reachable(with_port(addresses, port), connect_timeout).await),
                failed => failed,
            };
            let _ = sender.send(Some(answer));
        });
        *current = Some(receiver.clone());
        Ok(receiver)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let joined = self.joined(name.as_str());
        Box::pin(async move {
            let mut answer = joined?;
            let answer = answer.wait_for(Option::is_some).await.map(|answer| answer.clone().unwrap_or(Ok(Vec::new())));
            let addresses = answer.map_err(|_| Unresolved {
                code: "EAI_FAIL",
                message: format!("the lookup of {} broke off", name.as_str()),
            })??;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses in the system's order (RFC 6724), alternating between families (RFC 8305, section 4).
fn with_port(addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    first.reverse();
    second.reverse();
    let mut in_turn = Vec::new();
    while in_turn.len() < MAX_ADDRESSES {
        let before = in_turn.len();
        in_turn.extend(first.pop());
        in_turn.extend(second.pop());
        if in_turn.len() == before {
            break;
        }
    }
    in_turn.iter_mut().for_each(|address| address.set_port(port));
    in_turn
}

/// Of several addresses, the first one that accepts a connection ("Happy Eyeballs", RFC 8305), or all of them if none does,
/// so that connecting reports the reason. The connection itself is not used: reqwest opens its own, but would wait for a
/// silent address for its full share of the connect timeout, even if another one would answer at once.
async fn reachable(addresses: Vec<SocketAddr>, connect_timeout: Duration) -> Vec<SocketAddr> {
    if addresses.len() < 2 {
        return addresses;
    }
    match timeout(connect_timeout, first_to_accept(&addresses)).await {
        Ok(Some(address)) => vec![address],
        _ => addresses,
    }
}

async fn first_to_accept(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let mut attempts = JoinSet::new();
    let mut rest = addresses.iter().copied();
    loop {
        let next = rest.next();
        if let Some(address) = next {
            attempts.spawn(async move { TcpStream::connect(address).await.ok().map(|_| address) });
        }
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Some(address))) => return Some(address),
                Some(_) => {}
                None => return None,
            },
            () = sleep(NEXT_ADDRESS_AFTER), if next.is_some() => {}
        }
    }
}

fn of_the_system(name: &str) -> Answer {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(|error| unresolved(name, error))?;
    // Addresses of a family that the library does not know are skipped.
    let mut addresses: Vec<SocketAddr> = found.filter_map(Result::ok).map(|found| found.sockaddr).collect();
    addresses.dedup();
    Ok(addresses)
}

fn unresolved(name: &str, error: LookupError) -> Unresolved {
    let kind = error.kind();
    let error = io::Error::from(error);
    let (code, what) = match kind {
        LookupErrorKind::Again => ("EAI_AGAIN", "the DNS server does not answer, or knows no answer now"),
        LookupErrorKind::NoName | LookupErrorKind::NoData => ("ENOTFOUND", "there is no such host"),
        LookupErrorKind::Fail => ("EAI_FAIL", "the DNS server failed"),
        LookupErrorKind::Memory => ("EAI_MEMORY", "out of memory"),
        LookupErrorKind::Family => ("EAI_FAMILY", "its family of addresses is not supported"),
        _ => (os_error::name(&error).unwrap_or("EAI_FAIL"), os_error::text(&error).unwrap_or("the lookup failed")),
    };
    Unresolved { code, message: format!("host {name} could not be looked up: {what}") }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("port", &self.port).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
