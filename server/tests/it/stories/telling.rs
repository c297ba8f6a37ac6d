//! How results are told.
//!
//! `→` is an answer: its status, then of a profile every access level and the revenue. `·` is an event: whose, which,
//! when, of which transaction. Properties that an event has not are left out, `null` ones are told.

use serde_json::{Map, Value};

use super::super::support::server::Answer;

/// Properties of events, and how they are called here.
const PROPERTIES: [(&str, &str); 6] = [
    ("price_usd", "price"),
    ("proceeds_usd", "proceeds"),
    ("profile_total_revenue_usd", "revenue"),
    ("consecutive_payments", "payments"),
    ("trial_duration", "trial"),
    ("cancellation_reason", "reason"),
];

/// The lines that tell an answer; `now` is the time in the form of the wire.
pub fn answer(answer: &Answer, now: &str) -> Vec<String> {
    if answer.status == 204 {
        return vec!["→ 204".into()];
    }
    let body = answer.json();
    if answer.status != 200 {
        return vec![format!(
            "→ {} {} ({})",
            answer.status,
            plain(&body["error_code"]),
            plain(&body["errors"][0]["source"])
        )];
    }
    let profile = &body["data"];
    let levels = profile["access_levels"].as_array().unwrap();
    let mut told: Vec<_> = levels.iter().map(|level| access(level, now)).collect();
    if told.is_empty() {
        told.push("no access".into());
    }
    told.push(format!("revenue {}", profile["total_revenue_usd"]));
    let mut lines = vec![format!("→ 200, {}", told.join(", "))];
    for subscription in profile["subscriptions"].as_array().unwrap() {
        lines.push(format!("  subscription {}", entry(subscription)));
    }
    for purchase in profile["non_subscriptions"].as_array().unwrap() {
        let mut words = format!(
            "  purchase {} {}",
            plain(&purchase["store_product_id"]),
            plain(&purchase["store_transaction_id"])
        );
        for flag in ["is_consumable", "is_refund"] {
            if purchase[flag] == true {
                words.push_str(&format!(" {flag}"));
            }
        }
        lines.push(words);
    }
    lines
}

fn access(level: &Value, now: &str) -> String {
    let now = shortened(now);
    let (start, end) = (&level["starts_at"], &level["expires_at"]);
    let id = plain(&level["access_level_id"]);
    let begins_later = start.as_str().is_some_and(|start| *shortened(start) > *now);
    let is_over = end.as_str().is_some_and(|end| *shortened(end) <= *now);
    match (begins_later, is_over) {
        (_, true) => format!("{id} ended {}", plain(end)),
        (true, _) => format!("{id} from {} until {}", plain(start), plain(end)),
        (false, false) if end.is_null() => format!("{id} for ever"),
        (false, false) => format!("{id} until {}", plain(end)),
    }
}

fn entry(subscription: &Value) -> String {
    let mut words = format!(
        "{} {} until {}",
        plain(&subscription["store_product_id"]),
        plain(&subscription["store_transaction_id"]),
        plain(&subscription["expires_at"])
    );
    for (key, word) in [
        ("renewal_cancelled_at", "cancelled"),
        ("billing_issue_detected_at", "unpaid since"),
        ("cancellation_reason", "because"),
    ] {
        if !subscription[key].is_null() {
            words.push_str(&format!(", {word} {}", plain(&subscription[key])));
        }
    }
    if subscription["is_in_grace_period"] == true {
        words.push_str(", in grace");
    }
    words
}

/// The line that tells an entry of the feed.
pub fn event(event: &Value, whose: &str, name: &dyn Fn(&Value) -> String) -> String {
    let payload = &event["payload"];
    let properties = payload["event_properties"].as_object().unwrap();
    let kind = plain(&payload["event_type"]);
    let about = if event["event_type"] == "access_level_updated" {
        level(properties)
    } else {
        fact(properties)
    };
    let at = plain(&payload["event_datetime"]);
    let made = plain(&event["created_at"]);
    let late = if at == made {
        String::new()
    } else {
        format!(" (told {made})")
    };
    let sharing = match payload["profiles_sharing_access_level"].as_array() {
        None => String::new(),
        Some(others) => {
            let mut names: Vec<_> = others.iter().map(|other| name(&other["profile_id"])).collect();
            names.sort();
            format!(", with {}", names.join(" and "))
        }
    };
    format!("· {whose} {kind} {at}{late}: {about}{sharing}")
}

fn fact(properties: &Map<String, Value>) -> String {
    let mut words = format!(
        "{} {} until {}",
        plain(&properties["vendor_product_id"]),
        plain(&properties["transaction_id"]),
        plain(&properties["subscription_expires_at"])
    );
    for (key, word) in PROPERTIES {
        if let Some(value) = properties.get(key) {
            words.push_str(&format!(", {word} {}", plain(value)));
        }
    }
    words
}

fn level(properties: &Map<String, Value>) -> String {
    let state = if properties["is_active"] == true {
        "active"
    } else {
        "inactive"
    };
    let is_grant = properties["store"] == "adapty";
    let source = if is_grant {
        "granted".to_owned()
    } else {
        let product = plain(&properties["vendor_product_id"]);
        format!("{product} {}", plain(&properties["transaction_id"]))
    };
    let mut words = format!("{} {state}, {source}", plain(&properties["access_level_id"]));
    if !properties["starts_at"].is_null() {
        words.push_str(&format!(", from {}", plain(&properties["starts_at"])));
    }
    words.push_str(&format!(
        ", until {}, will_renew {}, reason {}",
        plain(&properties["expires_at"]),
        properties["will_renew"],
        plain(&properties["cancellation_reason"])
    ));
    for flag in ["is_lifetime", "is_in_grace_period", "is_refund"] {
        if properties[flag] == true {
            words.push_str(&format!(", {flag}"));
        }
    }
    words
}

/// A value without quotes; times without what all of them end in.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text).to_owned(),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> &str {
    let ends = [".000000+0000", "+00:00", "Z"];
    let text = ends.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    text.strip_suffix("T00:00:00").unwrap_or(text)
}
