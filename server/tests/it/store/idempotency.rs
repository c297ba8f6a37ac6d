//! One idempotency key, one effect: at once, later, and for exactly 24 hours.

use bursar::http::route::{Access, Route};
use bursar::http::router::routes;
use bursar::store::tables::replies::{self, StoredReply};
use bursar::store::{Decision, Sql, Statement, StoreError};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::access_matrix::body;
use crate::access_matrix::world::{Credential, Object, World};
use crate::support::backend::{ALL, Backend};
use crate::support::direct::{add_app, add_token};
use crate::support::server::{Answer, IDENTIFIERS, PROFILE, START, TestServer, request};

const KEY: (&str, &str) = ("idempotency-key", "k-1");
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

async fn count(server: &TestServer, sql: &'static Sql) -> i64 {
    let rows = server.state.store.read(Statement::new(sql, [])).await.unwrap();
    rows[0].int(0).unwrap()
}

static REPLIES: Sql = Sql::same("SELECT count(*) FROM replies");
static PROFILES: Sql = Sql::same("SELECT count(*) FROM profiles");

async fn at_once(server: &TestServer, count: usize, path: &str, user: &str, bodies: &[&str]) -> Vec<Answer> {
    let headers = [("adapty-customer-user-id", user), KEY];
    let calls = (0..count).map(|index| server.call("POST", path, &headers, bodies[index % bodies.len()]));
    join_all(calls).await
}

/// All answered the same; answers it.
fn one_answer(answers: &[Answer]) -> &[u8] {
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.body, answers[0].body);
    }
    &answers[0].body
}

/// PostgreSQL plans a statement without its times when it has run five times.
#[tokio::test]
async fn the_look_for_outdated_answers_walks_no_table() {
    static FILL: Sql = Sql::same(
        "INSERT INTO replies SELECT gen_random_uuid(), 'k' || n, '', 200, '', n FROM generate_series(1, 5000) AS n",
    );
    static ANALYZE: Sql = Sql::same("ANALYZE replies");
    static WALKS: Sql =
        Sql::same("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'replies'::regclass");
    let server = TestServer::on(Backend::Postgres).await;
    let prepare = [&FILL, &ANALYZE].map(|sql| Statement::new(sql, []));
    server.state.store.write(prepare.into()).await.unwrap();
    let mut reads = vec![replies::any_outside((0, 10_000)); 8];
    reads.push(Statement::new(&WALKS, []));
    let walks = server.state.store.change(reads, |mut loaded| {
        let rows = loaded.pop().unwrap();
        let answer = rows[0].int(0)?;
        Ok::<_, StoreError>(Decision {
            writes: Vec::new(),
            answer,
        })
    });
    assert_eq!(walks.await.unwrap(), 0);
    for outside in [(2, 10_000), (0, 4_999)] {
        let found = server
            .state
            .store
            .read(replies::any_outside(outside))
            .await
            .unwrap();
        assert_eq!(found.len(), 1, "{outside:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_at_once_under_one_key_have_one_effect() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        one_answer(&at_once(&server, 100, PROFILE, "user-1", &[""]).await);
        assert_eq!(count(&server, &PROFILES).await, 1, "{backend:?}");
        assert_eq!(count(&server, &REPLIES).await, 1, "{backend:?}");
    }
}

/// Nobody but the key's row is in the way here: each request would make an app of its own.
#[tokio::test(flavor = "multi_thread")]
async fn of_different_requests_under_one_key_one_has_an_effect_also_after_a_day() {
    let bodies: Vec<String> = (0..4)
        .map(|n| json!({"branch_id": format!("{n}")}).to_string())
        .collect();
    let users: Vec<String> = (0..4).map(|n| format!("user-{n}")).collect();
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for user in &users {
            let header = [("adapty-customer-user-id", user.as_str())];
            server.call("POST", PROFILE, &header, "").await;
        }
        for day in 0..5 {
            server.state.clock.move_to(START + day * DAY).unwrap();
            let calls = (0..40).map(|index| {
                let (user, body) = (&users[index % 4], &bodies[index % 4]);
                let (server, headers) = (&server, [("adapty-customer-user-id", user.as_str()), KEY]);
                async move { (index % 4, server.call("POST", IDENTIFIERS, &headers, body).await) }
            });
            let answers = join_all(calls).await;
            let winners: Vec<usize> = answers
                .iter()
                .filter_map(|(request, answer)| match answer.status {
                    200 => Some(*request),
                    422 => None,
                    _ => panic!("{backend:?}: {answer:?}"),
                })
                .collect();
            assert_eq!(winners.len(), 10, "{backend:?}, day {day}: {winners:?}");
            assert!(
                winners.iter().all(|winner| *winner == winners[0]),
                "{backend:?}: {winners:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_not_longer() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let first = at_once(&server, 1, PROFILE, "user-1", &[""]).await;
        let body = br#"{"first_name":"other"}"#;
        server.state.clock.move_to(START + DAY - 1_000_000).unwrap();
        bursar::actions::remember::forget_outdated(&server.state)
            .await
            .unwrap();
        let header = [("adapty-customer-user-id", "user-1")];
        server.call("DELETE", PROFILE, &header, "").await;
        let late = at_once(&server, 50, PROFILE, "user-1", &[""]).await;
        assert_eq!(one_answer(&late), first[0].body, "{backend:?}");
        let other = at_once(
            &server,
            1,
            PROFILE,
            "user-1",
            &[std::str::from_utf8(body).unwrap()],
        )
        .await;
        assert_eq!(other[0].status, 422, "{backend:?}");
        assert_eq!(count(&server, &PROFILES).await, 0, "{backend:?}");
        server.state.clock.move_to(START + DAY).unwrap();
        let fresh = at_once(&server, 50, PROFILE, "user-1", &[""]).await;
        assert_ne!(one_answer(&fresh), first[0].body, "{backend:?}");
        assert_eq!(count(&server, &PROFILES).await, 1, "{backend:?}");
        assert_eq!(count(&server, &REPLIES).await, 1, "{backend:?}");
    }
}

#[tokio::test]
async fn however_many_answers_are_outdated_all_are_forgotten() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let reply = |index: i64| {
            let stored = StoredReply {
                fingerprint: Vec::new(),
                status: 200,
                sealed_body: Vec::new(),
                created_at: START + index,
            };
            replies::insert(uuid::Uuid::nil(), &index.to_string(), stored)
        };
        server
            .state
            .store
            .write((0..1_201).map(reply).collect())
            .await
            .unwrap();
        server.state.clock.move_to(START + DAY + 1_200).unwrap();
        bursar::actions::remember::forget_outdated(&server.state)
            .await
            .unwrap();
        assert_eq!(count(&server, &REPLIES).await, 1, "{backend:?}");
    }
}

#[tokio::test]
async fn an_answer_that_was_given_by_a_clock_that_was_ahead_is_forgotten_once_that_is_set_back() {
    for backend in ALL {
        for is_forgotten_first in [false, true] {
            let server = TestServer::on(backend).await;
            server.state.clock.set_to(START + 400 * DAY);
            one_answer(&at_once(&server, 1, PROFILE, "user-1", &[""]).await);
            server.state.clock.set_to(START);
            if is_forgotten_first {
                bursar::actions::remember::forget_outdated(&server.state)
                    .await
                    .unwrap();
                assert_eq!(count(&server, &REPLIES).await, 0, "{backend:?}");
            }
            // Another request, which would be refused while the first is known.
            one_answer(&at_once(&server, 1, PROFILE, "user-2", &[""]).await);
            assert_eq!(count(&server, &PROFILES).await, 2, "{backend:?}");
            assert_eq!(count(&server, &REPLIES).await, 1, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn the_same_body_for_another_platform_is_another_request() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let ask = async |platform| {
        let headers = [
            ("adapty-customer-user-id", "user-1"),
            KEY,
            ("adapty-platform", platform),
        ];
        server.call("POST", PROFILE, &headers, "").await.status
    };
    assert_eq!([ask("iOS").await, ask("Android").await], [200, 422]);
}

/// The answer holds a key, which is for who asked for it, and of the app that was named.
#[tokio::test]
async fn the_same_body_with_another_admin_token_or_for_another_app_is_another_request() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let (other, token) = (
            add_app(&server.state).await.id.to_string(),
            add_token(&server.state).await,
        );
        let ask = async |token: &str, app: &str| {
            let path = format!("/admin/v1/apps/{app}/keys");
            let authorization = format!("Bearer {token}");
            let request = request(&authorization, "POST", &path, &[KEY], r#"{"kind":"secret"}"#);
            server.send(request).await
        };
        let made = ask(&server.admin_token, &server.app_id).await;
        assert_eq!(made.status, 201, "{backend:?}: {}", made.text());
        for (token, app) in [(&server.admin_token, &other), (&token, &server.app_id)] {
            let refused = ask(token, app).await;
            assert_eq!(refused.status, 422, "{backend:?}: {}", refused.text());
            assert_eq!(refused.json()["title"], "idempotency_key_reused", "{backend:?}");
        }
        let again = ask(&server.admin_token, &server.app_id).await;
        assert_eq!(again.body, made.body, "{backend:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let set = r#"{"branch_id":"b"}"#;
        let unknown = at_once(&server, 10, IDENTIFIERS, "user-1", &[set]).await;
        assert!(unknown.iter().all(|answer| answer.status == 404), "{backend:?}");
        let invalid = at_once(&server, 1, IDENTIFIERS, "user-1", &[r#"{"branch_id":1}"#]).await;
        assert_eq!(invalid[0].status, 400, "{backend:?}");
        assert_eq!(count(&server, &REPLIES).await, 0, "{backend:?}");
        server
            .call("POST", PROFILE, &[("adapty-customer-user-id", "user-1")], "")
            .await;
        let known = at_once(&server, 1, IDENTIFIERS, "user-1", &[set]).await;
        let body: Value = known[0].json();
        assert_eq!(known[0].status, 200, "{backend:?}: {body}");
    }
}

/// Sends a call that succeeds, with an idempotency key.
async fn send_under(world: &World, route: &Route, key: &str) -> Answer {
    let credential = match route.access {
        Access::Admin => Credential::AdminToken,
        _ => Credential::OwnSecret,
    };
    let headers = [
        ("adapty-profile-id", Object::Own.profile_id()),
        ("idempotency-key", key),
    ];
    let path = world.fill(route, route.path, Object::Own);
    let body = body(route, Object::Own);
    let request = request(
        &world.authorization(credential),
        route.method,
        &path,
        &headers,
        &body,
    );
    world.server.send(request).await
}

#[tokio::test]
async fn every_post_but_a_test_is_remembered_and_other_methods_do_not_look_at_the_key() {
    for backend in ALL {
        let world = World::new(backend, false).await;
        world.reset().await;
        let mut remembered = 0;
        // Deleting comes last: other calls need what it takes away.
        let order = ["POST", "GET", "PUT", "PATCH", "DELETE"];
        for method in order {
            for (index, route) in routes().filter(|route| route.method == method).enumerate() {
                let name = format!("{backend:?}: {method} {}", route.path);
                let is_test = route.path.ends_with("/test");
                let looks = method == "POST" && !is_test;
                if looks {
                    let bad = send_under(&world, route, "").await;
                    let told = bad.text();
                    assert_eq!(bad.status, 400, "{name}: {told}");
                    assert!(told.contains("idempotency_key_invalid"), "{name}: {told}");
                }
                let key = if looks { format!("k-{index}") } else { "k k".into() };
                let before = count(&world.server, &REPLIES).await;
                let first = send_under(&world, route, &key).await;
                // What the path names in the documentation is no file of it.
                let expected = if route.access == Access::Open {
                    200..405
                } else {
                    200..300
                };
                assert!(expected.contains(&first.status), "{name}: {}", first.text());
                let after = count(&world.server, &REPLIES).await;
                assert_eq!(after - before, i64::from(looks), "{name}");
                if looks {
                    let again = send_under(&world, route, &key).await;
                    assert_eq!((first.status, first.body), (again.status, again.body), "{name}");
                    remembered += 1;
                }
            }
        }
        assert!(remembered > 10, "{backend:?}: {remembered}");
    }
}
