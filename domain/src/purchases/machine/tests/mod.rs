//! A test or more for each row of the transition tables A to C, named by its id; table A in four files. What happens to access
//! levels, and table F, is tested with accounts.

mod beside;
mod ends;
mod first;
mod further;
mod late;
mod older;
mod paid_year;
mod periods;
mod products;
mod table_b;
mod table_c;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Command, Context, Timer, Timers, Waits, apply, clock};
use crate::events::Fact;
use crate::events::{EventKind, EventKind::*};
use crate::purchases::chain::{Chain, Closed};
use crate::purchases::samples::{
    HOUR, MINUTE, because, cancelled, day, ending, failed, free, of_product, paid, refunded, timers, trial,
};
use crate::purchases::transaction::{CancellationReason, Offer, OfferKind, Transaction};

/// A chain and the transactions that are stored of it.
#[derive(Default)]
struct Story {
    chain: Option<Chain>,
    stored: Vec<Transaction>,
    timers: Timers,
    waits: Waits,
}

impl Story {
    fn report(&mut self, now: i64, transaction: &Transaction) -> Vec<Fact> {
        let known = self
            .stored
            .iter()
            .find(|stored| stored.id == transaction.id)
            .cloned();
        let facts = self.tell(
            now,
            known.as_ref(),
            Command::Report(Box::new(transaction.clone())),
        );
        self.stored.retain(|stored| stored.id != transaction.id);
        self.stored.push(transaction.clone());
        facts
    }

    fn tell(&mut self, now: i64, known: Option<&Transaction>, command: Command) -> Vec<Fact> {
        let context = Context {
            now,
            waits: &self.waits,
            timers: &self.timers,
            access_level_id: Some("premium"),
        };
        let (chain, facts) = apply(self.chain.take(), known, None, command, context);
        self.chain = chain;
        facts
    }

    fn wait_until(&mut self, now: i64) -> Vec<Fact> {
        let context = Context {
            now,
            waits: &self.waits,
            timers: &self.timers,
            access_level_id: None,
        };
        let mut facts = Vec::new();
        clock::catch_up(self.chain.as_mut().expect("a chain"), context, &mut facts);
        facts
    }

    fn chain(&self) -> &Chain {
        self.chain.as_ref().expect("a chain")
    }

    fn has_access(&self, now: i64) -> bool {
        self.chain().access().expect("a level").is_active(now)
    }
}

fn kinds(facts: &[Fact]) -> Vec<(EventKind, i64)> {
    facts.iter().map(|fact| (fact.kind, fact.at)).collect()
}

/// Asserts which events were made, and when each happened, in days from the start.
#[track_caller]
fn assert_made(facts: &[Fact], expected: &[(EventKind, i64)]) {
    assert_eq!(kinds(facts), expected);
}

fn started() -> Story {
    let mut story = Story::default();
    story.report(day(0), &paid("t1", 0));
    story
}

fn in_trial() -> Story {
    let mut story = Story::default();
    story.report(day(0), &trial("t1"));
    story
}

/// Weekly: the second charge failed, 14 days of grace began, and on the third of them it succeeded.
fn recovered() -> Story {
    let mut story = Story::default();
    let first = ending(day(7), paid("t1", 0));
    story.report(day(0), &first);
    story.report(day(7), &failed(day(7), Some(day(21)), first));
    story.report(day(10), &ending(day(14), paid("t2", 7)));
    story
}
