//! The stores of a client: when they are read and written, and what is reported about them.

use super::{Knowledge, Shared};
use crate::error::Elapsed;
use crate::negative_cache::Lookup;
use crate::notice::Notice;
use crate::store::StoreStats;
use crate::store::file::FileStore;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// How often the file is written.
pub const WRITE_EVERY: Duration = Duration::from_secs(30);

/// `cacheStats().store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct StoreSnapshot {
    /// `file` or `shared`.
    pub kind: &'static str,
    /// Whether it can be used now.
    pub connected: bool,
    /// Entries learned from it.
    pub loaded: u64,
    /// Calls that it answered.
    pub hits: u64,
    /// Operations that failed.
    pub errors: u64,
}
impl Knowledge {
    /// Whether requests must wait for the file to be loaded.
    pub fn is_loading(&self) -> bool {
        self.file.as_ref().is_some_and(|file| !*file.is_loaded.borrow())
    }

    /// Waits until the file has been loaded.
    pub async fn loaded(&self) {
        if let Some(file) = &self.file {
            // No error is possible: the sender is a field of `self`.
            let _ = file.is_loaded.subscribe().wait_for(|is_loaded| *is_loaded).await;
        }
    }

    /// Loads the file; returns a log line if there is something to report. Blocks: 10,000 entries take a few milliseconds.
    pub fn load(&self) -> Option<String> {
        let file = self.file.as_ref()?;
        let loaded = file.store.load(SystemTime::now(), |soul, life| {
            let now = Instant::now();
            // Entries learned since the start are newer.
            if self.missing.look_up(soul, now) == Lookup::Unknown {
                self.missing.remember_for(soul, life, now);
            }
        });
        file.written.store(self.changes(), Relaxed);
        file.is_loaded.send_replace(true);
        loaded.warning
    }

    /// Writes the file if it is out of date. Blocks.
    pub fn write(&self) {
        let Some(file) = self.file.as_ref().filter(|_| !self.is_loading()) else { return };
        let changes = self.changes();
        if file.store.needs_write() || file.written.load(Relaxed) != changes {
            let entries = || self.missing.entries(Instant::now());
            // A failure is counted, see `cacheStats().store.errors`; the next write tries again.
            if file.store.write(entries, SystemTime::now()).is_ok() {
                file.written.store(changes, Relaxed);
            }
        }
    }

    /// Writes the file a last time and releases it. Blocks.
    pub fn release(&self) {
        self.write();
        if let Some(file) = &self.file {
            file.store.release();
        }
    }

    /// Whether there is a file to write.
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// `cacheStats().store`.
    pub fn store(&self) -> Option<StoreSnapshot> {
        let hits = self.missing.counts().learned_hits.load(Relaxed);
        if let Some(shared) = &self.shared {
            let StoreStats { connected, loaded, hits: looked_up, errors } = shared.store.stats();
            return Some(StoreSnapshot { kind: "shared", connected, loaded, hits: looked_up + hits, errors });
        }
        let stats = self.file.as_ref()?.store.stats();
        Some(StoreSnapshot {
            kind: "file",
            connected: stats.connected,
            loaded: stats.loaded,
            hits,
            errors: stats.errors,
        })
    }

    /// The log line for a lost shared store.
    pub fn store_lost(&self, why: &str) -> Option<Notice> {
        let Shared { store, .. } = self.shared.as_ref()?;
        Some(Notice::Warning(format!(
            "⚠️  [GUN 404 Cache] the store {} is lost: {why}. Calls go on without it, and invalidations are kept until it is \
             back; check that it runs and can be reached",
            store.shown()
        )))
    }

    /// The log line for a shared store that is back.
    pub fn store_back(&self, down_for: Duration) -> Option<Notice> {
        let Shared { store, errors_before } = self.shared.as_ref()?;
        let errors = store.stats().errors;
        let failed = errors - errors_before.swap(errors, Relaxed);
        let (time, noun) = (Elapsed(down_for), if failed == 1 { "operation" } else { "operations" });
        let shown = store.shown();
        Some(Notice::Warning(format!(
            "✅ [GUN 404 Cache] the store {shown} is back after {time}; {failed} {noun} failed"
        )))
    }

    pub(super) fn logged<R>(
        &self,
        logged: impl FnOnce(&FileStore) -> (R, io::Result<()>),
        plain: impl FnOnce() -> R,
    ) -> (R, Option<Notice>) {
        let Some(file) = &self.file else { return (plain(), None) };
        let (forgotten, written) = logged(&file.store);
        let warning = written.err().map(|error| {
            let warning = format!(
                "⚠️  [GUN 404 Cache] an invalidation could not be written to the file of the cache: {error}. If the process \
                 is killed now, the soul may read as missing after the restart; check the disk"
            );
            Notice::Warning(warning)
        });
        (forgotten, warning)
    }

    /// How often entries were added or removed.
    fn changes(&self) -> u64 {
        let counts = self.missing.counts();
        [&counts.inserts, &counts.evictions, &counts.invalidations].iter().map(|count| count.load(Relaxed)).sum()
    }
}
