//! What the owner enters for Facebook Ads.

use super::super::settings::secret::any_text;
use super::super::settings::shared;
use super::super::{Kind, Setting};
use super::{APP, DATASET, SANDBOX_APP, TEST_CODE, TOKEN};

pub const SETTINGS: &[Setting] = &[
    Setting::new(
        APP,
        Kind::Text(number_problem),
        "The app's id at Meta. Without it events about real purchases are skipped.",
    ),
    Setting::new(
        "ios_app_id",
        Kind::Text(any_text),
        "The app's id in the App Store, for your own reference: it is not sent.",
    ),
    shared::key(
        "client_token",
        "The client token of the app at Meta. Sent if it is set.",
    ),
    Setting::new(
        SANDBOX_APP,
        Kind::Text(number_problem),
        "The id of another app at Meta, for test purchases. Without it they are skipped.",
    ),
    shared::key(
        "sandbox_client_token",
        "The client token of the app for test purchases.",
    ),
    Setting::new(
        "graph_version",
        Kind::Text(version_problem),
        "The version of Meta's Graph API. Otherwise v25.0.",
    ),
    Setting::new(
        DATASET,
        Kind::Text(number_problem),
        "A dataset at Meta: events go there, by the Conversions API, instead of to the app.",
    ),
    shared::key(TOKEN, "The access token of the dataset."),
    Setting::new(
        TEST_CODE,
        Kind::Text(any_text),
        "Sends events about test purchases to the dataset too, for its tab Test events.",
    ),
    Setting::new(
        "send_hashed_user_data",
        Kind::Switch(false),
        "Add hashes of what is known of the customer as a person, such as the e-mail address.",
    ),
    shared::EVENTS,
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::REVENUE_MODE,
    shared::REPORT_USER_CURRENCY,
    shared::SEND_TRIAL_PRICE,
    shared::exclude_historical_events(true),
    shared::WAIT_FOR_IDENTIFIER,
    shared::ordered(true),
    shared::BASE_URL,
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

/// Ids at Meta are numbers too long for a number: they stand in the address.
fn number_problem(text: &str) -> Option<&'static str> {
    let is_number = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then_some("must be 1 to 32 digits")
}

fn version_problem(text: &str) -> Option<&'static str> {
    let is_number =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    match parts {
        Some((major, minor)) if is_number(major) && is_number(minor) => None,
        _ => Some("must be a version such as v25.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_address_is_looked_at() {
        assert!(number_problem("880011223344556").is_none());
        assert!(number_problem("88/x").is_some() && number_problem("").is_some());
        assert!(version_problem("v25.0").is_none());
        assert!(
            [
                "25.0", "v25", "v25.0/me", "v25.x", "vx.0", "v.1", "v1.", "v2500.0"
            ]
            .iter()
            .all(|text| version_problem(text).is_some())
        );
    }
}
