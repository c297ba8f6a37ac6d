//! The feed of events, over HTTP on every backend and on the command line.

use std::collections::BTreeSet;

use bursar::store::tables::events::{self, insert};
use bursar::store::{Location, Options, Store};
use bursar_domain::events::{Event, EventKind};
use bursar_domain::ids::AppId;
use bursar_domain::time::format_time;
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::backend::{ALL, Backend};
use super::support::direct::add_app;
use super::support::events::{PAYLOAD, event, event_of, profile, store};
use super::support::installation::{Installation, stderr};
use super::support::server::{PROFILE, START, TestServer};

const SECOND: i64 = 1_000_000;

/// A page with these parameters.
async fn page(server: &TestServer, query: &str) -> Value {
    let path = format!("apps/{}/events?{query}", server.app_id);
    let answer = server.admin("GET", &path, "").await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

fn numbers(page: &Value) -> Vec<u64> {
    let entries = page["data"].as_array().unwrap();
    entries
        .iter()
        .map(|event| event["payload"]["n"].as_u64().unwrap())
        .collect()
}

/// Twelve events, one a second: of two profiles in turn, every third one the start of a trial.
async fn twelve(server: &TestServer) {
    for n in 0..12 {
        let kind = if n % 3 == 0 {
            EventKind::TrialStarted
        } else {
            EventKind::SubscriptionRenewed
        };
        let made = Event {
            kind,
            created_at: START + i64::from(n) * SECOND,
            ..event(server, profile((n % 2).into()), n)
        };
        store(&server.state, &[made]).await;
    }
}

#[tokio::test]
async fn the_newest_come_first_unless_the_order_says_otherwise() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        twelve(&server).await;
        let newest = page(&server, "").await;
        assert_eq!(numbers(&newest), (0..12).rev().collect::<Vec<_>>(), "{backend:?}");
        assert_eq!(newest, page(&server, "order=desc").await);
        let oldest = page(&server, "order=asc").await;
        assert_eq!(numbers(&oldest), (0..12).collect::<Vec<_>>(), "{backend:?}");
        let first = event(&server, profile(0), 0);
        let expected = json!({
            "event_id": first.id, "created_at": "2026-01-01T00:00:00+00:00", "event_type": "trial_started",
            "payload": {"n": 0}, "deliveries": [],
        });
        assert_eq!(oldest["data"][0], expected, "{backend:?}");
        assert_eq!(oldest["next_cursor"], Value::Null);
    }
}

#[tokio::test]
async fn filters_narrow_the_feed_together() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        twelve(&server).await;
        let (zero, unknown) = (profile(0), profile(7));
        for (query, expected) in [
            (format!("profile_id={zero}"), vec![0, 2, 4, 6, 8, 10]),
            (
                format!("profile_id={}", zero.to_string().to_uppercase()),
                vec![0, 2, 4, 6, 8, 10],
            ),
            (format!("profile_id={unknown}"), vec![]),
            ("event_type=trial_started".into(), vec![0, 3, 6, 9]),
            ("event_type=trial_expired".into(), vec![]),
            ("after=2026-01-01T00:00:10Z".into(), vec![10, 11]),
            ("after=2026-01-01T00:00:10.000001Z".into(), vec![11]),
            ("after=2026-01-01T01:00:10+01:00".into(), vec![10, 11]),
            ("after=2026-01-01T01:00:10%2B01:00".into(), vec![10, 11]),
            ("before=2026-01-01T00:00:02Z".into(), vec![0, 1]),
            ("before=2026-01-01t00:00:02z".into(), vec![0, 1]),
            ("before=2026-01-01t01:00:02.5+01:00".into(), vec![0, 1, 2]),
            (
                "after=2026-01-01T00:00:02Z&before=2026-01-01T00:00:04Z".into(),
                vec![2, 3],
            ),
            (
                format!("profile_id={zero}&event_type=trial_started&after=2026-01-01T00:00:01Z"),
                vec![6],
            ),
        ] {
            let found = page(&server, &format!("order=asc&{query}")).await;
            assert_eq!(numbers(&found), expected, "{backend:?} {query}");
            let found = page(&server, &query).await;
            let reversed: Vec<u64> = expected.into_iter().rev().collect();
            assert_eq!(numbers(&found), reversed, "{backend:?} {query}");
        }
    }
}

/// Events of two apps in turn, one each ten minutes; their times are up to fifty minutes off, and those of a profile are gone.
#[tokio::test]
async fn times_out_of_order_and_holes_in_the_numbers_hide_no_event() {
    const MINUTE: i64 = 60 * SECOND;
    let made_at = |n: u16| START + i64::from(n) * 10 * MINUTE + (i64::from(n) * 7_919 % 101 - 50) * MINUTE;
    let time = |minute: i64| format_time(START + minute * MINUTE).replace('+', "%2B");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        assert!(numbers(&page(&server, &format!("after={}", time(0))).await).is_empty());
        let (app, other) = (server.app_id.parse().unwrap(), add_app(&server.state).await);
        let of = |n: u16| if n % 5 == 2 { other.id } else { app };
        let made = |n: u16| Event {
            created_at: made_at(n),
            ..event_of(of(n), profile((n / 40).into()), n)
        };
        store(&server.state, &(0..400).map(made).collect::<Vec<_>>()).await;
        let gone = [0, 4, 5, 9].map(|number| events::delete_of(AppId(app), profile(number)));
        server.state.store.write(gone.into()).await.unwrap();
        let left = |n: &u16| of(*n) == app && ![0, 4, 5, 9].contains(&(n / 40));
        for (after, before) in [
            (-500, 5_000),
            (700, 900),
            (1_590, 1_900),
            (2_390, 2_391),
            (3_300, 9_000),
            (9_000, 9_001),
        ] {
            let wanted = START + after * MINUTE..START + before * MINUTE;
            let expected: Vec<u64> = (0..400)
                .filter(|n| left(n) && wanted.contains(&made_at(*n)))
                .map(u64::from)
                .collect();
            for order in ["asc", "desc"] {
                let query = format!(
                    "order={order}&limit=7&after={}&before={}",
                    time(after),
                    time(before)
                );
                let (mut found, mut cursor) = (Vec::new(), String::new());
                loop {
                    let page = page(&server, &format!("{query}{cursor}")).await;
                    found.extend(numbers(&page));
                    match page["next_cursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                if order == "desc" {
                    found.reverse();
                }
                assert_eq!(found, expected, "{backend:?} {query}");
            }
        }
    }
}

/// Seen by events that a clock has dated which was far off: they are not met where their time is looked for.
#[tokio::test]
async fn where_a_time_is_asked_for_only_numbers_about_that_time_are_looked_at() {
    const HOUR: i64 = 60 * 60 * SECOND;
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let made = |n: u16| Event {
            created_at: START + if n == 0 || n == 199 { 100 } else { i64::from(n) } * HOUR,
            ..event(&server, profile(1), n)
        };
        store(&server.state, &(0..200).map(made).collect::<Vec<_>>()).await;
        let times = "after=2026-01-05T03:00:00Z&before=2026-01-05T06:00:00Z";
        for order in ["asc", "desc"] {
            let mut found = numbers(&page(&server, &format!("{times}&order={order}")).await);
            found.sort_unstable();
            assert_eq!(found, [99, 100, 101], "{backend:?} {order}");
        }
        let of_profile = numbers(&page(&server, &format!("{times}&profile_id={}", profile(1))).await);
        assert_eq!(of_profile, [199, 101, 100, 99, 0], "{backend:?}");
    }
}

#[tokio::test]
async fn a_walk_neither_repeats_nor_skips_while_events_come_and_go() {
    for backend in ALL {
        for order in ["asc", "desc"] {
            for of_profile in [String::new(), format!("&profile_id={}", profile(1))] {
                let server = TestServer::on(backend).await;
                let made: Vec<_> = (0..9).map(|n| event(&server, profile(1), n)).collect();
                store(&server.state, &made).await;
                let (mut seen, mut cursor, mut added) = (Vec::new(), String::new(), 100);
                loop {
                    let query = format!("order={order}&limit=2{of_profile}{cursor}");
                    let page = page(&server, &query).await;
                    seen.extend(numbers(&page));
                    // Later in the list, beside it and before it.
                    if added < 106 {
                        let more = [
                            event(&server, profile(1), added),
                            event(&server, profile(2), added + 1),
                        ];
                        store(&server.state, &more).await;
                        added += 2;
                    }
                    match page["next_cursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                let place = format!("{backend:?} {order} {of_profile}: {seen:?}");
                let different: BTreeSet<_> = seen.iter().collect();
                assert_eq!(different.len(), seen.len(), "{place}");
                assert!((0..9).all(|n| different.contains(&n)), "{place}");
                let mut of_one: Vec<_> = seen.iter().filter(|n| **n < 9).copied().collect();
                if order == "desc" {
                    of_one.reverse();
                }
                assert!(of_one.is_sorted(), "{place}");
                assert_eq!(order == "asc", different.contains(&104), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn a_payload_is_shown_byte_for_byte() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let made = Event {
            payload: PAYLOAD.into(),
            ..event(&server, profile(1), 1)
        };
        store(&server.state, &[made]).await;
        let path = format!("apps/{}/events", server.app_id);
        let text = server.admin("GET", &path, "").await.text();
        assert!(
            text.contains(&format!(r#""payload":{PAYLOAD},"#)),
            "{backend:?}: {text}"
        );
    }
}

#[tokio::test]
async fn an_event_of_the_future_is_shown_once_its_time_has_come() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let early = Event {
            at: START + SECOND,
            ..event(&server, profile(1), 1)
        };
        store(&server.state, &[early, event(&server, profile(1), 2)]).await;
        let of_profile = format!("&profile_id={}", profile(1));
        let queries = ["", &of_profile].map(|of| [format!("order=asc{of}"), format!("order=desc{of}")]);
        for query in queries.as_flattened() {
            let shown = numbers(&page(&server, query).await);
            assert_eq!(shown, [2], "{backend:?} {query}");
        }
        server.state.clock.move_to(START + SECOND).unwrap();
        for query in queries.as_flattened() {
            let mut shown = numbers(&page(&server, query).await);
            shown.sort();
            assert_eq!(shown, [1, 2], "{backend:?} {query}");
        }
    }
}

#[tokio::test]
async fn events_of_another_app_are_not_to_be_seen() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let other = add_app(&server.state).await;
        let made = [event_of(other.id, profile(1), 1), event(&server, profile(1), 2)];
        store(&server.state, &made).await;
        for query in [String::new(), format!("profile_id={}", profile(1))] {
            assert_eq!(numbers(&page(&server, &query).await), [2], "{backend:?} {query}");
        }
        for missing in [Uuid::nil().to_string(), "x".into()] {
            let answer = server.admin("GET", &format!("apps/{missing}/events"), "").await;
            assert_eq!(answer.status, 404, "{backend:?} {missing}");
        }
    }
}

#[tokio::test]
async fn a_deleted_profiles_events_leave_the_feed() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let other = add_app(&server.state).await;
        let (gone, stays) = (profile(1), profile(2));
        for id in [gone, stays] {
            let headers = [("adapty-profile-id", &*id.to_string())];
            assert_eq!(server.call("POST", PROFILE, &headers, "").await.status, 200);
        }
        let made = [
            event(&server, gone, 1),
            event(&server, stays, 2),
            event(&server, gone, 3),
            event_of(other.id, gone, 4),
        ];
        store(&server.state, &made).await;
        let headers = [("adapty-profile-id", &*gone.to_string())];
        assert_eq!(server.call("DELETE", PROFILE, &headers, "").await.status, 204);
        assert_eq!(numbers(&page(&server, "").await), [2], "{backend:?}");
        let path = format!("apps/{}/events", other.id);
        let elsewhere = server.admin("GET", &path, "").await.json();
        assert_eq!(numbers(&elsewhere), [4], "{backend:?}");
    }
}

#[tokio::test]
async fn the_letters_of_a_time_may_be_small_wherever_one_is_taken() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let path = format!("apps/{}/integrations/webhook", server.app_id);
    server
        .admin("PUT", &path, r#"{"enabled":false,"settings":{}}"#)
        .await;
    let filter = json!({"integration": "webhook", "after": "2026-01-01t00:00:00z", "before": "2026-01-02t01:00:00+01:00"});
    let replays = format!("apps/{}/replays", server.app_id);
    let counted = json!({"filter": filter, "dry_run": true}).to_string();
    for (path, body) in [
        (replays.as_str(), counted.as_str()),
        ("test-clock", r#"{"now":"2026-02-01t00:00:00z"}"#),
    ] {
        let taken = server.admin("POST", path, body).await;
        assert_eq!(taken.status, 200, "{path}: {}", taken.text());
    }
    let now = server.admin("GET", "test-clock", "").await.json();
    assert_eq!(now["now"], "2026-02-01T00:00:00+00:00");
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        twelve(&server).await;
        let of_desc = page(&server, "limit=1").await;
        let of_desc = format!("order=asc&cursor={}", of_desc["next_cursor"].as_str().unwrap());
        for (query, fields) in [
            ("profile_id=user-1", &["profile_id"][..]),
            ("profile_id=", &["profile_id"]),
            ("event_type=subscription_cancelled", &["event_type"]),
            ("event_type=%00", &["event_type"]),
            ("after=yesterday&before=2026-01-01", &["after", "before"]),
            ("order=ASC", &["order"]),
            ("limit=0", &["limit"]),
            ("limit=201", &["limit"]),
            ("cursor=zz", &["cursor"]),
            ("cursor=5b5d", &["cursor"]),
            (&of_desc, &["cursor"]),
        ] {
            let path = format!("apps/{}/events?{query}", server.app_id);
            let refused = server.admin("GET", &path, "").await;
            assert_eq!(refused.status, 422, "{backend:?} {query}: {}", refused.text());
            let errors = refused.json()["errors"].as_array().unwrap().clone();
            let named: Vec<_> = errors
                .iter()
                .map(|error| error["field"].as_str().unwrap())
                .collect();
            assert_eq!(named, fields, "{backend:?} {query}");
        }
    }
}

#[tokio::test]
async fn the_command_lists_the_feed_in_the_order_of_creation() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let app = installation.json(&["app", "create", "Shop"]);
    let id: Uuid = app["app_id"].as_str().unwrap().parse().unwrap();
    let options = Options {
        location: Location::SqliteFile(installation.folder.0.join("data").join("bursar.db")),
        connections: 1,
    };
    let database = Store::open(&options, Default::default()).await.unwrap();
    // More than a page of the administration API, and at a time that a test clock may have reached.
    let made = (0..210).map(|n| Event {
        at: i64::MAX / 2,
        created_at: i64::MAX / 2,
        payload: PAYLOAD.into(),
        ..event_of(id, profile((n % 2).into()), n)
    });
    let made: Vec<_> = made.collect();
    database
        .write(made.iter().cloned().map(insert).collect())
        .await
        .unwrap();
    let run = |args: &str| {
        let args = format!("event list --app Shop {args}");
        installation.json(&args.split_whitespace().collect::<Vec<_>>())
    };
    let ids = |listed: &Value| -> Vec<Uuid> {
        let entries = listed["data"].as_array().unwrap().iter();
        entries
            .map(|event| event["event_id"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    let all = run("");
    assert_eq!(ids(&all), made.iter().map(|event| event.id).collect::<Vec<_>>());
    assert_eq!(
        (&all["next_cursor"], &all["data"][0]["deliveries"]),
        (&json!(null), &json!([]))
    );
    let of_one = made.iter().filter(|event| event.profile == profile(1));
    let of_one: Vec<_> = of_one.map(|event| event.id).collect();
    assert_eq!(ids(&run(&format!("--profile {}", profile(1)))), of_one);
    assert_eq!(ids(&run("--order desc --limit 1")), [made[209].id]);
    assert!(ids(&run("--type trial_started")).is_empty());
    let text = installation.text(&["event", "list", "--app", "Shop", "--json", "--limit", "1"]);
    assert!(text.contains(PAYLOAD), "{text}");
    // More than are read at a time, and yet one list.
    let text = installation.text(&["event", "list", "--app", "Shop", "--json"]);
    assert_eq!(text.matches("\n    },\n    {\n").count(), 209, "{text}");
    assert!(text.starts_with("{\n  \"data\": [\n    {\n"), "{text}");
    assert!(
        text.ends_with("\n    }\n  ],\n  \"next_cursor\": null\n}\n"),
        "{text}"
    );
    let lines = installation.text(&["event", "list", "--app", "Shop"]);
    assert_eq!(lines.lines().count(), 211);
    assert!(ids(&run("--before 9999-01-01t00:00:00z")).is_empty());
}

#[tokio::test]
async fn the_command_reads_no_further_where_nobody_reads_its_list() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let app = installation.json(&["app", "create", "Shop"]);
    let id: Uuid = app["app_id"].as_str().unwrap().parse().unwrap();
    let database = Store::open(&installation.options(), Default::default())
        .await
        .unwrap();
    let made = (0..410).map(|n| Event {
        // The last one cannot be read.
        payload: if n < 409 { PAYLOAD.into() } else { String::new() },
        ..event_of(id, profile(0), n)
    });
    database.write(made.map(insert).collect()).await.unwrap();
    for form in [&[][..], &["--json"]] {
        let list = [&["event", "list", "--app", "Shop"], form].concat();
        let said = installation.refused(&list);
        assert!(said.contains("event"), "{said}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = installation.command(&list).stdout(writer).output().unwrap();
        assert!(done.status.success(), "{form:?}: {}", stderr(&done));
    }
}
