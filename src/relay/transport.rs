//! One GET over reqwest's pool of connections, redirects within the relay's origin included.

use super::POOL_IDLE;
use crate::config::{Config, ProxyUrl};
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::redirect::{self, Action, Attempt};
use reqwest::{Client, Error, Method, Proxy, Request, Response, retry};
use url::Url;

/// Redirects followed within the relay's origin.
const MAX_REDIRECTS: usize = 5;
/// All but RFC 3986's unreserved characters: any of the others may mean something to a relay or a proxy.
const SOUL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A pool of connections to one relay and what a request to it needs, prepared once.
#[derive(Debug)]
pub struct Transport {
    client: Client,
    headers: HeaderMap,
    /// `{base}/get`, to which the soul is added.
    get: Url,
}

impl Transport {
    /// Opens nothing yet: connections are made as requests need them.
    pub fn new(config: &Config) -> Self {
        let builder = Client::builder()
            .tls_backend_preconfigured(config.tls.client())
            .http1_only()
            .connect_timeout(config.connect_timeout)
            .tcp_keepalive(None)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(config.max_in_flight)
            .redirect(redirect::Policy::custom(within_the_origin))
            .referer(false)
            // Retries are the client's own: they have a budget, a deadline and a count.
            .retry(retry::never().max_retries_per_request(0));
        let builder = match &config.proxy {
            Some(proxy) => builder.proxy(through(proxy)),
            // The environment's proxies are for other programs.
            None => builder.no_proxy(),
        };
        let mut headers = config.headers.clone();
        if let Some(authorization) = &config.relay.authorization {
            headers.entry(AUTHORIZATION).or_insert(authorization.clone());
        }
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("gun-native/", env!("CARGO_PKG_VERSION"))));
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let client = builder.build().expect("the TLS configuration is one of reqwest's own rustls");
        Self { client, headers, get: config.relay.get.clone() }
    }

    /// Asks for a soul; the answer's body is still to be read. The last of too many redirects is the answer.
    pub async fn get(&self, soul: &str) -> Result<Response, Error> {
        let mut request = Request::new(Method::GET, self.url_of(soul));
        *request.headers_mut() = self.headers.clone();
        self.client.execute(request).await
    }

    fn url_of(&self, soul: &str) -> Url {
        let mut query = String::with_capacity("soul=".len() + soul.len() + 16);
        query.push_str("soul=");
        query.extend(utf8_percent_encode(soul, SOUL));
        let mut url = self.get.clone();
        url.set_query(Some(&query));
        url
    }
}

/// http relays by the absolute form, https relays through a tunnel, as curl does it.
fn through(proxy: &ProxyUrl) -> Proxy {
    let made = Proxy::all(proxy.url.clone()).expect("a URL with a host is a proxy's");
    match &proxy.authorization {
        Some(authorization) => made.custom_http_auth(authorization.clone()),
        None => made,
    }
}

/// A redirect to another origin is an answer like any other, and no header goes there.
fn within_the_origin(attempt: Attempt<'_>) -> Action {
    let is_within = attempt.previous().last().is_some_and(|asked| asked.origin() == attempt.url().origin());
    if is_within && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
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
        let url = transport.url_of(soul);
        assert_eq!(url.as_str(), "http://a:1/base/get?soul=a%20b%2F%23%26%25%2B%3F%3D%C3%A9%F0%9F%8F%8B%0A%00-._~%3A");
        let (_, decoded) = url.query_pairs().next().expect("one pair");
        assert_eq!(decoded, soul);
    }
}
