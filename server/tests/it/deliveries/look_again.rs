//! What waits for an identifier is looked at anew once settings were saved that may ask for less.

use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, MINUTE, SECOND, advance, bought, branch, enable, known_buyer, put, rows, run, settle_down, states,
    work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, START, TRANSACTION, TestServer};
use crate::support::vendor::{Gate, Manner, Vendor};
use crate::support::waiting::until_equal;

use bursar::store::Sql;

/// More than two times as many as are let go at a time.
const MANY: i64 = 300;
/// How many are let go at a time.
const SOME: i64 = 128;
/// Profiles whose lanes come first and last.
const FIRST: &str = "00000000-0000-4000-8000-00000000000a";
const LAST: &str = "f0000000-0000-4000-8000-00000000000a";

/// Settings by which an event waits so many seconds for an identifier.
fn patient(vendor: &Vendor, seconds: i64) -> Value {
    with(branch(&vendor.url), json!({"wait_for_identifier": seconds}))
}

/// So many customers that Branch does not know, with a purchase each that waits.
async fn strangers(server: &TestServer, number: i64) {
    for number in 0..number {
        let name = format!("user-{number}");
        let customer = Customer::new(server, &name).await;
        customer.post(TRANSACTION, &bought(&name)).await;
    }
    settle_down(&server.state).await;
    assert_eq!(states(server).await, [format!("waiting {number}")]);
}

/// How many lanes wait for an identifier.
async fn waiting(server: &TestServer) -> i64 {
    static SQL: Sql = Sql::same("SELECT count(*) FROM lanes WHERE waits = 1");
    rows(server, &SQL).await[0].int(0).unwrap()
}

/// How many parts have waiting lanes that are to be let go.
async fn ordered(server: &TestServer) -> i64 {
    static SQL: Sql = Sql::same("SELECT count(*) FROM releases");
    rows(server, &SQL).await[0].int(0).unwrap()
}

#[tokio::test]
async fn what_waits_is_let_go_some_at_a_time_and_by_the_next_server_too() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let mut server = TestServer::on(backend).await;
        enable(&server, "branch", patient(&vendor, 86_400)).await;
        let working = work(&server);
        strangers(&server, MANY).await;
        put(&server, "branch", true, &patient(&vendor, 0)).await;
        assert_eq!(
            waiting(&server).await,
            MANY,
            "{backend:?}: the save itself lets none go"
        );
        let gate = Gate::closed();
        let held = gate.holds(Manner::Answers(200, "{}"));
        vendor.script(move |_, _| held.clone());
        server.state.clock.move_to(START + SECOND).unwrap();
        // Some of them are under way and keep the others busy.
        vendor.until_count(1).await;
        let still = async || waiting(&server).await;
        until_equal("those that still wait", MANY - SOME, still).await;
        let begun = vendor.count();
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        assert_eq!(waiting(&server).await, MANY - SOME, "{backend:?}: {begun}");
        drop(working);
        gate.open();
        // What was under way is due when its lease is over.
        if backend == Backend::SqliteMemory {
            server.state.clock.move_to(START + 2 * MINUTE).unwrap();
        } else {
            server.restart("2026-01-01T00:02:00Z").await;
        }
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(
            states(&server).await,
            [format!("delivered {MANY}")],
            "{backend:?}"
        );
        assert_eq!(ordered(&server).await, 0, "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn what_waits_stays_as_it_is_where_nothing_was_changed_or_the_integration_is_switched_off() {
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        enable(&server, "branch", patient(&vendor, 86_400)).await;
        let _working = work(&server);
        strangers(&server, 2).await;
        advance(&server, SECOND).await;
        assert_eq!(ordered(&server).await, 0, "{backend:?}: all has been looked at");
        for (enabled, seconds) in [(true, 86_400), (false, 86_400), (false, 0)] {
            put(&server, "branch", enabled, &patient(&vendor, seconds)).await;
            let found = [waiting(&server).await, ordered(&server).await];
            assert_eq!(found, [2, 0], "{backend:?}: {enabled} {seconds}");
        }
        advance(&server, HOUR).await;
        assert_eq!(waiting(&server).await, 2, "{backend:?}");
        // What was changed while it was off counts once it is on.
        put(&server, "branch", true, &patient(&vendor, 0)).await;
        advance(&server, SECOND).await;
        assert_eq!(states(&server).await, ["delivered 2"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// A wait after a failure is nothing that settings shorten, wherever its lane lies among those that are let go.
#[tokio::test]
async fn what_has_failed_waits_on_while_what_waits_is_let_go() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = TestServer::on(backend).await;
        enable(&server, "branch", patient(&vendor, 86_400)).await;
        let _working = work(&server);
        for (name, id) in [("known", FIRST), ("stranger", LAST)] {
            let headers = [("adapty-customer-user-id", name), ("adapty-profile-id", id)];
            assert_eq!(server.call("POST", PROFILE, &headers, "").await.status, 200);
            let customer = Customer {
                server: &server,
                id: name,
            };
            if name == "known" {
                customer.post(IDENTIFIERS, &json!({"branch_id": name})).await;
            }
            customer.post(TRANSACTION, &bought(name)).await;
        }
        settle_down(&server.state).await;
        assert_eq!(states(&server).await, ["pending 1", "waiting 1"], "{backend:?}");
        put(&server, "branch", true, &patient(&vendor, 0)).await;
        advance(&server, SECOND).await;
        assert_eq!(states(&server).await, ["pending 2"], "{backend:?}");
        assert_eq!(vendor.count(), 2, "{backend:?}: each was tried once");
    }
}

#[tokio::test]
async fn a_part_that_is_through_ends_nothing_of_the_others() {
    // As where another server has found that nothing waits of the last one.
    static THROUGH: Sql =
        Sql::same("DELETE FROM releases WHERE target_id = (SELECT max(target_id) FROM releases)");
    for backend in ALL {
        let vendor = Vendor::start().await;
        let server = TestServer::on(backend).await;
        let patient = |seconds: i64| {
            json!({"tokens": {"production": {"ios": "k"}}, "base_url": vendor.url,
                   "events": {"access_level_updated": false}, "wait_for_identifier": seconds})
        };
        enable(&server, "mixpanel", patient(86_400)).await;
        let _working = work(&server);
        let stranger = Customer::new(&server, "stranger").await;
        stranger.post(TRANSACTION, &bought("t1")).await;
        settle_down(&server.state).await;
        assert!(waiting(&server).await > 1, "{backend:?}: in several parts");
        put(&server, "mixpanel", true, &patient(0)).await;
        run(&server, &THROUGH).await;
        // The worker looks around meanwhile.
        known_buyer(&server, "known").await;
        settle_down(&server.state).await;
        advance(&server, SECOND).await;
        let left = (waiting(&server).await, ordered(&server).await);
        assert_eq!(left, (0, 0), "{backend:?}");
    }
}
