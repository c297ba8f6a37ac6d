//! What a profile has: the chains and one-time purchases that it owns, its grants, the access that others share
//! with it, and which access levels follow.

mod shown;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(super) use self::shown::{Seen, shown_of};
use super::access::AccessLevel;
use super::chain::{Chain, Revoked};
use super::machine::{Context, clock};
use super::transaction::{Environment, PurchaseType, Transaction, is_default};

/// The store that grants are shown under.
pub const GRANT_STORE: &str = "adapty";
/// The product that grants are shown under.
pub const GRANT_PRODUCT: &str = "adapty_server_side_product";

/// What a profile has.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Holdings {
    /// Subscriptions that it owns, one for each chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<Chain>,
    /// One-time purchases that it owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_time: Vec<OneTime>,
    /// Access given through our API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// Access that comes from what others own, as it stands with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<Shared>,
    /// Levels that nothing gives any more, as they were left: the product was changed, the purchase is another's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<AccessLevel>,
    /// What was paid for the purchases that it owns, less what was paid back; sandbox not counted.
    #[serde(with = "rust_decimal::serde::str")]
    pub revenue_usd: Decimal,
    /// How often an access level of it has changed: tells such events apart.
    #[serde(default)]
    pub level_changes: u32,
    /// A hash of each access level as it was last told, so that no change is told twice: two chains that end while no
    /// server runs are handled one after the other, but the level ends once.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<String, u64>,
}

/// A one-time purchase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneTime {
    /// Stable for the life of the purchase.
    pub purchase_id: Uuid,
    /// As reported.
    pub transaction: Transaction,
    /// Can it be bought again and again? It gives no access then.
    pub is_consumable: bool,
    /// What it gives access to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_level_id: Option<String>,
    /// Access was revoked through our API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
}

/// Access given through our API. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Shown as its transaction.
    pub grant_id: Uuid,
    /// Which level.
    pub access_level_id: String,
    /// When it was given.
    pub granted_at: i64,
    /// When it begins; `None`: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<i64>,
    /// When it ends; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// It was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
}

/// Access that comes from what another profile owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shared {
    /// The chain or purchase.
    pub key: Key,
    /// What it gives, as it stands with its owner; `None`: nothing at the moment.
    pub access: Option<AccessLevel>,
    /// It was revoked for this profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
    /// When its end is due, where it is not handled with its owner, because that one was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
}

/// Which chain or one-time purchase of an app.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The store.
    pub store: String,
    /// The chain's original id; a one-time purchase's own id.
    pub original_id: String,
    /// Is it what the family has? That is another chain or purchase than the payer's, under whichever id it is reported, and
    /// each profile has one of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_of_family: bool,
}

impl Key {
    /// Where a transaction belongs.
    pub fn of(transaction: &Transaction) -> Self {
        Self {
            store: transaction.store.clone(),
            original_id: transaction.original_id.clone(),
            is_of_family: transaction.is_family_shared,
        }
    }

    /// The payer's chain under this id.
    #[must_use]
    pub fn of_payer(self) -> Self {
        Self {
            is_of_family: false,
            ..self
        }
    }

    /// Does the access come from it?
    pub(super) fn gives(&self, level: &AccessLevel) -> bool {
        self.store == level.store && self.original_id == level.original_id
    }

    /// Where an access level comes from. A grant's key matches no chain.
    pub fn of_level(level: &AccessLevel) -> Self {
        Self {
            store: level.store.clone(),
            original_id: level.original_id.clone(),
            is_of_family: false,
        }
    }

    /// Does a transaction belong there?
    pub(super) fn is_of(&self, transaction: &Transaction) -> bool {
        self.store == transaction.store
            && self.original_id == transaction.original_id
            && self.is_of_family == transaction.is_family_shared
    }
}

impl Holdings {
    /// Does it own the chain or purchase?
    pub fn owns(&self, key: &Key) -> bool {
        self.chain_of(key).is_some() || self.purchase_of(key).is_some()
    }

    /// Where it was bought, if it owns the chain or purchase: for money or as a test.
    pub fn environment(&self, key: &Key) -> Option<Environment> {
        let chain = self.chain_of(key).map(|chain| &chain.latest);
        let known = chain.or_else(|| Some(&self.purchase_of(key)?.transaction));
        known.map(|transaction| transaction.environment)
    }

    /// Does it own the chain or purchase, or share it?
    pub fn holds(&self, key: &Key) -> bool {
        self.owns(key) || self.shared.iter().any(|share| share.key == *key)
    }

    /// Does it hold anything under this id, the payer's or the family's?
    pub fn holds_any(&self, key: &Key) -> bool {
        let of_family = Key {
            is_of_family: true,
            ..key.clone()
        };
        self.holds(&key.clone().of_payer()) || self.owns(&of_family)
    }

    /// Has it the transaction, in a chain or as a purchase of its own?
    pub fn knows(&self, transaction: &Transaction) -> bool {
        let key = Key::of(transaction);
        match transaction.purchase_type {
            PurchaseType::Subscription => self
                .chain_of(&key)
                .is_some_and(|chain| chain.has_seen(transaction)),
            PurchaseType::OneTimePurchase => self.purchase_of(&key).is_some(),
        }
    }

    /// The place of a chain that it owns.
    pub fn chain(&self, key: &Key) -> Option<usize> {
        self.chains.iter().position(|chain| key.is_of(&chain.latest))
    }

    /// A chain that it owns.
    pub(super) fn chain_of(&self, key: &Key) -> Option<&Chain> {
        self.chains.iter().find(|chain| key.is_of(&chain.latest))
    }

    fn purchase_of(&self, key: &Key) -> Option<&OneTime> {
        self.one_time.iter().find(|one| key.is_of(&one.transaction))
    }

    /// What a chain or purchase of its own gives access to. Revocations are left out: each is of one profile alone.
    pub fn access_of(&self, key: &Key) -> Option<AccessLevel> {
        let of_chain = self.chain_of(key).and_then(Chain::granted);
        of_chain.or_else(|| self.purchase_of(key)?.granted())
    }

    /// The access levels at an instant, one entry each, by id. Ended ones stay.
    pub fn levels(&self, at: i64) -> Vec<AccessLevel> {
        let levels = shown_of(self.sources_as_of(|_, _| at)).into_iter();
        levels.map(|seen| seen.level).collect()
    }

    /// All that gives access levels, by their ids, what is shown first. Each is looked at as of an instant of its own; it is
    /// told too whether that is the family's.
    pub(super) fn sources_as_of(&self, at: impl Fn(&AccessLevel, bool) -> i64) -> Vec<Seen> {
        let seen = |(level, is_of_family): (AccessLevel, bool)| Seen {
            at: at(&level, is_of_family),
            level,
        };
        let mut sources: Vec<_> = self.sources().map(seen).collect();
        sources.sort_by(Seen::in_order);
        sources
    }

    /// Has it any active level?
    pub fn has_access(&self, at: i64) -> bool {
        self.sources().any(|(level, _)| level.is_active(at))
    }

    /// Why what is stored of it is inconsistent, or `None`: for those who look after the database.
    pub fn problem(&self) -> Option<String> {
        let own = self.chains.iter().find_map(|chain| {
            let problem = chain.problem()?;
            Some(format!("the chain of transaction {} {problem}", chain.latest.id))
        });
        let is_there_before = |(place, chain): (usize, &Chain)| {
            let key = Key::of(&chain.latest);
            self.chains[..place].iter().any(|other| key.is_of(&other.latest))
        };
        let has_one_twice = || self.chains.iter().enumerate().any(is_there_before);
        own.or_else(|| has_one_twice().then(|| "it has one chain twice".to_owned()))
    }

    /// What of it would be forgotten, if `due_at` is when the database looks at it next.
    pub fn forgotten(&self, due_at: Option<i64>) -> Option<String> {
        let is_forgotten = |chain: &&Chain| due_at.is_none() && chain.waits_for_its_end();
        let chain = self.chains.iter().find(is_forgotten)?;
        let id = &chain.latest.id;
        Some(format!(
            "nobody looks whether the chain of transaction {id} has ended"
        ))
    }

    /// When something of it is due next by time alone. Of an inconsistent chain (see `Chain::problem`) nothing is.
    pub fn next_due(&self, context: Context<'_>) -> Option<i64> {
        let sound = self.chains.iter().filter(|chain| chain.problem().is_none());
        let chains = sound.filter_map(|chain| clock::next_due(chain, context));
        let shared = self.shared.iter().filter_map(Shared::due_at);
        chains.chain(shared).min()
    }

    /// What gives access, and whether that is the family's.
    pub(super) fn sources(&self) -> impl Iterator<Item = (AccessLevel, bool)> {
        let chains = self.chains.iter();
        let chains = chains.filter_map(|chain| Some((chain.access()?, chain.latest.is_family_shared)));
        let one_time = self.one_time.iter();
        let one_time = one_time.filter_map(|one| Some((one.access()?, one.transaction.is_family_shared)));
        let grants = self.grants.iter().map(Grant::access);
        let shared = self.shared.iter().filter_map(Shared::access);
        let ended = self.ended.iter().cloned();
        let others = grants.chain(shared).chain(ended).map(|level| (level, false));
        chains.chain(one_time).chain(others)
    }
}

impl OneTime {
    /// What it gives access to: for ever, or until it is paid back or revoked.
    pub fn access(&self) -> Option<AccessLevel> {
        Some(self.granted()?.cut_by(self.revoked))
    }

    /// The same, revocations left out.
    fn granted(&self) -> Option<AccessLevel> {
        let transaction = &self.transaction;
        let level = AccessLevel {
            access_level_id: self.access_level_id.clone()?,
            store: transaction.store.clone(),
            product_id: transaction.product_id.clone(),
            base_plan_id: transaction.base_plan_id.clone(),
            transaction_id: transaction.id.clone(),
            original_id: transaction.original_id.clone(),
            offer: transaction.offer.clone(),
            environment: transaction.environment,
            starts_at: None,
            purchased_at: transaction.purchased_at,
            originally_purchased_at: transaction.originally_purchased_at,
            expires_at: transaction.refunded_at,
            subscription_expires_at: None,
            renewal_cancelled_at: None,
            billing_issue_detected_at: None,
            grace_period_expires_at: None,
            cancellation_reason: transaction.cancellation_reason,
            is_refund: transaction.refunded_at.is_some(),
            will_renew: false,
            activated_at: transaction.purchased_at,
            renewed_at: None,
            currency: Some(transaction.price.currency.clone()),
            store_country: Some(transaction.price.country.clone()),
            trial_days: None,
            variation_id: transaction.variation_id.clone(),
        };
        Some(level)
    }
}

impl Grant {
    /// What it gives access to.
    pub fn access(&self) -> AccessLevel {
        let level = AccessLevel {
            access_level_id: self.access_level_id.clone(),
            store: GRANT_STORE.into(),
            product_id: GRANT_PRODUCT.into(),
            base_plan_id: None,
            transaction_id: self.grant_id.to_string(),
            original_id: self.grant_id.to_string(),
            offer: None,
            environment: Environment::Production,
            starts_at: self.starts_at,
            purchased_at: self.granted_at,
            originally_purchased_at: self.granted_at,
            expires_at: self.expires_at,
            subscription_expires_at: None,
            renewal_cancelled_at: None,
            billing_issue_detected_at: None,
            grace_period_expires_at: None,
            cancellation_reason: None,
            is_refund: false,
            will_renew: false,
            activated_at: self.starts_at.unwrap_or(self.granted_at),
            renewed_at: None,
            currency: None,
            store_country: None,
            trial_days: None,
            variation_id: None,
        };
        level.cut_by(self.revoked)
    }
}

impl Shared {
    /// What it gives access to.
    pub fn access(&self) -> Option<AccessLevel> {
        self.access.clone().map(|level| level.cut_by(self.revoked))
    }

    /// When something of it is due that is not handled with its owner.
    pub fn due_at(&self) -> Option<i64> {
        let opens = self.revoked.and_then(|revoked| revoked.lifted_at);
        [self.ends_at, opens].into_iter().flatten().min()
    }

    /// Handles what is due by now.
    pub fn catch_up(&mut self, now: i64) {
        self.ends_at = self.ends_at.filter(|end| *end > now);
        let is_lifted = |revoked: &Revoked| revoked.lifted_at.is_some_and(|at| at <= now);
        self.revoked = self.revoked.filter(|revoked| !is_lifted(revoked));
    }
}
