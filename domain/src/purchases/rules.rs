//! What must hold between the fields of a transaction.
//!
//! Source: the table of rules in the reference of "set transaction", in its order. Where its texts and its
//! examples disagree on when a refund is right, the examples count.

use super::transaction::{CancellationReason, PurchaseType, Transaction};
use crate::fields::Violation;

struct Rule {
    code: &'static str,
    source: &'static str,
    message: &'static str,
    holds: fn(&Transaction) -> bool,
}

/// The first rule that the transaction breaks.
pub fn first_broken(transaction: &Transaction) -> Option<Violation> {
    let broken = RULES.iter().find(|rule| !(rule.holds)(transaction))?;
    Some(Violation::new(broken.code, broken.source, broken.message))
}

fn is_one_time(transaction: &Transaction) -> bool {
    transaction.purchase_type == PurchaseType::OneTimePurchase
}

/// Is the time, where there is one, later than the purchase?
fn follows_purchase(transaction: &Transaction, time: Option<i64>) -> bool {
    time.is_none_or(|time| time > transaction.purchased_at)
}

/// A one-time purchase has none of a subscription's fields, so it breaks none of their rules.
const RULES: &[Rule] = &[
    Rule {
        code: "store_transaction_id_error",
        source: "store_transaction_id",
        message: "must be the same as store_original_transaction_id for a one-time purchase",
        holds: |transaction| !is_one_time(transaction) || transaction.id == transaction.original_id,
    },
    Rule {
        code: "one_time_purchase_trial_error",
        source: "offer.type",
        message: "a one-time purchase has no free trial",
        holds: |transaction| !(is_one_time(transaction) && transaction.has_trial_offer()),
    },
    Rule {
        code: "free_trial_price_error",
        source: "offer.type",
        message: "the price of a free trial must be 0",
        holds: |transaction| !transaction.has_trial_offer() || transaction.is_free(),
    },
    Rule {
        code: "missing_offer_id",
        source: "offer.category",
        message: "an offer that is not introductory needs an id",
        holds: |transaction| {
            let offer = transaction.offer.as_ref();
            offer.is_none_or(|offer| offer.category == "introductory" || offer.id.is_some())
        },
    },
    Rule {
        code: "family_share_price_error",
        source: "is_family_shared",
        message: "the price of what the family shares must be 0",
        holds: |transaction| !transaction.is_family_shared || transaction.is_free(),
    },
    Rule {
        code: "originally_purchased_date_error",
        source: "originally_purchased_at",
        message: "must not be later than purchased_at",
        holds: |transaction| transaction.originally_purchased_at <= transaction.purchased_at,
    },
    Rule {
        code: "expires_date_error",
        source: "expires_at",
        message: "must be later than purchased_at",
        holds: |transaction| follows_purchase(transaction, transaction.expires_at),
    },
    Rule {
        code: "refund_date_error",
        source: "refunded_at",
        message: "must be later than purchased_at",
        holds: |transaction| follows_purchase(transaction, transaction.refunded_at),
    },
    Rule {
        code: "refund_fields_error",
        source: "refunded_at",
        message: "must be set if cancellation_reason is refund, and only then",
        holds: |transaction| {
            let is_refund = transaction.cancellation_reason == Some(CancellationReason::Refund);
            transaction.refunded_at.is_some() == is_refund
        },
    },
    Rule {
        code: "renew_status_changed_date_error",
        source: "renew_status_changed_at",
        message: "must be later than purchased_at",
        holds: |transaction| follows_purchase(transaction, transaction.renew_status_changed_at),
    },
    Rule {
        code: "billing_issue_detected_at_date_comparison_error",
        source: "billing_issue_detected_at",
        message: "must be later than purchased_at",
        holds: |transaction| follows_purchase(transaction, transaction.billing_issue_detected_at),
    },
    Rule {
        code: "grace_period_billing_error",
        source: "grace_period_billing_error",
        message: "grace_period_expires_at needs billing_issue_detected_at",
        holds: |transaction| {
            transaction.grace_period_expires_at.is_none() || transaction.billing_issue_detected_at.is_some()
        },
    },
    Rule {
        code: "grace_period_expires_date_error",
        source: "grace_period_expires_at",
        message: "must not be earlier than expires_at",
        holds: |transaction| {
            let ends = transaction.grace_period_expires_at.zip(transaction.expires_at);
            ends.is_none_or(|(grace, paid)| grace >= paid)
        },
    },
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::Object;
    use crate::purchases::body;

    const NOON: &str = "2025-01-05T12:00:00Z";
    const AFTER_NOON: &str = "2025-01-05T12:00:00.000001Z";
    const BEFORE_NOON: &str = "2025-01-05T11:59:59.999999Z";
    const MONTH_LATER: &str = "2025-02-05T12:00:00Z";
    const DAY_BEFORE_THAT: &str = "2025-02-04T12:00:00Z";

    fn one_time() -> Value {
        json!({
            "purchase_type": "one_time_purchase", "store": "app_store", "store_product_id": "coins",
            "store_transaction_id": "t1", "store_original_transaction_id": "t1", "purchased_at": NOON,
            "price": {"country": "US", "currency": "USD", "value": 9.99},
        })
    }

    fn subscription() -> Value {
        let mut body = one_time();
        let more = json!({
            "purchase_type": "subscription", "store_original_transaction_id": "t0",
            "originally_purchased_at": NOON, "expires_at": MONTH_LATER, "renew_status": true,
        });
        merge(&mut body, more);
        body
    }

    fn merge(body: &mut Value, more: Value) {
        let Value::Object(more) = more else {
            panic!("an object")
        };
        body.as_object_mut().unwrap().extend(more);
    }

    /// The code and source of the answer to the body with these fields changed; `None`: it is accepted.
    fn broken(mut body: Value, changes: Value) -> Option<(&'static str, String)> {
        merge(&mut body, changes);
        let text = body.to_string();
        let transaction = body::parse(&Object::parse(text.as_bytes()).unwrap()).unwrap();
        first_broken(&transaction).map(|found| (found.code, found.source))
    }

    fn assert_rule(body: fn() -> Value, breaking: Value, passing: Value, code: &'static str, source: &str) {
        assert_eq!(
            broken(body(), breaking.clone()),
            Some((code, source.to_owned())),
            "{breaking}"
        );
        assert_eq!(broken(body(), passing.clone()), None, "{passing}");
    }

    fn free() -> Value {
        json!({"country": "US", "currency": "USD", "value": 0})
    }

    #[test]
    fn a_one_time_purchase_is_its_own_original() {
        assert_rule(
            one_time,
            json!({"store_original_transaction_id": "t0"}),
            json!({"store_original_transaction_id": "t1"}),
            "store_transaction_id_error",
            "store_transaction_id",
        );
        assert_eq!(
            broken(subscription(), json!({"store_original_transaction_id": "t1"})),
            None
        );
    }

    #[test]
    fn a_one_time_purchase_has_no_trial() {
        let offer =
            |kind: &str| json!({"offer": {"category": "introductory", "type": kind}, "price": free()});
        assert_rule(
            one_time,
            offer("free_trial"),
            offer("pay_up_front"),
            "one_time_purchase_trial_error",
            "offer.type",
        );
        assert_eq!(broken(subscription(), offer("free_trial")), None);
    }

    #[test]
    fn a_free_trial_costs_nothing() {
        let offer = json!({"category": "introductory", "type": "free_trial"});
        assert_rule(
            subscription,
            json!({"offer": offer, "price": {"country": "US", "currency": "USD", "value": 0.01}}),
            json!({"offer": offer, "price": free()}),
            "free_trial_price_error",
            "offer.type",
        );
    }

    #[test]
    fn only_an_introductory_offer_goes_without_an_id() {
        for category in ["promotional", "offer_code", "win_back", "retention"] {
            for id in [Value::Null, json!("")] {
                assert_rule(
                    subscription,
                    json!({"offer": {"category": category, "type": "pay_as_you_go", "id": id}}),
                    json!({"offer": {"category": category, "type": "pay_as_you_go", "id": "x"}}),
                    "missing_offer_id",
                    "offer.category",
                );
            }
        }
        let introductory = json!({"offer": {"category": "introductory", "type": "pay_as_you_go"}});
        assert_eq!(broken(one_time(), introductory), None);
    }

    #[test]
    fn what_the_family_shares_costs_nothing() {
        assert_rule(
            one_time,
            json!({"is_family_shared": true}),
            json!({"is_family_shared": true, "price": free()}),
            "family_share_price_error",
            "is_family_shared",
        );
    }

    #[test]
    fn the_chain_begins_no_later_than_the_purchase() {
        assert_rule(
            subscription,
            json!({"originally_purchased_at": AFTER_NOON}),
            json!({"originally_purchased_at": NOON}),
            "originally_purchased_date_error",
            "originally_purchased_at",
        );
    }

    #[test]
    fn the_period_ends_after_the_purchase() {
        assert_rule(
            subscription,
            json!({"expires_at": NOON}),
            json!({"expires_at": AFTER_NOON}),
            "expires_date_error",
            "expires_at",
        );
        assert_eq!(broken(subscription(), json!({"expires_at": null})), None);
    }

    #[test]
    fn the_refund_follows_the_purchase() {
        for body in [one_time, subscription] {
            assert_rule(
                body,
                json!({"refunded_at": NOON, "cancellation_reason": "refund"}),
                json!({"refunded_at": AFTER_NOON, "cancellation_reason": "refund"}),
                "refund_date_error",
                "refunded_at",
            );
        }
    }

    #[test]
    fn a_refund_has_its_time_and_its_reason() {
        let half = [
            json!({"refunded_at": AFTER_NOON}),
            json!({"refunded_at": AFTER_NOON, "cancellation_reason": "billing_error"}),
            json!({"cancellation_reason": "refund"}),
            json!({"cancellation_reason": "refund", "refunded_at": null}),
        ];
        for (body, breaking) in [one_time, subscription]
            .into_iter()
            .flat_map(|body| half.clone().map(|breaking| (body, breaking)))
        {
            assert_rule(
                body,
                breaking,
                json!({"refunded_at": null, "cancellation_reason": "voluntarily_cancelled"}),
                "refund_fields_error",
                "refunded_at",
            );
        }
    }

    #[test]
    fn renewing_is_switched_after_the_purchase() {
        assert_rule(
            subscription,
            json!({"renew_status_changed_at": NOON}),
            json!({"renew_status_changed_at": AFTER_NOON}),
            "renew_status_changed_date_error",
            "renew_status_changed_at",
        );
    }

    #[test]
    fn a_charge_fails_after_the_purchase() {
        assert_rule(
            subscription,
            json!({"billing_issue_detected_at": NOON}),
            json!({"billing_issue_detected_at": AFTER_NOON}),
            "billing_issue_detected_at_date_comparison_error",
            "billing_issue_detected_at",
        );
    }

    #[test]
    fn a_grace_period_needs_a_failed_charge() {
        assert_rule(
            subscription,
            json!({"grace_period_expires_at": MONTH_LATER}),
            json!({"grace_period_expires_at": MONTH_LATER, "billing_issue_detected_at": AFTER_NOON}),
            "grace_period_billing_error",
            "grace_period_billing_error",
        );
    }

    #[test]
    fn a_grace_period_ends_no_earlier_than_the_paid_one() {
        let grace =
            |end: &str| json!({"grace_period_expires_at": end, "billing_issue_detected_at": AFTER_NOON});
        assert_rule(
            subscription,
            grace(DAY_BEFORE_THAT),
            grace(MONTH_LATER),
            "grace_period_expires_date_error",
            "grace_period_expires_at",
        );
    }

    #[test]
    fn of_several_broken_rules_the_first_counts() {
        let all = json!({
            "is_family_shared": true, "originally_purchased_at": AFTER_NOON, "expires_at": BEFORE_NOON,
            "refunded_at": BEFORE_NOON, "grace_period_expires_at": BEFORE_NOON,
        });
        let found = broken(subscription(), all);
        assert_eq!(
            found,
            Some(("family_share_price_error", "is_family_shared".to_owned()))
        );
        assert_eq!(RULES.len(), 13);
    }
}
