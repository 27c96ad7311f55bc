//! One GET over a pool of connections, redirects within the relay's origin included.
//!
//! What a request is made of is prepared once: see docs/performance.md for what `reqwest`, which prepares it each time, cost.

use super::POOL_IDLE;
use super::dial::Dial;
use crate::config::Config;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use http::{Request, Response, StatusCode, Uri, uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Redirects followed within the relay's origin.
const MAX_REDIRECTS: usize = 5;
/// All but RFC 3986's unreserved characters: any of the others may mean something to a relay or a proxy.
const SOUL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A pool of connections to one relay and what a request to it needs, prepared once.
#[derive(Debug)]
pub struct Transport {
    pool: Client<HttpsConnector<Dial>, Empty<Bytes>>,
    headers: HeaderMap,
    scheme: uri::Scheme,
    authority: uri::Authority,
    /// Path and query up to the soul.
    path: String,
}

impl Transport {
    /// Opens nothing yet: connections are made as requests need them.
    pub fn new(config: &Config) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.tls.client())
            .https_or_http()
            .enable_http1()
            .wrap_connector(Dial::new(config.proxy.as_ref()));
        let pool = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(config.max_in_flight)
            .build(connector);
        let mut headers = config.headers.clone();
        if let Some(authorization) = &config.relay.authorization {
            headers.entry(AUTHORIZATION).or_insert(authorization.clone());
        }
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("gun-native/", env!("CARGO_PKG_VERSION"))));
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let get: Uri = config.relay.get.as_str().parse().expect("a URL is a URI");
        let uri::Parts { scheme, authority, .. } = get.clone().into_parts();
        Self {
            pool,
            headers,
            scheme: scheme.expect("a relay has a scheme"),
            authority: authority.expect("a relay has a host"),
            path: format!("{}?soul=", get.path()),
        }
    }

    /// Asks for a soul; the answer's body is still to be read. The last of too many redirects is the answer.
    pub async fn get(&self, soul: &str) -> Result<Response<Incoming>, Error> {
        let mut uri = self.uri_of(soul);
        let mut redirects = 0;
        loop {
            let response = self.pool.request(self.request(uri.clone())).await?;
            match target(&response, &uri) {
                Some(next) if redirects < MAX_REDIRECTS => uri = next,
                _ => return Ok(response),
            }
            redirects += 1;
        }
    }

    fn uri_of(&self, soul: &str) -> Uri {
        let mut path = String::with_capacity(self.path.len() + soul.len() + 16);
        path.push_str(&self.path);
        path.extend(utf8_percent_encode(soul, SOUL));
        let path = uri::PathAndQuery::from_maybe_shared(Bytes::from(path)).expect("what is encoded is a query");
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).expect("all three parts are there")
    }

    fn request(&self, uri: Uri) -> Request<Empty<Bytes>> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// Where a redirect leads, unless that is another origin: such an answer stands like any other, and no header goes there.
fn target<B>(response: &Response<B>, asked: &Uri) -> Option<Uri> {
    let is_redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !is_redirect {
        return None;
    }
    let location = std::str::from_utf8(response.headers().get(LOCATION)?.as_bytes()).ok()?;
    let asked = Url::parse(&asked.to_string()).ok()?;
    let next = asked.join(location).ok()?;
    if next.origin() != asked.origin() {
        return None;
    }
    next.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OptionValue;

    #[test]
    fn a_soul_is_encoded_so_that_nothing_in_it_means_anything() {
        let options = [("relayUrl".to_owned(), OptionValue::Text("http://a:1/base/".to_owned()))];
        let config = Config::from_options(&options).expect("good options");
        let transport = Transport::new(&config);
        let soul = "a b/#&%+?=é🏋\n\0-._~:";
        let uri = transport.uri_of(soul).to_string();
        assert_eq!(uri, "http://a:1/base/get?soul=a%20b%2F%23%26%25%2B%3F%3D%C3%A9%F0%9F%8F%8B%0A%00-._~%3A");
        let url = Url::parse(&uri).expect("a URL");
        let (_, decoded) = url.query_pairs().next().expect("one pair");
        assert_eq!(decoded, soul);
    }

    #[test]
    fn a_redirect_is_followed_within_the_origin_alone() {
        let asked: Uri = "http://a:1/base/get?soul=x".parse().expect("a URI");
        let leads = |status, location: &str| {
            let response = Response::builder().status(status).header(LOCATION, location).body(()).expect("a response");
            target(&response, &asked).map(|uri| uri.to_string())
        };
        for (location, expected) in [
            ("/other?soul=x#part", Some("http://a:1/other?soul=x")),
            ("other", Some("http://a:1/base/other")),
            ("http://a:1/other", Some("http://a:1/other")),
            ("//a:1/other", Some("http://a:1/other")),
            ("https://a:1/other", None),
            ("http://a:2/other", None),
            ("http://b:1/other", None),
            ("http://[", None),
        ] {
            assert_eq!(leads(302, location).as_deref(), expected, "{location}");
        }
        for status in [200, 300, 304, 305, 404] {
            assert_eq!(leads(status, "/other"), None, "{status}");
        }
        for status in [301, 303, 307, 308] {
            assert!(leads(status, "/other").is_some(), "{status}");
        }
    }
}
