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
    assert_eq!(whose(&settings, odd.clone()), "invalid_identifier");
    assert_eq!(whose(&legacy, odd), "invalid_identifier");
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
    let small = r#"{"errors":["App is limited to a maximum of 20 tags on a given player"],"success":false}"#;
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
    let title = r#"{"errors":[{"title":"Maximum number of tags per user exceeded"}]}"#;
    for small in [answer(400, text), answer(400, title), answer(409, code)] {
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
    let words = "the setting rest_api_key is needed: 401 no";
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
    let settings = Settings::defaults(SETTINGS);
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
