//! The files of one store: the lock, the log that is appended to, and the snapshot that replaces it.
//!
//! | file | purpose |
//! |---|---|
//! | `<path>` | snapshot and log |
//! | `<path>.lock` | locked by the one store that uses them; never removed, because two stores could then lock different files |
//! | `<path>.tmp` | the next snapshot until it is complete |
//! | `<path>.not-a-cache` | a file found at `<path>` that was not a cache file |

use super::format::MAGIC;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why a store cannot use its files.
#[derive(Debug)]
pub enum Denied {
    /// Another process or client holds the lock.
    Taken,
    /// They cannot be opened.
    Failed(io::Error),
}

impl From<io::Error> for Denied {
    fn from(error: io::Error) -> Self {
        Denied::Failed(error)
    }
}

/// Files that this store alone may use, until it is dropped.
#[derive(Debug)]
pub struct Held {
    pub lock: FileLock,
    /// `None` if there is no cache file.
    pub log: Option<Log>,
    /// Where a file that was not a cache file was moved to.
    pub moved: Option<PathBuf>,
}

/// The lock of a store, released when it is dropped.
#[derive(Debug)]
pub struct FileLock(File);

impl Drop for FileLock {
    fn drop(&mut self) {
        // A child process that is just being started has a copy of the file until its program runs. Closing the file here would
        // leave the lock with it.
        let _ = self.0.unlock();
    }
}

/// A cache file that records can be appended to.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// Its position is the end.
    file: File,
    /// Bytes of the file.
    pub len: u64,
    /// Those after the snapshot.
    pub logged: u64,
}

impl Log {
    /// A cache file that is, or will be moved, at `path`. `file` is positioned at its end.
    pub fn new(path: &Path, file: File, len: u64, logged: u64) -> Self {
        Self { path: path.to_owned(), file, len, logged }
    }

    /// Appends a record. The kernel then has it: it survives the end of the process, but not a power failure. After an error the
    /// end of the file is unknown.
    pub fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.file.write_all(record)?;
        self.len += record.len() as u64;
        self.logged += record.len() as u64;
        Ok(())
    }

    /// Makes the file unreadable. This needs no space, so it works on a full disk.
    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0).or_else(|_| fs::remove_file(&self.path))
    }
}

/// The absolute path behind any symbolic link, independent of the working directory.
pub fn settle(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Whether there may be a cache file. If it cannot be inspected, there may be one.
pub fn may_exist(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(found) => found.is_file(),
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// `<path><suffix>`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Takes the lock and opens the cache file, if there is one.
pub fn hold(path: &Path) -> Result<Held, Denied> {
    // First of all: a folder, a device or a pipe must not be moved, and no file be created beside it.
    let exists = match fs::metadata(path) {
        Ok(found) if found.is_file() => true,
        Ok(_) => return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(beside(path, ".lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Denied::Taken),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let mut held = Held { lock: FileLock(file), log: None, moved: None };
    if !exists && !path.exists() {
        return Ok(held);
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut beginning = Vec::with_capacity(MAGIC.len());
    (&file).take(MAGIC.len() as u64).read_to_end(&mut beginning)?;
    if beginning.is_empty() || beginning == MAGIC {
        let len = file.seek(SeekFrom::End(0))?;
        held.log = Some(Log::new(path, file, len, 0));
    } else {
        // The path may be wrong and this somebody's data, so it is not overwritten.
        let aside = beside(path, ".not-a-cache");
        fs::rename(path, &aside)?;
        held.moved = Some(aside);
    }
    Ok(held)
}

/// Creates an empty `<path>.tmp`. A leftover of an interrupted write is removed first, never followed or written to.
pub fn create_temporary(path: &Path) -> io::Result<File> {
    let temporary = beside(path, ".tmp");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().write(true).create_new(true).open(temporary),
    }
}

/// Atomically replaces the cache file with `<path>.tmp`.
pub fn replace(path: &Path) -> io::Result<()> {
    fs::rename(beside(path, ".tmp"), path)
}

/// Makes a rename survive a power failure, on systems that can sync folders. On others the older file may come back.
pub fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent().filter(|_| cfg!(unix)) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_released_although_a_child_process_has_a_copy_of_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("missing");
        let held = hold(&path).expect("free");
        assert!(matches!(hold(&path), Err(Denied::Taken)));
        let _copy = held.lock.0.try_clone().expect("a descriptor");
        drop(held);
        assert!(hold(&path).is_ok());
    }
}
