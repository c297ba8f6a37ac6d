//! What commands of the administration print: one thing, a sentence, or a list. A list may be longer than fits into memory: it is
//! printed page by page, as it is read.

use std::fmt::Display;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::Failure;
use super::print::{self, harmless, harmless_json};
use crate::actions::Reply;
use crate::admin::page::Page;

/// The form of what a command prints.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Print what the administration API would answer
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Prints one thing: a line for each of its fields.
    pub fn one(self, thing: &impl Serialize) -> Result<(), Failure> {
        let thing = serde_json::to_value(thing)?;
        match &thing {
            Value::Object(fields) if !self.json => {
                let width = fields.keys().map(|name| name.len()).max().unwrap_or_default();
                for (name, value) in fields {
                    print::line(format_args!("{name:width$}  {}", field(value)?))?;
                }
            }
            _ => print::line(harmless_json(&thing)?)?,
        }
        Ok(())
    }

    /// Prints the body of an answer.
    pub fn reply(self, reply: &Reply) -> Result<(), Failure> {
        self.one(&serde_json::from_slice::<Value>(&reply.body)?)
    }

    /// Prints a list: a line for each entry with these fields of it.
    pub fn list(self, page: &Page<impl Serialize>, columns: &[&str]) -> Result<(), Failure> {
        let mut list = List::new(self, columns);
        list.add(&page.data)?;
        list.end(page.next_cursor.as_deref())
    }

    /// Prints a thing as JSON, or nothing as lines.
    pub fn json(self, thing: &impl Serialize) -> Result<(), Failure> {
        if self.json {
            print::line(harmless_json(thing)?)?;
        }
        Ok(())
    }

    /// Prints a sentence, or nothing as JSON.
    pub fn done(self, sentence: impl Display) -> Result<(), Failure> {
        if !self.json {
            print::line(cell(&Value::String(sentence.to_string())))?;
        }
        Ok(())
    }
}

/// A list that is being printed.
pub struct List<'c> {
    output: Output,
    columns: &'c [&'c str],
    /// How wide the columns are so far.
    widths: Vec<usize>,
    has_begun: bool,
}

impl<'c> List<'c> {
    /// A list whose lines have these fields of the entries.
    pub fn new(output: Output, columns: &'c [&'c str]) -> Self {
        Self {
            output,
            columns,
            widths: vec![0; columns.len()],
            has_begun: false,
        }
    }

    /// Prints the next entries. Answers whether anybody reads on.
    pub fn add(&mut self, entries: &[impl Serialize]) -> Result<bool, Failure> {
        if entries.is_empty() {
            return Ok(true);
        }
        let text = if self.output.json {
            self.members(entries)?
        } else {
            self.lines(entries)?
        };
        self.has_begun = true;
        Ok(print::text(&text)?)
    }

    /// Prints the end, and where what follows begins.
    pub fn end(mut self, next: Option<&str>) -> Result<(), Failure> {
        if self.output.json {
            let next = serde_json::to_string(&next)?;
            let (head, end) = if self.has_begun { ("", "\n  ") } else { (HEAD, "") };
            print::line(format_args!("{head}{end}],\n  \"next_cursor\": {next}\n}}"))?;
            return Ok(());
        }
        if !self.has_begun {
            print::text(&self.lines::<Value>(&[])?)?;
        }
        // Beside the list, so that its lines are entries alone.
        if let Some(cursor) = next {
            print::aside(format_args!("there are more: --cursor {cursor}"))?;
        }
        Ok(())
    }

    /// The entries as members of the array of a page.
    fn members(&self, entries: &[impl Serialize]) -> Result<String, Failure> {
        let mut text = String::new();
        for (place, entry) in entries.iter().enumerate() {
            let is_first = place == 0 && !self.has_begun;
            text += if is_first { HEAD } else { "," };
            // In JSON a line end stands between its parts alone: in a text it is escaped.
            text += &format!("\n{}", harmless_json(entry)?).replace('\n', "\n    ");
        }
        Ok(text)
    }

    /// The entries as lines with their cells below each other, and below those of the pages before.
    fn lines<T: Serialize>(&mut self, entries: &[T]) -> Result<String, Failure> {
        let heads = self.columns.iter().map(|name| (*name).to_owned()).collect();
        let mut lines: Vec<Vec<String>> = if self.has_begun { Vec::new() } else { vec![heads] };
        for entry in entries {
            let entry = serde_json::to_value(entry)?;
            lines.push(self.columns.iter().map(|name| cell(&entry[*name])).collect());
        }
        for line in &lines {
            for (cell, width) in line.iter().zip(&mut self.widths) {
                *width = cell.chars().count().max(*width);
            }
        }
        let line = |line: &Vec<String>| {
            let cells = line.iter().zip(&self.widths);
            let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        Ok(lines.iter().map(line).collect())
    }
}

/// How JSON of a page begins.
const HEAD: &str = "{\n  \"data\": [";

/// As a cell, but what has parts goes on below, indented.
fn field(value: &Value) -> Result<String, Failure> {
    let has_parts = match value {
        Value::Array(parts) => !parts.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        _ => false,
    };
    if !has_parts {
        return Ok(cell(value));
    }
    let text = serde_json::to_string_pretty(value)?;
    let lines = text.lines().map(|line| format!("\n  {}", harmless(line)));
    Ok(lines.collect())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => harmless(text),
        other => harmless(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_lines_of_a_page_stand_below_those_before() {
        let mut list = List::new(Output { json: false }, &["kind", "id"]);
        let first = list.lines(&[json!({"kind": "renewed", "id": 1})]).unwrap();
        assert_eq!(first, "kind     id\nrenewed  1\n");
        list.has_begun = true;
        let entries = [
            json!({"kind": "a", "id": null}),
            json!({"kind": "renewed again", "id": 3}),
        ];
        let further = list.lines(&entries[..1]).unwrap() + &list.lines(&entries[1..]).unwrap();
        assert_eq!(further, "a        -\nrenewed again  3\n");
    }

    #[test]
    fn the_members_of_all_pages_make_one_page() {
        let mut list = List::new(Output { json: true }, &[]);
        let entries = [json!({"a": ["\n"]}), json!(1), json!({})];
        let mut text = list.members(&entries[..1]).unwrap();
        list.has_begun = true;
        text += &list.members(&entries[1..]).unwrap();
        let whole = harmless_json(&Page::whole(entries.to_vec())).unwrap();
        assert_eq!(
            whole.strip_suffix("\n  ],\n  \"next_cursor\": null\n}"),
            Some(text.as_str())
        );
    }

    #[test]
    fn what_has_parts_goes_on_below() {
        assert_eq!(field(&json!([])).unwrap(), "[]");
        assert_eq!(
            field(&json!({"a": ["\u{9b}2J"]})).unwrap(),
            "\n  {\n    \"a\": [\n      \"\\u{9b}2J\"\n    ]\n  }"
        );
    }

    #[test]
    fn what_would_steer_the_terminal_is_escaped_wherever_it_stands() {
        for (value, shown) in [
            (json!(null), "-"),
            (json!("Zoë \"x\" \\n"), "Zoë \"x\" \\n"),
            (json!("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n"),
            (json!({"a": "\u{9b}2J"}), "{\"a\":\"\\u{9b}2J\"}"),
            (json!(["\u{202e}cod.exe"]), "[\"\\u{202e}cod.exe\"]"),
        ] {
            assert_eq!(cell(&value), shown);
        }
    }
}
