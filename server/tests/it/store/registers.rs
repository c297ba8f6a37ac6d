//! Is what concurrent clients saw of one register possible if every operation happened at one moment?
//!
//! Every written value is written once, so the question is easy: a value with its write and its reads needs a
//! stretch of time. Source: Gibbons and Korach, "Testing shared memories" (1997), section 4.2.

use std::collections::BTreeMap;

/// A write or a read of a value: when it was asked for, when it was answered. A write that was never answered has
/// [`u64::MAX`].
#[derive(Debug, Clone)]
pub struct Operation {
    pub is_write: bool,
    pub value: String,
    pub begin: u64,
    pub end: u64,
}

/// The stretch of a value: from its first answer to its last request.
struct Stretch<'a> {
    value: &'a str,
    first_end: u64,
    last_begin: u64,
}

impl Stretch<'_> {
    /// The value was surely there all the time from its first answer to its last request.
    fn is_held(&self) -> bool {
        self.first_end < self.last_begin
    }
}

/// Checks a register that held `initial` at time 0. Answers what is impossible.
pub fn check(initial: &str, operations: &[Operation]) -> Result<(), String> {
    let mut by_value: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    let first = Operation {
        is_write: true,
        value: initial.to_owned(),
        begin: 0,
        end: 0,
    };
    for operation in operations.iter().chain([&first]) {
        by_value.entry(&operation.value).or_default().push(operation);
    }
    let mut held = Vec::new();
    let mut passing = Vec::new();
    for (value, operations) in &by_value {
        let stretch = stretch(value, operations)?;
        if stretch.is_held() {
            held.push(stretch);
        } else {
            passing.push(stretch);
        }
    }
    held.sort_by_key(|stretch| stretch.first_end);
    for pair in held.windows(2) {
        if pair[1].first_end < pair[0].last_begin {
            let (one, other) = (pair[0].value, pair[1].value);
            return Err(format!("{one:?} and {other:?} were there at once"));
        }
    }
    for inner in &passing {
        let around =
            |outer: &&Stretch<'_>| outer.first_end < inner.last_begin && inner.first_end < outer.last_begin;
        if let Some(outer) = held.iter().find(around) {
            let (inner, outer) = (inner.value, outer.value);
            return Err(format!("{inner:?} happened while {outer:?} was there"));
        }
    }
    Ok(())
}

fn stretch<'a>(value: &'a str, operations: &[&Operation]) -> Result<Stretch<'a>, String> {
    let write = operations.iter().find(|operation| operation.is_write);
    let write = write.ok_or_else(|| format!("{value:?} was read but never written"))?;
    if let Some(early) = operations.iter().find(|operation| operation.end < write.begin) {
        return Err(format!("{early:?} came before its write"));
    }
    Ok(Stretch {
        value,
        first_end: operations.iter().map(|operation| operation.end).min().unwrap(),
        last_begin: operations.iter().map(|operation| operation.begin).max().unwrap(),
    })
}

fn operation(is_write: bool, value: &str, begin: u64, end: u64) -> Operation {
    Operation {
        is_write,
        value: value.to_owned(),
        begin,
        end,
    }
}

#[test]
fn what_can_have_happened_passes() {
    let overlapping = [
        operation(true, "a", 1, 10),
        operation(true, "b", 2, 9),
        operation(false, "", 3, 4),
        operation(false, "b", 5, 6),
        operation(false, "a", 7, 8),
    ];
    check("", &overlapping).unwrap();
}

#[test]
fn what_cannot_have_happened_is_found() {
    let (write, read) = (true, false);
    let stale = [operation(write, "a", 1, 2), operation(read, "", 3, 4)];
    let lost = [operation(read, "a", 1, 2), operation(write, "a", 3, 4)];
    let backwards = [
        operation(write, "a", 1, 10),
        operation(write, "b", 2, 11),
        operation(read, "a", 3, 4),
        operation(read, "b", 5, 6),
        operation(read, "a", 7, 8),
    ];
    let overwritten = [
        operation(write, "a", 1, 2),
        operation(write, "b", 3, 4),
        operation(read, "a", 5, 6),
    ];
    let invented = [operation(read, "x", 1, 2)];
    for history in [&stale[..], &lost, &backwards, &overwritten, &invented] {
        assert!(check("", history).is_err(), "{history:?}");
    }
}
