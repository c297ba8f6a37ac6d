//! How steps are written.
//!
//! ```text
//! at TIME                                            the clock is moved; everything due is handled
//! the server is down until TIME                      it starts again on the same data, and only then
//! the webhook is on [{SETTINGS}]
//! the app has {SETTINGS}
//! level ID | product STORE/ID gives LEVEL | product STORE/ID is consumable [and gives LEVEL]
//! CURRENCY is worth USD from DAY
//! NAME appears | NAME appears anonymously | NAME is deleted | NAME is read
//! NAME is granted LEVEL [from TIME] [until TIME]
//! NAME loses LEVEL [at TIME]
//! NAME reports PRODUCT TRANSACTION [of ORIGINAL], CLAUSE, …
//! NAME reports TRANSACTION again[, CLAUSE, …]        as last time but for the clauses
//! ```
//!
//! A time is `2026-01-31` or `2026-01-31T12:30:00`, in UTC. The clauses are in [`apply`].

use serde_json::{Value, json};

use super::stage::{Admin, Stage, Step};

const TRANSACTION: &str = "purchase/set/transaction/";
const GRANT: &str = "purchase/profile/grant/access-level/";
const REVOKE: &str = "purchase/profile/revoke/access-level/";

/// Reads a step; `None` if it says nothing that we understand.
pub fn read(line: &str, stage: &mut Stage) -> Option<Step> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some((name, said)) = line.split_once(" reports ") {
        return report(name, said, stage);
    }
    let admin = |method, path: String, body: Value| Some(Step::Admin(Admin { method, path, body }));
    let call = |name: &str, method, path, body| Some(Step::call(name, method, path, body));
    match words[..] {
        ["at", at] => Some(Step::At(time(at))),
        ["the", "server", "is", "down", "until", at] => Some(Step::Restart(time(at))),
        ["the", "webhook", "is", "on", ..] => {
            let settings = line.split_once(" on ").map_or("{}", |(_, settings)| settings);
            let settings: Value = serde_json::from_str(settings).ok()?;
            let body = json!({"enabled": true, "settings": settings});
            admin("PUT", "integrations/webhook".into(), body)
        }
        ["the", "app", "has", ..] => {
            let settings: Value = serde_json::from_str(line.split_once(" has ")?.1).ok()?;
            admin("PATCH", String::new(), json!({"settings": settings}))
        }
        ["level", id] => admin("PUT", format!("access-levels/{id}"), json!({})),
        ["product", product, "gives", level] => admin(
            "PUT",
            format!("products/{product}"),
            json!({"access_level_id": level}),
        ),
        ["product", product, "is", "consumable", ref gives @ ..] => {
            let body = json!({"access_level_id": gives.last(), "consumable": true});
            admin("PUT", format!("products/{product}"), body)
        }
        [currency, "is", "worth", usd, "from", day] => {
            let body = json!({"usd": usd, "from": day});
            Some(Step::Rate(currency.to_owned(), body))
        }
        [name, "appears"] => Some(Step::Appear(name.to_owned(), false)),
        [name, "appears", "anonymously"] => Some(Step::Appear(name.to_owned(), true)),
        [name, "is", "deleted"] => call(name, "DELETE", "profile/", Value::Null),
        [name, "is", "read"] => call(name, "GET", "profile/", Value::Null),
        [name, "is", "granted", level, ref times @ ..] => {
            let mut body = json!({"access_level_id": level});
            for pair in times.chunks(2) {
                match *pair {
                    ["from", at] => body["starts_at"] = time(at).into(),
                    ["until", at] => body["expires_at"] = time(at).into(),
                    _ => return None,
                }
            }
            call(name, "POST", GRANT, body)
        }
        [name, "loses", level] => call(name, "POST", REVOKE, json!({"access_level_id": level})),
        [name, "loses", level, "at", at] => {
            let body = json!({"access_level_id": level, "revoke_at": time(at)});
            call(name, "POST", REVOKE, body)
        }
        _ => None,
    }
}

fn report(name: &str, said: &str, stage: &mut Stage) -> Option<Step> {
    let mut clauses = said.split(", ");
    let words: Vec<&str> = clauses.next()?.split_whitespace().collect();
    let mut body = match words[..] {
        [id, "again"] => stage.reports.get(id)?.clone(),
        [product, id] => new(product, id, id, stage),
        [product, id, "of", original] => new(product, id, original, stage),
        _ => return None,
    };
    for clause in clauses {
        apply(&mut body, &clause.split_whitespace().collect::<Vec<_>>())?;
    }
    let text = |body: &Value, key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let id = text(&body, "store_transaction_id");
    let original = text(&body, "store_original_transaction_id");
    if body["originally_purchased_at"].is_null() {
        let first = stage.first_bought.get(&original).cloned();
        body["originally_purchased_at"] = first.unwrap_or_else(|| text(&body, "purchased_at")).into();
    }
    let first = body["originally_purchased_at"].as_str()?.to_owned();
    stage.first_bought.insert(original, first);
    stage.reports.insert(id, body.clone());
    Some(Step::call(name, "POST", TRANSACTION, body))
}

/// A subscription for 9.99 US dollars in the App Store, bought now, that renews.
fn new(product: &str, id: &str, original: &str, stage: &Stage) -> Value {
    json!({
        "purchase_type": "subscription", "store": "app_store", "store_product_id": product,
        "store_transaction_id": id, "store_original_transaction_id": original,
        "price": {"country": "US", "currency": "USD", "value": 9.99},
        "purchased_at": stage.now, "originally_purchased_at": null, "expires_at": null, "renew_status": true,
    })
}

/// Changes a report as a clause says.
fn apply(body: &mut Value, clause: &[&str]) -> Option<()> {
    let mut set = |key: &str, value: Value| body[key] = value;
    match *clause {
        ["trial"] => {
            set("offer", json!({"category": "introductory", "type": "free_trial"}));
            set("price", json!({"country": "US", "currency": "USD", "value": 0}));
        }
        ["offer", category, kind] => set("offer", json!({"category": category, "type": kind})),
        ["store", store] => set("store", store.into()),
        ["sandbox"] => set("environment", "Sandbox".into()),
        ["once"] => set("purchase_type", "one_time_purchase".into()),
        ["family"] => {
            set("is_family_shared", true.into());
            set("price", json!({"country": "US", "currency": "USD", "value": 0}));
        }
        ["from", at] => set("purchased_at", time(at).into()),
        ["until", at] => set("expires_at", time(at).into()),
        ["first", "bought", at] => set("originally_purchased_at", time(at).into()),
        ["cancelled"] => set("renew_status", false.into()),
        ["cancelled", at] => {
            set("renew_status", false.into());
            set("renew_status_changed_at", time(at).into());
        }
        ["renewing", at] => {
            set("renew_status", true.into());
            set("renew_status_changed_at", time(at).into());
        }
        ["unpaid", "since", at] => set("billing_issue_detected_at", time(at).into()),
        ["grace", "until", at] => set("grace_period_expires_at", time(at).into()),
        ["paid"] => {
            set("billing_issue_detected_at", Value::Null);
            set("grace_period_expires_at", Value::Null);
        }
        ["refunded", at] => {
            set("refunded_at", time(at).into());
            set("cancellation_reason", "refund".into());
        }
        ["not", "refunded"] => {
            set("refunded_at", Value::Null);
            set("cancellation_reason", Value::Null);
        }
        ["because", reason] => set("cancellation_reason", reason.into()),
        [value, currency] => {
            let value: f64 = value.parse().ok()?;
            set(
                "price",
                json!({"country": "US", "currency": currency, "value": value}),
            );
        }
        _ => return None,
    }
    Some(())
}

/// The form of the wire.
fn time(short: &str) -> String {
    if short.contains('T') {
        format!("{short}Z")
    } else {
        format!("{short}T00:00:00Z")
    }
}
