//! The files of one store: who may use them, the log that is appended to, and the snapshot that replaces it.
//!
//! | file | what for |
//! |---|---|
//! | `<path>` | snapshot and log |
//! | `<path>.lock` | locked by the one store that uses them; stays, as removing it would let two stores in |
//! | `<path>.tmp` | the next snapshot until it is whole |
//! | `<path>.not-a-cache` | what was found at `<path>` and was no cache file |

use super::format::MAGIC;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why a store got no files.
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
    /// Locked until it is closed.
    pub lock: File,
    /// `None` if there is no cache file.
    pub log: Option<Log>,
    /// Where a file that was no cache file went.
    pub moved: Option<PathBuf>,
}

/// A cache file that records can be appended to.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// Its position is the end.
    file: File,
    /// Bytes of the file.
    pub len: u64,
    /// Those behind the snapshot.
    pub logged: u64,
}

impl Log {
    /// `file`, which is at its end, will be or is at `path`.
    pub fn new(path: &Path, file: File, len: u64, logged: u64) -> Self {
        Self { path: path.to_owned(), file, len, logged }
    }

    /// Appends a whole record. The kernel has it then: it survives the process, though not a loss of power. After an error
    /// the end of the file is unknown.
    pub fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.file.write_all(record)?;
        self.len += record.len() as u64;
        self.logged += record.len() as u64;
        Ok(())
    }

    /// Makes sure that nothing in the file can be read again. That takes no space, so it works on a full disk.
    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0).or_else(|_| fs::remove_file(&self.path))
    }
}

/// The path as it will stay whatever becomes of the working directory, behind any symbolic link.
pub fn settle(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Whether there may be a cache file: that it cannot be looked at does not mean that there is none.
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
    // First of all: a folder, a device or a pipe is not to be moved aside, and nothing is to be left beside it.
    let exists = match fs::metadata(path) {
        Ok(found) if found.is_file() => true,
        Ok(_) => return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(beside(path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Denied::Taken),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let mut held = Held { lock, log: None, moved: None };
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
        // Perhaps somebody's data, and a wrong path: it is not overwritten.
        let aside = beside(path, ".not-a-cache");
        fs::rename(path, &aside)?;
        held.moved = Some(aside);
    }
    Ok(held)
}

/// A new, empty `<path>.tmp`. What an interrupted write left there is removed, never followed or written into.
pub fn create_temporary(path: &Path) -> io::Result<File> {
    let temporary = beside(path, ".tmp");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().write(true).create_new(true).open(temporary),
    }
}

/// Puts `<path>.tmp` in the place of the cache file, at once.
pub fn replace(path: &Path) -> io::Result<()> {
    fs::rename(beside(path, ".tmp"), path)
}

/// Makes a rename survive a loss of power, where folders can be synced. Where they cannot, the older file may come back, which
/// is as good as the loss of power itself promises.
pub fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent().filter(|_| cfg!(unix)) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}
