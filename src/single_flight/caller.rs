//! Who waits for a request, and what it is told.

use crate::error::CallError;
use crate::record::RecordText;
use std::sync::Arc;
use std::time::Duration;

/// How a call ends. Cheap to clone: callers share what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay has the record.
    Found(RecordText),
    /// The relay has no record of the soul.
    Missing,
    /// It is not known whether there is a record.
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

    /// Bytes of the record's text, 0 where there is none.
    pub fn text_bytes(&self) -> usize {
        match self {
            Outcome::Found(record) => record.as_bytes().len(),
            Outcome::Missing | Outcome::Failed(_) => 0,
        }
    }

    /// Whether this ends a call that was counted when it began; a refused argument or a closed client begins none.
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

    /// Whether it wants to know of retries and of changes to the cache.
    fn is_watching(&self) -> bool {
        false
    }

    /// Another attempt will be made. Called if it is watching, with the request's waiters locked.
    fn retrying(&self, _retry: &Retry) {}
}

/// How a request came to its end.
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
    /// What became of the soul's entry, told to one caller of a request.
    pub change: Option<Change>,
}

/// What a request did to the negative cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The soul is remembered as missing.
    Inserted,
    /// The soul was remembered and is so no more.
    Invalidated,
}

/// An attempt has failed and another will be made.
#[derive(Debug, Clone)]
pub struct Retry {
    /// What the call would have failed with.
    pub error: Arc<CallError>,
    /// The pause before the next attempt.
    pub delay: Duration,
}
