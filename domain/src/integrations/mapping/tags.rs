//! Tags: the state of a profile after an event, for systems that send messages to devices. All values are texts; a
//! later event overwrites them.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::integrations::Occasion;
use crate::profile::attributes::AttributeValue;

/// The tags of an occasion. What is not known is left out, so that what the tag said before stays.
pub struct Tags<'a> {
    /// What they are made of.
    pub occasion: &'a Occasion<'a>,
    /// Their names. One that is not among those of [`value`] is the property of the event with this name.
    pub names: &'static [&'static str],
    /// Attributes of these names are not sent.
    pub reserved: &'static [&'static str],
}

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for name in self.names {
            if let Some(value) = value(self.occasion, name) {
                map.serialize_entry(name, &value)?;
            }
        }
        if self.occasion.settings.is("send_user_attributes") {
            let attributes = self.occasion.customer.recipient.attributes.iter();
            for (name, value) in attributes.filter(|(name, _)| self.takes(name)) {
                map.serialize_entry(name, &text(value))?;
            }
        }
        map.end()
    }
}

impl Tags<'_> {
    fn takes(&self, attribute: &str) -> bool {
        !self.names.contains(&attribute) && !self.reserved.contains(&attribute)
    }
}

/// The value of a tag. Never empty: that would delete it.
fn value<'a>(occasion: &'a Occasion<'_>, name: &str) -> Option<Cow<'a, str>> {
    let text = match name {
        "adapty_customer_user_id" => occasion.customer.customer_user_id()?,
        "adapty_profile_id" => return Some(occasion.customer.profile_id().into()),
        "last_event_type" => occasion.event_name(),
        "active_subscription" if occasion.customer.recipient.has_access_level => "true",
        "active_subscription" => "false",
        "period_type" if occasion.kind().is_of_trial() => "trial",
        "period_type" => "normal",
        property => occasion.event.text(property)?,
    };
    (!text.is_empty()).then_some(text.into())
}

/// An attribute as text. Numbers are rounded to whole ones, halves away from zero.
fn text(value: &AttributeValue) -> Cow<'_, str> {
    match value {
        AttributeValue::Text(text) => text.into(),
        // Adding zero makes a negative zero positive.
        AttributeValue::Number(number) => format!("{:.0}", number.round() + 0.0).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_whole_and_halves_go_away_from_zero() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.4, "0"),
            (0.5, "1"),
            (1.5, "2"),
            (2.5, "3"),
            (-2.5, "-3"),
            (7.0, "7"),
            (1e15, "1000000000000000"),
        ] {
            assert_eq!(text(&AttributeValue::Number(number)), expected);
        }
        assert_eq!(text(&AttributeValue::Text("2.5".into())), "2.5");
    }
}
