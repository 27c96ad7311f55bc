//! Callers of a request and the outcomes they receive.

use crate::error::CallError;
use crate::record::RecordText;
use std::sync::Arc;
use std::time::Duration;

/// Outcome of a call. Cheap to clone: callers share its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay has the record.
    Found(RecordText),
    /// The relay has no record of the soul.
    Missing,
    /// The call failed: it is unknown whether there is a record.
    Failed(Arc<CallError>),
}

impl Outcome {
    /// The same for a caller that waits for further outcomes; see [`RecordText::unguarded`].
    pub fn unguarded(self) -> Self {
        match self {
            Outcome::Found(record) => Outcome::Found(record.unguarded()),
            other => other,
        }
    }

    /// Bytes of the record's text, 0 without a record.
    pub fn text_bytes(&self) -> usize {
        match self {
            Outcome::Found(record) => record.as_bytes().len(),
            Outcome::Missing | Outcome::Failed(_) => 0,
        }
    }

    /// Whether this settles a call that was counted when it began. An invalid argument or a closed client begins no call.
    pub fn ends_a_call(&self) -> bool {
        match self {
            Outcome::Found(_) | Outcome::Missing => true,
            Outcome::Failed(error) => error.fault.code().ends_a_call(),
        }
    }
}

/// The caller behind a waiter.
pub trait Caller: Send + 'static {
    /// Receives the outcome; called once, on any thread, with no lock held.
    fn settle(self, outcome: Outcome, info: CallInfo);

    /// Whether it wants to be told of retries and cache changes.
    fn is_watching(&self) -> bool {
        false
    }

    /// Another attempt will be made. Called if it is watching, with the request's waiters locked.
    fn retrying(&self, _retry: &Retry) {}
}

/// Details of a completed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallInfo {
    /// Requests sent.
    pub attempts: u32,
    /// HTTP status of the last answer, where one was read.
    pub status: Option<u16>,
    /// Whether the request was under way when the caller came.
    pub joined: bool,
    /// Whether a store knew the answer, so the relay was not asked.
    pub is_hit: bool,
    /// Change to the soul's cache entry; reported to one caller of a request.
    pub change: Option<Change>,
}

/// What a request did to the negative cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The soul is remembered as missing.
    Inserted,
    /// The soul's entry was removed.
    Invalidated,
}

/// An attempt has failed and another will be made.
#[derive(Debug, Clone)]
pub struct Retry {
    /// The error that the call would have failed with.
    pub error: Arc<CallError>,
    /// The pause before the next attempt.
    pub delay: Duration,
}
