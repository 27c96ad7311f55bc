//! Classification of the relay's answers: the table of the contract, row by row.

use super::json::{Json, parse};
use super::record::{Expected, ends_within_an_escape, expected, units};
use bytes::Bytes;
use gun_native::error::Fault;
use gun_native::relay::{Answer, classify};
use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// An answer with any status, `Retry-After` and body is classified as in the contract.
pub fn check(input: &[u8]) {
    let Some((status, asked, body)) = answer(input) else { return };
    let mut headers = HeaderMap::new();
    let asked = HeaderValue::from_bytes(asked).ok();
    if let Some(asked) = &asked {
        headers.insert(RETRY_AFTER, asked.clone());
    }
    let meant = classify(status, &headers, &Bytes::copy_from_slice(body), SystemTime::UNIX_EPOCH);
    match (status, &meant) {
        (200, Answer::Failed { fault: Fault::BadResponse { truncated, .. }, retry_after: None }) => {
            let is_same = expected(body) == Expected::Unusable { truncated: *truncated };
            assert!(is_same || ends_within_an_escape(body));
        }
        (200, Answer::Missing { remember: false }) => assert_eq!(expected(body), Expected::Missing),
        (200, Answer::Found(_)) => assert!(matches!(expected(body), Expected::Found(_))),
        (404, Answer::Missing { remember: true }) => assert!(says_missing(body)),
        (500, Answer::Missing { remember: true }) => assert!(says_missing_at_a_peer(body)),
        (_, Answer::Failed { fault: Fault::Status(told), retry_after }) => {
            assert_eq!(*told, status);
            assert!(status != 200 && !(status == 404 && says_missing(body)));
            assert!(!(status == 500 && says_missing_at_a_peer(body)));
            check_retry_after(*retry_after, asked.as_ref());
        }
        other => panic!("no row of the contract: {other:?}"),
    }
}

/// Status, `Retry-After` and body of an input.
fn answer(input: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (&input[..end], &input[end + 1..]);
    let digits = line.get(..3)?;
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((status, line.get(4..).unwrap_or_default(), body))
}

/// A JSON object whose `error` is `Not found`, in any case.
fn says_missing(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let Ok(answer) = parse(&units(text.strip_prefix('\u{feff}').unwrap_or(text))) else { return false };
    let Some(Json::Text(error)) = answer.member("error") else { return false };
    String::from_utf16(error).is_ok_and(|error| error.eq_ignore_ascii_case("not found"))
}

/// A JSON object of `error` and `success` alone, as a peer's proxy makes it of its relay's 404.
fn says_missing_at_a_peer(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let Ok(answer) = parse(&units(text.strip_prefix('\u{feff}').unwrap_or(text))) else { return false };
    let Json::Object(members) = &answer else { return false };
    let (Some(Json::Text(error)), Some(Json::Bool(false))) = (answer.member("error"), answer.member("success")) else {
        return false;
    };
    members.len() == 2 && String::from_utf16(error).is_ok_and(|error| error == "Request failed with status code 404")
}

/// Seconds are used as they are; anything that is neither seconds nor a date is ignored.
fn check_retry_after(taken: Option<Duration>, asked: Option<&HeaderValue>) {
    let Some(text) = asked.and_then(|asked| asked.to_str().ok()).map(str::trim) else {
        assert_eq!(taken, None);
        return;
    };
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().unwrap_or(u64::MAX);
        assert_eq!(taken, Some(Duration::from_secs(seconds)));
    } else if !text.contains(':') {
        assert_eq!(taken, None, "{text:?} is no date");
    }
}
