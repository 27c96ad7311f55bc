//! What is promised, checked at each use of knowledge and at each entry of the store.

use super::*;

pub struct Invalidation {
    pub by: usize,
    pub called: Moment,
    pub reached: Option<Moment>,
}

impl Simulation {
    pub(super) fn check_use(&mut self, process: usize, soul: Soul, known: Known, waiter: Waiter, what: &str) {
        self.counts.from_store += u64::from(known.from_store);
        let old = self.invalidations[soul].iter().find(|one| {
            let is_over = match one.reached {
                // P3: at the message, otherwise within the lease.
                Some(reached) => waiter.trust == Trust::Everything && reached + LEASE < waiter.since,
                None => false,
            };
            // Its own hold at once.
            known.seen < one.called && ((one.by == process && one.called < waiter.since) || is_over)
        });
        if let Some(old) = old {
            self.violation = Some(format!(
                "process {process} at {:?} ({:?}) used knowledge from {:?} of soul {soul} out of {what}, which {} \
                 invalidated at {:?}, in the store at {:?}",
                waiter.since, waiter.trust, known.seen, old.by, old.called, old.reached
            ));
        }
    }

    /// P1: after an invalidation has reached the store, the store never has what was seen before.
    pub(super) fn check_entry(&mut self, soul: Soul, seen: Moment, what: &str) {
        let old = self.invalidations[soul].iter().find(|one| seen < one.called && one.reached.is_some());
        if let Some(old) = old {
            let (now, called, reached) = (self.now, old.called, old.reached);
            self.violation = Some(format!(
                "the store {what} knowledge from {seen:?} of soul {soul} at {now:?}, invalidated at {called:?}, in the \
                 store at {reached:?}"
            ));
        }
    }
}
