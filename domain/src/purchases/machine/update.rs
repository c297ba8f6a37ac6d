//! Table B: a known transaction is reported again.

use rust_decimal::Decimal;

use super::report::is_trial;
use super::{Change, by_phase, clock};
use crate::events::EventKind;
use crate::purchases::chain::{Closed, Trial};
use crate::purchases::transaction::{CancellationReason, Transaction};

impl Change<'_> {
    /// Takes in the new state of a transaction that was stored as `old`. `uncovered` is shown then, where it is the newest.
    /// B0, B19: what is not looked at here, such as the country, makes no event.
    pub(super) fn update(&mut self, old: &Transaction, new: &Transaction, uncovered: Option<&Transaction>) {
        let was_refunded = self.chain.is_refunded();
        self.take_in(old, new, uncovered);
        if !was_refunded {
            self.end_trial();
        }
    }

    fn take_in(&mut self, old: &Transaction, new: &Transaction, uncovered: Option<&Transaction>) {
        let was_running = self.is_running();
        let was_open = self.chain.closed.is_none();
        let was_latest = self.chain.latest.id == new.id;
        let was_in_trial = self.chain.is_in_trial();
        let end_before = self.chain.access_ends_at();
        self.store(old, new, uncovered);
        if new.is_family_shared {
            return;
        }
        self.correct(old, new);
        self.chain.stay_replaced();
        self.note_new_end(end_before);
        match (old.refunded_at, new.refunded_at) {
            (None, Some(at)) => {
                self.let_all_run(new, was_latest);
                return self.pay_back(new, at, None);
            }
            (Some(_), None) => self.take_back_refund(),
            // What was paid back in the trial was not told while it was taken for free.
            (Some(_), Some(at))
                if was_in_trial && !self.chain.is_in_trial() && !self.chain.began_with(&new.id) =>
            {
                self.let_all_run(new, was_latest);
                return self.note_refund(new, at, None);
            }
            _ => {}
        }
        if self.chain.latest.id != new.id {
            return self.let_all_run(new, was_latest);
        }
        let is_replaced = new.is_replaced() && !old.is_replaced();
        if was_open && is_replaced && (was_running || self.is_running()) {
            // B14
            self.note_billing(Some(old), new);
            return self.replace_by_unknown(new);
        }
        self.let_run(new);
        // B3: of what had ended, renewing is only stored, also where it goes on from here.
        if was_open {
            self.change_renewal(old, new, was_running);
        }
        if self.chain.closed.is_none() {
            self.note_billing(Some(old), new);
        }
    }

    /// The new state takes the place of the old one.
    fn store(&mut self, old: &Transaction, new: &Transaction, uncovered: Option<&Transaction>) {
        self.chain.keep(new);
        if self.chain.latest.id == new.id {
            self.chain.latest = new.clone();
        }
        self.chain.show_newest(new, uncovered, self.context.now);
        if new.gives_anew(old) {
            self.chain.note_level(&new.id, self.context.access_level_id);
        }
    }

    /// What was said before was a mistake: its dates, its product, its price, or that another product replaced it.
    fn correct(&mut self, old: &Transaction, new: &Transaction) {
        if (old.purchased_at, &old.product_id) != (new.purchased_at, &new.product_id) {
            self.correct_cuts(new);
        }
        if old.is_free() != new.is_free() {
            self.correct_charge(new);
        }
        if self.chain.began_with(&new.id) {
            self.correct_trial(old, new);
        }
        self.correct_start(old, new);
        if self.chain.latest.id == new.id && new.refunded_at.is_none() && !new.is_replaced() {
            self.take_back_replacement();
        }
    }

    /// What was corrected goes on where it runs, and so does what is shown in its place.
    fn let_all_run(&mut self, new: &Transaction, was_latest: bool) {
        self.let_run(new);
        if was_latest && self.chain.latest.id != new.id {
            self.let_run(&self.chain.latest.clone());
        }
    }

    /// B19: what was free had a price after all, or the other way round. That makes no event, but what comes next is of a trial
    /// or of a subscription as if it had been known from the start. A price that goes with its refund was charged.
    fn correct_charge(&mut self, new: &Transaction) {
        let is_kept = new.refunded_at.is_none();
        if is_kept && is_trial(new) {
            self.chain.trial.get_or_insert_with(|| Trial::of(new));
        } else if is_kept && self.chain.began_with(&new.id) {
            self.chain.trial = None;
        }
        self.chain.settle_phase();
    }

    /// A14: it began at another time than was reported, or is of another product. So it cuts others elsewhere, or not at all,
    /// or is cut itself.
    fn correct_cuts(&mut self, new: &Transaction) {
        self.chain.cut_anew(&new.id, Some(new));
        if self.chain.latest.id == new.id {
            self.chain.give_from_its_corrected_beginning(self.context.now);
        } else if !is_trial(new) && !self.chain.is_cut(&new.id) {
            self.cut_if_replaced(new);
        }
    }

    /// B19: the trial is as long as its dates say. B18: one that is ended at once was to be as long as it was.
    fn correct_trial(&mut self, old: &Transaction, new: &Transaction) {
        let dates = |of: &Transaction| (of.purchased_at, of.expires_at);
        let ended = new.expires_at.filter(|end| *end <= self.context.now);
        let is_shorter = ended
            .zip(old.expires_at)
            .is_some_and(|(end, before)| end < before);
        let is_ended_at_once = old.purchased_at == new.purchased_at && is_shorter;
        if dates(old) != dates(new) && !is_ended_at_once {
            self.chain.trial = Some(Trial::of(new));
        }
    }

    /// B19: timers count from the corrected beginning. Those that were told are told; those that would have run out meanwhile
    /// are made up for.
    fn correct_start(&mut self, old: &Transaction, new: &Transaction) {
        let chain = &mut self.chain;
        if old.purchased_at == new.purchased_at || chain.started_at != Some(old.purchased_at) {
            return;
        }
        let later_by = new.purchased_at.saturating_sub(old.purchased_at);
        chain.started_at = Some(new.purchased_at);
        chain.timers_told_to = chain.timers_told_to.map(|told| told.saturating_add(later_by));
        clock::make_up_timers(chain, self.context, self.facts);
    }

    /// B15: a later end makes no event but Google's, see [`super::Command::Defer`]. What was over and runs again gives
    /// access from now on.
    pub(super) fn note_new_end(&mut self, end_before: Option<i64>) {
        let now = self.context.now;
        let was_over = end_before.is_some_and(|end| end <= now);
        if was_over && self.chain.access_ends_at().is_none_or(|end| end > now) {
            self.chain.activated_at = now;
        }
    }

    /// B1, B2, B3, B17, B18: of a chain that is open, renewing is on, off, or as before. Where it ends at once, what else the
    /// report says comes before its end.
    fn change_renewal(&mut self, old: &Transaction, new: &Transaction, was_running: bool) {
        let now = self.context.now;
        let end = self.chain.ends_at();
        if !new.will_renew
            && was_running
            && !self.chain.is_refunded()
            && let Some(end) = end.filter(|end| *end <= now)
        {
            // B17, B18: ended at once; B4 where that is because a charge failed.
            if old.will_renew {
                self.note_renewal(new.renew_status_changed_at.unwrap_or(now), new);
            }
            self.note_billing(Some(old), new);
            let reason = new.cancellation_reason;
            self.expire(end, reason.unwrap_or(CancellationReason::VoluntarilyCancelled));
            return;
        }
        // B3: what has ended is only stored. A chain in retry may have lost its access, but has not ended.
        let is_alive = self.is_running() || self.chain.has_billing_issue();
        if old.will_renew == new.will_renew || !is_alive {
            return;
        }
        let at = new.renew_status_changed_at.unwrap_or(now);
        if new.will_renew {
            // B2: with the product that was active when renewing was switched off.
            let as_cancelled = Transaction {
                product_id: old.product_id.clone(),
                base_plan_id: old.base_plan_id.clone(),
                regular_price: old.regular_price,
                ..new.clone()
            };
            self.chain.reactivated_at = Some(at);
            self.note_renewal(at, &as_cancelled);
        } else {
            // B1
            self.chain.reactivated_at = None;
            self.note_renewal(at, new);
        }
    }

    /// B1, B2, A7: renewing was switched off or on.
    pub(super) fn note_renewal(&mut self, at: i64, transaction: &Transaction) {
        let chain = &self.chain;
        let kind = if transaction.will_renew {
            by_phase(
                chain,
                EventKind::TrialRenewalReactivated,
                EventKind::SubscriptionRenewalReactivated,
            )
        } else {
            by_phase(
                chain,
                EventKind::TrialRenewalCancelled,
                EventKind::SubscriptionRenewalCancelled,
            )
        };
        self.note(kind, at, transaction);
    }

    /// B4, B5, B6, B7, B8: a charge failed, a grace period was given.
    pub(super) fn note_billing(&mut self, old: Option<&Transaction>, new: &Transaction) {
        let Some(failed) = new.billing_issue_detected_at else {
            return;
        };
        let access_ends = new.grace_period_expires_at.or(new.expires_at);
        if old.is_none_or(|old| old.billing_issue_detected_at.is_none()) {
            self.note(EventKind::BillingIssueDetected, failed, new)
                .subscription_expires_at = access_ends;
        }
        let had_grace = old.is_some_and(|old| old.grace_period_expires_at.is_some());
        if let Some(grace) = new.grace_period_expires_at.filter(|_| !had_grace) {
            let fact = self.note(EventKind::EnteredGracePeriod, failed, new);
            fact.subscription_expires_at = Some(grace);
            fact.discriminator = grace;
        }
    }

    /// B9, B10, B11, B12: a transaction is paid back. While nothing has been charged, that can only end the trial.
    pub(super) fn pay_back(&mut self, transaction: &Transaction, at: i64, share: Option<Decimal>) {
        if !self.chain.is_in_trial() {
            self.note_refund(transaction, at, share);
        }
    }

    /// The event of a refund: of a trial that was converted there is nothing to pay back. What another product replaced was
    /// told as paid back then, with all its money.
    fn note_refund(&mut self, transaction: &Transaction, at: i64, share: Option<Decimal>) {
        let is_trial = transaction.is_free() && self.chain.began_with(&transaction.id);
        if is_trial && self.chain.latest.id != transaction.id {
            return;
        }
        if self.chain.is_replaced(&transaction.id) {
            return;
        }
        let fact = self.note(EventKind::SubscriptionRefunded, at, transaction);
        fact.refunded_share = Some(share.unwrap_or(Decimal::ONE));
        fact.reason = Some(CancellationReason::Refund);
        fact.subscription_expires_at = Some(at);
    }

    /// B12: what is paid back ends the trial, unless it has ended or another period outlasts it. Where the latest period is
    /// not paid back, but one that outlasts it, the trial ends when that has come.
    pub(super) fn end_trial(&mut self) {
        let latest = self.chain.latest.clone();
        let is_over = self.chain.closed.is_none() && self.chain.is_in_trial() && self.chain.is_refunded();
        let Some(refunded_at) = latest.refunded_at.filter(|_| is_over) else {
            return;
        };
        let at = self
            .chain
            .ends_at()
            .map_or(refunded_at, |end| end.max(refunded_at));
        let fact = self.note(EventKind::TrialExpired, at, &latest);
        fact.reason = Some(CancellationReason::Refund);
        fact.subscription_expires_at = Some(at);
    }

    /// B13: no event; the chain goes on if its period still runs.
    fn take_back_refund(&mut self) {
        if matches!(self.chain.closed, Some(Closed::Refunded(_))) {
            self.go_on_while_it_runs();
        }
    }

    /// B14 was a mistake. As B13.
    fn take_back_replacement(&mut self) {
        if let Some(Closed::Replaced(at)) = self.chain.closed {
            self.chain.take_back_cut(at);
            self.go_on_while_it_runs();
        }
    }

    fn go_on_while_it_runs(&mut self) {
        let end = self.chain.ends_at();
        self.chain.closed = end.filter(|end| *end <= self.context.now).map(Closed::Expired);
    }

    /// A part was paid back; Paddle keeps the subscription going, others end it.
    pub(super) fn refund_share(
        &mut self,
        transaction: &Transaction,
        at: i64,
        share: Decimal,
        keeps_access: bool,
    ) {
        let was_refunded = self.chain.is_refunded();
        let refunded = transaction.clone().refunded_in_part(at, share, keeps_access);
        self.chain.keep(&refunded);
        if self.chain.latest.id == refunded.id {
            self.chain.latest = refunded;
        }
        self.pay_back(transaction, at, Some(share));
        if !was_refunded {
            self.end_trial();
        }
    }
}
