//! Profiles of an app and what happens to them, for the tests of accounts. It does what the server does: finds who
//! is concerned, keeps the transactions as they are to be stored, and ticks what is due.

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::app::Sharing;
use crate::fields::Violation;
use crate::ids::ProfileId;
use crate::purchases::access::AccessLevel;
use crate::purchases::account::{self, Draft, Drafts, Party, Report, leave, uncovers};
use crate::purchases::grants;
use crate::purchases::holdings::{Grant, Holdings, Key};
use crate::purchases::machine::{Command, Context, Timers, Waits};
use crate::purchases::transaction::Transaction;

/// The profiles, by number: two with a customer id, then two without.
pub const A: usize = 0;
pub const B: usize = 1;
pub const ANON: usize = 2;
pub const ANON_2: usize = 3;
const NAMES: [&str; 4] = ["a", "b", "anon", "anon2"];

pub struct Story {
    pub parties: Vec<Party>,
    pub stored: Vec<Transaction>,
    pub sharing: Sharing,
    pub sandbox_sharing: Option<Sharing>,
    pub regular_price: Option<Decimal>,
    pub waits: Waits,
    pub timers: Timers,
    pub usd_rate: Option<Decimal>,
    /// The product that the catalogue lacks; it gives what unknown ones give.
    pub unknown: Option<(&'static str, Option<&'static str>)>,
    pub grants: u128,
    pub reports: u32,
}

impl Default for Story {
    fn default() -> Self {
        let party = |index| Party {
            id: ProfileId(Uuid::from_u128(index as u128)),
            is_identified: index < ANON,
            holdings: Holdings::default(),
        };
        Self {
            parties: (0..NAMES.len()).map(party).collect(),
            stored: Vec::new(),
            sharing: Sharing::Enabled,
            sandbox_sharing: None,
            regular_price: None,
            waits: Waits::default(),
            timers: Timers::default(),
            usd_rate: Some(Decimal::ONE),
            unknown: None,
            grants: 0,
            reports: 0,
        }
    }
}

/// Which level a product gives: those that are named after a level that one, coins none, others premium.
fn level_of(product: &str) -> Option<&str> {
    match product {
        "gold" => Some("gold"),
        "silver" => Some("silver"),
        "nothing" => None,
        _ => Some("premium"),
    }
}

impl Story {
    /// Profile A reports.
    #[track_caller]
    pub fn report(&mut self, now: i64, transaction: &Transaction) -> Vec<String> {
        self.report_by(A, now, transaction)
    }

    #[track_caller]
    pub fn report_by(&mut self, caller: usize, now: i64, transaction: &Transaction) -> Vec<String> {
        let drafts = self
            .try_report(caller, now, transaction)
            .expect("a report that is accepted");
        told(&drafts, now)
    }

    pub fn try_report(
        &mut self,
        caller: usize,
        now: i64,
        transaction: &Transaction,
    ) -> Result<Drafts, Violation> {
        let is_it = |stored: &&Transaction| stored.store == transaction.store && stored.id == transaction.id;
        let known = self.stored.iter().find(is_it).cloned();
        let keys: Vec<_> = [Some(transaction), known.as_ref()]
            .into_iter()
            .flatten()
            .map(Key::of)
            .collect();
        self.reports += 1;
        let holds = |party: &Party| keys.iter().any(|key| party.holdings.holds_any(key));
        let mut parties = self.call(caller, holds);
        let uncovered = known
            .as_ref()
            .and_then(|known| uncovers(&parties, known, transaction));
        let is_uncovered = |stored: &&Transaction| {
            stored.store == transaction.store && Some(&stored.id) == uncovered.as_ref()
        };
        let unknown = self
            .unknown
            .filter(|(product, _)| transaction.product_id == *product);
        let level = unknown.map_or_else(|| level_of(&transaction.product_id), |(_, level)| level);
        let report = Report {
            transaction: transaction.clone(),
            known,
            uncovered: self.stored.iter().find(is_uncovered).cloned(),
            usd_rate: self.usd_rate,
            sharing: self.sharing,
            sandbox_sharing: self.sandbox_sharing.unwrap_or(self.sharing),
            regular_price: self.regular_price,
            is_consumable: transaction.product_id == "coins" && unknown.is_none(),
            is_known_product: unknown.is_none(),
            purchase_id: Uuid::from_fields(self.reports, 0, 0, &[0; 8]),
            context: Context {
                now,
                waits: &self.waits,
                timers: &self.timers,
                access_level_id: level,
            },
        };
        let answer = account::report(&mut parties, report);
        self.send_home(parties);
        let (drafts, stored) = answer?;
        self.stored
            .retain(|old| old.store != stored.store || old.id != stored.id);
        self.stored.push(stored);
        Ok(drafts)
    }

    /// Handles what is due, profile by profile.
    pub fn tick(&mut self, now: i64) -> Vec<String> {
        told(&self.try_tick(now), now)
    }

    pub fn try_tick(&mut self, now: i64) -> Drafts {
        let mut drafts = Vec::new();
        for owner in 0..self.parties.len() {
            let due = self.parties[owner].holdings.next_due(self.context(now));
            if due.is_none_or(|due| due > now) {
                continue;
            }
            let mut parties = self.call_all_who_share(owner);
            drafts.extend(account::tick(&mut parties, self.context(now)));
            self.send_home(parties);
        }
        drafts
    }

    pub fn grant(&mut self, now: i64, level: &str, starts_at: Option<i64>, end: Option<i64>) -> Vec<String> {
        told(&self.grant_to(A, now, level, starts_at, end), now)
    }

    pub fn grant_to(
        &mut self,
        who: usize,
        now: i64,
        level: &str,
        starts_at: Option<i64>,
        expires_at: Option<i64>,
    ) -> Drafts {
        self.grants += 1;
        let grant = Grant {
            grant_id: Uuid::from_u128(self.grants),
            access_level_id: level.into(),
            granted_at: now,
            starts_at,
            expires_at,
            revoked: None,
        };
        let context = context(now, &self.waits, &self.timers);
        grants::grant(&mut self.parties[who], grant, context)
    }

    #[track_caller]
    pub fn revoke(&mut self, now: i64, level: &str, at: Option<i64>) -> Vec<String> {
        told(
            &self
                .try_revoke(A, now, level, at)
                .expect("a revocation that is accepted"),
            now,
        )
    }

    pub fn try_revoke(
        &mut self,
        who: usize,
        now: i64,
        level: &str,
        at: Option<i64>,
    ) -> Result<Drafts, Violation> {
        let context = context(now, &self.waits, &self.timers);
        grants::revoke(&mut self.parties[who], level, at, context)
    }

    /// Tells the first chain of A what only store notifications say.
    pub fn tell(&mut self, now: i64, command: Command) -> Vec<String> {
        told(&self.tell_chain(A, 0, now, command), now)
    }

    pub fn tell_chain(&mut self, owner: usize, index: usize, now: i64, command: Command) -> Drafts {
        let key = Key::of(&self.parties[owner].holdings.chains[index].latest);
        let mut parties = self.call(owner, |party| party.holdings.holds(&key));
        let context = self.context(now);
        let (drafts, stored) = account::notify(&mut parties, &key, command, context);
        if let Some(stored) = stored {
            self.stored
                .retain(|old| old.store != stored.store || old.id != stored.id);
            self.stored.push(stored);
        }
        self.send_home(parties);
        drafts
    }

    /// The profile is deleted; what others share with it stays as they last saw it.
    pub fn delete(&mut self, who: usize) {
        let mut parties = self.call_all_who_share(who);
        leave(&mut parties);
        parties[0].holdings = Holdings::default();
        self.send_home(parties);
    }

    fn call_all_who_share(&mut self, who: usize) -> Vec<Party> {
        let held = &self.parties[who].holdings;
        let chains = held.chains.iter().map(|chain| Key::of(&chain.latest));
        let one_time = held.one_time.iter().map(|one| Key::of(&one.transaction));
        let shared = held.shared.iter().map(|share| share.key.clone());
        let keys: Vec<_> = chains.chain(one_time).chain(shared).collect();
        self.call(who, |party| keys.iter().any(|key| party.holdings.holds_any(key)))
    }

    pub fn level(&self, who: usize, level: &str, at: i64) -> Option<AccessLevel> {
        let levels = self.parties[who].holdings.levels(at);
        levels.into_iter().find(|found| found.access_level_id == level)
    }

    pub fn has(&self, who: usize, level: &str, at: i64) -> bool {
        self.level(who, level, at)
            .is_some_and(|level| level.is_active(at))
    }

    pub fn revenue(&self, who: usize) -> Decimal {
        self.parties[who].holdings.revenue_usd
    }

    pub fn context(&self, now: i64) -> Context<'_> {
        context(now, &self.waits, &self.timers)
    }

    /// Takes the caller and those who are concerned, the caller first.
    fn call(&mut self, caller: usize, is_concerned: impl Fn(&Party) -> bool) -> Vec<Party> {
        let mut places = vec![caller];
        places
            .extend((0..NAMES.len()).filter(|other| *other != caller && is_concerned(&self.parties[*other])));
        let mut leave_home = |place: usize| {
            let home = &mut self.parties[place];
            Party {
                holdings: std::mem::take(&mut home.holdings),
                ..*home
            }
        };
        places.into_iter().map(&mut leave_home).collect()
    }

    fn send_home(&mut self, parties: Vec<Party>) {
        for party in parties {
            let place = self.parties.iter_mut().find(|home| home.id == party.id);
            *place.expect("a profile of the story") = party;
        }
    }
}

/// Drafts in words: facts by their kind, levels with `+` where they are active now and `-` where not; of profiles
/// other than A with the name in front.
pub fn told(drafts: &Drafts, now: i64) -> Vec<String> {
    let word = |(id, draft): &(ProfileId, Draft)| {
        let word = match draft {
            Draft::Fact(fact) => fact.kind.as_str().to_owned(),
            Draft::Level { level, .. } if level.is_active(now) => format!("+{}", level.access_level_id),
            Draft::Level { level, .. } => format!("-{}", level.access_level_id),
        };
        match id.0.as_u128() as usize {
            A => word,
            other => format!("{} {word}", NAMES[other]),
        }
    };
    drafts.iter().map(word).collect()
}

/// At this time, of no access level.
fn context<'a>(now: i64, waits: &'a Waits, timers: &'a Timers) -> Context<'a> {
    Context {
        now,
        waits,
        timers,
        access_level_id: None,
    }
}
