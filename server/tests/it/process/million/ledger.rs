//! What third parties have taken of numbered transactions: how often, in which order, when.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use uuid::Uuid;

/// A transaction: of which customer, and which of the customer's it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    pub customer: usize,
    pub place: usize,
}

impl Number {
    /// The transaction's id: no other text of a request has a `Q` before digits.
    pub fn id(self) -> String {
        format!("Q{:05}-{:04}", self.customer, self.place)
    }

    /// The transactions that a text names. One that is named again and again is answered once.
    pub fn all_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for rest in text.split('Q').skip(1) {
            let number = Self::read(rest);
            if number.is_some() && number != found.last().copied() {
                found.extend(number);
            }
        }
        found
    }

    fn read(text: &str) -> Option<Self> {
        let (customer, place) = (text.get(0..5)?, text.get(6..10)?);
        Some(Self {
            customer: customer.parse().ok()?,
            place: place.parse().ok()?,
        })
    }
}

/// A transaction at a third party.
#[derive(Clone, Default)]
pub struct Event {
    /// How often it was taken.
    pub times: u8,
    /// How often it was turned away.
    pub failures: u8,
    /// What the third party tells repeats by, where it has such a thing.
    id: Option<Uuid>,
    /// How many servers had been killed when it was taken last.
    kills: u16,
    /// When it was taken first, in milliseconds.
    pub taken_at: u32,
}

/// What one third party has taken.
pub struct Taken {
    each: usize,
    events: Vec<Event>,
    /// Of each customer, what comes after the latest that was taken.
    next: Vec<usize>,
    /// How often something was taken first after a later one of its customer.
    pub inversions: usize,
    /// What was taken once more, by how many servers had been killed when it was taken before.
    pub repeats: HashMap<u16, usize>,
    /// What was taken once more with no kill between.
    pub needless: usize,
    /// What was taken once more under another id.
    pub other_ids: usize,
    /// What was taken without an id.
    pub without_ids: usize,
    /// How many events were turned away.
    pub turned_away: usize,
}

/// What all third parties have taken.
pub struct Ledger {
    began: Instant,
    /// How many servers have been killed.
    kills: AtomicU16,
    acknowledged: Vec<AtomicU32>,
    taken: HashMap<&'static str, Mutex<Taken>>,
    each: usize,
}

impl Ledger {
    /// Of so many customers with so many transactions each.
    pub fn new(slugs: &[&'static str], customers: usize, each: usize) -> Self {
        let taken = || Taken {
            each,
            events: vec![Event::default(); customers * each],
            next: vec![0; customers],
            inversions: 0,
            repeats: HashMap::new(),
            needless: 0,
            other_ids: 0,
            without_ids: 0,
            turned_away: 0,
        };
        Self {
            began: Instant::now(),
            kills: AtomicU16::new(0),
            acknowledged: (0..customers * each).map(|_| AtomicU32::new(0)).collect(),
            taken: slugs.iter().map(|slug| (*slug, Mutex::new(taken()))).collect(),
            each,
        }
    }

    /// Milliseconds since the beginning.
    pub fn now(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// Notes that the server has acknowledged a transaction.
    pub fn acknowledge(&self, number: Number) {
        self.acknowledged[number.customer * self.each + number.place].store(self.now(), Ordering::Release);
    }

    /// When the server acknowledged a transaction.
    pub fn acknowledged_at(&self, number: Number) -> u32 {
        self.acknowledged[number.customer * self.each + number.place].load(Ordering::Acquire)
    }

    /// Notes that a server was killed: what is taken from now on, others have sent.
    pub fn note_kill(&self) {
        self.kills.fetch_add(1, Ordering::AcqRel);
    }

    /// What this third party has taken.
    pub fn of(&self, slug: &str) -> MutexGuard<'_, Taken> {
        self.taken[slug].lock().unwrap()
    }

    /// Notes that a third party has taken this.
    pub fn take(&self, slug: &str, number: Number, id: Option<Uuid>) {
        let now = self.now();
        let kills = self.kills.load(Ordering::Acquire);
        self.of(slug).take(number, id, kills, now);
    }
}

impl Taken {
    pub fn event(&mut self, number: Number) -> &mut Event {
        &mut self.events[number.customer * self.each + number.place]
    }

    fn take(&mut self, number: Number, id: Option<Uuid>, kills: u16, now: u32) {
        let next = self.next[number.customer];
        self.without_ids += usize::from(id.is_none());
        let event = self.event(number);
        event.times += 1;
        let before = std::mem::replace(&mut event.kills, kills);
        if event.times == 1 {
            event.id = id;
            event.taken_at = now;
            self.inversions += usize::from(number.place < next);
            self.next[number.customer] = next.max(number.place + 1);
            return;
        }
        let is_other = event.id != id;
        self.other_ids += usize::from(is_other);
        self.needless += usize::from(before == kills);
        *self.repeats.entry(before).or_default() += 1;
    }

    /// How many transactions were taken.
    pub fn different(&self) -> usize {
        self.events.iter().filter(|event| event.times > 0).count()
    }

    /// How many transactions of this customer were taken.
    pub fn of_customer(&self, customer: usize) -> usize {
        let own = &self.events[customer * self.each..][..self.each];
        own.iter().filter(|event| event.times > 0).count()
    }

    /// All times that something was taken once more.
    pub fn all_repeats(&self) -> usize {
        self.repeats.values().sum()
    }
}

#[test]
fn the_ledger_sees_repeats_and_what_comes_out_of_order() {
    let ledger = Ledger::new(&["a"], 2, 3);
    let take = |customer, place, id| {
        let number = Number { customer, place };
        ledger.take("a", number, Some(Uuid::from_u128(id)));
    };
    take(1, 0, 10);
    take(1, 2, 12);
    take(0, 0, 0);
    take(1, 1, 11);
    ledger.note_kill();
    take(1, 2, 12);
    take(0, 0, 1);
    take(0, 0, 0);
    let taken = ledger.of("a");
    assert_eq!(
        (taken.inversions, taken.different(), taken.of_customer(1)),
        (1, 4, 3)
    );
    assert_eq!(
        (taken.all_repeats(), taken.repeats[&0], taken.needless),
        (3, 2, 1)
    );
    assert_eq!((taken.other_ids, taken.without_ids), (1, 0));
    drop(taken);
    let number = Number {
        customer: 1,
        place: 0,
    };
    ledger.take("a", number, None);
    let taken = ledger.of("a");
    assert_eq!((taken.other_ids, taken.without_ids), (2, 1));
    let text = "Q of \"Q00017-0003\" and %22Q00017-0003%22, Q00018-0000, Q1, Qabcde-0000";
    let numbers: Vec<_> = Number::all_in(text).into_iter().map(Number::id).collect();
    assert_eq!(numbers, ["Q00017-0003", "Q00018-0000"]);
}
