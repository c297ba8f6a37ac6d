//! How SQLite goes about what is done with a few rows of tables that may have millions.

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::selector::Selector;
use uuid::Uuid;

use super::lane_sets::{self, LaneSet};
use super::{locks, purchases, replays};
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

async fn store() -> Store {
    let options = Options {
        location: Location::SqliteMemory,
        connections: 2,
    };
    let store = Store::open(&options, Metrics::default().store).await.unwrap();
    migrations::run(&store, false).await.unwrap();
    store
}

#[tokio::test]
async fn chains_of_a_profile_are_found_without_all_those_of_its_app() {
    let (store, app) = (store().await, AppId(Uuid::max()));
    for statement in [
        purchases::due(1, 2),
        locks::sharers(app, ProfileId(Uuid::max())),
        locks::sharers_of(app, &Selector::Customer("ann".into())),
    ] {
        let steps = plan(&store, statement).await;
        let own = "INDEX chain_holders_by_profile (app_id=? AND profile_id=?)";
        assert!(steps.iter().any(|step| step.contains(own)), "{steps:#?}");
        let all = |step: &String| step.contains("(app_id=?)") || step.starts_with("SCAN profiles");
        assert!(!steps.iter().any(all), "{steps:#?}");
    }
}

#[tokio::test]
async fn what_is_done_with_some_lanes_looks_at_no_others() {
    let store = store().await;
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
