//! What holds whatever happens, over many random runs.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::dice::Dice;
use super::story::{A, ANON, B, Story};
use super::*;
use crate::purchases::chain::{Chain, Closed};
use crate::purchases::samples::*;

const RUNS: u32 = 200;

/// Periods of one chain, each begun on another day, all of which have ended by the day 400 or run on after it.
fn periods(dice: &mut Dice) -> Vec<Transaction> {
    let are_ended = dice.once_in(2);
    let count = dice.between(1, 10);
    let period = |n: i64| {
        let from = n * 30 + dice.between(0, 20);
        let mut period = paid(&format!("t{}", n + 1), from);
        let end = match are_ended {
            true => day(from) + HOUR * dice.between(1, 40 * 24),
            false => day(401 + dice.between(0, 100)),
        };
        period.expires_at = Some(end);
        period.price.value = Decimal::new(dice.between(0, 2_000), 2);
        period.environment = dice.pick(&[Environment::Production, Environment::Sandbox]);
        match dice.once_in(5) {
            true => refunded(day(from) + HOUR, period),
            false => period,
        }
    };
    (0..count).map(period).collect()
}

#[test]
fn the_order_of_reports_does_not_matter_in_the_end() {
    for mut dice in Dice::each() {
        for _ in 0..RUNS {
            let mut periods = periods(&mut dice);
            let mut ends = BTreeSet::new();
            for _ in 0..4 {
                dice.shuffle(&mut periods);
                let mut story = Story::default();
                for period in &periods {
                    story.report(day(400), period);
                }
                let chain = &story.parties[A].holdings.chains[0];
                ends.insert((chain.latest.id.clone(), chain.ends_at(), story.revenue(A)));
            }
            assert_eq!(ends.len(), 1, "{ends:?} {periods:#?}");
        }
    }
}

/// Some change of a transaction, dated now: it never goes back to how it was, for the same fact would follow again
/// then, under the same id.
fn changed(dice: &mut Dice, old: &Transaction, now: i64) -> Transaction {
    let new = old.clone();
    match dice.between(0, 7) {
        0 | 1 => Transaction {
            will_renew: !old.will_renew,
            renew_status_changed_at: Some(now),
            ..new
        },
        2 => failed(now, old.grace_period_expires_at, new),
        3 => failed(
            old.billing_issue_detected_at.unwrap_or(now),
            Some(now + 16 * 24 * HOUR),
            new,
        ),
        4 if old.refunded_at.is_none() => refunded(now, new),
        5 => ending(now + HOUR * dice.between(1, 900), new),
        6 => Transaction {
            price: paid("t1", 0).price,
            ..new
        },
        _ => Transaction {
            refunded_at: None,
            cancellation_reason: None,
            ..new
        },
    }
}

/// A run of several profiles with several chains and purchases, as stores and backends tell it.
fn run(dice: &mut Dice, each: impl FnMut(&mut Story, usize, i64, &Transaction) -> Drafts) -> (Story, i64) {
    run_sharing(Sharing::Enabled, dice, each)
}

/// The same with another setting.
fn run_sharing(
    sharing: Sharing,
    dice: &mut Dice,
    mut each: impl FnMut(&mut Story, usize, i64, &Transaction) -> Drafts,
) -> (Story, i64) {
    let mut story = Story {
        sharing,
        ..Story::default()
    };
    story.timers.subscription_active = timers(&[5, 40]);
    story.timers.trial_active = timers(&[2]);
    let mut now = day(0);
    for n in 0..40 {
        now += MINUTE * dice.between(1, 12 * 24 * 60);
        let who = dice.pick(&[A, A, B, ANON]);
        let transaction = match dice.between(0, 3) {
            0 | 1 if !story.stored.is_empty() => {
                let old = dice.pick(&story.stored);
                match old.purchase_type {
                    PurchaseType::Subscription => changed(dice, &old, now),
                    PurchaseType::OneTimePurchase => refunded(now, old),
                }
            }
            2 => Transaction {
                purchased_at: now,
                ..bought_once(&format!("o{n}"), 0)
            },
            _ => Transaction {
                purchased_at: now - HOUR * dice.between(0, 100),
                expires_at: Some(now + HOUR * dice.between(1, 900)),
                product_id: dice.pick(&["monthly", "monthly", "yearly", "gold"]).into(),
                ..of_chain(dice.pick(&["c1", "c2", "c3"]), paid(&format!("t{n}"), 0))
            },
        };
        let transaction = match dice.once_in(6) {
            true => free(transaction),
            false => transaction,
        };
        each(&mut story, who, now, &transaction);
    }
    (story, now)
}

#[test]
fn the_same_report_again_makes_no_draft_and_no_change() {
    for mut dice in Dice::each() {
        for _ in 0..RUNS {
            run(&mut dice, |story, who, now, transaction| {
                let drafts = story.try_report(who, now, transaction).unwrap();
                let before = story.parties.clone();
                let again = story.try_report(who, now, transaction).unwrap();
                assert_eq!(again, [], "{transaction:#?}");
                assert_eq!(story.parties, before, "{transaction:#?}");
                drafts
            });
        }
    }
}

#[test]
fn no_fact_is_told_twice() {
    for mut dice in Dice::each() {
        for _ in 0..RUNS {
            let mut told = BTreeSet::new();
            run(&mut dice, |story, who, now, transaction| {
                let mut drafts = story.try_tick(now);
                drafts.extend(story.try_report(who, now, transaction).unwrap());
                for (profile, draft) in &drafts {
                    let Draft::Fact(fact) = draft else { continue };
                    let about = &fact.transaction;
                    let key = (
                        profile.0,
                        fact.kind.as_str(),
                        about.store.clone(),
                        about.id.clone(),
                        fact.discriminator,
                    );
                    assert!(told.insert(key.clone()), "{key:?}");
                }
                drafts
            });
        }
    }
}

/// What was told last of a chain: that it goes on, that it was paid back, or that it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastTold {
    GoesOn,
    PaidBack,
    Ended,
}

/// What a fact tells of its chain, as that stands afterwards. Of older periods only what they were is told.
fn tells(fact: &Fact, chain: &Chain) -> Option<LastTold> {
    let is_latest = chain.latest.id == fact.transaction.id;
    let is_replaced = matches!(chain.closed, Some(Closed::Replaced(_)));
    match fact.kind {
        EventKind::TrialStarted
        | EventKind::TrialConverted
        | EventKind::SubscriptionStarted
        | EventKind::SubscriptionRenewed => is_latest.then_some(LastTold::GoesOn),
        EventKind::SubscriptionRefunded => {
            let is_its_end = is_replaced || chain.latest.refunded_at.is_some();
            is_its_end.then_some(LastTold::PaidBack)
        }
        EventKind::TrialExpired | EventKind::SubscriptionExpired => Some(LastTold::Ended),
        _ => None,
    }
}

/// Takes in what was told, and which chains have access. None ends twice without access or an opening between, and none
/// is closed without having been told to end. Where the latest period is paid back, an older one may give access for a
/// while.
fn take_in_ends(ends: &mut BTreeMap<Key, LastTold>, story: &Story, drafts: &Drafts, now: i64) {
    for chain in story.parties.iter().flat_map(|party| &party.holdings.chains) {
        let key = Key::of(&chain.latest);
        for (_, draft) in drafts {
            let Draft::Fact(fact) = draft else { continue };
            let Some(last) = tells(fact, chain).filter(|_| Key::of(&fact.transaction) == key) else {
                continue;
            };
            let before = ends.insert(key.clone(), last);
            let has_ended = before == Some(LastTold::Ended);
            assert!(!has_ended || last != LastTold::Ended, "{fact:#?}");
        }
        if chain.access_ends_at().is_none_or(|end| end > now) {
            let is_told = chain.latest.refunded_at.is_some() && !chain.is_in_trial();
            ends.insert(
                key,
                if is_told {
                    LastTold::PaidBack
                } else {
                    LastTold::GoesOn
                },
            );
        } else if chain.closed.is_some() {
            let last = ends.get(&key);
            assert!(last.is_some_and(|last| *last != LastTold::GoesOn), "{chain:#?}");
        }
    }
}

#[test]
fn every_chain_that_is_over_was_told_to_have_ended_once() {
    for mut dice in Dice::each() {
        for _ in 0..5 * RUNS {
            let mut ends = BTreeMap::new();
            let (mut story, now) = run(&mut dice, |story, who, now, transaction| {
                let due = story.try_tick(now);
                take_in_ends(&mut ends, story, &due, now);
                // Each chain has a first period, which may be a trial.
                let mut transaction = transaction.clone();
                let first = story
                    .stored
                    .iter()
                    .find(|stored| Key::of(stored) == Key::of(&transaction));
                transaction.originally_purchased_at =
                    first.map_or(transaction.purchased_at, |first| first.originally_purchased_at);
                let drafts = story.try_report(who, now, &transaction).unwrap();
                take_in_ends(&mut ends, story, &drafts, now);
                drafts
            });
            let end = now + 400 * 24 * HOUR;
            let due = story.try_tick(end);
            take_in_ends(&mut ends, &story, &due, end);
            let mut chains = story.parties.iter().flat_map(|party| &party.holdings.chains);
            assert!(chains.all(|chain| chain.closed.is_some()));
        }
    }
}

#[test]
fn revenue_is_the_sum_over_what_is_owned() {
    for mut dice in Dice::each() {
        for sharing in [Sharing::Enabled, Sharing::Transfer, Sharing::Disabled] {
            for _ in 0..RUNS {
                let (story, _) = run_sharing(sharing, &mut dice, |story, who, now, transaction| {
                    story.try_report(who, now, transaction).unwrap()
                });
                let mut owned_by_all = 0;
                for party in &story.parties {
                    let owned = story
                        .stored
                        .iter()
                        .filter(|stored| party.holdings.owns(&Key::of(stored)));
                    owned_by_all += owned.clone().count();
                    let kept = owned.filter(|stored| stored.refunded_at.is_none());
                    let sum: Decimal = kept.map(|stored| stored.price.value).sum();
                    assert_eq!(party.holdings.revenue_usd, sum, "{sharing:?}");
                    let chains = &party.holdings.chains;
                    assert!(chains.iter().all(|chain| chain.revenue_usd >= Decimal::ZERO));
                }
                assert_eq!(owned_by_all, story.stored.len(), "each has one owner");
            }
        }
    }
}

/// Tells of something that gives A premium. Answers from when to when it does, if nothing else happens.
fn tell_source(dice: &mut Dice, story: &mut Story, n: i64) -> (i64, i64) {
    let id = format!("c{n}");
    let end = day(dice.between(1, 90));
    let period = of_chain(&id, ending(end, paid(&id, 0)));
    match dice.between(0, 6) {
        0 => {
            let back = dice.maybe(2, |dice| day(0) + HOUR * dice.between(1, 90 * 24));
            let told = back.map_or(period.clone(), |back| refunded(back, period));
            story.report(day(0), &told);
            (i64::MIN, back.map_or(end, |back| back.min(end)))
        }
        1 => (i64::MIN, tell_periods(dice, story, &id)),
        2 => {
            let back = dice.maybe(2, |dice| day(0) + HOUR * dice.between(1, 90 * 24));
            let bought = bought_once(&id, 0);
            let told = back.map_or(bought.clone(), |back| refunded(back, bought));
            story.report(day(0), &told);
            (i64::MIN, back.unwrap_or(i64::MAX))
        }
        3 => {
            story.report_by(B, day(0), &period);
            story.report(day(0), &period);
            (i64::MIN, end)
        }
        4 => {
            let grace = end + HOUR * dice.between(0, 20 * 24);
            story.report(day(0), &failed(day(0) + 1, Some(grace), period));
            (i64::MIN, grace)
        }
        5 => {
            story.report(day(0), &of_family(period));
            (i64::MIN, end)
        }
        _ => {
            let starts_at = dice.maybe(2, |dice| day(dice.between(0, 90)));
            let ends_at = dice.maybe(2, |dice| {
                starts_at.unwrap_or(day(0)) + HOUR * dice.between(1, 999)
            });
            story.grant(day(0), "premium", starts_at, ends_at);
            (starts_at.unwrap_or(i64::MIN), ends_at.unwrap_or(i64::MAX))
        }
    }
}

/// Several periods of one chain, in any order. Answers when its access ends: with the last end, of periods that were paid
/// back their refund if that is earlier.
fn tell_periods(dice: &mut Dice, story: &mut Story, chain: &str) -> i64 {
    let mut last = i64::MIN;
    let mut periods = Vec::new();
    for n in 0..dice.between(2, 8) {
        let end = day(3 * n) + HOUR * dice.between(1, 40 * 24);
        let period = of_chain(chain, ending(end, paid(&format!("{chain}-{n}"), 3 * n)));
        if dice.once_in(3) {
            let at = day(3 * n) + HOUR * dice.between(1, 40 * 24);
            last = last.max(at.min(end));
            periods.push(refunded(at, period));
        } else {
            last = last.max(end);
            periods.push(period);
        }
    }
    dice.shuffle(&mut periods);
    for period in &periods {
        story.report(day(0), period);
    }
    last
}

#[test]
fn access_at_any_instant_is_what_the_sources_say() {
    for mut dice in Dice::each() {
        for _ in 0..5 * RUNS {
            let mut story = Story::default();
            let mut sources = Vec::new();
            for n in 0..dice.between(0, 6) {
                sources.push(tell_source(&mut dice, &mut story, n));
            }
            let now = day(0) + HOUR;
            if dice.once_in(3) {
                let at = dice.maybe(2, |dice| now + HOUR * dice.between(1, 60 * 24));
                if story.try_revoke(A, now, "premium", at).is_ok() {
                    for (start, end) in &mut sources {
                        *end = (*end).min(at.unwrap_or(now.max(*start)));
                    }
                }
            }
            for _ in 0..20 {
                let at = now + HOUR * dice.between(0, 120 * 24);
                let expected = sources.iter().any(|(start, end)| (*start..*end).contains(&at));
                assert_eq!(story.has(A, "premium", at), expected, "{at} {sources:?}");
            }
        }
    }
}
