//! Servers as programs on one database and one test clock, and clients of theirs that outlive their deaths.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ledger::{Ledger, Number};
use crate::support::backend::Backend;
use crate::support::client::{Client, Received};
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::running::{Running, server};
use crate::support::server::{CUSTOMER, PROFILE, START, TRANSACTION};

/// Connections on which clients report at the same time.
const CLIENTS: usize = 16;
/// How long a client tries to get through.
const PATIENCE: Duration = Duration::from_secs(240);

/// All of them send deliveries; callers call the first one.
pub struct Servers {
    program: Mutex<Program>,
    running: Mutex<Vec<Running>>,
    /// Where callers find the first one at the moment.
    address: Mutex<SocketAddr>,
    secret_key: String,
    /// What the clocks of all of them say, in microseconds.
    now: AtomicI64,
    /// How callers name some of the customers: one of [`ALONE`], [`BOTH`] and [`LINKED`].
    naming: AtomicU8,
}

/// By their profiles alone: nobody knows who they are.
const ALONE: u8 = 0;
/// By both, so that the customer's id is linked to the profile.
const BOTH: u8 = 1;
/// By the customer's id, as all the others.
const LINKED: u8 = 2;

impl Servers {
    /// So many on a fresh database.
    pub fn start(backend: Backend, count: usize) -> Self {
        let mut program = Program::on(backend, server());
        let first = program.start_at(START);
        let address = Mutex::new(first.address);
        let mut running = vec![first];
        running.extend((1..count).map(|_| program.start_at(START)));
        Self {
            secret_key: program.secret_key.clone(),
            program: Mutex::new(program),
            running: Mutex::new(running),
            address,
            now: AtomicI64::new(START),
            naming: AtomicU8::new(LINKED),
        }
    }

    pub fn program(&self) -> MutexGuard<'_, Program> {
        self.program.lock().unwrap()
    }

    /// Sets an integration of the app.
    pub fn enable(&self, slug: &str, settings: &Value) {
        let running = self.running.lock().unwrap();
        self.program().set_integration(&running[0], slug, settings);
    }

    /// Kills one of them by SIGKILL and starts it anew on the same data.
    pub fn kill(&self, which: usize, ledger: &Ledger) {
        let mut running = self.running.lock().unwrap();
        running.remove(which).kill();
        ledger.note_kill();
        let again = self.program().start_at(self.now());
        if which == 0 {
            *self.address.lock().unwrap() = again.address;
        }
        running.insert(which, again);
    }

    pub fn count(&self) -> usize {
        self.running.lock().unwrap().len()
    }

    /// Moves the clocks on by so many microseconds. Before and after that all that is due is tried, and no request is
    /// under way at the move: no claim runs out by it.
    pub fn advance(&self, by: i64) {
        for now in [self.now(), self.now() + by] {
            self.now.store(now, Ordering::Release);
            for server in &*self.running.lock().unwrap() {
                self.program().settle_at(server, now);
            }
        }
    }

    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Acquire)
    }

    /// Calls for each of these customers, on many connections at once, each call until it has succeeded. `calls` tells
    /// of a customer what to send: method, path and body.
    pub fn call_for_each(
        &self,
        customers: &[usize],
        call: impl Fn(usize) -> (&'static str, &'static str, String) + Sync,
        done: impl Fn(usize, &str) + Sync,
    ) {
        thread::scope(|scope| {
            for own in customers.chunks(customers.len().div_ceil(CLIENTS).max(1)) {
                let (call, done) = (&call, &done);
                scope.spawn(move || {
                    let mut caller = Caller::new(self);
                    for customer in own {
                        let (method, path, body) = call(*customer);
                        let answer = caller.call(&self.headers(*customer), method, path, &body);
                        done(*customer, &answer.body);
                    }
                });
            }
        });
    }

    /// Makes the customers' profiles; where some are to be linked later, a third of them without the customers' ids.
    pub fn make(&self, customers: &[usize], are_linked_later: bool) {
        let naming = if are_linked_later { ALONE } else { LINKED };
        self.naming.store(naming, Ordering::Release);
        self.call_for_each(customers, |_| ("POST", PROFILE, String::new()), |_, _| {});
    }

    /// Links the customers' ids to the profiles that were made without, and names them by these from now on.
    pub fn link(&self, customers: &[usize]) {
        let alone = customers.iter().copied().filter(|customer| is_alone(*customer));
        self.naming.store(BOTH, Ordering::Release);
        self.call_for_each(
            &alone.collect::<Vec<_>>(),
            |_| ("POST", PROFILE, String::new()),
            |customer, answer| {
                for id in [name(customer), profile(customer)] {
                    assert!(answer.contains(&id), "{id} is not in {answer}");
                }
            },
        );
        self.naming.store(LINKED, Ordering::Release);
    }

    /// How a customer is named at the moment.
    fn headers(&self, customer: usize) -> Vec<(&'static str, String)> {
        let named = (CUSTOMER, name(customer));
        let alone = ("adapty-profile-id", profile(customer));
        match self.naming.load(Ordering::Acquire) {
            ALONE if is_alone(customer) => vec![alone],
            BOTH if is_alone(customer) => vec![alone, named],
            _ => vec![named],
        }
    }

    /// Reports a transaction of each of these customers.
    pub fn report(&self, customers: &[usize], place: usize, body: fn(Number) -> String, ledger: &Ledger) {
        let number = |customer| Number { customer, place };
        self.call_for_each(
            customers,
            |customer| ("POST", TRANSACTION, body(number(customer))),
            |customer, _| ledger.acknowledge(number(customer)),
        );
    }

    /// Does something while one of the servers is killed, at any moment of about so long.
    pub fn over_a_kill(
        &self,
        ledger: &Ledger,
        random: &mut Random,
        long: Duration,
        something: impl FnOnce(),
    ) {
        let pause = long * u32::try_from(random.below(100)).unwrap() / 100;
        let which = random.below(self.count());
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(pause);
                self.kill(which, ledger);
            });
            something();
        });
    }
}

/// A customer's name.
pub fn name(customer: usize) -> String {
    format!("c{customer:05}")
}

/// A third of them; those that get their identifiers late are others.
fn is_alone(customer: usize) -> bool {
    customer % 3 == 1
}

/// The id of the profile of one that is made alone.
fn profile(customer: usize) -> String {
    format!("00000000-0000-4000-8000-{customer:012}")
}

/// Calls until it gets through.
struct Caller<'s> {
    servers: &'s Servers,
    client: Client,
    address: SocketAddr,
}

impl<'s> Caller<'s> {
    fn new(servers: &'s Servers) -> Self {
        let address = *servers.address.lock().unwrap();
        let client = Client::of(address, &servers.secret_key);
        Self {
            servers,
            client,
            address,
        }
    }

    fn call(&mut self, headers: &[(&'static str, String)], method: &str, path: &str, body: &str) -> Received {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let begun = Instant::now();
        loop {
            let answer = self.client.call(method, path, &headers, body);
            match answer {
                Ok(answer) if (200..300).contains(&answer.status) => return answer,
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.body),
                Err(_) => {
                    let address = *self.servers.address.lock().unwrap();
                    if address != self.address {
                        *self = Self::new(self.servers);
                    }
                }
            }
            assert!(begun.elapsed() < PATIENCE, "no answer to {path}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}
