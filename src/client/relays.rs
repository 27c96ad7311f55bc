//! The relays of a client.

use crate::breaker::Breaker;
use crate::config::Config;
use crate::relay::{Answer, Relay};
use std::future::Future;
use std::sync::Arc;
use tokio::time::Instant;

/// One attempt at a relay. Tests use a script instead.
pub trait Ask: Send + Sync + 'static {
    /// Requests the soul and classifies the answer, within the attempt timeout.
    fn ask(&self, soul: &str) -> impl Future<Output = Answer> + Send;
}

impl Ask for Relay {
    /// Requests the soul and classifies the answer, within the attempt timeout.
    fn ask(&self, soul: &str) -> impl Future<Output = Answer> + Send {
        Relay::ask(self, soul)
    }
}

/// The relays of a client.
#[derive(Debug)]
pub struct Relays<A> {
    /// The one that decides whether a soul is missing.
    pub first: A,
    /// Asked in order if the first one fails.
    pub fallbacks: Vec<FallbackRelay<A>>,
}

/// A relay that can turn a failure of the first one into a record.
#[derive(Debug)]
pub struct FallbackRelay<A> {
    /// Sends its requests.
    pub relay: A,
    /// The relay's URL without credentials.
    pub shown: Arc<str>,
    /// Its own circuit.
    pub breaker: Breaker,
}

impl Relays<Relay> {
    /// The relays of a configuration.
    pub fn new(config: &Config) -> Self {
        let first = Relay::new(config);
        let fallbacks = config.fallbacks.iter().map(|url| FallbackRelay {
            relay: first.beside(&Config { relay: url.clone(), ..config.clone() }),
            shown: Arc::clone(&url.shown),
            breaker: Breaker::new(config.breaker, Instant::now()),
        });
        let fallbacks = fallbacks.collect();
        Self { first, fallbacks }
    }
}
