//! Mixpanel: events as `POST /import` (or each as `/track`), and what it changes on the user's profile as `POST /engage`.
//! Tells repeats by `$insert_id` together with name, time and user.
//!
//! Sources: <https://developer.mixpanel.com/reference/import-events>, <https://developer.mixpanel.com/reference/track-event>,
//! <https://developer.mixpanel.com/reference/profile-set> and the official Python and Node SDKs, read 2026-11.

mod answers;
mod event;
mod profile;
mod requests;

use super::contract::occasion::is_money;
use super::contract::schedule::USUAL;
use super::settings::problems::waits_too_long;
use super::settings::{missing, residency, shared};
use super::{
    Integration, Kind, Limits, Occasion, Part, Pick, Probe, Problem, Record, Setting, Settings, Skip,
    all_but_levels,
};
use crate::app::AppSettings;
use crate::events::EventKind;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "mixpanel",
    title: "Mixpanel",
    docs: "https://developer.mixpanel.com/reference/import-events",
    settings: SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        // It would take 2,000; but a request that fails takes all of its events with it, and more gain little.
        events_per_request: 100,
        // Of one event, and of one update of a profile. Several events may have twice that.
        request_bytes: Some(1_000_000),
        requests_per_second: Some(30_000),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[
        Part {
            alone: Some(uses_track),
            ..Part::named(EVENT)
        },
        Part {
            pick: Pick::Last,
            alone: Some(|_| true),
            ..Part::named(PROFILE)
        },
        Part {
            wanted: Some(wants_transactions),
            alone: Some(|_| true),
            ..Part::named(TRANSACTION)
        },
    ],
    check,
    encode,
    request: requests::request,
    judge: answers::judge,
    probe: Probe::MarkedEvent,
};

/// The event itself.
const EVENT: &str = "event";
/// The state of the user's profile. May be repeated without harm; only the latest is of use.
const PROFILE: &str = "profile";
/// An amount added to the list on the user's profile. Counts twice if it arrives twice.
const TRANSACTION: &str = "transaction";

const IDENTIFIERS: &[&str; 1] = &["mixpanel_user_id"];

const SETTINGS: &[Setting] = &[
    shared::key("tokens.production.ios", "For the App Store."),
    shared::key("tokens.production.android", "For Google Play."),
    shared::key("tokens.production.stripe", "For Stripe."),
    shared::key("tokens.production.paddle", "For Paddle."),
    shared::key("tokens.production.*", "For a store of your own, by its name."),
    shared::key("tokens.sandbox.ios", "For test purchases of the App Store."),
    shared::key("tokens.sandbox.android", "For test purchases of Google Play."),
    shared::key("tokens.sandbox.stripe", "For test purchases of Stripe."),
    shared::key("tokens.sandbox.paddle", "For test purchases of Paddle."),
    shared::key("tokens.sandbox.*", "For test purchases of a store of your own."),
    Setting::new(
        "data_residency",
        Kind::Choice(&["us", "eu", "in"]),
        "Where the Mixpanel project is.",
    ),
    Setting::new(
        "ingestion",
        Kind::Choice(&["import", "track"]),
        "Which call carries events: /import takes events of any age, /track those of the last five days.",
    ),
    Setting::new(
        "profile_revenue",
        Kind::Choice(&["total", "transactions", "off"]),
        "How money shows on the user's profile: what the customer has paid so far, each amount apart, or not at all.",
    ),
    shared::EVENTS,
    shared::EVENT_NAMES,
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    shared::SEND_USER_ATTRIBUTES,
    shared::exclude_historical_events(true),
    shared::WAIT_FOR_IDENTIFIER,
    shared::ordered_but(
        "Send a profile's events one after the other, also over retries. The user's profile, of which the newest alone goes out, is so in any case.",
    ),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

/// Where projects are.
const HOSTS: &residency::Hosts = &[
    ("us", "https://api.mixpanel.com"),
    ("eu", "https://api-eu.mixpanel.com"),
    ("in", "https://api-in.mixpanel.com"),
];

/// Ids that it refuses, in any case of letters.
const INVALID_IDS: [&str; 18] = [
    "",
    "00000000-0000-0000-0000-000000000000",
    "anon",
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "<nil>",
    "0",
    "-1",
    "true",
    "false",
    "[]",
    "{}",
];

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let mut problems = missing::on_platforms(settings, app, "tokens");
    problems.extend(residency::problem(settings, HOSTS));
    if uses_track(settings) {
        problems.extend(waits_too_long(settings, event::OLDEST_TRACKED_SECONDS));
    }
    problems
}

fn wants_transactions(settings: &Settings, event: EventKind) -> bool {
    settings.text("profile_revenue") == Some("transactions") && is_money(event, settings)
}

fn uses_track(settings: &Settings) -> bool {
    settings.text("ingestion") == Some("track")
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let route = occasion.key_by_store("tokens")?;
    let id = occasion.distinct_id(IDENTIFIERS, is_valid)?;
    let body = match occasion.part {
        PROFILE => profile::state(occasion, &id),
        TRANSACTION => profile::transaction(occasion, &id)?,
        _ => event::event(occasion, &id)?,
    };
    Ok(Record { route, body })
}

fn is_valid(id: &str) -> bool {
    !INVALID_IDS.iter().any(|invalid| invalid.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::integrations::samples::{Case, PROFILE_ID};

    fn case() -> Case {
        Case {
            settings: json!({"tokens": {"production": {"ios": "t"}}}),
            customer_user_id: None,
            ..Case::of(&INTEGRATION)
        }
    }

    fn id_of(case: &Case) -> String {
        let body = case.body();
        body[0]["properties"]["distinct_id"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_best_id_that_is_no_mistake_is_the_users() {
        for (own, customer, expected) in [
            ("mp-1", "cust-7781", "mp-1"),
            ("Anonymous", "cust-7781", "cust-7781"),
            ("-1", "NULL", PROFILE_ID),
        ] {
            let case = Case {
                identifiers: json!({"mixpanel_user_id": own}),
                customer_user_id: Some(customer),
                ..case()
            };
            assert_eq!(id_of(&case), expected, "{own} {customer}");
        }
        assert_eq!(id_of(&case()), PROFILE_ID);
    }

    #[test]
    fn all_calls_of_an_event_name_the_same_user() {
        for part in [PROFILE, TRANSACTION] {
            let case = Case {
                part,
                customer_user_id: Some("cust-7781"),
                ..case()
            };
            assert_eq!(case.body()[0]["$distinct_id"], "cust-7781", "{part}");
        }
    }

    #[test]
    fn a_store_without_a_token_of_its_environment_is_skipped() {
        for (store, environment, setting) in [
            ("play_store", "Production", "tokens.production.android"),
            ("app_store", "Sandbox", "tokens.sandbox.ios"),
            ("my_store", "Production", "tokens.production.my_store"),
            // A setting can be called so.
            ("acme.web shop", "Production", "tokens.production.acme_web_shop"),
            ("é", "Sandbox", "tokens.sandbox._"),
            // These are the names of the platforms' keys.
            ("ios", "Production", "tokens.production.other_ios"),
            ("android", "Sandbox", "tokens.sandbox.other_android"),
        ] {
            let case = case().with("store", store).with("environment", environment);
            assert_eq!(case.record(), Err(Skip::MissingCredentials(setting.into())));
        }
    }

    #[test]
    fn a_store_of_any_name_can_have_a_token() {
        let longest = "x".repeat(255);
        for (store, name) in [
            ("acme.web shop", "acme_web_shop"),
            ("ios", "other_ios"),
            (&longest, &longest[..64]),
        ] {
            let mut case = case().with("store", store);
            case.settings["tokens"]["production"][name] = "of-the-store".into();
            assert_eq!(case.record().unwrap().route, format!("tokens.production.{name}"));
        }
    }

    #[test]
    fn an_event_goes_where_the_project_is() {
        for (residency, host) in [
            ("us", "https://api.mixpanel.com/"),
            ("eu", "https://api-eu.mixpanel.com/"),
            ("in", "https://api-in.mixpanel.com/"),
        ] {
            let mut case = case();
            case.settings["data_residency"] = residency.into();
            assert!(case.request().url.starts_with(host), "{residency}");
        }
    }

    #[test]
    fn a_residency_that_does_not_count_is_told_of() {
        let problems = |base: &str| {
            let mut case = case();
            case.settings["data_residency"] = "in".into();
            case.settings["base_url"] = base.into();
            let told = case.problems().into_iter();
            told.filter(|field| field == "data_residency").count()
        };
        assert_eq!(problems("https://api-eu.mixpanel.com"), 1);
        assert_eq!(problems("https://proxy.example"), 1);
        assert_eq!(problems("https://api-in.mixpanel.com"), 0);
    }

    #[test]
    fn an_amount_is_added_for_events_that_are_money_alone() {
        let mut case = case();
        let is_wanted = |case: &Case, event| {
            let part = INTEGRATION.parts.iter().find(|part| part.name == TRANSACTION);
            part.unwrap().is_wanted(&case.settings(), event)
        };
        assert!(!is_wanted(&case, EventKind::SubscriptionRenewed));
        case.settings["profile_revenue"] = "transactions".into();
        for event in [EventKind::SubscriptionRenewed, EventKind::SubscriptionRefunded] {
            assert!(is_wanted(&case, event), "{event:?}");
        }
        for event in [EventKind::SubscriptionExpired, EventKind::TrialStarted] {
            assert!(!is_wanted(&case, event), "{event:?}");
        }
        case.settings["send_trial_price"] = true.into();
        assert!(is_wanted(&case, EventKind::TrialStarted));
    }

    #[test]
    fn waiting_for_longer_than_events_are_taken_is_told_of() {
        let is_told = |ingestion: &str, seconds: u32| {
            let mut case = case();
            case.settings["ingestion"] = ingestion.into();
            case.settings["wait_for_identifier"] = seconds.into();
            assert!(!case.is_stopped());
            case.problems().contains(&"wait_for_identifier".to_owned())
        };
        assert!(is_told("track", 432_000) && !is_told("track", 431_999));
        assert!(!is_told("import", 2_592_000));
    }

    #[test]
    fn requests_are_shared_where_answers_tell_events_apart() {
        let most = |settings: serde_json::Value| -> Vec<usize> {
            let case = Case { settings, ..case() };
            let parts = INTEGRATION.parts.iter();
            parts
                .map(|part| part.most_records(&case.settings(), &INTEGRATION.limits))
                .collect()
        };
        assert_eq!(most(json!({})), [100, 1, 1]);
        assert_eq!(most(json!({"ingestion": "track"})), [1, 1, 1]);
    }

    #[test]
    fn transactions_are_a_call_only_where_they_are_asked_for() {
        for (said, wanted) in [("total", false), ("off", false), ("transactions", true)] {
            let case = Case {
                settings: json!({"profile_revenue": said}),
                ..case()
            };
            let is_wanted = INTEGRATION.parts[2].is_wanted(&case.settings(), case.kind);
            assert_eq!(is_wanted, wanted, "{said}");
        }
    }
}
