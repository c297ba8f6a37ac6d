//! What events are called in Google Analytics.
//!
//! Sources: <https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference> and
//! <https://firebase.google.com/docs/reference/android/com/google/firebase/analytics/FirebaseAnalytics.Event>, read 2026-11.

use crate::events::EventKind;

/// Longer names are refused.
const MAX_NAME: usize = 40;

const RESERVED_BEGINNINGS: [&str; 4] = ["_", "firebase_", "google_", "ga_"];

/// Names of apps' own events: Google drops events of ours that have them.
const RESERVED: [&str; 30] = [
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_query",
    "ad_reward",
    "adunit_exposure",
    "app_background",
    "app_clear_data",
    "app_exception",
    "app_remove",
    "app_store_refund",
    "app_store_subscription_cancel",
    "app_store_subscription_convert",
    "app_store_subscription_renew",
    "app_update",
    "app_upgrade",
    "dynamic_link_app_open",
    "dynamic_link_app_update",
    "dynamic_link_first_open",
    "error",
    "first_open",
    "first_visit",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "os_update",
    "session_start",
    "session_start_with_rollout",
    "user_engagement",
];

/// The name of an event if nobody says one: Google's own for money that comes and goes, ours for the rest.
pub fn default(event: EventKind) -> &'static str {
    match event {
        EventKind::SubscriptionStarted
        | EventKind::SubscriptionRenewed
        | EventKind::TrialConverted
        | EventKind::NonSubscriptionPurchase => "purchase",
        EventKind::SubscriptionRefunded | EventKind::NonSubscriptionPurchaseRefunded => "refund",
        _ => event.as_str(),
    }
}

/// Does Google take events of this name? It answers 204 to others too, and drops them.
pub fn is_valid(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && name.len() <= MAX_NAME
        && name.bytes().all(is_plain)
        && !RESERVED_BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning))
        && !RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_and_malformed_names_are_known() {
        for name in [
            "purchase",
            "trial_started",
            "A1",
            "errors",
            "gaming",
            "a".repeat(40).as_str(),
        ] {
            assert!(is_valid(name), "{name}");
        }
        for name in [
            "",
            "1a",
            "_a",
            "a-b",
            "a b",
            "é",
            "error",
            "first_open",
            "session_start_with_rollout",
            "firebase_x",
            "google_x",
            "ga_x",
            "a".repeat(41).as_str(),
        ] {
            assert!(!is_valid(name), "{name}");
        }
        assert!(EventKind::ALL.iter().all(|event| is_valid(default(*event))));
    }
}
