//! Names to addresses, without those that nothing may be sent to. The connection is made to exactly what comes out of
//! here, so a name cannot mean one thing when it is looked at and another when it is used.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use super::guard;

/// Resolves as the system does, and filters.
#[derive(Clone)]
pub struct Resolver {
    /// Are private addresses let through?
    pub allow_private: bool,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found
                .filter(|address| allow_private || guard::is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(io::Error::other("the name leads to private addresses alone"));
            }
            Ok(allowed.into_iter())
        })
    }
}
