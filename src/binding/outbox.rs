//! The way from the network's thread to one JavaScript environment: a queue of what has ended, and a wake-up that tells
//! the event loop once per burst, not once per call.

use super::Client;
use crate::batch::BatchText;
use crate::error::CallError;
use crate::notice::Notice;
use crate::single_flight::{CallInfo, Outcome, Retry};
use napi::sys;
use std::collections::VecDeque;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;

/// Text handed over in one turn of the event loop. What is parsed in a turn stays alive until its end and keeps the loop
/// from all else: a burst of large records would be one long turn. It holds some 150 records of usual size.
const MAX_TURN_BYTES: usize = 256 * 1024;

/// Something that has ended, on its way to JavaScript.
pub enum Item {
    Call { id: u32, outcome: Outcome, info: CallInfo, is_watched: bool, client_id: u32, client: Client },
    Batch { id: u32, answer: BatchText, client_id: u32, client: Client },
    Retry { id: u32, watch: u32, retry: Retry },
    Notice { client_id: u32, notice: Notice },
    Closed { id: u32 },
    Flushed { id: u32, result: Result<(), CallError> },
}

impl Item {
    /// Bytes of the text that JavaScript will parse.
    fn text_bytes(&self) -> usize {
        match self {
            Item::Call { outcome, .. } => outcome.text_bytes(),
            Item::Batch { answer, .. } => answer.bytes(),
            Item::Retry { .. } | Item::Notice { .. } | Item::Closed { .. } | Item::Flushed { .. } => 0,
        }
    }
}

/// Where other threads leave items. It holds no more than there are calls waiting, retries of watched ones, clients
/// closing and lines due.
#[derive(Default)]
pub struct Outbox {
    contents: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    items: VecDeque<Item>,
    /// `None` once the environment is gone, from when on items have nowhere to go.
    wake: Option<Wake>,
}

struct Wake(sys::napi_threadsafe_function);

// SAFETY: Node's thread-safe functions may be called from any thread while they exist, which the mutex around this one
// and its removal before the environment's end see to.
unsafe impl Send for Wake {}

impl Outbox {
    /// Takes items from now on, and tells of them by this function, which must exist until [`Outbox::close`] has returned.
    pub fn open(&self, wake: sys::napi_threadsafe_function) {
        self.lock().wake = Some(Wake(wake));
    }

    /// Takes no more items and drops those that are there.
    pub fn close(&self) {
        let items = {
            let mut contents = self.lock();
            contents.wake = None;
            std::mem::take(&mut contents.items)
        };
        // With no lock held: the last owner of a client may be among them.
        drop(items);
    }

    /// Leaves an item; whether the environment is still there to take it.
    pub fn put(self: &Arc<Self>, item: Item) -> bool {
        let mut contents = self.lock();
        if contents.wake.is_none() {
            return false;
        }
        contents.items.push_back(item);
        let is_first = contents.items.len() == 1;
        drop(contents);
        if is_first {
            match Handle::try_current() {
                // A task of its own runs after those that are ready now, so that what ends together is told together.
                Ok(handle) => {
                    let outbox = Arc::clone(self);
                    handle.spawn(async move { outbox.wake() });
                }
                Err(_) => self.wake(),
            }
        }
        true
    }

    /// Tells the event loop that there is something to take.
    pub fn wake(&self) {
        if let Some(Wake(wake)) = &self.lock().wake {
            let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
            // SAFETY: the function exists as long as it stands in `wake`. A full queue means that the loop is woken already.
            unsafe { sys::napi_call_threadsafe_function(*wake, ptr::null_mut(), mode) };
        }
    }

    /// Takes what one turn of the event loop is for; whether there is more. One item at least, however long.
    pub fn take(&self) -> (Vec<Item>, bool) {
        let mut contents = self.lock();
        let mut bytes = 0;
        let count = contents.items.iter().take_while(|item| {
            let is_first = bytes == 0;
            bytes += item.text_bytes();
            is_first || bytes <= MAX_TURN_BYTES
        });
        let count = count.count();
        let items = contents.items.drain(..count).collect();
        (items, !contents.items.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
