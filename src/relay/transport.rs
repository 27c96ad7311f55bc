//! One GET over reqwest's pool of connections, redirects within the relay's origin included.

use super::POOL_IDLE;
use super::fault::Route;
use super::resolver::Resolver;
use crate::config::{Config, ProxyUrl, Tls};
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::redirect::{self, Action, Attempt};
use reqwest::{Client, ClientBuilder, Error, Method, Proxy, Request, Response, retry};
use std::sync::{Arc, OnceLock};
use url::Url;

/// Redirects followed within the relay's origin.
const MAX_REDIRECTS: usize = 5;
/// Everything except RFC 3986's unreserved characters, because any other may have a meaning for a relay or a proxy.
const SOUL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A pool of connections to one relay, with everything that requests to it have in common.
#[derive(Debug)]
pub struct Transport {
    client: Client,
    headers: HeaderMap,
    /// `{base}/get`, to which the soul is added.
    get: Url,
    /// Asks a proxy for the status with which it refuses a tunnel.
    tunnel: Option<Tunnel>,
    /// For messages.
    pub route: Route,
}

#[derive(Debug)]
struct Tunnel {
    proxy: ProxyUrl,
    tls: Tls,
    client: OnceLock<Option<Client>>,
}

impl Transport {
    /// Opens nothing yet: connections are made as requests need them.
    pub fn new(config: &Config) -> Self {
        let get = config.relay.get.clone();
        let connects_to = config.proxy.as_ref().map_or(&get, |proxy| &proxy.url);
        let resolver = Resolver::new(connects_to.port_or_known_default().unwrap_or_default(), config.connect_timeout);
        let client = client(config.proxy.as_ref(), &config.tls)
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(config.max_in_flight)
            .redirect(redirect::Policy::custom(within_the_origin))
            .referer(false)
            .build()
            .expect("the TLS configuration is one of reqwest's own rustls");
        let mut headers = config.headers.clone();
        if let Some(authorization) = &config.relay.authorization {
            headers.entry(AUTHORIZATION).or_insert(authorization.clone());
        }
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("gun-native/", env!("CARGO_PKG_VERSION"))));
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let route = Route {
            is_https: get.scheme() == "https",
            proxy: config.proxy.as_ref().map(|proxy| proxy.url.as_str().trim_end_matches('/').into()),
            connect_timeout: config.connect_timeout,
        };
        let tunnel = config.proxy.clone().filter(|_| route.is_https);
        let tunnel = tunnel.map(|proxy| Tunnel { proxy, tls: config.tls.clone(), client: OnceLock::new() });
        Self { client, headers, get, tunnel, route }
    }

    /// Asks for a soul; the body of the answer is not read yet. After too many redirects, the last one is the answer.
    pub fn get(&self, soul: &str) -> impl Future<Output = Result<Response, Error>> + use<> {
        let mut request = Request::new(Method::GET, self.url_of(soul));
        *request.headers_mut() = self.headers.clone();
        self.client.execute(request)
    }

    /// The status with which the proxy refuses a tunnel. The connector does not report it, so the proxy is asked again.
    pub async fn refused_with(&self) -> Option<u16> {
        let tunnel = self.tunnel.as_ref()?;
        let built = || client(Some(&tunnel.proxy), &tunnel.tls).redirect(redirect::Policy::none()).build().ok();
        let client = tunnel.client.get_or_init(built).as_ref()?;
        let mut relay = self.get.clone();
        // By http, so that the request is the CONNECT.
        let port = relay.port_or_known_default();
        relay.set_scheme("http").ok()?;
        relay.set_port(port).ok()?;
        relay.set_path("/");
        let response = client.execute(Request::new(Method::CONNECT, relay)).await.ok()?;
        Some(response.status().as_u16()).filter(|status| !(200..300).contains(status))
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

/// Settings of all clients.
fn client(proxy: Option<&ProxyUrl>, tls: &Tls) -> ClientBuilder {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls.client())
        .http1_only()
        .tcp_keepalive(None)
        // Retries are made here, with a budget, a deadline and a count.
        .retry(retry::never().max_retries_per_request(0));
    match proxy {
        Some(proxy) => builder.proxy(through(proxy)),
        // Proxy variables of the environment are for other programs.
        None => builder.no_proxy(),
    }
}

/// http relays by requests in absolute form, https relays through a tunnel, as in curl.
fn through(proxy: &ProxyUrl) -> Proxy {
    let made = Proxy::all(proxy.url.clone()).expect("a URL with a host is a proxy's");
    match &proxy.authorization {
        Some(authorization) => made.custom_http_auth(authorization.clone()),
        None => made,
    }
}

/// A redirect to another origin is not followed, so no header is sent there.
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
