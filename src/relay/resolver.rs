//! Host names looked up by the system, with failures that can be told from those of a connection by their type.

use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

/// The system's resolver, on threads of its own.
#[derive(Debug, Clone)]
pub struct Resolver(GaiResolver);

impl Resolver {
    /// The one that the system is set up for.
    pub fn of_the_system() -> Self {
        Self(GaiResolver::new())
    }
}

/// A name that has no address, or no resolver that answers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unresolved(io::Error);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, Unresolved>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        self.0.poll_ready(context).map_err(Unresolved)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let looked_up = self.0.call(name);
        Box::pin(async { looked_up.await.map_err(Unresolved) })
    }
}
