use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn answer(body: &str) -> Result<Option<String>, Unusable> {
    read_answer(&Bytes::copy_from_slice(body.as_bytes())).map(|record| record.map(|text| text.as_str().to_owned()))
}

fn record(body: &str) -> String {
    answer(body).expect("usable").expect("a record")
}

#[test]
fn a_record_passes_through_byte_for_byte() {
    for data in [
        r#"{}"#,
        r#"{ "b" : 1 , "a" : [ 1.0, 1e400, -0, 12345678901234567890, 0.1e-7 ] }"#,
        r#"{"__proto__":{"x":1},"\u0061":"\ud83d","\udc00":null}"#,
        r#"{"data":{"not":"a string"},"oip":5}"#,
        "{\"text\":\"\u{2028} é 🏋️ \u{7f}\"}",
    ] {
        assert_eq!(record(&format!(r#"{{"success":true,"data":{data}}}"#)), data);
    }
}

#[test]
fn strings_of_json_become_that_json() {
    for (data, expected) in [
        (r#"{"data":"{\"a\":1.50}","oip":"[1]"}"#, r#"{"data":{"a":1.50},"oip":[1]}"#),
        (r#"{"oip":"null","x":1,"data":"true"}"#, r#"{"oip":null,"x":1,"data":true}"#),
        (r#"{"data":" \"text\"\n"}"#, "{\"data\": \"text\"\n}"),
        (r#"{"d\u0061ta":"{}"}"#, r#"{"d\u0061ta":{}}"#),
        (r#"{"data":"{\"e\":\"\\\"\\\\\"}"}"#, r#"{"data":{"e":"\"\\"}}"#),
        (r#"{"data":"[\"\ud800\",\"\ud83d\ude00\"]"}"#, "{\"data\":[\"\\ud800\",\"😀\"]}"),
    ] {
        assert_eq!(record(&format!(r#"{{"success":true,"data":{data}}}"#)), expected);
    }
}

#[test]
fn strings_that_are_not_json_stay_as_they_are() {
    for value in [
        r#""""#,
        r#""text""#,
        r#""{'a':1}""#,
        r#""{\"a\":1""#,
        r#""01""#,
        r#""NaN""#,
        r#""\ud800""#,
        r#""[\"\\\ud800\"]""#,
        r#""[1,]""#,
        "\"\\ufeff{}\"",
    ] {
        let data = format!(r#"{{"data":{value},"oip":{value}}}"#);
        assert_eq!(record(&format!(r#"{{"success":true,"data":{data}}}"#)), data);
    }
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    assert_eq!(answer(r#"{"success":true,"data":{"a":1},"success":false}"#), Ok(None));
    assert_eq!(
        record(r#"{"success":false,"data":1,"success":true,"data":{"data":"x","data":"1"}}"#),
        r#"{"data":"x","data":1}"#
    );
}

#[test]
fn an_answer_that_only_looks_usual_is_read_in_full() {
    assert_eq!(answer(r#"{"success":true,"data":{"a":1},"success":false}"#), Ok(None));
    assert_eq!(record(r#"{"success":true,"data":{"a":1},"data":{"b":2}}"#), r#"{"b":2}"#);
    assert_eq!(record(r#"{"success":true,"data":{"a":1},"x":{}}"#), r#"{"a":1}"#);
    assert_eq!(record("{\"success\": true, \"data\": {\"a\":1} }\n"), r#"{"a":1}"#);
    assert!(answer(r#"{"success":true,"data":{"a":1}}}"#).is_err());
    assert!(answer(r#"{"success":true,"data":{"a":1}"#).is_err());
    assert!(answer(r#"{"success":true,"data":[{"a":1}]}"#).is_err());
}

#[test]
fn nesting_of_any_depth_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let data = format!(r#"{{"data":"{deep}","x":{deep}}}"#);
    assert_eq!(record(&format!(r#"{{"success":true,"data":{data}}}"#)), format!(r#"{{"data":{deep},"x":{deep}}}"#));
}

#[test]
fn an_unusable_body_says_why_and_whether_more_was_to_come() {
    let not_json = "it is not a JSON object";
    let no_data = "it has no \"success\" with \"data\"";
    let no_object = "its \"data\" is not an object";
    let truncated = Unusable::TRUNCATED.reason;
    for (body, reason, is_truncated) in [
        ("", not_json, false),
        (" \n", not_json, false),
        ("<html>", not_json, false),
        ("\"", not_json, false),
        ("[\n-", not_json, false),
        ("[]", not_json, false),
        ("null", not_json, false),
        (r#"{"success":true,"data":{}} x"#, not_json, false),
        (r#"{"success":true,"data":{"a":tru}}"#, not_json, false),
        (r#"{"success":true,"data":{"a":1}"#, truncated, true),
        (r#"{"success":tr"#, truncated, true),
        (r#"{"success":true,"data":{"a":-"#, truncated, true),
        (r#"{"success":true,"data":{"a":1."#, truncated, true),
        (r#"{"success":true,"data":{"a":1e+"#, truncated, true),
        (r#"{"success":tru-"#, not_json, false),
        ("{\"success\":true,\"data\":{\"a\nb\":1}}", not_json, false),
        ("{\"success\":true,\"data\":{\"\\u0041\tb\":1}}", not_json, false),
        ("{\"success\":true,\"a\u{0}\":1,\"data\":{}}", not_json, false),
        ("{}", no_data, false),
        (r#"{"success":true}"#, no_data, false),
        (r#"{"data":{}}"#, no_data, false),
        (r#"{"success":"true","data":{}}"#, no_data, false),
        (r#"{"success":true,"data":null}"#, no_object, false),
        (r#"{"success":true,"data":[1]}"#, no_object, false),
        (r#"{"success":true,"data":"{}"}"#, no_object, false),
    ] {
        let expected = Unusable { reason, truncated: is_truncated };
        assert_eq!(answer(body), Err(expected), "{body}");
    }
    let bad = read_answer(&Bytes::from_static(b"{\"success\":true,\"data\":{\"a\":\"\xff\"}}"));
    assert_eq!(bad, Err(Unusable::because("it is not UTF-8")));
    let cut = read_answer(&Bytes::from_static(b"{\"success\":true,\"data\":{\"a\":\"\xc3"));
    assert_eq!(cut, Err(Unusable::TRUNCATED));
}

#[test]
fn a_peers_word_for_a_404_has_two_fields_and_no_other() {
    let missing = |body: &str| says_missing_at_a_peer(&Bytes::copy_from_slice(body.as_bytes()));
    for body in [
        r#"{"error":"Request failed with status code 404","success":false}"#,
        " {\n\"success\": false, \"error\": \"Request failed with status\\u0020code 404\" }\n",
        "\u{feff}{\"error\":\"Request failed with status code 404\",\"success\":false}",
    ] {
        assert!(missing(body), "{body}");
    }
    for body in [
        r#"{"error":"Request failed with status code 403","success":false}"#,
        r#"{"error":"request failed with status code 404","success":false}"#,
        r#"{"error":"Request failed with status code 404","success":true}"#,
        r#"{"error":"Request failed with status code 404","success":"false"}"#,
        r#"{"error":"Request failed with status code 404"}"#,
        r#"{"error":"Request failed with status code 404","success":false,"soul":"a"}"#,
        r#"{"error":"Request failed with status code 404","success":false,"success":true}"#,
        r#"{"error":"Request failed with status code 404","success":false"#,
        r#"{"error":"Request failed with status code 404","success":false} x"#,
        r#"["Request failed with status code 404",false]"#,
        r#"{"error":"timeout of 10000ms exceeded","success":false}"#,
        r#"{"error":"Not found"}"#,
        "<html>Request failed with status code 404</html>",
        "",
    ] {
        assert!(!missing(body), "{body}");
    }
}

#[test]
fn only_the_relays_own_words_say_missing() {
    let missing = |body: &str| says_missing(&Bytes::copy_from_slice(body.as_bytes()));
    for body in [
        r#"{"error":"Not found"}"#,
        r#"{"error":"NOT FOUND","soul":"x"}"#,
        r#"{"error":"other","error":"not found"}"#,
        r#" { "err\u006fr" : "\u004eot found" } "#,
    ] {
        assert!(missing(body), "{body}");
    }
    for body in [
        r#"{"error":"Endpoint not found"}"#,
        r#"{"error":"Not found.","soul":"x"}"#,
        r#"{"error":["Not found"]}"#,
        r#"{"message":"Not found"}"#,
        r#""Not found""#,
        r#"["error","Not found"]"#,
        r#"{"error":"Not found""#,
        "{\"error\":\"Not found\",\"a\nb\":1}",
        "<html>Not found</html>",
        "",
    ] {
        assert!(!missing(body), "{body}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = prop_oneof![Just("data".to_owned()), Just("oip".to_owned()), ".*"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner.clone(), 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
            inner.prop_map(|value| Value::String(value.to_string())),
        ]
    })
}

/// The contract in plain JSON terms: parse, then replace the two fields where they are strings of JSON.
fn reference(data: &Value) -> Value {
    let mut data = data.clone();
    for name in FIELDS_OF_JSON {
        let parsed = data[name].as_str().and_then(|text| serde_json::from_str(text).ok());
        if let Some(parsed) = parsed {
            data[name] = parsed;
        }
    }
    data
}

proptest! {
    #[test]
    fn record_text_means_what_plain_json_means(
        data in prop::collection::btree_map(
            prop_oneof![Just("data".to_owned()), Just("oip".to_owned()), ".*"], any_json(), 0..6)
    ) {
        let data = Value::Object(data.into_iter().collect());
        let body = json!({ "success": true, "data": data }).to_string();
        let text = record(&body);
        prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), reference(&data));
    }

    #[test]
    fn no_body_whatever_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let body = Bytes::from(body);
        let _ = read_answer(&body);
        let _ = says_missing(&body);
        let _ = says_missing_at_a_peer(&body);
    }

    #[test]
    fn no_record_cut_short_is_taken_for_a_whole_one(cut in 1usize..70) {
        let body = r#"{"success":true,"data":{"a":[1,"é",{"b":null}],"data":"{\"x\":1}"}}"#;
        prop_assume!(cut < body.len());
        let answer = read_answer(&Bytes::copy_from_slice(&body.as_bytes()[..cut]));
        prop_assert_eq!(answer, Err(Unusable::TRUNCATED));
    }
}
