//! The function behind `getRecord`, made by hand: it carries its client with it, so that a known-missing answer costs
//! the reading of one string and no look-up of an object's inside (measured: 0.6 µs through a class, see
//! docs/performance.md).

use super::call_options;
use super::calls::Calls;
use super::values;
use napi::{Error, JsError, Result, check_status, sys};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

/// The soul, the caller's own time in milliseconds, whether to ask the relay in any case, what the call is known by if it
/// is watched, and whether the record is to be a [`super::body::NativeBody`].
const ARGUMENTS: usize = 5;

/// A function `(soul, timeoutMs?, fresh?, watch?, asBody?)` that owns a share of its client for as long as it is reachable.
pub fn create(env: sys::napi_env, calls: Rc<Calls>) -> Result<sys::napi_value> {
    let mut function = ptr::null_mut();
    let data = Rc::into_raw(calls).cast_mut().cast::<c_void>();
    // SAFETY: `data` is given back by `release`, once, when the function is collected; where that cannot be arranged the
    // share stays with the function, which is then never freed rather than freed too early.
    unsafe {
        check_status!(sys::napi_create_function(env, ptr::null(), 0, Some(get), data, &mut function))?;
        let no_hint = ptr::null_mut();
        check_status!(sys::napi_add_finalizer(env, function, data, Some(release), no_hint, ptr::null_mut()))?;
    }
    Ok(function)
}

unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` came from `Rc::into_raw` in `create`, and a finalizer runs once.
    let calls = unsafe { Rc::from_raw(data.cast::<Calls>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| drop(calls)));
}

unsafe extern "C" fn get(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut count = ARGUMENTS;
    let mut arguments = [ptr::null_mut(); ARGUMENTS];
    let mut data = ptr::null_mut();
    // SAFETY: the buffer has room for `count` arguments; `data` is what `create` gave, alive while the function is called.
    let calls = unsafe {
        sys::napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), ptr::null_mut(), &mut data);
        &*data.cast::<Calls>()
    };
    let called = catch_unwind(AssertUnwindSafe(|| {
        let timeout_ms = if count > 1 { values::read_u32(env, arguments[1]) } else { None };
        let fresh = count > 2 && values::read_bool(env, arguments[2]);
        let watch = if count > 3 { values::read_u32(env, arguments[3]) } else { None };
        let as_body = count > 4 && values::read_bool(env, arguments[4]);
        calls.get(env, arguments[0], call_options(timeout_ms, fresh), watch, as_body)
    }));
    match called {
        Ok(Ok(Some(value))) => value.0,
        // To return nothing is to return undefined.
        Ok(Ok(None)) => ptr::null_mut(),
        Ok(Err(error)) => throw(env, error),
        Err(_) => throw(env, Error::from_reason("a fault of gun-native: please report it")),
    }
}

fn throw(env: sys::napi_env, error: Error) -> sys::napi_value {
    // SAFETY: `env` is the environment of the running callback.
    unsafe { JsError::from(error).throw_into(env) };
    ptr::null_mut()
}
