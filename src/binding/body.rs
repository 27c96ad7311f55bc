//! A record's bytes for JavaScript that passes them on: read chunk by chunk, so that a large record takes little of
//! JavaScript's memory.

use super::Handle;
use crate::record::RecordText;
use napi::bindgen_prelude::*;
use napi::{check_status, sys};
use napi_derive::napi;
use std::ptr;

/// Maximum bytes of a chunk. Chunks live until garbage collection.
const MAX_CHUNK_BYTES: usize = 64 * 1024;

/// A record in native memory until it is released or collected.
#[napi]
pub struct NativeBody {
    /// `None` once released, which also frees the text's room in the budget of `maxBufferedBytes`.
    record: Option<RecordText>,
    length: usize,
    position: usize,
}

impl NativeBody {
    pub fn new(record: RecordText) -> Self {
        let length = record.as_bytes().len();
        Self { record: Some(record), length, position: 0 }
    }
}

#[napi]
impl NativeBody {
    /// Bytes of the whole record.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> f64 {
        self.length as f64
    }

    /// The next bytes as a Buffer, at most 64 KB and at most `max`; an empty one at the end and after the release.
    #[napi(catch_unwind)]
    pub fn read(&mut self, env: Env, max: u32) -> Result<Handle> {
        let rest = self.record.as_ref().map_or(&[][..], |record| &record.as_bytes()[self.position..]);
        let length = rest.len().min(max as usize).min(MAX_CHUNK_BYTES);
        let mut buffer = ptr::null_mut();
        // SAFETY: `rest` has `length` bytes, which Node copies before it returns.
        let status = unsafe {
            sys::napi_create_buffer_copy(env.raw(), length, rest.as_ptr().cast(), ptr::null_mut(), &mut buffer)
        };
        check_status!(status)?;
        self.position += length;
        Ok(Handle(buffer))
    }

    /// Frees the record, whatever was read of it.
    #[napi(catch_unwind)]
    pub fn release(&mut self) {
        self.record = None;
    }
}
