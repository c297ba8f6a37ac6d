//! What servers could tell wrongly, told wrongly on its way to the laws: each must break one of them.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use bursar_domain::ids::ProfileId;
use futures_util::FutureExt;
use serde_json::Value;
use uuid::Uuid;

use super::access::Access;
use super::feed::{ENDS, OPENINGS, REFUNDS, STARTS};
use super::history::History;
use super::world::{Stored, World};
use crate::support::backend::Backend;

/// Within so many histories it must be seen.
const SEEDS: u64 = 50;

/// What is altered of what the servers tell.
#[derive(Clone, Copy)]
pub enum Wrong {
    Events(fn(&mut Vec<Stored>)),
    /// Access levels and the revenue of a profile.
    Shown(fn(&mut Vec<(String, Access)>, &mut i64)),
}

use Wrong::{Events, Shown};

/// Each with what the law that it breaks says.
const WRONG: [(&str, Wrong, &str); 14] = [
    (
        "an event is lost",
        Events(|all| drop(place_of(all, &OPENINGS).map(|place| all.remove(place)))),
        "the opening of",
    ),
    (
        "an event is there twice",
        Events(|all| repeat(all, &OPENINGS)),
        "told twice",
    ),
    (
        "the end of a chain is lost",
        Events(|all| all.retain(|event| !is_of(event, &ENDS))),
        "the end of",
    ),
    (
        "a refund is lost",
        Events(|all| all.retain(|event| !is_of(event, &REFUNDS))),
        "the refund of",
    ),
    (
        "an end comes before its start",
        Events(|all| {
            let is_at_once = |one: &Stored, next: &Stored| {
                let moment = |event: &Stored| (event.profile, event.created_at);
                moment(one) == moment(next) && is_of(one, &STARTS) && is_of(next, &ENDS)
            };
            for place in 1..all.len() {
                let start = (0..place).find(|start| is_at_once(&all[*start], &all[place]));
                start.into_iter().for_each(|start| all.swap(start, place));
            }
        }),
        "ends before it starts",
    ),
    (
        "an event is of nobody",
        Events(|all| {
            if let Some(place) = place_of(all, &OPENINGS) {
                all[place].profile = ProfileId(Uuid::nil());
            }
        }),
        "whose it is",
    ),
    (
        "an event changes",
        Events(|all| {
            let count = i64::try_from(all.len()).unwrap();
            all.iter_mut().take(1).for_each(|event| event.created_at += count);
        }),
        "an event has changed",
    ),
    (
        "events go",
        Events(|all| all.truncate(if all.len() > 3 { 2 } else { 3 })),
        "events are gone",
    ),
    (
        "a change of access is told twice",
        Events(|all| repeat(all, &["access_level_updated"])),
        "nothing has changed",
    ),
    (
        "access lasts a second longer",
        Shown(|levels, _| {
            for end in levels
                .iter_mut()
                .filter_map(|(_, access)| access.ends_at.as_mut())
            {
                *end += 1_000_000;
            }
        }),
        "access of",
    ),
    (
        "access is lost",
        Shown(|levels, _| drop(levels.pop())),
        "access of",
    ),
    (
        "there is access that nobody gave",
        Shown(|levels, _| {
            let access = Access {
                starts_at: None,
                ends_at: None,
            };
            levels.push(("platinum".into(), access));
        }),
        "access of",
    ),
    (
        "revenue is a cent more",
        Shown(|_, revenue| *revenue += 100),
        "revenue of",
    ),
    (
        "revenue is forgotten",
        Shown(|_, revenue| *revenue = 0),
        "revenue of",
    ),
];

fn is_of(event: &Stored, kinds: &[&str]) -> bool {
    let payload: Value = serde_json::from_str(&event.payload).unwrap();
    kinds.contains(&payload["event_type"].as_str().unwrap())
}

/// Where the first event of these kinds is.
fn place_of(all: &[Stored], kinds: &[&str]) -> Option<usize> {
    all.iter().position(|event| is_of(event, kinds))
}

/// The first event of these kinds once more, right after itself.
fn repeat(all: &mut Vec<Stored>, kinds: &[&str]) {
    if let Some(place) = place_of(all, kinds) {
        all.insert(place, all[place].clone());
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}

#[tokio::test]
async fn what_is_told_wrongly_breaks_a_law() {
    for (name, wrong, law) in WRONG {
        let world = World::telling(Backend::SqliteMemory, Some(wrong)).await;
        let mut broken = None;
        for seed in 0..SEEDS {
            let history = AssertUnwindSafe(History::new(&world, seed).run());
            if let Err(panic) = history.catch_unwind().await {
                broken = Some(said(&*panic).to_owned());
                break;
            }
            world.clear().await;
        }
        let broken = broken.unwrap_or_else(|| panic!("{name}, and no law was broken"));
        assert!(broken.contains(law), "{name}: {broken}");
    }
}
