//! Any options and variables give a configuration within every range, or an error that names the problem and contains
//! no secret.

use gun_native::config::{Config, OptionValue};
use gun_native::error::Fault;
use std::ops::RangeInclusive;
use std::time::Duration;
use url::Url;

/// Part of every password and header value; no message may contain it.
const SECRET: &str = "hunter2hunter2";
/// An upper limit for the length of a message.
const MAX_MESSAGE: usize = 1_000;

/// The numeric options of the contract: option, variable, range, and how to read the value.
type Row = (&'static str, Option<&'static str>, RangeInclusive<u64>, fn(&Config) -> u128);

const TIMER: RangeInclusive<u64> = 1..=2_147_483_647;
const TABLE: [Row; 12] = [
    ("cache.capacity", Some("GUN_404_CACHE_SIZE"), 0..=10_000_000, |config| config.capacity as u128),
    ("cache.ttlMs", Some("GUN_404_CACHE_TTL_MS"), 1..=9_007_199_254_740_991, |config| ms(config.ttl)),
    ("attemptTimeoutMs", Some("GUN_ATTEMPT_TIMEOUT_MS"), TIMER, |config| ms(config.attempt_timeout)),
    ("timeoutMs", Some("GUN_TIMEOUT_MS"), TIMER, |config| ms(config.timeout)),
    ("retries", Some("GUN_RETRIES"), 0..=100, |config| config.retry.retries.into()),
    ("backoff.baseMs", None, 0..=2_147_483_647, |config| ms(config.retry.base)),
    ("backoff.maxMs", None, 0..=2_147_483_647, |config| ms(config.retry.max)),
    ("maxInFlight", Some("GUN_MAX_IN_FLIGHT"), 1..=65_535, |config| config.max_in_flight as u128),
    ("maxQueue", None, 0..=10_000_000, |config| config.max_queue as u128),
    ("maxBodyBytes", None, 1..=536_870_888, |config| config.max_body_bytes as u128),
    ("statsEvery", None, 0..=9_007_199_254_740_991, |config| config.stats_every.into()),
    ("sweepEveryMs", None, TIMER, |config| ms(config.sweep_every)),
];

fn ms(time: Duration) -> u128 {
    time.as_millis()
}

/// Options first, then variables: each list gives its own configuration or error.
pub fn check(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let mut options = Vec::new();
    let mut variables = Vec::new();
    for entry in input.split("\n\n") {
        let mut words = entry.splitn(3, ' ');
        let (Some(kind), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else { continue };
        match kind {
            "n" => options.push((name.to_owned(), OptionValue::Number(value.parse().unwrap_or(f64::NAN)))),
            "t" => options.push((name.to_owned(), OptionValue::Text(value.to_owned()))),
            "o" => options.push((name.to_owned(), OptionValue::Other("an object".to_owned()))),
            // Another kind of secret: between scheme and host.
            "u" => {
                let url = format!("http://user:{SECRET}{value}@host/");
                options.push(("relayUrl".to_owned(), OptionValue::Text(url)));
            }
            "h" => options.push((format!("headers.{name}"), OptionValue::Text(format!("{SECRET}{value}")))),
            "e" => variables.push((name.to_owned(), value.to_owned())),
            _ => {}
        }
    }
    check_made(Config::from_options(&options), |config| {
        for (option, _, range, read) in &TABLE {
            let last = options.iter().rev().find(|(name, _)| name == option);
            let Some((_, OptionValue::Number(number))) = last else {
                assert!(last.is_none(), "{last:?}");
                continue;
            };
            let value = read(config);
            assert_eq!(*number, value as f64, "{option}");
            assert!((u128::from(*range.start())..=u128::from(*range.end())).contains(&value), "{option}");
        }
    });
    check_made(Config::from_env(&variables), |config| {
        for (option, variable, range, read) in &TABLE {
            let is_this = |(name, value): &&(String, String)| Some(&**name) == *variable && !value.trim().is_empty();
            let Some((_, text)) = variables.iter().rev().find(is_this) else { continue };
            let value = read(config);
            assert_eq!(text.trim().parse(), Ok(value), "{option}");
            assert!((u128::from(*range.start())..=u128::from(*range.end())).contains(&value), "{option}");
        }
    });
}

fn check_made(made: Result<Config, Fault>, check_values: impl Fn(&Config)) {
    match made {
        Ok(config) => {
            check_values(&config);
            let shown = &config.relay.shown;
            assert!(shown.starts_with("http://") || shown.starts_with("https://"), "{shown}");
            assert!(!shown.ends_with('/') && !shown.contains(['?', '#']), "{shown}");
            assert!(config.relay.get.path().ends_with("/get"));
            for url in [&Url::parse(shown).expect("a URL"), &config.relay.get] {
                assert!(url.username().is_empty() && url.password().is_none(), "{url}");
            }
            assert!(!format!("{config:?}").contains(SECRET));
        }
        Err(Fault::InvalidArgument(message)) => {
            let names_it = message.starts_with("option ") || message.starts_with("environment variable ");
            assert!(names_it, "{message}");
            assert!(!message.contains(SECRET), "{message}");
            assert!(!message.contains(char::is_control) && message.len() < MAX_MESSAGE, "{message}");
        }
        Err(other) => panic!("not an invalid argument: {other:?}"),
    }
}
