//! How a connection is made: straight to the relay, or through a proxy's tunnel.

use super::resolver::Resolver;
use crate::config::ProxyUrl;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// What the pool asks for connections.
#[derive(Debug, Clone)]
pub enum Dial {
    /// To the relay itself.
    Straight(HttpConnector<Resolver>),
    /// By CONNECT, to an http relay too, as undici does it: the proxy is told host and port and nothing more.
    Through(Tunnel<HttpConnector<Resolver>>),
}

impl Dial {
    /// By way of the proxy, if there is one.
    pub fn new(proxy: Option<&ProxyUrl>) -> Self {
        let mut http = HttpConnector::new_with_resolver(Resolver::of_the_system());
        http.set_nodelay(true);
        http.enforce_http(false);
        let Some(proxy) = proxy else { return Self::Straight(http) };
        let tunnel = Tunnel::new(proxy.uri.clone(), http);
        Self::Through(match &proxy.authorization {
            Some(authorization) => tunnel.with_auth(authorization.clone()),
            None => tunnel,
        })
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Straight(http) => http.poll_ready(context).map_err(Into::into),
            Self::Through(tunnel) => tunnel.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, relay: Uri) -> Self::Future {
        match self {
            Self::Straight(http) => {
                let connects = http.call(relay);
                Box::pin(async { connects.await.map_err(Into::into) })
            }
            Self::Through(tunnel) => {
                let connects = tunnel.call(with_port(relay));
                Box::pin(async { connects.await.map_err(Into::into) })
            }
        }
    }
}

/// The same with its port written out: the tunnel takes 443 for any other that is not.
fn with_port(relay: Uri) -> Uri {
    let (Some(host), None, Some("http")) = (relay.host(), relay.port(), relay.scheme_str()) else {
        return relay;
    };
    let with_port = Uri::builder().scheme("http").authority(format!("{host}:80")).path_and_query("/").build();
    with_port.unwrap_or(relay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_http_is_written_out() {
        let port = |relay: &'static str| with_port(Uri::from_static(relay)).port_u16();
        assert_eq!(port("http://a/get"), Some(80));
        assert_eq!(port("http://[::1]/get"), Some(80));
        assert_eq!(port("http://a:8765/get"), Some(8765));
        assert_eq!(port("https://a/get"), None);
    }
}
