//! Third parties of which an address is silent.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bursar::outbound::Outbound;
use bursar_domain::integrations::Request;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::server::START;
use crate::support::vendor::Vendor;

/// Makes an address silent, as one behind a firewall is: its queue of new connections is full, and nobody takes any.
async fn silence(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
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

#[tokio::test]
async fn where_an_address_of_a_name_is_silent_the_next_one_is_tried() {
    let vendor = Vendor::start().await;
    let (_, port) = vendor.url.rsplit_once(':').unwrap();
    let silent = Ipv4Addr::new(127, 0, 0, 2);
    let _silence = silence(SocketAddr::new(silent.into(), port.parse().unwrap())).await;
    let addresses = [IpAddr::V4(silent), IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let outbound = Outbound::with_names(true, move |_| addresses.into()).unwrap();
    let request = Request::post_json(format!("http://two.example:{port}/"), "{}".into());
    let received = outbound.send(request, START).await.unwrap();
    assert_eq!((received.answer.status, vendor.count()), (200, 1));
}
