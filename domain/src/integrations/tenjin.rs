//! Tenjin: purchases as `POST /v0/purchase` and the start of a trial as `POST /v0/event`, each a form. It tells no
//! repeats, takes no refunds, and dates what it gets by itself.
//!
//! Source: <https://tenjin.com/docs/tenjin-server-to-server-s2s>, read 2026-11.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::customer::Platform;
use super::device_id::DeviceIds;
use super::exchange::{all, by_status};
use super::missing;
use super::percent::Form;
use super::schedule::USUAL;
use super::secret::header_problem;
use super::{
    Answer, Field, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request,
    Sending, Settings, Skip, Verdict, shared,
};
use crate::app::AppSettings;
use crate::events::EventKind;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "tenjin",
    title: "Tenjin",
    docs: "https://tenjin.com/docs/tenjin-server-to-server-s2s",
    settings: FIELDS,
    identifiers: IDENTIFIERS,
    limits: Limits::NONE,
    schedule: &USUAL,
    takes,
    parts: &[Part::WHOLE],
    check,
    encode,
    request,
    judge,
    probe: Probe::MarkedEvent,
};

const IDENTIFIERS: &[&str] = &["tenjin_analytics_installation_id"];

const KEY: Kind = Kind::Secret(header_problem);

const FIELDS: &[Field] = &[
    Field::new("sdk_keys.production.ios", KEY, "The SDK key of the iOS app."),
    Field::new(
        "sdk_keys.production.android",
        KEY,
        "The SDK key of the Android app.",
    ),
    Field::new(
        "sdk_keys.sandbox.ios",
        KEY,
        "For test purchases on iOS; may be the same as for real ones.",
    ),
    Field::new("sdk_keys.sandbox.android", KEY, "The same for Android."),
    shared::EVENTS,
    Field::new(
        "event_names",
        Kind::EventNames(EventKind::as_str),
        "What trial_started is called there: purchases have no names. Empty: the event is not sent.",
    ),
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    shared::exclude_historical_events(true),
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

/// What stands for an id for advertisers that is not known.
const ZEROS: &str = "00000000-0000-0000-0000-000000000000";
/// `att_status` of a customer who allowed tracking.
const ALLOWED: i64 = 3;

const PURCHASE: &str = "/v0/purchase";
const EVENT: &str = "/v0/event";

fn takes(event: EventKind) -> bool {
    event == EventKind::TrialStarted || (event.has_revenue() && !event.is_refund())
}

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let mut problems = missing::on_platforms(settings, app, "sdk_keys");
    let has_key = |platform: &Platform| {
        let mut keys = ["production", "sandbox"]
            .map(|environment| key(environment, *platform))
            .into_iter();
        keys.any(|key| settings.text(&key).is_some())
    };
    let so = "Tenjin asks for it with every event of this platform";
    let with_keys = [Platform::Ios, Platform::Android].into_iter().filter(has_key);
    problems.extend(with_keys.filter_map(|platform| missing::of_app(app, platform, so)));
    problems
}

/// The setting of a key.
fn key(environment: &str, platform: Platform) -> String {
    format!("sdk_keys.{environment}.{}", platform.as_str())
}

/// The route is the path and the setting of the key.
fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    if !takes(occasion.kind()) {
        return Err(Skip::EventUnsupported);
    }
    let platform = occasion.platform_or_wait(IDENTIFIERS)?;
    let key = key(occasion.environment(), platform);
    occasion.settings.require(&key)?;
    let id = occasion.require(IDENTIFIERS)?;
    let mut form = Form::default();
    form.add("analytics_installation_id", id);
    describe(&mut form, occasion, platform);
    let is_purchase = occasion.kind().has_revenue() || occasion.settings.is("send_trial_price");
    let path = if is_purchase {
        purchase(&mut form, occasion)?;
        PURCHASE
    } else {
        form.add("event", occasion.event_name());
        EVENT
    };
    Ok(Record {
        route: format!("{path} {key}"),
        body: form.into_text(),
    })
}

/// Adds the customer and the device.
fn describe(form: &mut Form, occasion: &Occasion<'_>, platform: Platform) {
    let customer = occasion.customer;
    let device = DeviceIds::on(platform, customer);
    let tracking = customer.att_status().filter(|_| platform == Platform::Ios);
    let is_limited = tracking.map(|status| if status == ALLOWED { "0" } else { "1" });
    let release = customer.os_version_on(platform);
    let country = customer.recipient.country;
    let country = country.or_else(|| occasion.event.text("store_country"));
    form.add(
        "advertising_id",
        device.idfa.or(device.advertising_id).unwrap_or(ZEROS),
    )
    .add_known("developer_device_id", device.idfv)
    .add_known("bundle_id", customer.bundle_on(platform))
    .add("platform", platform_name(occasion, platform))
    .add_known("os_version", api_level(occasion, platform).or(release))
    .add_known("os_version_release", release)
    .add("sdk_version", "server")
    .add_known("app_version", customer.device_on(platform, "app_version"))
    .add_known("device_model", customer.device_on(platform, "device"))
    .add_known("locale", customer.device_on(platform, "locale"))
    .add_known("country", country.map(str::to_ascii_uppercase))
    .add_known("ip_address", customer.recipient.ip)
    .add_known("customer_user_id", customer.customer_user_id())
    .add_known("limit_ad_tracking", is_limited)
    .add_known("tracking_status", tracking);
}

/// Amazon's store is a platform of its own.
fn platform_name(occasion: &Occasion<'_>, platform: Platform) -> &'static str {
    let is_amazon = occasion.event.store().starts_with("amazon");
    if is_amazon && platform == Platform::Android {
        "amazon"
    } else {
        platform.as_str()
    }
}

/// The number of Android's interface, which Tenjin wants as its version: 34 of `Android 14 (API 34)`.
fn api_level<'a>(occasion: &Occasion<'a>, platform: Platform) -> Option<&'a str> {
    let os = occasion.customer.device_on(platform, "os")?;
    let (_, level) = os.split_once("API").filter(|_| platform == Platform::Android)?;
    let level = level.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = level.find(|c: char| !c.is_ascii_digit()).unwrap_or(level.len());
    (end > 0).then_some(&level[..end])
}

/// Adds the purchase.
fn purchase(form: &mut Form, occasion: &Occasion<'_>) -> Result<(), Skip> {
    let revenue = occasion.revenue().ok_or(Skip::Other("no_amount"))?;
    // The price of a trial is always the whole one.
    let is_trial = occasion.kind() == EventKind::TrialStarted;
    let is_whole = is_trial || occasion.settings.text("revenue_mode") == Some("gross");
    form.add_known("product_id", occasion.event.text("vendor_product_id"))
        .add("price", revenue.short_text())
        .add("quantity", 1)
        .add("currency", revenue.currency)
        .add("postcut", u8::from(!is_whole));
    Ok(())
}

fn request(sending: &Sending<'_>) -> Request {
    let record = &sending.records[0];
    let (path, key) = record.route.split_once(' ').unwrap_or((&record.route, ""));
    let url = sending.settings.address("https://track.tenjin.com", path);
    // The key is the user's name, and there is no password.
    let user = format!("{}:", sending.settings.text(key).unwrap_or_default());
    Request::post_form(url, record.body.clone())
        .header("authorization", format!("Basic {}", STANDARD.encode(user)))
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let verdict = match answer {
        // What holds is the status within the body.
        Some(answer) if (200..=299).contains(&answer.status) => match code(answer) {
            Some(200) => Verdict::Delivered,
            None => Verdict::DeliveredWithWarning(format!("{}: no code in it", answer.words())),
            Some(401 | 403) => Verdict::Misconfigured(answer.words()),
            Some(429 | 500..) => Verdict::retry(answer.words()),
            Some(_) => Verdict::Rejected(answer.words()),
        },
        _ => by_status(answer),
    };
    all(sending, &verdict)
}

/// The `code` of an answer, if its body can be read.
fn code(answer: &Answer) -> Option<i64> {
    match &answer.json()?["code"] {
        Value::Number(code) => code.as_i64(),
        Value::String(code) => code.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::samples::{Case, answer, sending};
    use serde_json::json;

    fn case(kind: EventKind) -> Case {
        let case = Case {
            settings: json!({"revenue_mode": "proceeds",
                "sdk_keys": {"production": {"ios": "TJIOSKEY0001", "android": "TJANDROID001"}}}),
            kind,
            identifiers: json!({"tenjin_analytics_installation_id": "5d1f0a7c2b3e4d5f60718293a4b5c6d7"}),
            profile: json!({"ip_v4_address": "198.51.100.24",
                "installation_meta": {"device_id": "d", "device": "iPhone15,3", "os": "iOS 18.3", "platform": "iOS",
                    "locale": "sv_SE", "app_version": "2.8.0", "idfv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F"}}),
            ..Case::of(&INTEGRATION)
        };
        case.with("store_country", "SE")
    }

    fn android(os: &str, store: &str) -> String {
        let mut case = case(EventKind::SubscriptionStarted);
        case.properties["store"] = json!(store);
        case.profile = json!({"att_status": 3, "installation_meta": {"device_id": "d", "platform": "Android", "os": os,
            "idfv": "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F",
            "advertising_id": "38400000-8cf0-11bd-b23e-10b96e40000d"}});
        case.request().body
    }

    #[test]
    fn what_the_store_takes_is_said_to_be_off_unless_the_price_is_whole() {
        for (mode, price) in [
            ("gross", "price=12.49&quantity=1&currency=USD&postcut=0"),
            ("proceeds", "price=10.6165&quantity=1&currency=USD&postcut=1"),
            ("net", "price=8.4932&quantity=1&currency=USD&postcut=1"),
        ] {
            let mut case = case(EventKind::SubscriptionStarted);
            case.settings["revenue_mode"] = json!(mode);
            let body = case.request().body;
            assert!(body.ends_with(price), "{mode}: {body}");
        }
    }

    #[test]
    fn a_purchase_is_told_as_documented() {
        let request = case(EventKind::SubscriptionStarted).request();
        assert_eq!(request.url, "https://track.tenjin.com/v0/purchase");
        assert!(
            request
                .headers
                .contains(&("authorization", "Basic VEpJT1NLRVkwMDAxOg==".into()))
        );
        assert_eq!(
            request.body,
            "analytics_installation_id=5d1f0a7c2b3e4d5f60718293a4b5c6d7\
             &advertising_id=00000000-0000-0000-0000-000000000000\
             &developer_device_id=0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F\
             &bundle_id=com.aurora.notes&platform=ios&os_version=18.3&os_version_release=18.3\
             &sdk_version=server&app_version=2.8.0&device_model=iPhone15%2C3&locale=sv_SE&country=SE\
             &ip_address=198.51.100.24&customer_user_id=cust-7781\
             &product_id=aurora.pro.monthly&price=10.6165&quantity=1&currency=USD&postcut=1"
        );
    }

    #[test]
    fn a_trial_is_a_purchase_only_with_its_price() {
        let mut case = case(EventKind::TrialStarted);
        case.settings["event_names"] = json!({"trial_started": "my trial"});
        let request = case.request();
        assert_eq!(request.url, "https://track.tenjin.com/v0/event");
        assert!(request.body.ends_with("&event=my%20trial") && !request.body.contains("price"));
        case.settings["send_trial_price"] = json!(true);
        let request = case.request();
        assert_eq!(request.url, "https://track.tenjin.com/v0/purchase");
        assert!(
            request
                .body
                .ends_with("price=12.49&quantity=1&currency=USD&postcut=0")
        );
    }

    #[test]
    fn a_purchase_without_an_amount_is_skipped() {
        for amount in [json!(null), json!(0.0)] {
            let mut case = case(EventKind::SubscriptionRenewed);
            case.properties["proceeds_usd"] = amount;
            assert_eq!(case.record(), Err(Skip::Other("no_amount")));
        }
        let taken = EventKind::ALL.iter().filter(|kind| takes(**kind));
        assert_eq!(taken.count(), 5);
        assert!(!takes(EventKind::SubscriptionRefunded));
    }

    #[test]
    fn android_is_told_by_the_number_of_its_interface() {
        let body = android("Android 14 (API 34)", "play_store");
        assert!(
            body.contains("&platform=android&os_version=34&os_version_release=14&"),
            "{body}"
        );
        assert!(body.contains("&advertising_id=38400000-8cf0-11bd-b23e-10b96e40000d&bundle_id="));
        assert!(!body.contains("tracking"), "{body}");
        let body = android("14", "amazon_appstore");
        assert!(
            body.contains("&platform=amazon&os_version=14&os_version_release=14&"),
            "{body}"
        );
    }

    #[test]
    fn tracking_is_limited_unless_it_was_allowed() {
        for (status, told) in [
            (0, "limit_ad_tracking=1&tracking_status=0"),
            (2, "limit_ad_tracking=1&tracking_status=2"),
            (3, "limit_ad_tracking=0&tracking_status=3"),
        ] {
            let mut case = case(EventKind::SubscriptionStarted);
            case.profile["att_status"] = json!(status);
            assert!(case.request().body.contains(told), "{told}");
        }
    }

    #[test]
    fn without_key_or_identifier_nothing_is_sent() {
        let mut case = case(EventKind::SubscriptionStarted);
        assert!(case.problems().is_empty());
        case.app = AppSettings::default();
        assert_eq!(case.problems(), ["ios_bundle_id", "android_package"]);
        case.app.android_package = Some("com.aurora.android".into());
        case.settings["sdk_keys"]["production"]["android"] = Value::Null;
        assert_eq!(case.problems(), ["sdk_keys.production.android", "ios_bundle_id"]);
        case.identifiers = json!({});
        assert_eq!(
            case.skip(),
            "missing_identifier: tenjin_analytics_installation_id"
        );
        case.properties["environment"] = json!("Sandbox");
        assert_eq!(case.skip(), "missing_credentials: sdk_keys.sandbox.ios");
        case.settings = json!({});
        assert_eq!(case.problems(), ["sdk_keys"]);
    }

    #[test]
    fn answers_are_understood() {
        let one = sending(&INTEGRATION, 1);
        for (status, body, verdict) in [
            (200, r#"{"code":200}"#, "delivered"),
            (200, "", "delivered"),
            (200, "<html>", "delivered"),
            (200, r#"{"code":400,"message":"no bundle_id"}"#, "rejected"),
            (200, r#"{"code":"401"}"#, "misconfigured"),
            (200, r#"{"code":403}"#, "misconfigured"),
            (200, r#"{"code":429}"#, "retry"),
            (200, r#"{"code":503}"#, "retry"),
            (302, "", "rejected"),
            (400, "", "rejected"),
            (401, "", "misconfigured"),
            (403, "", "misconfigured"),
            (404, "", "rejected"),
            (408, "", "retry"),
            (429, "", "retry"),
            (500, "", "retry"),
        ] {
            assert_eq!(one.verdict(status, body), verdict, "{status} {body}");
        }
    }

    #[test]
    fn a_success_that_cannot_be_read_is_noted() {
        let verdict = |body| {
            sending(&INTEGRATION, 1)
                .verdicts(Some(&answer(200, body)))
                .remove(0)
        };
        for body in ["", "<html>", "{}"] {
            assert!(
                matches!(verdict(body), Verdict::DeliveredWithWarning(_)),
                "{body}"
            );
        }
        assert_eq!(verdict(r#"{"code":200}"#), Verdict::Delivered);
    }
}
