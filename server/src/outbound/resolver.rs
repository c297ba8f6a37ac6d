//! Names to addresses, without those that nothing may be sent to. The connection is made to exactly what comes out of
//! here, so a name cannot mean one thing when it is looked at and another when it is used.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use super::guard;

/// How long a name may take to be found. The C library waits 5 s for a name server that is silent before it asks the next.
const NAME_TIMEOUT: Duration = Duration::from_secs(6);

/// Resolves, and filters.
#[derive(Clone)]
pub struct Resolver {
    /// Are private addresses let through?
    pub allow_private: bool,
    /// What names mean.
    pub names: Names,
}

/// Tells the addresses of a name.
type Say = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// What names mean.
#[derive(Clone)]
pub enum Names {
    /// What the system says.
    System,
    /// What this says, asked anew for every connection.
    Said(Arc<Say>),
}

impl Names {
    async fn find(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((name, 0)).await?.collect()),
            Self::Said(say) => {
                let (say, name) = (Arc::clone(say), name.to_owned());
                // As the system's: it may take its time.
                let said = tokio::task::spawn_blocking(move || say(&name)).await?;
                Ok(said.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect())
            }
        }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (allow_private, names) = (self.allow_private, self.names.clone());
        Box::pin(async move {
            let found = tokio::time::timeout(NAME_TIMEOUT, names.find(name.as_str())).await;
            let found = found.map_err(|_| not_found(&name))??;
            let allowed: Vec<_> = found
                .into_iter()
                .filter(|address| allow_private || guard::is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(io::Error::other("the name leads to private addresses alone"));
            }
            Ok(allowed.into_iter())
        })
    }
}

fn not_found(name: &Name) -> io::Error {
    let seconds = NAME_TIMEOUT.as_secs();
    let why = format!("the name {name} was not found within {seconds} s");
    io::Error::new(io::ErrorKind::TimedOut, why)
}
