//! An event as integrations read it: the stored text, taken apart without copying it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::events::EventKind;
use crate::integrations::by_name::ByName;
use crate::integrations::mapping::text::cut;
use crate::json::Text;
use crate::purchases::transaction::Environment;

/// An event. Times are microseconds.
#[derive(Debug)]
pub struct Told<'a> {
    /// Its id: what third parties tell repeats by.
    pub id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// When it happened: the business time, which may lie in the future.
    pub at: i64,
    /// When it was made.
    pub created_at: i64,
    /// The owner's id of the customer when it was made.
    pub customer_user_id: Option<Cow<'a, str>>,
    /// The customer's e-mail address then.
    pub(super) email: Option<Cow<'a, str>>,
    /// What told the customer's device then: its ids and its user agent.
    pub(super) device: [Option<Cow<'a, str>>; 4],
    /// What third parties called the customer then.
    pub(super) identifiers: Vec<Cow<'a, str>>,
    /// What those are called who share the access level: by the owner and by us.
    pub(super) sharers: Vec<Cow<'a, str>>,
    /// The whole event in the form of the webhook.
    pub payload: &'a str,
    /// `event_properties`.
    pub properties: Properties<'a>,
}

/// `event_properties`, in their order.
#[derive(Debug, Default)]
pub struct Properties<'a>(ByName<Cow<'a, str>, Property<'a>>);

/// The value of a property. None has parts.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Property<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// A number as it is written.
    Number(&'a RawValue),
    /// A text.
    Text(Cow<'a, str>),
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    event_properties: Properties<'a>,
    #[serde(borrow, default)]
    customer_user_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    email: Option<Text<'a>>,
    #[serde(borrow, default)]
    idfa: Option<Text<'a>>,
    #[serde(borrow, default)]
    idfv: Option<Text<'a>>,
    #[serde(borrow, default)]
    advertising_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    user_agent: Option<Text<'a>>,
    #[serde(borrow, default)]
    integration_ids: Option<BTreeMap<&'a str, Text<'a>>>,
    #[serde(borrow, default)]
    profiles_sharing_access_level: Option<Vec<Sharer<'a>>>,
}

#[derive(Deserialize)]
struct Sharer<'a> {
    #[serde(borrow)]
    profile_id: Text<'a>,
    #[serde(borrow, default)]
    customer_user_id: Option<Text<'a>>,
}

impl<'a> Told<'a> {
    /// Takes a stored event apart.
    pub fn new(
        id: Uuid,
        kind: EventKind,
        at: i64,
        created_at: i64,
        payload: &'a str,
    ) -> Result<Self, serde_json::Error> {
        let told: Payload<'_> = serde_json::from_str(payload)?;
        let text = |told: Option<Text<'a>>| told.map(|Text(text)| text);
        let identifiers = told.integration_ids.into_iter().flat_map(BTreeMap::into_values);
        let sharers = told.profiles_sharing_access_level.into_iter().flatten();
        let sharers = sharers.flat_map(|sharer| [Some(sharer.profile_id), sharer.customer_user_id]);
        Ok(Self {
            id,
            kind,
            at,
            created_at,
            customer_user_id: text(told.customer_user_id),
            email: text(told.email),
            device: [told.idfa, told.idfv, told.advertising_id, told.user_agent].map(text),
            identifiers: identifiers.map(|Text(id)| id).collect(),
            sharers: sharers.flatten().map(|Text(id)| id).collect(),
            payload,
            properties: told.event_properties,
        })
    }

    /// A text among the properties; empty is none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.text(name)
    }

    /// A number among the properties.
    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        self.properties.decimal(name)
    }

    /// The store: `app_store`, `play_store`, `stripe`, `paddle` or the owner's own name.
    pub fn store(&self) -> &str {
        self.text("store").unwrap_or_default()
    }

    /// Real money or a test.
    pub fn environment(&self) -> Environment {
        match self.text("environment") {
            Some("Sandbox") => Environment::Sandbox,
            _ => Environment::Production,
        }
    }
}

impl<'a> Properties<'a> {
    /// The value of a property; `None` where it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&Property<'a>> {
        self.0.get(name).filter(|value| !matches!(value, Property::Null))
    }

    /// The properties that are not `null`, in their order. What third parties are told of them is
    /// [`Occasion::properties`](super::Occasion::properties).
    pub(super) fn set(&self) -> impl Iterator<Item = (&str, &Property<'a>)> {
        self.0
            .iter()
            .filter(|(_, value)| !matches!(value, Property::Null))
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Property::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.get(name)? {
            Property::Number(number) => {
                let text = number.get();
                text.parse().or_else(|_| Decimal::from_scientific(text)).ok()
            }
            _ => None,
        }
    }
}

impl Property<'_> {
    /// The same, a text cut to so many characters.
    pub fn cut(&self, characters: usize) -> Property<'_> {
        match self {
            Property::Text(text) => Property::Text(cut(text, characters).into()),
            other => other.clone(),
        }
    }

    /// As a text: a number as it is written, a flag as `true` or `false`.
    pub fn as_text(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
            Self::Number(number) => number.get(),
            Self::Text(text) => text,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Properties<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                /// The usual number of properties.
                const ROOM: usize = 52;
                let mut all = Vec::with_capacity(ROOM);
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    all.push((name.0, property(map.next_value()?)));
                }
                Ok(Properties(all.into()))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

fn property(raw: &RawValue) -> Property<'_> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b't') => Property::Flag(true),
        Some(b'f') => Property::Flag(false),
        Some(b'"') => {
            serde_json::from_str::<Text<'_>>(text).map_or(Property::Null, |text| Property::Text(text.0))
        }
        Some(b'-' | b'0'..=b'9') => Property::Number(raw),
        _ => Property::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_taken_apart_and_its_values_stay_as_they_are() {
        let payload = r#"{"profile_id":"p","event_properties":{"store":"app_store","environment":"Sandbox",
            "price_usd":4.2415,"huge":1.2e+17,"currency":null,"is_lifetime":false,"name":"a\"é","empty":""}}"#;
        let told = Told::new(Uuid::nil(), EventKind::TrialStarted, 1, 2, payload).unwrap();
        assert_eq!(
            (told.store(), told.environment()),
            ("app_store", Environment::Sandbox)
        );
        assert_eq!(told.decimal("price_usd"), Some("4.2415".parse().unwrap()));
        assert_eq!(
            told.decimal("huge"),
            Some(Decimal::from(120_000_000_000_000_000_i64))
        );
        assert_eq!((told.text("name"), told.text("empty")), (Some("a\"é"), None));
        assert!(told.properties.get("currency").is_none() && told.properties.get("none").is_none());
        assert_eq!(
            serde_json::to_string(&told.properties.set().collect::<Vec<_>>()).unwrap(),
            r#"[["store","app_store"],["environment","Sandbox"],["price_usd",4.2415],["huge",1.2e+17],["is_lifetime",false],["name","a\"é"],["empty",""]]"#
        );
        let texts: Vec<_> = told.properties.set().map(|(_, value)| value.as_text()).collect();
        assert_eq!(
            texts,
            ["app_store", "Sandbox", "4.2415", "1.2e+17", "false", "a\"é", ""]
        );
        let short = told.properties.set().map(|(_, value)| value.cut(2));
        let short: Vec<_> = short.map(|value| value.as_text().to_owned()).collect();
        assert_eq!(short, ["ap", "Sa", "4.2415", "1.2e+17", "false", "a\"", ""]);
    }
}
