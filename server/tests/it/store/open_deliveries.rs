//! Open deliveries: each is added once, with its event, and its lane counts it once.

use bursar::store::tables::events;
use bursar::store::tables::lanes::{self, Added, LaneKey};
use bursar::store::tables::replays::ask_anew;
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

/// Who was at the lane ends between the two statements.
#[tokio::test]
async fn what_is_asked_anew_stays_in_its_place_unless_the_lane_was_free_from_the_start() {
    static CLAIM: Sql = Sql::same("UPDATE lanes SET lease = 1");
    static TRIED: Sql = Sql::same("UPDATE queue SET first_tried_at = created_at");
    static END: Sql = Sql::same("UPDATE lanes SET lease = NULL, due_at = due_at + 60000000");
    static PLACE: Sql = Sql::same("SELECT created_at FROM queue");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let told = event(&server, profile(1), 1);
        let store = &server.state.store;
        let run = |sql| Statement::new(sql, []);
        let ask = || {
            let lane = LaneKey {
                target: 1,
                id: profile(1).0,
            };
            ask_anew(lane, 1, START + 1, START + 2)
        };
        let place = async || store.read(run(&PLACE)).await.unwrap()[0].int(0).unwrap();
        let mut writes = tell(&told);
        writes.extend([run(&TRIED), run(&CLAIM)]);
        store.write(writes).await.unwrap();
        let [hurry, to_the_end] = ask();
        store.write(vec![hurry, run(&END), to_the_end]).await.unwrap();
        assert_eq!(place().await, told.created_at, "{backend:?}");
        store.write(ask().into()).await.unwrap();
        assert_eq!(place().await, START + 2, "{backend:?}");
    }
}
