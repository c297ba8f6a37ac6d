//! Webhook: each event as JSON to an address of the app's owner.
//!
//! The names of the first settings are those of the compatible service's form; `retry_on`, `refund_amounts_positive` and
//! signing are our additions. Signing: <https://www.standardwebhooks.com>.

use serde::Deserialize;

use super::event_choices::EventChoices;
use super::secret::{Secret, header_problem, signing_problem};
use super::{Field, Integration, Kind, Limits, Problem, Settings};
use crate::purchases::transaction::Environment;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "webhook",
    title: "Webhook",
    docs: "https://adapty.io/docs/set-up-webhook-integration",
    settings: FIELDS,
    identifiers: &[],
    limits: Limits {
        events_per_request: 1,
        request_bytes: None,
        requests_per_second: None,
        oldest_event_hours: Some(24),
    },
    check,
};

const FIELDS: &[Field] = &[
    Field::new(
        "urls.production",
        Kind::Url,
        "Where events about real purchases go. Without it they are skipped.",
    ),
    Field::new(
        "urls.sandbox",
        Kind::Url,
        "Where events about test purchases go. Without it they are skipped.",
    ),
    Field::new(
        "authorizations.production",
        Kind::Secret(header_problem),
        "Sent to the production URL as the Authorization header, as it stands.",
    ),
    Field::new(
        "authorizations.sandbox",
        Kind::Secret(header_problem),
        "Sent to the sandbox URL as the Authorization header, as it stands.",
    ),
    Field::new(
        "events",
        Kind::EventSwitches,
        "Which events are sent. While access_level_updated is off, it is not made at all.",
    ),
    Field::new(
        "event_names",
        Kind::EventNames,
        "What stands in event_type, where it is not to be our name.",
    ),
    Field::new(
        "synthetic_delay_days.trial_active",
        Kind::Number(1, 90),
        "How many days after its start a trial that still runs makes trial_active.",
    ),
    Field::new(
        "synthetic_delay_days.subscription_active",
        Kind::Number(1, 90),
        "How many days after its start a subscription that still runs makes subscription_active.",
    ),
    Field::new(
        "send_trial_price",
        Kind::Switch,
        "Tell the price on trial_started.",
    ),
    Field::new(
        "send_user_attributes",
        Kind::Switch,
        "Add the profile's attributes.",
    ),
    Field::new(
        "send_attribution",
        Kind::Switch,
        "Add where the customer came from.",
    ),
    Field::new(
        "send_play_store_purchase_token",
        Kind::Switch,
        "Add Google Play's purchase token.",
    ),
    Field::new(
        "exclude_historical_events",
        Kind::Switch,
        "Skip events from before the profile's first installation.",
    ),
    Field::new(
        "refund_amounts_positive",
        Kind::Switch,
        "Tell refunded amounts without a minus sign.",
    ),
    Field::new(
        "retry_on",
        Kind::Choice(&["compatible", "non_2xx"]),
        "Which answers are tried again: those outside 200 to 404, or all outside 200 to 299.",
    ),
    Field::new(
        "signing_secret",
        Kind::Secret(signing_problem),
        "Signs every request as Standard Webhooks says: `whsec_` and 24 to 64 bytes in base64.",
    ),
    Field::new(
        "signing_secret_previous",
        Kind::Secret(signing_problem),
        "Signs too, while receivers change over to a new secret.",
    ),
];

/// An app's settings, without the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct WebhookSettings {
    /// Where to send to.
    pub urls: PerEnvironment<String>,
    /// Which events, under which names.
    #[serde(flatten)]
    pub events: EventChoices,
    /// Is the price told on `trial_started`?
    pub send_trial_price: bool,
    /// Are the profile's attributes added?
    pub send_user_attributes: bool,
    /// Is the attribution added?
    pub send_attribution: bool,
    /// Is Google Play's purchase token added?
    pub send_play_store_purchase_token: bool,
    /// Are events from before the installation skipped?
    pub exclude_historical_events: bool,
    /// Are refunded amounts told without a minus sign?
    pub refund_amounts_positive: bool,
    /// Which answers are tried again?
    pub retry_on: RetryOn,
}

/// An app's secrets. They are opened only to send a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct WebhookSecrets {
    /// The `Authorization` headers.
    pub authorizations: PerEnvironment<Secret>,
    /// Signs every request.
    pub signing_secret: Option<Secret>,
    /// Signs too.
    pub signing_secret_previous: Option<Secret>,
}

/// One for real purchases, one for tests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PerEnvironment<T> {
    /// Real money.
    pub production: Option<T>,
    /// Tests.
    pub sandbox: Option<T>,
}

/// Which answers are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// Those outside 200 to 404: 200 to 399 are delivered, 400 to 404 rejected.
    #[default]
    Compatible,
    /// Those outside 200 to 299; 410 rejects and pauses.
    #[serde(rename = "non_2xx")]
    Non2xx,
}

impl<T> PerEnvironment<T> {
    /// The one of this environment, if it is set.
    pub fn of(&self, environment: Environment) -> Option<&T> {
        match environment {
            Environment::Production => self.production.as_ref(),
            Environment::Sandbox => self.sandbox.as_ref(),
        }
    }
}

impl<T> Default for PerEnvironment<T> {
    fn default() -> Self {
        Self {
            production: None,
            sandbox: None,
        }
    }
}

fn check(settings: &Settings) -> Vec<Problem> {
    let is_set = |path: &str| settings.text(path).is_some();
    let mut problems = Vec::new();
    if !is_set("urls.production") && !is_set("urls.sandbox") {
        problems.push(Problem::new("urls", "none is set, so every event is skipped"));
    }
    for (secret, needed) in [
        ("authorizations.production", "urls.production"),
        ("authorizations.sandbox", "urls.sandbox"),
        ("signing_secret_previous", "signing_secret"),
    ] {
        if is_set(secret) && !is_set(needed) {
            problems.push(Problem::new(
                secret,
                format!("is not used, because {needed} is not set"),
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::events::EventKind;
    use crate::integrations::settings::MASK;

    const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn read_after(said: Value, before: &Settings) -> Result<Settings, Vec<Problem>> {
        Settings::read(FIELDS, &object(said), before)
    }

    fn read(said: Value) -> Result<Settings, Vec<Problem>> {
        read_after(said, &Settings::defaults(FIELDS))
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
        assert!(settings == Settings::defaults(FIELDS));
        let typed: WebhookSettings = settings.typed().unwrap();
        assert_eq!(typed.urls, PerEnvironment::default());
        for event in EventKind::ALL {
            assert_eq!(typed.events.is_on(*event), !event.is_synthetic(), "{event:?}");
            assert_eq!(typed.events.name(*event), event.as_str());
            assert_eq!(
                WebhookSettings::default().events.is_on(*event),
                !event.is_synthetic()
            );
        }
        assert_eq!(
            EventKind::ALL
                .iter()
                .filter(|event| typed.events.is_on(**event))
                .count(),
            18
        );
        assert_eq!(typed.events.synthetic_delays().count(), 0);
        assert!(!typed.send_trial_price && !typed.send_user_attributes && !typed.send_attribution);
        assert!(!typed.send_play_store_purchase_token && !typed.exclude_historical_events);
        assert!(!typed.refund_amounts_positive);
        assert_eq!(typed.retry_on, RetryOn::Compatible);
        assert_eq!(
            settings.typed::<WebhookSecrets>().unwrap(),
            WebhookSecrets::default()
        );
    }

    #[test]
    fn each_setting_reaches_the_type() {
        let typed = |said: Value| {
            let settings = read(said).ok().unwrap();
            let shown = format!("{:?}", settings.typed::<WebhookSettings>().unwrap());
            (shown, settings.typed::<WebhookSecrets>().unwrap())
        };
        let all = typed(everything());
        for field in FIELDS {
            let mut without = everything();
            let pointer = format!("/{}", field.path.replace('.', "/"));
            *without.pointer_mut(&pointer).unwrap() = field.default();
            if let Some(event) = field.path.strip_prefix("synthetic_delay_days.") {
                without["events"][event] = json!(false);
            }
            assert!(typed(without) != all, "{}", field.path);
        }
    }

    #[test]
    fn settings_are_typed() {
        let settings = read(everything()).ok().unwrap();
        let typed: WebhookSettings = settings.typed().unwrap();
        assert_eq!(typed.urls.of(Environment::Sandbox).unwrap(), "https://b.example/");
        assert!(!typed.events.is_on(EventKind::AccessLevelUpdated));
        assert_eq!(typed.events.name(EventKind::TrialStarted), "Trial");
        let delays: Vec<_> = typed.events.synthetic_delays().collect();
        assert_eq!(
            delays,
            [(EventKind::TrialActive, 1), (EventKind::SubscriptionActive, 90)]
        );
        assert_eq!(typed.retry_on, RetryOn::Non2xx);
        let secrets: WebhookSecrets = settings.typed().unwrap();
        let authorization = secrets.authorizations.of(Environment::Production).unwrap();
        assert_eq!(authorization.expose(), "Bearer p");
    }

    #[test]
    fn a_synthetic_event_that_is_off_has_no_delay() {
        let said = json!({"synthetic_delay_days": {"trial_active": 3}});
        let typed: WebhookSettings = read(said).ok().unwrap().typed().unwrap();
        assert_eq!(typed.events.synthetic_delays().count(), 0);
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
            (json!({"events": {"trial_begun": true}}), "events.trial_begun"),
            (
                json!({"events": {"trial_started": "yes"}}),
                "events.trial_started",
            ),
            (json!({"events": {"trial_started": null}}), "events.trial_started"),
            (
                json!({"event_names": {"trial_started": ""}}),
                "event_names.trial_started",
            ),
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
        let shown = Value::Object(before.masked(FIELDS));
        let text = shown.to_string();
        assert!(!text.contains("Bearer") && !text.contains("whsec_"), "{text}");
        assert!(read_after(shown, &before).ok().unwrap() == before);
        let after = read_after(
            json!({"authorizations": {"sandbox": MASK, "production": ""}}),
            &before,
        );
        let secrets: WebhookSecrets = after.ok().unwrap().typed().unwrap();
        assert_eq!(secrets.authorizations.sandbox.unwrap().expose(), "Bearer s");
        assert_eq!(secrets.authorizations.production, None);
        assert_eq!(secrets.signing_secret, None);
    }

    #[test]
    fn secrets_are_stored_apart() {
        let settings = read(everything()).ok().unwrap();
        let (stored, secrets) = settings.split(FIELDS);
        let text = Value::Object(stored.clone()).to_string();
        assert!(!text.contains("Bearer") && !text.contains("whsec_"), "{text}");
        assert_eq!(secrets.len(), 4);
        assert!(Settings::join(FIELDS, &stored, secrets) == settings);
    }

    #[test]
    fn what_another_version_has_stored_is_read() {
        let stored = object(json!({
            "send_trial_price": true, "of_the_future": 1, "events": {"trial_started": false, "of_the_future": true},
        }));
        let secrets = [("of_the_future".to_owned(), "x".to_owned())].into();
        let settings = Settings::join(FIELDS, &stored, secrets);
        let typed: WebhookSettings = settings.typed().unwrap();
        assert!(typed.send_trial_price && !typed.events.is_on(EventKind::TrialStarted));
        assert!(typed.events.is_on(EventKind::TrialConverted));
        assert!(
            !Value::Object(settings.masked(FIELDS))
                .to_string()
                .contains("future")
        );
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let fields = |said: Value| -> Vec<String> {
            let problems = check(&read(said).ok().unwrap());
            problems.into_iter().map(|problem| problem.field).collect()
        };
        assert_eq!(fields(json!({})), ["urls"]);
        assert!(fields(everything()).is_empty());
        let said = json!({
            "urls": {"sandbox": "https://a.example"}, "signing_secret_previous": SIGNING,
            "authorizations": {"production": "x", "sandbox": "y"},
        });
        assert_eq!(
            fields(said),
            ["authorizations.production", "signing_secret_previous"]
        );
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
}
