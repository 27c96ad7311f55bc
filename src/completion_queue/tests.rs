//! Wake-ups and turns.

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
