//! Addresses that say nothing.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Makes an address silent, as one behind a firewall is: its queue of new connections is full, and nobody takes any.
pub async fn silence(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(address).unwrap();
    let listener = socket.listen(0).unwrap();
    let mut queue = Vec::new();
    let enough = Duration::from_millis(500);
    while let Ok(connected) = tokio::time::timeout(enough, TcpStream::connect(address)).await {
        queue.push(connected.unwrap());
        assert!(queue.len() < 10, "it is never full");
    }
    (listener, queue)
}
