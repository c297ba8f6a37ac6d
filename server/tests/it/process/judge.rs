//! Writes from many clients, notes what was acknowledged, and says afterwards whether all of it is there.
//!
//! Each client writes ever higher numbers to profiles of its own: as an identifier, and in turn with that as the
//! renewals of a subscription. So a profile must hold the last number that was acknowledged or one that was asked for
//! after it, and each renewal that was acknowledged must be in the feed once.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bursar::clock::Clock;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::backend::Folder;
use crate::support::client::{Client, NoAnswer, Received};
use crate::support::program::Program;
use crate::support::running::Running;
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION};

const CLIENTS: usize = 8;
const PROFILES_EACH: usize = 3;

pub struct Judge {
    profiles: Vec<Profile>,
    /// A line for each write that was acknowledged. From it, and not from memory, the losses are told.
    log: Mutex<File>,
    log_path: PathBuf,
    /// For how long clients have written.
    loaded: Mutex<Duration>,
    stop: AtomicBool,
    /// Requests that were sent, and never answered.
    unanswered: AtomicUsize,
    refused: AtomicUsize,
    acknowledged: AtomicUsize,
    feed: Mutex<Feed>,
    _folder: Folder,
}

struct Profile {
    customer: String,
    /// When the subscription began, in seconds: lately, so that no third party finds its events too old.
    began: i64,
    identifier: Numbers,
    renewal: Numbers,
}

/// What was written to one place of a profile.
#[derive(Default)]
struct Numbers {
    asked: AtomicU64,
}

/// The numbers that were acknowledged, by customer and path.
type Acknowledged = HashMap<(String, String), Vec<u64>>;

/// The feed as far as it has been read.
#[derive(Default)]
struct Feed {
    seen: BTreeSet<String>,
    /// How many events open the period of each transaction.
    openings: HashMap<String, usize>,
    /// When the last event was made.
    until: String,
}

/// Stops the clients, also when a test fails while they write.
struct Stopper<'a>(&'a AtomicBool);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// How a client's round ended.
pub enum Ending {
    /// It was told to stop.
    Stopped,
    /// There was no answer to a request that was sent at this moment.
    NoAnswer(Instant, NoAnswer),
}

impl Judge {
    /// The ids of all its customers.
    pub fn customers(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().map(|profile| profile.customer.as_str())
    }

    /// A judge whose profiles are there.
    pub fn new(client: &mut Client) -> Self {
        let folder = Folder::new();
        let profile = |number| Profile {
            customer: format!("judged-{number}"),
            began: Clock::system().now() / 1_000_000 - 20 * 3_600,
            identifier: Numbers::default(),
            renewal: Numbers::default(),
        };
        let log_path = folder.0.join("acknowledged");
        let judge = Self {
            profiles: (0..CLIENTS * PROFILES_EACH).map(profile).collect(),
            log: Mutex::new(File::create(&log_path).unwrap()),
            log_path,
            loaded: Mutex::default(),
            stop: AtomicBool::new(false),
            unanswered: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            feed: Mutex::default(),
            _folder: folder,
        };
        for profile in &judge.profiles {
            let header = [("adapty-customer-user-id", profile.customer.as_str())];
            let made = client.call("POST", PROFILE, &header, "").unwrap();
            assert_eq!(made.status, 200, "{}", made.body);
        }
        judge
    }

    /// Lets all clients write until they get no answer or are told to stop, while `meanwhile` runs.
    pub fn load<T>(
        &self,
        program: &Program,
        server: &Running,
        meanwhile: impl FnOnce() -> T,
    ) -> (T, Vec<Ending>) {
        self.stop.store(false, Ordering::SeqCst);
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let client = program.client(server);
                    scope.spawn(move || self.write(client, number))
                })
                .collect();
            let stopper = Stopper(&self.stop);
            let started = Instant::now();
            let done = meanwhile();
            *self.loaded.lock().unwrap() += started.elapsed();
            drop(stopper);
            let endings = clients.into_iter().map(|client| client.join().unwrap());
            (done, endings.collect())
        })
    }

    fn write(&self, mut client: Client, number: usize) -> Ending {
        let own = &self.profiles[number * PROFILES_EACH..][..PROFILES_EACH];
        let places = own
            .iter()
            .flat_map(|profile| [(profile, IDENTIFIERS), (profile, TRANSACTION)]);
        for (profile, path) in places.cycle() {
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            let numbers = profile.numbers(path);
            let value = numbers.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let header = [("adapty-customer-user-id", profile.customer.as_str())];
            let body = match path {
                TRANSACTION => profile.renewal(value),
                _ => format!(r#"{{"branch_id":"{value}"}}"#),
            };
            let request = client.request("POST", path, &header, &body);
            let sent = client.send(&request).map(|()| Instant::now());
            let begun = *sent.as_ref().unwrap_or(&Instant::now());
            match sent.and_then(|_| client.receive()) {
                Ok(answer) => self.note(profile, path, value, &answer),
                Err(error) => {
                    self.unanswered.fetch_add(1, Ordering::SeqCst);
                    return Ending::NoAnswer(begun, error);
                }
            }
        }
        Ending::Stopped
    }

    fn note(&self, profile: &Profile, path: &str, value: u64, answer: &Received) {
        if answer.status == 503 {
            assert!(answer.retry_after, "a 503 without Retry-After");
            self.refused.fetch_add(1, Ordering::SeqCst);
            // A caller that is told to wait a second, on a test's clock.
            return thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(answer.status, 200, "{}", answer.body);
        let line = format!("{} {path} {value}\n", profile.customer);
        let mut log = self.log.lock().unwrap();
        log.write_all(line.as_bytes()).unwrap();
        drop(log);
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
    }

    /// What is lost: acknowledged, and neither it nor a later value is there; or it is not once in the feed.
    pub fn losses(&self, program: &Program, server: &Running) -> Vec<String> {
        let acknowledged = self.read_log();
        let mut client = program.client(server);
        let mut losses = Vec::new();
        for profile in &self.profiles {
            let header = [("adapty-customer-user-id", profile.customer.as_str())];
            let mut read = |path| -> Value {
                let read = client.call("GET", path, &header, "").unwrap();
                serde_json::from_str(&read.body).unwrap()
            };
            let identifier = read(IDENTIFIERS)["branch_id"].as_str().map(str::to_owned);
            losses.extend(profile.loss(&acknowledged, IDENTIFIERS, identifier.as_deref()));
            let latest = &read(PROFILE)["data"]["subscriptions"][0]["store_transaction_id"];
            let number = latest.as_str().and_then(|id| id.rsplit('-').next());
            losses.extend(profile.loss(&acknowledged, TRANSACTION, number));
        }
        losses.extend(self.lost_events(&acknowledged, program, server));
        losses
    }

    /// All that was acknowledged, as it is on disk.
    fn read_log(&self) -> Acknowledged {
        self.log.lock().unwrap().sync_all().unwrap();
        let mut acknowledged = Acknowledged::new();
        for line in fs::read_to_string(&self.log_path).unwrap().lines() {
            let words: Vec<_> = line.split(' ').collect();
            let [customer, path, value] = words[..] else {
                panic!("the judge's log holds {line:?}");
            };
            let place = (customer.to_owned(), path.to_owned());
            acknowledged
                .entry(place)
                .or_default()
                .push(value.parse().unwrap());
        }
        let count: usize = acknowledged.values().map(Vec::len).sum();
        assert_eq!(count, self.acknowledged(), "the judge's log lacks something");
        acknowledged
    }

    /// Renewals that were acknowledged and do not open their period once in the feed, and those that do so twice.
    fn lost_events(&self, acknowledged: &Acknowledged, program: &Program, server: &Running) -> Vec<String> {
        let mut feed = self.feed.lock().unwrap();
        feed.read_on(&mut program.admin(server), &program.app_id);
        let twice = feed.openings.iter().filter(|(_, count)| **count > 1);
        let mut losses: Vec<_> = twice
            .map(|(id, count)| format!("{id} came {count} times"))
            .collect();
        for profile in &self.profiles {
            for value in profile.acknowledged(acknowledged, TRANSACTION) {
                let id = profile.transaction(*value);
                if !feed.openings.contains_key(&id) {
                    losses.push(format!("{id} was acknowledged and has no event"));
                }
            }
        }
        losses
    }

    /// Has a client asked for this transaction to be taken in?
    pub fn has_asked(&self, transaction: &str) -> bool {
        let is_of = |profile: &Profile| {
            let asked = profile.renewal.asked.load(Ordering::SeqCst);
            let number = transaction
                .strip_prefix(&profile.transaction_prefix())
                .and_then(|number| number.parse().ok());
            number.is_some_and(|number: u64| (1..=asked).contains(&number))
        };
        self.profiles.iter().any(is_of)
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// How many writes were acknowledged in a second, while clients wrote.
    pub fn acknowledged_per_second(&self) -> f64 {
        self.acknowledged() as f64 / self.loaded.lock().unwrap().as_secs_f64()
    }

    pub fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::SeqCst)
    }

    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

impl Profile {
    fn numbers(&self, path: &str) -> &Numbers {
        match path {
            TRANSACTION => &self.renewal,
            _ => &self.identifier,
        }
    }

    fn acknowledged<'a>(&self, all: &'a Acknowledged, path: &str) -> &'a [u64] {
        let place = (self.customer.clone(), path.to_owned());
        all.get(&place).map_or(&[], Vec::as_slice)
    }

    fn transaction_prefix(&self) -> String {
        format!("{}-", self.customer)
    }

    fn transaction(&self, number: u64) -> String {
        format!("{}{number}", self.transaction_prefix())
    }

    /// The body of a report: a further period of the one subscription.
    fn renewal(&self, number: u64) -> String {
        let after = |seconds: i64| Timestamp::from_second(self.began + seconds).unwrap().to_string();
        let seconds = i64::try_from(number).unwrap();
        json!({
            "purchase_type": "subscription", "store": "app_store", "store_product_id": "monthly",
            "store_transaction_id": self.transaction(number),
            "store_original_transaction_id": self.transaction(1),
            "price": {"country": "DE", "currency": "USD", "value": 9.99},
            "originally_purchased_at": after(1),
            "purchased_at": after(seconds),
            "expires_at": "2099-01-01T00:00:00Z", "renew_status": true,
        })
        .to_string()
    }

    /// What is there falls short of what was acknowledged.
    fn loss(&self, all: &Acknowledged, path: &str, there: Option<&str>) -> Option<String> {
        let value: u64 = there.unwrap_or("0").parse().unwrap();
        let asked = self.numbers(path).asked.load(Ordering::SeqCst);
        let acknowledged = self.acknowledged(all, path).iter().max().copied().unwrap_or(0);
        let customer = &self.customer;
        assert!(value <= asked, "{customer}: nobody wrote {value} to {path}");
        (value < acknowledged)
            .then(|| format!("{customer}: {acknowledged} was acknowledged by {path}, {value} is there"))
    }
}

impl Feed {
    /// Reads what has come since.
    fn read_on(&mut self, admin: &mut Client, app: &str) {
        let after = format!("after={}", self.until.replace('+', "%2B"));
        let after = if self.until.is_empty() { "" } else { &after };
        let mut cursor = String::new();
        loop {
            let path = format!("/admin/v1/apps/{app}/events?order=asc&limit=200&{after}{cursor}");
            let page = admin.call("GET", &path, &[], "").unwrap();
            assert_eq!(page.status, 200, "{}", page.body);
            let page: Value = serde_json::from_str(&page.body).unwrap();
            for event in page["data"].as_array().unwrap() {
                self.take_in(event);
            }
            let Some(next) = page["next_cursor"].as_str() else {
                return;
            };
            cursor = format!("&cursor={next}");
        }
    }

    fn take_in(&mut self, event: &Value) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.until = self.until.clone().max(text(&event["created_at"]));
        let kind = event["event_type"].as_str().unwrap();
        let opens = ["subscription_started", "subscription_renewed"].contains(&kind);
        if self.seen.insert(text(&event["event_id"])) && opens {
            let id = text(&event["payload"]["event_properties"]["transaction_id"]);
            *self.openings.entry(id).or_default() += 1;
        }
    }
}
