//! Long lists, page by page. A cursor holds the key of the row with which the next page begins, so that a page
//! costs the same however far in it is, and rows that come or go meanwhile neither repeat nor hide others.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::fields::{Problems, bad};
use crate::actions::ActionError;
use crate::hex;
use crate::store::{Row, StoreError};

/// How many entries a page has at most.
pub const MAX_LIMIT: usize = 200;
/// How many it has if the caller does not say.
pub const DEFAULT_LIMIT: NonZeroUsize = NonZeroUsize::new(50).expect("50 is not 0");

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// Where the next page begins; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that is whole on one page.
    pub fn whole(data: Vec<T>) -> Self {
        Self {
            data,
            next_cursor: None,
        }
    }
}

/// Which page is wanted.
#[derive(Debug, Clone)]
pub struct Paging {
    limit: NonZeroUsize,
    cursor: Option<Vec<String>>,
    /// What is wrong with how it was said.
    problems: Problems,
}

impl Paging {
    /// The first so many entries.
    pub fn first(limit: NonZeroUsize) -> Self {
        Self {
            limit,
            cursor: None,
            problems: Problems::default(),
        }
    }

    /// All entries.
    pub fn all() -> Self {
        Self::first(NonZeroUsize::MAX)
    }

    /// From a cursor on that a page gave. The list refuses any other.
    #[must_use]
    pub fn from(mut self, cursor: Option<&str>) -> Self {
        self.cursor = cursor.and_then(decode);
        if cursor.is_some() && self.cursor.is_none() {
            self.problems.add(CURSOR, NOT_GIVEN);
        }
        self
    }

    /// Reads what a query says: `limit` from 1 to 200, `cursor` as a page gave it. `problems` are those of its other
    /// parameters.
    pub fn parse(limit: Option<&str>, cursor: Option<&str>, problems: Problems) -> Self {
        let number = |text: &str| {
            text.parse()
                .ok()
                .filter(|limit: &NonZeroUsize| limit.get() <= MAX_LIMIT)
        };
        let limit = limit.map_or(Some(DEFAULT_LIMIT), number);
        let mut paging = Self {
            problems,
            ..Self::first(limit.unwrap_or(DEFAULT_LIMIT))
        };
        if limit.is_none() {
            let why = format!("must be a number from 1 to {MAX_LIMIT}");
            paging.problems.add("limit", why);
        }
        paging.from(cursor)
    }

    /// Refuses if anything is wrong with how it was said.
    pub fn check(&self) -> Result<(), ActionError> {
        self.problems.clone().check()
    }

    /// The key with which the page begins; `None` on the first page. Refuses as [`Self::check`] does, so that no list has to
    /// ask for that.
    pub(super) fn key<const N: usize>(&self) -> Result<Option<[&str; N]>, ActionError> {
        self.check()?;
        let Some(key) = &self.cursor else { return Ok(None) };
        let parts: Vec<&str> = key.iter().map(String::as_str).collect();
        parts.try_into().map(Some).map_err(|_| bad_cursor())
    }

    /// The key of a list in the order of time, with ids to tell equal times apart.
    pub(super) fn time_and_id(&self) -> Result<(i64, Uuid), ActionError> {
        let Some([time, id]) = self.key()? else {
            return Ok((i64::MIN, Uuid::nil()));
        };
        Ok((time.parse().map_err(|_| bad_cursor())?, parse_id(id)?))
    }

    /// What begins with the page of a list in memory. `name` tells entries apart and is the whole key.
    pub(super) fn rest_of<'l, T>(
        &self,
        list: &'l [T],
        name: impl Fn(&T) -> &str,
    ) -> Result<&'l [T], ActionError> {
        let Some([first]) = self.key()? else {
            return Ok(list);
        };
        let place = list.iter().position(|entry| name(entry) == first);
        Ok(&list[place.ok_or_else(bad_cursor)?..])
    }

    /// How many rows to ask for: one more than the page has, to see whether there is a next.
    pub(super) fn rows(&self) -> i64 {
        i64::try_from(self.limit.get().saturating_add(1)).unwrap_or(i64::MAX)
    }

    /// Makes the page of its entries with their keys, of which there are as many as [`Self::rows`] or more if there are
    /// so many.
    pub(super) fn page_of<T>(&self, entries: impl Iterator<Item = (Vec<String>, T)>) -> Page<T> {
        let mut entries = entries;
        let data = entries
            .by_ref()
            .take(self.limit.get())
            .map(|(_, entry)| entry)
            .collect();
        Page {
            data,
            next_cursor: entries.next().map(|(key, _)| encode(&key)),
        }
    }

    /// Makes the page of its rows. `read` answers each row's key and what it holds.
    pub(super) fn page<T>(
        &self,
        mut rows: Vec<Row>,
        read: impl Fn(&mut Row) -> Result<(Vec<String>, T), StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let next = match rows.get_mut(self.limit.get()) {
            Some(row) => Some(encode(&read(row)?.0)),
            None => None,
        };
        let entries = rows.iter_mut().take(self.limit.get()).map(|row| Ok(read(row)?.1));
        Ok(Page {
            data: entries.collect::<Result<_, StoreError>>()?,
            next_cursor: next,
        })
    }
}

/// Reads an id of a cursor.
pub(super) fn parse_id(text: &str) -> Result<Uuid, ActionError> {
    Uuid::try_parse(text).map_err(|_| bad_cursor())
}

const CURSOR: &str = "cursor";
const NOT_GIVEN: &str = "is not one that this list gave";

/// The refusal of a cursor that no page gave.
pub(super) fn bad_cursor() -> ActionError {
    bad(CURSOR, NOT_GIVEN)
}

/// The key as a JSON array, in hex digits: a text without meaning to callers that needs no escaping in a URL.
fn encode(key: &[String]) -> String {
    hex::encode(&serde_json::to_vec(key).expect("texts always serialise"))
}

fn decode(text: &str) -> Option<Vec<String>> {
    let key: Vec<String> = serde_json::from_slice(&hex::decode(text)?).ok()?;
    // What the database would not take as text no page has given.
    key.iter().all(|part| !part.contains('\0')).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(limit: Option<&str>, cursor: Option<&str>) -> Paging {
        Paging::parse(limit, cursor, Problems::default())
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let key = vec!["app_store".to_owned(), "a \"b\" ü/?".to_owned()];
        let paging = parsed(None, Some(&encode(&key)));
        assert_eq!(paging.key().unwrap(), Some(["app_store", "a \"b\" ü/?"]));
        assert!(paging.key::<1>().is_err());
        assert!(paging.time_and_id().is_err());
    }

    #[test]
    fn bad_limits_and_cursors_are_refused() {
        for limit in ["0", "201", "-1", "x", "", "1.5"] {
            assert!(parsed(Some(limit), None).check().is_err(), "{limit}");
        }
        for cursor in ["", "x", "5b5d5", "zz", "é", &encode(&["\0".to_owned()]), "7b7d"] {
            let paging = parsed(None, Some(cursor));
            assert!(paging.check().is_err() && paging.key::<1>().is_err(), "{cursor}");
        }
        assert_eq!(parsed(Some("200"), None).rows(), 201);
    }
}
