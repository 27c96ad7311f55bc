//! What is on disk at this moment, as far as an invalidation must know.

use super::disk::Log;
use super::format;
use std::fs::File;
use std::io;

/// Most of a log, 4 MiB: some 90,000 invalidations between two snapshots. Beyond it the file is emptied, which forgets all
/// that was on disk until the next snapshot and brings nothing back.
pub const MAX_LOG_BYTES: usize = 4 << 20;

/// What the lock of a store guards.
#[derive(Debug)]
pub struct State {
    pub phase: Phase,
    /// The file, unless nothing in it could be read again.
    pub log: Option<Log>,
    /// Records since a write began, for the file that it makes.
    pub pending: Option<Vec<u8>>,
    /// A line for the log that waits for the load.
    pub warning: Option<String>,
    /// Reads, writes and appends that failed.
    pub errors: u64,
    /// Whether the last write did.
    pub is_failing: bool,
}

/// Where a store is in its life.
#[derive(Debug)]
pub enum Phase {
    /// Open, and not read yet.
    Loading { _lock: File },
    /// Open.
    Ready { _lock: File },
    /// It could not be opened. With `stale`, there may be a file that holds what is invalidated now.
    Detached { stale: bool },
    /// Given up.
    Released,
}

impl State {
    /// Puts down that a soul was invalidated.
    pub fn invalidate(&mut self, soul: &str) -> io::Result<()> {
        self.check_attached()?;
        if self.log.is_none() && self.pending.is_none() {
            return Ok(());
        }
        let record = format::record(Some(soul));
        if let Some(pending) = &mut self.pending {
            pending.extend_from_slice(&record);
            if pending.len() > MAX_LOG_BYTES {
                *pending = format::record(None).to_vec();
            }
        }
        let Some(log) = &mut self.log else { return Ok(()) };
        if log.logged as usize + record.len() > MAX_LOG_BYTES {
            return self.clear();
        }
        log.append(&record).or_else(|_| {
            // A full disk, for one. Without the record the whole file must go.
            self.errors += 1;
            self.clear()
        })
    }

    /// Puts down that every soul was invalidated.
    pub fn invalidate_all(&mut self) -> io::Result<()> {
        if let Some(pending) = &mut self.pending {
            *pending = format::record(None).to_vec();
        }
        self.check_attached()?;
        self.clear()
    }

    /// Makes sure that nothing on disk can be read again.
    pub fn clear(&mut self) -> io::Result<()> {
        if let Some(log) = &self.log {
            log.clear().inspect_err(|_| self.errors += 1)?;
        }
        self.log = None;
        Ok(())
    }

    fn check_attached(&mut self) -> io::Result<()> {
        match self.phase {
            Phase::Detached { stale: true } => {
                self.errors += 1;
                Err(io::Error::other("the cache file could not be opened"))
            }
            _ => Ok(()),
        }
    }
}
