//! Open deliveries: each is added once, with its event, and its lane counts it once.

use bursar::store::tables::events;
use bursar::store::tables::lanes::{self, Added};
use bursar::store::{Sql, Statement};
use bursar_domain::events::Event;

use crate::support::backend::ALL;
use crate::support::events::{event, profile};
use crate::support::server::{START, TestServer};

/// What tells an event and adds its delivery to its profile's lane.
fn tell(event: &Event) -> Vec<Statement> {
    let added = Added {
        target: 1,
        is_ordered: true,
        at: event.created_at,
        now: event.created_at,
        event: event.id,
        profile: event.profile,
    };
    let mut writes = vec![events::insert(event.clone())];
    writes.extend(lanes::enqueue(&added));
    writes
}

/// How many deliveries are open, how many places they have, and how many their lanes count.
async fn open(server: &TestServer) -> [i64; 3] {
    static SQL: Sql = Sql::same(
        "SELECT (SELECT count(*) FROM queue), (SELECT count(DISTINCT place) FROM queue),
                (SELECT CAST(sum(open) AS BIGINT) FROM lanes)",
    );
    let rows = server.state.store.read(Statement::new(&SQL, [])).await.unwrap();
    [0, 1, 2].map(|column| rows[0].int(column).unwrap())
}

#[tokio::test]
async fn what_is_told_again_is_neither_added_nor_counted() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let told = |n: u16| event(&server, profile(1), n);
        let write = |writes| server.state.store.write(writes);
        write(tell(&told(1))).await.unwrap();
        assert_eq!(open(&server).await, [1, 1, 1], "{backend:?}");
        write(tell(&told(1))).await.unwrap();
        assert_eq!(open(&server).await, [1, 1, 1], "{backend:?}: at the same instant");
        let later = Event {
            created_at: START + 1,
            ..told(1)
        };
        write(tell(&later)).await.unwrap();
        assert_eq!(open(&server).await, [1, 1, 1], "{backend:?}: later");
        let several = [2, 1, 3].iter().flat_map(|n| tell(&told(*n))).collect();
        write(several).await.unwrap();
        assert_eq!(open(&server).await, [3, 3, 3], "{backend:?}: among others");
    }
}
