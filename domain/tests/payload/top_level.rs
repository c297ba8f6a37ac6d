//! What surrounds an event's properties.

use bursar_domain::events::EventKind;
use serde_json::{Value, json};

use crate::scene::Scene;

fn started() -> Scene {
    Scene::new(EventKind::SubscriptionStarted)
}

#[test]
fn what_nobody_told_is_null_and_what_was_not_asked_for_is_absent() {
    let event = started().event();
    for key in [
        "customer_user_id",
        "idfv",
        "idfa",
        "advertising_id",
        "user_agent",
        "email",
        "profiles_sharing_access_level",
        "integration_ids",
    ] {
        assert_eq!(event.get(key), Some(&Value::Null), "{key}");
    }
    for key in ["attributions", "user_attributes", "play_store_purchase_token"] {
        assert_eq!(event.get(key), None, "{key}");
    }
    assert_eq!(event["event_api_version"], 1);
    assert_eq!(event["profile_id"], event["event_properties"]["profile_id"]);
    assert_eq!(
        event["event_datetime"],
        event["event_properties"]["event_datetime"]
    );
}

#[test]
fn the_name_can_be_another() {
    let renamed = started().set(|scene| scene.options.name = Some("Abo \"neu\""));
    assert_eq!(renamed.event()["event_type"], "Abo \"neu\"");
}

#[test]
fn attributes_are_sent_where_asked_for_with_numbers_as_floats() {
    let body =
        r#"{"custom_attributes":[{"key":"n","value":10},{"key":"b","value":true},{"key":"t","value":"x"}]}"#;
    let asked = |scene: Scene| scene.set(|scene| scene.options.send_user_attributes = true);
    let scene = asked(started().with_customer(body, r#"{"branch_id":"b"}"#));
    assert!(
        scene
            .json()
            .contains(r#""user_attributes":{"b":1.0,"n":10.0,"t":"x"}"#)
    );
    assert_eq!(asked(started()).event()["user_attributes"], json!({}));
}

#[test]
fn where_the_customer_came_from_is_told_where_asked_for() {
    let asked = |scene: Scene| scene.set(|scene| scene.options.send_attribution = true);
    assert_eq!(asked(started()).event()["attributions"], json!({}));
    let told =
        started().came_from(r#"{"status":"non_organic","channel":"search","attribution_user_id":"n-1"}"#);
    assert_eq!(told.event().get("attributions"), None);
    let expected = concat!(
        r#""attributions":{"web":{"ad_set":null,"status":"non_organic","channel":"search","ad_group":null,"#,
        r#""campaign":null,"creative":null,"created_at":"2025-01-01T08:30:00.500000+0000","network_user_id":"n-1"}}"#
    );
    assert!(asked(told).json().contains(expected));
}

#[test]
fn only_identifiers_that_are_set_are_sent() {
    let scene = started().with_customer("{}", r#"{"branch_id":"b","adjust_device_id":"a\u0001"}"#);
    let expected = json!({"adjust_device_id": "a\u{1}", "branch_id": "b"});
    assert_eq!(scene.event()["integration_ids"], expected);
}

#[test]
fn profiles_that_share_the_access_level_are_listed() {
    let shared = started().set(|scene| scene.is_shared = true).event();
    let other = json!({"profile_id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "customer_user_id": "user-2"});
    assert_eq!(shared["profiles_sharing_access_level"], json!([other]));
}

#[test]
fn countries_are_upper_case() {
    let scene = started().with_customer(r#"{"ip_country":"fr"}"#, r#"{"branch_id":"b"}"#);
    assert_eq!(scene.properties()["profile_country"], "FR");
}

#[test]
fn every_event_is_compact_and_names_each_key_once() {
    let json = started().json();
    assert!(!json.contains('\n'));
    assert_eq!(json.matches(r#""email":"#).count(), 1);
    assert_eq!(json.matches(r#""profile_id":"#).count(), 2);
}
