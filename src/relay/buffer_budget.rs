//! A budget in bytes for bodies that were read but not yet delivered to JavaScript. Beyond it, reading pauses.
//!
//! Bodies take room as they grow, since their sizes are not known in advance. So many of them could be half read with no room
//! for any; therefore one body at a time may overdraw. It may do so only while no complete text waits for delivery, since
//! a delivery makes room, and until its own text is delivered. So memory never holds more than the budget and one body, and
//! a body larger than the whole budget is possible.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The budget of one client.
#[derive(Debug)]
pub struct BufferBudget {
    bytes: Arc<Semaphore>,
    /// One permit, for the body that may overdraw.
    overdraft: Arc<Semaphore>,
    /// Complete texts that were not delivered.
    undelivered: AtomicUsize,
    all_delivered: Notify,
}

impl BufferBudget {
    /// A budget of `bytes` bytes.
    pub fn new(bytes: u64) -> Arc<Self> {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            bytes: Arc::new(Semaphore::new(bytes)),
            overdraft: Arc::new(Semaphore::new(1)),
            undelivered: AtomicUsize::new(0),
            all_delivered: Notify::new(),
        })
    }

    /// The room of a new body, empty at first.
    pub fn room(self: &Arc<Self>) -> Room {
        Room { budget: Arc::clone(self), taken: None, overdraft: None, is_complete: false }
    }

    /// Waits for the right to overdraw, which exists while no delivery can make room.
    async fn overdraft(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let delivered = self.all_delivered.notified();
            if self.undelivered.load(SeqCst) > 0 {
                delivered.await;
                continue;
            }
            let permit = Arc::clone(&self.overdraft).acquire_owned().await.ok()?;
            if self.undelivered.load(SeqCst) == 0 {
                return Some(permit);
            }
        }
    }
}

/// One body's part of the budget, released when dropped.
#[derive(Debug)]
pub struct Room {
    budget: Arc<BufferBudget>,
    taken: Option<OwnedSemaphorePermit>,
    overdraft: Option<OwnedSemaphorePermit>,
    is_complete: bool,
}

impl Room {
    /// Takes room for more bytes if it is available; returns whether it was.
    pub fn try_take(&mut self, bytes: usize) -> bool {
        if self.overdraft.is_some() {
            return true;
        }
        let permit = Arc::clone(&self.budget.bytes).try_acquire_many_owned(permits(bytes));
        permit.is_ok_and(|permit| {
            self.add(permit);
            true
        })
    }

    /// Takes room for more bytes, waiting for it in order.
    pub async fn take(&mut self, bytes: usize) {
        if self.try_take(bytes) {
            return;
        }
        let (budget, semaphore) = (Arc::clone(&self.budget), Arc::clone(&self.budget.bytes));
        tokio::select! {
            biased;
            permit = semaphore.acquire_many_owned(permits(bytes)) => {
                if let Ok(permit) = permit {
                    self.add(permit);
                }
            }
            overdraft = budget.overdraft() => {
                self.overdraft = overdraft;
                // The overdraft covers the whole body: release what it took so far.
                self.taken = None;
            }
        }
    }

    /// Marks the body as complete: the room now belongs to the text until it is delivered.
    pub fn completed(mut self) -> Self {
        self.budget.undelivered.fetch_add(1, SeqCst);
        self.is_complete = true;
        self
    }

    fn add(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            None => self.taken = Some(permit),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // The room must be free before the waiters are notified.
        self.taken = None;
        self.overdraft = None;
        if self.is_complete && self.budget.undelivered.fetch_sub(1, SeqCst) == 1 {
            self.budget.all_delivered.notify_waiters();
        }
    }
}

fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    async fn waits(room: &mut Room, bytes: usize) -> bool {
        timeout(Duration::from_secs(1), room.take(bytes)).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn reading_pauses_beyond_the_budget_and_goes_on_as_texts_are_delivered() {
        let budget = BufferBudget::new(100);
        let mut first = budget.room();
        assert!(first.try_take(60) && first.try_take(40));
        let first = first.completed();
        let mut second = budget.room();
        assert!(!second.try_take(1));
        assert!(waits(&mut second, 1).await, "the complete text will make room");
        drop(first);
        assert!(second.try_take(100));
    }

    #[tokio::test(start_paused = true)]
    async fn one_body_larger_than_the_budget_passes_and_the_next_waits_for_its_delivery() {
        let budget = BufferBudget::new(10);
        let mut large = budget.room();
        for _ in 0..100 {
            assert!(!waits(&mut large, 1_000).await);
        }
        let mut next = budget.room();
        assert!(waits(&mut next, 1_000).await, "one at a time");
        let large = large.completed();
        assert!(waits(&mut next, 1_000).await, "not delivered yet");
        drop(large);
        assert!(!waits(&mut next, 1_000).await);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_are_half_read_do_not_block_each_other_for_ever() {
        let budget = BufferBudget::new(1_000);
        let bodies: Vec<_> = (0..50)
            .map(|_| {
                let mut room = budget.room();
                tokio::spawn(async move {
                    for _ in 0..100 {
                        room.take(20).await;
                        sleep(Duration::from_millis(1)).await;
                    }
                    let text = room.completed();
                    sleep(Duration::from_millis(50)).await;
                    drop(text);
                })
            })
            .collect();
        for body in bodies {
            timeout(Duration::from_secs(3_600), body).await.expect("in time").expect("ran");
        }
        assert_eq!(budget.bytes.available_permits(), 1_000);
        assert_eq!(budget.overdraft.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_body_that_overdraws_leaves_the_budget_to_others() {
        let budget = BufferBudget::new(100);
        let mut large = budget.room();
        assert!(large.try_take(100));
        large.take(1_000).await;
        assert!(budget.room().try_take(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_given_up_frees_its_room_and_its_right_to_overdraw() {
        let budget = BufferBudget::new(10);
        let mut given_up = budget.room();
        given_up.take(10).await;
        given_up.take(10).await;
        drop(given_up);
        let (mut overdraws, mut fills, mut third) = (budget.room(), budget.room(), budget.room());
        overdraws.take(11).await;
        fills.take(10).await;
        assert!(waits(&mut third, 1).await);
        drop((overdraws, fills));
        assert!(third.try_take(10));
    }
}
