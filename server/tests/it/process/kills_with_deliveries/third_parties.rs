//! All third parties at one address, and what they have received.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bursar_domain::integrations::ALL;
use serde_json::json;

use super::repeats::Told;
use crate::support::deliveries::sample;
use crate::support::program::Program;
use crate::support::purchases::with;
use crate::support::running::Running;

/// Whose first part does not name the transaction of every event.
const UNNAMED: [&str; 6] = [
    "airbridge",
    "appsflyer",
    "facebook_ads",
    "onesignal",
    "pushwoosh",
    "tenjin",
];
/// What each third party has received, by its slug.
pub type Receipts = Arc<Mutex<HashMap<String, Receipt>>>;

#[derive(Default)]
pub struct Receipt {
    transactions: HashSet<String>,
    /// How many records there were in its requests.
    pub records: usize,
    /// What it was told, by what that is about.
    pub told: HashMap<String, Told>,
}

/// All third parties at one address, which answer after this pause; the first part of a path is the slug.
pub fn third_parties(pause: Duration) -> (String, Receipts) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let receipts = Receipts::default();
    let noted = Arc::clone(&receipts);
    // Ends with the tests.
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let noted = Arc::clone(&noted);
            thread::spawn(move || serve(socket, pause, &noted));
        }
    });
    (url, receipts)
}

/// The transactions that a request names, of those that the judge reports.
fn named(text: &str) -> impl Iterator<Item = String> {
    text.split(|other: char| !(other.is_ascii_alphanumeric() || other == '-'))
        // A quotation mark may be written `%22`.
        .filter_map(|word| word.find("judged-").map(|begin| word[begin..].to_owned()))
        .filter(|word| word.matches('-').count() == 2)
}

fn serve(mut socket: TcpStream, pause: Duration, receipts: &Receipts) -> Option<()> {
    /// Content with everything, as each third party says it.
    const FINE: &str = r#"{"status_code":200,"success":true,"identity":{"onesignal_id":"5e57c0de-0000-4000-8000-000000000001"}}"#;
    let (mut buffer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let text = String::from_utf8_lossy(&buffer).into_owned();
        let head = text.find("\r\n\r\n").map(|end| end + 4);
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        match head {
            Some(head) if buffer.len() >= head + length.unwrap_or(0) => {
                let request = &text[..head + length.unwrap_or(0)];
                let slug = request.split('/').nth(1)?.split([' ', '?']).next()?.to_owned();
                let mut receipts = receipts.lock().unwrap();
                let receipt = receipts.entry(slug.clone()).or_default();
                receipt.transactions.extend(named(request));
                receipt.note(&slug, request);
                drop(receipts);
                buffer.drain(..head + length.unwrap_or(0));
                thread::sleep(pause);
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{FINE}",
                    FINE.len()
                );
                socket.write_all(answer.as_bytes()).ok()?;
            }
            _ => {
                let read = socket.read(&mut chunk).ok().filter(|read| *read > 0)?;
                buffer.extend_from_slice(&chunk[..read]);
            }
        }
    }
}

/// Switches every integration on, towards this address.
pub fn enable_all(program: &Program, server: &Running, url: &str) {
    enable_each(program, server, |slug| format!("{url}/{slug}"));
}

/// Switches every integration on, each towards its own address.
pub fn enable_each(program: &Program, server: &Running, url: impl Fn(&str) -> String) {
    let app = format!("/admin/v1/apps/{}", program.app_id);
    let named = r#"{"settings":{"ios_bundle_id":"com.example"}}"#;
    let set = program.admin(server).call("PATCH", &app, &[], named).unwrap();
    assert_eq!(set.status, 200, "{}", set.body);
    for integration in ALL {
        let slug = integration.slug;
        let quickly = json!({"requests_per_second": 100_000, "exclude_historical_events": false});
        let settings = with(sample(slug, &url(slug)), quickly);
        let shown = program.set_integration(server, slug, &settings);
        assert_eq!(shown["status"], "ok", "{slug}: {shown}");
    }
}

/// What is said to have arrived, and nobody has received. Where requests name no transaction they are counted.
pub fn made_up(delivered: &[(String, String)], receipts: &Receipts) -> Vec<String> {
    let receipts = receipts.lock().unwrap();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut made_up = Vec::new();
    for (slug, transaction) in delivered {
        match receipts.get(slug) {
            None => made_up.push(format!("{slug} received nothing")),
            Some(_) if UNNAMED.contains(&slug.as_str()) => *counted.entry(slug).or_default() += 1,
            Some(receipt) if receipt.transactions.contains(transaction) => {}
            Some(_) => made_up.push(format!("{slug} never received {transaction} (see `UNNAMED`)")),
        }
    }
    for (slug, count) in counted {
        if count > receipts[slug].records {
            made_up.push(format!("{slug} received less than {count} events"));
        }
    }
    made_up
}

/// What has been received, and is none of the transactions that events tell of.
pub fn invented(receipts: &Receipts, told: &HashSet<String>) -> Vec<String> {
    let receipts = receipts.lock().unwrap();
    let received = receipts.iter().flat_map(|(slug, receipt)| {
        let strange = receipt.transactions.difference(told);
        strange.map(move |transaction| format!("{slug} received {transaction}, of which no event tells"))
    });
    received.collect()
}

/// What was never received is noticed.
#[test]
fn a_delivery_that_nobody_received_is_noticed() {
    let receipts = Receipts::default();
    let arrived = [
        ("webhook", "judged-1-1"),
        ("webhook", "judged-1-2"),
        ("onesignal", "judged-1-1"),
        ("tenjin", "judged-1-1"),
        ("tenjin", "judged-1-2"),
    ];
    let arrived = arrived.map(|(slug, transaction)| (slug.to_owned(), transaction.to_owned()));
    receipts.lock().unwrap().insert(
        "webhook".into(),
        Receipt {
            transactions: named("a=judged-1-1&b=judged-7 \"judged-1-3\" %22judged-1-4%22").collect(),
            ..Receipt::default()
        },
    );
    let one = Receipt {
        records: 1,
        ..Receipt::default()
    };
    receipts.lock().unwrap().insert("tenjin".into(), one);
    assert_eq!(
        made_up(&arrived, &receipts),
        [
            "webhook never received judged-1-2 (see `UNNAMED`)",
            "onesignal received nothing",
            "tenjin received less than 2 events"
        ]
    );
    assert!(
        receipts.lock().unwrap()["webhook"]
            .transactions
            .contains("judged-1-4")
    );
}

/// And what was received of nothing.
#[test]
fn what_no_event_tells_of_is_noticed() {
    let receipts = Receipts::default();
    let transactions = HashSet::from(["judged-1-1".to_owned(), "judged-1-2".to_owned()]);
    let mut told = transactions.clone();
    let received = Receipt {
        transactions,
        ..Receipt::default()
    };
    receipts.lock().unwrap().insert("webhook".into(), received);
    assert!(invented(&receipts, &told).is_empty());
    told.remove("judged-1-2");
    assert_eq!(
        invented(&receipts, &told),
        ["webhook received judged-1-2, of which no event tells"]
    );
}
