//! What is known of the customer as a person: written by the API, never shown by it in v2, sent with events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::values::{self, Changes};
use crate::fields::{Field, Kind, MAX_TEXT};
use crate::json::Object;

/// The field that an app may choose not to keep.
pub const IP_ADDRESS: &str = "ip_v4_address";

/// `att_status` of a customer who allowed tracking.
pub const TRACKING_AUTHORIZED: i64 = 3;

const NO_EFFECT: &str = "Kept, but without an effect: transactions name their store and its country.";

/// The fields of a profile's body, in the order of the reference.
pub const FIELDS: &[Field] = &[
    Field::optional("first_name", Kind::Text { max: MAX_TEXT }),
    Field::optional("last_name", Kind::Text { max: MAX_TEXT }),
    Field::optional("gender", Kind::OneOf(&["f", "m", "o"])),
    Field::optional("email", Kind::Email),
    Field::optional("phone_number", Kind::Text { max: MAX_TEXT }),
    Field::optional("birthday", Kind::Date),
    Field::optional("ip_country", Kind::Country)
        .about("Where the customer's address is. It is not looked up."),
    Field::optional(IP_ADDRESS, Kind::Ipv4).about("Not kept where the app's setting `collect_ip` is off."),
    Field::optional("store_country", Kind::Country).about(NO_EFFECT),
    Field::optional("store", Kind::NonEmpty { max: MAX_TEXT }).about(NO_EFFECT),
    Field::optional("store_account_token", Kind::Uuid).about(NO_EFFECT),
    Field::optional("att_status", Kind::OneOfIntegers(&[0, 1, 2, 3]))
        .about("Apple's tracking question: 0 not answered, 1 restricted, 2 denied, 3 authorised."),
    Field::optional("analytics_disabled", Kind::Bool)
        .about("`true`: no event of the customer goes to an integration."),
    Field::optional_not_null("custom_attributes", Kind::Own).about(
        "Those that are not named stay; `null` and the empty string take one away. A profile has at most 30.",
    ),
    Field::optional_not_null("installation_meta", Kind::Own)
        .about("A device of the customer. Of a known one that which is not named stays."),
];

/// The known fields by name. A field that was never set, or was cleared, is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Person(BTreeMap<String, Value>);

impl Person {
    /// The text of a field, where it is set and a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The whole number of a field, where it is set and one.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// Is a field set to `true`?
    pub fn is_set(&self, name: &str) -> bool {
        self.0.get(name).and_then(serde_json::Value::as_bool) == Some(true)
    }

    /// May ids for advertisers be told?
    pub fn allows_advertising(&self) -> bool {
        !self.is_set("analytics_disabled")
    }

    /// May Apple's be, which the customer is asked about too?
    pub fn allows_tracking(&self) -> bool {
        let answer = self.integer("att_status");
        self.allows_advertising() && answer.is_none_or(|status| status == TRACKING_AUTHORIZED)
    }

    /// Sets and clears.
    pub fn apply(&mut self, changes: &Changes) {
        values::apply(&mut self.0, changes);
    }

    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The changes in a body that [`crate::fields::check`] has passed.
pub fn read(body: &Object<'_>) -> Changes {
    let simple = FIELDS.iter().filter(|field| !matches!(field.kind, Kind::Own));
    values::read(simple, body)
}
