//! What of a customer may not be kept of requests and answers, as integrations write it.

use super::{Customer, Told};
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

/// The values in all forms in which they stand in requests, the longest first: those of the customer now, and those of when
/// the event was made.
pub fn values<'e>(customer: &Customer<'_>, event: Option<&'e Told<'_>>) -> Vec<String> {
    let person = OF_PERSON.iter().filter_map(|field| customer.person.text(field));
    let device = OF_DEVICE.iter().flat_map(|field| customer.devices(field));
    let then = event.into_iter();
    let told_person = |event: &'e Told<'_>| [event.email.as_deref(), event.text("profile_ip_address")];
    let person = person
        .chain(customer.recipient.ip)
        .chain(then.clone().flat_map(told_person).flatten())
        .map(str::to_owned);
    let device = device
        .chain(
            then.flat_map(|event| event.device.iter().flatten())
                .map(AsRef::as_ref),
        )
        .flat_map(|id| [id.to_owned(), id.to_ascii_uppercase(), id.replace('-', "")]);
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
