//! The feed of events as far as it has been seen, and its laws.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bursar_domain::ids::ProfileId;
use serde_json::Value;

use super::model::{Model, is_once};
use super::world::Stored;

pub const STARTS: [&str; 2] = ["trial_started", "subscription_started"];
pub const ENDS: [&str; 2] = ["trial_expired", "subscription_expired"];
pub const OPENINGS: [&str; 5] = [
    "trial_started",
    "subscription_started",
    "subscription_renewed",
    "trial_converted",
    "non_subscription_purchase",
];
pub const REFUNDS: [&str; 2] = ["subscription_refunded", "non_subscription_purchase_refunded"];
/// What makes a change of an access level one.
const LEVEL: [&str; 15] = [
    "is_active",
    "is_lifetime",
    "starts_at",
    "expires_at",
    "will_renew",
    "is_in_grace_period",
    "is_refund",
    "cancellation_reason",
    "billing_issue_detected_at",
    "vendor_product_id",
    "store",
    "transaction_id",
    "active_introductory_offer_type",
    "active_promotional_offer_type",
    "active_promotional_offer_id",
];

#[derive(Default)]
pub struct Feed {
    seen: Vec<(Stored, Told)>,
}

/// An event as a receiver reads it.
struct Told {
    kind: String,
    properties: Value,
}

impl Told {
    fn of(payload: &str) -> Self {
        let mut payload: Value = serde_json::from_str(payload).unwrap();
        Self {
            kind: payload["event_type"].as_str().unwrap().to_owned(),
            properties: payload["event_properties"].take(),
        }
    }

    fn text(&self, name: &str) -> &str {
        self.properties[name].as_str().unwrap_or_default()
    }

    fn is_of(&self, kinds: &[&str]) -> bool {
        kinds.contains(&self.kind.as_str())
    }

    fn chain(&self) -> (&str, &str) {
        (self.text("store"), self.text("original_transaction_id"))
    }
}

impl Feed {
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// The profile's events have gone with it.
    pub fn forget(&mut self, profile: ProfileId) {
        self.seen.retain(|(event, _)| event.profile != profile);
    }

    /// Takes in what is there now: what was seen before has stayed as it was.
    pub fn take_in(&mut self, now: Vec<Stored>) {
        assert!(now.len() >= self.seen.len(), "events are gone");
        for (index, event) in now.into_iter().enumerate() {
            match self.seen.get(index) {
                Some((seen, _)) => assert_eq!(*seen, event, "an event has changed"),
                None => {
                    let told = Told::of(&event.payload);
                    self.seen.push((event, told));
                }
            }
        }
    }

    /// Everything that holds of any feed.
    pub fn check(&self) {
        self.no_fact_is_told_twice();
    }

    fn no_fact_is_told_twice(&self) {
        let mut facts = BTreeSet::new();
        for (event, told) in self
            .seen
            .iter()
            .filter(|(_, told)| told.kind != "access_level_updated")
        {
            let discriminator = match told.kind.as_str() {
                "entered_grace_period" => "subscription_expires_at",
                _ => "event_datetime",
            };
            let fact = (
                event.profile.0,
                &told.kind,
                told.text("store"),
                told.text("transaction_id"),
                told.text(discriminator),
            );
            assert!(facts.insert(fact), "told twice: {fact:?}");
        }
    }

    fn no_change_of_access_is_told_twice(&self) {
        let mut last: HashMap<_, Vec<&Value>> = HashMap::new();
        for (event, told) in self
            .seen
            .iter()
            .filter(|(_, told)| told.kind == "access_level_updated")
        {
            let shown: Vec<_> = LEVEL.iter().map(|name| &told.properties[*name]).collect();
            let level = (event.profile.0, told.text("access_level_id"));
            let before = last.insert(level, shown.clone());
            assert_ne!(before, Some(shown), "{level:?}: nothing has changed");
        }
    }

    fn a_chain_starts_once_and_before_it_ends(&self) {
        let mut starts: BTreeMap<_, &str> = BTreeMap::new();
        let mut begun: BTreeMap<_, &str> = BTreeMap::new();
        for (event, told) in &self.seen {
            let chain = told.chain();
            if told.is_of(&STARTS) {
                let product = told.text("vendor_product_id");
                // A change of the product starts the chain anew with that product.
                let place = (event.profile.0, chain, product);
                let before = starts.insert(place, told.text("event_datetime"));
                assert_eq!(before, None, "{chain:?} starts twice");
            }
            if told.is_of(&OPENINGS) {
                let at = told.text("event_datetime");
                let first = begun.entry(chain).or_insert(at);
                *first = at.min(*first);
            }
            if told.is_of(&ENDS) {
                assert!(begun.contains_key(&chain), "{chain:?} ends before it starts");
            }
        }
        for (_, told) in self.seen.iter().filter(|(_, told)| told.is_of(&ENDS)) {
            let (at, chain) = (told.text("event_datetime"), told.chain());
            assert!(at >= begun[&chain], "{chain:?} ends before its first date");
        }
    }

    /// A chain has its end, or the refund that ended it, when it is over and nothing is waited for any more.
    pub fn check_ends(&self, model: &Model, now: i64) {
        if model.handed_over && model.deleted {
            return;
        }
        let owned = model.chains.values().filter(|chain| chain.owner.is_some());
        for last in owned.filter_map(|chain| chain.long_over(now)) {
            let chain = (last.store.as_str(), last.original_id.as_str());
            let is_end = |told: &Told| told.is_of(&ENDS) || told.is_of(&REFUNDS);
            let mut ends = self.seen.iter().filter(|(_, told)| is_end(told));
            assert!(
                ends.any(|(_, told)| told.chain() == chain && told.text("transaction_id") == last.id),
                "the end of {last:?}"
            );
        }
    }

    /// Of what has ended by itself since so many events were known, trials end as trials and what was charged does not.
    /// None has ended before its time.
    pub fn check_what_has_ended(&self, known: usize, model: &Model, now: i64) {
        for (_, told) in self.seen.iter().skip(known).filter(|(_, told)| told.is_of(&ENDS)) {
            let (store, original_id) = told.chain();
            let chain = &model.chains[&(store.to_owned(), original_id.to_owned())];
            let is_trial = told.kind == "trial_expired";
            assert_eq!(is_trial, chain.is_in_trial(), "the end of {original_id}");
            let over_at = chain.over_at(told.text("transaction_id"));
            assert!(
                over_at.is_none_or(|at| at <= now),
                "{original_id} has ended at {now}, before {over_at:?}"
            );
        }
    }

    /// What was taken in has its one opening event, and what was paid back has its refund.
    pub fn check_against(&self, model: &Model, people: &[ProfileId]) {
        // Of a chain that changed hands the events of the one who had it stay, and go when that one is deleted.
        if model.handed_over && model.deleted {
            return;
        }
        self.a_chain_starts_once_and_before_it_ends();
        // Access that went with a chain may come back as it was.
        if !model.handed_over && !model.was_late {
            self.no_change_of_access_is_told_twice();
        }
        for (owner, transaction) in model.owned() {
            let of_it = |told: &Told| {
                told.text("store") == transaction.store && told.text("transaction_id") == transaction.id
            };
            let count = |kinds: &[&str]| {
                let found = self
                    .seen
                    .iter()
                    .filter(|(_, told)| told.is_of(kinds) && of_it(told));
                found.count()
            };
            let openings = usize::from(!transaction.is_family_shared);
            assert_eq!(count(&OPENINGS), openings, "the opening of {transaction:?}");
            if !model.handed_over && !model.deleted && !transaction.is_family_shared {
                let mut of_others = self.seen.iter().filter(|(event, told)| {
                    told.kind != "access_level_updated" && of_it(told) && event.profile != people[owner]
                });
                assert!(of_others.next().is_none(), "whose it is: {transaction:?}");
            }
            if transaction.replaces_another {
                assert_eq!(count(&["trial_started"]), 0, "it is no trial: {transaction:?}");
            }
            if transaction.is_family_shared {
                let is_fact = |told: &Told| told.kind != "access_level_updated" && of_it(told);
                let told = self.seen.iter().find(|(_, told)| is_fact(told));
                assert!(told.is_none(), "an event of what the family has: {transaction:?}");
                continue;
            }
            let is_charged = !transaction.price.value.is_zero();
            if transaction.refunded_at.is_some() && (is_charged || is_once(transaction)) {
                assert!(count(&REFUNDS) > 0, "the refund of {transaction:?}");
            }
        }
    }
}
