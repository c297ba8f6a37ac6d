//! Many callers at once: no update is lost, no two win what only one can have.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bursar::store::{Decision, Sql, Statement, Store, StoreError, Value};
use futures_util::future::join_all;
use serde_json::json;

use super::conformance::{add, break_rule, is_there};
use crate::support::backend::{ALL, Backend};
use crate::support::random::Random;
use crate::support::server::{IDENTIFIERS, PROFILE, TestServer};

const NAMES: [&str; 8] = [
    "adjust_device_id",
    "airbridge_device_id",
    "amplitude_user_id",
    "appsflyer_id",
    "branch_id",
    "mixpanel_user_id",
    "one_signal_player_id",
    "pushwoosh_hwid",
];

/// By id and by customer id, so that the writers cannot tell by the request that it is one profile.
#[tokio::test(flavor = "multi_thread")]
async fn writers_of_different_identifiers_of_one_profile_all_keep_theirs() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let customer = ("adapty-customer-user-id", "user-1");
        let made = server.call("POST", PROFILE, &[customer], "").await.json();
        let id = made["data"]["profile_id"].as_str().unwrap().to_owned();
        let headers = [customer, ("adapty-profile-id", id.as_str())];
        for round in 0..20 {
            let writers = NAMES.iter().enumerate().map(|(index, name)| {
                let body = json!({ *name: format!("{name}-{round}") }).to_string();
                let (server, header) = (&server, headers[(index + round) % 2]);
                async move { server.call("POST", IDENTIFIERS, &[header], &body).await.status }
            });
            let statuses = join_all(writers).await;
            assert_eq!(statuses, [200; NAMES.len()], "{backend:?}");
            let read = server.call("GET", IDENTIFIERS, &[customer], "").await.json();
            for name in NAMES {
                assert_eq!(read[name], format!("{name}-{round}"), "{backend:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_profiles_that_race_for_a_customer_id_one_wins() {
    let mut random = Random::new("race for a customer id");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        for round in 0..10 {
            let ids: Vec<String> = (0..6).map(|_| random.uuid().to_string()).collect();
            let known = round % 2 == 0;
            for id in ids.iter().filter(|_| known) {
                let made = server
                    .call("POST", PROFILE, &[("adapty-profile-id", id)], "")
                    .await;
                assert_eq!(made.status, 200);
            }
            let customer = format!("customer-{round}");
            let racers = ids.iter().map(|id| {
                let headers = [
                    ("adapty-profile-id", id.as_str()),
                    ("adapty-customer-user-id", customer.as_str()),
                ];
                let server = &server;
                async move { server.call("POST", PROFILE, &headers, "").await }
            });
            let answers = join_all(racers).await;
            let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
            assert_eq!((won.len(), lost.len()), (1, 5), "{backend:?}: {answers:?}");
            for answer in lost {
                assert_eq!(answer.status, 400, "{backend:?}: {}", answer.text());
                let source = &answer.json()["errors"][0]["source"];
                assert_eq!(source, "adapty-customer-user-id", "{backend:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_of_one_new_customer_share_a_profile() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let headers = [("adapty-customer-user-id", "new")];
        let answers = join_all((0..40).map(|_| server.call("POST", PROFILE, &headers, ""))).await;
        let id = answers[0].json()["data"]["profile_id"].clone();
        for answer in answers {
            assert_eq!(answer.status, 200, "{backend:?}: {}", answer.text());
            assert_eq!(answer.json()["data"]["profile_id"], id, "{backend:?}");
        }
    }
}

/// Changes of one profile are made one after the other, each in a commit of its own on PostgreSQL. Those of others come with the
/// next commits, also where they wait behind more of that profile than a commit takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_all_change_holds_up_no_other_on_postgres() {
    const HOT: usize = 1_000;
    let server = TestServer::on(Backend::Postgres).await;
    let set = |customer: &'static str, number: usize| {
        let (server, headers) = (&server, [("adapty-customer-user-id", customer)]);
        let body = json!({"branch_id": number.to_string()}).to_string();
        async move { server.call("POST", IDENTIFIERS, &headers, &body).await.status }
    };
    for customer in ["hot", "other"] {
        let header = ("adapty-customer-user-id", customer);
        assert_eq!(server.call("POST", PROFILE, &[header], "").await.status, 200);
    }
    let done = AtomicUsize::new(0);
    let hot = join_all((0..HOT).map(|number| {
        let (set, done) = (&set, &done);
        async move {
            assert_eq!(set("hot", number).await, 200);
            done.fetch_add(1, Ordering::SeqCst)
        }
    }));
    let other = async {
        while done.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for number in 0..5 {
            assert_eq!(set("other", number).await, 200);
        }
        done.load(Ordering::SeqCst)
    };
    let (_, before) = tokio::join!(hot, other);
    assert!(before < HOT / 5, "{before} of {HOT} came first");
}

/// Each client goes on as soon as it is answered, so that there is always somebody who came later.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_profile_that_all_change_does_not_wait_for_later_ones_on_postgres() {
    const CLIENTS: usize = 300;
    let server = TestServer::on(Backend::Postgres).await;
    let header = ("adapty-customer-user-id", "hot");
    assert_eq!(server.call("POST", PROFILE, &[header], "").await.status, 200);
    let (done, longest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let client = |client: usize| {
        let (server, done, longest) = (&server, &done, &longest);
        async move {
            for number in 0..6 {
                let begun = done.load(Ordering::SeqCst);
                let body = json!({"branch_id": format!("{client}-{number}")}).to_string();
                let set = server.call("POST", IDENTIFIERS, &[header], &body).await;
                assert_eq!(set.status, 200);
                let ended = done.fetch_add(1, Ordering::SeqCst);
                longest.fetch_max(ended - begun, Ordering::SeqCst);
            }
        }
    };
    join_all((0..CLIENTS).map(client)).await;
    let longest = longest.into_inner();
    assert!(
        longest < 3 * CLIENTS,
        "one waited until {longest} others were done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_change_leaves_those_committed_with_it_alone() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let store = &server.state.store;
        for round in 0..4 {
            let name = |index: usize| format!("{round}-{index}");
            let changes = (0..100).map(|index| {
                let mut writes = vec![add(&name(index)), add(&format!("{}+", name(index)))];
                if index == 37 {
                    writes.push(break_rule());
                }
                store.write(writes)
            });
            for (index, done) in join_all(changes).await.into_iter().enumerate() {
                assert_eq!(done.is_ok(), index != 37, "{backend:?}: {done:?}");
                assert_eq!(is_there(store, &name(index)).await, index != 37, "{backend:?}");
            }
        }
    }
}

/// A write that cannot even be sent on PostgreSQL must not leave a commit of the others behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_the_wrong_type_fails_its_own_change_alone() {
    static WRONG: Sql = Sql::same("INSERT INTO directory_version (id, version) VALUES ($1, $2)");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let store = &server.state.store;
        let changes = (0..20).map(|index| {
            let mut writes = vec![add(&format!("first-{index}"))];
            if index == 7 {
                writes.push(Statement::new(&WRONG, [Value::from("text"), 1.into()]));
            }
            writes.push(add(&format!("last-{index}")));
            store.write(writes)
        });
        for (index, done) in join_all(changes).await.into_iter().enumerate() {
            match done {
                Ok(()) => assert_ne!(index, 7, "{backend:?}"),
                Err(StoreError::Statement(_)) => assert_eq!(index, 7, "{backend:?}"),
                Err(other) => panic!("{backend:?}: {other}"),
            }
            for name in ["first", "last"] {
                let there = is_there(store, &format!("{name}-{index}")).await;
                assert_eq!(there, index != 7, "{backend:?}");
            }
        }
    }
}

static COUNTED: Sql = Sql::with_lock(
    "SELECT id, version FROM directory_version WHERE id = 1",
    "SELECT id, version FROM directory_version WHERE id = 1 FOR UPDATE",
);
static COUNTED_UNLOCKED: Sql = Sql::same("SELECT id, version FROM directory_version WHERE id = 1");

/// Many count one number up at once, which each reads so. Answers what they counted, in order.
async fn counted(store: &Store, read: &'static Sql) -> Vec<i64> {
    static SAVE: Sql = Sql::same("UPDATE directory_version SET version = $1 WHERE id = 1");
    let count_up = |_| {
        store.change(vec![Statement::new(read, [])], |loaded| {
            let next = loaded[0][0].int(1)? + 1;
            Ok::<_, StoreError>(Decision {
                writes: vec![Statement::new(&SAVE, [next.into()])],
                answer: next,
            })
        })
    };
    let counted = join_all((0..200).map(count_up)).await;
    let mut counted: Vec<i64> = counted.into_iter().map(Result::unwrap).collect();
    counted.sort_unstable();
    counted
}

fn all_different(counted: &[i64]) -> bool {
    counted.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// The plainest lost update: read a number, write the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_all_count_up_is_never_counted_twice() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let counted = counted(&server.state.store, &COUNTED).await;
        assert!(all_different(&counted), "{backend:?}: {counted:?}");
    }
}

/// The same count without the lock. On SQLite the one writer does without.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_read_without_a_lock_is_counted_twice_on_postgres() {
    let server = TestServer::on(Backend::Postgres).await;
    for _ in 0..20 {
        let counted = counted(&server.state.store, &COUNTED_UNLOCKED).await;
        if !all_different(&counted) {
            return;
        }
    }
    panic!("without the lock nothing was lost: the test above proves nothing");
}
