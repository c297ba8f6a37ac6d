//! What a session of PostgreSQL begins with, whoever it is for.

use bursar::store::{Decision, Loaded, Row, Sql, Statement, StoreError};

use crate::support::backend::Backend;
use crate::support::server::TestServer;

/// The settings as they are shown, those that are off as 0.
fn numbers(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row.int(0).unwrap()).collect()
}

#[tokio::test]
async fn sessions_limit_themselves_and_keep_to_indexes_on_postgres() {
    static SETTINGS: Sql = Sql::split(
        "",
        "SELECT CASE setting WHEN 'off' THEN 0 WHEN 'on' THEN 1 ELSE setting::bigint END
         FROM pg_settings WHERE name IN (
             'enable_seqscan', 'idle_in_transaction_session_timeout', 'jit', 'lock_timeout', 'statement_timeout')
         ORDER BY name",
    );
    const EXPECTED: [i64; 5] = [0, 5_000, 0, 2_000, 11_000];
    let server = TestServer::on(Backend::Postgres).await;
    let store = &server.state.store;
    let settings = || Statement::new(&SETTINGS, []);
    let readers = store.read(settings()).await.unwrap();
    assert_eq!(numbers(&readers), EXPECTED, "of who reads");
    let decide = |loaded: Loaded| -> Result<Decision<Vec<i64>>, StoreError> {
        Ok(Decision {
            writes: Vec::new(),
            answer: numbers(&loaded[0]),
        })
    };
    let writers = store.change(vec![settings()], decide).await.unwrap();
    assert_eq!(writers, EXPECTED, "of who writes");
}
