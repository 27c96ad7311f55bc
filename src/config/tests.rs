mod urls;

use super::settings::Setting;
use super::*;

fn options(options: &[(&str, OptionValue)]) -> Result<Config, String> {
    let owned: Vec<_> = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Config::from_options(&owned).map_err(message)
}

fn env(variables: &[(&str, &str)]) -> Result<Config, String> {
    let owned: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::from_env(&owned).map_err(message)
}

fn message(fault: Fault) -> String {
    match fault {
        Fault::InvalidArgument(text) => text,
        other => panic!("not an invalid argument: {other:?}"),
    }
}

fn text(text: &str) -> OptionValue {
    OptionValue::Text(text.to_owned())
}

#[test]
fn defaults_are_those_of_the_contract() {
    let config = Config::default();
    assert_eq!(&*config.relay.shown, "http://gun-relay:8765");
    assert_eq!(config.relay.get.as_str(), "http://gun-relay:8765/get");
    assert_eq!(config.capacity, 10_000);
    assert_eq!(config.ttl, Duration::from_secs(3_600));
    assert_eq!(config.attempt_timeout, Duration::from_secs(20));
    assert_eq!(config.timeout, Duration::from_secs(45));
    assert_eq!(config.retry.retries, 2);
    assert_eq!(config.retry.base, Duration::from_millis(200));
    assert_eq!(config.retry.max, Duration::from_millis(5_000));
    assert_eq!(config.budget, Some(BudgetPolicy { ratio: 0.2, min_per_second: 10.0 }));
    let second = Duration::from_secs(1);
    assert_eq!(config.breaker, Some(BreakerPolicy { failures: 50, after: second, probe_every: second }));
    assert_eq!(config.max_in_flight, 256);
    assert_eq!(config.max_queue, 10_000);
    assert_eq!(config.max_body_bytes, 268_435_456);
    assert_eq!(config.max_buffered_bytes, 268_435_456);
    assert_eq!(config.connect_timeout, Duration::from_secs(5));
    assert_eq!(config.queue_timeout, Duration::from_secs(120));
    assert_eq!((config.first_ttl, config.refresh), (None, true));
    assert_eq!((config.record_ttl, config.stale_if_error), (Duration::ZERO, Duration::ZERO));
    assert_eq!(config.record_max_bytes, 67_108_864);
    assert!(config.fallbacks.is_empty() && config.cache_namespace.is_none());
    assert!(config.cache_file.is_none() && config.cache_url.is_none());
    assert_eq!(config.stats_every, 100);
    assert_eq!(config.sweep_every, Duration::from_secs(3_600));
    assert!(config.headers.is_empty());
}

#[test]
fn every_setting_takes_the_ends_of_its_range_and_nothing_beyond() {
    for setting in &SETTINGS {
        let (low, high) = (*setting.range.start(), *setting.range.end());
        for good in [low, setting.default.unwrap_or(low), high] {
            let value = OptionValue::Number(good as f64);
            assert!(options(&[(setting.option, value)]).is_ok(), "{}", setting.option);
        }
        let bad = [
            OptionValue::Number(low as f64 - 1.0),
            OptionValue::Number(high as f64 * 2.0),
            OptionValue::Number(1.5),
            OptionValue::Number(f64::NAN),
            OptionValue::Number(f64::INFINITY),
            text("5"),
            OptionValue::Other("null".to_owned()),
        ];
        for value in bad {
            let error = options(&[(setting.option, value.clone())]).unwrap_err();
            let expected = format!("option {} must be an integer from {low} to {high}, got {value}", setting.option);
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn every_variable_sets_what_its_option_sets_and_names_itself_when_bad() {
    for setting in &SETTINGS {
        let Some(variable) = setting.variable else { continue };
        let low = *setting.range.start();
        let by_option = options(&[(setting.option, OptionValue::Number(low as f64))]);
        let by_variable = env(&[(variable, &format!(" {low} "))]);
        assert_eq!(format!("{:?}", by_option.expect("good")), format!("{:?}", by_variable.expect("good")));
        assert!(env(&[(variable, "")]).is_ok());
        for bad in ["-1", "1.5", "1e3", "0x10", "ten", "99999999999999999999"] {
            let error = env(&[(variable, bad)]).unwrap_err();
            assert!(error.starts_with(&format!("environment variable {variable} must be")), "{error}");
            assert!(error.ends_with(&format!("got \"{bad}\"")), "{error}");
        }
    }
}

#[test]
fn the_stores_of_the_cache_are_a_file_and_a_server() {
    for config in [
        options(&[("cache.file", text("/tmp/a b"))]).expect("good"),
        env(&[("GUN_404_CACHE_FILE", "/tmp/a b")]).expect("good"),
    ] {
        assert_eq!(config.cache_file.as_deref(), Some(std::path::Path::new("/tmp/a b")));
    }
    let both = [("cache.file", text("/tmp/a")), ("cache.url", text("redis://a"))];
    let error = options(&both).expect_err("one or the other");
    assert!(error.starts_with("cache.file (GUN_404_CACHE_FILE) and cache.url (GUN_404_CACHE_URL) cannot"), "{error}");
    let by_option = options(&[
        ("cache.url", text("rediss://us%40er:p%3Aw@store:7000/3")),
        ("cache.namespace", text("n")),
        ("cache.refresh", OptionValue::Other("false".to_owned())),
    ]);
    let by_variable = env(&[
        ("GUN_404_CACHE_URL", "rediss://us%40er:p%3Aw@store:7000/3"),
        ("GUN_404_CACHE_NAMESPACE", "n"),
        ("GUN_404_CACHE_REFRESH", "off"),
    ]);
    for config in [by_option.expect("good"), by_variable.expect("good")] {
        assert_eq!(config.cache_namespace.as_deref(), Some("n"));
        assert!(!config.refresh);
        let url = config.cache_url.as_ref().expect("a server");
        assert_eq!((url.is_tls, &*url.host, url.port, url.database), (true, "store", 7_000, 3));
        assert_eq!((url.user.as_deref(), url.password.as_deref()), (Some("us@er"), Some("p:w")));
        assert_eq!(&*url.shown, "rediss://store:7000/3");
        assert!(!format!("{config:?}").contains("p:w"));
    }
    let url = |url| options(&[("cache.url", text(url))]).map(|config| config.cache_url.expect("a server"));
    let plain = url("valkey://[::1]").expect("good");
    assert_eq!((plain.is_tls, &*plain.host, plain.port, plain.database), (false, "::1", 6_379, 0));
    assert_eq!(url("redis://:pw@a").expect("good").password.as_deref(), Some("pw"));
    for bad in ["http://a", "redis://", "redis:///1", "redis://u:SECRET@a/x", "redis://SECRET@a", "redis://${H}", "a:1"]
    {
        let error = url(bad).unwrap_err();
        assert!(error.starts_with("option cache.url must be a URL such as redis://"), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
    for (option, bad) in [
        ("cache.refresh", text("off")),
        ("cache.refresh", OptionValue::Number(1.0)),
        ("cache.file", text("")),
        ("cache.file", OptionValue::Number(1.0)),
        ("cache.namespace", text("")),
    ] {
        let error = options(&[(option, bad)]).unwrap_err();
        assert!(error.starts_with(&format!("option {option} must be")), "{error}");
    }
    assert_eq!(
        env(&[("GUN_404_CACHE_REFRESH", "true")]).unwrap_err(),
        "environment variable GUN_404_CACHE_REFRESH must be on or off, got \"true\""
    );
}

#[test]
fn the_options_are_listed_once_each() {
    let names: Vec<&str> = Config::option_names().collect();
    for name in ["relayUrl", "cache.capacity", "cache.file", "breaker", "headers", "ca", "maxBufferedBytes"] {
        assert_eq!(names.iter().filter(|listed| **listed == name).count(), 1, "{name}");
    }
    assert!(!names.contains(&"NODE_EXTRA_CA_CERTS"));
}

#[test]
fn a_header_that_could_change_the_message_is_refused_without_showing_its_value() {
    for (name, value) in [
        ("headers.x\r\ny", text("secret")),
        ("headers.", text("secret")),
        ("headers.x", text("secret\r\ny: z")),
        ("headers.x", text("secret\u{0}")),
        ("headers.x", text("secreté")),
        ("headers.Content-Length", text("secret")),
        ("headers.transfer-encoding", text("secret")),
        ("headers.Accept-Encoding", text("secret")),
        ("headers.x", OptionValue::Other("secret".to_owned())),
    ] {
        let error = options(&[(name, value)]).unwrap_err();
        assert!(error.starts_with("option headers: header \""), "{error}");
        assert!(!error.contains("secret") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn the_ratio_of_the_retry_budget_is_a_part() {
    let ratio = |value| options(&[("retryBudget.ratio", value)]).map(|config| config.budget.expect("on").ratio);
    for good in [0.0, 0.25, 1.0] {
        assert_eq!(ratio(OptionValue::Number(good)), Ok(good));
    }
    let bad = [-0.1, 1.1, f64::NAN, f64::INFINITY].map(OptionValue::Number);
    for bad in bad.into_iter().chain([text("0.2"), OptionValue::Other("null".to_owned())]) {
        let expected = format!("option retryBudget.ratio must be a number from 0 to 1, got {bad}");
        assert_eq!(ratio(bad), Err(expected));
    }
}

#[test]
fn budget_and_breaker_are_off_by_false_and_by_nothing_else() {
    let off = OptionValue::Other("false".to_owned());
    let config = options(&[("retryBudget", off.clone()), ("breaker", off)]).expect("good");
    assert_eq!((config.budget, config.breaker), (None, None));
    for option in ["retryBudget", "breaker"] {
        for bad in [OptionValue::Other("true".to_owned()), OptionValue::Number(0.0), text("false")] {
            let expected = format!("option {option} must be an object or false, got {bad}");
            assert_eq!(options(&[(option, bad)]).unwrap_err(), expected);
        }
    }
}

#[test]
fn no_secret_shows_in_what_a_config_or_a_relay_prints_of_itself() {
    let config = options(&[
        ("relayUrl", text("https://us3r:s3cret@a")),
        ("headers.x-key", text("s3cret")),
        ("proxy", text("http://us3r:s3cret@b:3128")),
    ]);
    let config = config.expect("good");
    let relay = crate::relay::Relay::new(&config);
    for printed in [format!("{config:?}"), format!("{config:#?}"), format!("{relay:?}"), format!("{relay:#?}")] {
        for secret in ["us3r", "s3cret", "dXMzcjpzM2NyZXQ"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

#[test]
fn unknown_options_are_ignored() {
    assert!(options(&[("colour", text("red")), ("cache.colour", text("red"))]).is_ok());
}

#[test]
fn the_readme_and_the_types_name_every_setting_with_its_default() {
    let (_, options_of_readme) = include_str!("../../README.md").split_once("\n## Options\n").expect("the table");
    let types = include_str!("../../index.d.ts");
    for Setting { option, variable, default, .. } in &SETTINGS {
        let row = options_of_readme.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{option}`")));
        let row = row.unwrap_or_else(|| panic!("the README has no row for {option}"));
        let default = default.map_or("ttlMs".to_owned(), |default| default.to_string());
        assert!(row.contains(&format!("`{default}`")) || row.contains(&format!(".{default}`")), "{row}");
        assert!(variable.is_none_or(|variable| row.contains(variable)), "{row}");
        let member = format!("\n  {}?: number", option.rsplit('.').next().expect("a name"));
        let is_documented = types.match_indices(&member).any(|(at, _)| {
            let comment = types[..at].rsplit("/**").next().expect("a comment");
            // The default of one setting is another one, which may be described in words.
            comment.contains(&format!("@default {default}\n")) || default == "ttlMs" && comment.contains("ttlMs")
        });
        assert!(is_documented, "index.d.ts has no {option} with its default");
    }
}
