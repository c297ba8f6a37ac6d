//! What a transaction leaves behind in the chain that it moves out of.

use super::*;
use crate::events::Fact;
use crate::purchases::chain::Phase;

/// The facts that a report makes.
#[track_caller]
fn facts(story: &mut Story, now: i64, transaction: &Transaction) -> Vec<Fact> {
    let drafts = story.try_report(A, now, transaction).expect("it is accepted");
    let fact = |(_, draft)| match draft {
        Draft::Fact(fact) => Some(*fact),
        Draft::Level { .. } => None,
    };
    drafts.into_iter().filter_map(fact).collect()
}

/// The kind of its one fact, the payments that this tells, and the days of the trial.
#[track_caller]
fn told_once(story: &mut Story, now: i64, transaction: &Transaction) -> (&'static str, u32, Option<i64>) {
    let facts = facts(story, now, transaction);
    let [fact] = facts.as_slice() else {
        panic!("not one fact: {facts:#?}");
    };
    (fact.kind.as_str(), fact.consecutive_payments, fact.trial_days)
}

/// A trial and its conversion.
fn converted(charged: &Transaction) -> Story {
    let mut story = in_trial();
    story.report(charged.purchased_at, charged);
    story
}

/// So many paid periods, the first of which begins the chain.
fn renewed(periods: i64) -> Story {
    let mut story = Story::default();
    for number in 0..periods {
        story.report(day(number * 30), &paid(&format!("t{}", number + 1), number * 30));
    }
    story
}

#[test]
fn a_trial_whose_only_charge_moves_away_is_converted_by_the_next() {
    let charged = paid("t2", 7);
    let mut story = converted(&charged);
    story.report(day(7) + HOUR, &of_chain("x9", charged));
    let told = told_once(&mut story, day(7) + HOUR, &paid("t3", 7));
    assert_eq!(told, ("trial_converted", 1, Some(7)));
}

#[test]
fn a_trial_whose_only_charge_moves_away_ends_as_a_trial() {
    let charged = paid("t2", 1);
    let mut story = converted(&charged);
    story.report(day(2), &of_chain("x9", charged));
    let told = told_once(&mut story, day(2), &cancelled(day(2), trial("t1")));
    assert_eq!(told, ("trial_renewal_cancelled", 0, Some(7)));
    assert_eq!(story.tick(day(7)), ["trial_expired"]);
}

#[test]
fn the_payment_that_moves_away_counts_no_more_in_the_chain_that_it_leaves() {
    let next = |moved: &str, at: i64| {
        let mut story = renewed(3);
        story.report(day(61), &of_chain("x9", paid(moved, at)));
        let told = told_once(&mut story, day(90), &paid("t4", 90));
        (told.0, told.1)
    };
    assert_eq!(next("t1", 0), ("subscription_renewed", 3));
    assert_eq!(next("t2", 30), ("subscription_renewed", 2), "there is a gap");
    let mut story = renewed(2);
    story.report(day(30) + HOUR, &of_chain("x9", paid("t2", 30)));
    let told = told_once(&mut story, day(30) + HOUR, &paid("t3", 30));
    assert_eq!(told, ("subscription_renewed", 2, None));
    // The only one that counts.
    let mut story = renewed(1);
    story.report(day(90), &paid("t4", 90));
    story.report(day(91), &of_chain("x9", paid("t4", 90)));
    let chain = &story.parties[A].holdings.chains[0];
    assert_eq!((chain.consecutive_payments, chain.counted_from), (1, None));
}

#[test]
fn a_payment_that_moves_away_and_back_counts_again() {
    for (moved, at) in [("t1", 0), ("t2", 30), ("t3", 60)] {
        let mut story = renewed(3);
        story.report(day(60) + HOUR, &of_chain("x9", paid(moved, at)));
        story.report(day(60) + HOUR, &paid(moved, at));
        let told = told_once(&mut story, day(90), &paid("t4", 90));
        assert_eq!(told, ("subscription_renewed", 4, None), "{moved}");
    }
}

#[test]
fn a_trial_that_moves_away_takes_its_length_along() {
    let mut story = converted(&paid("t2", 7));
    story.report(day(8), &of_chain("x9", trial("t1")));
    let told = told_once(&mut story, day(37), &paid("t3", 37));
    assert_eq!(told, ("subscription_renewed", 2, None));
    // A free period that followed it in the chain is of no trial any more.
    let mut story = in_trial();
    story.report(day(7), &ending(day(14), free(paid("t2", 7))));
    story.report(day(8), &of_chain("x9", trial("t1")));
    let told = told_once(&mut story, day(14), &paid("t3", 14));
    assert_eq!(told, ("subscription_renewed", 2, None));
}

#[test]
fn a_first_transaction_that_moves_away_leaves_its_chain_without_a_start() {
    let mut story = converted(&paid("t2", 7));
    story.report(day(8), &of_chain("x9", trial("t1")));
    let chain = &story.parties[A].holdings.chains[0];
    assert!(!chain.has_first && chain.started_at.is_none());
    // It goes back.
    story.report(day(9), &trial("t1"));
    let chain = &story.parties[A].holdings.chains[0];
    assert!(chain.has_first && chain.began_with("t1") && chain.phase == Phase::Paid);
    // Another one was the first.
    story.report(day(10), &of_chain("x9", trial("t1")));
    let told = told_once(&mut story, day(10), &trial("t0"));
    assert_eq!(told.0, "trial_started");
}

#[test]
fn the_timers_of_a_start_move_away_with_it() {
    let mut story = renewed(2);
    story.report(day(31), &of_chain("x9", paid("t1", 0)));
    let chain = &story.parties[A].holdings.chains[0];
    assert_eq!((chain.has_first, chain.started_at), (false, None));
}
