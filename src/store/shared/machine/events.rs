//! Events and actions of the state machine.

use super::Moment;
use std::sync::Arc;
use std::time::Duration;

/// An event. Events of earlier sessions are ignored.
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
    /// The answer to [`Action::Beat`]: the count of messages, or `None` if the epoch has changed.
    Beat(Option<u64>),
    /// The answer to [`Action::Invalidate`] or [`Action::InvalidateAll`]: `true` if everything was carried out, `false` if the
    /// epoch has changed.
    Invalidated(bool),
    /// A message: a soul was invalidated.
    Message {
        /// Its number.
        n: u64,
        /// The client that invalidated it.
        origin: &'a str,
        /// The soul.
        soul: &'a str,
    },
    /// A message: every soul was invalidated, which begins a new epoch.
    All {
        /// The client that invalidated them.
        origin: &'a str,
        /// The new epoch.
        epoch: &'a str,
    },
    /// A message that cannot be read.
    Unreadable,
    /// The session failed (error, disconnection), for this reason.
    Failed(String),
}

/// An action; actions are to be carried out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a connection for the session with this number.
    Open(u64),
    /// Close the connection and drop its commands in flight.
    Close,
    /// Run the script HELLO.
    Hello {
        /// The epoch, if a new one begins.
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
    /// From now on, entries may be trusted until this moment; `None`: the store is off.
    Trust(Option<Moment>),
    /// The store is lost, for this reason. Reported once per outage, after the first attempt to reconnect has failed.
    Lost(String),
    /// The store is back after this time. Follows an [`Action::Lost`].
    Back(Duration),
}

impl Action {
    /// Whether the action is for the connection; others are for the client.
    pub fn is_io(&self) -> bool {
        use Action::{Beat, Close, Hello, Invalidate, InvalidateAll, Open};
        matches!(self, Open(_) | Close | Hello { .. } | Beat { .. } | Invalidate { .. } | InvalidateAll { .. })
    }
}

/// Why every soul is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// A session began: messages were missed.
    Connected,
    /// Messages of the session were missed.
    Gap,
    /// Another process invalidated every soul.
    Invalidated,
}
