//! The format of a cache file: a snapshot, followed by a log of later invalidations.
//!
//! ```text
//! snapshot  "gun-native missing souls, v1\n"
//!           written: u64      wall clock, ms since 1970
//!           relay: u32 length, UTF-8
//!           entries: u64      how many
//!           each              life: u64 ms left when written; u16 length, UTF-8
//!           crc: u32          CRC-32 of everything before it
//! log       each              crc: u32 of the rest of the record; u16 length (0: every soul), UTF-8
//! ```
//! Integers are little-endian. If any part is damaged, nothing of the file is used: an invalidation may be lost, without which
//! the snapshot would bring back an entry that a put removed.

use crate::soul;
use crc32fast::Hasher;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::io::{self, Write};

/// How files of every version begin. Other files are not cache files.
pub const MAGIC: &[u8] = b"gun-native missing souls, v";
const VERSION: &[u8] = b"1\n";
/// Minimum size of an entry: TTL, length, one byte.
const MIN_ENTRY_BYTES: usize = 8 + 2 + 1;

/// A soul with its remaining TTL in ms.
type Entry<'f> = (&'f str, u64);

/// Why a file's entries cannot be used, as a predicate of the file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It does not begin like a cache file.
    #[error("is not a cache file of gun-native")]
    NotACache,
    /// Another version of gun-native wrote it.
    #[error("was written by another version of gun-native")]
    OtherVersion,
    /// A checksum or a length is wrong.
    #[error("is damaged")]
    Damaged,
    /// It belongs to this relay.
    #[error("belongs to another relay, {0} (give each relay a file of its own)")]
    OtherRelay(String),
}

/// An intact file.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents<'f> {
    /// When the snapshot was taken, in ms since 1970.
    pub written: u64,
    /// Each soul with its remaining TTL then, in ms, without the souls invalidated since.
    pub entries: Vec<Entry<'f>>,
    /// Bytes of the log.
    pub logged: u64,
}

/// Souls of the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Invalidated<'f> {
    souls: HashSet<&'f str>,
    all: bool,
}

impl Invalidated<'_> {
    /// Whether the soul is one of them.
    pub fn contains(&self, soul: &str) -> bool {
        self.all || self.souls.contains(soul)
    }
}

/// Reads a file, which must belong to `relay`.
pub fn decode<'f>(bytes: &'f [u8], relay: &str) -> Result<Contents<'f>, Unusable> {
    let version = bytes.strip_prefix(MAGIC).ok_or(Unusable::NotACache)?;
    let mut reader = Reader(version.strip_prefix(VERSION).ok_or(Unusable::OtherVersion)?);
    let (owner, written, mut entries) = snapshot(&mut reader).ok_or(Unusable::Damaged)?;
    let checked = bytes.len() - reader.0.len();
    if reader.u32() != Some(crc32fast::hash(&bytes[..checked])) {
        return Err(Unusable::Damaged);
    }
    let logged = reader.0.len() as u64;
    let invalidated = decode_log(reader.0).ok_or(Unusable::Damaged)?;
    if owner != relay {
        return Err(Unusable::OtherRelay(owner.to_owned()));
    }
    entries.retain(|(soul, _)| !invalidated.contains(soul));
    Ok(Contents { written, entries, logged })
}

/// Reads a log; `None` if it is damaged.
pub fn decode_log(bytes: &[u8]) -> Option<Invalidated<'_>> {
    let mut reader = Reader(bytes);
    let mut invalidated = Invalidated::default();
    while !reader.0.is_empty() {
        let crc = reader.u32()?;
        let record = reader.0;
        let soul = reader.text16()?;
        if crc32fast::hash(&record[..record.len() - reader.0.len()]) != crc {
            return None;
        }
        match soul {
            "" => invalidated.all = true,
            soul => drop(invalidated.souls.insert(soul::check(soul).ok()?)),
        }
    }
    Some(invalidated)
}

/// Bytes of the snapshot that [`encode`] writes.
pub fn size(relay: &str, entries: &[(Box<str>, u64)]) -> u64 {
    let head = MAGIC.len() + VERSION.len() + 8 + 4 + relay.len() + 8;
    let entries: usize = entries.iter().map(|(soul, _)| 8 + 2 + soul.len()).sum();
    (head + entries + 4) as u64
}

/// Writes a snapshot of souls ([`soul::check`]) with the remaining TTL of each in ms.
pub fn encode(out: impl Write, relay: &str, written: u64, entries: &[(Box<str>, u64)]) -> io::Result<()> {
    let mut out = Checked { out, hasher: Hasher::new() };
    out.write_all(MAGIC)?;
    out.write_all(VERSION)?;
    out.write_all(&written.to_le_bytes())?;
    out.write_all(&(relay.len() as u32).to_le_bytes())?;
    out.write_all(relay.as_bytes())?;
    out.write_all(&(entries.len() as u64).to_le_bytes())?;
    for (soul, life) in entries {
        out.write_all(&life.to_le_bytes())?;
        out.write_all(&(soul.len() as u16).to_le_bytes())?;
        out.write_all(soul.as_bytes())?;
    }
    let Checked { mut out, hasher } = out;
    out.write_all(&hasher.finalize().to_le_bytes())
}

/// A log record: one soul ([`soul::check`]), or every soul.
pub fn record(soul: Option<&str>) -> SmallVec<[u8; 128]> {
    let soul = soul.unwrap_or_default();
    let mut record = SmallVec::from_slice(&[0; 4]);
    record.extend_from_slice(&(soul.len() as u16).to_le_bytes());
    record.extend_from_slice(soul.as_bytes());
    let crc = crc32fast::hash(&record[4..]);
    record[..4].copy_from_slice(&crc.to_le_bytes());
    record
}

/// Reads what is between version and checksum: relay, time of writing, entries.
fn snapshot<'f>(reader: &mut Reader<'f>) -> Option<(&'f str, u64, Vec<Entry<'f>>)> {
    let written = reader.u64()?;
    let length = reader.u32()? as usize;
    let relay = str::from_utf8(reader.take(length)?).ok()?;
    let count = usize::try_from(reader.u64()?).ok()?;
    // The checksum is verified last, so a wrong count must not reserve more memory than the file can fill.
    if count > reader.0.len() / MIN_ENTRY_BYTES {
        return None;
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let life = reader.u64()?;
        entries.push((soul::check(reader.text16()?).ok()?, life));
    }
    Some((relay, written, entries))
}

/// The rest of the input.
struct Reader<'f>(&'f [u8]);

impl<'f> Reader<'f> {
    fn take(&mut self, length: usize) -> Option<&'f [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn text16(&mut self) -> Option<&'f str> {
        let length = self.array().map(u16::from_le_bytes)?;
        str::from_utf8(self.take(length.into())?).ok()
    }
}

/// Computes a checksum of what is written.
struct Checked<W> {
    out: W,
    hasher: Hasher,
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
