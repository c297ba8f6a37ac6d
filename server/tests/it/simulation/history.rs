//! A random history: who reports, grants, revokes and deletes what, when, at which server, and what goes wrong.

mod sales;

use std::future::poll_fn;
use std::task::Poll;

use bursar_domain::app::Sharing;
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::purchases::access_body::{GrantRequest, RevokeRequest};
use bursar_domain::purchases::transaction::Transaction;

use super::access::Access;
use super::feed::Feed;
use super::model::Model;
use super::world::{Rule, World};
use crate::support::random::Random;
use crate::support::server::START;

const STEPS: usize = 10;
const HOUR: i64 = 60 * 60 * 1_000_000;
const DAY: i64 = 24 * HOUR;
const LEVELS: [&str; 2] = ["premium", "gold"];
/// Seeds from here on have wider histories, with what the family shares, what takes another's place, tests that are
/// shared by a setting of their own, and servers that are started anew. Those below it stay as they were found.
pub const WIDE: u64 = 5_000;
/// From here on prices are corrected too, from nothing and to nothing, and grants may have begun or ended in the past.
pub const WIDER: u64 = 7_500;
/// From here on more stores sell.
const MORE_STORES_FROM: u64 = 8_750;

struct Person {
    id: ProfileId,
    is_named: bool,
}

pub struct History<'a> {
    world: &'a World,
    random: Random,
    /// What wider histories are made of.
    wide: Option<Random>,
    /// What the widest are made of.
    wider: Option<Random>,
    /// What is made with more stores.
    more_stores: Option<Random>,
    app: AppId,
    rule: Rule,
    /// Deleted ones stay in their places.
    people: Vec<Person>,
    alive: Vec<usize>,
    /// What the store would say of each transaction, told or not.
    store: Vec<Transaction>,
    model: Model,
    feed: Feed,
    now: i64,
    /// Printed if a law is broken.
    told: Vec<String>,
}

impl Drop for History<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.told.join("\n"));
        }
    }
}

impl<'a> History<'a> {
    pub fn new(world: &'a World, seed: u64) -> Self {
        let mut random = Random::from_seed(seed).split();
        let mut wide = (seed >= WIDE).then(|| Random::from_seed(!seed).split());
        let wider = (seed >= WIDER).then(|| Random::from_seed(!seed).split().split());
        let more_stores = (seed >= MORE_STORES_FROM).then(|| Random::from_seed(!seed));
        let usual = [0, 0, 1, 2][random.below(4)];
        let is_apart = wide.as_mut().is_some_and(|wide| wide.in_hundred(25));
        let (rule, app) = world.app(if is_apart { 3 } else { usual });
        Self {
            world,
            random,
            wide,
            wider,
            more_stores,
            app,
            rule,
            people: Vec::new(),
            alive: Vec::new(),
            store: Vec::new(),
            model: Model::default(),
            feed: Feed::default(),
            now: START,
            told: vec![format!("sharing is {rule:?}")],
        }
    }

    pub async fn run(mut self) {
        for _ in 0..2 + self.random.below(3) {
            self.join().await;
        }
        for _ in 0..=self.random.below(2) {
            self.sell();
        }
        for _ in 0..STEPS {
            self.step().await;
            self.check().await;
        }
        self.world.assert_that_all_due_was_handled();
    }

    /// In wider histories, so often in a hundred.
    fn widens(&mut self, times: usize) -> bool {
        self.wide.as_mut().is_some_and(|wide| wide.in_hundred(times))
    }

    /// The same in the widest.
    fn widens_more(&mut self, times: usize) -> bool {
        self.wider.as_mut().is_some_and(|wider| wider.in_hundred(times))
    }

    async fn step(&mut self) {
        if self.widens(6) {
            let server = usize::from(self.widens(50));
            self.told.push(format!("server {server} is started anew"));
            self.world.restart(server).await;
        }
        match self.random.below(100) {
            0..48 => self.report().await,
            48..56 => self.grant().await,
            // A revocation goes with the chain where that changes hands; what then holds is nowhere written.
            56..62 if self.rule.production == Sharing::Enabled => self.revoke().await,
            62..66 => self.leave().await,
            66..70 => self.sell(),
            _ => self.wait().await,
        }
    }

    async fn join(&mut self) {
        let id = ProfileId(self.random.uuid());
        let is_named = self.random.in_hundred(60);
        let customer = is_named.then(|| format!("customer {}", self.people.len()));
        self.world.create(self.app, id, customer, self.now).await;
        self.told.push(format!("{id} joins, named: {is_named}"));
        self.alive.push(self.people.len());
        self.people.push(Person { id, is_named });
    }

    async fn leave(&mut self) {
        let index = self.random.below(self.alive.len());
        let who = self.alive.remove(index);
        let id = self.people[who].id;
        self.told.push(format!("{id} is deleted"));
        let server = self.random.below(2);
        self.world.delete(server, self.app, id, self.now).await;
        self.model.delete(who);
        self.feed.forget(id);
        self.join().await;
    }

    async fn report(&mut self) {
        let purchased = |transaction: &Transaction| transaction.purchased_at <= self.now + DAY;
        let known: Vec<usize> = (0..self.store.len())
            .filter(|index| purchased(&self.store[*index]))
            .collect();
        if known.is_empty() {
            return self.sell();
        }
        let index = *self.random.pick(&known);
        if self.random.in_hundred(55) {
            self.change(index);
        }
        let transaction = self.store[index].clone();
        let who = *self.random.pick(&self.alive);
        let id = self.people[who].id;
        let server = self.random.below(2);
        self.told
            .push(format!("{id} reports at server {server}: {transaction:?}"));
        let (world, app, now) = (self.world, self.app, self.now);
        match self.random.below(10) {
            0 => {
                // The caller goes away before the answer; whether anything was done, it does not know.
                let mut lost = Box::pin(world.report(server, app, id, &transaction, now));
                let polls = 1 + self.random.below(2);
                for _ in 0..polls {
                    let is_done =
                        poll_fn(|context| Poll::Ready(lost.as_mut().poll(context).is_ready())).await;
                    if is_done {
                        break;
                    }
                }
                drop(lost);
                self.told.push("… but goes away, and does so again".into());
                // Or it is the server that goes, and another one that is asked again.
                if self.widens_more(50) {
                    self.told.push(format!("… at a new server {server}"));
                    world.restart(server).await;
                }
            }
            1 => {
                let other = world.report(1 - server, app, id, &transaction, now);
                let (one, two) = tokio::join!(world.report(server, app, id, &transaction, now), other);
                one.unwrap();
                two.unwrap();
                self.told.push("… at both servers at once".into());
            }
            _ => {}
        }
        world.report(server, app, id, &transaction, now).await.unwrap();
        let named: Vec<_> = self.people.iter().map(|person| person.is_named).collect();
        let sharing = self.rule.of(transaction.environment);
        self.model.report(who, &named, &transaction, sharing, self.now);
        self.feed.take_in(world.events().await);
        if self.random.in_hundred(40) {
            let before = self.feed.len();
            let server = self.random.below(2);
            world.report(server, app, id, &transaction, now).await.unwrap();
            self.feed.take_in(world.events().await);
            assert_eq!(self.feed.len(), before, "the same report again makes events");
        }
    }

    /// What is due is told within a second, as a rule; where a grant or a revocation comes in between, its change of the
    /// access level may be told twice.
    async fn tell_what_is_due(&mut self) {
        self.world.handle_due(self.random.below(2), self.now).await;
        self.model.catch_up(self.people.len(), self.now);
    }

    async fn grant(&mut self) {
        self.tell_what_is_due().await;
        let who = *self.random.pick(&self.alive);
        let days = |random: &mut Random| i64::try_from(1 + random.below(40)).unwrap() * DAY;
        let starts_at = self
            .random
            .in_hundred(25)
            .then(|| self.now + days(&mut self.random));
        let is_past = self.widens_more(25);
        let starts_at = if is_past {
            Some(self.now - 30 * DAY)
        } else {
            starts_at
        };
        let end = starts_at.unwrap_or(self.now) + days(&mut self.random);
        let wanted = GrantRequest {
            access_level_id: (*self.random.pick(&LEVELS)).into(),
            starts_at,
            expires_at: self.random.in_hundred(85).then_some(end),
        };
        let id = self.people[who].id;
        self.told.push(format!("{id} is granted {wanted:?}"));
        let access = Access {
            starts_at,
            ends_at: wanted.expires_at,
        };
        self.model.grant(who, &wanted.access_level_id, access, self.now);
        let server = self.random.below(2);
        let done = self.world.grant(server, self.app, id, wanted, self.now).await;
        done.unwrap();
    }

    async fn revoke(&mut self) {
        self.tell_what_is_due().await;
        let who = *self.random.pick(&self.alive);
        let id = self.people[who].id;
        let hours = i64::try_from(1 + self.random.below(20 * 24)).unwrap();
        let wanted = RevokeRequest {
            access_level_id: (*self.random.pick(&LEVELS)).into(),
            revoke_at: self.random.in_hundred(40).then_some(self.now + hours * HOUR),
        };
        let (level, at) = (wanted.access_level_id.clone(), wanted.revoke_at);
        let levels = self.model.levels(who, self.now);
        let shown = levels.iter().find(|(name, _)| *name == level);
        let is_allowed =
            shown.is_some_and(|(_, access)| access.ends_at.is_none_or(|end| at.is_none_or(|at| at <= end)));
        self.told
            .push(format!("{id} is revoked, allowed: {is_allowed}: {wanted:?}"));
        let server = self.random.below(2);
        let done = self.world.revoke(server, self.app, id, wanted, self.now).await;
        assert_eq!(done.is_ok(), is_allowed, "{done:?}");
        if is_allowed {
            self.model.revoke(who, &level, at, self.now);
        }
    }

    /// Time goes by, and the servers look at what is due, or they are down.
    async fn wait(&mut self) {
        let longest = *self
            .random
            .pick(&[60, 24 * 60, 8 * 24 * 60, 35 * 24 * 60, 90 * 24 * 60]);
        self.now += i64::try_from(1 + self.random.below(longest)).unwrap() * HOUR / 60;
        let (world, now) = (self.world, self.now);
        let who = self.random.below(6);
        let day = (now - START) / DAY;
        self.told
            .push(format!("{now}, day {day}: looks what is due: {who}"));
        match who {
            0 => return self.model.was_late |= world.is_anything_due(now).await,
            1 | 2 => drop(tokio::join!(world.handle_due(0, now), world.handle_due(1, now))),
            _ => world.handle_due(who % 2, now).await,
        }
        self.model.catch_up(self.people.len(), now);
        assert!(!world.is_anything_due(now).await, "something is due still");
        let known = self.feed.len();
        self.feed.take_in(world.events().await);
        self.feed.check_what_has_ended(known, &self.model, now);
        let before = self.feed.len();
        world.handle_due(self.random.below(2), now).await;
        self.feed.take_in(world.events().await);
        assert_eq!(self.feed.len(), before, "it was done again");
        self.feed.check_ends(&self.model, now);
    }

    async fn check(&mut self) {
        self.feed.take_in(self.world.events().await);
        self.feed.check();
        let people: Vec<_> = self.people.iter().map(|person| person.id).collect();
        self.feed.check_against(&self.model, &people);
        let server = self.random.below(2);
        for who in &self.alive {
            let id = self.people[*who].id;
            let (shown, shown_revenue) = self.world.shown(server, self.app, id, self.now).await;
            if self.model.is_settled(*who) {
                assert_eq!(shown, self.model.levels(*who, self.now), "access of {id}");
            }
            assert_eq!(shown_revenue, self.model.revenue(*who), "revenue of {id}");
        }
    }
}
