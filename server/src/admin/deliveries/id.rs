//! The names of deliveries.

use bursar_domain::integrations::{self, Integration, Part};
use uuid::Uuid;

/// What tells a delivery apart, as callers write it: `EVENT_ID:SLUG`, and `EVENT_ID:SLUG:PART` for an integration with
/// parts that have names.
#[derive(Clone, Copy)]
pub struct DeliveryId {
    /// The event.
    pub event: Uuid,
    /// The integration.
    pub integration: &'static Integration,
    /// Which part of it.
    pub part: &'static Part,
}

impl DeliveryId {
    /// Reads what [`name`] writes, also with the event's id in capitals. `None`: no delivery can be called so.
    pub fn parse(text: &str) -> Option<Self> {
        let (event, rest) = text.split_once(':')?;
        let (slug, part) = rest.split_once(':').unwrap_or((rest, ""));
        let integration = integrations::find(slug)?;
        let known = Self {
            event: Uuid::try_parse(event).ok()?,
            part: integration.parts.iter().find(|known| known.name == part)?,
            integration,
        };
        known.to_string().eq_ignore_ascii_case(text).then_some(known)
    }
}

impl std::fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&name(self.event, self.integration.slug, self.part.name))
    }
}

/// The name of a delivery.
pub fn name(event: Uuid, slug: &str, part: &str) -> String {
    if part.is_empty() {
        format!("{event}:{slug}")
    } else {
        format!("{event}:{slug}:{part}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written_and_nothing_else_is_one() {
        for integration in integrations::ALL {
            for part in integration.parts {
                let text = name(Uuid::from_u128(7), integration.slug, part.name);
                let read = DeliveryId::parse(&text).unwrap();
                assert_eq!((read.event, read.to_string()), (Uuid::from_u128(7), text));
            }
        }
        let id = Uuid::from_u128(0xab);
        let in_capitals = format!("{}:webhook", id.to_string().to_uppercase());
        let read = DeliveryId::parse(&in_capitals).unwrap();
        assert_eq!(read.to_string(), format!("{id}:webhook"));
        for text in [
            String::new(),
            id.to_string(),
            format!("{id}:nobody"),
            format!("{id}:webhook:"),
            format!("{id}:webhook:x"),
            format!("{}:webhook", id.simple()),
            format!("{id}:WEBHOOK"),
            "x:webhook".to_owned(),
        ] {
            assert!(DeliveryId::parse(&text).is_none(), "{text}");
        }
    }
}
