//! Which of very many values a text holds: in an answer those of all customers of a request are looked for.

use super::forms::{forms, is_plain};
use super::{SHORTEST, cut_at};

/// A text that is looked through.
pub struct Searched<'t> {
    text: &'t str,
    /// All that values may begin with in it, sorted: most values are none of its by that alone.
    beginnings: Vec<u32>,
}

impl<'t> Searched<'t> {
    /// A text.
    pub fn new(text: &'t str) -> Self {
        let windows = text.as_bytes().windows(SHORTEST);
        let mut beginnings: Vec<_> = windows.filter_map(beginning).collect();
        beginnings.sort_unstable();
        Self { text, beginnings }
    }

    /// Does this value stand in it, or begin where it was cut?
    pub fn holds(&self, value: &str) -> bool {
        self.may_hold(value) && (self.text.contains(value) || cut_at(self.text, value).is_some())
    }

    /// As [`Self::holds`], in any form.
    pub fn holds_a_form_of(&self, value: &str) -> bool {
        // What nobody escapes stands in front of all forms.
        let begins_alike = value.as_bytes().get(..SHORTEST).is_some_and(is_plain);
        (!begins_alike || self.may_hold(value)) && forms(value).iter().any(|form| self.holds(form))
    }

    fn may_hold(&self, value: &str) -> bool {
        let beginning = beginning(value.as_bytes());
        beginning.is_none_or(|beginning| self.beginnings.binary_search(&beginning).is_ok())
    }
}

/// The first bytes, if there are so many, as a number: that is compared faster.
fn beginning(value: &[u8]) -> Option<u32> {
    value
        .first_chunk::<SHORTEST>()
        .map(|bytes| u32::from_ne_bytes(*bytes))
}
