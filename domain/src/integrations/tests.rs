use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::samples::{AT, Case, PROFILE_ID, sending};
use super::*;
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::profile::identifiers::NAMES;

#[test]
fn another_host_is_an_address_that_paths_can_be_added_to() {
    for field in ALL.iter().flat_map(|integration| integration.settings) {
        let mut problems = Vec::new();
        field.read(field.path, &"https://proxy.example?key=1".into(), &mut problems);
        let is_base = ["base_url", "instance_url"].contains(&field.path);
        assert!(!is_base || problems.len() == 1, "{}", field.path);
    }
}

#[test]
fn an_address_with_a_user_is_refused_with_the_settings_that_there_are_for_one() {
    for integration in ALL {
        let has_one = integration
            .settings
            .iter()
            .any(|field| field.path.starts_with("authorizations."));
        for field in integration.settings {
            let Kind::Url(problem) = field.kind else { continue };
            let why = problem("https://user:password@proxy.example").unwrap();
            assert!(why.starts_with("must not name a user"), "{}: {why}", field.path);
            assert_eq!(
                why.contains("use authorizations"),
                has_one,
                "{}: {why}",
                field.path
            );
        }
    }
}

#[test]
fn without_any_settings_nothing_can_be_sent_and_that_is_told() {
    for integration in ALL {
        let defaults = Settings::defaults(integration.settings);
        let problems = (integration.check)(&defaults, &AppSettings::default());
        assert!(
            problems.iter().any(|problem| problem.stops),
            "{}",
            integration.slug
        );
    }
}

/// Stripe names no platform. Who bought there first is told of as soon as the app tells who that is, and where.
#[test]
fn who_is_known_neither_by_an_identifier_nor_by_a_platform_is_waited_for() {
    for (slug, settings) in [
        ("facebook_ads", json!({"facebook_app_id": "1"})),
        ("firebase_ga4", json!({})),
        ("appsflyer", json!({})),
        ("adjust", json!({})),
        ("tenjin", json!({})),
        ("branch", json!({"branch_keys": {"production": "key_live_a"}})),
        ("airbridge", json!({"app_name": "a", "api_token": "b"})),
    ] {
        let integration = find(slug).unwrap();
        let nobody = Case {
            settings,
            kind: EventKind::SubscriptionRenewed,
            customer_user_id: None,
            ..Case::of(integration)
        };
        let nobody = nobody.with("store", "my_store");
        let skip = nobody.record().unwrap_err();
        assert_eq!(skip.name(), "missing_identifier", "{slug}: {skip}");
        let named = Case {
            identifiers: json!({ integration.identifiers[0]: "1f0c" }),
            ..nobody
        };
        assert_eq!(named.record(), Err(Skip::UnknownPlatform), "{slug}");
    }
}

#[test]
fn the_country_is_the_one_that_the_event_tells() {
    for (slug, settings) in [
        (
            "appsflyer",
            json!({"ios_app_id": "1", "keys": {"production": {"ios": "k"}}}),
        ),
        ("branch", json!({"branch_keys": {"production": "key_live_a"}})),
        ("tenjin", json!({"sdk_keys": {"production": {"ios": "k"}}})),
    ] {
        let integration = find(slug).unwrap();
        let case = Case {
            settings,
            identifiers: json!({ integration.identifiers[0]: "1f0c" }),
            profile: json!({"ip_country": "ZA"}),
            ..Case::of(integration)
        };
        let tells = |case: &Case, country: &str| case.request().body.contains(country);
        assert!(tells(&case, "ZA"), "{slug}");
        let moved = case.with("profile_country", "XQ");
        assert!(tells(&moved, "XQ") && !tells(&moved, "ZA"), "{slug}");
    }
}

#[test]
fn the_address_is_the_one_that_the_event_tells() {
    let tokens = json!({"ios": {"subscription_renewed": "abc123"}});
    for (slug, settings) in [
        (
            "adjust",
            json!({"app_tokens": {"ios": "t"}, "event_tokens": tokens}),
        ),
        ("airbridge", json!({"app_name": "a", "api_token": "b"})),
        (
            "appsflyer",
            json!({"ios_app_id": "1", "keys": {"production": {"ios": "k"}}}),
        ),
        ("branch", json!({"branch_keys": {"production": "key_live_a"}})),
        ("facebook_ads", json!({"facebook_app_id": "1"})),
        (
            "facebook_ads",
            json!({"conversions_api": {"dataset_id": "3", "access_token": "t"}}),
        ),
        ("posthog", json!({"api_key": "phc_a"})),
        ("tenjin", json!({"sdk_keys": {"production": {"ios": "k"}}})),
    ] {
        let integration = find(slug).unwrap();
        let mut case = Case {
            settings,
            identifiers: json!({ integration.identifiers[0]: "1f0c" }),
            profile: json!({"ip_v4_address": "192.0.2.1"}),
            ..Case::of(integration)
        };
        let tells = |case: &Case, address: &str| format!("{:?}", case.request()).contains(address);
        assert!(tells(&case, "192.0.2.1"), "{slug}");
        case = case.with("profile_ip_address", "203.0.113.9");
        assert!(
            tells(&case, "203.0.113.9") && !tells(&case, "192.0.2.1"),
            "{slug}"
        );
        case.app.collect_ip = false;
        assert!(!tells(&case, "203.0.113.9"), "{slug}");
    }
}

#[test]
fn a_wait_for_a_better_identifier_names_those_that_end_it_and_no_others() {
    let cases = [
        ("amplitude", json!({"api_keys": {"production": {"ios": "k"}}})),
        ("mixpanel", json!({"tokens": {"production": {"ios": "t"}}})),
        ("posthog", json!({"api_key": "phc_k"})),
        ("airbridge", json!({"app_name": "a", "api_token": "b"})),
        ("branch", json!({"branch_keys": {"production": "key_live_a"}})),
        ("appmetrica", json!({"application_id": "1", "post_api_key": "k"})),
        (
            "appmetrica",
            json!({"application_id": "1", "post_api_key": "k", "identifier_order": "device_first"}),
        ),
        (
            "onesignal",
            json!({"app_id": PROFILE_ID, "rest_api_key": "k", "fallback_external_id": true}),
        ),
        (
            "facebook_ads",
            json!({"facebook_app_id": "1", "ios_app_id": "2", "client_token": "t"}),
        ),
        (
            "adjust",
            json!({"app_tokens": {"ios": "a"}, "event_tokens": {"ios": {"subscription_renewed": "e00001"}}}),
        ),
    ];
    for Integration {
        slug,
        settings,
        identifiers,
        ..
    } in ALL
    {
        let waits = settings.iter().any(|field| field.path == "wait_for_identifier");
        let is_tried = cases.iter().any(|(tried, _)| tried == slug);
        assert!(
            is_tried || !waits || identifiers.is_empty(),
            "a case of {slug} is missing here"
        );
    }
    for (slug, settings) in cases {
        let integration = find(slug).unwrap();
        let mut case = Case::under(integration, settings);
        case.settings["wait_for_identifier"] = json!(60);
        let Err(Skip::Waiting { identifiers, until }) = case.record() else {
            panic!("{slug} waits")
        };
        assert_eq!(until, Some(AT + 60_000_000), "{slug}");
        let device = ["idfa", "idfv", "advertising_id"];
        assert!(!identifiers.iter().any(|name| device.contains(name)), "{slug}");
        for name in integration.identifiers {
            let known = Case {
                identifiers: json!({ *name: "17577" }),
                ..case.clone()
            };
            let still_waits = matches!(known.record(), Err(Skip::Waiting { .. }));
            assert_eq!(still_waits, !identifiers.contains(name), "{slug}: {name}");
        }
    }
}

#[test]
fn a_rate_is_missed_only_by_an_amount_that_is_to_be_told_in_dollars() {
    let missed = |kind, settings: Value, local: Value, usd: Value| {
        let properties = json!({"currency": "VND", "price_local": local, "price_usd": usd});
        let payload = json!({ "event_properties": properties }).to_string();
        let told = Told::new(Uuid::nil(), kind, AT, AT, &payload).unwrap();
        let settings = Case::under(find("amplitude").unwrap(), settings).settings();
        currency_without_rate(&told, &settings).map(str::to_owned)
    };
    let (renewed, price, none) = (EventKind::SubscriptionRenewed, json!(250_000), Value::Null);
    let of_users = json!({"report_user_currency": true});
    let told = missed(renewed, json!({}), price.clone(), none.clone());
    assert_eq!(told.as_deref(), Some("VND"));
    assert_eq!(missed(renewed, of_users, price.clone(), none.clone()), None);
    assert_eq!(missed(renewed, json!({}), price.clone(), json!(9.8)), None);
    for nothing in [json!(0), json!(0.0), Value::Null] {
        assert_eq!(missed(renewed, json!({}), nothing, none.clone()), None);
    }
    assert_eq!(
        missed(EventKind::SubscriptionExpired, json!({}), price, none),
        None
    );
}

#[test]
fn records_that_share_a_request_make_one_body() {
    let bodies = [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#];
    for integration in ALL {
        let part = &integration.parts[0];
        let settings = Settings::defaults(integration.settings);
        if part.most_records(&settings, &integration.limits) > 1 {
            let body = sending(integration, 3).with(&bodies).request().body;
            let slug = integration.slug;
            assert!(serde_json::from_str::<Value>(&body).is_ok(), "{slug}: {body}");
            assert_eq!(body.matches("\"n\":").count(), 3, "{slug}: {body}");
        }
    }
}

#[test]
fn what_a_route_needs_must_be_set_for_a_repeat() {
    let part = Part {
        needs: Some(|route| vec!["app_name", route]),
        ..Part::WHOLE
    };
    let settings = Case {
        settings: json!({"app_name": "a", "api_token": "b"}),
        ..Case::of(find("airbridge").unwrap())
    };
    let settings = settings.settings();
    assert!(part.can_repeat(&settings, "api_token"));
    assert!(!part.can_repeat(&settings, "sandbox_app_name"));
    assert!(Part::WHOLE.can_repeat(&settings, "sandbox_app_name"));
}

#[test]
fn a_table_for_the_owners_names_has_room_for_a_hundred() {
    let integration = find("amplitude").unwrap();
    let keys = |count: usize| {
        let keys: Map<_, _> = (0..count)
            .map(|number| (format!("store-{number}"), "k".into()))
            .collect();
        let said = json!({"api_keys": {"sandbox": keys}});
        let before = Settings::defaults(integration.settings);
        Settings::read(integration.settings, said.as_object().unwrap(), &before)
    };
    assert!(keys(100).is_ok());
    let Err(problems) = keys(101) else {
        panic!("101 names are taken")
    };
    let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["api_keys.sandbox"]);
}

#[test]
fn a_key_of_a_store_of_ones_own_is_kept_as_any_other() {
    let fields = find("amplitude").unwrap().settings;
    let read = |said: Value, before: &Settings| {
        let read = Settings::read(fields, said.as_object().unwrap(), before);
        read.unwrap_or_else(|problems| panic!("{problems:?}"))
    };
    let said = json!({"api_keys": {"production": {"ios": "key-1", "shop": "key-2"}}});
    let known = read(said, &Settings::defaults(fields));
    let (stored, secrets) = known.split(fields);
    assert!(!Value::Object(stored.clone()).to_string().contains("key-"));
    assert!(Settings::join(fields, &stored, secrets) == known);
    let shown = Value::Object(known.masked(fields));
    assert_eq!(shown["api_keys"]["production"]["shop"], settings::MASK);
    assert!(read(shown, &known) == known);
}

#[test]
fn names_that_owners_give_have_their_limits() {
    let field = |path: &str| {
        let mut fields = ALL.iter().flat_map(|integration| integration.settings);
        fields.find(|field| field.path == path).unwrap()
    };
    let keys = field("api_keys.production.*");
    for good in ["shop", "My_shop-2", &"x".repeat(64)] {
        assert!(keys.covers(&format!("api_keys.production.{good}")), "{good}");
    }
    for bad in ["", "a b", "a.b", "ä", &"x".repeat(65)] {
        assert!(!keys.covers(&format!("api_keys.production.{bad}")), "{bad}");
    }
    assert!(!keys.covers("api_keys.sandbox.shop"));
    let problems = |name: &str| {
        let mut problems = Vec::new();
        field("event_names").read("event_names", &json!({"trial_started": name}), &mut problems);
        problems.len()
    };
    assert_eq!((problems(&"é".repeat(255)), problems("")), (0, 0));
    assert_eq!((problems(&"é".repeat(256)), problems("a\n")), (1, 1));
    let read = |name: &str| {
        let said = json!({"trial_started": name});
        field("event_names").read("event_names", &said, &mut Vec::new())["trial_started"].clone()
    };
    for blank in ["", " ", "\u{a0}\u{2003} "] {
        assert_eq!(read(blank), "", "{blank:?}");
    }
    assert_eq!(read(" a b"), " a b");
    for good in ["a b", "ä", &"x".repeat(4_096)] {
        assert_eq!(settings::secret::any_text(good), None, "{good}");
    }
    for bad in ["a\tb", " a", "a ", &"x".repeat(4_097)] {
        assert!(settings::secret::any_text(bad).is_some(), "{bad}");
    }
}

#[test]
fn a_name_with_a_dot_is_no_path_to_a_setting() {
    let fields = find("amplitude").unwrap().settings;
    let said = json!({"api_keys.production.ios": "k", "api_keys": {"production.ios": "k"},
            "api_keys.sandbox": {"ios": "k"}});
    let before = Settings::defaults(fields);
    let read = Settings::read(fields, said.as_object().unwrap(), &before);
    let problems = read.map(|_| ()).unwrap_err();
    let paths: BTreeSet<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(
        paths,
        BTreeSet::from(["api_keys.production.ios", "api_keys.sandbox"])
    );
    assert_eq!(problems.len(), 3);
}

#[test]
fn a_synthetic_event_is_made_where_a_delay_asks_for_it() {
    let delays = |slug: &str, settings: serde_json::Value| {
        let integration = find(slug).unwrap();
        let case = Case {
            settings,
            ..Case::of(integration)
        };
        let settings = case.settings();
        integration.synthetic_delays(&settings).collect::<Vec<_>>()
    };
    assert_eq!(delays("adjust", json!({})), []);
    let asked = json!({"synthetic_delay_days": {"trial_active": 3, "subscription_active": null}});
    assert_eq!(delays("adjust", asked), [(EventKind::TrialActive, 3)]);
    let off = json!({"synthetic_delay_days": {"trial_active": 3}, "events": {"trial_active": false}});
    assert_eq!(delays("adjust", off), []);
}

#[test]
fn every_record_is_complete() {
    for integration in ALL {
        let slug = integration.slug;
        assert_eq!(find(slug).map(|found| found.title), Some(integration.title));
        assert!(
            slug.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{slug}"
        );
        assert!(integration.docs.starts_with("https://"), "{slug}");
        assert!(
            integration.identifiers.iter().all(|name| NAMES.contains(name)),
            "{slug}"
        );
        let paths: BTreeSet<&str> = integration.settings.iter().map(|field| field.path).collect();
        assert_eq!(paths.len(), integration.settings.len(), "{slug}");
        let defaults = Settings::defaults(integration.settings);
        assert!(defaults.problems(integration.settings).is_empty(), "{slug}");
    }
}
