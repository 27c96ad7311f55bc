//! Completions for one JavaScript environment, and how its event loop is woken.

use super::Client;
use gun_native::batch::Part;
use gun_native::completion_queue::{self, Wake, Weigh};
use gun_native::error::CallError;
use gun_native::notice::Notice;
use gun_native::single_flight::{CallInfo, Outcome, Retry};
use napi::sys;
use std::ptr;

/// A settled call, or a notice for a client's log or channels.
pub enum Completion {
    Call {
        id: u32,
        outcome: Outcome,
        info: CallInfo,
        is_watched: bool,
        as_body: bool,
        client_id: u32,
        client: Client,
    },
    /// A part of a batch's answer; the last one has the end.
    Batch {
        id: u32,
        part: Part,
        end: Option<BatchEnd>,
    },
    Retry {
        id: u32,
        watch: u32,
        retry: Retry,
    },
    Notice {
        client_id: u32,
        notice: Notice,
    },
    /// The result of `flushed()`.
    Flushed {
        id: u32,
        result: Result<(), CallError>,
    },
    Closed {
        id: u32,
    },
}

/// What to count when a batch has ended.
pub struct BatchEnd {
    pub calls: usize,
    pub hits: usize,
    pub client_id: u32,
    pub client: Client,
}

impl Completion {
    /// The id that ends with this completion.
    pub fn ends(&self) -> Option<u32> {
        match self {
            Self::Call { id, .. }
            | Self::Closed { id }
            | Self::Flushed { id, .. }
            | Self::Batch { id, end: Some(_), .. } => Some(*id),
            Self::Batch { .. } | Self::Retry { .. } | Self::Notice { .. } => None,
        }
    }
}

impl Weigh for Completion {
    fn text_bytes(&self) -> usize {
        match self {
            // A body is not parsed.
            Self::Call { as_body: true, .. } => 0,
            Self::Call { outcome, .. } => outcome.text_bytes(),
            Self::Batch { part, .. } => part.text.len(),
            Self::Retry { .. } | Self::Notice { .. } | Self::Closed { .. } | Self::Flushed { .. } => 0,
        }
    }

    fn items(&self) -> usize {
        match self {
            Self::Batch { part, .. } => part.failures.len().max(1),
            _ => 1,
        }
    }
}

/// The completions of one environment.
pub type CompletionQueue = completion_queue::CompletionQueue<Completion, JsWake>;

/// Node's way to call into an event loop from any thread.
pub struct JsWake(pub sys::napi_threadsafe_function);

// SAFETY: Node's thread-safe functions may be called from any thread while they exist, which the queue's lock around this
// one and its removal before the environment's end ensure.
unsafe impl Send for JsWake {}

impl Wake for JsWake {
    fn wake(&self) {
        let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
        // SAFETY: the function exists as long as the queue has it. A full queue means that the loop is woken already.
        unsafe { sys::napi_call_threadsafe_function(self.0, ptr::null_mut(), mode) };
    }
}
