//! Nothing gets lost and nothing is made up: each event has exactly one fate at each part of each integration that
//! wants it.

use std::collections::{BTreeMap, BTreeSet};

use bursar::state::AppState;
use bursar::store::{Row, Sql, Statement};
use bursar_domain::events::EventKind;
use bursar_domain::ids::AppId;
use uuid::Uuid;

use super::server::TestServer;

/// What a delivery is told apart by: event and target.
pub type Key = (Uuid, i64);

/// A delivery as a table has it: its key, its state, and whether it stands in the table of those that are open.
pub type Fate = (Key, String, bool);

/// Fails unless every event has exactly one fate at each part that the integrations want. They must have been on
/// since before the first event.
pub async fn assert_conserved(server: &TestServer) {
    let broken = all_breaks(&server.state, &server.app_id).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What is wrong with the deliveries of the one app.
pub async fn all_breaks(state: &AppState, app: &str) -> Vec<String> {
    let mut broken = breaks(&wanted(state, app).await, &fates(state).await);
    broken.extend(lane_breaks(state).await);
    broken
}

/// What is wrong with these fates, if these deliveries are wanted.
pub fn breaks(wanted: &BTreeSet<Key>, fates: &[Fate]) -> Vec<String> {
    const CLOSED: [&str; 4] = ["delivered", "rejected", "expired", "skipped"];
    const OPEN: [&str; 2] = ["pending", "waiting"];
    let mut count: BTreeMap<Key, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for (key, state, is_open) in fates {
        *count.entry(*key).or_default() += 1;
        let known = if *is_open { &OPEN[..] } else { &CLOSED };
        if !known.contains(&state.as_str()) {
            broken.push(format!("{key:?} is {state}"));
        }
    }
    let without = wanted.iter().filter(|key| !count.contains_key(*key));
    broken.extend(without.map(|key| format!("{key:?} has no fate")));
    let unwanted = count.keys().filter(|key| !wanted.contains(*key));
    broken.extend(unwanted.map(|key| format!("nobody wanted {key:?}")));
    let twice = count.iter().filter(|(_, count)| **count > 1);
    broken.extend(twice.map(|(key, count)| format!("{key:?} has {count} fates")));
    broken
}

/// The deliveries that have to be there.
pub async fn wanted(state: &AppState, app: &str) -> BTreeSet<Key> {
    static EVENTS: Sql = Sql::same("SELECT event_id, event_type FROM events");
    let mut events = rows(state, &EVENTS).await;
    let app = AppId(app.parse().unwrap());
    let app = state.directory().app(app).unwrap().clone();
    let mut wanted = BTreeSet::new();
    for row in &mut events {
        let event = row.uuid(0).unwrap();
        let kind = EventKind::parse(&row.text(1).unwrap());
        for known in &app.integrations {
            let targets = known.targets.iter();
            // One of a kind that is not known here would have to have one all the same.
            let targets =
                targets.filter(|target| kind.is_none_or(|kind| target.part.is_wanted(&known.settings, kind)));
            wanted.extend(targets.map(|target| (event, target.id)));
        }
    }
    wanted
}

/// All deliveries, in one look: one that is closed meanwhile is found once.
pub async fn fates(state: &AppState) -> Vec<Fate> {
    static ALL: Sql = Sql::same(
        "SELECT event_id, target_id, state, 'closed' FROM deliveries LEFT JOIN events USING (event_seq)
         UNION ALL SELECT event_id, target_id, state, 'open' FROM queue LEFT JOIN events USING (event_seq)",
    );
    let mut rows = rows(state, &ALL).await;
    let fates = rows.iter_mut().map(|row| {
        let key = (row.uuid(0).unwrap(), row.int(1).unwrap());
        (key, row.text(2).unwrap(), row.text(3).unwrap() == "open")
    });
    fates.collect()
}

/// Every lane counts its deliveries right, and every open delivery has a lane that somebody will look at.
async fn lane_breaks(state: &AppState) -> Vec<String> {
    static LANES: Sql = Sql::same(
        "SELECT l.open, (SELECT count(*) FROM queue AS q
                         WHERE q.target_id = l.target_id AND q.lane_id = l.lane_id) FROM lanes AS l",
    );
    static WITHOUT_LANE: Sql = Sql::same(
        "SELECT count(*) FROM queue AS q WHERE NOT EXISTS (
             SELECT 1 FROM lanes AS l WHERE q.target_id = l.target_id AND q.lane_id = l.lane_id)",
    );
    let mut broken = Vec::new();
    for row in &mut rows(state, &LANES).await {
        let (said, found) = (row.int(0).unwrap(), row.int(1).unwrap());
        if said != found {
            broken.push(format!("a lane says {said} and has {found}"));
        }
    }
    let without = rows(state, &WITHOUT_LANE).await[0].int(0).unwrap();
    if without > 0 {
        broken.push(format!("{without} open deliveries have no lane"));
    }
    broken
}

async fn rows(state: &AppState, sql: &'static Sql) -> Vec<Row> {
    state.store.scan_whole(Statement::new(sql, [])).await.unwrap()
}
