//! What of a customer may not be kept of requests and answers, as integrations write it.

use super::customer::Customer;
use super::told::Told;
use crate::integrations::mapping::text::json;
use crate::integrations::mapping::{device_id, percent};

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
        .flat_map(device_forms);
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

/// As it was reported and in upper case, without hyphens, and as the makers of devices write it.
fn device_forms(id: &str) -> [String; 5] {
    [
        id.to_owned(),
        id.to_ascii_uppercase(),
        id.replace('-', ""),
        device_id::apple(id),
        device_id::google(id),
    ]
}

/// As the value stands in JSON, without its quotes.
fn within_json(value: &str) -> String {
    let text = json(&value);
    text[1..text.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_was_reported_without_hyphens_is_known_with_them() {
        let forms = device_forms("0d6c3b5e77a14c3e9e0b5a1f2c3d4e5f");
        for form in [
            "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f",
            "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F",
        ] {
            assert!(forms.iter().any(|known| known == form), "{forms:?}");
        }
    }
}
