//! What the state machine takes and what it gives.

use super::Moment;
use std::sync::Arc;
use std::time::Duration;

/// What happened. Those of a session carry its number: what an earlier one still says is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// Time has passed; see [`Machine::deadline`].
    Time,
    /// The connection is ready and subscribed.
    Opened,
    /// The answer to [`Action::Hello`].
    Hello {
        /// The store's epoch.
        epoch: Arc<str>,
        /// Its count of messages.
        n: u64,
    },
    /// The answer to [`Action::Beat`]: the count of messages, or `None` where the epoch is another one.
    Beat(Option<u64>),
    /// The answer to [`Action::Invalidate`] or [`Action::InvalidateAll`]: whether everything was carried out, or the epoch
    /// is another one.
    Invalidated(bool),
    /// A message: a soul was invalidated.
    Message {
        /// Its number.
        n: u64,
        /// Whose call it was.
        origin: &'a str,
        /// The soul.
        soul: &'a str,
    },
    /// A message: every soul was invalidated, and there is a new epoch.
    All {
        /// Whose call it was.
        origin: &'a str,
        /// The new epoch.
        epoch: &'a str,
    },
    /// A message that cannot be read.
    Unreadable,
    /// The session failed: an error, a disconnection. The text says why.
    Failed(String),
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a connection for the session of this number.
    Open(u64),
    /// Close the connection and forget what is on its way.
    Close,
    /// Run the script HELLO.
    Hello {
        /// The epoch, if there must be a new one.
        nonce: String,
    },
    /// Run the script BEAT.
    Beat {
        /// The epoch.
        epoch: Arc<str>,
    },
    /// Run the script INVALIDATE for each soul.
    Invalidate {
        /// The epoch.
        epoch: Arc<str>,
        /// The souls.
        souls: Vec<Arc<str>>,
    },
    /// Run the script that begins a new epoch.
    InvalidateAll {
        /// The new epoch.
        nonce: String,
    },
    /// Forget the soul, detach its request.
    Forget(String),
    /// Forget every soul, detach every request.
    ForgetAll(Flush),
    /// From now on, knowledge may be trusted until this moment; `None`: the store is off.
    Trust(Option<Moment>),
    /// The store is lost; the text says why. Reported once for an outage, after the first attempt to reconnect has failed.
    Lost(String),
    /// The store is back after this time. Follows a [`Action::Lost`].
    Back(Duration),
}

impl Action {
    /// Whether it is for the connection; the others are for the client.
    pub fn is_io(&self) -> bool {
        use Action::{Beat, Close, Hello, Invalidate, InvalidateAll, Open};
        matches!(self, Open(_) | Close | Hello { .. } | Beat { .. } | Invalidate { .. } | InvalidateAll { .. })
    }
}

/// Why everything is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// A session began: messages were missed.
    Connected,
    /// Messages of the session were missed.
    Gap,
    /// Another process invalidated every soul.
    Invalidated,
}
