//! Apps whose profiles are looked through: who is behind the times neither goes on nor ends what was ordered anew.

use bursar::actions::purchases::handle_due;
use bursar::store::tables::purchases::set_due;
use bursar::store::tables::rechecks::{self, Recheck};
use bursar::store::{Sql, Statement};
use bursar_domain::ids::AppId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::backend::{ALL, SHARED};
use crate::support::deliveries::{HOUR, SECOND, amplitude, bought, put};
use crate::support::purchases::{Customer, with};
use crate::support::server::{START, TRANSACTION, TestServer};

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

const DAY: i64 = 24 * HOUR;
/// Twenty days after the purchase, when the timer of [`with_timer`] runs out.
const TIMER: i64 = START + 3 * DAY;

async fn write(server: &TestServer, change: Statement) {
    server.state.store.write(vec![change]).await.unwrap();
}

/// The one that is to be gone on with, if there is one.
async fn next(server: &TestServer) -> Option<Recheck> {
    let mut rows = server
        .state
        .store
        .read(rechecks::select(START, START + SECOND))
        .await
        .unwrap();
    rechecks::read(&mut rows).unwrap()
}

async fn come_to(server: &TestServer) -> Option<(i64, Uuid)> {
    next(server).await.map(|recheck| (recheck.due_at, recheck.after))
}

#[tokio::test]
async fn what_is_ordered_anew_begins_anew_whoever_is_at_it() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        write(&server, rechecks::order(app, START - 2)).await;
        let first = next(&server).await.unwrap();
        write(&server, rechecks::advance(&first, TWO)).await;
        assert_eq!(come_to(&server).await, Some((START - 2, TWO)), "{backend:?}");
        // Another server that read the same is behind.
        write(&server, rechecks::advance(&first, ONE)).await;
        assert_eq!(come_to(&server).await, Some((START - 2, TWO)), "{backend:?}");
        let second = next(&server).await.unwrap();
        write(&server, rechecks::order(app, START - 1)).await;
        let anew = Some((START - 1, Uuid::nil()));
        assert_eq!(come_to(&server).await, anew, "{backend:?}");
        write(&server, rechecks::advance(&second, TWO)).await;
        write(&server, rechecks::finish(&second)).await;
        assert_eq!(come_to(&server).await, anew, "{backend:?}");
        // Who is at the new one can end it; nothing is to be done before its time.
        let third = next(&server).await.unwrap();
        write(&server, rechecks::finish(&third)).await;
        assert_eq!(come_to(&server).await, None, "{backend:?}");
        write(&server, rechecks::order(app, START + 1)).await;
        assert_eq!(come_to(&server).await, None, "{backend:?}");
    }
}

/// Settings that ask for an event on the twentieth day of a subscription.
fn with_timer() -> Value {
    let timer = json!({"synthetic_delay_days": {"subscription_active": 20}});
    with(amplitude("http://127.0.0.1:9/"), timer)
}

/// When something of the only profile is due next.
async fn due_at(server: &TestServer) -> Option<i64> {
    static DUE: Sql = Sql::same("SELECT due_at FROM profiles");
    let rows = server.state.store.read(Statement::new(&DUE, [])).await.unwrap();
    rows[0].opt_int(0).unwrap()
}

#[tokio::test]
async fn profiles_are_looked_through_by_the_settings_for_which_that_was_ordered() {
    for backend in SHARED {
        let server = TestServer::on(backend).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        // It has not looked for changes since.
        let other = server.beside().await;
        let set = put(&server, "amplitude", true, &with_timer()).await;
        assert_eq!(set.status, 200, "{}", set.text());
        assert_ne!(due_at(&server).await, Some(TIMER), "{backend:?}");
        handle_due(&other.state, START + SECOND).await.unwrap();
        assert_eq!(due_at(&server).await, Some(TIMER), "{backend:?}");
    }
}

/// They may be millions, and each step has to be a short one.
#[tokio::test]
async fn profiles_that_have_nothing_are_looked_at_some_at_a_time_too() {
    static ADD: Sql = Sql::split(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 300)
         INSERT INTO profiles (app_id, profile_id, created_at, updated_at, identifiers)
         SELECT (SELECT app_id FROM apps), unhex(printf('%032x', n)), 0, 0, '{}' FROM number",
        "INSERT INTO profiles (app_id, profile_id, created_at, updated_at, identifiers)
         SELECT (SELECT app_id FROM apps), lpad(to_hex(n), 32, '0')::uuid, 0, 0, '{}' FROM generate_series(1, 300) AS n",
    );
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        write(&server, Statement::new(&ADD, [])).await;
        write(&server, rechecks::order(app, START)).await;
        let recheck = next(&server).await.unwrap();
        let step = rechecks::next(&recheck, 256);
        let found = server.state.store.read(step).await.unwrap();
        let last = found.last().unwrap().uuid(0).unwrap();
        assert_eq!((found.len(), last), (256, Uuid::from_u128(256)), "{backend:?}");
        handle_due(&server.state, START).await.unwrap();
        assert_eq!(come_to(&server).await, None, "{backend:?}");
    }
}

#[tokio::test]
async fn a_server_whose_clock_is_behind_looks_through_them_no_sooner() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        put(&server, "amplitude", true, &with_timer()).await;
        handle_due(&server.state, START - SECOND / 4).await.unwrap();
        assert_ne!(due_at(&server).await, Some(TIMER), "{backend:?}");
        handle_due(&server.state, START + SECOND).await.unwrap();
        assert_eq!(due_at(&server).await, Some(TIMER), "{backend:?}");
    }
}

#[tokio::test]
async fn what_was_ordered_by_a_clock_that_was_ahead_is_begun_once_that_is_set_back() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        write(&server, rechecks::order(app, START + 400 * DAY)).await;
        let found = Some((START + 400 * DAY, Uuid::nil()));
        assert_eq!(come_to(&server).await, found, "{backend:?}");
    }
}

#[tokio::test]
async fn timers_that_were_asked_for_by_a_clock_that_was_ahead_count_once_they_are_saved_again() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        server.state.clock.set_to(START + 400 * DAY);
        put(&server, "amplitude", true, &with_timer()).await;
        server.state.clock.set_to(START);
        handle_due(&server.state, START).await.unwrap();
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        assert_ne!(
            due_at(&server).await,
            Some(TIMER),
            "{backend:?}: it is asked for later"
        );
        put(&server, "amplitude", true, &with_timer()).await;
        handle_due(&server.state, START + SECOND).await.unwrap();
        assert_eq!(due_at(&server).await, Some(TIMER), "{backend:?}");
        // Saved again without any difference, they count from when they were asked for.
        server.state.clock.move_to(START + 4 * DAY).unwrap();
        put(&server, "amplitude", true, &with_timer()).await;
        let directory = server.state.directory();
        let known = directory.app(AppId(server.app_id.parse().unwrap())).unwrap();
        assert_eq!(
            known.integration("amplitude").unwrap().timers_since,
            START,
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn a_date_that_is_noted_is_only_ever_brought_forward() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        let customer = Customer::new(&server, "ann").await;
        let profile = customer.profile().await["profile_id"].as_str().unwrap().parse();
        let profile = bursar_domain::ids::ProfileId(profile.unwrap());
        for (said, noted) in [(5, 5), (7, 5), (3, 3)] {
            write(&server, rechecks::due_earlier(app, profile, said)).await;
            assert_eq!(due_at(&server).await, Some(noted), "{backend:?}: {said}");
        }
    }
}

/// Who could not handle what was due notes a later date, unless somebody else has handled it.
#[tokio::test]
async fn what_another_server_has_handled_is_not_put_off() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let app = AppId(server.app_id.parse().unwrap());
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let next = due_at(&server).await.unwrap();
        let profile = customer.profile().await["profile_id"].as_str().unwrap().parse();
        let profile = bursar_domain::ids::ProfileId(profile.unwrap());
        for (now, noted) in [(next - 1, next), (next, next + DAY)] {
            write(&server, set_due(app, profile, Some(next + DAY), now)).await;
            assert_eq!(due_at(&server).await, Some(noted), "{backend:?}");
        }
    }
}
