//! A line to PostgreSQL that tests can hold.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A line to PostgreSQL that can be made to carry nothing while it stays open.
pub struct Line {
    flows: watch::Sender<bool>,
    cuts: watch::Sender<()>,
}

impl Line {
    /// Puts one in between: the URL then leads through it.
    pub async fn to(url: &mut String) -> Self {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let tokio_postgres::config::Host::Tcp(host) = &config.get_hosts()[0] else {
            panic!("no TCP")
        };
        let target = format!("{host}:{}", config.get_ports()[0]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        assert!(url.contains(&target), "{target}");
        *url = url.replace(&target, &address);
        let (flows, does_flow) = watch::channel(true);
        let cuts = watch::Sender::new(());
        let cutting = cuts.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&target).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                let there = carry(near_in, far_out, does_flow.clone());
                let back = carry(far_in, near_out, does_flow.clone());
                let mut cut = cutting.subscribe();
                tokio::spawn(async move {
                    let carried = async { tokio::join!(there, back) };
                    tokio::select! { _ = carried => {}, _ = cut.changed() => {} }
                });
            }
        });
        Self { flows, cuts }
    }

    /// Carries nothing from now on, in neither direction, and takes new connections all the same.
    pub fn hold(&self) {
        self.flows.send_replace(false);
    }

    /// Cuts all connections that there are.
    pub fn cut(&self) {
        self.cuts.send_replace(());
    }

    /// Carries again, first what was held.
    pub fn release(&self) {
        self.flows.send_replace(true);
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut flows: watch::Receiver<bool>,
) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let may_go_on = flows.wait_for(|flows| *flows).await.is_ok();
        if !may_go_on || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
