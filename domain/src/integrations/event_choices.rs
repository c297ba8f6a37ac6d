//! Which events an app wants at an integration, under which names, and when the synthetic ones are made. The same
//! for every integration.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::field::is_sent_by_default;
use crate::events::EventKind;

/// The settings `events`, `event_names` and `synthetic_delay_days`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct EventChoices {
    events: BTreeMap<EventKind, bool>,
    event_names: BTreeMap<EventKind, String>,
    synthetic_delay_days: BTreeMap<EventKind, Option<u8>>,
}

impl EventChoices {
    /// Is this event sent?
    pub fn is_on(&self, event: EventKind) -> bool {
        let said = self.events.get(&event).copied();
        said.unwrap_or_else(|| is_sent_by_default(event))
    }

    /// Under which name.
    pub fn name(&self, event: EventKind) -> &str {
        self.event_names
            .get(&event)
            .map_or(event.as_str(), String::as_str)
    }

    /// The synthetic events that are sent, and how many days after its start a trial or subscription makes them.
    pub fn synthetic_delays(&self) -> impl Iterator<Item = (EventKind, u8)> {
        let on = self
            .synthetic_delay_days
            .iter()
            .filter(|(event, _)| self.is_on(**event));
        on.filter_map(|(event, days)| Some((*event, (*days)?)))
    }
}
