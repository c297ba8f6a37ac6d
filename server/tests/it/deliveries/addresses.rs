//! Nothing is sent into the owner's network, however the address is written and whatever its name comes to mean.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bursar::outbound::{Outbound, SendError, guard};
use bursar_domain::integrations::{ALL, Kind, Request, Setting};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use xtask::test_environment::size;

use super::corpus::{blocked_v4, hosts, resolved, urls_of};
use crate::support::backend::Backend;
use crate::support::deliveries::{amplitude, bought, enable, put, settle_down, shown, states, work};
use crate::support::purchases::Customer;
use crate::support::random::Random;
use crate::support::server::{START, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// Listens on this machine, on both kinds of addresses, counts who comes, and answers as a receiver should: whoever gets
/// through is well served.
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
                while let Ok((mut socket, _)) = listener.accept().await {
                    visits.fetch_add(1, Ordering::AcqRel);
                    tokio::spawn(async move {
                        const FINE: &[u8] =
                            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
                        let mut request = [0; 64 * 1024];
                        let read = socket.read(&mut request).await?;
                        if read > 0 {
                            socket.write_all(FINE).await?;
                        }
                        std::io::Result::Ok(())
                    });
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
    outbound.send(request, START).await.map(drop)
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
    // In each setting that names where to send to.
    for integration in ALL {
        let is_address = |field: &&Setting| matches!(field.kind, Kind::Url(_));
        let addresses: Vec<_> = integration.settings.iter().filter(is_address).collect();
        assert!(!addresses.is_empty(), "{}", integration.slug);
        for (field, host) in addresses
            .iter()
            .flat_map(|field| hosts().into_iter().step_by(23).map(move |host| (field, host)))
        {
            let url = json!(format!("http://{host}/"));
            let setting = field
                .path
                .rsplit('.')
                .fold(url, |inner, name| json!({ name: inner }));
            let answer = put(&server, integration.slug, false, &setting).await;
            let refused = answer.status == 422 && answer.text().contains(field.path);
            assert!(refused, "{}, {host}: {}", field.path, answer.text());
        }
    }
    assert_eq!(canary.visits().await, 0);
}

/// What is refused above would be served well.
#[tokio::test]
async fn with_the_filter_off_an_address_of_the_corpus_is_saved_and_answers() {
    let canary = Canary::start().await;
    let server = TestServer::sending(Backend::SqliteMemory, names(true)).await;
    let here = [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "017700000001",
        "localhost",
        "a.localhost",
    ];
    for host in here.into_iter().chain(resolved()) {
        let before = canary.visits.load(Ordering::Acquire);
        let url = format!("http://{host}:{}/", canary.port);
        let webhook = put(&server, "webhook", true, &json!({"urls": {"production": url}})).await;
        let body = webhook.json();
        assert_eq!(
            (webhook.status, &body["status"]),
            (200, &json!("ok")),
            "{url}: {body}"
        );
        assert!(canary.visits.load(Ordering::Acquire) > before, "{url}");
    }
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
        assert_eq!(outbound.send(request, START).await.unwrap().answer.status, status);
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

/// One of these with up to four mistakes.
fn mutated(random: &mut Random, urls: &[String]) -> String {
    const LETTERS: &[u8] = b"0123456789abcdefxX.:@[]%#/\\?-_~ \t\0lohst";
    let mut bytes = random.pick(urls).clone().into_bytes();
    for _ in 0..=random.below(3) {
        let place = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[place] = *random.pick(LETTERS),
            1 => bytes.insert(place, *random.pick(LETTERS)),
            2 if bytes.len() > 8 => drop(bytes.remove(place)),
            _ => bytes.swap(place, 0),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The address that a host is, if it is one, as the standard of URLs has it: numbers of any base, the last of which
/// fills what is left. Source: <https://url.spec.whatwg.org/#concept-ipv4-parser>.
fn meant(host: &str) -> Option<IpAddr> {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    }
    // `0x` alone is zero in browsers, but a name to who resolves it.
    let number = |part: &str| {
        let part = part.to_ascii_lowercase();
        match part.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None if part.len() > 1 && part.starts_with('0') => u64::from_str_radix(&part[1..], 8).ok(),
            None => part.parse().ok(),
        }
    };
    let parts: Option<Vec<u64>> = host.trim_end_matches('.').split('.').map(number).collect();
    let parts = parts.filter(|parts| parts.len() <= 4 && !host.contains('+'))?;
    let (last, first) = parts.split_last()?;
    let left = u32::try_from(4 - first.len()).unwrap();
    if first.iter().any(|part| *part > 255) || *last >= 256_u64.pow(left) {
        return None;
    }
    let places = first
        .iter()
        .zip(0..)
        .map(|(part, place)| part * 256_u64.pow(3 - place));
    let whole = u32::try_from(places.sum::<u64>() + last).unwrap();
    Some(IpAddr::V4(whole.into()))
}

/// Does an address lead into somebody's own network, as the standard library has it?
fn is_inside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_loopback()
                || ip.is_private()
                || ip.is_link_local()
                || ip.octets()[0] == 0
                || ip.is_multicast()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.to_ipv4_mapped().is_some_and(|ip| is_inside(ip.into()))
        }
    }
}

#[test]
fn no_mutation_of_an_address_gets_past_the_guard() {
    const URLS: usize = 1_000_000;
    let mut random = Random::new("addresses past the guard");
    let mut urls = urls_of(8_080);
    urls.retain(|url| !url.is_empty());
    let (mut inside, mut passed) = (0, 0);
    for _ in 0..URLS {
        let url = mutated(&mut random, &urls);
        let Ok(uri) = url.parse::<hyper::Uri>() else {
            continue;
        };
        let host = uri.host().unwrap_or_default();
        let leads_inside = meant(host).is_some_and(is_inside);
        let is_let_through = guard::check_host(host).is_ok();
        assert!(!(leads_inside && is_let_through), "{url:?}: {host}");
        inside += usize::from(leads_inside);
        passed += usize::from(is_let_through);
    }
    // Without the guard the first would get through; and it does not just refuse everything.
    println!("{inside} lead inside, {passed} are let through");
    assert!(inside > URLS / 20 && passed > URLS / 20, "{inside}, {passed}");
}

#[tokio::test]
async fn no_mutation_of_an_address_gets_through() {
    let canary = Canary::start().await;
    let outbound = names(false);
    let mut random = Random::new("addresses");
    let mut seeds = urls_of(canary.port);
    seeds.retain(|url| !url.is_empty());
    let mut sent = 0;
    for _ in 0..size(20_000, 1_000_000) {
        let url = mutated(&mut random, &seeds);
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
