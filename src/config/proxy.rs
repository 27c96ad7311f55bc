//! The proxy's address, which may carry credentials.

use super::OptionValue;
use super::relay_url::{basic_auth, redacted};
use crate::error::Fault;
use http::HeaderValue;
use url::Url;

/// An HTTP proxy, checked.
#[derive(Debug, Clone)]
pub struct ProxyUrl {
    /// Without credentials.
    pub url: Url,
    /// What the credentials become.
    pub authorization: Option<HeaderValue>,
}

impl ProxyUrl {
    pub(super) fn parse(value: &OptionValue) -> Result<ProxyUrl, Fault> {
        let url = match value {
            OptionValue::Text(text) => ProxyUrl::of(text),
            _ => None,
        };
        url.ok_or_else(|| {
            let shown = redacted(value);
            Fault::InvalidArgument(format!(
                "option proxy must be an http URL without path, query or fragment, got {shown}"
            ))
        })
    }

    fn of(text: &str) -> Option<ProxyUrl> {
        let mut url = Url::parse(text).ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if url.scheme() != "http" || !url.has_host() || !is_bare {
            return None;
        }
        let authorization = basic_auth(&url);
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        Some(ProxyUrl { url, authorization })
    }
}
