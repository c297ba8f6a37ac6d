//! The order of a customer's events over failures, holds, links and kills.

use xtask::test_environment::size;

use super::{Plan, SLUGS, assert_repeats_are_of_kills, run, tell};
use crate::support::backend::Backend;
use crate::support::random::Random;

const ROUGH: Plan = Plan {
    backend: Backend::SqliteFile,
    servers: 1,
    customers: 20,
    each: 16,
    slugs: &SLUGS,
    turned_away: 20,
    holds: true,
    links: true,
    kill_every: Some(6),
    ordered: true,
};

fn nothing_overtakes(plan: Plan) {
    let mut random = Random::new(&format!("a million in order on {:?}", plan.backend));
    let done = run(plan, &mut random);
    tell(&plan, &done);
    for slug in plan.slugs {
        assert_eq!(done.ledger.of(slug).inversions, 0, "{slug}");
        assert!(done.ledger.of(slug).turned_away > 0, "{slug}");
    }
    assert_repeats_are_of_kills(&done, &plan);
}

/// One server: an SQLite file belongs to one.
#[test]
fn of_a_million_events_over_failures_holds_links_and_kills_none_overtakes_another_on_sqlite() {
    nothing_overtakes(Plan {
        customers: size(ROUGH.customers, 10_000),
        each: size(ROUGH.each, 100),
        ..ROUGH
    });
}

/// Four servers with a worker for each of the two third parties: eight workers. A tenth of a million: all four of them and
/// PostgreSQL share what one server has for itself on SQLite.
#[test]
fn of_many_events_over_failures_holds_links_and_kills_none_overtakes_another_with_eight_workers_on_postgres()
{
    nothing_overtakes(Plan {
        backend: Backend::Postgres,
        servers: 4,
        customers: size(ROUGH.customers, 10_000),
        each: size(ROUGH.each, 10),
        kill_every: Some(3),
        ..ROUGH
    });
}

#[test]
fn without_lanes_the_same_ledger_finds_events_out_of_order() {
    let mut random = Random::new("no order");
    let plan = Plan {
        ordered: false,
        kill_every: None,
        ..ROUGH
    };
    let done = run(plan, &mut random);
    let inversions: usize = SLUGS.iter().map(|slug| done.ledger.of(slug).inversions).sum();
    assert!(inversions > 0);
}
