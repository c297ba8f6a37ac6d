//! What the owner enters for Firebase and Google Analytics.

use super::super::settings::secret::any_text;
use super::super::settings::shared;
use super::super::{Kind, Setting};
use super::names;

pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "firebase_app_ids.ios",
        Kind::Text(any_text),
        "The Firebase app id for the App Store.",
    ),
    Setting::new(
        "firebase_app_ids.android",
        Kind::Text(any_text),
        "The Firebase app id for Google Play.",
    ),
    Setting::new(
        "firebase_app_ids.stripe",
        Kind::Text(any_text),
        "The Firebase app id for Stripe.",
    ),
    shared::key(
        "api_secrets.ios",
        "The Measurement Protocol secret of the stream for the App Store.",
    ),
    shared::key("api_secrets.android", "The same for Google Play."),
    shared::key("api_secrets.stripe", "The same for Stripe."),
    Setting::new(
        "data_residency",
        Kind::Choice(&["us", "eu", "world"]),
        "`eu` sends to Google's address in the EU; `us` and `world` both mean the usual one.",
    ),
    Setting::new(
        "trial_price_percentage",
        Kind::Number(0, 100, Some(100)),
        "How many parts in a hundred of the price are told on trial_started, with send_trial_price.",
    ),
    Setting::new(
        "send_user_properties",
        Kind::Switch(false),
        "Add subscription_state and subscription_product_id as user properties.",
    ),
    shared::EVENTS,
    Setting::new(
        "event_names.ios",
        Kind::EventNames(names::default),
        "What each event is called on iOS and for Stripe. Empty: it is not sent.",
    ),
    Setting::new(
        "event_names.android",
        Kind::EventNames(names::default),
        "What each event is called on Android. Empty: it is not sent.",
    ),
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    shared::exclude_historical_events(true),
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];
