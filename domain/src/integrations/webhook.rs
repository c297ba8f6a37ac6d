//! Webhook: each event as JSON to an address of the app's owner.
//!
//! The names of the first settings are those of the compatible service's form; `retry_on`, `refund_amounts_positive` and
//! signing are our additions. Signing: <https://www.standardwebhooks.com>.

mod signature;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::contract::exchange::{all, by_status};
use super::contract::schedule::DOUBLING;
use super::settings::secret::{header_problem, signing_key, signing_problem};
use super::settings::{MASK, shared, url};
use super::{
    Answer, Integration, Judgement, Kind, Limits, Occasion, Part, Probe, Problem, Record, Request, Sending,
    Setting, Settings, Skip, Verdict,
};
use crate::app::AppSettings;
use crate::time::SECOND;

/// The record.
pub const INTEGRATION: Integration = Integration {
    slug: "webhook",
    title: "Webhook",
    docs: "https://adapty.io/docs/set-up-webhook-integration",
    settings: SETTINGS,
    identifiers: &[],
    limits: Limits {
        repeat_age_hours: Some(24),
        ..Limits::NONE
    },
    schedule: &DOUBLING,
    takes: |_| true,
    parts: &[Part::WHOLE],
    check,
    encode,
    request,
    judge,
    probe: Probe::Handshake(handshakes, judge_handshake),
};

const PURCHASE_TOKEN: &str = "send_play_store_purchase_token";

const SETTINGS: &[Setting] = &[
    Setting::new(
        "urls.production",
        Kind::Url(address_problem),
        "Where events about real purchases go. Without it they are skipped.",
    ),
    Setting::new(
        "urls.sandbox",
        Kind::Url(address_problem),
        "Where events about test purchases go. Without it they are skipped.",
    ),
    Setting::new(
        "authorizations.production",
        Kind::Secret(header_problem),
        "Sent to the production URL as the Authorization header, as it stands.",
    ),
    Setting::new(
        "authorizations.sandbox",
        Kind::Secret(header_problem),
        "Sent to the sandbox URL as the Authorization header, as it stands.",
    ),
    Setting::new(
        "events",
        Kind::EventSwitches,
        "Which events are sent. While access_level_updated is off, it is not made at all.",
    ),
    shared::EVENT_NAMES,
    shared::TRIAL_ACTIVE_DAYS,
    shared::SUBSCRIPTION_ACTIVE_DAYS,
    shared::SEND_TRIAL_PRICE,
    shared::SEND_USER_ATTRIBUTES,
    Setting::new(
        "send_attribution",
        Kind::Switch(false),
        "Add where the customer came from, as the call attribution reported it.",
    ),
    Setting::new(
        PURCHASE_TOKEN,
        Kind::Switch(false),
        "Add Google Play's purchase token. Has no effect yet: nothing tells this server.",
    ),
    shared::exclude_historical_events(false),
    Setting::new(
        "refund_amounts_positive",
        Kind::Switch(false),
        "Tell refunded amounts without a minus sign.",
    ),
    Setting::new(
        "retry_on",
        Kind::Choice(&["compatible", "non_2xx"]),
        "Which answers are tried again: those outside 200 to 404, or all outside 200 to 299.",
    ),
    Setting::new(
        "signing_secret",
        Kind::Secret(signing_problem),
        "Signs every request as Standard Webhooks says: `whsec_` and 24 to 64 bytes in base64.",
    ),
    Setting::new(
        "signing_secret_previous",
        Kind::Secret(signing_problem),
        "Signs too, while receivers change over to a new secret.",
    ),
    shared::ordered(false),
    shared::MAX_IN_FLIGHT,
    shared::REQUESTS_PER_SECOND,
];

/// The event as it is stored, byte for byte: it was made in this form.
fn encode(occasion: &Occasion<'_>) -> Result<Record, Skip> {
    let route = occasion.environment();
    occasion.settings.require(&format!("urls.{route}"))?;
    Ok(Record {
        route: route.into(),
        body: occasion.event.payload.to_owned(),
    })
}

fn request(sending: &Sending<'_>) -> Request {
    let record = &sending.records[0];
    let request = to(sending.settings, &record.route, record.body.clone());
    let id = event_id(&record.body).unwrap_or_default();
    sign(request, id, sending.settings, sending.now)
}

/// A request to the address of an environment.
fn to(settings: &Settings, environment: &str, body: String) -> Request {
    let url = settings.text(&format!("urls.{environment}")).unwrap_or_default();
    let request = Request::post_json(url.to_owned(), body);
    match settings.text(&format!("authorizations.{environment}")) {
        Some(authorization) => request.header("authorization", authorization.to_owned()),
        None => request,
    }
}

/// Signs as Standard Webhooks says, at `now` (microseconds), with the secret and the one before it. Where a secret is masked,
/// its signature is too.
fn sign(request: Request, id: &str, settings: &Settings, now: i64) -> Request {
    let Some(secret) = settings.text("signing_secret") else {
        return request;
    };
    let timestamp = now / SECOND;
    let signed = |secret: &str| match signing_key(secret) {
        Some(key) => signature::of(&key, id, timestamp, &request.body),
        None => MASK.to_owned(),
    };
    let secrets = [Some(secret), settings.text("signing_secret_previous")];
    let signatures = secrets.into_iter().flatten().map(signed);
    let signatures = signatures.collect::<Vec<_>>().join(" ");
    request
        .header("webhook-id", id.to_owned())
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signatures)
}

/// The id of the event that a body tells of.
fn event_id(body: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(borrow)]
        event_properties: Properties<'a>,
    }
    #[derive(Deserialize)]
    struct Properties<'a> {
        profile_event_id: &'a str,
    }
    let payload: Payload<'_> = serde_json::from_str(body).ok()?;
    Some(payload.event_properties.profile_event_id)
}

fn judge(sending: &Sending<'_>, answer: Option<&Answer>) -> Judgement {
    let Some(answer) = answer else {
        return all(sending, &by_status(None));
    };
    let verdict = match (sending.settings.text("retry_on"), answer.status) {
        (_, 200..=299) => Verdict::Delivered,
        (Some("non_2xx"), 410) => Verdict::RejectedAndBlocked(answer.words()),
        (Some("non_2xx"), _) => Verdict::retry(answer.words()),
        (_, 300..=399) => Verdict::Delivered,
        (_, 400..=404) => Verdict::Rejected(answer.words()),
        _ => Verdict::retry(answer.words()),
    };
    all(sending, &verdict)
}

/// The handshake: `{}` to each address, signed as events are.
fn handshakes(settings: &Settings, now: i64) -> Vec<Request> {
    let id = format!("handshake-{now}");
    let environments = ["production", "sandbox"].into_iter();
    let filled = environments.filter(|environment| settings.text(&format!("urls.{environment}")).is_some());
    filled
        .map(|environment| sign(to(settings, environment, "{}".into()), &id, settings, now))
        .collect()
}

/// Passed by any 2xx with any JSON.
fn judge_handshake(answer: Option<&Answer>) -> Verdict {
    match answer {
        None => by_status(None),
        Some(answer) if !(200..=299).contains(&answer.status) => Verdict::Misconfigured(answer.words()),
        Some(answer) if answer.json().is_none() => {
            Verdict::Misconfigured("the answer is no JSON, or more than 64 KiB of it".into())
        }
        Some(_) => Verdict::Delivered,
    }
}

fn address_problem(text: &str) -> Option<&'static str> {
    let why = url::problem(text)?;
    Some(match why {
        url::NAMES_A_USER => "must not name a user: use authorizations",
        _ => why,
    })
}

fn check(settings: &Settings, _: &AppSettings) -> Vec<Problem> {
    let is_set = |path: &str| settings.text(path).is_some();
    let mut problems = Vec::new();
    if !is_set("urls.production") && !is_set("urls.sandbox") {
        let why = "none is set, so every event is skipped";
        problems.push(Problem::stopping("urls", why));
    }
    for (secret, needed) in [
        ("authorizations.production", "urls.production"),
        ("authorizations.sandbox", "urls.sandbox"),
        ("signing_secret_previous", "signing_secret"),
    ] {
        if is_set(secret) && !is_set(needed) {
            problems.push(Problem::new(
                secret,
                format!("is not used, because {needed} is not set"),
            ));
        }
    }
    if settings.is(PURCHASE_TOKEN) {
        problems.push(Problem::new(
            PURCHASE_TOKEN,
            "has no effect yet, because no request tells purchase tokens",
        ));
    }
    problems
}
