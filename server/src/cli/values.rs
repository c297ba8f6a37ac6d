//! What values of commands can be. One that can be none of its kind is refused as the command line is read.

use bursar_domain::events::EventKind;
use bursar_domain::integrations;
use bursar_domain::time::{parse_date, parse_time_in_any_case};
use clap::builder::PossibleValuesParser;
use uuid::Uuid;

use crate::admin::deliveries::DeliveryId;
use crate::store::tables::delivery_states::DeliveryState;

/// An id.
pub fn uuid(text: &str) -> Result<Uuid, &'static str> {
    text.parse().map_err(|_| "must be a UUID")
}

/// The id of a profile that somebody has to know.
pub fn profile(text: &str) -> Result<Uuid, &'static str> {
    text.parse()
        .map_err(|_| "must be a UUID: see `bursar profile find`")
}

/// The name of a delivery.
pub fn delivery(text: &str) -> Result<DeliveryId, &'static str> {
    DeliveryId::parse(text).ok_or(
        "must be EVENT_ID:SLUG, as `bursar delivery list` tells it, or EVENT_ID:SLUG:PART where an integration has parts",
    )
}

/// A time, as it is said.
pub fn time(text: &str) -> Result<String, &'static str> {
    let time = parse_time_in_any_case(text);
    time.map(|_| text.to_owned())
        .ok_or("must be a time as in RFC 3339, such as 2030-01-01T00:00:00Z")
}

/// A day, as it is said.
pub fn date(text: &str) -> Result<String, &'static str> {
    let date = parse_date(text);
    date.map(|_| text.to_owned())
        .ok_or("must be a date of the form YYYY-MM-DD")
}

/// The slug of an integration.
pub fn slug() -> PossibleValuesParser {
    integrations::slugs().into()
}

/// A kind of events.
pub fn kind() -> PossibleValuesParser {
    EventKind::ALL.iter().map(|kind| kind.as_str()).into()
}

/// The state of a delivery.
pub fn state() -> PossibleValuesParser {
    DeliveryState::ALL.map(DeliveryState::name).into()
}
