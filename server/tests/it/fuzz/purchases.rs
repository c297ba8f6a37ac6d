//! Bodies of purchases that are right, or nearly so: few chains, many states, every date near another one.

use serde_json::{Value, json};

use super::bodies::anything;
use crate::support::purchases::{numbered, one_time, subscription, with};
use crate::support::random::Random;
use crate::support::server::{GRANT, REVOKE, TRANSACTION};

/// A body for the route, if it is one of purchases.
pub fn near(random: &mut Random, strings: &[String], path: &str) -> Option<Value> {
    let mut body = match path {
        TRANSACTION => transaction(random),
        GRANT => with(
            json!({"access_level_id": "premium"}),
            json!({"starts_at": maybe(random), "expires_at": maybe(random)}),
        ),
        REVOKE => with(
            json!({"access_level_id": "premium"}),
            json!({"revoke_at": maybe(random)}),
        ),
        _ => return None,
    };
    if random.in_hundred(25) {
        let names: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        let name = random.pick(&names);
        body[name] = match random.in_hundred(50) {
            true => json!(random.pick(strings)),
            false => anything(random, strings, 0),
        };
    }
    Some(body)
}

fn transaction(random: &mut Random) -> Value {
    let id = format!("t{}", random.below(12));
    let mut body = if random.in_hundred(30) {
        numbered(one_time(), &id)
    } else {
        period(random, &id)
    };
    let price = json!({
        "country": random.pick(&["US", "de"]), "currency": random.pick(&["USD", "EUR", "jpy"]),
        "value": random.pick(&[json!(0), json!(9.99), json!(0.1), json!(999_999_999_999_999_u64)]),
    });
    body["store"] = json!(random.pick(&["app_store", "play_store", "stripe", "paddle"]));
    for (name, value) in [
        ("price", price),
        ("environment", json!("Sandbox")),
        ("is_family_shared", json!(true)),
        ("variation_id", json!("v")),
        ("offer", offer(random)),
        ("cancellation_reason", reason(random)),
    ] {
        if random.in_hundred(15) {
            body[name] = value;
        }
    }
    if random.in_hundred(10) {
        body = with(
            body,
            json!({"refunded_at": time(random), "cancellation_reason": "refund"}),
        );
    }
    body
}

/// A period of one of a few chains.
fn period(random: &mut Random, id: &str) -> Value {
    let start = random.below(400);
    let end = start + 1 + random.below(60);
    let chain = format!("t{}", random.below(12));
    let mut body = with(
        numbered(subscription(), id),
        json!({
            "store_original_transaction_id": if random.in_hundred(30) { id } else { &chain },
            "originally_purchased_at": day(start - random.below(start + 1)),
            "purchased_at": day(start), "expires_at": day(end), "renew_status": random.in_hundred(60),
        }),
    );
    for (name, value) in [
        ("renew_status_changed_at", json!(day(start + random.below(30)))),
        ("billing_issue_detected_at", json!(day(start + random.below(60)))),
        ("grace_period_expires_at", json!(day(end + random.below(16)))),
        ("expires_at", Value::Null),
        ("expires_at", time(random)),
    ] {
        if random.in_hundred(15) {
            body[name] = value;
        }
    }
    body
}

fn offer(random: &mut Random) -> Value {
    json!({
        "category": random.pick(&["introductory", "promotional", "win_back"]),
        "type": random.pick(&["free_trial", "pay_up_front", "unknown"]),
        "id": random.pick(&[Value::Null, json!("o")]),
    })
}

fn reason(random: &mut Random) -> Value {
    json!(random.pick(&[
        "voluntarily_cancelled",
        "upgraded",
        "billing_error",
        "adapty_revoked"
    ]))
}

fn maybe(random: &mut Random) -> Value {
    if random.in_hundred(40) {
        Value::Null
    } else {
        time(random)
    }
}

/// Some day, at times at the ends of the calendar.
fn time(random: &mut Random) -> Value {
    match random.below(20) {
        0 => json!("9999-12-31T23:59:59.999999Z"),
        1 => json!("0001-01-01T00:00:00Z"),
        _ => json!(day(random.below(700))),
    }
}

/// A day, counted from the middle of 2025.
fn day(number: usize) -> String {
    let (month, day) = (number / 28, number % 28 + 1);
    let (year, month) = (2025 + (month + 6) / 12, (month + 6) % 12 + 1);
    format!("{year}-{month:02}-{day:02}T00:00:00Z")
}
