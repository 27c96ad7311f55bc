//! The record of a 200, compared with plain JSON semantics of the body.

use super::json::{Json, NotJson, parse};
use bytes::Bytes;
use gun_native::record::read_answer;

/// A body's meaning in the contract.
#[derive(Debug, PartialEq)]
pub enum Expected {
    /// This record.
    Found(Json),
    /// No record.
    Missing,
    /// An unusable answer, and whether it is truncated.
    Unusable { truncated: bool },
}

/// Any body of a 200 is read as in the contract.
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

/// Whether the last bytes are `\u` and fewer than four digits. serde_json reads the four at once and reports the end
/// before a wrong digit, so whether such a body is truncated is not compared.
pub fn ends_within_an_escape(body: &[u8]) -> bool {
    body[body.len().saturating_sub(5)..].windows(2).any(|bytes| bytes == b"\\u")
}

/// The contract in plain terms: parse, find `success` and `data`, parse the two fields that may be JSON strings.
pub fn expected(body: &[u8]) -> Expected {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        // It ends within a character.
        Err(error) => return Expected::Unusable { truncated: error.error_len().is_none() },
    };
    let answer = match parse(&units(text)) {
        Ok(answer) => answer,
        // Only the beginning of an answer can be truncated.
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

/// Text as UTF-16, as in JavaScript.
pub fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
