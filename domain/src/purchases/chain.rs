//! A chain: all transactions of a subscription under one original id, and where it stands.

mod cuts;
mod levels;
mod moved;
mod paid_time;
mod payments;
mod period;
mod revoked;
mod trial;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use self::levels::OwnLevel;
pub use self::paid_time::Stretch;
pub use self::period::{CutBy, Period, is_change_at_once};
pub use self::revoked::Revoked;
pub use self::trial::Trial;
use super::access::AccessLevel;
use super::transaction::Transaction;

/// A chain remembers so many of its latest periods. Older ones have ended and can only be refunded.
const PERIODS: usize = 8;

/// A subscription as it stands. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    /// The transaction with the latest purchase date: the one that profiles show.
    pub latest: Transaction,
    /// Has anything been charged yet?
    pub phase: Phase,
    /// How it ended; `None` while it runs or the store may still collect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// The latest periods, newest first.
    pub periods: Vec<Period>,
    /// The free trial that it began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// Is its first transaction known?
    pub has_first: bool,
    /// Paid periods without interruption.
    pub consecutive_payments: u32,
    /// The purchase date of the first of them, where earlier ones may still be reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_from: Option<i64>,
    /// The time before the periods that it remembers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<Stretch>,
    /// When renewing was switched on again after it had been switched off, until the next period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactivated_at: Option<i64>,
    /// When a pause that begins at the period's end was arranged, which only notifications of stores say: none do yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_arranged_at: Option<i64>,
    /// The product that the next period will be of, where that was announced: by notifications of stores, as a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_product_id: Option<String>,
    /// When it was reported under `subscription_started` or `trial_started`: timers count from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// Up to where its timers have been told: none is told again, also if an end or a clock moves back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timers_told_to: Option<i64>,
    /// Since when renewing is off; `None` while it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal_off_at: Option<i64>,
    /// Everything that was due up to here has been handled.
    pub clock: i64,
    /// What it gives access to, with the product of its latest transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_level_id: Option<String>,
    /// When access was last opened after a time without it.
    pub activated_at: i64,
    /// Access was revoked through our API: until when it goes, and when that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
    /// What its transactions add to the revenue of its owner.
    #[serde(
        default,
        with = "rust_decimal::serde::str",
        skip_serializing_if = "Decimal::is_zero"
    )]
    pub revenue_usd: Decimal,
}

/// Has anything of a chain been charged yet?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No.
    Trial,
    /// Yes.
    Paid,
}

/// How a chain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how", content = "at")]
pub enum Closed {
    /// Its last period ended.
    Expired(i64),
    /// Its last period was paid back.
    Refunded(i64),
    /// Another product took its place.
    Replaced(i64),
}

impl Chain {
    /// When its last period ends, which may be by a refund. `None`: never.
    pub fn ends_at(&self) -> Option<i64> {
        self.ends()
            .try_fold(i64::MIN, |latest, (_, end)| Some(latest.max(end?)))
    }

    /// Its periods and when each ends. Grace counts for the newest alone: that of older ones was paid off.
    fn ends(&self) -> impl Iterator<Item = (&Period, Option<i64>)> {
        let newest = self.periods.iter().take(1);
        let older = self.periods.iter().skip(1);
        let converted = self.converted_in_trial();
        newest
            .map(|period| (period, period.end()))
            .chain(older.map(|period| (period, period.end_without_grace())))
            .map(move |(period, end)| {
                let cut = converted.filter(|(trial, _)| *trial == period.transaction_id);
                (period, [end, cut.map(|(_, at)| at)].into_iter().flatten().min())
            })
    }

    /// A18: the trial's transaction and when it was over, where something was charged clearly before its end. A refund of
    /// that charge does not bring the trial back. B19: a trial that turned out to be charged itself is a period as any.
    fn converted_in_trial(&self) -> Option<(&str, i64)> {
        let id = self.trial.as_ref()?.transaction_id.as_str();
        let mut free = self.periods.iter().filter(|period| period.is_free);
        let trial = free.find(|period| period.transaction_id == id)?;
        let later = self.periods.iter().filter(|period| !period.is_free);
        let charged = later
            .map(|period| period.purchased_at)
            .filter(|at| *at >= trial.purchased_at);
        let charged = charged.min()?;
        let end = trial.end_without_grace().unwrap_or(i64::MAX);
        is_change_at_once(trial.purchased_at, end, charged).then_some((id, charged))
    }

    /// Was its last period paid back? Then it does not expire.
    pub fn is_refunded(&self) -> bool {
        // As a rule nothing was.
        if self.periods.iter().all(|period| period.refunded_at.is_none()) {
            return self.periods.is_empty();
        }
        let end = self.ends_at();
        let mut last = self.ends().filter(|(_, its_end)| *its_end == end);
        last.all(|(period, _)| period.refunded_at.is_some())
    }

    /// Was there a period at an instant?
    pub fn has_period_at(&self, at: i64) -> bool {
        self.ends()
            .any(|(period, end)| period.purchased_at <= at && end.is_none_or(|end| end > at))
    }

    /// When access ends.
    pub fn access_ends_at(&self) -> Option<i64> {
        let ends = [self.ends_at(), self.billing_cut()];
        ends.into_iter().flatten().min()
    }

    /// When a charge that failed has cut access: at Stripe at once.
    pub fn billing_cut(&self) -> Option<i64> {
        let is_cut = self.latest.store == "stripe" && self.latest.grace_period_expires_at.is_none();
        self.latest.billing_issue_detected_at.filter(|_| is_cut)
    }

    /// Why this stored chain is inconsistent, or `None`.
    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.periods.is_empty() {
            Some("has no period")
        } else if !self.remembers(&self.latest.id) {
            Some("has no period of its latest transaction")
        } else if self.phase == Phase::Trial && self.consecutive_payments > 0 {
            Some("is in its trial and has been paid for")
        } else {
            None
        }
    }

    /// Will it have to be closed when it has ended? Then something is due of it until that is done.
    pub(super) fn waits_for_its_end(&self) -> bool {
        let is_told = !self.latest.is_family_shared && self.pause_arranged_at.is_none();
        is_told && self.closed.is_none() && self.ends_at().is_some()
    }

    /// Is the store trying to collect?
    pub fn has_billing_issue(&self) -> bool {
        self.latest.billing_issue_detected_at.is_some()
    }

    /// Is this the transaction of the trial that it began with?
    pub fn began_with(&self, transaction_id: &str) -> bool {
        let trial = self.trial.as_ref();
        trial.is_some_and(|trial| trial.transaction_id == transaction_id)
    }

    /// Is it in its trial?
    pub fn is_in_trial(&self) -> bool {
        self.phase == Phase::Trial
    }

    /// Takes a period in, or takes it in anew.
    pub(in crate::purchases) fn keep(&mut self, transaction: &Transaction) {
        let known = self.period(&transaction.id);
        let mut period = Period::of(transaction);
        if let Some(known) = known.filter(|known| !self.is_prolonged(known, &period)) {
            period.cut_at = known.cut_at;
            let of_its_product = |cut_by: CutBy| CutBy {
                product_id: transaction.product_id.clone(),
                ..cut_by
            };
            period.cut_by = known.cut_by.clone().map(of_its_product);
        }
        period.is_replaced = known.is_some_and(|known| known.is_replaced);
        period.is_of_another_product = known.is_some_and(|known| known.is_of_another_product);
        // A price of 0 together with a refund does not say that nothing was charged.
        let was_charged = known.is_some_and(|known| !known.is_free);
        period.is_free &= !(was_charged && transaction.refunded_at.is_some());
        period.own_level = known.and_then(|known| known.own_level.clone());
        self.forget(&transaction.id);
        self.periods.push(period);
        self.periods
            .sort_by_key(|period| std::cmp::Reverse(period.place()));
        let forgotten = self.periods.split_off(self.periods.len().min(PERIODS));
        self.sum_up(&forgotten);
    }

    /// B16: has the store moved the end of what it had ended?
    fn is_prolonged(&self, known: &Period, now: &Period) -> bool {
        let is_latest = self.latest.id == known.transaction_id;
        is_latest && matches!(self.closed, Some(Closed::Expired(_))) && known.ends_at != now.ends_at
    }

    /// Has anything been charged, of what it knows?
    pub fn has_charged(&self) -> bool {
        self.periods.iter().any(|period| !period.is_free) || self.past.iter().any(|stretch| stretch.paid > 0)
    }

    /// Has it taken in the transaction, which is stored under its original id? Those that it does not remember any more bear
    /// its mark; the mark of what the family has is that of all in the family.
    pub fn has_seen(&self, stored: &Transaction) -> bool {
        let is_older = |oldest: &Period| stored.purchased_at <= oldest.purchased_at;
        let is_its_own = || !stored.is_family_shared || self.periods.get(PERIODS - 1).is_some_and(is_older);
        self.remembers(&stored.id) || stored.mark == self.latest.mark && is_its_own()
    }

    /// Is the period of a transaction among the latest?
    pub fn remembers(&self, transaction_id: &str) -> bool {
        self.period(transaction_id).is_some()
    }

    fn period(&self, transaction_id: &str) -> Option<&Period> {
        let mut periods = self.periods.iter();
        periods.find(|period| period.transaction_id == transaction_id)
    }

    fn period_mut(&mut self, transaction_id: &str) -> Option<&mut Period> {
        let mut periods = self.periods.iter_mut();
        periods.find(|period| period.transaction_id == transaction_id)
    }

    /// Forgets a period, if it is known.
    pub(in crate::purchases) fn forget(&mut self, transaction_id: &str) {
        self.periods
            .retain(|period| period.transaction_id != transaction_id);
    }

    /// Makes a transaction the latest.
    pub(in crate::purchases) fn follow_with(&mut self, transaction: Transaction) {
        self.keep(&transaction);
        self.latest = transaction;
    }

    /// The transaction that it shows next, if `reported` takes the one that it shows from the top: by its date, or into
    /// another chain.
    pub fn shows_next(&self, reported: &Transaction) -> Option<&str> {
        let is_other = |period: &&Period| period.transaction_id != self.latest.id;
        let next = self.periods.iter().find(is_other)?;
        let stays = reported.original_id == self.latest.original_id
            && reported.is_family_shared == self.latest.is_family_shared;
        let is_uncovered = !stays || next.place() > reported.place();
        is_uncovered.then_some(next.transaction_id.as_str())
    }

    /// Shows the transaction of the newest period, also after a date was corrected. `reported` is known in full, and so is
    /// `uncovered`; of others only the dates are at hand.
    pub(in crate::purchases) fn show_newest(
        &mut self,
        reported: &Transaction,
        uncovered: Option<&Transaction>,
        now: i64,
    ) {
        let shown = self.latest.place();
        match self.periods.first().filter(|newest| newest.place() > shown) {
            Some(newest) if newest.transaction_id == reported.id => self.latest = reported.clone(),
            Some(_) => self.fall_back(uncovered, now),
            None => {}
        }
    }

    /// Shows the newest period that it has: as it is stored, if that is `uncovered`. Else the rest stays as it was last
    /// seen.
    pub(in crate::purchases) fn fall_back(&mut self, uncovered: Option<&Transaction>, now: i64) {
        if let Some(period) = self.periods.first().cloned() {
            let is_it = |stored: &&Transaction| {
                stored.id == period.transaction_id
                    && stored.original_id == self.latest.original_id
                    && stored.is_family_shared == self.latest.is_family_shared
            };
            // Its dates may be others than are stored: a store may have told of another end meanwhile.
            let rest = uncovered.filter(is_it).unwrap_or(&self.latest).clone();
            self.latest = Transaction {
                expires_at: period.paid_end(),
                id: period.transaction_id,
                purchased_at: period.purchased_at,
                refunded_at: period.refunded_at,
                ..rest
            };
            self.give_what_has_begun(now);
        }
    }

    /// What it gives access to, for how long.
    pub fn access(&self) -> Option<AccessLevel> {
        Some(self.granted()?.cut_by(self.revoked))
    }

    /// The same, revocations left out.
    pub fn granted(&self) -> Option<AccessLevel> {
        let shown = self.shown(self.access_level_id.clone()?);
        Some(match self.level_changes_at() {
            Some((_, end)) => shown.ending_by(end),
            None => shown,
        })
    }

    /// The subscription as profiles list it: as access, but with the end of the paid period as it was reported.
    pub fn entry(&self) -> AccessLevel {
        let shown = self.shown(String::new());
        let revoked = shown.effective(self.revoked);
        AccessLevel {
            expires_at: revoked.map_or(self.latest.expires_at, |revoked| Some(revoked.at)),
            ..shown.cut_by(revoked)
        }
    }

    /// Notes at the end of each change since when renewing is off.
    pub(in crate::purchases) fn note_renewal_state(&mut self, now: i64) {
        self.renewal_off_at = match (self.latest.will_renew, self.renewal_off_at) {
            (true, _) => None,
            (false, known) => self.latest.renew_status_changed_at.or(known).or(Some(now)),
        };
    }

    fn shown(&self, access_level_id: String) -> AccessLevel {
        let latest = &self.latest;
        let end = self.access_ends_at();
        AccessLevel {
            access_level_id,
            store: latest.store.clone(),
            product_id: latest.product_id.clone(),
            base_plan_id: latest.base_plan_id.clone(),
            transaction_id: latest.id.clone(),
            original_id: latest.original_id.clone(),
            offer: latest.offer.clone(),
            environment: latest.environment,
            starts_at: None,
            purchased_at: latest.purchased_at,
            originally_purchased_at: latest.originally_purchased_at,
            expires_at: end,
            subscription_expires_at: latest.expires_at,
            renewal_cancelled_at: self.renewal_off_at,
            billing_issue_detected_at: latest.billing_issue_detected_at,
            grace_period_expires_at: latest
                .grace_period_expires_at
                .map(|grace| end.map_or(grace, |end| end.min(grace))),
            cancellation_reason: latest.cancellation_reason,
            is_refund: latest.refunded_at.is_some() || matches!(self.closed, Some(Closed::Refunded(_))),
            will_renew: latest.will_renew && self.closed.is_none() && self.pending_product_id.is_none(),
            activated_at: self.activated_at,
            renewed_at: Some(latest.purchased_at),
            currency: Some(latest.price.currency.clone()),
            store_country: Some(latest.price.country.clone()),
            trial_days: self.trial.as_ref().and_then(|trial| trial.days),
            variation_id: latest.variation_id.clone(),
        }
    }
}
