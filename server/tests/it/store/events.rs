//! Events: each stored once, found by app and by profile, gone with their profile.

use bursar::store::Statement;
use bursar::store::tables::events::{self, Found, Order, Wanted};
use bursar_domain::events::{Event, EventKind};
use bursar_domain::ids::{AppId, ProfileId};

use crate::support::backend::ALL;
use crate::support::direct::add_app;
use crate::support::events::{PAYLOAD, event, event_of, profile, store};
use crate::support::server::{START, TestServer};

fn all_of(app: AppId) -> Wanted {
    Wanted {
        app,
        profile: None,
        kind: None,
        made_from: i64::MIN,
        made_before: i64::MAX,
        happened_by: START,
        order: Order::OldestFirst,
        from: i64::MIN,
        until: i64::MAX,
        limit: 1_000,
    }
}

async fn found(server: &TestServer, wanted: &Wanted) -> Vec<Found> {
    let mut rows = server.state.store.read(events::select(wanted)).await.unwrap();
    rows.iter_mut().map(|row| events::read(row).unwrap()).collect()
}

async fn payloads(server: &TestServer, wanted: &Wanted) -> Vec<String> {
    let found = found(server, wanted).await;
    found.into_iter().map(|found| found.payload).collect()
}

fn numbers(range: impl Iterator<Item = u16>) -> Vec<String> {
    range.map(|n| format!(r#"{{"n":{n}}}"#)).collect()
}

#[tokio::test]
async fn an_event_that_is_there_already_stays_as_it_is() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let first = event(&server, profile(1), 1);
        let again = Event {
            kind: EventKind::TrialStarted,
            created_at: START + 1,
            payload: "{}".into(),
            ..first.clone()
        };
        store(&server.state, &[first.clone(), again.clone()]).await;
        store(&server.state, &[again, event(&server, profile(1), 2)]).await;
        let all = found(&server, &all_of(first.app)).await;
        assert_eq!(all.len(), 2, "{backend:?}");
        assert_eq!((all[0].id, all[0].kind), (first.id, first.kind), "{backend:?}");
        assert_eq!(all[0].payload, first.payload, "{backend:?}");
        assert_eq!(all[0].created_at, START, "{backend:?}");
    }
}

#[tokio::test]
async fn what_many_changes_store_at_once_is_stored_once() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let one = |n: u16| {
            let state = server.state.clone();
            let made = event(&server, profile(1), n % 40);
            async move { store(&state, &[made]).await }
        };
        futures_util::future::join_all((0..120).map(one)).await;
        let mut all = payloads(&server, &all_of(AppId(server.app_id.parse().unwrap()))).await;
        let mut expected = numbers(0..40);
        all.sort();
        expected.sort();
        assert_eq!(all, expected, "{backend:?}");
    }
}

#[tokio::test]
async fn a_payload_comes_back_byte_for_byte() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let made = Event {
            payload: PAYLOAD.into(),
            ..event(&server, profile(1), 1)
        };
        store(&server.state, std::slice::from_ref(&made)).await;
        assert_eq!(
            payloads(&server, &all_of(made.app)).await,
            [PAYLOAD],
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn a_profiles_events_are_found_among_those_of_others() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        let other = add_app(&server.state).await;
        let mut made = Vec::new();
        for n in 0..30 {
            made.push(event(&server, profile((n % 3).into()), n));
            made.push(event_of(other.id, profile((n % 3).into()), n));
        }
        // Two profiles whose hashes begin alike: the ids of one lie among those of the other.
        made.push(Event {
            profile: profile(9),
            ..event(&server, profile(1), 100)
        });
        store(&server.state, &made).await;
        let mut wanted = Wanted {
            profile: Some(profile(1)),
            ..all_of(app)
        };
        let of_one = || (0..30).filter(|n| n % 3 == 1);
        assert_eq!(payloads(&server, &wanted).await, numbers(of_one()), "{backend:?}");
        wanted.order = Order::NewestFirst;
        wanted.from = i64::MAX;
        wanted.until = i64::MIN;
        assert_eq!(
            payloads(&server, &wanted).await,
            numbers(of_one().rev()),
            "{backend:?}"
        );

        let remove = |profile: ProfileId| -> Vec<Statement> { vec![events::delete_of(app, profile)] };
        server.state.store.write(remove(profile(1))).await.unwrap();
        assert!(payloads(&server, &wanted).await.is_empty(), "{backend:?}");
        let left = payloads(&server, &all_of(app)).await;
        let expected = numbers((0..30).filter(|n| n % 3 != 1).chain([100]));
        assert_eq!(left, expected, "{backend:?}");
        let elsewhere = payloads(&server, &all_of(AppId(other.id))).await;
        assert_eq!(elsewhere, numbers(0..30), "{backend:?}");
    }
}
