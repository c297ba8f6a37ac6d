//! Facebook Ads (Meta): an event as a form to the App Events API, or, where the owner has a dataset, as JSON to the
//! Conversions API. The first tells no repeats; the second tells them by `event_id` for 48 hours.
//!
//! Sources: <https://developers.facebook.com/docs/marketing-api/app-event-api>,
//! <https://developers.facebook.com/docs/marketing-api/conversions-api/app-events>, read 2026-11.

mod answers;
mod app_events;
mod conversions;
mod device;
mod settings;
mod user_data;

use self::device::Identity;
use super::contract::schedule::USUAL;
use super::settings::problems::waits_too_long;
use super::{
    Customer, Integration, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending, Settings, Skip,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::purchases::transaction::Environment;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "facebook_ads",
    title: "Facebook Ads",
    docs: "https://developers.facebook.com/docs/marketing-api/app-event-api",
    settings: settings::SETTINGS,
    identifiers: &["facebook_anonymous_id"],
    limits: Limits::NONE,
    schedule: &USUAL,
    takes: |event| name(event).is_some(),
    parts: &[Part {
        needs: Some(needed),
        hides: Some(hashes),
        ..Part::WHOLE
    }],
    check,
    encode,
    request,
    judge: answers::judge,
    probe: Probe::MarkedEvent,
};

const APP: &str = "facebook_app_id";
const SANDBOX_APP: &str = "sandbox_facebook_app_id";
const DATASET: &str = "conversions_api.dataset_id";
const TOKEN: &str = "conversions_api.access_token";
const TEST_CODE: &str = "conversions_api.test_event_code";

/// The version of the Graph API that this was written for.
const VERSION: &str = "v25.0";

/// What Meta calls an event. The names are fixed: its campaigns are built on them. Refunds have none, because Meta takes
/// no negative values.
fn name(event: EventKind) -> Option<&'static str> {
    Some(match event {
        EventKind::SubscriptionStarted | EventKind::SubscriptionRenewed | EventKind::TrialConverted => {
            "Subscribe"
        }
        EventKind::TrialStarted => "StartTrial",
        EventKind::NonSubscriptionPurchase => "fb_mobile_purchase",
        EventKind::SubscriptionExpired => "CancelSubscription",
        EventKind::TrialExpired => "CancelTrial",
        EventKind::TrialRenewalCancelled => "auto_renew_off",
        EventKind::TrialRenewalReactivated => "auto_renew_on",
        EventKind::SubscriptionRenewalCancelled => "auto_renew_off_subscription",
        EventKind::SubscriptionRenewalReactivated => "auto_renew_on_subscription",
        EventKind::BillingIssueDetected
        | EventKind::EnteredGracePeriod
        | EventKind::TrialActive
        | EventKind::SubscriptionActive => event.as_str(),
        EventKind::SubscriptionPaused
        | EventKind::SubscriptionDeferred
        | EventKind::SubscriptionRefunded
        | EventKind::NonSubscriptionPurchaseRefunded
        | EventKind::AccessLevelUpdated => return None,
    })
}

/// How an event reaches Meta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// App Events, for the app of this setting.
    App(&'static str),
    /// The Conversions API; is the event marked as a test?
    Conversions { is_test: bool },
}

/// Events about test purchases never mix with real ones: they need an app or a test code of their own.
fn way(occasion: &Occasion<'_>) -> Result<Way, Skip> {
    let settings = occasion.settings;
    let is_set = |setting| settings.text(setting).is_some();
    let is_test = occasion.event.environment() == Environment::Sandbox;
    let way = if is_set(DATASET) && (!is_test || is_set(TEST_CODE)) {
        Way::Conversions { is_test }
    } else {
        Way::App(if is_test { SANDBOX_APP } else { APP })
    };
    settings.require(match way {
        Way::App(setting) => setting,
        Way::Conversions { .. } => TOKEN,
    })?;
    Ok(way)
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let name = name(occasion.kind()).ok_or(Skip::EventUnsupported)?;
    match way(occasion)? {
        Way::App(app) => {
            let identity = Identity::of(occasion)?;
            Ok(app_events::record(occasion, name, &identity, app))
        }
        Way::Conversions { is_test } => conversions::record(occasion, name, is_test),
    }
}

/// The settings without which a route leads nowhere, or among the real events.
fn needed(route: &str) -> Vec<&str> {
    if route.starts_with(conversions::ROUTE) {
        conversions::needed(route)
    } else {
        app_events::needed(route)
    }
}

/// What is told of the customer hashed.
fn hashes(settings: &Settings, customer: &Customer<'_>) -> Vec<String> {
    let is_told = settings.is("send_hashed_user_data");
    let known = is_told.then(|| user_data::known(customer)).into_iter().flatten();
    known.map(|(_, hash)| hash).collect()
}

fn request(sending: &Sending<'_>) -> Request {
    if sending.records[0].route.starts_with(conversions::ROUTE) {
        conversions::request(sending)
    } else {
        app_events::request(sending)
    }
}

/// An address below an app or a dataset.
fn address(settings: &Settings, owner: &str, call: &str) -> String {
    let version = settings.text("graph_version").unwrap_or(VERSION);
    let owner = settings.text(owner).unwrap_or_default();
    settings.address(
        "https://graph.facebook.com",
        &format!("/{version}/{owner}/{call}"),
    )
}

fn check(settings: &Settings, _: &AppSettings) -> Vec<Problem> {
    let is_set = |setting: &str| settings.text(setting).is_some();
    let mut problems = Vec::new();
    if !is_set(APP) && !is_set(DATASET) {
        problems.push(if is_set(SANDBOX_APP) {
            Problem::new(APP, "is not set, so every event about a real purchase is skipped")
        } else {
            Problem::stopping(APP, "is not set, so every event is skipped")
        });
    }
    // Where there is a dataset, all other events go there.
    let is_sandbox_apart = is_set(SANDBOX_APP) && !is_set(TEST_CODE);
    for (setting, needed) in [
        (DATASET, TOKEN),
        (TOKEN, DATASET),
        (TEST_CODE, DATASET),
        ("client_token", APP),
        ("sandbox_client_token", SANDBOX_APP),
    ] {
        if is_set(setting) && !is_set(needed) {
            let problem = Problem::new(needed, format!("is not set, but {setting} needs it"));
            problems.push(problem.stopping_if(needed == TOKEN && !is_sandbox_apart));
        }
    }
    if is_set(DATASET) {
        problems.extend(waits_too_long(settings, conversions::MAX_AGE_SECONDS));
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::integrations::samples::Case;

    #[test]
    fn test_purchases_need_an_app_or_a_test_code_of_their_own() {
        let sandbox = |settings| {
            let case = Case {
                settings,
                identifiers: json!({"facebook_anonymous_id": "XZ1"}),
                ..Case::of(&INTEGRATION)
            };
            let case = case.with("environment", "Sandbox");
            case.record()?;
            Ok(case
                .request()
                .url
                .replace("https://graph.facebook.com/v25.0/", ""))
        };
        assert_eq!(
            sandbox(json!({"facebook_app_id": "1"})),
            Err(Skip::MissingCredentials(SANDBOX_APP.into()))
        );
        let both = json!({"facebook_app_id": "1", "sandbox_facebook_app_id": "2"});
        assert_eq!(sandbox(both), Ok("2/activities".into()));
        let dataset = json!({"conversions_api": {"dataset_id": "3", "access_token": "t"}});
        assert_eq!(
            sandbox(dataset),
            Err(Skip::MissingCredentials(SANDBOX_APP.into()))
        );
        let code =
            json!({"conversions_api": {"dataset_id": "3", "access_token": "t", "test_event_code": "T"}});
        assert_eq!(sandbox(code), Ok("3/events".into()));
    }

    #[test]
    fn a_dataset_without_a_token_stops_all_but_what_goes_elsewhere() {
        let is_stopped = |settings| Case::under(&INTEGRATION, settings).is_stopped();
        let dataset = json!({"dataset_id": "3"});
        assert!(is_stopped(
            json!({"facebook_app_id": "1", "conversions_api": dataset})
        ));
        assert!(!is_stopped(
            json!({"sandbox_facebook_app_id": "2", "conversions_api": dataset})
        ));
        assert!(is_stopped(
            json!({"sandbox_facebook_app_id": "2", "conversions_api": {"dataset_id": "3", "test_event_code": "T"}})
        ));
        assert!(!is_stopped(
            json!({"conversions_api": {"dataset_id": "3", "access_token": "t"}})
        ));
    }

    #[test]
    fn a_dataset_without_a_token_is_no_way_and_is_told_of() {
        let case = Case {
            settings: json!({"facebook_app_id": "1", "conversions_api": {"dataset_id": "3"}}),
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            ..Case::of(&INTEGRATION)
        };
        assert_eq!(case.record(), Err(Skip::MissingCredentials(TOKEN.into())));
        let fields = |settings| {
            let case = Case {
                settings,
                ..Case::of(&INTEGRATION)
            };
            case.problems()
        };
        assert_eq!(fields(case.settings), [TOKEN]);
        assert_eq!(fields(json!({})), [APP]);
        let dataset_alone = json!({"conversions_api": {"dataset_id": "3", "access_token": "t"}});
        assert!(fields(dataset_alone).is_empty());
        assert!(fields(json!({"facebook_app_id": "1", "client_token": "c"})).is_empty());
        for (setting, needed) in [
            (
                json!({"facebook_app_id": "1", "conversions_api": {"access_token": "t"}}),
                DATASET,
            ),
            (
                json!({"facebook_app_id": "1", "conversions_api": {"test_event_code": "T"}}),
                DATASET,
            ),
            (
                json!({"facebook_app_id": "1", "sandbox_client_token": "c"}),
                SANDBOX_APP,
            ),
        ] {
            assert_eq!(fields(setting), [needed]);
        }
    }

    #[test]
    fn waiting_for_longer_than_the_dataset_takes_events_is_told_of() {
        let is_told = |seconds: u32, dataset: &str| {
            let case = Case {
                settings: json!({"facebook_app_id": "1", "wait_for_identifier": seconds,
                    "conversions_api": {"dataset_id": dataset, "access_token": "t"}}),
                ..Case::of(&INTEGRATION)
            };
            case.problems().contains(&"wait_for_identifier".to_owned())
        };
        assert!(is_told(604_800, "3") && !is_told(604_799, "3"));
        // App Events have no such limit.
        assert!(!is_told(2_592_000, ""));
    }

    #[test]
    fn a_repeat_needs_the_settings_of_the_way_that_was_tried() {
        let of = |settings: &Value| Case {
            settings: settings.clone(),
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            ..Case::of(&INTEGRATION)
        };
        let (app, sandbox) = (
            json!({"facebook_app_id": "1"}),
            json!({"sandbox_facebook_app_id": "2"}),
        );
        let dataset = json!({"conversions_api": {"dataset_id": "3", "access_token": "t"}});
        let mut code = dataset.clone();
        code["conversions_api"]["test_event_code"] = "T".into();
        let no_token = json!({"conversions_api": {"dataset_id": "3"}});
        for (environment, then, now, can_repeat) in [
            ("Production", &app, &app, true),
            ("Production", &app, &dataset, false),
            ("Sandbox", &sandbox, &sandbox, true),
            ("Sandbox", &sandbox, &app, false),
            ("Production", &code, &dataset, true),
            ("Production", &dataset, &no_token, false),
            ("Production", &dataset, &app, false),
            ("Sandbox", &code, &code, true),
            ("Sandbox", &code, &dataset, false),
        ] {
            let tried = of(then).with("environment", environment).record().unwrap();
            let part = INTEGRATION.parts[0];
            let answer = part.can_repeat(&of(now).settings(), &tried.route);
            assert_eq!(answer, can_repeat, "{environment} {then} {now}");
        }
    }

    #[test]
    fn what_is_told_of_the_person_hashed_is_not_kept() {
        let case = |is_told: bool| Case {
            settings: json!({"facebook_app_id": "1", "send_hashed_user_data": is_told,
                "conversions_api": {"dataset_id": "3", "access_token": "t"}}),
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            profile: json!({"att_status": 3, "email": "ada@example.com", "phone_number": "+12025550143"}),
            ..Case::of(&INTEGRATION)
        };
        let hidden = |case: &Case| {
            let (profile, details) = case.customer();
            let customer = Customer::new(&profile, &details, &case.app, case.now);
            INTEGRATION.parts[0].hidden(&case.settings(), &customer)
        };
        let body = case(true).request().body;
        let hashes = hidden(&case(true));
        assert_eq!(hashes.len(), 2);
        assert!(hashes.iter().all(|hash| body.contains(hash)), "{body}");
        assert!(hidden(&case(false)).is_empty());
    }

    #[test]
    fn an_app_for_test_purchases_alone_skips_the_real_ones() {
        let told = |settings| {
            let case = Case {
                settings,
                ..Case::of(&INTEGRATION)
            };
            check(&case.settings(), &case.app).remove(0).detail
        };
        assert_eq!(told(json!({})), "is not set, so every event is skipped");
        assert_eq!(
            told(json!({"sandbox_facebook_app_id": "2"})),
            "is not set, so every event about a real purchase is skipped"
        );
    }

    #[test]
    fn refunds_pauses_and_access_are_not_told() {
        for event in EventKind::ALL {
            let is_told = (INTEGRATION.takes)(*event);
            let untold = event.is_refund()
                || matches!(
                    event,
                    EventKind::SubscriptionPaused
                        | EventKind::SubscriptionDeferred
                        | EventKind::AccessLevelUpdated
                );
            assert_eq!(is_told, !untold, "{event:?}");
        }
    }
}
