//! The Conversions API: events as JSON to a dataset, one in a call, because one bad event fails its whole call.
//!
//! Source: <https://developers.facebook.com/docs/marketing-api/conversions-api/parameters>, read 2026-11.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use uuid::Uuid;

use super::super::contract::occasion::Revenue;
use super::super::mapping::text::json;
use super::super::{Occasion, Record, Request, Sending, Skip};
use super::device::{ExtInfo, Identity};
use super::{DATASET, TEST_CODE, TOKEN, address, user_data};
use crate::events::wire::Amount;
use crate::time::{DAY, SECOND};

/// What the routes of these records begin with.
pub const ROUTE: &str = "conversions";
/// The route of events that are marked as tests.
const TEST_ROUTE: &str = "conversions test";

/// A call with an older event is refused.
pub const MAX_AGE_SECONDS: i64 = 7 * DAY / SECOND;

#[derive(Serialize)]
struct Event<'a> {
    event_name: &'static str,
    event_time: i64,
    event_id: Uuid,
    action_source: &'static str,
    user_data: UserData<'a>,
    app_data: AppData<'a>,
    custom_data: CustomData<'a>,
}

#[derive(Serialize)]
struct AppData<'a> {
    advertiser_tracking_enabled: u8,
    application_tracking_enabled: u8,
    extinfo: ExtInfo<'a>,
}

#[derive(Serialize)]
struct CustomData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_ids: Option<[&'a str; 1]>,
    content_type: &'static str,
}

/// The customer: hashes in lists, ids and address as they are.
struct UserData<'a>(&'a Occasion<'a>, &'a Identity<'a>);

impl Serialize for UserData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(occasion, identity) = self;
        let customer = occasion.customer;
        let mut map = serializer.serialize_map(None)?;
        if let Some(hash) = customer.customer_user_id().and_then(user_data::external_id) {
            map.serialize_entry("external_id", &[hash])?;
        }
        if occasion.settings.is("send_hashed_user_data") {
            for (field, hash) in
                user_data::known(occasion.customer).filter(|(field, _)| ["em", "ph"].contains(field))
            {
                map.serialize_entry(field, &[hash])?;
            }
        }
        for (field, value) in [
            ("madid", identity.advertiser_id),
            ("anon_id", identity.anon_id),
            ("client_ip_address", occasion.profile_ip()),
            ("client_user_agent", identity.device.text("user_agent")),
        ] {
            if let Some(value) = value {
                map.serialize_entry(field, value)?;
            }
        }
        map.end()
    }
}

/// The event; one that is marked as a test has a route of its own.
pub fn record(occasion: &Occasion<'_>, name: &'static str, is_test: bool) -> Result<Record, Skip> {
    if occasion.now > occasion.taken_until(MAX_AGE_SECONDS) {
        return Err(Skip::TooOld);
    }
    let identity = &Identity::of(occasion).map_err(|skip| until_too_old(skip, occasion))?;
    let revenue = occasion.revenue();
    let event = Event {
        event_name: name,
        event_time: occasion.second(),
        event_id: occasion.event.id,
        action_source: "app",
        user_data: UserData(occasion, identity),
        app_data: AppData {
            advertiser_tracking_enabled: identity.tracking(),
            application_tracking_enabled: 1,
            extinfo: ExtInfo(occasion, identity),
        },
        custom_data: CustomData {
            currency: revenue.map(|revenue| revenue.currency),
            value: revenue.as_ref().map(Revenue::number),
            order_id: occasion.event.text("original_transaction_id"),
            content_ids: occasion.event.text("vendor_product_id").map(|product| [product]),
            content_type: "product",
        },
    };
    Ok(Record {
        route: if is_test { TEST_ROUTE } else { ROUTE }.to_owned(),
        body: json(&event),
    })
}

/// A delivery waits no longer than until its event is too old.
fn until_too_old(skip: Skip, occasion: &Occasion<'_>) -> Skip {
    let Skip::Waiting { identifiers, until } = skip else {
        return skip;
    };
    let too_old_at = occasion.taken_until(MAX_AGE_SECONDS).saturating_add(1);
    Skip::Waiting {
        identifiers,
        until: Some(until.map_or(too_old_at, |until| until.min(too_old_at))),
    }
}

/// The settings that a record of this route needs.
pub fn needed(route: &str) -> Vec<&'static str> {
    let code = (route == TEST_ROUTE).then_some(TEST_CODE);
    [DATASET, TOKEN].into_iter().chain(code).collect()
}

/// The call with its token; only tests carry the code that makes them tests.
pub fn request(sending: &Sending<'_>) -> Request {
    let (record, settings) = (&sending.records[0], sending.settings);
    let token = json(&settings.text(TOKEN));
    let code = settings.text(TEST_CODE).filter(|_| record.route == TEST_ROUTE);
    let code = code.map(|code| format!(",\"test_event_code\":{}", json(&code)));
    let body = format!(
        "{{\"data\":[{}],\"access_token\":{token}{}}}",
        record.body,
        code.unwrap_or_default()
    );
    Request::post_json(address(settings, DATASET, "events"), body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::samples::{AT, Case, EVENT_ID};

    fn case() -> Case {
        Case {
            settings: json!({"facebook_app_id": "1", "conversions_api": {
                "dataset_id": "77", "access_token": "t\"", "test_event_code": "TEST1"}}),
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            profile: json!({"att_status": 3, "ip_v4_address": "198.51.100.24", "email": "ada@example.com",
                "phone_number": "+12025550143", "first_name": "Ada", "installation_meta": {
                    "device_id": "d", "os": "18.3", "idfa": "A", "user_agent": "Example/1.0"}}),
            ..Case::of(&INTEGRATION)
        }
    }

    #[test]
    fn an_event_goes_to_the_dataset_with_its_id() {
        let url = case().request().url;
        assert_eq!(url, "https://graph.facebook.com/v25.0/77/events");
        let expected = json!({"access_token": "t\"", "data": [{
            "event_name": "Subscribe", "event_time": 1_741_944_413,
            "event_id": EVENT_ID, "action_source": "app",
            "user_data": {"external_id": [user_data::external_id("cust-7781")], "madid": "A", "anon_id": "XZ1",
                "client_ip_address": "198.51.100.24", "client_user_agent": "Example/1.0"},
            "app_data": {"advertiser_tracking_enabled": 1, "application_tracking_enabled": 1, "extinfo": [
                "i2", "com.aurora.notes", "", "", "18.3", "", "", "", "", 0, 0, "", 0, 0, 0, ""]},
            "custom_data": {"currency": "USD", "value": 12.49, "order_id": "440001100000001",
                "content_ids": ["aurora.pro.monthly"], "content_type": "product"}
        }]});
        assert_eq!(case().body(), expected);
    }

    #[test]
    fn the_user_agent_is_the_phones_and_not_the_browsers() {
        let calls = |phone: &str| {
            json!([
                {"installation_meta": {"device_id": "d", "platform": "iOS", "user_agent": phone}},
                {"installation_meta": {"device_id": "b", "platform": "web", "user_agent": "Browser/1.0"}},
            ])
        };
        let told = |phone: &str| {
            let case = Case {
                profile: calls(phone),
                ..case()
            };
            case.body()["data"][0]["user_data"]["client_user_agent"].clone()
        };
        assert_eq!(
            [told("Example/1.0"), told("")],
            [json!("Example/1.0"), json!(null)]
        );
    }

    #[test]
    fn a_test_is_marked_and_never_a_real_purchase() {
        let test = case().with("environment", "Sandbox").body();
        assert_eq!(test["test_event_code"], "TEST1");
        assert!(case().body().get("test_event_code").is_none());
    }

    #[test]
    fn the_customers_id_is_hashed_also_where_it_is_as_long_as_an_md5() {
        let told = |id: &'static str| {
            let case = Case {
                customer_user_id: Some(id),
                ..case()
            };
            let told = &case.body()["data"][0]["user_data"]["external_id"][0];
            told.as_str().unwrap().to_owned()
        };
        assert_eq!(told("5b0e6a527c1d4a0e9a440f6b7a0c9d11").len(), 64);
        // What the owner has hashed is told as it is.
        let hash = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        assert_eq!(told(hash), hash.to_lowercase());
    }

    #[test]
    fn hashes_of_the_person_are_told_where_the_owner_says_so() {
        let mut case = case();
        case.settings["send_hashed_user_data"] = true.into();
        let user = case.body()["data"][0]["user_data"].clone();
        assert!(user["em"][0].is_string() && user["ph"][0].is_string() && user.get("fn").is_none());
    }

    #[test]
    fn without_an_identifier_it_waits_until_it_is_too_old() {
        let nobody = Case {
            identifiers: json!({}),
            profile: json!({}),
            ..case()
        };
        let too_old_at = AT + MAX_AGE_SECONDS * SECOND + 1;
        let until = |case: &Case| match case.record() {
            Err(Skip::Waiting { until, .. }) => until,
            other => panic!("{other:?}"),
        };
        assert_eq!(until(&nobody), Some(too_old_at));
        let mut patient = nobody.clone();
        patient.settings["wait_for_identifier"] = json!(60);
        assert_eq!(until(&patient), Some(AT + 60 * SECOND));
        patient.settings["wait_for_identifier"] = json!(2_592_000);
        assert_eq!(until(&patient), Some(too_old_at));
        let late = Case {
            now: too_old_at,
            ..nobody
        };
        assert_eq!(late.record(), Err(Skip::TooOld));
    }

    #[test]
    fn events_of_more_than_seven_days_are_too_old() {
        let after = |seconds: i64| {
            let now = AT + 7 * DAY + seconds * SECOND;
            Case { now, ..case() }.record()
        };
        assert!(after(0).is_ok());
        assert_eq!(after(1), Err(Skip::TooOld));
    }

    #[test]
    fn the_age_is_that_of_the_time_that_is_told() {
        let is_told = |at: i64, made_at: i64, now: i64| case().told(at, made_at, now).record().is_ok();
        // Told without its fraction of a second.
        assert!(is_told(AT + 900_000, AT + 900_000, AT + 7 * DAY));
        assert!(!is_told(AT + 900_000, AT + 900_000, AT + 7 * DAY + 1));
        // What lies ahead is told with the time at which it was made.
        let ahead = Case {
            made_at: AT - 5_000_000,
            ..case()
        };
        assert_eq!(ahead.body()["data"][0]["event_time"], 1_741_944_408);
        assert!(is_told(AT + 30 * DAY, AT, AT + 7 * DAY));
        assert!(!is_told(AT + 30 * DAY, AT, AT + 7 * DAY + 1));
    }
}
