//! The lock of a negative cache. Under it, first the reads of mirrors are applied, and last they hear of what changed.

use super::NegativeCache;
use super::entries::Entries;
use super::list::Index;
use super::mirror::Mirrors;
use crate::lock::lock;
use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Entries per lock when all are visited, so that a reader waits for well under a millisecond.
pub(super) const ENTRIES_AT_ONCE: usize = 256;

/// Pause between two of those locks. The system makes it some 50 µs longer; a sweep of a million entries pauses for 0.3 s.
const GIVE_WAY: Duration = Duration::from_micros(1);

/// What the lock protects.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) entries: Entries,
    pub(super) mirrors: Mirrors,
}

/// The entries, locked. Mirrors hear of what changed before the lock is released.
pub(super) struct Locked<'c> {
    pub(super) guard: MutexGuard<'c, Contents>,
    /// The entries' when they were locked.
    version: u64,
}

impl Deref for Locked<'_> {
    type Target = Entries;

    fn deref(&self) -> &Entries {
        &self.guard.entries
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Entries {
        &mut self.guard.entries
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.guard.entries.version() != self.version {
            self.guard.mirrors.forget();
        }
    }
}

impl NegativeCache {
    pub(super) fn lock(&self) -> Option<Locked<'_>> {
        let mut guard = lock(self.contents.as_ref()?);
        let Contents { entries, mirrors } = &mut *guard;
        mirrors.work_off(entries, |entries, index| {
            self.counts.mirrored_hits.fetch_add(1, Relaxed);
            if let Some(index) = index {
                self.note_read(entries, index);
            }
        });
        let version = entries.version();
        Some(Locked { guard, version })
    }

    pub(super) fn note_read(&self, entries: &mut Entries, index: Index) {
        if entries.life(index).is_learned {
            self.counts.learned_hits.fetch_add(1, Relaxed);
        }
        entries.touch(index);
    }

    /// Visits all slots, some per lock: `visit` gets the first slot of each group and returns whether more follow.
    pub(super) fn for_slots(&self, mut visit: impl FnMut(&mut Entries, usize) -> bool) {
        let mut first = 0;
        while self.lock().is_some_and(|mut entries| visit(&mut entries, first)) {
            first += ENTRIES_AT_ONCE;
            // A thread that takes the lock again at once gets it before those that wait, even if it yields: they have to wake first.
            std::thread::sleep(GIVE_WAY);
        }
    }
}
