//! JavaScript values read and written without detours: souls through a buffer on the stack, ASCII text as one-byte strings.

use gun_native::config::OptionValue;
use gun_native::soul::{self, NotASoul};
use gun_native::utf16;
use napi::bindgen_prelude::*;
use napi::{check_status, sys};
use std::mem::MaybeUninit;
use std::ptr;

/// Room for the longest soul, one more character, by which a longer one is known, and the end mark.
const SOUL_BUFFER: usize = soul::MAX_BYTES + 4 + 1;

/// A value of JavaScript as it is, good for the running callback.
pub struct Handle(pub sys::napi_value);

impl FromNapiValue for Handle {
    unsafe fn from_napi_value(_env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        Ok(Self(value))
    }
}

impl ToNapiValue for Handle {
    unsafe fn to_napi_value(_env: sys::napi_env, handle: Self) -> Result<sys::napi_value> {
        Ok(handle.0)
    }
}

/// A soul's text, on the stack.
pub struct SoulBuffer {
    bytes: [MaybeUninit<u8>; SOUL_BUFFER],
}

impl SoulBuffer {
    pub fn new() -> Self {
        Self { bytes: [MaybeUninit::uninit(); SOUL_BUFFER] }
    }

    /// Reads a soul in one crossing; the error says what else the value is.
    pub fn read(&mut self, env: sys::napi_env, value: sys::napi_value) -> std::result::Result<&str, NotASoul> {
        let mut length = 0;
        // SAFETY: the buffer has SOUL_BUFFER bytes; Node writes at most that many, the end mark included.
        let status = unsafe {
            sys::napi_get_value_string_utf8(env, value, self.bytes.as_mut_ptr().cast(), SOUL_BUFFER, &mut length)
        };
        if status != sys::Status::napi_ok {
            return Err(NotASoul::NotAString(type_name(env, value)));
        }
        // SAFETY: Node has written `length` bytes, and `length` is below SOUL_BUFFER.
        let bytes = unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().cast::<u8>(), length) };
        let text = std::str::from_utf8(bytes).map_err(|_| NotASoul::LoneSurrogate)?;
        let text = soul::check(text)?;
        // Node writes U+FFFD for a lone surrogate, which is a character in its own right too.
        if text.contains('\u{fffd}') && !is_well_formed(env, value) {
            return Err(NotASoul::LoneSurrogate);
        }
        Ok(text)
    }
}

fn is_well_formed(env: sys::napi_env, value: sys::napi_value) -> bool {
    // A soul has no more units of UTF-16 than bytes of UTF-8.
    let mut units = vec![0u16; SOUL_BUFFER];
    let mut length = 0;
    // SAFETY: the vector has SOUL_BUFFER units; Node writes at most that many, the end mark included.
    let status = unsafe { sys::napi_get_value_string_utf16(env, value, units.as_mut_ptr(), units.len(), &mut length) };
    let units = units.into_iter().take(length);
    status == sys::Status::napi_ok && char::decode_utf16(units).all(|unit| unit.is_ok())
}

/// The options of a client or the variables of the environment: `[name, value, name, value, ...]`.
pub struct NamedValues(pub Vec<(String, OptionValue)>);

impl FromNapiValue for NamedValues {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: `env` and `value` are valid by this function's own contract.
        let flat = unsafe { Vec::<Handle>::from_napi_value(env, value)? };
        let mut named = Vec::with_capacity(flat.len() / 2);
        for pair in flat.chunks_exact(2) {
            // SAFETY: the elements were read from the array a moment ago, in this very scope.
            let name = unsafe { String::from_napi_value(env, pair[0].0)? };
            named.push((name, option_value(env, pair[1].0)?));
        }
        Ok(Self(named))
    }
}

/// Numbers and strings come as they are, anything else as an array of one string: how it is to be shown.
fn option_value(env: sys::napi_env, value: sys::napi_value) -> Result<OptionValue> {
    Ok(match type_name(env, value) {
        // SAFETY: Node has just said that the value is a number.
        "number" => OptionValue::Number(unsafe { f64::from_napi_value(env, value)? }),
        // SAFETY: Node has just said that the value is a string.
        "string" => OptionValue::Text(unsafe { String::from_napi_value(env, value)? }),
        // SAFETY: `value` is a valid handle of this scope; what is no array of strings is refused.
        _ => OptionValue::Other(unsafe { Vec::<String>::from_napi_value(env, value)? }.concat()),
    })
}

/// What `typeof` says, but `null` for null.
fn type_name(env: sys::napi_env, value: sys::napi_value) -> &'static str {
    let mut kind = 0;
    // SAFETY: `value` is a valid handle of this scope.
    unsafe { sys::napi_typeof(env, value, &mut kind) };
    match kind {
        sys::ValueType::napi_undefined => "undefined",
        sys::ValueType::napi_null => "null",
        sys::ValueType::napi_boolean => "boolean",
        sys::ValueType::napi_number => "number",
        sys::ValueType::napi_string => "string",
        sys::ValueType::napi_symbol => "symbol",
        sys::ValueType::napi_function => "function",
        sys::ValueType::napi_bigint => "bigint",
        _ => "object",
    }
}

/// A whole number, where the value is a number.
pub fn read_u32(env: sys::napi_env, value: sys::napi_value) -> Option<u32> {
    let mut number = 0;
    // SAFETY: `value` is a valid handle of this scope.
    let status = unsafe { sys::napi_get_value_uint32(env, value, &mut number) };
    (status == sys::Status::napi_ok).then_some(number)
}

/// Whether the value is `true`.
pub fn read_bool(env: sys::napi_env, value: sys::napi_value) -> bool {
    let mut is_true = false;
    // SAFETY: `value` is a valid handle of this scope.
    let status = unsafe { sys::napi_get_value_bool(env, value, &mut is_true) };
    status == sys::Status::napi_ok && is_true
}

/// Longer text is decoded by V8, which takes longer but no memory beside the string's own.
const MAX_CONVERTED: usize = 256 * 1024;

/// Text in UTF-8 as a string of V8; fails where it is longer than V8's strings may be. What is not ASCII is brought into one of
/// the two forms that V8 has for strings.
pub fn string(env: sys::napi_env, text: &[u8], is_ascii: bool) -> Result<sys::napi_value> {
    if is_ascii {
        return latin1(env, text);
    }
    if text.len() > MAX_CONVERTED {
        return utf8(env, text);
    }
    let (units, bits) = utf16::units_of(text);
    if bits < 256 { latin1(env, &utf16::narrow(&units)) } else { two_byte(env, &units) }
}

fn latin1(env: sys::napi_env, text: &[u8]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    let (characters, length) = (text.as_ptr().cast(), text.len() as isize);
    // SAFETY: `characters` points at `length` of them, which outlive the call.
    check_status!(unsafe { sys::napi_create_string_latin1(env, characters, length, &mut value) })?;
    Ok(value)
}

fn utf8(env: sys::napi_env, text: &[u8]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    let (bytes, length) = (text.as_ptr().cast(), text.len() as isize);
    // SAFETY: `bytes` points at `length` of them, which outlive the call.
    check_status!(unsafe { sys::napi_create_string_utf8(env, bytes, length, &mut value) })?;
    Ok(value)
}

fn two_byte(env: sys::napi_env, units: &[u16]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: the slice outlives the call.
    check_status!(unsafe { sys::napi_create_string_utf16(env, units.as_ptr(), units.len() as isize, &mut value) })?;
    Ok(value)
}

pub fn null(env: sys::napi_env) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: `env` is the environment of the running callback.
    check_status!(unsafe { sys::napi_get_null(env, &mut value) })?;
    Ok(value)
}

pub fn boolean(env: sys::napi_env, boolean: bool) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: `env` is the environment of the running callback.
    check_status!(unsafe { sys::napi_get_boolean(env, boolean, &mut value) })?;
    Ok(value)
}

pub fn number(env: sys::napi_env, number: u32) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: `env` is the environment of the running callback.
    check_status!(unsafe { sys::napi_create_uint32(env, number, &mut value) })?;
    Ok(value)
}

pub fn array(env: sys::napi_env, elements: &[sys::napi_value]) -> Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: `env` is the environment of the running callback, and the elements are handles of its scope.
    unsafe {
        check_status!(sys::napi_create_array_with_length(env, elements.len(), &mut value))?;
        for (index, element) in elements.iter().enumerate() {
            check_status!(sys::napi_set_element(env, value, index as u32, *element))?;
        }
    }
    Ok(value)
}
