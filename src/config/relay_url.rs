//! The relay's address: what it may be, and what becomes of the credentials in it.

use super::OptionValue;
use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::HeaderValue;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use url::Url;

/// A relay's address, checked: http or https, with a host, without query, fragment or credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayUrl {
    /// The base without a slash at its end; may be shown.
    pub shown: Arc<str>,
    /// `{base}/get`
    pub get: Url,
}

impl RelayUrl {
    /// The relay and, where the URL carries credentials, the header they become.
    pub(super) fn parse(text: &str) -> Option<(RelayUrl, Option<HeaderValue>)> {
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
        let shown = url.as_str().trim_end_matches('/').into();
        url.set_path(&format!("{prefix}/get"));
        Some((RelayUrl { shown, get: url }, authorization))
    }
}

/// The value without what stands between `//` and `@`, which may be a password.
pub(super) fn redacted(value: &OptionValue) -> OptionValue {
    let OptionValue::Text(text) = value else {
        return value.clone();
    };
    let shown = text.rsplit_once('@').map(|(before, after)| {
        let scheme = before.split_once("//").map_or("", |(scheme, _)| scheme);
        format!("{scheme}//***@{after}")
    });
    OptionValue::Text(shown.unwrap_or_else(|| text.clone()))
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
