//! Table A: a transaction that was not known.

use rust_decimal::Decimal;

use super::{Change, Context, by_phase, clock};
use crate::events::{EventKind, Fact};
use crate::purchases::chain::{Chain, Closed, CutBy, Period, Phase, Trial, is_change_at_once};
use crate::purchases::transaction::{CancellationReason, Transaction};

/// A1, A2, A3, A4, A5, A6, A7, A22: the first that is heard of a chain.
pub(super) fn begin(transaction: Transaction, context: Context<'_>, facts: &mut Vec<Fact>) -> Chain {
    let is_first = transaction.is_first();
    let is_trial = is_trial(&transaction) && !transaction.is_family_shared;
    let chain = Chain {
        phase: if is_trial { Phase::Trial } else { Phase::Paid },
        closed: None,
        periods: vec![Period::of(&transaction)],
        trial: is_trial.then(|| Trial::of(&transaction)),
        has_first: is_first,
        consecutive_payments: u32::from(!is_trial),
        counted_from: (!is_first).then_some(transaction.purchased_at),
        past: Vec::new(),
        reactivated_at: None,
        pause_arranged_at: None,
        pending_product_id: None,
        started_at: is_first.then_some(transaction.purchased_at),
        timers_told_to: None,
        renewal_off_at: None,
        clock: transaction.purchased_at.min(context.now),
        access_level_id: context.access_level_id.map(str::to_owned),
        activated_at: transaction.purchased_at,
        revoked: None,
        revenue_usd: Decimal::ZERO,
        latest: transaction,
    };
    if chain.latest.is_family_shared {
        return chain;
    }
    let mut change = Change {
        chain,
        context,
        facts,
    };
    change.open(is_first, is_trial);
    change.chain
}

impl Change<'_> {
    fn open(&mut self, is_first: bool, is_trial: bool) {
        let latest = self.chain.latest.clone();
        let kind = match (is_trial, is_first) {
            // A1
            (true, _) => EventKind::TrialStarted,
            // A2, A3
            (_, true) => EventKind::SubscriptionStarted,
            // A4: its start was never reported.
            _ => EventKind::SubscriptionRenewed,
        };
        self.note(kind, latest.purchased_at, &latest);
        self.settle_new(true);
        // Timers before an end that has come are told first.
        clock::catch_up(&mut self.chain, self.context, self.facts);
        // A5: a first period had ended before anybody told. After a later one a renewal may be told a little late as ever.
        if let Some(end) = self.chain.access_ends_at()
            && is_first
            && self.chain.closed.is_none()
            && !self.is_running()
        {
            let reason = clock::why_over(&self.chain);
            self.expire(end, reason);
        }
    }

    /// A8, A9, A10, A11, A12, A13, A14, A15, A16, A17, A18, A19, A21: a further transaction of a chain.
    pub(super) fn add(&mut self, transaction: Transaction) {
        let latest = &self.chain.latest;
        let is_newer = transaction.place() > latest.place();
        if transaction.is_family_shared {
            // A22
            self.chain.keep(&transaction);
            self.chain
                .note_level(&transaction.id, self.context.access_level_id);
            if is_newer {
                self.chain.latest = transaction;
                self.open_again();
            }
        } else if is_newer {
            self.go_on(transaction);
        } else {
            self.fill_in(&transaction);
        }
    }

    /// A21: older than the newest. Its own event, dated in the past; access stays as it is.
    fn fill_in(&mut self, transaction: &Transaction) {
        let is_first = !self.chain.has_first && transaction.is_first();
        let is_trial = is_first && is_trial(transaction);
        let end_before = self.chain.access_ends_at();
        self.chain.keep(transaction);
        self.chain
            .note_level(&transaction.id, self.context.access_level_id);
        if !is_trial {
            self.cut_if_replaced(transaction);
        }
        self.chain.stay_replaced();
        self.note_new_end(end_before);
        self.let_run(transaction);
        let was_in_trial = self.chain.is_in_trial();
        if is_trial {
            self.chain.trial = Some(Trial::of(transaction));
        }
        self.chain.has_first |= is_first;
        let wait = self.context.waits.renewal;
        self.chain.count_older(transaction, wait);
        self.chain.settle_phase();
        let kind = match (is_trial, is_first) {
            (true, _) => EventKind::TrialStarted,
            (_, true) => EventKind::SubscriptionStarted,
            // A8: what came after it was free.
            _ if was_in_trial && !self.chain.is_in_trial() => EventKind::TrialConverted,
            _ => EventKind::SubscriptionRenewed,
        };
        let fact = self.note(kind, transaction.purchased_at, transaction);
        fact.is_in_trial = is_trial;
        fact.consecutive_payments = u32::from(!is_trial);
        if let Some(at) = transaction.refunded_at {
            self.pay_back(transaction, at, None);
        }
        let starts = kind == EventKind::SubscriptionStarted || is_trial && self.chain.is_in_trial();
        if starts && self.chain.started_at.is_none() {
            self.chain.started_at = Some(transaction.purchased_at);
            clock::make_up_timers(&mut self.chain, self.context, self.facts);
        }
    }

    /// B16: a chain that was over goes on while it gives access, so that its end is told. So does one that was paid back before
    /// another period ended: it is that one's end that counts, unless that of the latest was told. What is paid back itself
    /// is no such end.
    pub(super) fn let_run(&mut self, transaction: &Transaction) {
        let chain = &self.chain;
        let has_other_end = || chain.latest.refunded_at.is_some() && !chain.is_refunded();
        let has_access = chain.access_ends_at().is_none_or(|end| end > self.context.now);
        let goes_on = match chain.closed {
            Some(Closed::Expired(_)) => has_access,
            Some(Closed::Refunded(_)) => has_access || transaction.refunded_at.is_none() && has_other_end(),
            Some(Closed::Replaced(_)) | None => false,
        };
        if goes_on {
            self.chain.closed = None;
        }
    }

    /// A14: an older period whose product was changed at once has ended with the change.
    pub(super) fn cut_if_replaced(&mut self, old: &Transaction) {
        let latest = &self.chain.latest;
        let end = Period::of(old).end().unwrap_or(i64::MAX);
        let is_other = old.product_id != latest.product_id && old.billing_issue_detected_at.is_none();
        let changed_at = latest.purchased_at;
        if is_other && is_change_at_once(old.purchased_at, end, changed_at) {
            self.chain.cut_by_latest(old);
        }
    }

    /// What ended the periods before does not hold for the new one.
    fn open_again(&mut self) {
        let chain = &mut self.chain;
        chain.closed = None;
        let begins_at = chain.latest.purchased_at;
        chain.revoked = chain
            .revoked
            .and_then(|revoked| revoked.followed(begins_at, self.context.now));
        chain.pause_arranged_at = None;
        chain.pending_product_id = None;
        chain.reactivated_at = None;
        chain.renewal_off_at = None;
        chain.give_from_its_beginning(self.context.access_level_id, self.context.now);
    }

    fn go_on(&mut self, transaction: Transaction) {
        let old = self.chain.latest.clone();
        let is_gap = self.is_gap(&transaction);
        let lacks_periods = self.is_late(&transaction) && !self.chain.is_refunded();
        let opening = self.opening(&old, &transaction);
        let was_renewing = old.will_renew;
        let end = self.chain.access_ends_at();
        let waited_from = end.filter(|_| !is_gap);
        if is_gap || self.is_shut_before(&transaction) {
            self.chain.activated_at = transaction.purchased_at;
        }
        self.chain.follow_with(transaction);
        self.open_again();
        let chain = &mut self.chain;
        let latest = chain.latest.clone();
        // What was due while the renewal was waited for is due after all.
        let handled = waited_from.map_or(latest.purchased_at, |end| end.saturating_sub(1));
        chain.clock = handled.min(self.context.now);
        if opening != EventKind::SubscriptionRenewed || chain.phase == Phase::Paid {
            match opening {
                EventKind::SubscriptionRenewed if !is_gap => chain.consecutive_payments += 1,
                EventKind::SubscriptionRenewed => chain.count_anew(lacks_periods),
                _ => chain.count_anew(false),
            }
        }
        match opening {
            EventKind::TrialConverted => chain.settle_phase(),
            EventKind::SubscriptionStarted => {
                chain.started_at = Some(latest.purchased_at);
                chain.timers_told_to = None;
            }
            _ => {}
        }
        self.note(opening, latest.purchased_at, &latest);
        self.settle_new(was_renewing);
    }

    /// Which event opens the new period; closes the old product where it has to go.
    fn opening(&mut self, old: &Transaction, new: &Transaction) -> EventKind {
        if self.chain.phase == Phase::Trial {
            // A8, A18; A9 while nothing is charged.
            return if new.is_free() {
                EventKind::SubscriptionRenewed
            } else {
                EventKind::TrialConverted
            };
        }
        if old.product_id == new.product_id {
            // A10, A11, A12, A13, A19
            return EventKind::SubscriptionRenewed;
        }
        match self.chain.closed {
            // A14, told by the old transaction before.
            Some(Closed::Replaced(_)) => return EventKind::SubscriptionStarted,
            // A19
            Some(Closed::Refunded(_)) => return EventKind::SubscriptionRenewed,
            // A11, A13
            None if self.chain.has_billing_issue() || self.is_paused(new) => {
                return EventKind::SubscriptionRenewed;
            }
            Some(Closed::Expired(_)) | None => {}
        }
        self.follow_with_another_product(old, new)
    }

    /// Another product follows what ran or has expired. Which event opens it; closes the old product where it has to go.
    fn follow_with_another_product(&mut self, old: &Transaction, new: &Transaction) -> EventKind {
        let end = self.chain.ends_at().unwrap_or(i64::MAX);
        if is_change_at_once(old.purchased_at, end, new.purchased_at) {
            // A14: changed at once.
            self.replace(old, new.purchased_at, Some(&CutBy::of(old, new)));
            return EventKind::SubscriptionStarted;
        }
        // A16, A17
        if self.is_late(new) || self.chain.reactivated_at.is_some() {
            return EventKind::SubscriptionRenewed;
        }
        // A15: changed at renewal; C11: the expiry may have been told.
        if self.chain.closed.is_none() {
            let reason = old.cancellation_reason;
            let at = end.min(new.purchased_at);
            self.expire(at, reason.unwrap_or(CancellationReason::VoluntarilyCancelled));
        }
        EventKind::SubscriptionStarted
    }

    /// Another product takes the place of the running one; `by` says with which transaction, where that is known. Where its
    /// end or its refund was told already, nothing else is told of it.
    pub(super) fn replace(&mut self, old: &Transaction, at: i64, by: Option<&CutBy>) {
        if self.chain.closed.is_some() || old.refunded_at.is_some() {
            self.chain.cut(at, by);
            return;
        }
        let told = old.cancellation_reason.filter(|_| old.is_replaced());
        let kind = by_phase(
            &self.chain,
            EventKind::TrialExpired,
            EventKind::SubscriptionRefunded,
        );
        let fact = self.note(kind, at, old);
        fact.reason = Some(told.unwrap_or(CancellationReason::Upgraded));
        fact.subscription_expires_at = Some(at);
        if kind == EventKind::SubscriptionRefunded {
            self.chain.note_replaced(&old.id);
        }
        self.chain.cut(at, by);
    }

    /// B14: another product has taken its place, which is not known yet.
    pub(super) fn replace_by_unknown(&mut self, latest: &Transaction) {
        let now = self.context.now;
        let at = self.chain.ends_at().map_or(now, |end| end.min(now));
        self.replace(latest, at, None);
        self.chain.closed = Some(Closed::Replaced(at));
    }

    /// A6, A7 and what a new transaction says beside having begun. That renewing was switched off before it began no body can
    /// say, but a store may: that is news only if it was on until then.
    fn settle_new(&mut self, was_renewing: bool) {
        let latest = self.chain.latest.clone();
        if let Some(at) = latest.refunded_at {
            self.pay_back(&latest, at, None);
            self.end_trial();
            return;
        }
        if !latest.will_renew
            && let Some(at) = latest.renew_status_changed_at
            && (was_renewing || at >= latest.purchased_at)
        {
            self.note_renewal(at, &latest);
        }
        self.note_billing(None, &latest);
        // What has ended already expires (A5).
        if latest.is_replaced() && self.is_running() {
            self.replace_by_unknown(&latest);
        }
    }

    /// Has a pause begun before this transaction?
    fn is_paused(&self, next: &Transaction) -> bool {
        let has_ended = self.chain.ends_at().is_some_and(|end| next.purchased_at >= end);
        self.chain.pause_arranged_at.is_some() && has_ended
    }

    /// Has a revocation or a charge that failed taken access away, which this transaction opens again?
    fn is_shut_before(&self, next: &Transaction) -> bool {
        let chain = &self.chain;
        let ends_before = |cut: i64| chain.ends_at().is_none_or(|end| cut < end);
        let is_revoked = chain
            .revoked
            .is_some_and(|revoked| revoked.at <= self.context.now && ends_before(revoked.at));
        let cut = chain.billing_cut();
        is_revoked || cut.is_some_and(|cut| cut < next.purchased_at && ends_before(cut))
    }

    /// Does the paid service pause before this transaction?
    fn is_gap(&self, next: &Transaction) -> bool {
        let has_ended = self.chain.ends_at().is_some_and(|end| next.purchased_at > end);
        let was_paused = self.chain.pause_arranged_at.is_some() && has_ended;
        self.chain.closed.is_some() || self.is_late(next) || was_paused
    }

    /// Does it begin later than a renewal is waited for?
    fn is_late(&self, next: &Transaction) -> bool {
        let end = self.chain.ends_at();
        end.is_some_and(|end| next.purchased_at > end.saturating_add(self.context.waits.renewal))
    }
}

/// Is it a free trial? A first transaction that takes another's place is not, though it may cost nothing.
pub(super) fn is_trial(transaction: &Transaction) -> bool {
    let is_free = transaction.has_trial_offer() || transaction.is_free() && !transaction.replaces_another;
    transaction.is_first() && is_free
}
