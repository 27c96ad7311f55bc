//! Loading the file at start.

use super::format::{self, Contents, Unusable};
use super::state::{MAX_LOG_BYTES, Phase};
use super::{FileStore, Loaded, MAX_FILE_BYTES, line, lock, millis};
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

/// How far a file may be ahead of the clock. Beyond that, its age is unknown.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// Why a client starts with no entries, as a predicate of the file.
#[derive(Debug, thiserror::Error)]
pub enum Cold {
    #[error("does not exist yet")]
    Missing,
    #[error("is empty")]
    Empty,
    #[error("is larger than 1 GiB")]
    TooLarge,
    #[error("was written {0} s ahead of this machine's clock")]
    Ahead(u64),
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

/// A file that was read without the store's lock.
pub struct Read<'b> {
    contents: Contents<'b>,
    /// Its length in bytes.
    len: u64,
    /// The open file, with the records appended since.
    later: File,
}

impl FileStore {
    /// Reads the file and passes each live entry with its remaining TTL to `remember`, in the order written. Call it once, off
    /// the main thread; nothing is written before. `remember` must not replace existing entries.
    pub fn load(&self, now: SystemTime, mut remember: impl FnMut(&str, Duration)) -> Loaded {
        let _io = lock(&self.io);
        let mut bytes = Vec::new();
        let read = self.read(&mut bytes, now);
        self.finish_load(read, now, &mut remember)
    }

    /// Adds the entries that were not invalidated since, and starts normal operation.
    pub(super) fn finish_load(
        &self,
        read: Result<Read<'_>, Cold>,
        now: SystemTime,
        remember: &mut impl FnMut(&str, Duration),
    ) -> Loaded {
        let mut state = lock(&self.state);
        let mut loaded = Loaded { entries: 0, warning: state.warning.take() };
        state.phase = match std::mem::replace(&mut state.phase, Phase::Released) {
            Phase::Loading { _lock } => Phase::Ready { _lock },
            other => {
                state.phase = other;
                return loaded;
            }
        };
        let given = match (read, &mut state.log) {
            (Err(Cold::Missing), _) => Err(Cold::Missing),
            // Everything was invalidated while it was read.
            (_, None) => Ok(0),
            (Err(cold), Some(_)) => Err(cold),
            (Ok(Read { contents, len, later }), Some(log)) => {
                log.logged += contents.logged;
                self.give(contents, later, log.len - len, now, remember)
            }
        };
        match given {
            Ok(given) => loaded.entries = given,
            Err(cold) => {
                state.errors += u64::from(matches!(cold, Cold::Unreadable(_)));
                // The same file might be usable at another time and would then bring back what is invalidated from now on. If it
                // cannot be emptied, invalidations are appended to it as usual.
                let _ = state.clear();
                let text = || line(&self.path, &format!("{cold}; starting without cached entries"));
                loaded.warning.get_or_insert_with(text);
            }
        }
        self.loaded.store(loaded.entries, Relaxed);
        loaded
    }

    /// Reads the file as it is now.
    pub(super) fn read<'b>(&self, into: &'b mut Vec<u8>, now: SystemTime) -> Result<Read<'b>, Cold> {
        let len = lock(&self.state).log.as_ref().map(|log| log.len).ok_or(Cold::Missing)?;
        match len {
            0 => return Err(Cold::Empty),
            len if len > MAX_FILE_BYTES + MAX_LOG_BYTES as u64 => return Err(Cold::TooLarge),
            len => into.reserve_exact(len as usize),
        }
        let later = File::open(&self.path)?;
        // Records may be appended meanwhile; those within the length are complete.
        if (&later).take(len).read_to_end(into)? as u64 != len {
            return Err(Unusable::Damaged.into());
        }
        let contents = format::decode(into, &self.relay)?;
        let ahead = Duration::from_millis(contents.written.saturating_sub(millis(now)));
        if ahead > CLOCK_TOLERANCE { Err(Cold::Ahead(ahead.as_secs())) } else { Ok(Read { contents, len, later }) }
    }

    /// Passes on live entries that were not invalidated in the next `appended` bytes; returns how many.
    fn give(
        &self,
        contents: Contents<'_>,
        later: File,
        appended: u64,
        now: SystemTime,
        remember: &mut impl FnMut(&str, Duration),
    ) -> Result<u64, Cold> {
        let mut log = Vec::new();
        later.take(appended).read_to_end(&mut log)?;
        let invalidated = format::decode_log(&log).filter(|_| log.len() as u64 == appended).ok_or(Unusable::Damaged)?;
        let elapsed = millis(now).saturating_sub(contents.written);
        let mut given = 0;
        for (soul, life) in contents.entries {
            let left = Duration::from_millis(life.saturating_sub(elapsed)).min(self.ttl);
            if !left.is_zero() && !invalidated.contains(soul) {
                remember(soul, left);
                given += 1;
            }
        }
        Ok(given)
    }
}
