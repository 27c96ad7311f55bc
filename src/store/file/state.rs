//! The state of the file, as far as invalidations need it.

use super::disk::{FileLock, Log};
use super::format;
use std::io;

/// Maximum length of the log, 4 MiB: about 90,000 invalidations between two snapshots. Beyond it the file is emptied, so
/// nothing can be loaded until the next snapshot.
pub const MAX_LOG_BYTES: usize = 4 << 20;

/// The data that the store's lock protects.
#[derive(Debug)]
pub struct State {
    pub phase: Phase,
    /// The file, unless it is empty or absent.
    pub log: Option<Log>,
    /// Records since a write began, for the new file.
    pub pending: Option<Vec<u8>>,
    /// A log line that is reported by the load.
    pub warning: Option<String>,
    /// Reads, writes and appends that failed.
    pub errors: u64,
    /// Whether the last write failed.
    pub is_failing: bool,
}

/// Phases of a store.
#[derive(Debug)]
pub enum Phase {
    /// Open, not loaded yet.
    Loading { _lock: FileLock },
    /// Open.
    Ready { _lock: FileLock },
    /// It could not be opened. `stale`: there may be a file that contains souls invalidated meanwhile.
    Detached { stale: bool },
    /// Released.
    Released,
}

impl State {
    /// Records that a soul was invalidated.
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
            // For example, the disk is full. Without the record, the file must not be read again.
            self.errors += 1;
            self.clear()
        })
    }

    /// Records that every soul was invalidated.
    pub fn invalidate_all(&mut self) -> io::Result<()> {
        if let Some(pending) = &mut self.pending {
            *pending = format::record(None).to_vec();
        }
        self.check_attached()?;
        self.clear()
    }

    /// Makes everything on disk unreadable.
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
