//! The relay's URL: what is valid, and how credentials in it become basic auth.

use super::OptionValue;
use crate::soul;
use base64::prelude::{BASE64_STANDARD, Engine};
use http::Uri;
use http::header::HeaderValue;
use percent_encoding::percent_decode_str;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use url::Url;

/// The longest URI that the `http` crate takes is one byte below 64 KiB; this leaves room for what a proxy adds.
const MAX_URI_BYTES: usize = 65_000;
/// Maximum length of the URL. Percent-encoding makes the longest soul three times as long.
const MAX_BASE_BYTES: usize = MAX_URI_BYTES - "/get?soul=".len() - 3 * soul::MAX_BYTES;

/// A validated relay URL: http or https, with a host, without query or fragment, short enough for every soul.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayUrl {
    /// The base without credentials and without a slash at its end; may be shown.
    pub shown: Arc<str>,
    /// `{base}/get`, without credentials.
    pub get: Url,
    /// Basic auth from the URL's credentials. Its debug output is "Sensitive".
    pub authorization: Option<HeaderValue>,
}

impl RelayUrl {
    pub(super) fn parse(text: &str) -> Option<RelayUrl> {
        let mut url = Url::parse(text).ok()?;
        let usable = is_http(text) && url.has_host() && url.query().is_none() && url.fragment().is_none();
        if !usable {
            return None;
        }
        let authorization = basic_auth(&url);
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&prefix);
        let shown: Arc<str> = url.as_str().trim_end_matches('/').into();
        url.set_path(&format!("{prefix}/get"));
        let relay = RelayUrl { shown, get: url, authorization };
        relay.is_usable_below().then_some(relay)
    }

    /// Whether the stricter parsers of the layers below accept it too: `http://{` is a valid URL but not a valid URI, and TLS
    /// allows fewer names than DNS.
    fn is_usable_below(&self) -> bool {
        let is_short = self.shown.len() <= MAX_BASE_BYTES;
        let is_uri = Uri::try_from(self.get.as_str()).is_ok_and(|uri| uri.host().is_some());
        let is_tls_name = || {
            let host = self.get.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            ServerName::try_from(host).is_ok()
        };
        is_short && is_uri && (self.get.scheme() == "http" || is_tls_name())
    }

    /// The relay of a GUN peer, `ws[s]://host[:port]/gun`: both are served on one port.
    pub(super) fn of_peer(text: &str) -> Option<RelayUrl> {
        let (scheme, rest) = text.split_once("://")?;
        let http = match () {
            () if scheme.eq_ignore_ascii_case("ws") => "http",
            () if scheme.eq_ignore_ascii_case("wss") => "https",
            () => return None,
        };
        let base = rest.strip_suffix('/').unwrap_or(rest).strip_suffix("/gun")?;
        let relay = RelayUrl::parse(&format!("{http}://{base}"))?;
        (relay.get.path() == "/get").then_some(relay)
    }

    /// A suggestion for text without a scheme: `did you mean …?`.
    pub(super) fn hint(text: &str) -> Option<String> {
        if text.contains("://") {
            return None;
        }
        let meant = RelayUrl::parse(&format!("http://{text}"))?;
        Some(format!("did you mean {}?", meant.shown))
    }
}

/// The value without credentials, query and fragment, which may be secrets.
pub(super) fn redacted(value: &OptionValue) -> OptionValue {
    let OptionValue::Text(text) = value else {
        return value.clone();
    };
    let at = text.rfind('@');
    let cut = text.find(['?', '#']);
    let end = cut.unwrap_or(text.len());
    let scheme = text.split_once("//").map_or("", |(scheme, _)| scheme);
    let mut shown = match at {
        // A query that holds an @, or a password that holds a question mark.
        Some(at) if at > end => return OptionValue::Text(format!("{scheme}//***")),
        Some(at) => {
            let scheme = text[..at].split_once("//").map_or("", |(scheme, _)| scheme);
            format!("{scheme}//***@{}", &text[at + 1..end])
        }
        None => text[..end].to_owned(),
    };
    if let Some(cut) = cut {
        shown.push_str(&text[cut..cut + 1]);
        shown.push_str("***");
    }
    OptionValue::Text(shown)
}

/// Whether the text begins as an http or https URL does.
pub(super) fn is_http(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|s| s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("https"))
}

/// RFC 7617: the user and the password of a URL as a header.
pub(super) fn basic_auth(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(url.password().unwrap_or_default()));
    let encoded = BASE64_STANDARD.encode(credentials);
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).expect("base64 is ASCII");
    value.set_sensitive(true);
    Some(value)
}
