//! Records as requests: here the token comes in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::mapping::text::{json, list, with_member};
use super::super::settings::residency;
use super::super::{Request, Sending};
use super::{EVENT, HOSTS, uses_track};

/// Records of one part as a request.
pub fn request(sending: &Sending<'_>) -> Request {
    let settings = sending.settings;
    let token = settings.text(&sending.records[0].route).unwrap_or_default();
    let to = |path| settings.address(residency::host(settings, HOSTS), path);
    if sending.part != EVENT {
        let body = list(sending.records, |update| with_member("$token", &token, update));
        return Request::post_json(to("/engage?ip=0&verbose=1"), body);
    }
    if uses_track(settings) {
        let body = list(sending.records, |event| with_event_token(event, token));
        return Request::post_json(to("/track?ip=0&verbose=1"), body);
    }
    let credentials = STANDARD.encode(format!("{token}:"));
    Request::post_json(to("/import?strict=1"), list(sending.records, |event| event))
        .header("accept", "application/json")
        .header("authorization", format!("Basic {credentials}"))
}

/// An event with the token as the last of its properties, with which it ends.
fn with_event_token(event: &str, token: &str) -> String {
    let start = event.strip_suffix("}}").unwrap_or(event);
    format!("{start},\"token\":{}}}}}", json(&token))
}
