//! What comes while a delivery is under way, or is put off: it neither goes out twice nor is left waiting.

use std::sync::Arc;

use bursar::actions::deliveries::{Claim, Claimed, End, HeldTurn, Settlement, give_back, settle};
use bursar::directory::{AppIntegration, Target};
use bursar::store::tables::delivery_states::ClosedState;
use bursar::store::tables::turns::Turn;
use bursar::store::{Sql, Statement};
use bursar_domain::ids::AppId;
use serde_json::{Value, json};

use super::fencing::{due, refused};
use crate::support::backend::{ALL, Backend, hold, postgres_client, postgres_url};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, SECOND, Taken, amplitude, app_id, bought, bought_on, branch, claimed, claimed_turns, enable,
    entries, fates_of, pushwoosh, put, retry, run, settle_down, stored, until_states, work,
};
use crate::support::purchases::Customer;
use crate::support::server::{IDENTIFIERS, PROFILE, START, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};
use crate::support::waiting::{until_behind, until_equal, until_waiting};

/// The part of this name of an integration of the server's own app.
fn target(server: &TestServer, slug: &str, part: &str) -> Target {
    let directory = server.state.directory();
    let known = directory.app(app_id(server)).unwrap().integration(slug).unwrap();
    let mut targets = known.targets.iter();
    *targets.find(|target| target.part.name == part).unwrap()
}

/// Takes all lanes that are due then, for a minute.
async fn take(server: &TestServer, target: Target, at: i64) -> Taken {
    let app: AppId = app_id(server);
    claimed_turns(&server.state, &due(app, target, at, at + 60 * SECOND)).await
}

fn only_turn(claimed: &Taken) -> &Turn {
    let [turn] = claimed.turns.as_slice() else {
        panic!("{} turns instead of one", claimed.turns.len())
    };
    turn
}

/// Writes down that the identifier is missing, as a worker does that has looked at the turn `now`.
async fn settle_waiting(server: &TestServer, claimed: &Taken, target: Target, now: i64, until: i64) {
    let turn = only_turn(claimed);
    let directory = server.state.directory();
    let mut integrations = directory.app(app_id(server)).unwrap().integrations.iter();
    let is_its = |known: &&Arc<AppIntegration>| known.targets.iter().any(|part| part.id == target.id);
    let known = integrations.find(is_its).unwrap();
    let settlement = Settlement {
        held: HeldTurn::of(turn, claimed.lease, target.part.pick),
        attempt: None,
        end: End::Waiting {
            until,
            reason: "missing_identifier: it".into(),
            seen: Box::new((turn.profile.clone(), turn.details.clone())),
            slug: known.integration.slug,
            saved: known.saved.clone(),
        },
        now,
    };
    assert!(settle(&server.state, settlement).await.unwrap());
}

/// Also if the older one was looked at already, when it was alone.
#[tokio::test]
async fn the_newest_waits_in_the_place_of_an_older_one_that_was_looked_at_before_it_came() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        enable(&server, "pushwoosh", pushwoosh(&vendor.url)).await;
        let target = target(&server, "pushwoosh", "tags");
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought_on(10)).await;
        let claimed = take(&server, target, START).await;
        customer.post(TRANSACTION, &bought_on(20)).await;
        settle_waiting(&server, &claimed, target, START, START + HOUR).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let fates = fates_of(&server, "pushwoosh", "tags").await;
        assert_eq!(
            fates,
            [
                "day-10 skipped superseded",
                "day-20 waiting missing_identifier: pushwoosh_hwid"
            ],
            "{backend:?}"
        );
        assert_conserved(&server).await;
    }
}

/// Of the customer, and of the installations, whose platform may be what is missing.
#[tokio::test]
async fn what_comes_while_it_is_found_missing_is_not_waited_for() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        enable(&server, "branch", branch(&vendor.url)).await;
        let target = target(&server, "branch", "");
        for (name, path, news) in [
            ("ann", IDENTIFIERS, json!({"branch_id": "b"})),
            (
                "bob",
                PROFILE,
                json!({"installation_meta": {"device_id": "d", "platform": "iOS"}}),
            ),
        ] {
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
            let claimed = take(&server, target, START).await;
            let method = if path == PROFILE { "PATCH" } else { "POST" };
            assert_eq!(customer.call(method, path, &news).await.status, 200, "{name}");
            settle_waiting(&server, &claimed, target, START, START + HOUR).await;
            // It is looked at once more, at once.
            let again = take(&server, target, START).await;
            assert_eq!(again.turns.len(), 1, "{backend:?} {name}");
            settle_waiting(&server, &again, target, START, START + HOUR).await;
            assert!(
                take(&server, target, START).await.turns.is_empty(),
                "{backend:?} {name}"
            );
        }
        assert_conserved(&server).await;
    }
}

/// Everything that makes what waits due: a change of the profile, a newer event, saved settings, a try by hand.
async fn make_all_due(server: &TestServer, customer: &Customer<'_>, slug: &str, settings: &Value) {
    customer
        .post(IDENTIFIERS, &json!({"facebook_anonymous_id": "f"}))
        .await;
    customer.post(TRANSACTION, &bought("t2")).await;
    assert_eq!(put(server, slug, true, settings).await.status, 200);
}

async fn try_by_hand(server: &TestServer) {
    let open = entries(server, "deliveries").await;
    let first = open.iter().find(|one| one["attempts"] != 0).unwrap_or(&open[0]);
    retry(server, first).await;
}

#[tokio::test]
async fn what_is_under_way_is_not_taken_a_second_time_whatever_comes_meanwhile() {
    for backend in ALL {
        for (slug, part, settings) in [
            ("branch", "", branch("http://127.0.0.1:9")),
            ("pushwoosh", "tags", pushwoosh("http://127.0.0.1:9")),
        ] {
            let server = TestServer::on(backend).await;
            enable(&server, slug, settings.clone()).await;
            let target = target(&server, slug, part);
            let customer = Customer::new(&server, "ann").await;
            customer.post(TRANSACTION, &bought("t1")).await;
            // Its time to wait is over, so it is taken as one that still waits.
            let claimed = take(&server, target, START).await;
            settle_waiting(&server, &claimed, target, START, START + SECOND).await;
            let now = START + 2 * SECOND;
            server.state.clock.move_to(now).unwrap();
            let claimed = take(&server, target, now).await;
            only_turn(&claimed);
            make_all_due(&server, &customer, slug, &settings).await;
            try_by_hand(&server).await;
            let late = take(&server, target, now + 2 * SECOND).await;
            assert!(late.turns.is_empty(), "{backend:?} {slug}");
            assert_conserved(&server).await;
        }
    }
}

/// A wait after a failure is nothing that a change of the customer or of settings could shorten; who asks by hand can.
#[tokio::test]
async fn what_is_put_off_stays_so_whatever_comes_meanwhile_but_a_try_by_hand() {
    for backend in ALL {
        for (slug, part, settings) in [
            ("branch", "", branch("http://127.0.0.1:9")),
            ("pushwoosh", "tags", pushwoosh("http://127.0.0.1:9")),
        ] {
            let server = TestServer::on(backend).await;
            enable(&server, slug, settings.clone()).await;
            let target = target(&server, slug, part);
            let customer = Customer::new(&server, "ann").await;
            customer.post(TRANSACTION, &bought("t1")).await;
            let claimed = take(&server, target, START).await;
            let end = End::Later {
                due_at: START + HOUR,
                reason: "down".into(),
                record: None,
            };
            let failed = Settlement {
                end,
                ..refused(only_turn(&claimed), claimed.lease, START)
            };
            assert!(settle(&server.state, failed).await.unwrap());
            make_all_due(&server, &customer, slug, &settings).await;
            let late = take(&server, target, START + 2 * SECOND).await;
            assert!(late.turns.is_empty(), "{backend:?} {slug}");
            try_by_hand(&server).await;
            let asked = take(&server, target, START + 2 * SECOND).await;
            assert_eq!(asked.turns.len(), 1, "{backend:?} {slug}");
            assert_conserved(&server).await;
        }
    }
}

#[tokio::test]
async fn who_gives_back_after_its_lease_leaves_the_lane_to_the_next_one() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude("http://127.0.0.1:9")).await;
        let target = target(&server, "amplitude", "");
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        let stale = take(&server, target, START).await;
        let now = START + 60 * SECOND;
        let fresh = take(&server, target, now).await;
        let lane = only_turn(&fresh).lane.id;
        let before = stored(&server.state.store).await;
        let back = async |lease| {
            let lanes = vec![lane];
            let claimed = Claimed { lease, lanes };
            give_back(&server.state, target.id, &claimed, now).await.unwrap()
        };
        back(stale.lease).await;
        assert_eq!(stored(&server.state.store).await, before, "{backend:?}");
        // Whose it is can.
        back(fresh.lease).await;
        only_turn(&take(&server, target, now).await);
        assert_conserved(&server).await;
    }
}

/// On PostgreSQL those who settle at once share a statement.
#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_wait_and_are_settled_at_once_who_lost_its_lane_changes_nothing() {
    let mut server = TestServer::on(Backend::Postgres).await;
    // One writer: what waits behind it is one group.
    server.options.connections = 4;
    server.restart("2026-01-01T00:00:00Z").await;
    enable(&server, "pushwoosh", pushwoosh("http://127.0.0.1:9")).await;
    let target = target(&server, "pushwoosh", "tags");
    for name in ["ann", "bob", "busy"] {
        let customer = Customer::new(&server, name).await;
        if name != "busy" {
            customer.post(TRANSACTION, &bought(name)).await;
        }
    }
    let stale = take(&server, target, START).await;
    let fresh = take(&server, target, START + 60 * SECOND).await;
    assert_eq!((stale.turns.len(), fresh.turns.len()), (2, 2));
    let before = stored(&server.state.store).await;
    let client = postgres_client(postgres_url(&server.options)).await;
    hold(&client, "busy").await;
    let busy = Customer {
        server: &server,
        id: "busy",
    };
    let known = json!({"branch_id": "busy"});
    let settled = async |turn: &Turn| {
        let delivered = End::Closed {
            state: ClosedState::Delivered,
            reason: None,
        };
        let late = Settlement {
            held: HeldTurn::of(turn, stale.lease, target.part.pick),
            end: delivered,
            ..refused(turn, stale.lease, START)
        };
        settle(&server.state, late).await.unwrap()
    };
    let late = async {
        until_behind(&client, 1).await;
        tokio::join!(settled(&stale.turns[0]), settled(&stale.turns[1]))
    };
    let let_go = async {
        until_waiting(&server, 3).await;
        client.batch_execute("ROLLBACK").await.unwrap();
    };
    let (_, settled, ()) = tokio::join!(busy.post(IDENTIFIERS, &known), late, let_go);
    assert_eq!(settled, (false, false));
    assert_eq!(stored(&server.state.store).await, before);
}

/// Where more is due than is taken at a time, nobody is left behind.
#[tokio::test]
async fn what_has_been_due_longest_is_taken_first() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude("http://127.0.0.1:9")).await;
        let target = target(&server, "amplitude", "");
        for (second, name) in (0..).zip(["ann", "bob", "cid"]) {
            server.state.clock.move_to(START + second * SECOND).unwrap();
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
        }
        let one = Claim {
            limit: 1,
            ..due(app_id(&server), target, START + HOUR, START + HOUR + SECOND)
        };
        for name in ["ann", "bob", "cid"] {
            let claimed = claimed_turns(&server.state, &one).await;
            let whose = only_turn(&claimed).profile.customer_user_id.clone();
            assert_eq!(whose.as_deref(), Some(name), "{backend:?}");
        }
    }
}

/// There ought to be none; each would be taken again every minute.
#[tokio::test]
async fn a_lane_with_nothing_in_it_goes_and_the_others_stay() {
    static EMPTY: Sql = Sql::same("DELETE FROM queue");
    static LANES: Sql = Sql::same("SELECT count(*) FROM lanes");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude("http://127.0.0.1:9")).await;
        let target = target(&server, "amplitude", "");
        for name in ["ann", "bob"] {
            let customer = Customer::new(&server, name).await;
            customer.post(TRANSACTION, &bought(name)).await;
            if name == "ann" {
                run(&server, &EMPTY).await;
            }
        }
        let claimed = take(&server, target, START).await;
        let whose = only_turn(&claimed).profile.customer_user_id.clone();
        assert_eq!(whose.as_deref(), Some("bob"), "{backend:?}");
        let left = server
            .state
            .store
            .scan_whole(Statement::new(&LANES, []))
            .await
            .unwrap();
        assert_eq!(left[0].int(0).unwrap(), 1, "{backend:?}");
    }
}

/// A claim is written before its deliveries are read. Nobody sends them if they cannot be for now, so they do not wait for the
/// end of the lease.
#[tokio::test]
async fn what_was_claimed_and_cannot_be_read_for_now_is_given_back() {
    let vendor = Vendor::with(|_, _| Manner::Answers(200, "{}")).await;
    let server = TestServer::on(Backend::Postgres).await;
    enable(&server, "amplitude", amplitude(&vendor.url)).await;
    let customer = Customer::new(&server, "ann").await;
    customer.post(TRANSACTION, &bought("t1")).await;
    let other = postgres_client(postgres_url(&server.options)).await;
    other.batch_execute("BEGIN; LOCK TABLE events").await.unwrap();
    let _working = work(&server);
    let taken = async || claimed(&server).await;
    until_equal("lanes that are taken", 1, taken).await;
    until_equal("lanes that are taken once the read has failed", 0, taken).await;
    other.batch_execute("ROLLBACK").await.unwrap();
    until_states(&server, &["delivered 1"]).await;
    assert_conserved(&server).await;
}
