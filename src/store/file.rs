//! The embedded store: missing souls in a file that belongs to one client.
//!
//! The file is a snapshot of the cache followed by a log of invalidations ([`format`]). [`FileStore::write`] replaces both.
//! In between, an invalidation is appended to the log before it returns, so a process that dies at any moment leaves no
//! entry that it had invalidated. Entries added since the last snapshot are then lost, which only costs requests. After a
//! power failure the last seconds of the log may be missing, because it is not synced for each record.
//!
//! # Order
//! One lock, `state`, makes an invalidation atomic: under it, the cache forgets the soul and the log gets its record. So
//! - a snapshot that begins later cannot contain the soul, unless it was added again. One that began earlier may; therefore,
//!   from before the cache is read until the new file is in place, records are also kept in memory (`pending`) and appended
//!   to the new file before it replaces the old one;
//! - [`FileStore::load`] adds its entries to the cache under the same lock, except those that were invalidated while the file
//!   was read. An invalidation comes either before that, and its record wins, or after, and it finds the entry.
//!
//! The lock is never held during a sync. Closures that run under it must not call the store, and the store must not be
//! called while holding a lock that they take.

mod disk;
mod format;
mod load;
mod state;
#[cfg(test)]
mod tests;

use crate::lock::lock;
use crate::soul;
use disk::{Denied, Held, Log};
use state::{Phase, State};
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

/// Maximum size of the file, 1 GiB, about 15 million souls of 60 bytes: it is read as a whole.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Result of [`FileStore::open`].
#[derive(Debug)]
pub enum Opened {
    /// The file belongs to this store, or it could not be opened and each [`FileStore::write`] tries again.
    Ours(FileStore),
    /// Another process or client uses it.
    Without {
        /// A log line.
        warning: String,
    },
}

/// Result of [`FileStore::load`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Entries added to the cache.
    pub entries: u64,
    /// A log line, if there is something to report.
    pub warning: Option<String>,
}

/// Counts since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStats {
    /// Whether the file is open, and the last write succeeded.
    pub connected: bool,
    /// Entries added to the cache.
    pub loaded: u64,
    /// Reads, writes and appends that failed.
    pub errors: u64,
}

/// The file of one client. All methods may be called from any thread; all do blocking I/O.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    relay: String,
    ttl: Duration,
    /// Held during a load or a write. Taken before `state`.
    io: Mutex<()>,
    state: Mutex<State>,
    loaded: AtomicU64,
}

impl FileStore {
    /// Opens the file for a client without reading it, which takes about 0.1 ms. `relay` identifies whose records the entries
    /// are about: the relay's URL without credentials, and the namespace. Loaded entries live for at most `ttl`.
    ///
    /// [`FileStore::invalidate`] may be called at once. After [`Opened::Without`], a later attempt may succeed, but what it
    /// loads must not be used: the file lacks the invalidations in between.
    pub fn open(path: &Path, relay: &str, ttl: Duration) -> Opened {
        let path = disk::settle(path);
        let (phase, log, warning) = match disk::hold(&path) {
            Ok(Held { lock, log, moved }) => {
                let warning = moved.map(|aside| {
                    format!("held no cache and was moved to {}; starting without cached entries", aside.display())
                });
                (Phase::Loading { _lock: lock }, log, warning)
            }
            Err(Denied::Taken) => {
                let warning = "is in use by another process or client; running without it. Give each its own file, or share \
                               entries with cache.url (GUN_404_CACHE_URL)";
                return Opened::Without { warning: line(&path, warning) };
            }
            Err(Denied::Failed(error)) => {
                let warning = format!("cannot be used: {error}; running without it until it can");
                (Phase::Detached { stale: disk::may_exist(&path) }, None, Some(warning))
            }
        };
        let errors = matches!(phase, Phase::Detached { .. }).into();
        let warning = warning.map(|warning| line(&path, &warning));
        Opened::Ours(Self {
            path,
            relay: relay.to_owned(),
            ttl,
            io: Mutex::default(),
            state: Mutex::new(State { phase, log, pending: None, warning, errors, is_failing: false }),
            loaded: AtomicU64::new(0),
        })
    }

    /// Calls `forget`, which removes the soul from the cache, and appends a record to the log, atomically. Once this returns, the
    /// process may be killed. After an error the file may still contain the soul.
    pub fn invalidate<R>(&self, soul: &str, forget: impl FnOnce() -> R) -> (R, io::Result<()>) {
        let mut state = lock(&self.state);
        let forgotten = forget();
        // An invalid soul is in no file.
        let logged = soul::check(soul).map_or(Ok(()), |soul| state.invalidate(soul));
        (forgotten, logged)
    }

    /// The same for every soul.
    pub fn invalidate_all<R>(&self, forget: impl FnOnce() -> R) -> (R, io::Result<()>) {
        let mut state = lock(&self.state);
        let forgotten = forget();
        (forgotten, state.invalidate_all())
    }

    /// Whether the file must be written even if the cache is unchanged: it does not exist, or its log has records.
    pub fn needs_write(&self) -> bool {
        lock(&self.state).log.as_ref().is_none_or(|log| log.logged > 0)
    }

    /// Replaces the file with a snapshot of the cache: each soul with its remaining TTL at `now`. Does nothing before the load.
    /// After an error the file and its log are unchanged, and the next call tries again.
    pub fn write(&self, entries: impl FnOnce() -> Vec<(Box<str>, Duration)>, now: SystemTime) -> io::Result<()> {
        let _io = lock(&self.io);
        let written = self.begin_write().and_then(|begun| match begun {
            true => self.replace(entries(), now),
            false => Ok(()),
        });
        let mut state = lock(&self.state);
        (state.pending, state.is_failing) = (None, written.is_err());
        written.inspect_err(|_| state.errors += 1)
    }

    /// Releases the file for other clients. Call it after the last write; later writes and invalidations do not reach the file.
    pub fn release(&self) {
        let _io = lock(&self.io);
        let mut state = lock(&self.state);
        (state.phase, state.log) = (Phase::Released, None);
    }

    /// Counters so far.
    pub fn stats(&self) -> FileStats {
        let state = lock(&self.state);
        let connected = !state.is_failing && matches!(state.phase, Phase::Loading { .. } | Phase::Ready { .. });
        FileStats { connected, loaded: self.loaded.load(Relaxed), errors: state.errors }
    }

    /// Opens the file if that failed before, and keeps records from now on. Returns whether there is a file to write to.
    fn begin_write(&self) -> io::Result<bool> {
        let is_detached = matches!(lock(&self.state).phase, Phase::Detached { .. });
        let held = is_detached.then(|| disk::hold(&self.path)).transpose().map_err(|denied| match denied {
            Denied::Taken => io::Error::new(ErrorKind::WouldBlock, "another process or client uses the cache file"),
            Denied::Failed(error) => error,
        })?;
        let mut state = lock(&self.state);
        if let Some(Held { lock, log, moved: _ }) = held {
            // Its entries are not loaded, because it lacks the invalidations since.
            state.log = log;
            state.clear()?;
            state.phase = Phase::Ready { _lock: lock };
        }
        let is_ready = matches!(state.phase, Phase::Ready { .. });
        state.pending = is_ready.then(Vec::new);
        Ok(is_ready)
    }

    fn replace(&self, entries: Vec<(Box<str>, Duration)>, now: SystemTime) -> io::Result<()> {
        let souls = entries.into_iter().filter(|(soul, _)| soul::check(soul).is_ok());
        let entries: Vec<_> = souls.map(|(soul, life)| (soul, life.as_millis() as u64)).collect();
        let made = self.make(&entries, now).and_then(|(mut file, len)| {
            let mut state = lock(&self.state);
            let pending = state.pending.take().unwrap_or_default();
            file.write_all(&pending)?;
            disk::replace(&self.path)?;
            let logged = pending.len() as u64;
            Ok(state.log.replace(Log::new(&self.path, file, len + logged, logged)))
        });
        match made {
            // Closing it may free its blocks, which takes time; so not under the lock.
            Ok(replaced) => drop(replaced),
            Err(error) => {
                // A leftover only takes space.
                let _ = fs::remove_file(disk::beside(&self.path, ".tmp"));
                return Err(error);
            }
        }
        disk::sync_folder(&self.path);
        Ok(())
    }

    /// Writes and syncs `<path>.tmp`; returns the file, positioned at its end, and its length.
    fn make(&self, entries: &[(Box<str>, u64)], now: SystemTime) -> io::Result<(File, u64)> {
        let size = format::size(&self.relay, entries);
        if size > MAX_FILE_BYTES {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "the cache file would be larger than 1 GiB"));
        }
        let mut out = BufWriter::with_capacity(1 << 16, disk::create_temporary(&self.path)?);
        format::encode(&mut out, &self.relay, millis(now), entries)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok((file, size))
    }
}

/// Milliseconds since 1970.
fn millis(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// A log line about the file.
fn line(path: &Path, text: &str) -> String {
    let line = format!("cache file {} {text}", path.display());
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
