//! Third parties of which an address is silent, or that write their answers as it was done once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bursar::outbound::{Outbound, SendError};
use bursar_domain::integrations::Request;

use crate::support::backend::ALL;
use crate::support::deliveries::{amplitude, bought, enable, fates_of, settle_down, work};
use crate::support::purchases::Customer;
use crate::support::server::{START, TRANSACTION, TestServer};
use crate::support::silence::silence;
use crate::support::vendor::{Manner, Vendor};

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

/// The C library asks a name server that is silent for five seconds before it asks the next one.
#[tokio::test]
async fn a_name_that_is_found_late_is_found_and_one_that_takes_longer_is_told() {
    let vendor = Vendor::start().await;
    let (_, port) = vendor.url.rsplit_once(':').unwrap();
    let send = async |seconds: f64| {
        let names = move |_: &str| {
            std::thread::sleep(Duration::from_secs_f64(seconds));
            vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]
        };
        let outbound = Outbound::with_names(true, names).unwrap();
        let request = Request::post_json(format!("http://slow.example:{port}/"), "{}".into());
        outbound.send(request, START).await
    };
    let (late, too_late) = tokio::join!(send(5.5), send(7.0));
    assert_eq!((late.unwrap().answer.status, vendor.count()), (200, 1));
    let told = "the name slow.example was not found within 6 s";
    assert!(
        matches!(&too_late, Err(SendError::Unreachable(why)) if why.ends_with(told)),
        "{too_late:?}"
    );
}

/// Source: RFC 9112, sections 5.1 and 5.2: whoever receives such an answer makes them spaces, and reads on.
#[tokio::test]
async fn an_answer_with_a_folded_header_or_a_space_before_its_colon_is_one() {
    for header in ["x-note: one\r\n two", "x-note: one\r\n\ttwo", "x-note : one"] {
        let whole = format!("HTTP/1.1 200 OK\r\n{header}\r\ncontent-length: 2\r\n\r\n{{}}");
        let vendor = Vendor::with(move |_, _| Manner::Raw(whole.clone())).await;
        let outbound = Outbound::new(true).unwrap();
        let request = Request::post_json(vendor.url.clone(), "{}".into());
        let received = outbound.send(request, START).await;
        let received = received.unwrap_or_else(|error| panic!("{header:?}: {error}"));
        assert_eq!(
            (received.answer.status, received.answer.body.as_str()),
            (200, "{}")
        );
    }
}

/// PostgreSQL stores no text with a NUL. What cannot be written down would be sent again and again.
#[tokio::test]
async fn an_answer_that_no_database_holds_as_it_stands_is_written_down() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(400, "no\0pe")).await;
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        let fates = fates_of(&server, "amplitude", "").await;
        assert_eq!(fates, ["t1 rejected 400 no\u{fffd}pe"], "{backend:?}");
    }
}
