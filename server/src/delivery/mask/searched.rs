//! Where values stand in a text, as they are or escaped, in whatever case of letters and with whatever white space between
//! their words. In an answer those of all customers of a request are looked for.

use std::ops::Range;

use super::reading::{self, Reading};

/// A text that is looked through, for values as a mask has them.
pub struct Searched(Vec<Reading>);

impl Searched {
    /// A text.
    pub fn new(text: &str) -> Self {
        Self(reading::all(text))
    }

    /// Where this value stands in it.
    pub fn find(&self, value: &str) -> impl Iterator<Item = Range<usize>> {
        self.0.iter().flat_map(move |reading| reading.find(value))
    }

    /// Does this value stand in it?
    pub fn holds(&self, value: &str) -> bool {
        self.find(value).next().is_some()
    }

    /// Where the beginning of this value stands with which it ends.
    pub fn cut_at(&self, value: &str) -> Option<usize> {
        self.0.iter().filter_map(|reading| reading.cut_at(value)).min()
    }
}
