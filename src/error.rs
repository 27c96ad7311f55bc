//! Errors as data: each fault knows its code, whether it is transient, and its sentence.

mod call;
mod code;
mod text;

pub use call::{CallError, OtherRelay};
pub use code::Code;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
pub use text::{Elapsed, Quoted};

/// The cause of a connection fault, in the words of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Name of the system error as Node spells it, such as `ECONNREFUSED`, where there is one.
    pub code: Option<&'static str>,
    /// A sentence without credentials or data of the relay.
    pub message: String,
    /// What to do about it, if there is something to do.
    pub hint: Option<String>,
}

impl Cause {
    /// A cause without a hint.
    pub fn new(code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// Adds a hint.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// What went wrong in one attempt or one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An argument, an option or a variable of the environment; the text names it.
    InvalidArgument(String),
    /// Refused, reset, closed early, DNS, TLS.
    Connect(Cause),
    /// No answer within the call's time.
    Timeout,
    /// No answer within the time of one attempt.
    AttemptTimeout {
        /// That time.
        limit: Duration,
    },
    /// No connection within the time of one connection attempt.
    ConnectTimeout {
        /// That time.
        limit: Duration,
        /// The proxy that was connected to, if there is one.
        proxy: Option<Arc<str>>,
    },
    /// No permit within the call's time: the relay was not asked.
    QueueTimeout {
        /// The client's `maxInFlight`.
        max_in_flight: usize,
    },
    /// An HTTP status that is neither a record nor a missing soul.
    Status(u16),
    /// The same with a note.
    StatusWith {
        /// The status.
        status: u16,
        /// The end of a sentence: where it points, who sent it, or how long the relay asks to be left alone.
        note: Arc<str>,
    },
    /// A 200 that cannot be read.
    BadResponse {
        /// What is wrong with it, as the end of a sentence about the answer.
        reason: &'static str,
        /// The body ends early; the next attempt may get all of it.
        truncated: bool,
    },
    /// A 200 with too many bytes.
    BodyTooLarge {
        /// The maximum.
        limit: usize,
    },
    /// The queue is full.
    Overloaded {
        /// Its size.
        limit: usize,
    },
    /// The relay has only failed for a while and is not asked.
    CircuitOpen {
        /// Since the first failure of the run.
        failing_for: Duration,
        /// Its last failure.
        last: Arc<Fault>,
    },
    /// The client was closed before the call.
    Closed,
    /// The shared store has not confirmed every invalidation; a sentence that names the store.
    CacheStore(Arc<str>),
}

impl Fault {
    /// The code that users match on.
    pub fn code(&self) -> Code {
        match self {
            Fault::InvalidArgument(_) => Code::InvalidArgument,
            Fault::Connect(_) => Code::Connect,
            Fault::Timeout
            | Fault::AttemptTimeout { .. }
            | Fault::ConnectTimeout { .. }
            | Fault::QueueTimeout { .. } => Code::Timeout,
            Fault::Status(_) | Fault::StatusWith { .. } => Code::Status,
            Fault::BadResponse { .. } => Code::BadResponse,
            Fault::BodyTooLarge { .. } => Code::BodyTooLarge,
            Fault::Overloaded { .. } => Code::Overloaded,
            Fault::CircuitOpen { .. } => Code::CircuitOpen,
            Fault::Closed => Code::Closed,
            Fault::CacheStore(_) => Code::CacheStore,
        }
    }

    /// Its cause, in the words of the system.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Fault::Connect(cause) => Some(cause),
            Fault::CircuitOpen { last, .. } => last.cause(),
            _ => None,
        }
    }

    /// The HTTP status of the answer, if one was read.
    pub fn status(&self) -> Option<u16> {
        match self {
            Fault::Status(status) | Fault::StatusWith { status, .. } => Some(*status),
            Fault::BadResponse { reason, .. } => (*reason != NOT_HTTP).then_some(200),
            Fault::BodyTooLarge { .. } => Some(200),
            _ => None,
        }
    }

    /// The HTTP status, if it is the reason for the failure.
    pub fn refused_status(&self) -> Option<u16> {
        self.status().filter(|_| self.code() == Code::Status)
    }

    /// The same fault with a note: the call fails at once because the relay's `Retry-After` exceeds its remaining time.
    pub fn without_waiting(self, retry_after: Duration) -> Self {
        let note = match &self {
            Fault::Status(_) => String::new(),
            Fault::StatusWith { note, .. } => format!("{note}; "),
            _ => return self,
        };
        let status = self.status().unwrap_or_default();
        let seconds = retry_after.as_secs();
        let note =
            format!("{note}it asks to wait {seconds} s (Retry-After), longer than the call has left (timeoutMs)");
        Fault::StatusWith { status, note: note.into() }
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Fault::Connect(_)
            | Fault::Timeout
            | Fault::AttemptTimeout { .. }
            | Fault::ConnectTimeout { .. }
            | Fault::QueueTimeout { .. }
            | Fault::Overloaded { .. }
            | Fault::CircuitOpen { .. }
            | Fault::CacheStore(_) => true,
            // RFC 9110 and 6585: statuses that are about the moment, not about the request.
            Fault::Status(status) | Fault::StatusWith { status, .. } => {
                matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
            }
            Fault::BadResponse { truncated, .. } => *truncated,
            Fault::InvalidArgument(_) | Fault::BodyTooLarge { .. } | Fault::Closed => false,
        }
    }
}

impl fmt::Display for Fault {
    /// A sentence in which `it` is the relay. Faults without a relay have only their own text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Connect(cause) => write!(f, "it could not be reached: {}", cause.message),
            Fault::Timeout | Fault::AttemptTimeout { .. } => f.write_str("it did not answer in time"),
            Fault::ConnectTimeout { .. } => f.write_str("it could not be reached in time"),
            Fault::Status(status) | Fault::StatusWith { status, .. } => write!(f, "it answered {status}"),
            Fault::BadResponse { reason, .. } => write!(f, "it gave an unusable answer: {reason}"),
            Fault::BodyTooLarge { limit } => write!(f, "it sent more than {limit} bytes"),
            Fault::CircuitOpen { failing_for, last } => {
                write!(f, "it was not asked: it has only failed for {}, and {last}", Elapsed(*failing_for))
            }
            Fault::InvalidArgument(text) => f.write_str(text),
            Fault::QueueTimeout { .. } | Fault::Overloaded { .. } => {
                f.write_str("it was not asked: too many requests wait")
            }
            Fault::Closed => f.write_str("the client is closed"),
            Fault::CacheStore(text) => f.write_str(text),
        }
    }
}

/// The reason of the one [`Fault::BadResponse`] that has no status.
pub const NOT_HTTP: &str = "it is not HTTP";

#[cfg(test)]
mod tests {
    use super::*;

    fn error(fault: Fault, soul: &str, attempts: u32, millis: u64) -> String {
        CallError {
            fault,
            relay: "http://gun-relay:8765".into(),
            soul: soul.into(),
            attempts,
            elapsed: Duration::from_millis(millis),
            others: Vec::new(),
        }
        .to_string()
    }

    #[test]
    fn a_message_says_what_where_how_often_and_how_long() {
        assert_eq!(
            error(Fault::Status(503), "oip:registry", 3, 1_200),
            r#"relay http://gun-relay:8765 answered 503 for soul "oip:registry" (3 attempts in 1.2 s)"#
        );
        assert_eq!(
            error(Fault::Timeout, "a", 1, 20),
            r#"relay http://gun-relay:8765 did not answer in time for soul "a" (1 attempt in 20 ms)"#
        );
    }

    #[test]
    fn an_open_circuit_says_for_how_long_and_what_the_last_failure_was() {
        let cause = Cause::new(Some("ECONNREFUSED"), "connection refused");
        for (last, shown) in [
            (Fault::Status(503), "answered 503 at last"),
            (Fault::Timeout, "did not answer in time at last"),
            (Fault::Connect(cause), "could not be reached at last: connection refused"),
            (
                Fault::BadResponse { reason: "it ends too early", truncated: true },
                "gave an unusable answer at last: it ends too early",
            ),
        ] {
            let open = Fault::CircuitOpen { failing_for: Duration::from_millis(12_300), last: Arc::new(last) };
            let expected =
                "relay http://gun-relay:8765 was not asked for soul \"a\": it has done nothing but fail for 12.3 s";
            assert_eq!(error(open, "a", 0, 0), format!("{expected}, and {shown}"));
        }
    }

    #[test]
    fn a_soul_in_a_message_can_neither_break_the_line_nor_flood_it() {
        let text = error(Fault::Timeout, "a\nb\u{1b}[31m\u{202e}\"", 0, 0);
        assert!(text.contains(r#""a\nb\u{1b}[31m\u{202e}\"""#), "{text}");
        assert!(error(Fault::Timeout, &"é".repeat(4000), 0, 0).len() < 500);
    }

    #[test]
    fn transient_statuses_are_those_of_the_contract() {
        let transient: Vec<u16> = (100..600).filter(|status| Fault::Status(*status).is_transient()).collect();
        assert_eq!(transient, [408, 425, 429, 500, 502, 503, 504]);
    }
}
