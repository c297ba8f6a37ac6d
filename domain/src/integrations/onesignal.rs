//! OneSignal: tags of the user, overwritten at each event. `PATCH /apps/{app_id}/users/by/…`, after asking which user a
//! subscription is of; for apps with its older SDKs `PUT /api/v1/players/{id}`.
//!
//! Sources: <https://documentation.onesignal.com/reference/update-user>,
//! <https://documentation.onesignal.com/v9.0/reference/edit-device> and the official Python SDK 5.18, read 2026-11.

use uuid::Uuid;

use super::exchange::{all, by_status};
use super::percent::encoded;
use super::schedule::USUAL;
use super::secret::header_problem;
use super::settings::at_least_one;
use super::tags::Tags;
use super::{
    Answer, Field, Integration, Judgement, Kind, Limits, Method, Occasion, Part, Probe, Problem, Record,
    Request, Sending, Settings, Skip, Verdict, all_but_levels, json, shared, with_member,
};
use crate::app::AppSettings;
use crate::attributes;
use crate::events::EventKind;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "onesignal",
    title: "OneSignal",
    docs: "https://documentation.onesignal.com/reference/update-user",
    settings: FIELDS,
    identifiers: IDENTIFIERS,
    limits: Limits {
        requests_per_second: Some(1_000),
        // Whose a subscription is may be asked about once a second.
        questions_per_second: Some(1),
        ..Limits::NONE
    },
    schedule: &USUAL,
    takes: all_but_levels,
    parts: &[Part {
        latest_only: true,
        by_event_time: true,
        learns: Some(user),
        ..Part::WHOLE
    }],
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEventOfNobody(is_of_nobody),
};

/// Two names of the same thing: a player's id became the id of a subscription.
const IDENTIFIERS: &[&str] = &["one_signal_subscription_id", "one_signal_player_id"];

const FIELDS: &[Field] = &[
    Field::new(
        "app_id",
        Kind::Text(uuid_problem),
        "OneSignal's id of the app. Without it every event is skipped.",
    ),
    Field::new(
        "rest_api_key",
        Kind::Secret(header_problem),
        "The app's API key. Needed for fallback_external_id and for the older API.",
    ),
    Field::new(
        "api_mode",
        Kind::Choice(&["user", "legacy"]),
        "The API to use: that of users, or that of players, for apps with OneSignal's SDK 3 or 4.",
    ),
    Field::new(
        "fallback_external_id",
        Kind::Switch(false),
        "Find the user by your customer id where no identifier is set.",
    ),
    shared::EVENTS,
    shared::event_names(default_name),
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::SEND_USER_ATTRIBUTES,
    shared::exclude_historical_events(true),
    shared::WAIT_FOR_IDENTIFIER,
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

const TAGS: &[&str] = &[
    "adapty_customer_user_id",
    "adapty_profile_id",
    "environment",
    "store",
    "vendor_product_id",
    "subscription_expires_at",
    "last_event_type",
    "purchase_date",
    "active_subscription",
    "period_type",
];

/// Names that the third party keeps for itself.
const RESERVED: &[&str] = &[
    "message",
    "notification",
    "subscription",
    "user",
    "template",
    "app",
    "org",
    "dynamic_content",
    "data_feed",
    "journey",
    "custom_data",
];

/// The most tags of a request.
const MOST_TAGS: usize = 100;
const _: () = assert!(
    TAGS.len() + attributes::MAX_COUNT <= MOST_TAGS,
    "attributes would have to be left out"
);

/// What records are for, as the first half of their routes: a subscription, of which the user is asked first; a user
/// by the owner's id; a player of the older API.
const SUBSCRIPTION: &str = "subscriptions";
const EXTERNAL: &str = "external_id";
const PLAYER: &str = "players";

/// Steps: odd ones write to the user that the step before has found. The first writes too where no user has to be
/// found; if the user that it knows is gone, `FIND_AGAIN` follows.
const FIND_AGAIN: u8 = 2;

/// An expiry is called a cancellation there, and a cancellation something else.
fn default_name(event: EventKind) -> &'static str {
    match event {
        EventKind::SubscriptionExpired => "subscription_cancelled",
        EventKind::TrialRenewalCancelled => "auto_renew_off",
        EventKind::SubscriptionRenewalCancelled => "auto_renew_off_subscription",
        other => other.as_str(),
    }
}

fn uuid_problem(text: &str) -> Option<&'static str> {
    (!is_uuid(text)).then_some("must be a UUID such as 0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b")
}

fn is_uuid(text: &str) -> bool {
    text.len() == uuid::fmt::Hyphenated::LENGTH && Uuid::try_parse(text).is_ok()
}

fn is_legacy(settings: &Settings) -> bool {
    settings.text("api_mode") == Some("legacy")
}

fn check(settings: &Settings, _: &AppSettings) -> Vec<Problem> {
    let mut problems = at_least_one(settings, "app_id");
    let has_key = settings.text("rest_api_key").is_some();
    let has_fallback = settings.is("fallback_external_id");
    if !has_key && is_legacy(settings) {
        problems.push(Problem::new(
            "rest_api_key",
            "is not set: the older API may refuse every event",
        ));
    }
    if !has_key && has_fallback {
        problems.push(Problem::new(
            "rest_api_key",
            "is not set: no user is found by your customer id",
        ));
    }
    if has_fallback && is_legacy(settings) {
        problems.push(Problem::new(
            "fallback_external_id",
            "does nothing: the older API knows players by their ids alone",
        ));
    }
    problems
}

fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    occasion.settings.require("app_id")?;
    let tags = Tags {
        occasion,
        names: TAGS,
        reserved: RESERVED,
    };
    Ok(Record {
        route: route(occasion)?,
        body: json(&tags),
    })
}

/// Whose tags they are.
fn route(occasion: &Occasion<'_>) -> Result<String, Skip> {
    let settings = occasion.settings;
    let has_fallback = settings.is("fallback_external_id") && !is_legacy(settings);
    let own = occasion.require(IDENTIFIERS);
    let (kind, id) = if has_fallback {
        let known = own.ok().map(|id| (SUBSCRIPTION, id));
        let fallback = || Some((EXTERNAL, occasion.customer.customer_user_id()?));
        occasion.or_later(known, IDENTIFIERS, fallback)?
    } else {
        (SUBSCRIPTION, own?)
    };
    match kind {
        EXTERNAL => {
            settings.require("rest_api_key")?;
            Ok(format!("{EXTERNAL}/{}", encoded(id)))
        }
        _ if !is_uuid(id) => Err(Skip::Other("invalid_identifier")),
        _ if is_legacy(settings) => Ok(format!("{PLAYER}/{id}")),
        _ => Ok(format!("{SUBSCRIPTION}/{id}")),
    }
}

/// What a request is for, with the path's last part.
enum Call<'a> {
    /// Ask whose subscription this is.
    Find(&'a str),
    /// Overwrite the tags of the user with this alias and id.
    Write(&'static str, &'a str),
    /// Overwrite the tags of this player.
    WritePlayer(&'a str),
}

fn call<'a>(sending: &Sending<'a>) -> Call<'a> {
    let route = sending.records[0].route.as_str();
    match route.split_once('/').unwrap_or((SUBSCRIPTION, route)) {
        (PLAYER, id) => Call::WritePlayer(id),
        (EXTERNAL, id) => Call::Write(EXTERNAL, id),
        (_, id) => match sending.learned {
            Some(user) if sending.step != FIND_AGAIN => Call::Write("onesignal_id", user),
            _ => Call::Find(id),
        },
    }
}

fn request(sending: &Sending<'_>) -> Request {
    let settings = sending.settings;
    let app = settings.text("app_id").unwrap_or_default();
    let tags = &sending.records[0].body;
    let to_app = |path: String| settings.address("https://api.onesignal.com", &format!("/apps/{app}/{path}"));
    let (method, url, body) = match call(sending) {
        Call::Find(id) => {
            let url = to_app(format!("subscriptions/{id}/user/identity"));
            (Method::Get, url, String::new())
        }
        Call::Write(alias, id) => {
            let url = to_app(format!("users/by/{alias}/{id}"));
            let body = format!("{{\"properties\":{{\"tags\":{tags}}}}}");
            (Method::Patch, url, body)
        }
        Call::WritePlayer(id) => {
            let url = settings.address("https://onesignal.com", &format!("/api/v1/players/{id}"));
            let body = with_member("app_id", &app, &format!("{{\"tags\":{tags}}}"));
            (Method::Put, url, body)
        }
    };
    let scheme = if is_legacy(settings) { "Basic" } else { "Key" };
    let mut headers = Vec::new();
    if let Some(key) = settings.text("rest_api_key") {
        headers.push(("authorization", format!("{scheme} {key}").into()));
    }
    if !body.is_empty() {
        headers.push(("content-type", "application/json".into()));
    }
    Request {
        method,
        url,
        headers,
        body,
    }
}

/// The user that a subscription is of.
fn user(answer: &Answer) -> Option<String> {
    if answer.status != 200 {
        return None;
    }
    let body = answer.json()?;
    let id = body["identity"]["onesignal_id"].as_str()?;
    is_uuid(id).then(|| id.to_owned())
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let call = call(sending);
    let verdict = match (&call, answer.status) {
        (Call::Find(_), _) if user(answer).is_some() => return Judgement::Next(sending.step + 1),
        (Call::Find(_), 200..=299) => Verdict::Rejected(answer.words()),
        (Call::Write("onesignal_id", _), 404) if sending.step < FIND_AGAIN => {
            return Judgement::Next(FIND_AGAIN);
        }
        (_, 200..=299) if says_no(answer) => Verdict::Rejected(answer.words()),
        _ => failure(sending, answer),
    };
    all(sending, &verdict)
}

/// Does it say that nobody has this subscription? Who may not ask is told that instead.
fn is_of_nobody(answer: &Answer) -> bool {
    answer.status == 404
}

/// Does the body of a success tell of a failure?
fn says_no(answer: &Answer) -> bool {
    answer.json().is_some_and(|body| body["success"] == false)
}

fn failure(sending: &Sending<'_>, answer: &Answer) -> Verdict {
    // How long who sends too much waits if the answer does not say.
    const TOO_FAST: u32 = 100;
    match answer.status {
        400 | 409 if is_plan_too_small(answer) => Verdict::RejectedAndBlocked(answer.words()),
        401 if sending.settings.text("rest_api_key").is_none() => {
            Verdict::Misconfigured(format!("{}: the setting rest_api_key is needed", answer.words()))
        }
        429 => Verdict::Retry {
            after_seconds: Some(TOO_FAST),
            why: answer.words(),
        },
        _ => by_status(Some(answer)),
    }
}

/// How many tags a user may have depends on the plan. Told as a text, or as an error with a code.
fn is_plan_too_small(answer: &Answer) -> bool {
    let body = answer.json().unwrap_or_default();
    let mut errors = body["errors"].as_array().into_iter().flatten();
    errors.any(|error| {
        error["code"] == "entitlements-tag-limit" || error.as_str().is_some_and(speaks_of_the_plan)
    })
}

fn speaks_of_the_plan(error: &str) -> bool {
    let error = error.to_ascii_lowercase();
    let whose = ["player", "user"].iter().any(|word| error.contains(word));
    whose && error.contains("maximum") && error.contains("tags")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::samples::{Case, PROFILE_ID, Sent, answer, sending};
    use serde_json::{Value, json};

    const USER: &str = "b7c8d9e0-1111-4222-8333-444455556666";
    const IDENTITY: &str = r#"{"identity":{"onesignal_id":"b7c8d9e0-1111-4222-8333-444455556666"}}"#;

    fn one() -> Sent {
        sending(&INTEGRATION, 1).on("subscriptions/9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f")
    }

    const APP: &str = "0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b";
    const ID: &str = "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f";

    /// The end of a subscription of a customer with these identifiers.
    fn case(settings: &Value, identifiers: Value) -> Case {
        Case {
            settings: settings.clone(),
            kind: EventKind::SubscriptionExpired,
            properties: json!({"store": "app_store", "environment": "Sandbox", "vendor_product_id": "gold.monthly",
                "subscription_expires_at": null}),
            identifiers,
            profile: json!({"custom_attributes": [
                {"key": "user", "value": "x"}, {"key": "store", "value": "y"}, {"key": "visits", "value": 2.5}
            ]}),
            customer_user_id: Some("a/b"),
            ..Case::of(&INTEGRATION)
        }
    }

    fn whose(settings: &Value, identifiers: Value) -> String {
        match case(settings, identifiers).record() {
            Ok(record) => record.route,
            Err(skip) => skip.to_string(),
        }
    }

    #[test]
    fn the_subscription_counts_then_the_player_then_your_id_if_you_say_so() {
        let settings = json!({"app_id": APP, "rest_api_key": "k"});
        let fallback = json!({"app_id": APP, "rest_api_key": "k", "fallback_external_id": true});
        let keyless = json!({"app_id": APP, "fallback_external_id": true});
        let legacy = json!({"app_id": APP, "api_mode": "legacy", "fallback_external_id": true});
        let waits = "missing_identifier: one_signal_subscription_id or one_signal_player_id";
        let none = || json!({});
        let player = json!({"one_signal_player_id": ID});
        let both = json!({"one_signal_subscription_id": ID, "one_signal_player_id": USER});
        assert_eq!(whose(&settings, both.clone()), format!("subscriptions/{ID}"));
        assert_eq!(whose(&settings, player.clone()), format!("subscriptions/{ID}"));
        assert_eq!(whose(&settings, none()), waits);
        assert_eq!(whose(&fallback, player.clone()), format!("subscriptions/{ID}"));
        assert_eq!(whose(&fallback, none()), "external_id/a%2Fb");
        assert_eq!(whose(&keyless, none()), "missing_credentials: rest_api_key");
        assert_eq!(whose(&legacy, player), format!("players/{ID}"));
        assert_eq!(whose(&legacy, none()), waits);
        assert_eq!(whose(&json!({}), both), "missing_credentials: app_id");
        let odd = json!({"one_signal_player_id": "7"});
        assert_eq!(whose(&settings, odd), "invalid_identifier");
    }

    #[test]
    fn attributes_are_texts_and_take_no_place_of_others() {
        let settings = json!({"app_id": APP, "send_user_attributes": true});
        let record = case(&settings, json!({"one_signal_player_id": ID}))
            .record()
            .unwrap();
        let tags: Value = serde_json::from_str(&record.body).unwrap();
        assert_eq!(
            tags,
            json!({
                "adapty_customer_user_id": "a/b", "adapty_profile_id": PROFILE_ID,
                "environment": "Sandbox", "store": "app_store", "vendor_product_id": "gold.monthly",
                "last_event_type": "subscription_cancelled", "active_subscription": "false", "period_type": "normal",
                "visits": "3"
            })
        );
    }

    #[test]
    fn the_older_api_is_told_in_its_own_form() {
        let settings = json!({"app_id": APP, "rest_api_key": "k", "api_mode": "legacy"});
        let case = case(&settings, json!({"one_signal_player_id": ID}));
        let sent = sending(&INTEGRATION, 1).under(case.settings());
        let request = sent.on("players/x").request();
        assert_eq!(request.method, Method::Put);
        assert_eq!(request.url, "https://onesignal.com/api/v1/players/x");
        assert_eq!(request.headers[0], ("authorization", "Basic k".into()));
        assert_eq!(request.body, format!(r#"{{"app_id":"{APP}","tags":{{}}}}"#));
    }

    #[test]
    fn the_user_is_found_first_and_known_from_then_on() {
        let ask = one().request();
        assert_eq!(
            (ask.method, ask.url.as_str()),
            (
                Method::Get,
                "https://api.onesignal.com/apps//subscriptions/9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f/user/identity"
            )
        );
        assert_eq!(user(&answer(200, IDENTITY)).as_deref(), Some(USER));
        assert_eq!(user(&answer(202, IDENTITY)), None);
        assert_eq!(
            user(&answer(200, r#"{"identity":{"onesignal_id":"../x"}}"#)),
            None
        );
        for step in [0, 1, 3] {
            let write = one().of("", step).knowing(USER).request();
            assert_eq!(
                (write.method, write.url.as_str()),
                (
                    Method::Patch,
                    "https://api.onesignal.com/apps//users/by/onesignal_id/b7c8d9e0-1111-4222-8333-444455556666"
                )
            );
            assert_eq!(write.body, r#"{"properties":{"tags":{}}}"#);
        }
    }

    #[test]
    fn tags_are_told_as_documented() {
        let case = Case {
            kind: EventKind::SubscriptionRenewalCancelled,
            properties: json!({"store": "app_store", "environment": "Production",
                "vendor_product_id": "gold.monthly",
                "subscription_expires_at": "2026-02-02T10:04:05.000000+0000",
                "purchase_date": "2026-01-02T10:04:05.000000+0000"}),
            customer_user_id: Some("cust-7781"),
            ..case(
                &json!({"app_id": APP, "rest_api_key": "os_v2_app_example"}),
                json!({"one_signal_subscription_id": ID}),
            )
        };
        let record = case.record().unwrap();
        let sent = sending(&INTEGRATION, 1).on(&record.route).with(&[&record.body]);
        let sent = sent.under(case.settings());
        let ask = sent.request();
        let key = ("authorization", "Key os_v2_app_example".into());
        assert_eq!(
            (ask.method, ask.url, ask.headers, ask.body),
            (
                Method::Get,
                format!("https://api.onesignal.com/apps/{APP}/subscriptions/{ID}/user/identity"),
                vec![key.clone()],
                String::new()
            )
        );
        let write = sent.knowing(USER).request();
        assert_eq!(
            (write.method, write.url, write.headers),
            (
                Method::Patch,
                format!("https://api.onesignal.com/apps/{APP}/users/by/onesignal_id/{USER}"),
                vec![key, ("content-type", "application/json".into())]
            )
        );
        let body: Value = serde_json::from_str(&write.body).unwrap();
        assert_eq!(
            body,
            json!({"properties": {"tags": {
                "adapty_customer_user_id": "cust-7781", "adapty_profile_id": PROFILE_ID,
                "environment": "Production", "store": "app_store", "vendor_product_id": "gold.monthly",
                "subscription_expires_at": "2026-02-02T10:04:05.000000+0000",
                "last_event_type": "auto_renew_off_subscription",
                "purchase_date": "2026-01-02T10:04:05.000000+0000",
                // The customer of a case has bought nothing.
                "active_subscription": "false", "period_type": "normal"
            }}})
        );
    }

    #[test]
    fn a_user_that_is_gone_is_looked_for_once_more() {
        for step in [0, 1] {
            assert_eq!(one().of("", step).knowing(USER).verdict(404, ""), "next 2");
        }
        let again = one().of("", FIND_AGAIN).knowing(USER);
        assert_eq!(again.request().method, Method::Get);
        assert_eq!(again.verdict(200, IDENTITY), "next 3");
        assert_eq!(again.verdict(404, ""), "rejected");
        assert_eq!(one().of("", 3).knowing(USER).verdict(404, ""), "rejected");
    }

    #[test]
    fn answers_about_the_subscription_are_understood() {
        for (status, body, verdict) in [
            (200, IDENTITY, "next 1"),
            (200, r#"{"identity":{}}"#, "rejected"),
            (200, "", "rejected"),
            (400, "{}", "rejected"),
            (401, "{}", "misconfigured"),
            (403, "{}", "misconfigured"),
            (404, "{}", "rejected"),
            (429, "{}", "retry"),
            (500, "", "retry"),
        ] {
            assert_eq!(one().verdict(status, body), verdict, "{status} {body}");
        }
    }

    #[test]
    fn answers_about_tags_are_understood() {
        let small =
            r#"{"errors":["App is limited to a maximum of 20 tags on a given player"],"success":false}"#;
        let player = || sending(&INTEGRATION, 1).on("players/x");
        let external = || sending(&INTEGRATION, 1).on("external_id/x");
        for (status, body, verdict) in [
            (202, r#"{"properties":{"tags":{}}}"#, "delivered"),
            (200, r#"{"success":true}"#, "delivered"),
            (200, r#"{"success":false}"#, "rejected"),
            (400, r#"{"errors":["invalid tags"]}"#, "rejected"),
            (400, small, "rejected"),
            (401, "", "misconfigured"),
            (403, "", "misconfigured"),
            (409, "", "rejected"),
            (429, r#"{"errors":["API rate limit exceeded."]}"#, "retry"),
            (408, "", "retry"),
            (503, "", "retry"),
            (302, "", "rejected"),
            (418, "", "rejected"),
        ] {
            for sent in [one().knowing(USER), player(), external()] {
                assert_eq!(sent.verdict(status, body), verdict, "{status} {body}");
            }
        }
        for sent in [player(), external()] {
            assert_eq!(sent.verdict(404, ""), "rejected");
        }
    }

    #[test]
    fn tags_beyond_the_plan_block_and_are_not_repeated() {
        let text = r#"{"errors":["User is limited to a maximum of 2 tags"]}"#;
        let code = r#"{"errors":[{"code":"entitlements-tag-limit","title":"Too many tags for the plan."}]}"#;
        for small in [answer(400, text), answer(409, code)] {
            let verdicts = one().knowing(USER).verdicts(Some(&small));
            assert_eq!(verdicts, [Verdict::RejectedAndBlocked(small.words())]);
        }
        for other in [
            "User is limited to a maximum of 2 aliases",
            "user tags: invalid",
            "a maximum of 2 tags",
        ] {
            let body = json!({"errors": [other]}).to_string();
            let verdicts = one().knowing(USER).verdicts(Some(&answer(400, &body)));
            assert!(matches!(verdicts[0], Verdict::Rejected(_)), "{other}");
        }
        let conflict = r#"{"errors":[{"code":"user-2","title":"One alias is claimed by another user"}]}"#;
        assert_eq!(one().knowing(USER).verdict(409, conflict), "rejected");
    }

    #[test]
    fn a_refusal_without_a_key_says_that_one_is_needed() {
        let verdicts = one().verdicts(Some(&answer(401, "no")));
        let words = "401 no: the setting rest_api_key is needed";
        assert_eq!(verdicts, [Verdict::Misconfigured(words.into())]);
    }

    #[test]
    fn a_subscription_that_nobody_has_proves_the_key() {
        assert!(is_of_nobody(&answer(404, "{}")));
        assert!(
            [200, 400, 401, 403, 429, 500]
                .iter()
                .all(|status| !is_of_nobody(&answer(*status, "{}")))
        );
    }

    #[test]
    fn who_sends_too_much_waits() {
        let verdicts = one().verdicts(Some(&answer(429, "")));
        let why = "429".to_owned();
        let after_seconds = Some(100);
        assert_eq!(verdicts, [Verdict::Retry { after_seconds, why }]);
    }

    #[test]
    fn an_expiry_is_a_cancellation_there() {
        let settings = Settings::defaults(FIELDS);
        for (event, name) in [
            (EventKind::SubscriptionExpired, "subscription_cancelled"),
            (EventKind::TrialRenewalCancelled, "auto_renew_off"),
            (
                EventKind::SubscriptionRenewalCancelled,
                "auto_renew_off_subscription",
            ),
            (EventKind::TrialExpired, "trial_expired"),
            (EventKind::TrialActive, "trial_active"),
        ] {
            assert_eq!(settings.event_name(event), name);
        }
    }

    #[test]
    fn settings_that_do_not_do_what_they_seem_to_are_told_of() {
        let fields = |said: Value| case(&said, json!({})).problems().join(" ");
        assert_eq!(fields(json!({})), "app_id");
        assert_eq!(fields(json!({"app_id": APP})), "");
        assert_eq!(
            fields(json!({"app_id": APP, "fallback_external_id": true})),
            "rest_api_key"
        );
        assert_eq!(
            fields(json!({"app_id": APP, "api_mode": "legacy"})),
            "rest_api_key"
        );
        assert_eq!(
            fields(
                json!({"app_id": APP, "rest_api_key": "k", "api_mode": "legacy", "fallback_external_id": true})
            ),
            "fallback_external_id"
        );
        assert!(uuid_problem("0f5b0c1e8a444a0a9a431c2d3e4f5a6b").is_some());
    }
}
