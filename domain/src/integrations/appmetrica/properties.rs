//! The properties of an event as JSON that is not too long for a query.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::super::Occasion;
use super::super::contract::told::Property;
use super::super::mapping::text::json;

/// AppMetrica cuts longer text, which would be no JSON any more.
const MOST_BYTES: usize = 30_720;

/// What is never left out.
const KEPT: [&str; 6] = [
    "profile_event_id",
    "transaction_id",
    "original_transaction_id",
    "vendor_product_id",
    "store",
    "environment",
];

struct Chosen<'p>(Vec<(&'p str, &'p Property<'p>)>);

impl Serialize for Chosen<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Chosen<'_> {
    /// The place of the longest property that may be left out.
    fn longest(&self) -> Option<usize> {
        let all = self.0.iter().enumerate();
        let others = all.filter(|(_, (name, _))| !KEPT.contains(name));
        let longest = others.max_by_key(|(_, (name, value))| name.len() + json(value).len());
        longest.map(|(place, _)| place)
    }
}

/// The properties of the event that are set, without the longest where all would be too long.
pub fn fitting(occasion: &Occasion<'_>) -> String {
    let mut chosen = Chosen(occasion.properties().collect());
    loop {
        let text = json(&chosen);
        if text.len() <= MOST_BYTES {
            return text;
        }
        let Some(place) = chosen.longest() else {
            return text;
        };
        chosen.0.remove(place);
    }
}
