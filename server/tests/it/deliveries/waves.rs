//! What failed together does not come back together, as the store says when lanes are due.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bursar::store::{Sql, Statement};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::backend::Backend;
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    MINUTE, SECOND, advance, amplitude, bought, enable, settle_down, webhook, work,
};
use crate::support::purchases::Customer;
use crate::support::server::{START, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

const EVENTS: usize = 2_000;
/// Into so many pieces the time is cut in which waits end, so that the mean of each means something.
const PIECES: i64 = 50;

/// For how long each failed delivery waits after its try, in microseconds.
async fn waits(server: &TestServer, slug: &str) -> Vec<i64> {
    static SQL: Sql = Sql::same(
        "SELECT l.due_at - q.first_tried_at FROM lanes AS l
         JOIN queue AS q ON q.target_id = l.target_id AND q.lane_id = l.lane_id
         JOIN targets AS t ON t.target_id = l.target_id WHERE t.slug = $1 AND q.tries = 1",
    );
    let rows = server
        .state
        .store
        .scan_whole(Statement::new(&SQL, [slug.into()]))
        .await;
    rows.unwrap().into_iter().map(|row| row.int(0).unwrap()).collect()
}

/// What is wrong with waits that are to be spread within these bounds; nothing where all is well.
fn crowd(waits: &[i64], bounds: RangeInclusive<i64>) -> Option<String> {
    if let Some(wait) = waits.iter().find(|wait| !bounds.contains(wait)) {
        return Some(format!("{wait} is not in {bounds:?}"));
    }
    let different = BTreeSet::from_iter(waits).len();
    if different < waits.len() / 2 {
        return Some(format!("{different} different ones of {}", waits.len()));
    }
    let piece = (bounds.end() - bounds.start()) / PIECES;
    let mut ends: BTreeMap<i64, usize> = BTreeMap::new();
    for wait in waits {
        *ends.entry((wait - bounds.start()) / piece).or_default() += 1;
    }
    let (busiest, mean) = (*ends.values().max()?, waits.len() / PIECES as usize);
    (busiest > 3 * mean).then(|| format!("{busiest} together, {mean} are the mean"))
}

#[tokio::test]
async fn events_that_failed_in_one_moment_are_due_at_many() {
    // Well enough that it is not left alone meanwhile.
    let half_well = Vendor::with(|_, number| match number % 2 {
        0 => Manner::Answers(200, "{}"),
        _ => Manner::Answers(500, "down"),
    });
    let half_well = half_well.await;
    // At START and 500 seconds. What is under way then gets that answer, and then it is left alone.
    let asks = Vendor::with(|_, _| Manner::Asks("Thu, 01 Jan 2026 00:08:20 GMT")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "amplitude", amplitude(&half_well.url)).await;
    let posthog =
        json!({"api_key": "phc_k", "base_url": asks.url, "events": {"access_level_updated": false}});
    enable(&server, "posthog", posthog).await;
    enable(&server, "webhook", webhook(&half_well.url)).await;
    let names: Vec<_> = (0..EVENTS).map(|number| format!("user-{number}")).collect();
    for some in names.chunks(100) {
        join_all(some.iter().map(async |name| {
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
        }))
        .await;
    }
    let _working = work(&server);
    settle_down(&server.state).await;
    for _ in 0..2 {
        advance(&server, SECOND).await;
    }
    for (slug, least, bounds) in [
        ("amplitude", EVENTS / 4, 4 * SECOND..=6 * SECOND),
        // And the second into which a date is rounded.
        ("posthog", EVENTS / 5, 500 * SECOND..=602 * SECOND),
    ] {
        let waits = waits(&server, slug).await;
        assert!(waits.len() > least, "{slug}: {}", waits.len());
        assert_eq!(crowd(&waits, bounds), None, "{slug}");
    }
    // The webhook's waits are those of the service that it is compatible with, to the second: apart are its tries alone.
    let waits = waits(&server, "webhook").await;
    assert!(waits.len() > EVENTS / 4, "{}", waits.len());
    assert!(waits.iter().all(|wait| *wait == MINUTE), "{waits:?}");
    assert!(server.state.clock.now() < START + 4 * SECOND);
    assert_conserved(&server).await;
}

#[test]
fn a_crowd_and_a_wait_out_of_bounds_are_seen() {
    let (least, most) = (4 * SECOND, 6 * SECOND);
    let spread: Vec<_> = (0..2_000).map(|number| least + number * 1_000).collect();
    let find = |waits: &[i64]| crowd(waits, least..=most).unwrap_or_default();
    assert_eq!(find(&spread), "");
    assert_eq!(find(&[most + 1]), "6000001 is not in 4000000..=6000000");
    assert_eq!(find(&[least; 2_000]), "1 different ones of 2000");
    let squeezed: Vec<_> = spread.iter().map(|wait| least + (wait - least) / 4).collect();
    assert_eq!(find(&squeezed), "160 together, 40 are the mean");
}
