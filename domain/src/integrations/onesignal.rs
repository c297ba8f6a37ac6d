//! OneSignal: tags of the user, overwritten at each event. `PATCH /apps/{app_id}/users/by/…`, after asking which user a
//! subscription is of; for apps with its older SDKs `PUT /api/v1/players/{id}`.
//!
//! Sources: <https://documentation.onesignal.com/reference/update-user>,
//! <https://documentation.onesignal.com/v9.0/reference/edit-device> and the official Python SDK 5.18, read 2026-11.

#[cfg(test)]
mod tests;

use uuid::Uuid;

use super::contract::exchange::{all, by_status};
use super::contract::schedule::USUAL;
use super::mapping::percent::encoded;
use super::mapping::tags::Tags;
use super::mapping::text::{json, with_member};
use super::settings::missing::at_least_one;
use super::settings::secret::header_problem;
use super::settings::shared;
use super::{
    Answer, Integration, Judgement, Kind, Limits, Method, Occasion, Part, Pick, Probe, Problem, Record,
    Request, Sending, Setting, Settings, Skip, Verdict, all_but_levels,
};
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::profile::attributes;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "onesignal",
    title: "OneSignal",
    docs: "https://documentation.onesignal.com/reference/update-user",
    settings: SETTINGS,
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
        pick: Pick::LastToHappen,
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

const SETTINGS: &[Setting] = &[
    Setting::new(
        "app_id",
        Kind::Text(uuid_problem),
        "OneSignal's id of the app. Without it every event is skipped.",
    ),
    Setting::new(
        "rest_api_key",
        Kind::Secret(header_problem),
        "The app's API key. Needed for fallback_external_id and for the older API.",
    ),
    Setting::new(
        "api_mode",
        Kind::Choice(&["user", "legacy"]),
        "The API to use: that of users, or that of players, for apps with OneSignal's SDK 3 or 4.",
    ),
    Setting::new(
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
    shared::ordered_but(
        "Changes nothing: of a profile's tags the newest alone go out, one delivery at a time.",
    ),
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
        occasion.or_later(known, IDENTIFIERS, IDENTIFIERS, fallback)?
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
            Verdict::Misconfigured(format!("the setting rest_api_key is needed: {}", answer.words()))
        }
        429 => Verdict::Retry {
            after_seconds: Some(TOO_FAST),
            why: answer.words(),
        },
        _ => by_status(Some(answer)),
    }
}

/// How many tags a user may have depends on the plan. Told as a text, or as an error with a code and a title.
fn is_plan_too_small(answer: &Answer) -> bool {
    let body = answer.json().unwrap_or_default();
    let mut errors = body["errors"].as_array().into_iter().flatten();
    errors.any(|error| {
        let text = error.as_str().or_else(|| error["title"].as_str());
        error["code"] == "entitlements-tag-limit" || text.is_some_and(speaks_of_the_plan)
    })
}

fn speaks_of_the_plan(error: &str) -> bool {
    let error = error.to_ascii_lowercase();
    let whose = ["player", "user"].iter().any(|word| error.contains(word));
    whose && error.contains("maximum") && error.contains("tags")
}
