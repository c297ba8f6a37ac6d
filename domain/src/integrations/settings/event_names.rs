//! Names of events that a third party does not take as they are: what `check` tells of.

use super::Settings;
use crate::events::EventKind;
use crate::integrations::{Problem, all_but_levels};

/// A problem for each name in a table of names that `is_bad`. What an event is called that is never sent does not matter.
pub fn bad(
    settings: &Settings,
    table: &str,
    is_bad: impl Fn(&str) -> bool,
    why: &str,
) -> impl Iterator<Item = Problem> {
    let names = settings.get(table).as_object().into_iter().flatten();
    names
        .filter(|(event, _)| EventKind::parse(event).is_some_and(all_but_levels))
        .filter(move |(_, name)| name.as_str().is_some_and(&is_bad))
        .map(move |(event, _)| Problem::new(format!("{table}.{event}"), why))
}
