//! URLs of relays.

use super::*;

#[test]
fn the_relay_is_the_first_http_entry_of_the_peers() {
    let relay = |peers: &str| env(&[("GUN_PEERS", peers)]).map(|c| c.relay.shown.to_string());
    assert_eq!(relay("http://a:1").as_deref(), Ok("http://a:1"));
    assert_eq!(relay("wss://x/gun, https://b:2/p/ ,http://c").as_deref(), Ok("https://b:2/p"));
    assert_eq!(relay("").as_deref(), Ok("http://gun-relay:8765"));
    for bad in ["wss://x/other", "gun-relay:8765", "http://", "http://a?b=c", "http://${GUN_HOST}:8765,http://b"] {
        let error = relay(bad).unwrap_err();
        assert!(error.starts_with("environment variable GUN_PEERS must be"), "{error}");
    }
}

#[test]
fn without_an_http_entry_the_relay_is_the_first_gun_peer() {
    let relay = |peers: &str| env(&[("GUN_PEERS", peers)]).map(|c| c.relay.shown.to_string());
    assert_eq!(relay("ws://a:8765/gun").as_deref(), Ok("http://a:8765"));
    assert_eq!(relay("ws://a/no, WSS://b/gun/ ,ws://c/gun").as_deref(), Ok("https://b"));
    assert_eq!(relay("ws://a/gun,http://b").as_deref(), Ok("http://b"));
    for bad in ["ws://a:8765", "ws://a/p/gun", "ws:///gun", "ws://${GUN_HOST}/gun", "ftp://a/gun"] {
        assert!(relay(bad).is_err(), "{bad}");
    }
}

#[test]
fn fallback_relays_each_have_their_own_credentials() {
    let by_option = options(&[("fallbackUrls", text("http://a:1/p\nhttps://u:p@b"))]).expect("good");
    let by_variable = env(&[("GUN_FALLBACK_RELAYS", "http://a:1/p, https://u:p@b,")]).expect("good");
    for config in [by_option, by_variable] {
        let shown: Vec<&str> = config.fallbacks.iter().map(|relay| &*relay.shown).collect();
        assert_eq!(shown, ["http://a:1/p", "https://b"]);
        assert_eq!(config.fallbacks[0].authorization, None);
        assert_eq!(config.fallbacks[1].authorization.as_ref().expect("credentials"), "Basic dTpw");
    }
    assert!(options(&[("fallbackUrls", text(""))]).expect("good").fallbacks.is_empty());
    for bad in [text("http://a\nb"), text("ws://a/gun"), OptionValue::Number(1.0)] {
        let error = options(&[("fallbackUrls", bad)]).unwrap_err();
        assert!(error.starts_with("option fallbackUrls must be"), "{error}");
    }
}

#[test]
fn a_url_that_a_layer_below_cannot_use_is_refused() {
    let path = |bytes: usize| format!("http://a/{}", "p".repeat(bytes));
    for bad in [
        "http://${GUN_HOST}:8765".to_owned(),
        "https://${GUN_HOST}".to_owned(),
        "http://{".to_owned(),
        "http://a`b".to_owned(),
        "https://a$b".to_owned(),
        "https://-".to_owned(),
        "http://é.example".to_owned(), // JavaScript makes it ASCII
        path(70_000),
        path(52_900),
    ] {
        let error = options(&[("relayUrl", text(&bad))]).unwrap_err();
        assert!(error.starts_with("option relayUrl must be an http or https URL"), "{error}");
        assert!(error.len() < 500, "{}", error.len());
        assert!(options(&[("fallbackUrls", text(&bad))]).is_err());
    }
    for good in
        ["https://[::1]:1/p", "https://1.2.3.4", "http://a_b:1", "http://a/%7Bx%7D/{y}|", "http://XN--9ca.example/ü"]
    {
        assert!(options(&[("relayUrl", text(good))]).is_ok(), "{good}");
    }
    // The longest path fits with the longest soul.
    let config = options(&[("relayUrl", text(&path(52_000)))]).expect("good");
    let uri = format!("{}?soul={}", config.relay.get, "%00".repeat(crate::soul::MAX_BYTES));
    assert!(http::Uri::try_from(uri).is_ok());
}

#[test]
fn a_refused_url_shows_no_secret_and_says_what_may_have_been_meant() {
    for (bad, shown) in [
        ("http://a?key=SECRET", "got \"http://a?***\""),
        ("http://a/p#SECRET", "got \"http://a/p#***\""),
        ("http://u:SECRET@a?key=SECRET", "got \"http://***@a?***\""),
        ("http://a?key=@SECRET", "got \"http://***\""),
        ("http://u:SEC?RET@a", "got \"http://***\""),
        ("gun-relay:8765", "got \"gun-relay:8765\"; did you mean http://gun-relay:8765?"),
        ("localhost", "; did you mean http://localhost?"),
        ("u:SECRET@gun-relay:8765/p", "; did you mean http://gun-relay:8765/p?"),
    ] {
        for (option, error) in [
            ("relayUrl", options(&[("relayUrl", text(bad))]).unwrap_err()),
            ("GUN_PEERS", env(&[("GUN_PEERS", bad)]).unwrap_err()),
        ] {
            assert!(error.ends_with(shown), "{option}: {error}");
            assert!(!error.contains("SEC") && !error.contains("RET"), "{error}");
        }
    }
}

#[test]
fn a_path_prefix_of_the_relay_is_kept() {
    for (url, get) in [
        ("http://a:1", "http://a:1/get"),
        ("http://a:1/", "http://a:1/get"),
        ("HTTPS://a/p/q", "https://a/p/q/get"),
        ("http://a/p//", "http://a/p/get"),
        ("http://[::1]:80/x", "http://[::1]/x/get"),
    ] {
        let config = options(&[("relayUrl", text(url))]).expect("good");
        assert_eq!(config.relay.get.as_str(), get);
    }
}

#[test]
fn credentials_become_basic_auth_and_are_shown_nowhere() {
    let config = options(&[("relayUrl", text("http://us%40er:p%3Aw@a:1/p"))]).expect("good");
    assert_eq!(&*config.relay.shown, "http://a:1/p");
    assert_eq!(config.relay.get.as_str(), "http://a:1/p/get");
    assert_eq!(config.relay.authorization.as_ref().expect("credentials"), "Basic dXNAZXI6cDp3");
    assert!(!format!("{config:?}").contains("dXNAZXI6cDp3"));
    for bad in ["ftp://user:secret@a", "http://user:secret@", "http://user:sec@ret@a?q"] {
        let error = options(&[("relayUrl", text(bad))]).unwrap_err();
        assert!(error.contains("//***@"), "{error}");
        assert!(!error.contains("sec"), "{error}");
    }
}
