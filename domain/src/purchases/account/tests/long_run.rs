//! A million random steps, absurd ones among them: nothing panics, nothing goes on for ever.

use rust_decimal::Decimal;

use super::dice::Dice;
use super::story::{A, ANON_2, B, Story};
use crate::app::Sharing;
use crate::purchases::chain::Chain;
use crate::purchases::machine::Command;
use crate::purchases::rules;
use crate::purchases::samples::*;
use crate::purchases::transaction::{
    CancellationReason, Environment, Offer, OfferKind, PurchaseType, Transaction,
};
use crate::time::{DAY, EARLIEST, LATEST};

/// With each seed, of which there are two.
const STEPS: u32 = 500_000;
/// So many steps, then other profiles.
const STEPS_OF_A_STORY: u32 = 25;
const THREADS: u32 = 2;

#[test]
fn a_million_random_steps_come_to_an_end() {
    for mut dice in Dice::each() {
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                let mut dice = dice.fork();
                scope.spawn(move || {
                    for _ in 0..STEPS / THREADS / STEPS_OF_A_STORY + 1 {
                        tell(&mut dice);
                    }
                });
            }
        });
    }
}

fn tell(dice: &mut Dice) {
    let mut story = Story {
        sharing: dice.pick(&[Sharing::Enabled, Sharing::Transfer, Sharing::Disabled]),
        ..Story::default()
    };
    story.timers.trial_active = timers(&[1, 3]);
    story.timers.subscription_active = timers(&[2, 90]);
    let mut now = day(dice.between(0, 9));
    for _ in 0..STEPS_OF_A_STORY {
        step(dice, &mut story, &mut now);
    }
    for party in &story.parties {
        let due_at = party.holdings.next_due(story.context(now));
        assert_eq!(
            party.holdings.problem().or(party.holdings.forgotten(due_at)),
            None,
            "what is reported never becomes what cannot be"
        );
    }
}

fn step(dice: &mut Dice, story: &mut Story, now: &mut i64) {
    let who = dice.pick(&[A, B, ANON_2]);
    match dice.between(0, 15) {
        0..=8 => report(dice, story, who, *now),
        9..=10 => {
            *now = match dice.once_in(200) {
                true => LATEST,
                false => (*now + HOUR * dice.between(0, 40 * 24)).min(LATEST),
            };
            story.try_tick(*now);
            assert!(
                story.try_tick(*now).is_empty(),
                "all that was due has been handled"
            );
            for chain in story.parties.iter().flat_map(|party| &party.holdings.chains) {
                assert!(is_waiting(chain, *now), "its end is lost at {now}: {chain:#?}");
            }
        }
        11 => {
            let starts_at = dice.maybe(3, |dice| date(dice, *now));
            let ends_at = dice.maybe(2, |dice| date(dice, *now));
            story.grant_to(who, *now, "premium", starts_at, ends_at);
        }
        12 => {
            let at = dice.maybe(2, |dice| date(dice, *now));
            drop(story.try_revoke(who, *now, "premium", at));
        }
        13 if dice.once_in(8) => story.delete(who),
        _ => command(dice, story, who, *now),
    }
}

/// Is it closed, or is there still something to wait for: its end, a renewal, a charge, the end of a pause? What the
/// family shares has no end event.
fn is_waiting(chain: &Chain, now: i64) -> bool {
    let failed = chain.latest.billing_issue_detected_at;
    let collecting = failed.map_or(i64::MIN, |failed| failed.saturating_add(60 * DAY));
    let over = |end: i64| end.saturating_add(DAY).max(collecting) <= now;
    chain.closed.is_some()
        || chain.latest.is_family_shared
        || chain.pause_arranged_at.is_some()
        || !chain.ends_at().is_some_and(over)
}

fn report(dice: &mut Dice, story: &mut Story, who: usize, now: i64) {
    let transaction = match dice.once_in(4) && !story.stored.is_empty() {
        true => {
            let stored = dice.pick(&story.stored);
            changed(dice, stored, now)
        }
        false => transaction(dice, now),
    };
    if rules::first_broken(&transaction).is_some() {
        return;
    }
    story.usd_rate = dice.pick(&[None, Some(Decimal::ONE), Some(Decimal::new(107, 2))]);
    let accepted = story.try_report(who, now, &transaction).is_ok();
    if accepted && dice.once_in(8) {
        let before = story.parties.clone();
        let again = story
            .try_report(who, now, &transaction)
            .expect("it was accepted before");
        assert!(
            again.is_empty(),
            "told again to {who} at {now}: {again:#?} {transaction:#?} {before:#?}"
        );
        assert!(
            before == story.parties,
            "changed again by {transaction:#?}\nfrom {before:#?}\nto {:#?}",
            story.parties
        );
    }
}

/// Mostly near now, sometimes as far away as can be written.
fn date(dice: &mut Dice, now: i64) -> i64 {
    match dice.between(0, 19) {
        0 => dice.pick(&[EARLIEST, LATEST, EARLIEST + 1, LATEST - 1, 0, now]),
        _ => now + HOUR * dice.between(-60 * 24, 60 * 24),
    }
}

/// Not before another date, with luck; the rules refuse the rest.
fn after(dice: &mut Dice, start: i64) -> i64 {
    match dice.between(0, 19) {
        0 => dice.pick(&[LATEST, start.saturating_add(1)]),
        _ => (start + HOUR * dice.between(1, 60 * 24)).min(LATEST),
    }
}

fn transaction(dice: &mut Dice, now: i64) -> Transaction {
    let id = dice.pick(&["t1", "t2", "t3", "t4", "t5"]);
    let is_once = dice.once_in(8);
    let purchased_at = date(dice, now);
    let new = Transaction {
        store: dice.pick(&["app_store", "stripe", "shop"]).into(),
        id: id.into(),
        original_id: if is_once {
            id
        } else {
            dice.pick(&["t1", "t2", "c"])
        }
        .into(),
        purchase_type: match is_once {
            true => PurchaseType::OneTimePurchase,
            false => PurchaseType::Subscription,
        },
        environment: dice.pick(&[
            Environment::Production,
            Environment::Production,
            Environment::Sandbox,
        ]),
        product_id: dice
            .pick(&["monthly", "monthly", "yearly", "gold", "nothing", "coins"])
            .into(),
        is_family_shared: dice.once_in(20),
        purchased_at,
        originally_purchased_at: dice.pick(&[purchased_at, EARLIEST, purchased_at.saturating_sub(DAY)]),
        replaces_another: dice.once_in(20),
        ..paid(id, 0)
    };
    changed(dice, new, now)
}

fn changed(dice: &mut Dice, old: Transaction, now: i64) -> Transaction {
    let start = old.purchased_at;
    let mut new = old;
    let is_free = new.is_family_shared || dice.once_in(5);
    new.price.value = match is_free {
        true => Decimal::ZERO,
        false => Decimal::new(dice.between(1, 9_999), 2),
    };
    new.offer = dice.maybe(4, |dice| Offer {
        category: "introductory".into(),
        kind: dice.pick(&[OfferKind::FreeTrial, OfferKind::PayUpFront]),
        id: None,
    });
    new.refunded_at = dice.maybe(6, |dice| after(dice, start));
    new.cancellation_reason = match new.refunded_at {
        Some(_) => Some(CancellationReason::Refund),
        None => dice.maybe(5, |dice| {
            dice.pick(&[CancellationReason::Upgraded, CancellationReason::BillingError])
        }),
    };
    if new.purchase_type == PurchaseType::Subscription {
        new.expires_at = match dice.once_in(15) {
            true => None,
            false => Some(after(dice, start)),
        };
        new.will_renew = dice.once_in(2);
        new.renew_status_changed_at = dice.maybe(3, |dice| after(dice, start));
        new.billing_issue_detected_at = dice.maybe(4, |dice| after(dice, start));
        let failed = new.billing_issue_detected_at;
        let end = new.expires_at.unwrap_or(now);
        new.grace_period_expires_at = failed.and_then(|_| dice.maybe(2, |dice| after(dice, end)));
    } else {
        new.expires_at = None;
        new.will_renew = false;
        new.originally_purchased_at = start;
    }
    new
}

fn command(dice: &mut Dice, story: &mut Story, who: usize, now: i64) {
    let chains = &story.parties[who].holdings.chains;
    let places: Vec<_> = (0..chains.len()).collect();
    if places.is_empty() {
        return;
    }
    let place = dice.pick(&places);
    let latest = chains[place].latest.clone();
    let at = date(dice, now);
    let command = match dice.between(0, 6) {
        0 => Command::ArrangePause { at },
        1 => Command::WithdrawPause,
        2 => Command::Defer {
            at,
            until: date(dice, now),
        },
        3 => Command::End {
            reason: CancellationReason::CancelledByDeveloper,
        },
        4 => Command::AnnounceProduct {
            product_id: dice.maybe(2, |_| "yearly".into()),
        },
        5 => Command::RefundShare {
            transaction: Box::new(latest),
            at,
            share: Decimal::new(dice.between(0, 100), 2),
            keeps_access: dice.once_in(2),
        },
        _ => Command::Report(Box::new(Transaction {
            id: "t6".into(),
            ..changed(dice, latest, now)
        })),
    };
    story.tell_chain(who, place, now, command);
}
