//! What is kept of requests and answers: personal data masked. Secrets never come here: what is kept is made with
//! masked settings.

use bursar_domain::integrations::settings::MASK;
use bursar_domain::integrations::{Customer, Request};
use serde_json::json;

/// What of a person may not be kept in tries.
const PERSONAL: [&str; 5] = ["email", "phone_number", "first_name", "last_name", "birthday"];
/// What of a device.
const DEVICE: [&str; 6] = [
    "idfa",
    "idfv",
    "advertising_id",
    "android_id",
    "android_app_set_id",
    "user_agent",
];
/// Shorter values are no secret, and masking them would make nonsense of the rest.
const SHORTEST: usize = 4;
/// So much of an answer is kept.
const KEPT: usize = 4 * 1024;

/// The values that may not be kept, the longest first.
#[derive(Debug, Clone)]
pub struct Mask(Vec<String>);

impl Mask {
    /// Of this customer.
    pub fn of(customer: &Customer<'_>) -> Self {
        let person = PERSONAL.iter().filter_map(|field| customer.person.text(field));
        let device = DEVICE.iter().filter_map(|field| customer.device(field));
        let known = person.chain(device).chain(customer.recipient.ip);
        let mut values: Vec<String> = known
            .filter(|value| value.len() >= SHORTEST)
            .flat_map(|value| {
                [
                    value.to_owned(),
                    in_json(value),
                    value.to_ascii_lowercase(),
                    escaped(value),
                ]
            })
            .collect();
        values.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        values.dedup();
        Self(values)
    }

    fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for value in &self.0 {
            if masked.contains(value.as_str()) {
                masked = masked.replace(value.as_str(), MASK);
            }
        }
        masked
    }

    /// A request as it is kept: JSON.
    pub fn request(&self, request: &Request) -> String {
        let headers: serde_json::Map<_, _> = request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), self.text(value).into()))
            .collect();
        json!({
            "method": request.method.as_str(),
            "url": self.text(&request.url),
            "headers": headers,
            "body": self.text(&request.body),
        })
        .to_string()
    }

    /// An answer as it is kept: its begin.
    pub fn answer(&self, body: &str) -> String {
        let mut end = body.len().min(KEPT);
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        self.text(&body[..end]).replace('\0', "\u{fffd}")
    }
}

/// As the value stands in JSON, without its quotes.
fn in_json(value: &str) -> String {
    let text = serde_json::to_string(value).expect("a text always serialises");
    text[1..text.len() - 1].to_owned()
}

/// As the value stands in a form or a query.
fn escaped(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
