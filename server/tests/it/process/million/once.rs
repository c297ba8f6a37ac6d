//! Each event goes out once where nothing fails, and over kills again only what was under way.

use std::time::Duration;

use xtask::test_environment::size;

use super::ledger::Number;
use super::{Plan, Run, SLUGS, assert_repeats_are_of_kills, run, tell};
use crate::support::backend::Backend;
use crate::support::random::Random;

const CALM: Plan = Plan {
    backend: Backend::SqliteFile,
    servers: 1,
    customers: 20,
    each: 16,
    slugs: &["amplitude"],
    turned_away: 0,
    holds: false,
    links: false,
    kill_every: None,
    ordered: true,
};

/// The longest time from the moment at which an event could go, because it was acknowledged and the one before it was
/// taken, until it was taken.
fn longest_idle(plan: &Plan, run: &Run) -> Duration {
    let mut longest = 0;
    for slug in plan.slugs {
        let mut taken = run.ledger.of(slug);
        for customer in 0..plan.customers {
            let mut before = 0;
            for place in 0..plan.each {
                let number = Number { customer, place };
                let taken_at = taken.event(number).taken_at;
                let could_go = before.max(run.ledger.acknowledged_at(number));
                longest = longest.max(taken_at.saturating_sub(could_go));
                before = taken_at;
            }
        }
    }
    Duration::from_millis(longest.into())
}

#[test]
fn of_a_million_events_without_faults_each_is_taken_once_and_at_once() {
    let plan = Plan {
        customers: size(CALM.customers, 10_000),
        each: size(CALM.each, 100),
        ..CALM
    };
    let mut random = Random::new("a million once");
    let done = run(plan, &mut random);
    tell(&plan, &done);
    let idle = longest_idle(&plan, &done);
    println!("no event waited longer than {idle:?}");
    assert_eq!(done.ledger.of("amplitude").all_repeats(), 0);
    assert!(idle < Duration::from_secs(1), "{idle:?}");
}

#[test]
fn over_kills_nothing_is_taken_twice_but_what_was_under_way() {
    let (servers, customers, each) = (4, size(CALM.customers, 2_000), size(CALM.each, 50));
    for (backend, servers) in [(Backend::SqliteFile, 1), (Backend::Postgres, servers)] {
        let plan = Plan {
            backend,
            servers,
            customers,
            each,
            slugs: &SLUGS,
            kill_every: Some(2),
            ..CALM
        };
        let mut random = Random::new(&format!("kills on {backend:?}"));
        let done = run(plan, &mut random);
        tell(&plan, &done);
        assert!(done.kills > 5);
        assert_repeats_are_of_kills(&done, &plan);
    }
}
