//! What can go wrong, as data: each fault knows its code, whether it is transient, and its sentence.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The codes that users match on. They stand here once; a test holds `index.d.ts` and the README to this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A bad argument, option or variable.
    InvalidArgument,
    /// No connection, or one that broke before the answer.
    Connect,
    /// No answer in time.
    Timeout,
    /// A status that is neither a record nor a missing soul.
    Status,
    /// A 200 that cannot be read.
    BadResponse,
    /// A 200 with too long a body.
    BodyTooLarge,
    /// Too many requests wait already.
    Overloaded,
    /// The relay has only failed for a while and is not asked.
    CircuitOpen,
    /// The client is closed.
    Closed,
    /// The shared store could not confirm that it has every invalidation.
    CacheStore,
    /// Thrown by the loader in JavaScript, where there is no native code to throw it.
    BinaryMissing,
}

impl Code {
    /// Every code, in the order of the contract.
    pub const ALL: [Code; 11] = [
        Code::InvalidArgument,
        Code::Connect,
        Code::Timeout,
        Code::Status,
        Code::BadResponse,
        Code::BodyTooLarge,
        Code::Overloaded,
        Code::CircuitOpen,
        Code::Closed,
        Code::CacheStore,
        Code::BinaryMissing,
    ];

    /// The text of `GunError.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidArgument => "ERR_GUN_INVALID_ARGUMENT",
            Code::Connect => "ERR_GUN_CONNECT",
            Code::Timeout => "ERR_GUN_TIMEOUT",
            Code::Status => "ERR_GUN_STATUS",
            Code::BadResponse => "ERR_GUN_BAD_RESPONSE",
            Code::BodyTooLarge => "ERR_GUN_BODY_TOO_LARGE",
            Code::Overloaded => "ERR_GUN_OVERLOADED",
            Code::CircuitOpen => "ERR_GUN_CIRCUIT_OPEN",
            Code::Closed => "ERR_GUN_CLOSED",
            Code::CacheStore => "ERR_GUN_CACHE_STORE",
            Code::BinaryMissing => "ERR_GUN_BINARY_MISSING",
        }
    }

    /// Whether a call that was counted when it began can end with it.
    pub fn ends_a_call(self) -> bool {
        !matches!(self, Code::InvalidArgument | Code::Closed | Code::CacheStore | Code::BinaryMissing)
    }
}

/// What lies below a connection fault, in the words of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Name of the system error as Node spells it, such as `ECONNREFUSED`, where there is one.
    pub code: Option<&'static str>,
    /// A sentence without credentials or data of the relay.
    pub message: String,
    /// What to do about it, where there is something to do.
    pub hint: Option<String>,
}

impl Cause {
    /// One without a hint.
    pub fn new(code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// The same with something to do about it.
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
        /// Requests that may be on the wire.
        max_in_flight: usize,
    },
    /// An HTTP status that is neither a record nor a missing soul.
    Status(u16),
    /// The same with what is known about it.
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
        /// It ends in the middle: a whole one may come at the next attempt.
        truncated: bool,
    },
    /// A 200 with too many bytes.
    BodyTooLarge {
        /// As many as there may be.
        limit: usize,
    },
    /// Too many requests wait already.
    Overloaded {
        /// As many as may wait.
        limit: usize,
    },
    /// The relay has only failed for a while and is not asked.
    CircuitOpen {
        /// Since the first failure of the run.
        failing_for: Duration,
        /// What it failed by at last.
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

    /// What lies below it, in the words of the system.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Fault::Connect(cause) => Some(cause),
            Fault::CircuitOpen { last, .. } => last.cause(),
            _ => None,
        }
    }

    /// The HTTP status of the answer that it is about, where one was read.
    pub fn status(&self) -> Option<u16> {
        match self {
            Fault::Status(status) | Fault::StatusWith { status, .. } => Some(*status),
            Fault::BadResponse { reason, .. } => (*reason != NOT_HTTP).then_some(200),
            Fault::BodyTooLarge { .. } => Some(200),
            _ => None,
        }
    }

    /// The status of an answer that was refused because of it.
    pub fn refused_status(&self) -> Option<u16> {
        self.status().filter(|_| self.code() == Code::Status)
    }

    /// The same fault of a call that fails at once, since it has less time left than the relay asks to be left alone.
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

    /// Whether the same call may succeed later with nothing changed but time.
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
            // RFC 9110 and 6585: the statuses that speak of the moment, not of the request.
            Fault::Status(status) | Fault::StatusWith { status, .. } => {
                matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
            }
            Fault::BadResponse { truncated, .. } => *truncated,
            Fault::InvalidArgument(_) | Fault::BodyTooLarge { .. } | Fault::Closed => false,
        }
    }
}

impl fmt::Display for Fault {
    /// A sentence about a relay, `it` in there; complete only for what a relay can do.
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

/// A failed call: the fault, and where, how often and how long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CallError {
    /// What went wrong.
    pub fault: Fault,
    /// The relay as it may be shown: without credentials.
    pub relay: Arc<str>,
    /// The soul that was asked for; empty when the call was about none.
    pub soul: Arc<str>,
    /// Requests that went on the wire for this call.
    pub attempts: u32,
    /// Time from the call's beginning.
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
    /// What to know and do about it, after a semicolon.
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

/// A duration as an operator reads it: `12 ms`, `1.2 s`.
pub struct Elapsed(pub Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(1) {
            write!(f, "{} ms", self.0.as_millis())
        } else {
            write!(f, "{:.1} s", self.0.as_secs_f64())
        }
    }
}

/// Somebody's text inside a message: quoted, at most [`Quoted::MAX_CHARS`] characters, nothing in it that could
/// break a line, move a cursor or turn the reading direction.
pub struct Quoted<'a>(pub &'a str);

impl Quoted<'_> {
    const MAX_CHARS: usize = 120;
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for (count, c) in self.0.chars().enumerate() {
            if count == Self::MAX_CHARS {
                return f.write_str("…\"");
            }
            match c {
                '"' | '\\' | '\n' | '\r' | '\t' => write!(f, "{}", c.escape_default())?,
                c if c.is_control() || reorders(c) => write!(f, "{}", c.escape_unicode())?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// Characters that show nothing themselves but change how their neighbours are shown (Unicode TR 36, TR 9).
fn reorders(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

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
