//! What a request tells a caller besides the outcome.

use crate::error::CallError;
use std::sync::Arc;
use std::time::Duration;

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
