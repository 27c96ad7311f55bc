//! The record's JSON text: read from the relay's answer without building a value tree, so that numbers, key order and
//! unknown fields reach `JSON.parse` exactly as the relay wrote them. Pure.

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How the relay's answers begin, as `JSON.stringify` writes them; `}` is all that follows the record.
const USUAL_START: &str = r#"{"success":true,"data":"#;

/// The error text of a peer's proxy that turns its relay's 404 into a 500.
const PEERS_404: &str = "Request failed with status code 404";

/// Fields of a record that peers may send as strings of JSON.
const FIELDS_OF_JSON: [&str; 2] = ["data", "oip"];

/// A record as JSON text, ready for `JSON.parse`. Cheap to clone: callers share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordText {
    bytes: Bytes,
    /// Whether all of it is ASCII: such text becomes a one-byte string of V8 with no decoding.
    pub is_ascii: bool,
    guard: Guard,
}

/// Dropped with the last clone of a text. It does not affect equality.
#[derive(Clone, Default)]
struct Guard(Option<Arc<dyn Any + Send + Sync>>);

impl PartialEq for Guard {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Guard {}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "guarded" } else { "free" })
    }
}

impl RecordText {
    fn new(bytes: Bytes) -> Self {
        let is_ascii = bytes.is_ascii();
        Self { bytes, is_ascii, guard: Guard::default() }
    }

    /// Adds a guard that is dropped with the last clone: the room that the text takes of a budget.
    pub fn guarded(self, guard: impl Any + Send + Sync) -> Self {
        Self { guard: Guard(Some(Arc::new(guard))), ..self }
    }

    /// Removes the guard, for holders that have a bound of their own or wait for further texts: holding room of a budget while
    /// waiting for texts that need some would be a deadlock.
    pub fn unguarded(self) -> Self {
        Self { guard: Guard::default(), ..self }
    }

    /// The JSON.
    pub fn as_str(&self) -> &str {
        // Callers of the only constructor pass parts of valid UTF-8, cut at the ends of JSON values.
        std::str::from_utf8(&self.bytes).expect("record text is UTF-8")
    }

    /// The JSON as bytes of UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable {
    /// What is wrong with it, as the end of a sentence about the answer.
    pub reason: &'static str,
    /// The body ends early; the next attempt may get all of it.
    pub truncated: bool,
}

impl Unusable {
    const fn because(reason: &'static str) -> Self {
        Self { reason, truncated: false }
    }

    /// The reason given for a truncated body.
    pub const TRUNCATED: Self = Self { reason: "it ends too early", truncated: true };
}

/// Reads the body of a 200: the record's text, or `None` when the relay answers `"success": false`.
pub fn read_answer(body: &Bytes) -> Result<Option<RecordText>, Unusable> {
    let text = text_of(body)?;
    if let Some(record) = usual_record(body, text) {
        return Ok(Some(record));
    }
    let [success, data] = fields(text, ["success", "data"]).map_err(|error| {
        if ends_early(text, &error) { Unusable::TRUNCATED } else { Unusable::because("it is not a JSON object") }
    })?;
    match (success.map(RawValue::get), data.map(RawValue::get)) {
        (Some("false"), _) => Ok(None),
        (Some("true"), Some(data)) if data.starts_with('{') => {
            Ok(Some(normalise(body, data).expect("data was read as JSON once already")))
        }
        (Some("true"), Some(_)) => Err(Unusable::because("its \"data\" is not an object")),
        _ => Err(Unusable::because("it has no \"success\" with \"data\"")),
    }
}

/// Whether text that is not a JSON object is the beginning of one.
fn ends_early(text: &str, error: &serde_json::Error) -> bool {
    if !text.trim_ascii_start().starts_with('{') {
        return false;
    }
    // serde_json reports a number that ends after its sign, point or exponent as wrong, not as truncated; one more digit
    // makes it valid.
    let may_be_more = text.ends_with(['-', '+', '.', 'e', 'E']);
    error.is_eof() || may_be_more && fields(&format!("{text}0"), []).is_err_and(|error| error.is_eof())
}

/// The record of an answer written exactly as the relay does, in one pass: if the text between start and end is one JSON
/// object, the whole is JSON too. Other answers are left to [`fields`].
fn usual_record(body: &Bytes, text: &str) -> Option<RecordText> {
    let data = text.strip_prefix(USUAL_START)?.strip_suffix('}')?;
    normalise(body, data).ok()
}

/// Whether the body of a 404 is the relay's own "Not found", not that of a wrong path or a proxy.
pub fn says_missing(body: &Bytes) -> bool {
    let Some(Ok([Some(error)])) = text_of(body).ok().map(|text| fields(text, ["error"])) else {
        return false;
    };
    decode(error.get()).is_some_and(|text| text.eq_ignore_ascii_case(b"Not found"))
}

/// Whether the body of a 500 means that a peer's relay answered 404: exactly two fields.
pub fn says_missing_at_a_peer(body: &Bytes) -> bool {
    let Some(Ok(fields)) = text_of(body).ok().map(serde_json::from_str::<HashMap<String, &RawValue>>) else {
        return false;
    };
    let error = fields.get("error").and_then(|error| decode(error.get()));
    fields.len() == 2
        && error.is_some_and(|text| text == PEERS_404.as_bytes())
        && fields.get("success").is_some_and(|success| success.get() == "false")
}

/// The body as text, without a byte order mark (RFC 8259, section 8.1).
fn text_of(body: &Bytes) -> Result<&str, Unusable> {
    match std::str::from_utf8(body) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) if error.error_len().is_none() => Err(Unusable::TRUNCATED),
        Err(_) => Err(Unusable::because("it is not UTF-8")),
    }
}

/// The record's text with its strings of JSON replaced by that JSON. `data` is a part of `body`; fails if it is not a JSON
/// object.
fn normalise(body: &Bytes, data: &str) -> Result<RecordText, serde_json::Error> {
    let values = fields(data, FIELDS_OF_JSON)?;
    let mut splices: Vec<(Range<usize>, Vec<u8>)> = values
        .into_iter()
        .flatten()
        .filter_map(|value| {
            let start = value.get().as_ptr() as usize - data.as_ptr() as usize;
            Some((start..start + value.get().len(), json_within(value.get())?))
        })
        .collect();
    if splices.is_empty() {
        return Ok(RecordText::new(body.slice_ref(data.as_bytes())));
    }
    splices.sort_by_key(|(range, _)| range.start);
    let mut text = Vec::with_capacity(data.len());
    let mut end = 0;
    for (range, json) in splices {
        text.extend_from_slice(&data.as_bytes()[end..range.start]);
        text.extend_from_slice(&json);
        end = range.end;
    }
    text.extend_from_slice(&data.as_bytes()[end..]);
    Ok(RecordText::new(text.into()))
}

/// The JSON in a value that is a string of JSON.
fn json_within(value: &str) -> Option<Vec<u8>> {
    let decoded = decode(value)?;
    if let Ok(text) = std::str::from_utf8(&decoded) {
        return is_json(text).then_some(decoded);
    }
    // JSON text may contain a lone surrogate as an escape. Decoded, it has no UTF-8 form (it is WTF-8 here), but inside a
    // string of the inner JSON it is valid for JavaScript. So the grammar is checked with a placeholder of the same length,
    // and the surrogate is written as an escape again.
    let halves = lone_surrogates(&decoded);
    let mut stand_in = decoded.clone();
    for &at in &halves {
        stand_in[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
    }
    let text = String::from_utf8(stand_in).ok()?;
    if !is_json(&text) {
        return None;
    }
    let mut spelled = Vec::with_capacity(decoded.len() + 3 * halves.len());
    let mut end = 0;
    for at in halves {
        spelled.extend_from_slice(&decoded[end..at]);
        let unit = 0xd000 | (u16::from(decoded[at + 1] & 0x3f) << 6) | u16::from(decoded[at + 2] & 0x3f);
        spelled.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        end = at + 3;
    }
    spelled.extend_from_slice(&decoded[end..]);
    Some(spelled)
}

/// Positions of lone surrogates: the three bytes `ED A0..BF xx`, which are invalid in UTF-8 and mean nothing else in WTF-8.
fn lone_surrogates(wtf8: &[u8]) -> Vec<usize> {
    wtf8.windows(3).enumerate().filter(|(_, bytes)| bytes[0] == 0xed && bytes[1] >= 0xa0).map(|(at, _)| at).collect()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The decoded JSON string as WTF-8; `None` if the value is not a string.
fn decode(value: &str) -> Option<Vec<u8>> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }
    if !value.starts_with('"') {
        return None;
    }
    serde_json::Deserializer::from_str(value).deserialize_bytes(Text).ok()
}

/// The values of the named fields of a JSON object, as text. The last one of a repeated key counts, as in JavaScript; keys
/// may contain escapes. Nesting uses no stack.
fn fields<'a, const N: usize>(
    text: &'a str,
    names: [&'static str; N],
) -> Result<[Option<&'a RawValue>; N], serde_json::Error> {
    if has_control(text) {
        // When keys are read as bytes, serde_json accepts control characters in them, which JSON forbids.
        serde_json::from_str::<IgnoredAny>(text)?;
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let values = json.deserialize_map(Fields { names })?;
    json.end()?;
    Ok(values)
}

/// Whether there is a control character, including white space; `JSON.stringify` writes none. It checks every byte without
/// stopping early, so that the compiler can vectorize it.
fn has_control(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte < b' '))
}

struct Fields<const N: usize> {
    names: [&'static str; N],
}

impl<'a, const N: usize> Visitor<'a> for Fields<N> {
    type Value = [Option<&'a RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        while let Some(known) = map.next_key_seed(NameIn(&self.names))? {
            match known {
                Some(index) => values[index] = Some(map.next_value::<&RawValue>()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values)
    }
}

/// Reads a key as bytes, because it may contain a lone surrogate, and finds it among the names.
struct NameIn<'n>(&'n [&'static str]);

impl<'a> DeserializeSeed<'a> for NameIn<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_bytes(self)
    }
}

impl Visitor<'_> for NameIn<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| name.as_bytes() == key))
    }
}

#[cfg(test)]
mod tests;
