//! What of a customer may not be kept of requests and answers, as integrations write it.

use std::borrow::Cow;

use serde::Deserialize;

use super::Customer;
use super::{json, percent};

/// What of a person.
const OF_PERSON: [&str; 5] = ["email", "phone_number", "first_name", "last_name", "birthday"];
/// What of a device.
const OF_DEVICE: [&str; 6] = [
    "idfa",
    "idfv",
    "advertising_id",
    "android_id",
    "android_app_set_id",
    "user_agent",
];
/// Shorter values tell nothing, and masking them would make nonsense of the rest.
const SHORTEST: usize = 4;

/// What an event tells of the person and the device, as they were when it was made.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    #[serde(borrow)]
    idfa: Option<Cow<'a, str>>,
    #[serde(borrow)]
    idfv: Option<Cow<'a, str>>,
    #[serde(borrow)]
    advertising_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_agent: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_properties: ToldProperties<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ToldProperties<'a> {
    #[serde(borrow)]
    profile_ip_address: Option<Cow<'a, str>>,
}

/// The values in all forms in which they stand in requests, the longest first: those of the customer now, and those in the
/// stored event.
pub fn values(customer: &Customer<'_>, payload: &str) -> Vec<String> {
    let told: Told<'_> = serde_json::from_str(payload).unwrap_or_default();
    let person = OF_PERSON.iter().filter_map(|field| customer.person.text(field));
    let person = person.chain(customer.recipient.ip).map(str::to_owned);
    let told_person = [told.email, told.event_properties.profile_ip_address];
    let person = person.chain(told_person.into_iter().flatten().map(Cow::into_owned));
    let device = OF_DEVICE.iter().flat_map(|field| customer.devices(field));
    let told_device = [told.idfa, told.idfv, told.advertising_id, told.user_agent];
    let device = device
        .map(str::to_owned)
        .chain(told_device.into_iter().flatten().map(Cow::into_owned));
    let device = device.flat_map(|id| [id.to_ascii_uppercase(), id.replace('-', ""), id]);
    let mut values: Vec<String> = person
        .chain(device)
        .flat_map(|value| {
            [
                value.to_ascii_lowercase(),
                within_json(&value),
                percent::encoded(&value),
                value,
            ]
        })
        .filter(|value| value.len() >= SHORTEST)
        .collect();
    values.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
    values.dedup();
    values
}

/// As the value stands in JSON, without its quotes.
fn within_json(value: &str) -> String {
    let text = json(&value);
    text[1..text.len() - 1].to_owned()
}
