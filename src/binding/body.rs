//! A record that JavaScript reads in chunks: its text stays in Rust and never becomes a string.

use gun_native::record::RecordText;
use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Maximum bytes of a chunk, which JavaScript's memory holds until its socket has sent it.
const MAX_CHUNK_BYTES: usize = 64 * 1024;

/// The bytes of a record's JSON. Their memory, and their room in the budget of texts to be delivered, are freed by
/// `release`, or when the object is collected.
#[napi]
pub struct NativeBody {
    record: Option<RecordText>,
    position: usize,
    length: usize,
}

impl NativeBody {
    /// The body of a record, nothing of it read.
    pub fn new(record: RecordText) -> Self {
        let length = record.as_bytes().len();
        Self { record: Some(record), position: 0, length }
    }
}

#[napi]
impl NativeBody {
    /// Bytes in total.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> f64 {
        self.length as f64
    }

    /// The next bytes, `max` or 65,536 at most; none at the end and after `release`.
    #[napi(catch_unwind)]
    pub fn read<'env>(&mut self, env: &'env Env, max: u32) -> Result<BufferSlice<'env>> {
        let rest = self.record.as_ref().map_or(&[][..], |record| &record.as_bytes()[self.position..]);
        let chunk = &rest[..rest.len().min(max as usize).min(MAX_CHUNK_BYTES)];
        self.position += chunk.len();
        BufferSlice::copy_from(env, chunk)
    }

    /// Frees the memory.
    #[napi(catch_unwind)]
    pub fn release(&mut self) {
        self.record = None;
    }
}
