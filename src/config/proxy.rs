//! The proxy's address, which may carry credentials.

use super::OptionValue;
use super::relay_url::{basic_auth, redacted};
use crate::error::Fault;
use http::{HeaderValue, Uri};
use url::Url;

/// Longer than any host name and port.
const MAX_BYTES: usize = 1_024;

/// An HTTP proxy, checked.
#[derive(Debug, Clone)]
pub struct ProxyUrl {
    /// Without credentials.
    pub url: Url,
    /// The header made from the credentials.
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
        // The HTTP library is stricter than the URL standard, see `RelayUrl`.
        Uri::try_from(url.as_str()).ok().filter(|uri| uri.host().is_some() && url.as_str().len() <= MAX_BYTES)?;
        Some(ProxyUrl { url, authorization })
    }
}
