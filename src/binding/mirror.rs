//! A [`Mirror`] as memory that JavaScript reads and writes without a call.

use super::values::Handle;
use gun_native::negative_cache::{LOG_LENGTH, Mirror};
use napi::{Result, check_status, sys};
use napi_derive::napi;
use std::ffi::c_void;
use std::mem::{offset_of, size_of};
use std::ptr;
use std::sync::Arc;

/// Bytes of a word.
const WORD: usize = size_of::<u32>();

/// Where the members of a mirror are, in words; `trusted_until` takes two.
#[napi(object)]
pub struct MirrorLayout {
    pub trusted_until: u32,
    pub generation: u32,
    pub reads: u32,
    pub limit: u32,
    pub wanted: u32,
    pub offered: u32,
    pub offered_in: u32,
    pub log: u32,
    pub log_length: u32,
}

/// The layout of every mirror.
#[napi(catch_unwind)]
pub fn mirror_layout() -> MirrorLayout {
    let word = |offset| (offset / WORD) as u32;
    MirrorLayout {
        trusted_until: word(offset_of!(Mirror, trusted_until)),
        generation: word(offset_of!(Mirror, generation)),
        reads: word(offset_of!(Mirror, reads)),
        limit: word(offset_of!(Mirror, limit)),
        wanted: word(offset_of!(Mirror, wanted)),
        offered: word(offset_of!(Mirror, offered)),
        offered_in: word(offset_of!(Mirror, offered_in)),
        log: word(offset_of!(Mirror, log)),
        log_length: LOG_LENGTH as u32,
    }
}

/// The mirror as a `Uint32Array`, which owns a share of it. Fails where V8 has no memory but its own, as in Electron.
pub fn words(env: sys::napi_env, mirror: &Arc<Mirror>) -> Result<Handle> {
    let (mut buffer, mut words) = (ptr::null_mut(), ptr::null_mut());
    let data = Arc::into_raw(Arc::clone(mirror)).cast_mut().cast::<c_void>();
    let size = size_of::<Mirror>();
    let kind = sys::TypedarrayType::uint32_array;
    // SAFETY: all of a mirror is atomic integers without gaps, so it may be written through a shared pointer and by other
    // threads. The share is given back by `release`; where no buffer is made it stays, which is then never freed rather than
    // freed too early.
    unsafe {
        let no_hint = ptr::null_mut();
        check_status!(sys::napi_create_external_arraybuffer(env, data, size, Some(release), no_hint, &mut buffer))?;
        check_status!(sys::napi_create_typedarray(env, kind, size / WORD, buffer, 0, &mut words))?;
    }
    Ok(Handle(words))
}

unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` came from `Arc::into_raw` in `words`, and a finalizer runs once.
    drop(unsafe { Arc::from_raw(data.cast::<Mirror>()) });
}
