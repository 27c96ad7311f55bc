//! The store's address.

use percent_encoding::percent_decode_str;
use std::fmt;
use url::{Host, Url};

const DEFAULT_PORT: u16 = 6_379;
/// What an address may be, for the message about one that is not.
pub const ALLOWED: &str = "redis[s]:// or valkey[s]://[user:password@]host[:port][/db]";

/// `redis[s]://` or `valkey[s]://[user:password@]host[:port][/db]`, checked. Shows no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    /// A name or an address, an IPv6 one without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) db: u32,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    /// Whether to speak TLS.
    pub is_tls: bool,
    shown: String,
}

impl StoreUrl {
    /// Reads an address; `None` where it is not as [`ALLOWED`] says.
    pub fn parse(text: &str) -> Option<StoreUrl> {
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
            Host::Domain("") => return None,
            Host::Domain(name) => decoded(name)?,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let db = match url.path().strip_prefix('/') {
            None | Some("") => 0,
            Some(db) if db.bytes().all(|byte| byte.is_ascii_digit()) => db.parse().ok()?,
            Some(_) => return None,
        };
        let port = match url.port() {
            Some(0) => return None,
            port => port.unwrap_or(DEFAULT_PORT),
        };
        let username = Some(decoded(url.username())?).filter(|name| !name.is_empty());
        let password = match url.password() {
            Some(password) => Some(decoded(password)?),
            None => None,
        };
        // A name alone cannot log in anywhere.
        if username.is_some() && password.is_none() {
            return None;
        }
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let path = if db == 0 { String::new() } else { format!("/{db}") };
        let shown = format!("{}://{bracketed}:{port}{path}", url.scheme());
        Some(StoreUrl { host, port, db, username, password, is_tls, shown })
    }
}

/// As it may be shown.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({})", self.shown)
    }
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains(char::is_control)).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_may_have_credentials_a_port_and_a_database() {
        let url = StoreUrl::parse("rediss://us%40er:p%3As@cache.example:7000/12").expect("a good one");
        assert_eq!((url.host.as_str(), url.port, url.db, url.is_tls), ("cache.example", 7_000, 12, true));
        assert_eq!((url.username.as_deref(), url.password.as_deref()), (Some("us@er"), Some("p:s")));
        let url = StoreUrl::parse("valkey://:secret@[::1]").expect("a good one");
        assert_eq!((url.host.as_str(), url.port, url.db, url.is_tls), ("::1", 6_379, 0, false));
        assert_eq!((url.username, url.password.as_deref()), (None, Some("secret")));
        for (text, shown) in [
            ("redis://a", "redis://a:6379"),
            ("redis://127.0.0.1:1/", "redis://127.0.0.1:1"),
            ("valkeys://u:p@[::1]:2/3", "valkeys://[::1]:2/3"),
        ] {
            assert_eq!(StoreUrl::parse(text).expect(text).to_string(), shown);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "a",
            "a:6379",
            "http://a",
            "redis:",
            "redis:a",
            "redis://",
            "redis:///0",
            "redis://a/x",
            "redis://a/0/1",
            "redis://a/-1",
            "redis://a?db=1",
            "redis://a#b",
            "redis://a:0",
            "redis://a:99999",
            "redis://user@a",
            "redis://a/99999999999",
            "redis://u:%ff@a",
            "redis://u:a%0ab@a",
            "unix:///tmp/redis.sock",
        ] {
            assert_eq!(StoreUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn credentials_are_never_shown() {
        let url = StoreUrl::parse("redis://somebody:secret@a:1/2").expect("a good one");
        for shown in [url.to_string(), format!("{url:?}")] {
            assert!(!shown.contains("secret") && !shown.contains("somebody"), "{shown}");
        }
    }
}
