//! How SQLite goes about what is done with a few lanes of a target that may have a million.

use uuid::Uuid;

use super::lane_sets::{self, LaneSet};
use super::replays;
use crate::metrics::Metrics;
use crate::store::{Location, Options, Sql, Statement, Store, migrations};

/// The steps of SQLite's plan.
async fn plan(store: &Store, statement: Statement) -> Vec<String> {
    let text = format!("EXPLAIN QUERY PLAN {}", statement.sql.sqlite);
    let explain = Box::leak(Box::new(Sql::same(text.leak())));
    let mut rows = store
        .read(Statement::new(explain, statement.params))
        .await
        .unwrap();
    rows.iter_mut().map(|row| row.text(3).unwrap()).collect()
}

#[tokio::test]
async fn what_is_done_with_some_lanes_looks_at_no_others() {
    let options = Options {
        location: Location::SqliteMemory,
        connections: 2,
    };
    let store = Store::open(&options, Metrics::default().store).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    let some = LaneSet::new(1, [Uuid::max()]);
    for statement in [
        lane_sets::claim(&some, 1, 2),
        lane_sets::lock_held(&some),
        lane_sets::remove_empty(&some, 1),
        replays::lock_lanes(&some, Uuid::max(), 1),
    ] {
        let steps = plan(&store, statement).await;
        assert!(
            steps
                .iter()
                .any(|step| step.ends_with("(target_id=? AND lane_id=?)")),
            "{steps:#?}"
        );
        let all = |step: &String| step.starts_with("SCAN lanes") || step.ends_with("(target_id=?)");
        assert!(!steps.iter().any(all), "{steps:#?}");
    }
}
