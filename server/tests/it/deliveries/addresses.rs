//! Nothing is sent into the owner's network, however the address is written and whatever its name comes to mean.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bursar::outbound::{Outbound, SendError};
use bursar_domain::integrations::Request;
use serde_json::json;
use tokio::net::TcpListener;
use xtask::test_environment::size;

use super::corpus::{blocked_v4, hosts, urls_of};
use crate::support::backend::Backend;
use crate::support::deliveries::{amplitude, bought, enable, put, settle_down, shown, states, work};
use crate::support::purchases::Customer;
use crate::support::random::Random;
use crate::support::server::{START, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// Listens on this machine, on both kinds of addresses, and counts who comes.
struct Canary {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let visits = Arc::new(AtomicUsize::new(0));
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        let second = TcpListener::bind(("::1", port)).await;
        for listener in std::iter::once(first).chain(second) {
            let visits = Arc::clone(&visits);
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    visits.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        Self { port, visits }
    }

    async fn visits(&self) -> usize {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        self.visits.load(Ordering::Acquire)
    }
}

/// Every name leads to this machine.
fn names(allow_private: bool) -> Outbound {
    let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    Outbound::with_names(allow_private, move |_| here.into()).unwrap()
}

async fn send(outbound: &Outbound, url: &str) -> Result<(), SendError> {
    let request = Request::post_json(url.to_owned(), "{}".into());
    outbound.send(&request, START).await.map(drop)
}

/// Was it refused before there was a connection?
fn is_refused(sent: &Result<(), SendError>) -> bool {
    match sent {
        Err(SendError::Forbidden(_) | SendError::Request(_)) => true,
        Err(SendError::Unreachable(why) | SendError::Connection(why)) => {
            why.contains("private addresses alone")
                || why.contains("invalid URL")
                || why.contains("AbsoluteUriRequired")
        }
        Ok(()) | Err(SendError::TimedOut) => false,
    }
}

#[tokio::test]
async fn no_address_of_the_corpus_is_reached_when_it_is_sent_to() {
    let canary = Canary::start().await;
    let outbound = names(false);
    let all = urls_of(canary.port);
    assert!(all.len() >= 300, "{}", all.len());
    for url in &all {
        let sent = send(&outbound, url).await;
        assert!(is_refused(&sent), "{url}: {sent:?}");
    }
    assert_eq!(canary.visits().await, 0);
}

#[tokio::test]
async fn no_address_of_the_corpus_is_reached_when_it_is_saved() {
    let canary = Canary::start().await;
    let server = TestServer::sending(Backend::SqliteMemory, names(false)).await;
    // No address at all is saved as none.
    for url in urls_of(canary.port).iter().filter(|url| !url.is_empty()) {
        // Saving tries the address: a webhook has to answer before anything is sent to it.
        let webhook = put(&server, "webhook", true, &json!({"urls": {"production": url}})).await;
        let body = webhook.json();
        let is_blocked = webhook.status == 422 || body["status"] == "blocked";
        assert!(is_blocked, "{url}: {body}");
        let keys = json!({"api_keys": {"production": {"ios": "k"}}, "base_url": url});
        put(&server, "amplitude", true, &keys).await;
    }
    // What is an address, or a name that is known, is refused at once.
    for host in hosts() {
        let url = json!({"urls": {"production": format!("http://{host}/")}});
        let answer = put(&server, "webhook", true, &url).await;
        assert_eq!(answer.status, 422, "{host}: {}", answer.text());
    }
    assert_eq!(canary.visits().await, 0);
}

/// As after private addresses were allowed, and then no more.
#[tokio::test]
async fn a_stored_address_that_is_not_allowed_blocks_until_it_is_another() {
    let canary = Canary::start().await;
    let server = TestServer::sending(Backend::SqliteMemory, names(false)).await;
    let inside = format!("http://127.0.0.1:{}", canary.port);
    enable(&server, "amplitude", amplitude(&inside)).await;
    let customer = Customer::new(&server, "ann").await;
    customer.post(TRANSACTION, &bought("t1")).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    let body = shown(&server, "amplitude").await;
    assert_eq!(body["status"], "blocked", "{body}");
    let why = body["problems"][0]["detail"].as_str().unwrap();
    assert!(why.starts_with("the address is not allowed"), "{why}");
    assert_eq!(states(&server).await, ["pending 1"]);
    assert_eq!(canary.visits().await, 0);
}

#[tokio::test]
async fn with_the_filter_off_the_same_addresses_are_reached() {
    let canary = Canary::start().await;
    let outbound = names(true);
    // Those that lead to this machine: the others would lead out of it.
    let here = urls_of(canary.port)
        .into_iter()
        .filter(|url| !blocked_v4().any(|(other, _)| url.contains(other)));
    let mut reached = 0;
    for url in here {
        let before = canary.visits.load(Ordering::Acquire);
        drop(tokio::time::timeout(std::time::Duration::from_millis(30), send(&outbound, &url)).await);
        reached += usize::from(canary.visits.load(Ordering::Acquire) > before);
    }
    assert!(reached >= 20, "{reached}");
}

#[tokio::test]
async fn a_name_that_means_something_else_each_time_leads_nowhere() {
    let canary = Canary::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    // Nothing at first, then inside, then both inside and nothing: what is let through is looked at each time.
    let changing = |asked: Arc<AtomicUsize>| {
        move |_: &str| -> Vec<IpAddr> {
            match asked.fetch_add(1, Ordering::AcqRel) % 3 {
                0 => Vec::new(),
                1 => vec![Ipv4Addr::LOCALHOST.into()],
                _ => vec!["::ffff:127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()],
            }
        }
    };
    let url = format!("http://rebinding.example:{}/", canary.port);
    let guarded = Outbound::with_names(false, changing(Arc::clone(&asked))).unwrap();
    for _ in 0..30 {
        assert!(is_refused(&send(&guarded, &url).await));
    }
    // One look for each try: there is no second one that could say something else.
    assert_eq!((canary.visits().await, asked.load(Ordering::Acquire)), (0, 30));
    let open = Outbound::with_names(true, changing(Arc::default())).unwrap();
    for _ in 0..2 {
        drop(tokio::time::timeout(std::time::Duration::from_millis(100), send(&open, &url)).await);
    }
    assert_eq!(canary.visits().await, 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let canary = Canary::start().await;
    let location = format!("http://127.0.0.1:{}/", canary.port);
    for status in [301, 302, 303, 307, 308] {
        let head = format!("HTTP/1.1 {status} x\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let vendor = Vendor::with(move |_, _| Manner::Raw(head.clone())).await;
        let outbound = Outbound::new(true).unwrap();
        let request = Request::post_json(vendor.url.clone(), "{}".into());
        assert_eq!(
            outbound.send(&request, START).await.unwrap().answer.status,
            status
        );
    }
    assert_eq!(canary.visits().await, 0);
}

/// Would a connection to this literal end on this machine, as the system takes it?
fn is_here(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_unspecified(),
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.to_ipv4_mapped().is_some_and(|ip| is_here(ip.into()))
        }
    }
}

#[tokio::test]
async fn no_mutation_of_an_address_gets_through() {
    const LETTERS: &[u8] = b"0123456789abcdefxX.:@[]%#/\\?-_~ \t\0lohst";
    let canary = Canary::start().await;
    let outbound = names(false);
    let mut random = Random::new("addresses");
    let mut seeds = urls_of(canary.port);
    seeds.retain(|url| !url.is_empty());
    let mut sent = 0;
    for _ in 0..size(20_000, 1_000_000) {
        let mut bytes = random.pick(&seeds).clone().into_bytes();
        for _ in 0..=random.below(3) {
            let place = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[place] = *random.pick(LETTERS),
                1 => bytes.insert(place, *random.pick(LETTERS)),
                2 if bytes.len() > 8 => drop(bytes.remove(place)),
                _ => bytes.swap(place, 0),
            }
        }
        let url = String::from_utf8_lossy(&bytes).into_owned();
        let host = url
            .parse::<hyper::Uri>()
            .ok()
            .and_then(|uri| uri.host().map(str::to_owned));
        let literal = host.and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        // A mutation may have become an address of the world: nothing is sent there.
        if literal.is_some_and(|ip| !is_here(ip)) {
            continue;
        }
        let outcome = send(&outbound, &url).await;
        assert!(outcome.is_err(), "{url:?}");
        sent += 1;
    }
    assert!(sent > 1_000, "{sent}");
    assert_eq!(canary.visits().await, 0);
}
