//! The record of a 200: what plain JSON semantics make of the body, and no more.

use super::json::{Json, NotJson, parse};
use bytes::Bytes;
use gun_native::record::read_answer;

/// What the contract makes of a body.
#[derive(Debug, PartialEq)]
pub enum Expected {
    /// This record.
    Found(Json),
    /// No record.
    Missing,
    /// An unusable answer, and whether it only ended too early.
    Unusable { truncated: bool },
}

/// The body of a 200, whatever it is, is read as the contract says.
pub fn check(body: &[u8]) {
    let read = match read_answer(&Bytes::copy_from_slice(body)) {
        Ok(Some(record)) => {
            assert_eq!(record.is_ascii, record.as_str().is_ascii());
            assert_eq!(record.as_str().as_bytes(), record.as_bytes());
            Expected::Found(parse(&units(record.as_str())).expect("a record is JSON"))
        }
        Ok(None) => Expected::Missing,
        Err(unusable) => {
            assert!(!unusable.reason.is_empty());
            Expected::Unusable { truncated: unusable.truncated }
        }
    };
    if !(matches!(read, Expected::Unusable { .. }) && ends_within_an_escape(body)) {
        assert_eq!(read, expected(body), "{:?}", String::from_utf8_lossy(body));
    }
}

/// Whether the last bytes are those of `\u` and fewer than four digits. serde_json takes the four at once and finds them
/// missing before it finds them wrong: whether such a body is called cut short is not judged.
pub fn ends_within_an_escape(body: &[u8]) -> bool {
    body[body.len().saturating_sub(5)..].windows(2).any(|bytes| bytes == b"\\u")
}

/// The contract in plain terms: parse, look for `success` and `data`, parse the two fields that may be strings of JSON.
pub fn expected(body: &[u8]) -> Expected {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        // It ends within a character.
        Err(error) => return Expected::Unusable { truncated: error.error_len().is_none() },
    };
    let answer = match parse(&units(text)) {
        Ok(answer) => answer,
        // Only what began as an answer begins can have been cut short.
        Err(why) => {
            let is_object = text.trim_ascii_start().starts_with('{');
            return Expected::Unusable { truncated: is_object && why == NotJson::EndsEarly };
        }
    };
    match (answer.member("success"), answer.member("data")) {
        (Some(Json::Bool(false)), _) => Expected::Missing,
        (Some(Json::Bool(true)), Some(data @ Json::Object(_))) => Expected::Found(record(data.clone())),
        _ => Expected::Unusable { truncated: false },
    }
}

fn record(mut data: Json) -> Json {
    for name in ["data", "oip"] {
        let within = match data.member(name) {
            Some(Json::Text(text)) => parse(text).ok(),
            _ => None,
        };
        if let Some(within) = within {
            data.replace(name, within);
        }
    }
    data
}

/// Text as JavaScript has it.
pub fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
