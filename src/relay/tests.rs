mod buffers;

use super::*;
use http::header::{HeaderName, HeaderValue};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn answer(status: u16, body: &str) -> Answer {
    classify(status, &HeaderMap::new(), &Bytes::copy_from_slice(body.as_bytes()), NOW)
}

fn asked_to_wait(retry_after: &str) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after).expect("a header"));
    match classify(503, &headers, &Bytes::new(), NOW) {
        Answer::Failed { retry_after, .. } => retry_after,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_row_of_the_contract() {
    let Answer::Found(text) = answer(200, r#"{"success":true,"data":{"a":1}}"#) else {
        panic!("not a record");
    };
    assert_eq!(text.as_str(), r#"{"a":1}"#);

    let missing = |remember| Answer::Missing { remember };
    let status = |status| Answer::from(Fault::Status(status));
    let unusable = |reason, truncated| Answer::from(Fault::BadResponse { reason, truncated });
    for (code, body, expected) in [
        (200, r#"{"success":false,"error":"x"}"#, missing(false)),
        (200, r#"{"success":true"#, unusable("it ends too early", true)),
        (200, "<html>", unusable("it is not a JSON object", false)),
        (200, "{}", unusable("it has no \"success\" with \"data\"", false)),
        (404, r#"{"error":"Not found"}"#, missing(true)),
        (404, r#"{"error":"not FOUND"}"#, missing(true)),
        (404, r#"{"error":"Endpoint not found"}"#, status(404)),
        (404, "<html>Not found</html>", status(404)),
        (404, "", status(404)),
        (410, r#"{"error":"Not found"}"#, status(410)),
        (201, r#"{"success":true,"data":{}}"#, status(201)),
        (302, "", status(302)),
        (400, r#"{"error":"Soul parameter required"}"#, status(400)),
        (500, r#"{"success":true,"data":{}}"#, status(500)),
        (500, r#"{"error":"Request failed with status code 404","success":false}"#, missing(true)),
        (502, r#"{"error":"Request failed with status code 404","success":false}"#, status(502)),
        (404, r#"{"error":"Request failed with status code 404","success":false}"#, status(404)),
        (500, r#"{"error":"Not found"}"#, status(500)),
        (503, "", status(503)),
    ] {
        assert_eq!(answer(code, body), expected, "{code} {body}");
    }
}

#[test]
fn what_a_gateway_says_of_itself_is_not_the_relays_word() {
    let relays = [
        (404, r#"{"error":"Not found"}"#),
        (500, r#"{"error":"Request failed with status code 404","success":false}"#),
    ];
    for (code, body) in relays {
        for (name, value, expected) in [
            ("proxy-status", "squid.example; error=http_request_denied", Answer::from(Fault::Status(code))),
            ("proxy-authenticate", "Basic", Answer::from(Fault::Status(code))),
            ("x-squid-error", "ERR_DNS_FAIL 0", Answer::from(Fault::Status(code))),
            ("proxy-status", "cache.example; received-status=404", Answer::Missing { remember: true }),
            ("via", "1.1 proxy", Answer::Missing { remember: true }),
        ] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            assert_eq!(
                classify(code, &headers, &Bytes::from_static(body.as_bytes()), NOW),
                expected,
                "{name}: {value}"
            );
        }
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_and_nothing_else() {
    assert_eq!(asked_to_wait("3"), Some(Duration::from_secs(3)));
    assert_eq!(asked_to_wait("0"), Some(Duration::ZERO));
    assert_eq!(asked_to_wait("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
    assert_eq!(asked_to_wait("Thu, 01 Jan 1970 00:00:07 GMT"), Some(Duration::from_secs(7)));
    for no_time in ["-1", "1.5", "soon", ""] {
        assert_eq!(asked_to_wait(no_time), None, "{no_time}");
    }
    let past = retry_after(
        &HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:07 GMT"))]),
        NOW + Duration::from_secs(60),
    );
    assert_eq!(past, Some(Duration::ZERO));
}
