//! App Events: a form for each event.

use serde::Serialize;

use super::super::contract::occasion::Revenue;
use super::super::mapping::percent::Form;
use super::super::mapping::text::json;
use super::super::{Occasion, Record, Request, Sending};
use super::device::{ExtInfo, Identity};
use super::{SANDBOX_APP, address, user_data};
use crate::events::wire::Amount;
use crate::time::SECOND;

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "_eventName")]
    name: &'static str,
    #[serde(rename = "_logTime")]
    time: i64,
    #[serde(rename = "_valueToSum", skip_serializing_if = "Option::is_none")]
    value: Option<Amount>,
    #[serde(rename = "fb_currency", skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(rename = "fb_content_type")]
    content_type: &'static str,
    #[serde(rename = "fb_content_id", skip_serializing_if = "Option::is_none")]
    content_id: Option<&'a str>,
    #[serde(rename = "fb_num_items")]
    items: u8,
    #[serde(rename = "fb_order_id", skip_serializing_if = "Option::is_none")]
    order_id: Option<&'a str>,
    #[serde(rename = "fb_transaction_id", skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
}

/// The form without its token. The route names the app and the address that the customer was seen at, which goes into
/// a header.
pub fn record(
    occasion: &Occasion<'_>,
    name: &'static str,
    identity: &Identity<'_>,
    app: &'static str,
) -> Record {
    let customer = occasion.customer;
    let mut form = Form::default();
    form.add("event", "CUSTOM_APP_EVENTS")
        .add("advertiser_tracking_enabled", identity.tracking())
        .add("application_tracking_enabled", 1)
        .add_known("advertiser_id", identity.advertiser_id)
        .add_known("anon_id", identity.anon_id)
        .add_known("app_user_id", customer.customer_user_id())
        .add("custom_events", events(occasion, name))
        .add("extinfo", json(&ExtInfo(occasion, identity)));
    if occasion.settings.is("send_hashed_user_data") {
        for (field, hash) in user_data::known(occasion.customer) {
            form.add(&format!("ud[{field}]"), hash);
        }
    }
    Record {
        route: format!("{app} {}", occasion.profile_ip().unwrap_or_default()),
        body: form.into_text(),
    }
}

/// `custom_events`: a list with the event.
fn events(occasion: &Occasion<'_>, name: &'static str) -> String {
    let revenue = occasion.revenue();
    let order_id = occasion.event.text("original_transaction_id");
    json(&[Event {
        name,
        time: occasion.event.at.div_euclid(SECOND),
        value: revenue.as_ref().map(Revenue::number),
        currency: revenue.map(|revenue| revenue.currency),
        content_type: "in_app",
        content_id: occasion.event.text("vendor_product_id"),
        items: 1,
        order_id,
        transaction_id: order_id,
    }])
}

/// The setting that a record of this route needs.
pub fn needed(route: &str) -> Vec<&str> {
    vec![app_of(route).0]
}

/// The setting of the app, and the customer's address.
fn app_of(route: &str) -> (&str, &str) {
    route.split_once(' ').unwrap_or((route, ""))
}

/// The form with its token, for the app that the route names.
pub fn request(sending: &Sending<'_>) -> Request {
    let record = &sending.records[0];
    let (app, ip) = app_of(&record.route);
    let token = if app == SANDBOX_APP {
        "sandbox_client_token"
    } else {
        "client_token"
    };
    let id = sending.settings.text(app).unwrap_or_default();
    let token = sending.settings.text(token).map(|token| format!("{id}|{token}"));
    let mut form = Form::default();
    form.add_encoded(&record.body).add_known("access_token", token);
    let request = Request::post_form(address(sending.settings, app, "activities"), form.into_text());
    if ip.is_empty() {
        request
    } else {
        request.header("x-forwarded-for", ip.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::INTEGRATION;
    use crate::events::EventKind;
    use crate::integrations::samples::Case;

    fn case() -> Case {
        Case {
            settings: json!({"facebook_app_id": "880011223344556"}),
            identifiers: json!({"facebook_anonymous_id": "XZ7F3D2A-0B1C-4D5E-8F90-A1B2C3D4E5F6"}),
            profile: json!({"att_status": 3, "ip_v4_address": "198.51.100.24", "installation_meta": {
                "device_id": "d", "device": "iPhone15,3", "os": "iOS 18.3", "platform": "iOS", "locale": "sv_SE",
                "timezone": "Europe/Stockholm", "app_version": "2.8.0", "app_build": "412",
                "idfa": "6F9619FF-8B86-4011-B42D-00CF4FC964FF"
            }}),
            kind: EventKind::SubscriptionStarted,
            ..Case::of(&INTEGRATION)
        }
    }

    fn told(case: &Case) -> String {
        case.form().remove("custom_events").unwrap()
    }

    #[test]
    fn an_event_is_a_form_with_json_in_it() {
        let request = case().request();
        assert_eq!(
            request.url,
            "https://graph.facebook.com/v25.0/880011223344556/activities"
        );
        assert!(
            request
                .headers
                .contains(&("x-forwarded-for", "198.51.100.24".into()))
        );
        let begin = concat!(
            "event=CUSTOM_APP_EVENTS&advertiser_tracking_enabled=1&application_tracking_enabled=1",
            "&advertiser_id=6F9619FF-8B86-4011-B42D-00CF4FC964FF&anon_id=XZ7F3D2A-0B1C-4D5E-8F90-A1B2C3D4E5F6",
            "&app_user_id=cust-7781&custom_events=%5B%7B%22_eventName%22%3A%22Subscribe%22%2C"
        );
        assert!(request.body.starts_with(begin), "{}", request.body);
        let form = case().form();
        assert_eq!(form.len(), 8);
        assert_eq!(
            form["custom_events"],
            concat!(
                r#"[{"_eventName":"Subscribe","_logTime":1741944413,"_valueToSum":12.49,"fb_currency":"USD","#,
                r#""fb_content_type":"in_app","fb_content_id":"aurora.pro.monthly","fb_num_items":1,"#,
                r#""fb_order_id":"440001100000001","fb_transaction_id":"440001100000001"}]"#,
            )
        );
        assert_eq!(
            form["extinfo"],
            concat!(
                r#"["i2","com.aurora.notes","2.8.0","412","18.3","iPhone15,3","sv_SE","CET","",0,0,"",0,0,0,"#,
                r#""Europe/Stockholm"]"#,
            )
        );
    }

    #[test]
    fn the_client_token_and_another_version_are_used_where_they_are_set() {
        let case = Case {
            settings: json!({"facebook_app_id": "1", "client_token": "abc", "graph_version": "v26.0",
                "base_url": "https://proxy.example/"}),
            ..case()
        };
        let request = case.request();
        assert_eq!(request.url, "https://proxy.example/v26.0/1/activities");
        assert!(request.body.ends_with("&access_token=1%7Cabc"));
        assert!(!case.record().unwrap().body.contains("abc"));
    }

    #[test]
    fn only_income_is_told_as_money() {
        let expired = Case {
            kind: EventKind::SubscriptionExpired,
            ..case()
        };
        assert!(!told(&expired).contains("_valueToSum") && !told(&expired).contains("fb_currency"));
        assert!(!told(&case().with("price_usd", 0.0)).contains("_valueToSum"));
        let trial = Case {
            kind: EventKind::TrialStarted,
            ..case()
        };
        assert!(!told(&trial).contains("_valueToSum"));
        let settings =
            json!({"facebook_app_id": "1", "send_trial_price": true, "report_user_currency": true});
        let with_price = told(&Case { settings, ..trial });
        let money =
            r#""_eventName":"StartTrial","_logTime":1741944413,"_valueToSum":129.0,"fb_currency":"SEK""#;
        assert!(with_price.contains(money), "{with_price}");
    }
}
