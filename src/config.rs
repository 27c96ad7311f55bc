//! Options and environment become a [`Config`] through one fallible conversion; past it, nothing is invalid.
//! Names, ranges and defaults of the options stand once: those that are whole numbers in `settings`.

mod proxy;
mod relay_url;
mod settings;
mod tls;

use crate::breaker::BreakerPolicy;
use crate::budget::BudgetPolicy;
use crate::error::{Fault, Quoted};
use crate::retry::RetryPolicy;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
pub use proxy::ProxyUrl;
pub use relay_url::RelayUrl;
use relay_url::{is_http, redacted};
use settings::{MAX_SAFE_INTEGER, SETTINGS};
use std::fmt;
use std::time::Duration;
use tls::{EXTRA_ROOTS, TlsOptions};
pub use tls::{Tls, is_of_a_ca};

/// The relay where no option and no variable names one.
const DEFAULT_RELAY: &str = "http://gun-relay:8765";

/// Everything a client is told, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where requests go.
    pub relay: RelayUrl,
    /// Most entries of the negative cache; 0 turns it off.
    pub capacity: usize,
    /// Life of an entry.
    pub ttl: Duration,
    /// Time of one HTTP exchange, connect to last byte.
    pub attempt_timeout: Duration,
    /// Time of a whole call: queueing, attempts and backoff.
    pub timeout: Duration,
    /// Transient failures only.
    pub retry: RetryPolicy,
    /// How much may be tried again; without bound when `None`.
    pub budget: Option<BudgetPolicy>,
    /// When the relay is left alone; never when `None`.
    pub breaker: Option<BreakerPolicy>,
    /// Most requests on the wire.
    pub max_in_flight: usize,
    /// Most requests that wait for a place on the wire.
    pub max_queue: usize,
    /// Longest body of a 200 that is read.
    pub max_body_bytes: usize,
    /// Sent with every request; basic auth from the relay's URL included.
    pub headers: HeaderMap,
    /// What is trusted and shown where the relay is asked by https.
    pub tls: Tls,
    /// What requests go through.
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
    /// Anything else, as it is to be shown: `null`, `true`, `a function`.
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

/// The one option that takes a part: retries for each request.
const RATIO: &str = "retryBudget.ratio";
const DEFAULT_RATIO: f64 = 0.2;

/// The variable that lists peers, of which the first http(s) entry is the relay.
const PEERS: &str = "GUN_PEERS";
const HEADER_PREFIX: &str = "headers.";

/// Headers that describe the connection or the message, which are HTTP's own business (RFC 9110, section 7.6.1).
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
            relay: RelayUrl::parse(DEFAULT_RELAY).expect("the default relay is a URL").0,
            capacity: 0,
            ttl: Duration::ZERO,
            attempt_timeout: Duration::ZERO,
            timeout: Duration::ZERO,
            retry: RetryPolicy { retries: 0, base: Duration::ZERO, max: Duration::ZERO },
            budget: Some(BudgetPolicy { ratio: DEFAULT_RATIO, min_per_second: 0.0 }),
            breaker: Some(BreakerPolicy { failures: 0, after: Duration::ZERO, probe_every: Duration::ZERO }),
            max_in_flight: 0,
            max_queue: 0,
            max_body_bytes: 0,
            headers: HeaderMap::new(),
            tls: Tls::default(),
            proxy: None,
            stats_every: 0,
            sweep_every: Duration::ZERO,
        };
        for setting in &SETTINGS {
            (setting.apply)(&mut config, setting.default);
        }
        config
    }
}

impl Config {
    /// The variables of the environment that [`Config::from_env`] reads.
    pub fn variables() -> impl Iterator<Item = &'static str> {
        SETTINGS.iter().filter_map(|setting| setting.variable).chain([PEERS, EXTRA_ROOTS])
    }

    /// From the options of `GunClient`, flattened: `cache.capacity`, `headers.x-node`. Unknown names are ignored, as
    /// Node's own APIs do. `NODE_EXTRA_CA_CERTS` may stand among them: it is the one variable that holds for every client.
    pub fn from_options(options: &[(String, OptionValue)]) -> Result<Config, Fault> {
        let mut config = Config::default();
        let mut tls = TlsOptions::default();
        for (name, value) in options {
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.option == name) {
                let whole = match value {
                    OptionValue::Number(number) => whole(*number),
                    _ => None,
                };
                setting.set(&mut config, &format!("option {name}"), whole, value)?;
            } else if name == "relayUrl" {
                let url = match value {
                    OptionValue::Text(text) => Some(text.as_str()),
                    _ => None,
                };
                config.set_relay("option relayUrl", url, value)?;
            } else if name == RATIO {
                config.set_ratio(value)?;
            } else if name == "retryBudget" {
                config.budget = off(name, value)?;
            } else if name == "breaker" {
                config.breaker = off(name, value)?;
            } else if let Some(header) = name.strip_prefix(HEADER_PREFIX) {
                config.set_header(header, value)?;
            } else {
                match name.as_str() {
                    "ca" => tls.ca = Some(pem(name, value)?),
                    "cert" => tls.cert = Some(pem(name, value)?),
                    "key" => tls.key = Some(pem(name, value)?),
                    "rejectUnauthorized" => tls.is_unverified = !is_true(name, value)?,
                    "proxy" => config.proxy = Some(ProxyUrl::parse(value)?),
                    EXTRA_ROOTS => tls.extra_roots = Some(value.clone()).and_then(as_file),
                    _ => {}
                }
            }
        }
        config.finish(tls)
    }

    /// From the environment. An empty variable counts as unset, as Compose files leave them.
    pub fn from_env(variables: &[(String, String)]) -> Result<Config, Fault> {
        let mut config = Config::default();
        let mut tls = TlsOptions::default();
        for (name, text) in variables {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let shown = OptionValue::Text(text.to_owned());
            let what = format!("environment variable {name}");
            if let Some(setting) = SETTINGS.iter().find(|s| s.variable == Some(name)) {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                let whole = digits.then(|| text.parse().ok()).flatten();
                setting.set(&mut config, &what, whole, &shown)?;
            } else if name == PEERS {
                let first = text.split(',').map(str::trim).find(|peer| is_http(peer));
                config.set_relay(&what, first, &shown)?;
            } else if name == EXTRA_ROOTS {
                tls.extra_roots = as_file(shown);
            }
        }
        config.finish(tls)
    }

    fn finish(mut self, tls: TlsOptions) -> Result<Config, Fault> {
        self.tls = tls.build(self.relay.get.scheme() == "https")?;
        Ok(self)
    }

    fn set_relay(&mut self, what: &str, url: Option<&str>, value: &OptionValue) -> Result<(), Fault> {
        let (relay, authorization) = url.and_then(RelayUrl::parse).ok_or_else(|| {
            let shown = redacted(value);
            Fault::InvalidArgument(format!(
                "{what} must be an http or https URL without query or fragment, got {shown}"
            ))
        })?;
        self.relay = relay;
        if let Some(value) = authorization {
            // A header that the user names says more than the URL does, in whatever order the options come.
            self.headers.entry(AUTHORIZATION).or_insert(value);
        }
        Ok(())
    }

    fn set_ratio(&mut self, value: &OptionValue) -> Result<(), Fault> {
        match value {
            OptionValue::Number(ratio) if (0.0..=1.0).contains(ratio) => {
                self.budget.iter_mut().for_each(|budget| budget.ratio = *ratio);
                Ok(())
            }
            _ => Err(Fault::InvalidArgument(format!("option {RATIO} must be a number from 0 to 1, got {value}"))),
        }
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

/// What an option of several parts is when it is given as a whole: nothing, where that is `false`.
fn off<T>(option: &str, value: &OptionValue) -> Result<Option<T>, Fault> {
    if *value == OptionValue::Other("false".to_owned()) {
        return Ok(None);
    }
    Err(Fault::InvalidArgument(format!("option {option} must be an object or false, got {value}")))
}

/// Text that may hold a secret: what it is instead stays out of the message.
fn pem(option: &str, value: &OptionValue) -> Result<String, Fault> {
    match value {
        OptionValue::Text(text) => Ok(text.clone()),
        _ => Err(Fault::InvalidArgument(format!("option {option} must be text in PEM"))),
    }
}

fn is_true(option: &str, value: &OptionValue) -> Result<bool, Fault> {
    match value {
        OptionValue::Other(shown) if shown == "true" => Ok(true),
        OptionValue::Other(shown) if shown == "false" => Ok(false),
        _ => Err(Fault::InvalidArgument(format!("option {option} must be true or false, got {value}"))),
    }
}

/// A variable that names a file; empty, it names none.
fn as_file(value: OptionValue) -> Option<String> {
    match value {
        OptionValue::Text(file) if !file.is_empty() => Some(file),
        _ => None,
    }
}

fn whole(number: f64) -> Option<u64> {
    let is_whole = number.fract() == 0.0 && (0.0..=MAX_SAFE_INTEGER as f64).contains(&number);
    is_whole.then_some(number as u64)
}

#[cfg(test)]
mod tests;
