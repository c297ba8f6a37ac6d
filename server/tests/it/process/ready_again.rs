//! How soon a server is ready again that was killed under load, with a million profiles. In a usual run there are fewer.

use std::thread;
use std::time::Duration;

use bursar::store::{Sql, Statement};
use xtask::test_environment::size;

use super::judge::Judge;
use crate::support::backend::Backend;
use crate::support::program::Program;
use crate::support::random::Random;
use crate::support::running::server;

const PROFILES: (usize, usize) = (10_000, 1_000_000);
const KILLS: usize = 5;
/// In seconds. In a usual run other tests have the machine too.
const LIMIT: (usize, usize) = (20, 2);
/// So many profiles in one commit.
const STEP: usize = 50_000;

/// Adds so many profiles to the only app.
async fn fill(program: &Program, profiles: usize) {
    static FILL: Sql = Sql::same(
        "WITH RECURSIVE numbers (n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $2)
         INSERT INTO profiles (app_id, profile_id, customer_user_id, created_at, updated_at, identifiers)
         SELECT (SELECT app_id FROM apps), randomblob(16), 'user-' || n, 0, 0, '{\"branch_id\":\"branch-' || n || '\"}'
         FROM numbers",
    );
    let store = program.store().await;
    for first in (1..=profiles).step_by(STEP) {
        let numbers =
            [first, profiles.min(first + STEP - 1)].map(|number| i64::try_from(number).unwrap().into());
        store.write(vec![Statement::new(&FILL, numbers)]).await.unwrap();
    }
}

#[test]
fn a_server_that_was_killed_is_soon_ready_again_with_a_million_profiles() {
    let mut random = Random::new("ready again");
    let mut program = Program::on(Backend::SqliteFile, server());
    let mut running = program.start();
    let judge = Judge::new(&mut program.client(&running));
    running.kill();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let profiles = size(PROFILES.0, PROFILES.1);
    runtime.block_on(fill(&program, profiles));
    running = program.start();
    let mut slowest = Duration::ZERO;
    for _ in 0..KILLS {
        judge.load(&program, &running, || {
            thread::sleep(Duration::from_millis(500 + random.below(1_500) as u64));
            running.kill_now();
        });
        running.kill();
        running = program.start();
        slowest = slowest.max(running.ready_after);
        let losses = judge.losses(&program, &running);
        assert!(losses.is_empty(), "{losses:#?}");
    }
    println!("{profiles} profiles: ready again after {slowest:?} at most");
    let limit = Duration::from_secs(size(LIMIT.0, LIMIT.1) as u64);
    assert!(slowest <= limit, "ready again after {slowest:?}");
}
