//! Tenjin: purchases as `POST /v0/purchase` and the start of a trial as `POST /v0/event`, each a form. It tells no
//! repeats, takes no refunds, and dates what it gets by itself.
//!
//! Source: <https://tenjin.com/docs/tenjin-server-to-server-s2s>, read 2026-11.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::contract::customer::Mobile;
use super::contract::device::Device;
use super::contract::exchange::{all, by_status};
use super::contract::occasion::is_money;
use super::contract::schedule::USUAL;
use super::mapping::device_id::DeviceIds;
use super::mapping::percent::Form;
use super::settings::secret::header_problem;
use super::settings::{missing, shared};
use super::{
    Answer, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending,
    Setting, Settings, Skip, Verdict,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::profile::person::TRACKING_AUTHORIZED;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "tenjin",
    title: "Tenjin",
    docs: "https://tenjin.com/docs/tenjin-server-to-server-s2s",
    settings: SETTINGS,
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

const KEY: Kind = Kind::Secret(key_problem);

const SETTINGS: &[Setting] = &[
    Setting::new("sdk_keys.production.ios", KEY, "The SDK key of the iOS app."),
    Setting::new(
        "sdk_keys.production.android",
        KEY,
        "The SDK key of the Android app.",
    ),
    Setting::new(
        "sdk_keys.sandbox.ios",
        KEY,
        "For test purchases on iOS; may be the same as for real ones.",
    ),
    Setting::new("sdk_keys.sandbox.android", KEY, "The same for Android."),
    shared::EVENTS,
    Setting::new(
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

const PURCHASE: &str = "/v0/purchase";
const EVENT: &str = "/v0/event";

/// The key is a user's name there, which ends at a colon. Source: RFC 7617, section 2.
fn key_problem(key: &str) -> Option<&'static str> {
    let has_colon = key.contains(':');
    let why = "must not hold a colon: it is sent as the name of a user, which ends there";
    header_problem(key).or(has_colon.then_some(why))
}

fn takes(event: EventKind) -> bool {
    event == EventKind::TrialStarted || (event.has_revenue() && !event.is_refund())
}

fn check(settings: &Settings, app: &AppSettings) -> Vec<Problem> {
    let mut problems = missing::on_platforms(settings, app, "sdk_keys");
    let has_key = |platform: &Mobile| {
        let mut keys = ["production", "sandbox"]
            .map(|environment| key(environment, *platform))
            .into_iter();
        keys.any(|key| settings.text(&key).is_some())
    };
    let so = "Tenjin asks for it with every event of this platform";
    let with_keys = Mobile::ALL.into_iter().filter(has_key);
    problems.extend(with_keys.filter_map(|platform| missing::of_app(app, platform, so)));
    problems
}

/// The setting of a key.
fn key(environment: &str, platform: Mobile) -> String {
    format!("sdk_keys.{environment}.{}", platform.as_str())
}

/// The route is the path and the setting of the key.
fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let platform = occasion.platform_or_wait(IDENTIFIERS)?;
    let key = key(occasion.environment(), platform);
    occasion.settings.require(&key)?;
    let id = occasion.require(IDENTIFIERS)?;
    let mut form = Form::default();
    form.add("analytics_installation_id", id);
    describe(&mut form, occasion, platform);
    let path = if is_money(occasion.kind(), occasion.settings) {
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
fn describe(form: &mut Form, occasion: &Occasion<'_>, platform: Mobile) {
    let customer = occasion.customer;
    let device = customer.device_on(platform);
    let ids = DeviceIds::on(platform, device);
    let tracking = customer.att_status().filter(|_| platform == Mobile::Ios);
    let is_limited = tracking.map(|status| if status == TRACKING_AUTHORIZED { "0" } else { "1" });
    let release = device.os_version();
    let country = occasion.profile_country();
    let country = country.or_else(|| occasion.event.text("store_country"));
    form.add("advertising_id", ids.idfa.or(ids.advertising_id).unwrap_or(ZEROS))
        .add_known("developer_device_id", ids.idfv)
        .add_known("bundle_id", customer.bundle_on(platform))
        .add("platform", platform_name(occasion, platform))
        .add_known("os_version", api_level(device, platform).or(release))
        .add_known("os_version_release", release)
        .add("sdk_version", "server")
        .add_known("app_version", device.text("app_version"))
        .add_known("device_model", device.text("device"))
        .add_known("locale", device.text("locale"))
        .add_known("country", country.map(str::to_ascii_uppercase))
        .add_known("ip_address", occasion.profile_ip())
        .add_known("customer_user_id", customer.customer_user_id())
        .add_known("limit_ad_tracking", is_limited)
        .add_known("tracking_status", tracking);
}

/// Amazon's store is a platform of its own.
fn platform_name(occasion: &Occasion<'_>, platform: Mobile) -> &'static str {
    let is_amazon = occasion.event.store().starts_with("amazon");
    if is_amazon && platform == Mobile::Android {
        "amazon"
    } else {
        platform.as_str()
    }
}

/// The number of Android's interface, which Tenjin wants as its version: 34 of `Android 14 (API 34)`.
fn api_level<'a>(device: Device<'a>, platform: Mobile) -> Option<&'a str> {
    let os = device.text("os")?;
    let (_, level) = os.split_once("API").filter(|_| platform == Mobile::Android)?;
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
            None => Verdict::DeliveredWithWarning(format!("no code in the answer: {}", answer.words())),
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
