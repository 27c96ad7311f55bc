//! Options and environment become a [`Config`] through one fallible conversion; after it, nothing is invalid. Names, ranges
//! and defaults are defined once: whole numbers in `settings`, everything else in `named`.

mod named;
mod proxy;
mod relay_url;
mod settings;
mod store_url;
mod tls;

use crate::breaker::BreakerPolicy;
use crate::budget::BudgetPolicy;
use crate::error::{Fault, Quoted};
use crate::retry::RetryPolicy;
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use named::{Draft, Given, NAMED};
pub use proxy::ProxyUrl;
pub use relay_url::RelayUrl;
use settings::{MAX_SAFE_INTEGER, SETTINGS};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
pub use store_url::StoreUrl;
pub use tls::{Tls, is_of_a_ca};

/// The relay if no option or variable names one.
const DEFAULT_RELAY: &str = "http://gun-relay:8765";

/// The validated configuration of a client.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where requests go.
    pub relay: RelayUrl,
    /// Relays to ask, in order, if the first one fails.
    pub fallbacks: Vec<RelayUrl>,
    /// Maximum entries of the negative cache; 0 turns it off.
    pub capacity: usize,
    /// TTL of an entry.
    pub ttl: Duration,
    /// TTL after a soul's first 404; [`Config::ttl`] if `None`.
    pub first_ttl: Option<Duration>,
    /// Whether entries that are read shortly before they expire are fetched again in the background.
    pub refresh: bool,
    /// File of the embedded store.
    pub cache_file: Option<PathBuf>,
    /// Server of the shared store.
    pub cache_url: Option<StoreUrl>,
    /// Namespace in the shared store; derived from the relay if `None`.
    pub cache_namespace: Option<String>,
    /// TTL of a cached record; zero turns the record cache off.
    pub record_ttl: Duration,
    /// Maximum bytes of text in the record cache.
    pub record_max_bytes: u64,
    /// For how long after its TTL a record may be returned if the relay fails.
    pub stale_if_error: Duration,
    /// Time of one HTTP exchange, from connect to last byte.
    pub attempt_timeout: Duration,
    /// Time of one connection attempt, shared by all addresses of the host.
    pub connect_timeout: Duration,
    /// Time of a request once it has its permit: attempts and backoff.
    pub timeout: Duration,
    /// Maximum time that a single call waits for a permit.
    pub queue_timeout: Duration,
    /// Transient failures only.
    pub retry: RetryPolicy,
    /// The retry budget; `None` is unlimited.
    pub budget: Option<BudgetPolicy>,
    /// The circuit breaker; `None` is none.
    pub breaker: Option<BreakerPolicy>,
    /// Maximum requests in flight.
    pub max_in_flight: usize,
    /// Maximum requests that wait for a permit.
    pub max_queue: usize,
    /// Longest body of a 200 that is read.
    pub max_body_bytes: usize,
    /// Maximum text of answers that were read but not yet delivered; beyond it, reading pauses.
    pub max_buffered_bytes: u64,
    /// Sent with every request. Basic auth from a URL is in its [`RelayUrl::authorization`].
    pub headers: HeaderMap,
    /// TLS for https relays.
    pub tls: Tls,
    /// The proxy for all requests.
    pub proxy: Option<ProxyUrl>,
    /// Calls between two stats lines; 0 for none.
    pub stats_every: u64,
    /// Time between two sweeps.
    pub sweep_every: Duration,
}

/// An option's value as JavaScript gave it.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// A number, whole or not.
    Number(f64),
    /// A string.
    Text(String),
    /// Anything else, as messages show it: `null`, `true`, `a function`.
    Other(String),
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Number(number) if number.is_infinite() => {
                f.write_str(if *number > 0.0 { "Infinity" } else { "-Infinity" })
            }
            OptionValue::Number(number) => write!(f, "{number}"),
            OptionValue::Text(text) => write!(f, "{}", Quoted(text)),
            OptionValue::Other(shown) => f.write_str(shown),
        }
    }
}

/// The default of `retryBudget.ratio`, the one option that takes a fraction.
const DEFAULT_RATIO: f64 = 0.2;

const HEADER_PREFIX: &str = "headers.";

/// Headers that describe the connection or the message; the HTTP library sets them (RFC 9110, section 7.6.1).
const HEADERS_OF_HTTP: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Default for Config {
    fn default() -> Self {
        let mut config = Config {
            relay: RelayUrl::parse(DEFAULT_RELAY).expect("the default relay is a URL"),
            fallbacks: Vec::new(),
            capacity: 0,
            ttl: Duration::ZERO,
            first_ttl: None,
            refresh: true,
            cache_file: None,
            cache_url: None,
            cache_namespace: None,
            record_ttl: Duration::ZERO,
            record_max_bytes: 0,
            stale_if_error: Duration::ZERO,
            attempt_timeout: Duration::ZERO,
            connect_timeout: Duration::ZERO,
            timeout: Duration::ZERO,
            queue_timeout: Duration::ZERO,
            retry: RetryPolicy { retries: 0, base: Duration::ZERO, max: Duration::ZERO },
            budget: Some(BudgetPolicy { ratio: DEFAULT_RATIO, min_per_second: 0.0 }),
            breaker: Some(BreakerPolicy { failures: 0, after: Duration::ZERO, probe_every: Duration::ZERO }),
            max_in_flight: 0,
            max_queue: 0,
            max_body_bytes: 0,
            max_buffered_bytes: 0,
            headers: HeaderMap::new(),
            tls: Tls::default(),
            proxy: None,
            stats_every: 0,
            sweep_every: Duration::ZERO,
        };
        for setting in &SETTINGS {
            if let Some(default) = setting.default {
                (setting.apply)(&mut config, default);
            }
        }
        config
    }
}

impl Config {
    /// The variables of the environment that [`Config::from_env`] reads.
    pub fn variables() -> impl Iterator<Item = &'static str> {
        let numbers = SETTINGS.iter().filter_map(|setting| setting.variable);
        numbers.chain(NAMED.iter().filter_map(|named| named.variable))
    }

    /// The options that [`Config::from_options`] reads, flattened. `headers` means every `headers.<name>`.
    pub fn option_names() -> impl Iterator<Item = &'static str> {
        let numbers = SETTINGS.iter().map(|setting| setting.option);
        numbers.chain(NAMED.iter().filter_map(|named| named.option)).chain(["headers"])
    }

    /// From the options of `GunClient`, flattened: `cache.capacity`, `headers.x-node`. Unknown names are ignored; the
    /// caller warns about them, see [`Config::option_names`]. `NODE_EXTRA_CA_CERTS` may be among them: it is the only
    /// variable that applies to every client.
    pub fn from_options(options: &[(String, OptionValue)]) -> Result<Config, Fault> {
        let mut draft = Draft::default();
        for (name, value) in options {
            let what = format!("option {name}");
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.option == name) {
                let whole = match value {
                    OptionValue::Number(number) => whole(*number),
                    _ => None,
                };
                setting.set(&mut draft.config, &what, whole, value)?;
            } else if let Some(header) = name.strip_prefix(HEADER_PREFIX) {
                draft.config.set_header(header, value)?;
            } else if let Some(named) = NAMED.iter().find(|named| named.is_option(name)) {
                (named.apply)(&mut draft, &Given { what: &what, value, is_variable: false })?;
            }
        }
        draft.finish()
    }

    /// From the environment. An empty variable counts as unset, as Compose files leave them.
    pub fn from_env(variables: &[(String, String)]) -> Result<Config, Fault> {
        let mut draft = Draft::default();
        for (name, text) in variables {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let value = OptionValue::Text(text.to_owned());
            let what = format!("environment variable {name}");
            if let Some(setting) = SETTINGS.iter().find(|s| s.variable == Some(name)) {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                let whole = digits.then(|| text.parse().ok()).flatten();
                setting.set(&mut draft.config, &what, whole, &value)?;
            } else if let Some(named) = NAMED.iter().find(|named| named.variable == Some(name)) {
                (named.apply)(&mut draft, &Given { what: &what, value: &value, is_variable: true })?;
            }
        }
        draft.finish()
    }

    fn set_header(&mut self, name: &str, value: &OptionValue) -> Result<(), Fault> {
        let refuse = |allowed: &str| {
            // The value may be a secret and stays out of the message.
            let header = Quoted(name);
            Err(Fault::InvalidArgument(format!("option headers: header {header} {allowed}")))
        };
        let Ok(key) = HeaderName::from_bytes(name.as_bytes()) else {
            return refuse("must have a name of letters, digits and !#$%&'*+-.^_`|~");
        };
        if HEADERS_OF_HTTP.contains(&key.as_str()) {
            return refuse("belongs to HTTP itself and cannot be set");
        }
        if key == ACCEPT_ENCODING {
            return refuse("cannot be set: answers are read uncompressed");
        }
        let OptionValue::Text(text) = value else {
            return refuse("must have a string as its value");
        };
        let Some(mut value) = text.is_ascii().then(|| HeaderValue::from_str(text).ok()).flatten() else {
            return refuse("must have a value of visible ASCII, spaces and tabs");
        };
        value.set_sensitive(true);
        self.headers.insert(key, value);
        Ok(())
    }
}

fn whole(number: f64) -> Option<u64> {
    let is_whole = number.fract() == 0.0 && (0.0..=MAX_SAFE_INTEGER as f64).contains(&number);
    is_whole.then_some(number as u64)
}

#[cfg(test)]
mod tests;
