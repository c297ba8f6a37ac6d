//! Writes from many clients, notes what was acknowledged, and says afterwards whether all of it is there.
//!
//! Each client writes ever higher numbers to profiles of its own. So a profile must hold the last number that was
//! acknowledged or one that was asked for after it.

use std::fs::File;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::backend::Folder;
use crate::support::client::{Client, NoAnswer, Received};
use crate::support::running::{Program, Running};
use crate::support::server::{IDENTIFIERS, PROFILE};

const CLIENTS: usize = 8;
const PROFILES_EACH: usize = 3;

pub struct Judge {
    profiles: Vec<Profile>,
    log: Mutex<File>,
    stop: AtomicBool,
    /// Requests that were sent, and never answered.
    unanswered: AtomicUsize,
    refused: AtomicUsize,
    acknowledged: AtomicUsize,
    _folder: Folder,
}

struct Profile {
    customer: String,
    asked: AtomicU64,
    acknowledged: AtomicU64,
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
    /// A judge whose profiles are there.
    pub fn new(client: &mut Client) -> Self {
        let folder = Folder::new();
        let profile = |number| Profile {
            customer: format!("judged-{number}"),
            asked: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
        };
        let judge = Self {
            profiles: (0..CLIENTS * PROFILES_EACH).map(profile).collect(),
            log: Mutex::new(File::create(folder.0.join("acknowledged")).unwrap()),
            stop: AtomicBool::new(false),
            unanswered: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
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
            let done = meanwhile();
            drop(stopper);
            let endings = clients.into_iter().map(|client| client.join().unwrap());
            (done, endings.collect())
        })
    }

    fn write(&self, mut client: Client, number: usize) -> Ending {
        let own = &self.profiles[number * PROFILES_EACH..][..PROFILES_EACH];
        for profile in own.iter().cycle() {
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            let value = profile.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let header = [("adapty-customer-user-id", profile.customer.as_str())];
            let request = client.request(
                "POST",
                IDENTIFIERS,
                &header,
                &format!(r#"{{"branch_id":"{value}"}}"#),
            );
            let sent = client.send(&request).map(|()| Instant::now());
            let begun = *sent.as_ref().unwrap_or(&Instant::now());
            match sent.and_then(|_| client.receive()) {
                Ok(answer) => self.note(profile, value, &answer),
                Err(error) => {
                    self.unanswered.fetch_add(1, Ordering::SeqCst);
                    return Ending::NoAnswer(begun, error);
                }
            }
        }
        Ending::Stopped
    }

    fn note(&self, profile: &Profile, value: u64, answer: &Received) {
        if answer.status == 503 {
            assert!(answer.retry_after, "a 503 without Retry-After");
            self.refused.fetch_add(1, Ordering::SeqCst);
            // A caller that is told to wait a second, on a test's clock.
            return thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(answer.status, 200, "{}", answer.body);
        let line = format!("{} {value}\n", profile.customer);
        let mut log = self.log.lock().unwrap();
        log.write_all(line.as_bytes()).unwrap();
        drop(log);
        profile.acknowledged.store(value, Ordering::SeqCst);
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
    }

    /// What is lost: acknowledged, and neither it nor a later value is there.
    pub fn losses(&self, client: &mut Client) -> Vec<String> {
        self.log.lock().unwrap().sync_all().unwrap();
        let mut losses = Vec::new();
        for profile in &self.profiles {
            let header = [("adapty-customer-user-id", profile.customer.as_str())];
            let read = client.call("GET", IDENTIFIERS, &header, "").unwrap();
            let read: serde_json::Value = serde_json::from_str(&read.body).unwrap();
            let value: u64 = read["branch_id"].as_str().unwrap_or("0").parse().unwrap();
            let [acknowledged, asked] =
                [&profile.acknowledged, &profile.asked].map(|number| number.load(Ordering::SeqCst));
            if value < acknowledged {
                losses.push(format!(
                    "{}: {acknowledged} was acknowledged, {value} is there",
                    profile.customer
                ));
            }
            assert!(value <= asked, "{}: nobody wrote {value}", profile.customer);
        }
        losses
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    pub fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::SeqCst)
    }

    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}
