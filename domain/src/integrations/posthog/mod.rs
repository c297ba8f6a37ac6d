//! PostHog: each event as `POST /batch/`, in the cloud or on a server of the owner's own. Merges events of one `uuid`,
//! name, user and time.
//!
//! Sources: <https://posthog.com/docs/api/capture>, the source of its capture service, and the official Python and Node
//! SDKs, read 2026-11.

mod answers;
mod event;
mod requests;

use super::contract::schedule::USUAL;
use super::settings::secret::any_text;
use super::settings::{event_names, shared, url};
use super::{
    Integration, Kind, Limits, Occasion, Part, Probe, Problem, Record, Setting, Settings, Skip,
    all_but_levels,
};
use crate::app::AppSettings;
use crate::purchases::transaction::Environment;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "posthog",
    title: "PostHog",
    docs: "https://posthog.com/docs/api/capture",
    settings: SETTINGS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        // As much as the vendor's own libraries send at once; 20 MB would be taken.
        events_per_request: 100,
        request_bytes: Some(5_000_000),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[Part {
        apart: Some(requests::is_historical),
        ..Part::WHOLE
    }],
    check,
    encode,
    request: requests::request,
    judge: answers::judge,
    probe: Probe::MarkedEvent,
};

const IDENTIFIERS: &[&str; 1] = &["posthog_distinct_user_id"];

const KEY: Kind = Kind::Secret(key_problem);

const SETTINGS: &[Setting] = &[
    Setting::new("api_key", KEY, "The key of the project, which begins with phc_."),
    Setting::new(
        "sandbox_api_key",
        KEY,
        "The key of another project for test purchases. Without it they go to the same one.",
    ),
    Setting::new(
        "deployment",
        Kind::Choice(&["us", "eu", "custom"]),
        "Where PostHog runs: in one of its clouds, or at instance_url.",
    ),
    Setting::new(
        "instance_url",
        Kind::Url(url::base_problem),
        "The address of a PostHog of your own, or of a proxy. Needed if deployment is custom.",
    ),
    shared::EVENTS,
    shared::EVENT_NAMES,
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    Setting::new(
        "send_user_attributes",
        Kind::Switch(true),
        "Set e-mail address, names, birthday, gender and system on the person.",
    ),
    shared::exclude_historical_events(true),
    shared::WAIT_FOR_IDENTIFIER,
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

fn key_problem(text: &str) -> Option<&'static str> {
    if text.starts_with("phx_") {
        return Some("must be the key of a project (phc_…): PostHog takes no events with a personal one");
    }
    any_text(text)
}

fn check(settings: &Settings, _: &AppSettings) -> Vec<Problem> {
    let is_set = |path: &str| settings.text(path).is_some();
    let is_custom = settings.text("deployment") == Some("custom");
    let mut problems = Vec::new();
    if !is_set("api_key") {
        let problem = Problem::new("api_key", "is not set, so events are skipped");
        problems.push(problem.stopping_if(!is_set("sandbox_api_key")));
    }
    let of_address = match (is_custom, is_set("instance_url")) {
        (true, false) => Some(Problem::stopping(
            "instance_url",
            "is not set, so every event is skipped",
        )),
        (false, true) => Some(Problem::new(
            "instance_url",
            "is not used, because deployment is not custom",
        )),
        _ => None,
    };
    problems.extend(of_address);
    let why = "begins with $, as PostHog's own events do: it is not sent";
    problems.extend(event_names::bad(settings, "event_names", is_reserved, why));
    problems
}

/// Is this a name of the third party's own? Some of its events have effects, such as `$identify`.
fn is_reserved(name: &str) -> bool {
    name.starts_with('$')
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let key = key(occasion)?;
    if is_reserved(occasion.event_name()) {
        return Err(Skip::Other("invalid_name"));
    }
    Ok(Record {
        route: key.to_owned(),
        body: event::event(occasion)?,
    })
}

/// The name of the setting with the key.
fn key(occasion: &Occasion<'_>) -> Result<&'static str, Skip> {
    let settings = occasion.settings;
    let is_set = |setting: &str| settings.text(setting).is_some();
    let is_sandbox = occasion.event.environment() == Environment::Sandbox;
    let has_sandbox = is_sandbox && is_set("sandbox_api_key");
    let key = if has_sandbox { "sandbox_api_key" } else { "api_key" };
    settings.require(key)?;
    if settings.text("deployment") == Some("custom") {
        settings.require("instance_url")?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::integrations::samples::Case;

    fn case(settings: Value) -> Case {
        Case {
            settings,
            ..Case::of(&INTEGRATION)
        }
    }

    fn skipped(settings: Value, environment: &str) -> Option<Skip> {
        case(settings).with("environment", environment).record().err()
    }

    #[test]
    fn test_purchases_have_a_key_of_their_own_if_one_is_set() {
        let key_of = |settings: Value, environment: &str| {
            let case = case(settings).with("environment", environment);
            case.body()["api_key"].clone()
        };
        let both = json!({"api_key": "phc_a", "sandbox_api_key": "phc_b"});
        assert_eq!(key_of(both.clone(), "Sandbox"), "phc_b");
        assert_eq!(key_of(both, "Production"), "phc_a");
        assert_eq!(key_of(json!({"api_key": "phc_a"}), "Sandbox"), "phc_a");
    }

    #[test]
    fn without_a_key_or_an_address_nothing_is_sent() {
        let missing = |setting: &str| Some(Skip::MissingCredentials(setting.into()));
        assert_eq!(skipped(json!({}), "Production"), missing("api_key"));
        assert_eq!(skipped(json!({}), "Sandbox"), missing("api_key"));
        let sandbox = json!({"sandbox_api_key": "phc_b"});
        assert_eq!(skipped(sandbox, "Production"), missing("api_key"));
        let homeless = json!({"api_key": "phc_a", "deployment": "custom"});
        assert_eq!(skipped(homeless, "Production"), missing("instance_url"));
    }

    #[test]
    fn a_personal_key_is_refused() {
        for setting in ["api_key", "sandbox_api_key"] {
            let said = json!({ setting: "phx_1" });
            let read = Settings::read(SETTINGS, said.as_object().unwrap(), &Settings::defaults(SETTINGS));
            assert_eq!(read.err().unwrap()[0].field, setting);
        }
    }

    #[test]
    fn names_with_effects_are_not_sent() {
        let said = json!({"api_key": "phc_a", "event_names": {"subscription_renewed": "$identify"}});
        let invalid = Some(Skip::Other("invalid_name"));
        assert_eq!(skipped(said, "Production"), invalid);
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let fields = |said: Value| case(said).problems();
        assert_eq!(fields(json!({})), ["api_key"]);
        let is_stopped = |said: Value| case(said).is_stopped();
        assert!(is_stopped(json!({})) && !is_stopped(json!({"sandbox_api_key": "phc_b"})));
        let custom = json!({"api_key": "phc_a", "deployment": "custom"});
        assert_eq!(fields(custom), ["instance_url"]);
        let unused = json!({"api_key": "phc_a", "instance_url": "https://ph.example"});
        assert_eq!(fields(unused), ["instance_url"]);
        let named = json!({"api_key": "phc_a", "event_names": {"trial_started": "$x"}});
        assert_eq!(fields(named), ["event_names.trial_started"]);
    }
}
