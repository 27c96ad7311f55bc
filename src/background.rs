//! Blocking work off the network thread.

use crate::lock::lock;
use std::sync::{Arc, Mutex};
use std::thread;
use tokio::sync::oneshot;

/// Runs the work on a thread of its own, or on this one if the system has no thread left, for example at a process limit.
/// `None` if the work panicked.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let job = Arc::new(Mutex::new(Some(move || drop(done.send(work())))));
    let take = move |job: &Mutex<Option<_>>| lock(job).take();
    let ours = Arc::clone(&job);
    let spawned = thread::Builder::new().name("gun-native-helper".to_owned()).spawn(move || {
        if let Some(job) = take(&ours) {
            job();
        }
    });
    if spawned.is_err()
        && let Some(job) = take(&job)
    {
        job();
    }
    drop(job);
    result.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_on_another_thread_and_a_panic_is_no_result() {
        let here = thread::current().id();
        assert_eq!(run(move || thread::current().id() != here).await, Some(true));
        assert_eq!(run(|| -> u8 { panic!("on purpose") }).await, None);
    }
}
