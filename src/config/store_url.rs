//! The address of a shared store, which may carry credentials.

use super::OptionValue;
use super::relay_url::redacted;
use crate::error::Fault;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::sync::Arc;
use url::{Host, Url};

/// The port of Redis and Valkey.
const DEFAULT_PORT: u16 = 6_379;

/// A validated Redis or Valkey URL: `redis[s]://` or `valkey[s]://[user:password@]host[:port][/db]`.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    /// Whether the connection uses TLS.
    pub is_tls: bool,
    /// A name or an address; an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user of `AUTH`, if there is one.
    pub user: Option<String>,
    /// The password of `AUTH`.
    pub password: Option<String>,
    /// The database of `SELECT`.
    pub database: u32,
    /// The URL without credentials; may be shown.
    pub shown: Arc<str>,
}

impl StoreUrl {
    pub(super) fn parse(what: &str, value: &OptionValue) -> Result<StoreUrl, Fault> {
        let url = match value {
            OptionValue::Text(text) => StoreUrl::of(text),
            _ => None,
        };
        url.ok_or_else(|| {
            let shown = redacted(value);
            Fault::InvalidArgument(format!(
                "{what} must be a URL such as redis://host:6379/0 (redis, rediss, valkey or valkeys), got {shown}"
            ))
        })
    }

    fn of(text: &str) -> Option<StoreUrl> {
        let url = Url::parse(text).ok()?;
        let is_tls = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return None,
        };
        if url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        let host = match url.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        // The parser does not check host names of schemes that it does not know.
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
        if host.is_empty() || !host.chars().all(is_name) {
            return None;
        }
        let database = match url.path().trim_start_matches('/') {
            "" => 0,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            _ => return None,
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        let user = Some(decoded(url.username())?).filter(|user| !user.is_empty());
        let password = match url.password() {
            Some(password) => Some(decoded(password)?),
            None => None,
        };
        if user.is_some() && password.is_none() {
            return None;
        }
        let port = url.port().unwrap_or(DEFAULT_PORT);
        let (scheme, name) = (url.scheme(), url.host_str()?);
        let shown = format!("{scheme}://{name}:{port}/{database}").into();
        Some(StoreUrl { is_tls, host, port, user, password, database, shown })
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({})", self.shown)
    }
}
