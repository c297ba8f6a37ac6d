//! One test for each row of the transition tables that is about accounts, and for what happens to access levels in
//! the others; named by the row's id. Beside these, histories that are drawn by lot. `+` tells a level that is active after
//! the change, `-` one that is not.

mod any_order;
mod beside;
mod corrections;
mod dice;
mod granted;
mod kept;
mod long_chains;
mod long_run;
mod moved;
mod notifications;
mod own_levels;
mod owned;
mod properties;
mod rows;
mod several;
mod shown;
mod story;
mod table_a;
mod table_b;
mod table_c;

use rust_decimal::Decimal;

use self::story::{A, ANON, ANON_2, B, Story, told};
use super::*;
use crate::purchases::samples::*;
use crate::purchases::transaction::CancellationReason::*;
use crate::purchases::transaction::{Offer, OfferKind, Price};

const NOTHING: [&str; 0] = [];

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

fn shared() -> Story {
    let mut story = started();
    story.report_by(B, day(1), &paid("t1", 0));
    story
}

fn prepaid(transaction: Transaction) -> Transaction {
    Transaction {
        will_renew: false,
        ..transaction
    }
}

fn priced(cents: i64, transaction: Transaction) -> Transaction {
    let mut transaction = transaction;
    transaction.price.value = Decimal::new(cents, 2);
    transaction
}

fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}
