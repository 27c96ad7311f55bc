//! From the network thread to one event loop: a queue of completions, with one wake-up for all that end about the same time.
//! No wake-up is lost, in whatever order threads end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio::task::yield_now;

/// Maximum text per turn of the event loop, about 150 records of the usual size. Parsing blocks the loop, and what is parsed
/// stays alive until the turn ends, so a burst of large records must not be one turn.
pub const MAX_TURN_BYTES: usize = 256 * 1024;

/// Maximum outcomes per turn. A failure costs about 50 µs in JavaScript, most of it for its stack trace.
pub const MAX_TURN_ITEMS: usize = 256;

/// With this many entries, the event loop is woken although more may come: its share of a wake-up is small then.
const ENOUGH: usize = 32;

/// What a queue entry uses up of a turn.
pub trait Weigh {
    /// Bytes of text that JavaScript will parse.
    fn text_bytes(&self) -> usize;

    /// Number of outcomes; each costs time in JavaScript.
    fn items(&self) -> usize {
        1
    }
}

/// Wakes an event loop because the queue has entries.
pub trait Wake {
    /// Called from any thread. Several calls before the loop runs may result in one wake-up.
    fn wake(&self);
}

/// What was delivered in one turn of the event loop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    bytes: usize,
    items: usize,
}

impl Turn {
    /// Counts an entry if there is room for it; returns whether there was. The first one always fits, since an entry may be
    /// larger than a turn.
    fn admit(&mut self, entry: &impl Weigh) -> bool {
        let bytes = self.bytes + entry.text_bytes();
        let items = self.items + entry.items();
        let fits = self.items == 0 || bytes <= MAX_TURN_BYTES && items <= MAX_TURN_ITEMS;
        if fits {
            *self = Self { bytes, items };
        }
        fits
    }
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Weak, mpsc};
    use std::thread;
    use std::time::Duration;
    use tokio::runtime::{Builder, Runtime};

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Entry {
        bytes: usize,
        items: usize,
    }

    impl Weigh for Entry {
        fn text_bytes(&self) -> usize {
            self.bytes
        }

        fn items(&self) -> usize {
            self.items
        }
    }

    const FAILURE: Entry = Entry { bytes: 0, items: 1 };

    struct Counter(Arc<AtomicUsize>);

    impl Wake for Counter {
        fn wake(&self) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    type Queue = Arc<CompletionQueue<Entry, Counter>>;

    fn open() -> (Queue, Arc<AtomicUsize>) {
        let (queue, wakes) = (Queue::default(), Arc::new(AtomicUsize::new(0)));
        queue.open(Counter(Arc::clone(&wakes)));
        (queue, wakes)
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().build().expect("a runtime")
    }

    /// Takes all, turn by turn; how many entries each turn had.
    fn turns(queue: &Queue) -> Vec<usize> {
        let mut counts = Vec::new();
        loop {
            let (entries, has_more) = queue.take(&mut Turn::default());
            counts.push(entries.len());
            if !has_more {
                return counts;
            }
        }
    }

    #[test]
    fn the_event_loop_is_woken_although_the_runtime_stops_right_after_the_last_completion() {
        let (queue, wakes) = open();
        queue.awaits(2);
        let runtime = runtime();
        runtime.block_on(async { assert!(queue.put([FAILURE])) });
        drop(runtime);
        assert_eq!(wakes.load(SeqCst), 1);
        assert_eq!(turns(&queue), [1]);
    }

    #[test]
    fn the_event_loop_is_woken_by_completions_of_tasks_that_a_stopping_runtime_drops() {
        struct CompletesOnDrop(Queue);
        impl Drop for CompletesOnDrop {
            fn drop(&mut self) {
                self.0.put([FAILURE]);
            }
        }
        for tasks in [1, 64, 300] {
            let (queue, wakes) = open();
            queue.awaits(1_000);
            let runtime = runtime();
            for _ in 0..tasks {
                let completes = CompletesOnDrop(Arc::clone(&queue));
                runtime.spawn(async move {
                    let _completes = completes;
                    std::future::pending::<()>().await;
                });
            }
            runtime.block_on(tokio::task::yield_now());
            runtime.shutdown_background();
            assert_eq!(wakes.load(SeqCst), 1, "{tasks} tasks");
            assert_eq!(turns(&queue).iter().sum::<usize>(), tasks);
        }
    }

    #[test]
    fn a_burst_is_one_wake_up_and_the_next_one_comes_after_all_was_taken() {
        let (queue, wakes) = open();
        let runtime = runtime();
        let burst = async {
            for _ in 0..300 {
                queue.put([FAILURE]);
            }
            tokio::task::yield_now().await;
        };
        runtime.block_on(burst);
        assert_eq!(wakes.load(SeqCst), 1);
        let (_, has_more) = queue.take(&mut Turn::default());
        assert!(has_more);
        queue.put([FAILURE]);
        assert_eq!(wakes.load(SeqCst), 1, "the event loop comes until nothing is left");
        assert_eq!(turns(&queue), [45]);
        queue.put([FAILURE]);
        assert_eq!(wakes.load(SeqCst), 2, "at once where no runtime is");
    }

    /// Adds an entry in each turn of the network thread; how many there were when the event loop was woken.
    fn woken_after(queue: &Queue, wakes: &AtomicUsize, entries: usize) -> usize {
        runtime().block_on(async {
            for added in 0.. {
                if wakes.load(SeqCst) > 0 {
                    return added;
                }
                if added < entries {
                    queue.put([FAILURE]);
                }
                yield_now().await;
            }
            unreachable!("it is woken some time")
        })
    }

    #[test]
    fn what_turns_of_the_network_thread_add_one_after_another_is_one_wake_up() {
        let (queue, wakes) = open();
        queue.awaits(1_000);
        assert!(woken_after(&queue, &wakes, 5) >= 5);
        assert_eq!(turns(&queue), [5]);
    }

    #[test]
    fn the_event_loop_does_not_wait_for_more_than_a_turn_is_worth() {
        let (queue, wakes) = open();
        queue.awaits(1_000);
        assert!((ENOUGH..ENOUGH + 3).contains(&woken_after(&queue, &wakes, 500)));
    }

    #[test]
    fn the_event_loop_is_woken_at_once_if_nothing_else_is_awaited() {
        let (queue, wakes) = open();
        let runtime = runtime();
        let _on_the_network_thread = runtime.enter();
        queue.awaits(1);
        queue.put([FAILURE]);
        assert_eq!(wakes.load(SeqCst), 1);
    }

    /// An event loop that runs at once, while the thread that wakes it has not gone on yet.
    struct RunsAtOnce {
        queue: Weak<CompletionQueue<Entry, RunsAtOnce>>,
        taken: mpsc::Sender<usize>,
    }

    impl Wake for RunsAtOnce {
        fn wake(&self) {
            let queue = self.queue.upgrade().expect("the test has it");
            let (done, ended) = mpsc::channel();
            thread::spawn(move || done.send(queue.take(&mut Turn::default()).0.len()));
            if let Ok(count) = ended.recv_timeout(Duration::from_secs(5)) {
                self.taken.send(count).expect("the test waits");
            }
        }
    }

    #[test]
    fn an_event_loop_that_runs_before_the_thread_that_woke_it_finds_the_queue_free() {
        let queue = Arc::new(CompletionQueue::default());
        let (taken, takes) = mpsc::channel();
        queue.open(RunsAtOnce { queue: Arc::downgrade(&queue), taken });
        queue.put([FAILURE]);
        assert_eq!(takes.try_recv(), Ok(1));
    }

    #[test]
    fn a_turn_is_bounded_in_bytes_and_in_items_and_a_larger_entry_goes_alone() {
        let (queue, _) = open();
        let text = |bytes| Entry { bytes, items: 1 };
        queue.put([text(350_000); 3]);
        assert_eq!(turns(&queue), [1, 1, 1]);
        queue.put([text(100_000); 5]);
        assert_eq!(turns(&queue), [2, 2, 1]);
        queue.put([FAILURE; 600]);
        assert_eq!(turns(&queue), [256, 256, 88]);
        queue.put([text(350_000), FAILURE, Entry { bytes: 0, items: 200 }, Entry { bytes: 0, items: 100 }]);
        assert_eq!(turns(&queue), [1, 2, 1]);
    }

    #[test]
    fn what_comes_during_a_turn_counts_for_the_same_turn() {
        let (queue, _) = open();
        let mut turn = Turn::default();
        queue.put([FAILURE; 200]);
        assert_eq!(queue.take(&mut turn), (vec![FAILURE; 200], false));
        queue.put([FAILURE; 100]);
        assert_eq!(queue.take(&mut turn), (vec![FAILURE; 56], true));
        assert_eq!(queue.take(&mut turn), (vec![], true));
        assert_eq!(turns(&queue), [44]);
    }

    #[test]
    fn a_closed_queue_accepts_nothing_and_wakes_nobody() {
        let (queue, wakes) = open();
        queue.awaits(2);
        let runtime = runtime();
        runtime.block_on(async { queue.put([FAILURE]) });
        queue.close();
        drop(runtime);
        assert_eq!(wakes.load(SeqCst), 0);
        assert!(!queue.put([FAILURE]));
        assert_eq!(turns(&queue), [0]);
    }
}
