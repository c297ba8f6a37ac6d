use serde_json::{Map, Value, json};

use super::*;
use crate::events::EventKind;
use crate::integrations::samples::{answer, sending};
use crate::integrations::settings::MASK;

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn read_after(said: Value, before: &Settings) -> Result<Settings, Vec<Problem>> {
    Settings::read(SETTINGS, &object(said), before)
}

fn read(said: Value) -> Result<Settings, Vec<Problem>> {
    read_after(said, &Settings::defaults(SETTINGS))
}

fn bad_fields(said: Value) -> Vec<String> {
    let problems = read(said).err().unwrap_or_default();
    problems.into_iter().map(|problem| problem.field).collect()
}

/// Every setting with a value that is not its default.
fn everything() -> Value {
    json!({
        "urls": {"production": "https://a.example/", "sandbox": "https://b.example/"},
        "authorizations": {"production": "Bearer p", "sandbox": "Bearer s"},
        "events": {"trial_active": true, "subscription_active": true, "access_level_updated": false},
        "event_names": {"trial_started": "Trial"},
        "synthetic_delay_days": {"trial_active": 1, "subscription_active": 90},
        "send_trial_price": true, "send_user_attributes": true, "send_attribution": true,
        "send_play_store_purchase_token": true, "exclude_historical_events": true,
        "refund_amounts_positive": true, "retry_on": "non_2xx",
        "signing_secret": SIGNING, "signing_secret_previous": SIGNING,
    })
}

#[test]
fn missing_settings_take_their_defaults() {
    let settings = read(json!({})).ok().unwrap();
    assert!(settings == Settings::defaults(SETTINGS));
    for event in EventKind::ALL {
        assert_eq!(settings.sends(*event), !event.is_synthetic(), "{event:?}");
        assert_eq!(settings.event_name(*event), event.as_str());
    }
    assert_eq!(settings.synthetic_delays().count(), 0);
    for switch in ["send_trial_price", "exclude_historical_events", "ordered"] {
        assert!(!settings.is(switch), "{switch}");
    }
    assert_eq!(settings.text("retry_on"), Some("compatible"));
}

#[test]
fn settings_are_found_by_their_paths() {
    let settings = read(everything()).ok().unwrap();
    assert_eq!(settings.text("urls.sandbox"), Some("https://b.example/"));
    assert!(!settings.sends(EventKind::AccessLevelUpdated));
    assert_eq!(settings.event_name(EventKind::TrialStarted), "Trial");
    let delays: Vec<_> = settings.synthetic_delays().collect();
    assert_eq!(
        delays,
        [(EventKind::TrialActive, 1), (EventKind::SubscriptionActive, 90)]
    );
    let unnamed = read(json!({"event_names": {"trial_started": ""}})).ok().unwrap();
    assert!(!unnamed.sends(EventKind::TrialStarted));
}

#[test]
fn a_synthetic_event_that_is_off_has_no_delay() {
    let said = json!({"events": {"trial_active": false}, "synthetic_delay_days": {"trial_active": 3}});
    assert_eq!(read(said).ok().unwrap().synthetic_delays().count(), 0);
}

#[test]
fn a_delay_switches_its_synthetic_event_on() {
    let said = json!({"events": {"trial_started": false}, "synthetic_delay_days": {"trial_active": 3}});
    let settings = read(said).ok().unwrap();
    let delays: Vec<_> = settings.synthetic_delays().collect();
    assert_eq!(delays, [(EventKind::TrialActive, 3)]);
    let shown = Value::Object(settings.masked(SETTINGS));
    assert!(read(shown).ok().unwrap() == settings);
}

#[test]
fn bad_settings_are_named_with_their_paths() {
    let cases = [
        (json!({"url": {}}), "url"),
        (json!({"urls": "https://a.example"}), "urls"),
        (json!({"urls": null}), "urls"),
        (json!({"urls": {"staging": "https://a.example"}}), "urls.staging"),
        (json!({"urls.production": "https://a.example"}), "urls.production"),
        (json!({"urls": {"sandbox": "ftp://a.example"}}), "urls.sandbox"),
        (json!({"urls": {"sandbox": 1}}), "urls.sandbox"),
        (
            json!({"authorizations": {"sandbox": "a\nb"}}),
            "authorizations.sandbox",
        ),
        (json!({"events": []}), "events"),
        (
            json!({"events": [], "synthetic_delay_days": {"trial_active": 3}}),
            "events",
        ),
        (json!({"events": {"trial_begun": true}}), "events.trial_begun"),
        (
            json!({"events": {"trial_started": "yes"}}),
            "events.trial_started",
        ),
        (json!({"events": {"trial_started": null}}), "events.trial_started"),
        (
            json!({"event_names": {"trial_started": "a\0"}}),
            "event_names.trial_started",
        ),
        (
            json!({"event_names": {"trial_begun": "x"}}),
            "event_names.trial_begun",
        ),
        (
            json!({"events": {"trial_active": true}}),
            "synthetic_delay_days.trial_active",
        ),
        (
            json!({"synthetic_delay_days": {"trial_active": 0}}),
            "synthetic_delay_days.trial_active",
        ),
        (
            json!({"synthetic_delay_days": {"trial_active": 91}}),
            "synthetic_delay_days.trial_active",
        ),
        (
            json!({"synthetic_delay_days": {"trial_active": 1.5}}),
            "synthetic_delay_days.trial_active",
        ),
        (
            json!({"synthetic_delay_days": {"trial_active": "7"}}),
            "synthetic_delay_days.trial_active",
        ),
        (
            json!({"synthetic_delay_days": {"trial_started": 7}}),
            "synthetic_delay_days.trial_started",
        ),
        (json!({"send_trial_price": "true"}), "send_trial_price"),
        (json!({"send_trial_price": null}), "send_trial_price"),
        (json!({"retry_on": "always"}), "retry_on"),
        (json!({"signing_secret": "secret"}), "signing_secret"),
        (json!({"signing_secret": MASK}), "signing_secret"),
    ];
    for (said, field) in cases {
        assert_eq!(bad_fields(said.clone()), [field], "{said}");
    }
    let both = json!({"send_trial_price": 1, "retry_on": 1, "x": 1});
    assert_eq!(bad_fields(both), ["x", "send_trial_price", "retry_on"]);
}

#[test]
fn a_masked_secret_keeps_the_stored_one() {
    let before = read(everything()).ok().unwrap();
    let shown = Value::Object(before.masked(SETTINGS));
    let text = shown.to_string();
    assert!(!text.contains("Bearer") && !text.contains("whsec_"), "{text}");
    assert!(read_after(shown, &before).ok().unwrap() == before);
    let after = read_after(
        json!({"authorizations": {"sandbox": MASK, "production": ""}}),
        &before,
    );
    let after = after.ok().unwrap();
    assert_eq!(after.text("authorizations.sandbox"), Some("Bearer s"));
    assert_eq!(after.text("authorizations.production"), None);
    assert_eq!(after.text("signing_secret"), None);
}

#[test]
fn secrets_are_stored_apart() {
    let settings = read(everything()).ok().unwrap();
    let (stored, secrets) = settings.split(SETTINGS);
    let text = Value::Object(stored.clone()).to_string();
    assert!(!text.contains("Bearer") && !text.contains("whsec_"), "{text}");
    assert_eq!(secrets.len(), 4);
    assert!(Settings::join(SETTINGS, &stored, secrets) == settings);
}

#[test]
fn what_another_version_has_stored_is_read() {
    let stored = object(json!({
        "send_trial_price": true, "of_the_future": 1, "events": {"trial_started": false, "of_the_future": true},
    }));
    let secrets = [("of_the_future".to_owned(), "x".to_owned())].into();
    let settings = Settings::join(SETTINGS, &stored, secrets);
    assert!(settings.is("send_trial_price") && !settings.sends(EventKind::TrialStarted));
    assert!(settings.sends(EventKind::TrialConverted));
    assert!(
        !Value::Object(settings.masked(SETTINGS))
            .to_string()
            .contains("future")
    );
}

#[test]
fn what_has_no_effect_is_told() {
    let fields = |said: Value| -> Vec<String> {
        let problems = check(&read(said).ok().unwrap(), &AppSettings::default());
        problems.into_iter().map(|problem| problem.field).collect()
    };
    assert_eq!(fields(json!({})), ["urls"]);
    assert_eq!(fields(everything()), [PURCHASE_TOKEN]);
    let mut effective = everything();
    effective[PURCHASE_TOKEN] = json!(false);
    assert!(fields(effective).is_empty());
    let said = json!({
        "urls": {"sandbox": "https://a.example"}, "signing_secret_previous": SIGNING,
        "authorizations": {"production": "x", "sandbox": "y"},
    });
    assert_eq!(
        fields(said),
        ["authorizations.production", "signing_secret_previous"]
    );
    let said = json!({"urls": {"production": "https://a.example"},
        "authorizations": {"production": "x", "sandbox": "y"}});
    assert_eq!(fields(said), ["authorizations.sandbox"]);
}

#[test]
fn the_schema_is_made_from_the_fields() {
    let schema = INTEGRATION.schema();
    assert_eq!(schema["additionalProperties"], false);
    let urls = &schema["properties"]["urls"];
    assert_eq!(urls["additionalProperties"], false);
    assert_eq!(urls["properties"]["sandbox"]["format"], "uri");
    let events = &schema["properties"]["events"];
    assert_eq!(
        events["properties"].as_object().unwrap().len(),
        EventKind::ALL.len()
    );
    assert_eq!(events["default"]["trial_active"], false);
    let delay = &schema["properties"]["synthetic_delay_days"]["properties"]["trial_active"];
    assert_eq!((&delay["minimum"], &delay["maximum"]), (&json!(1), &json!(90)));
    assert_eq!(schema["properties"]["retry_on"]["enum"][0], "compatible");
    assert_eq!(schema["properties"]["signing_secret"]["format"], "password");
}

/// What is sent with these settings for an event of a test purchase.
fn sent(settings: &Settings) -> Request {
    let record = Record {
        route: "sandbox".into(),
        body: r#"{"event_properties":{"profile_event_id":"e-1"}}"#.into(),
    };
    request(&Sending {
        records: &[record],
        part: "",
        settings,
        step: 0,
        learned: None,
        now: 1_700_000_000_999_999,
    })
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let found = request.headers.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_ref())
}

const PREVIOUS: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The values of an independent implementation: Python's `hmac` over `id.timestamp.body`.
#[test]
fn requests_are_signed_as_standard_webhooks_says() {
    let mut said = everything();
    said["signing_secret_previous"] = json!(PREVIOUS);
    let request = sent(&read(said).ok().unwrap());
    assert_eq!(request.url, "https://b.example/");
    assert_eq!(header(&request, "authorization"), Some("Bearer s"));
    assert_eq!(header(&request, "webhook-id"), Some("e-1"));
    assert_eq!(header(&request, "webhook-timestamp"), Some("1700000000"));
    assert_eq!(
        header(&request, "webhook-signature"),
        Some(
            "v1,XWIfAFVKKZQxE8hOMNtlgxbm9kJUSGpH9ids6+KZMbk= v1,uSJo5UAHvKcGyrfVW31Z6FOb3ZosTwg60VjpFkaoEKw="
        )
    );
}

/// A signature made with the mask instead would be taken for the one that was sent.
#[test]
fn a_signature_is_not_shown() {
    let mut said = everything();
    said["signing_secret_previous"] = json!(PREVIOUS);
    let shown = sent(&read(said).ok().unwrap().with_masks(SETTINGS));
    assert_eq!(header(&shown, "webhook-signature"), Some("******** ********"));
    assert_eq!(header(&shown, "webhook-timestamp"), Some("1700000000"));
}

#[test]
fn the_previous_secret_alone_signs_nothing() {
    let said = json!({"urls": {"sandbox": "https://b.example/"}, "signing_secret_previous": PREVIOUS});
    assert_eq!(
        header(&sent(&read(said).ok().unwrap()), "webhook-signature"),
        None
    );
}

#[test]
fn each_address_that_is_filled_gets_a_handshake() {
    let asked = |said: Value| -> Vec<(String, String)> {
        let settings = read(said).ok().unwrap();
        let handshakes = handshakes(&settings, 7).into_iter();
        handshakes.map(|request| (request.url, request.body)).collect()
    };
    let (one, other) = ("https://a.example/hook", "https://b.example/hook");
    let to = |url: &str| (url.to_owned(), "{}".to_owned());
    assert_eq!(asked(json!({"urls": {"production": one}})), [to(one)]);
    assert_eq!(asked(json!({"urls": {"sandbox": other}})), [to(other)]);
    let both = json!({"urls": {"production": one, "sandbox": other}});
    assert_eq!(asked(both), [to(one), to(other)]);
    assert_eq!(asked(json!({})), []);
}

#[test]
fn a_handshake_is_signed_and_authorized_as_events_are() {
    let settings = read(everything()).ok().unwrap();
    let handshakes = handshakes(&settings, 1_700_000_000_999_999);
    assert_eq!(handshakes.len(), 2);
    for (request, authorization) in handshakes.iter().zip(["Bearer p", "Bearer s"]) {
        assert_eq!(header(request, "authorization"), Some(authorization));
        assert_eq!(header(request, "webhook-timestamp"), Some("1700000000"));
        let id = header(request, "webhook-id").unwrap();
        let signed = signature::of(&signing_key(SIGNING).unwrap(), id, 1_700_000_000, "{}");
        let both = format!("{signed} {signed}");
        assert_eq!(header(request, "webhook-signature"), Some(both.as_str()));
    }
}

#[test]
fn a_handshake_is_passed_by_a_2xx_with_json() {
    let name = |status, body: &str| judge_handshake(Some(&answer(status, body))).name();
    for (status, body, verdict) in [
        (200, "{}", "delivered"),
        (299, "[1]", "delivered"),
        (200, "", "misconfigured"),
        (200, "OK", "misconfigured"),
        (199, "{}", "misconfigured"),
        (302, "{}", "misconfigured"),
        (404, "{}", "misconfigured"),
    ] {
        assert_eq!(name(status, body), verdict, "{status} {body}");
    }
    assert_eq!(judge_handshake(None).name(), "retry");
}

#[test]
fn answers_are_understood_in_both_ways() {
    let name = |retry_on: &str, status| {
        let settings = read(json!({"retry_on": retry_on})).ok().unwrap();
        sending(&INTEGRATION, 1).under(settings).verdict(status, "")
    };
    for (status, compatible, strict) in [
        (200, "delivered", "delivered"),
        (302, "delivered", "retry"),
        (400, "rejected", "retry"),
        (404, "rejected", "retry"),
        (405, "retry", "retry"),
        (410, "retry", "rejected"),
        (500, "retry", "retry"),
    ] {
        assert_eq!(
            (name("compatible", status), name("non_2xx", status)),
            (compatible.into(), strict.into()),
            "{status}"
        );
    }
}
