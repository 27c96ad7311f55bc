//! From the network thread to one event loop: a queue of completions, with one wake-up for all that end about the same time.
//! No wake-up is lost, in whatever order threads end.

mod turn;

pub use turn::{MAX_TURN_BYTES, MAX_TURN_ITEMS, Turn, Weigh};

use crate::lock::lock;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use tokio::task::yield_now;

/// With this many entries, the event loop is woken although more may come: its share of a wake-up is small then.
const ENOUGH: usize = 32;

/// Wakes an event loop because the queue has entries.
pub trait Wake {
    /// Called from any thread. Several calls before the loop runs may result in one wake-up.
    fn wake(&self);
}

/// The queue of completions. It is bounded by what can be pending: waiting calls, retries of observed calls, closing
/// clients, log lines.
#[derive(Debug)]
pub struct CompletionQueue<T, W> {
    contents: Mutex<Contents<T>>,
    /// Calls that wait for an entry.
    awaited: AtomicUsize,
    /// `None` before the event loop is ready and after its end. Locked apart from the contents: a thread that is woken often runs
    /// at once, in place of the one that wakes it, and must find the contents free.
    wake: Mutex<Option<W>>,
}

#[derive(Debug)]
struct Contents<T> {
    entries: VecDeque<T>,
    /// Whether an event loop takes entries.
    is_open: bool,
    /// A wake-up is due or done, and the event loop takes entries until none are left.
    is_woken: bool,
}

impl<T, W> Default for CompletionQueue<T, W> {
    fn default() -> Self {
        let contents = Contents { entries: VecDeque::new(), is_open: false, is_woken: false };
        Self { contents: Mutex::new(contents), awaited: AtomicUsize::new(0), wake: Mutex::new(None) }
    }
}

impl<T, W> CompletionQueue<T, W> {
    /// Accepts entries from now on and calls `wake` for them.
    pub fn open(&self, wake: W) {
        *lock(&self.wake) = Some(wake);
        lock(&self.contents).is_open = true;
    }

    /// Accepts no more entries and drops the queued ones. After this returns, `wake` is no longer used.
    pub fn close(&self) {
        let entries = {
            let mut contents = lock(&self.contents);
            contents.is_open = false;
            std::mem::take(&mut contents.entries)
        };
        *lock(&self.wake) = None;
        // Without a lock: they may own the last reference to a client.
        drop(entries);
    }

    /// Sets the number of calls that wait for an entry: with as many entries, no more can come, and the event loop is woken at
    /// once. A number that is a moment old does no harm.
    pub fn awaits(&self, calls: usize) {
        self.awaited.store(calls, Relaxed);
    }

    /// Wakes the event loop.
    pub fn wake(&self)
    where
        W: Wake,
    {
        if let Some(wake) = &*lock(&self.wake) {
            wake.wake();
        }
    }
}

impl<T: Weigh + Send + 'static, W: Wake + Send + 'static> CompletionQueue<T, W> {
    /// Adds entries; returns whether an event loop will take them.
    pub fn put(self: &Arc<Self>, entries: impl IntoIterator<Item = T>) -> bool {
        let is_full = {
            let mut contents = lock(&self.contents);
            if !contents.is_open {
                return false;
            }
            contents.entries.extend(entries);
            if contents.entries.is_empty() || std::mem::replace(&mut contents.is_woken, true) {
                return true;
            }
            self.is_full(&contents)
        };
        let wakes = WakeOnDrop(Arc::clone(self));
        if let (false, Ok(runtime)) = (is_full, Handle::try_current()) {
            runtime.spawn(async move { wakes.0.gather().await });
        }
        true
    }

    /// Waits while each turn of the network thread adds entries, so that calls that end one after another are delivered together.
    /// A wake-up costs the two threads almost as much as a call.
    async fn gather(&self) {
        let mut before = 0;
        loop {
            yield_now().await;
            let contents = lock(&self.contents);
            let count = contents.entries.len();
            if count == before || self.is_full(&contents) {
                return;
            }
            before = count;
        }
    }

    /// Whether the event loop is to be woken at once.
    fn is_full(&self, contents: &Contents<T>) -> bool {
        contents.entries.len() >= self.awaited.load(Relaxed).min(ENOUGH)
    }

    /// Takes the entries that fit into `turn`; also returns whether more are left.
    pub fn take(&self, turn: &mut Turn) -> (Vec<T>, bool) {
        let mut contents = lock(&self.contents);
        let count = contents.entries.iter().take_while(|entry| turn.admit(*entry)).count();
        let entries = contents.entries.drain(..count).collect();
        let has_more = !contents.entries.is_empty();
        contents.is_woken = has_more;
        (entries, has_more)
    }
}

/// Wakes the event loop when dropped: when the task that holds it runs, or when the runtime stops first and drops the task.
struct WakeOnDrop<T, W: Wake>(Arc<CompletionQueue<T, W>>);

impl<T, W: Wake> Drop for WakeOnDrop<T, W> {
    fn drop(&mut self) {
        self.0.wake();
    }
}

#[cfg(test)]
mod tests;
