//! A failed call and its message.

use super::{Cause, Elapsed, Fault, NOT_HTTP, Quoted};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A failed call: the fault, and where, how often and how long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CallError {
    /// What went wrong.
    pub fault: Fault,
    /// The relay as it may be shown: without credentials.
    pub relay: Arc<str>,
    /// The soul that was asked for; empty when the call was about none.
    pub soul: Arc<str>,
    /// Attempts made for this call.
    pub attempts: u32,
    /// Time since the call began.
    pub elapsed: Duration,
    /// What the fallback relays answered, if they were asked and had no record.
    pub others: Vec<OtherRelay>,
}

/// What a fallback relay answered instead of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRelay {
    /// The relay as it may be shown: without credentials.
    pub relay: Arc<str>,
    /// How it failed; `None` if it has no record.
    pub fault: Option<Fault>,
}

impl fmt::Display for OtherRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Some(fault) => write!(f, "fallback relay {}: {fault}", self.relay),
            None => write!(f, "fallback relay {} has no record of it", self.relay),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relay = &self.relay;
        let soul = Quoted(&self.soul);
        match &self.fault {
            Fault::InvalidArgument(text) => return f.write_str(text),
            Fault::CacheStore(text) => return f.write_str(text),
            Fault::Overloaded { limit } => {
                return write!(f, "relay {relay} was not asked for soul {soul}: {limit} requests wait already");
            }
            Fault::QueueTimeout { max_in_flight } => {
                let time = Elapsed(self.elapsed);
                return write!(
                    f,
                    "relay {relay} was not asked for soul {soul}: the call timed out in the queue after {time}, with \
                     {max_in_flight} requests in flight; a larger maxInFlight (GUN_MAX_IN_FLIGHT) shortens the wait"
                );
            }
            Fault::CircuitOpen { failing_for, last } => {
                let time = Elapsed(*failing_for);
                write!(f, "relay {relay} was not asked for soul {soul}: it has done nothing but fail for {time}")?;
                return match &**last {
                    Fault::Connect(cause) => write!(f, ", and could not be reached at last: {}", cause.message),
                    Fault::Status(status) | Fault::StatusWith { status, .. } => {
                        write!(f, ", and answered {status} at last")
                    }
                    Fault::BadResponse { reason, .. } => write!(f, ", and gave an unusable answer at last: {reason}"),
                    _ => f.write_str(", and did not answer in time at last"),
                };
            }
            Fault::Closed => return write!(f, "the client of relay {relay} is closed"),
            Fault::Connect(cause) => {
                write!(f, "relay {relay} could not be reached for soul {soul}: {}", cause.message)?
            }
            Fault::Timeout | Fault::AttemptTimeout { .. } | Fault::ConnectTimeout { .. } => {
                write!(f, "relay {relay} did not answer in time for soul {soul}")?;
            }
            Fault::Status(status) | Fault::StatusWith { status, .. } => {
                write!(f, "relay {relay} answered {status} for soul {soul}")?;
            }
            Fault::BadResponse { reason, .. } => {
                write!(f, "relay {relay} gave an unusable answer for soul {soul}: {reason}")?;
            }
            Fault::BodyTooLarge { limit } => {
                write!(f, "relay {relay} sent more than {limit} bytes for soul {soul}")?;
            }
        }
        self.write_hint(f)?;
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(f, " ({} attempt{plural} in {})", self.attempts, Elapsed(self.elapsed))
    }
}

impl CallError {
    /// What to know and do about it, following a semicolon.
    fn write_hint(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::Connect(Cause { hint: Some(hint), .. }) => write!(f, "; {hint}"),
            Fault::AttemptTimeout { limit } => write!(f, "; attemptTimeoutMs ended ({})", Elapsed(*limit)),
            Fault::ConnectTimeout { limit, proxy: None } => {
                write!(f, "; there was no connection within connectTimeoutMs ({})", Elapsed(*limit))
            }
            Fault::ConnectTimeout { limit, proxy: Some(proxy) } => {
                write!(f, "; there was no connection to proxy {proxy} within connectTimeoutMs ({})", Elapsed(*limit))
            }
            Fault::StatusWith { note, .. } => write!(f, "; {note}"),
            Fault::Status(404) => f.write_str("; a relay says {\"error\":\"Not found\"}: wrong path or a proxy?"),
            Fault::BadResponse { reason, .. } if *reason == NOT_HTTP && self.relay.starts_with("http:") => {
                f.write_str("; if the relay uses TLS, its URL begins with https://")
            }
            _ => Ok(()),
        }
    }
}
