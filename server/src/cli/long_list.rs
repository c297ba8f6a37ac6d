//! A list that may be longer than fits into memory: it is read and printed page by page, and looks like one that is not.

use serde::Serialize;
use serde_json::Value;

use super::Failure;
use super::print::{self, harmless_json};
use super::session::{Output, cell, print_table};
use crate::admin::page::Page;

/// How JSON of a page that is not empty begins and, if no other follows, ends.
const HEAD: &str = "{\n  \"data\": [";
const TAIL: &str = "\n  ],\n  \"next_cursor\": null\n}";

/// A list that is being printed.
pub struct LongList<'c> {
    output: Output,
    columns: &'c [&'c str],
    /// What stands in the columns: how wide these are shows at the end.
    lines: Vec<Vec<String>>,
    has_begun: bool,
}

impl<'c> LongList<'c> {
    /// A list whose lines have these fields of the entries.
    pub fn new(output: Output, columns: &'c [&'c str]) -> Self {
        let heads = columns.iter().map(|name| (*name).to_owned()).collect();
        Self {
            output,
            columns,
            lines: vec![heads],
            has_begun: false,
        }
    }

    /// The next entries.
    pub fn add(&mut self, entries: &[impl Serialize]) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        if self.output.json {
            let text = harmless_json(&Page::whole(entries.iter().collect::<Vec<_>>()))?;
            let entries = text.strip_prefix(HEAD).and_then(|text| text.strip_suffix(TAIL));
            let entries = entries.expect("a page that is not empty is printed so");
            print::text(if self.has_begun { "," } else { HEAD })?;
            print::text(entries)?;
            self.has_begun = true;
            return Ok(());
        }
        for entry in entries {
            let entry = serde_json::to_value(entry)?;
            self.lines
                .push(self.columns.iter().map(|name| cell(&entry[*name])).collect());
        }
        Ok(())
    }

    /// The end, and where what follows begins.
    pub fn end(self, next: Option<&str>) -> Result<(), Failure> {
        if !self.output.json {
            print_table(&self.lines)?;
            // Beside the list, so that its lines are entries alone.
            return next.map_or(Ok(()), |cursor| {
                Ok(print::aside(format_args!("there are more: --cursor {cursor}"))?)
            });
        }
        if self.has_begun {
            let next = serde_json::to_string(&next)?;
            return Ok(print::line(TAIL.replace("null", &next))?);
        }
        let none = Page {
            data: Vec::<Value>::new(),
            next_cursor: next.map(str::to_owned),
        };
        Ok(print::line(harmless_json(&none)?)?)
    }
}
