//! What is bought at the stores, and what happens to it there.

use bursar_domain::purchases::transaction::{
    CancellationReason, Environment, Offer, OfferKind, Price, PurchaseType, Transaction,
};
use rust_decimal::Decimal;

use super::{DAY, HOUR, History};
use crate::simulation::model::{MORE_STORES, STORES};

impl History<'_> {
    /// Makes a chain or a one-time purchase at the store; nobody has told of it yet.
    pub(super) fn sell(&mut self) {
        let number = self.store.len();
        let usual = *self.random.pick(&STORES);
        let more = self.more_stores.as_mut().and_then(|random| {
            let is_there = random.in_hundred(50);
            is_there.then(|| *random.pick(&MORE_STORES))
        });
        let store = more.unwrap_or(usual);
        let purchased_at = self.now - i64::try_from(self.random.below(45 * 24)).unwrap() * HOUR;
        let cents = 99 + i64::try_from(self.random.below(3_000)).unwrap();
        let first = Transaction {
            store: store.into(),
            id: format!("t{number}"),
            original_id: format!("t{number}"),
            purchase_type: PurchaseType::OneTimePurchase,
            environment: if self.random.in_hundred(15) {
                Environment::Sandbox
            } else {
                Environment::Production
            },
            product_id: (*self.random.pick(&["forever", "coins", "unheard of"])).into(),
            base_plan_id: None,
            offer: None,
            is_family_shared: false,
            price: Price {
                country: "DE".into(),
                currency: (*self.random.pick(&["USD", "USD", "EUR", "XTS"])).into(),
                value: Decimal::new(cents, 2),
            },
            purchased_at,
            originally_purchased_at: purchased_at,
            expires_at: None,
            will_renew: false,
            renew_status_changed_at: None,
            billing_issue_detected_at: None,
            grace_period_expires_at: None,
            refunded_at: None,
            cancellation_reason: None,
            variation_id: None,
            replaces_another: false,
            refunded_share: None,
            usd_rate: None,
            regular_price: None,
            is_of_unknown_product: false,
            mark: 0,
        };
        let mut first = first;
        if self.widens(20) {
            first.is_family_shared = true;
            first.price.value = Decimal::ZERO;
        }
        if self.random.in_hundred(20) {
            return self.store.push(first);
        }
        self.sell_chain(first);
    }

    /// The original id of a chain that begins with this transaction. What the family has may bear that of the payer.
    fn original_id(&mut self, first: &Transaction) -> String {
        let is_of_payer = |sold: &&Transaction| {
            sold.purchase_type == PurchaseType::Subscription
                && sold.store == first.store
                && !sold.is_family_shared
        };
        if first.is_family_shared
            && self.widens(50)
            && let Some(sold) = self.store.iter().find(is_of_payer)
        {
            return sold.original_id.clone();
        }
        if self.random.in_hundred(60) {
            format!("{}-0", first.id)
        } else {
            format!("{} and on", first.id)
        }
    }

    fn sell_chain(&mut self, first: Transaction) {
        let product = *self.random.pick(&["gold-monthly", "monthly"]);
        let changes_product = self.random.in_hundred(15);
        let original_id = self.original_id(&first);
        let renews = self.random.in_hundred(75);
        let mut purchased_at = first.purchased_at;
        for number in 0..4 {
            let mut period = Transaction {
                id: format!("{}-{number}", first.id),
                original_id: original_id.clone(),
                purchase_type: PurchaseType::Subscription,
                product_id: if number > 1 && changes_product {
                    "another"
                } else {
                    product
                }
                .into(),
                purchased_at,
                expires_at: Some(purchased_at + 30 * DAY),
                will_renew: renews,
                ..first.clone()
            };
            if number == 0 && self.random.in_hundred(35) {
                period.price.value = Decimal::ZERO;
                period.expires_at = Some(purchased_at + 7 * DAY);
                period.offer = Some(Offer {
                    category: "introductory".into(),
                    kind: OfferKind::FreeTrial,
                    id: None,
                });
            }
            if number == 0 && !period.is_family_shared && self.widens(15) {
                period.price.value = Decimal::ZERO;
                period.offer = None;
                period.replaces_another = true;
            }
            let gap = [0, 0, 0, HOUR, 3 * DAY, 40 * DAY, -DAY][self.random.below(7)];
            purchased_at = period.expires_at.unwrap() + gap;
            self.store.push(period);
        }
    }

    /// Something happens to a transaction at the store.
    pub(super) fn change(&mut self, index: usize) {
        let now = self.now;
        let what = self.random.below(9);
        let is_corrected = self.widens_more(25);
        let transaction = &mut self.store[index];
        if now <= transaction.purchased_at {
            return;
        }
        if is_corrected && transaction.refunded_at.is_none() && !transaction.is_family_shared {
            let cents = if transaction.is_free() { 499 } else { 0 };
            transaction.price.value = Decimal::new(cents, 2);
            // What has a price is no free trial.
            transaction.offer = None;
            return;
        }
        if what < 2 {
            let is_paid_back = transaction.refunded_at.is_none();
            transaction.refunded_at = is_paid_back.then_some(now);
            transaction.cancellation_reason = is_paid_back.then_some(CancellationReason::Refund);
            transaction.billing_issue_detected_at = None;
            transaction.grace_period_expires_at = None;
        }
        let Some(end) = transaction.expires_at else {
            return;
        };
        match what {
            2 | 3 => {
                transaction.will_renew = !transaction.will_renew;
                transaction.renew_status_changed_at = self.random.in_hundred(70).then_some(now);
            }
            4 | 5 if transaction.refunded_at.is_none() => {
                let has_issue = transaction.billing_issue_detected_at.is_some();
                let has_grace = !has_issue && self.random.in_hundred(50);
                transaction.billing_issue_detected_at = (!has_issue).then_some(now);
                transaction.grace_period_expires_at = has_grace.then_some(end + 6 * DAY);
            }
            6 => {
                transaction.expires_at = Some(end + 7 * DAY);
                transaction.grace_period_expires_at = None;
            }
            7 => {
                transaction.expires_at = Some(now);
                transaction.grace_period_expires_at = None;
            }
            8 => transaction.price.value += Decimal::new(i64::from(!transaction.is_free()), 2),
            _ => {}
        }
    }
}
