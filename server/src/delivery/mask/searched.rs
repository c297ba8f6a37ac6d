//! Which of very many values a text holds: in an answer those of all customers of a request are looked for.

use super::forms::{forms, is_plain};
use super::{SHORTEST, cut_at};

/// A text that is looked through.
pub struct Searched<'t> {
    text: &'t str,
    /// May it end in the middle of an id?
    may_be_cut: bool,
    /// All that values may begin with in it, sorted: most values are none of its by that alone.
    beginnings: Vec<u32>,
}

impl<'t> Searched<'t> {
    /// A text, which may be cut or not.
    pub fn new(text: &'t str, may_be_cut: bool) -> Self {
        let windows = text.as_bytes().windows(SHORTEST);
        let mut beginnings: Vec<_> = windows.filter_map(beginning).collect();
        beginnings.sort_unstable();
        Self {
            text,
            may_be_cut,
            beginnings,
        }
    }

    /// Does this value stand in it, or begin where it was cut?
    pub fn holds(&self, value: &str) -> bool {
        self.may_hold(value) && (self.text.contains(value) || cut_at(self.text, value).is_some())
    }

    /// Does this id stand in it in any form, or begin where it may be cut?
    pub fn holds_a_form_of(&self, id: &str) -> bool {
        // What nobody escapes stands in front of all forms.
        let begins_alike = id.as_bytes().get(..SHORTEST).is_some_and(is_plain);
        let holds = |form: &String| match self.may_be_cut {
            true => self.holds(form),
            false => self.may_hold(form) && self.text.contains(form),
        };
        (!begins_alike || self.may_hold(id)) && forms(id).iter().any(holds)
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
