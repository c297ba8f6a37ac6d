//! A worker that has lost its lane writes nothing any more.

use bursar::actions::deliveries::{Claim, End, HeldTurn, Settlement, settle, settle_all};
use bursar::directory::Target;
use bursar::store::tables::deliveries::{self, Attempt};
use bursar::store::tables::delivery_states::ClosedState;
use bursar::store::tables::turns::Turn;
use bursar_domain::ids::AppId;
use bursar_domain::integrations::Pick;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend, SHARED};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    SECOND, Taken, amplitude, app_id, bought, claimed_turns, deliveries, enable, fates_of, settle_down,
    stored, told, transaction_of, until_states, work,
};
use crate::support::direct::set_settings;
use crate::support::mortal::Mortal;
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, PROFILE, START, TRANSACTION, TestServer};
use crate::support::vendor::{Gate, Manner, Vendor};
use crate::support::waiting::until;

/// Longer than a lane stays claimed.
const LEASE: i64 = 121 * SECOND;

fn target(server: &TestServer) -> Target {
    let directory = server.state.directory();
    directory
        .app(app_id(server))
        .unwrap()
        .integration("amplitude")
        .unwrap()
        .targets[0]
}

/// All lanes of a part that are due then, but for those of replays.
pub fn due(app: AppId, target: Target, now: i64, until: i64) -> Claim {
    Claim {
        app,
        target,
        slow: false,
        free: false,
        now,
        until,
        limit: 10,
    }
}

/// What a worker that thinks that the lane is still its own would write: the event was refused.
pub fn refused(turn: &Turn, lease: i64, now: i64) -> Settlement {
    let attempt = Attempt {
        number: 1,
        started_at: now,
        duration: 1,
        request: "{}".into(),
        status: Some(400),
        answer: "stale".into(),
        verdict: "rejected".into(),
    };
    Settlement {
        held: HeldTurn {
            tries: 1,
            first_tried_at: Some(now),
            ..HeldTurn::of(turn, lease, Pick::First)
        },
        attempt: Some(deliveries::keep(turn.event_seq, turn.lane.target, attempt)),
        end: End::Closed {
            state: ClosedState::Rejected,
            reason: Some("stale".into()),
        },
        now,
    }
}

#[tokio::test]
async fn who_settles_after_its_lease_changes_nothing() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude("http://127.0.0.1:9")).await;
        let customer = Customer::new(&server, "ann").await;
        for transaction in ["t1", "t2"] {
            customer.post(TRANSACTION, &bought(transaction)).await;
        }
        let take = async |from: i64| {
            let due = due(app_id(&server), target(&server), from, from + SECOND);
            claimed_turns(&server.state, &due).await
        };
        let stale = take(START).await;
        assert_eq!(stale.turns.len(), 1);
        assert!(take(START).await.turns.is_empty(), "{backend:?}: it is taken");
        let fresh = take(START + SECOND).await;
        assert_eq!(fresh.turns[0].event, stale.turns[0].event);
        let before = stored(&server.state.store).await;
        let late = refused(&stale.turns[0], stale.lease, START + SECOND);
        assert!(!settle(&server.state, late.clone()).await.unwrap(), "{backend:?}");
        assert_eq!(stored(&server.state.store).await, before, "{backend:?}");
        // The same is written by the one whose lane it is: the lease alone made the difference.
        let held = HeldTurn {
            lease: fresh.lease,
            ..late.held
        };
        let own = Settlement { held, ..late.clone() };
        assert!(settle(&server.state, own).await.unwrap(), "{backend:?}");
        let fates = fates_of(&server, "amplitude", "").await;
        assert_eq!(fates, ["t1 rejected stale", "t2 pending"], "{backend:?}");
        // And not a second time.
        assert!(!settle(&server.state, late).await.unwrap(), "{backend:?}");
        assert_conserved(&server).await;
    }
}

/// On SQLite the next event gets the number of the one that went with its profile, and where order does not matter its lane
/// is named by that.
#[tokio::test]
async fn who_settles_what_went_with_its_profile_changes_nothing_of_the_next_event() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let mut settings = amplitude("http://127.0.0.1:9");
        settings["ordered"] = false.into();
        enable(&server, "amplitude", settings).await;
        let take = async |from: i64| {
            let due = due(app_id(&server), target(&server), from, from + SECOND);
            claimed_turns(&server.state, &due).await
        };
        let ann = Customer::new(&server, "ann").await;
        ann.post(TRANSACTION, &bought("t1")).await;
        let gone = take(START).await;
        let late = refused(&gone.turns[0], gone.lease, START);
        assert_eq!(ann.call("DELETE", PROFILE, &Value::Null).await.status, 204);
        let bob = Customer::new(&server, "bob").await;
        bob.post(TRANSACTION, &bought("t2")).await;
        let is_sqlite = backend != Backend::Postgres;
        let same = take(START).await;
        assert_eq!(
            same.turns[0].event_seq == late.held.event_seq,
            is_sqlite,
            "{backend:?}"
        );
        let before = stored(&server.state.store).await;
        assert!(!settle(&server.state, late.clone()).await.unwrap(), "{backend:?}");
        let alone = settle_all(&server.state, vec![late.clone(), late]).await;
        assert_eq!((alone.late.len(), alone.failed.len()), (2, 0), "{backend:?}");
        assert_eq!(stored(&server.state.store).await, before, "{backend:?}");
        // Nothing is left of the first one that could count for the second.
        let own = refused(&same.turns[0], same.lease, START);
        assert!(settle(&server.state, own).await.unwrap(), "{backend:?}");
        assert_eq!(
            fates_of(&server, "amplitude", "").await,
            ["t2 rejected stale"],
            "{backend:?}"
        );
        assert_conserved(&server).await;
    }
}

/// What is open, what is closed, and each try, of lanes of the profile and of events.
#[tokio::test]
async fn nothing_is_left_of_the_deliveries_of_a_deleted_profile() {
    for backend in ALL {
        for ordered in [true, false] {
            let server = TestServer::on(backend).await;
            let vendor = Vendor::with(|_, number| match number {
                0 => Manner::Answers(200, "{}"),
                _ => Manner::Answers(500, "down"),
            })
            .await;
            let settings = with(amplitude(&vendor.url), json!({"ordered": ordered}));
            enable(&server, "amplitude", settings).await;
            let nothing = stored(&server.state.store).await;
            let _working = work(&server);
            let ann = Customer::new(&server, "ann").await;
            for (transaction, count) in [("t1", 1), ("t2", 2)] {
                ann.post(TRANSACTION, &bought(transaction)).await;
                settle_down(&server.state).await;
                assert_eq!(vendor.count(), count, "{backend:?}");
            }
            assert_eq!(ann.call("DELETE", PROFILE, &Value::Null).await.status, 204);
            assert_eq!(
                stored(&server.state.store).await,
                nothing,
                "{backend:?} {ordered}"
            );
        }
    }
}

/// Two customers with two events each, and a worker that takes their lanes `from` such a time on, for a second.
async fn two_lanes(backend: Backend) -> (TestServer, impl AsyncFn(i64) -> Taken) {
    let server = TestServer::on(backend).await;
    enable(&server, "amplitude", amplitude("http://127.0.0.1:9")).await;
    for name in ["ann", "bob"] {
        let customer = Customer::new(&server, name).await;
        for number in [1, 2] {
            customer
                .post(TRANSACTION, &bought(&format!("{name}{number}")))
                .await;
        }
    }
    let (state, app, target) = (server.state.clone(), app_id(&server), target(&server));
    let take = async move |from| claimed_turns(&state, &due(app, target, from, from + SECOND)).await;
    (server, take)
}

/// The turn in this claim that is of the same lane.
fn same_lane<'c>(claimed: &'c Taken, turn: &Turn) -> &'c Turn {
    let mut turns = claimed.turns.iter();
    turns.find(|other| other.lane == turn.lane).unwrap()
}

#[tokio::test]
async fn of_those_who_settle_together_only_who_lost_its_lane_changes_nothing() {
    for backend in ALL {
        let (server, take) = two_lanes(backend).await;
        let stale = take(START).await;
        let fresh = take(START + SECOND).await;
        let now = START + SECOND;
        let [lost, other] = stale.turns.as_slice() else {
            panic!("{backend:?}: two lanes");
        };
        let late = refused(lost, stale.lease, now);
        let own = refused(same_lane(&fresh, other), fresh.lease, now);
        let unwritten = settle_all(&server.state, vec![late, own.clone()]).await;
        let too_late: Vec<_> = unwritten.late.iter().map(|turn| turn.event).collect();
        assert_eq!(
            (too_late, unwritten.failed.len()),
            (vec![lost.event], 0),
            "{backend:?}"
        );
        let states = async || -> Vec<String> {
            let fates = fates_of(&server, "amplitude", "").await;
            let state = |fate: String| fate.split(' ').nth(1).unwrap().to_owned();
            fates.into_iter().map(state).collect()
        };
        let mut seen = states().await;
        seen.sort();
        assert_eq!(seen, ["pending", "pending", "pending", "rejected"], "{backend:?}");
        // The lane that was let go is free for what is left in it, the other one is still held.
        let next = take(now).await;
        let [left] = next.turns.as_slice() else {
            panic!("{backend:?}: one lane is free");
        };
        assert_eq!(left.lane, other.lane, "{backend:?}");
        assert_ne!(left.event, other.event, "{backend:?}");
        // And not a second time, beside another one.
        let before = stored(&server.state.store).await;
        let again = vec![own, refused(lost, stale.lease, now)];
        assert_eq!(
            settle_all(&server.state, again).await.late.len(),
            2,
            "{backend:?}"
        );
        assert_eq!(stored(&server.state.store).await, before, "{backend:?}");
        // What was last in its lanes: they go.
        let own = |claimed: &Taken, turn: &Turn| refused(turn, claimed.lease, now);
        let both = vec![own(&fresh, same_lane(&fresh, lost)), own(&next, left)];
        assert!(
            settle_all(&server.state, both).await.late.is_empty(),
            "{backend:?}"
        );
        let last = take(now).await;
        let [turn] = last.turns.as_slice() else {
            panic!("{backend:?}: one lane is left");
        };
        assert_eq!(turn.lane, lost.lane, "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn what_cannot_be_written_takes_down_nothing_that_is_settled_with_it() {
    for backend in ALL {
        let (server, take) = two_lanes(backend).await;
        let claimed = take(START).await;
        let both = claimed.turns.iter();
        let mut both: Vec<_> = both.map(|turn| refused(turn, claimed.lease, START)).collect();
        // PostgreSQL takes no such text.
        both[0].end = End::Closed {
            state: ClosedState::Rejected,
            reason: Some("\0".into()),
        };
        let wrong = both[0].held.event;
        let unwritten = settle_all(&server.state, both).await;
        assert!(unwritten.late.is_empty());
        let unsettled: Vec<_> = unwritten
            .failed
            .into_iter()
            .map(|(one, _)| one.held.event)
            .collect();
        let seen = stored(&server.state.store).await;
        let written = seen.matches("stale").count();
        match backend {
            Backend::Postgres => assert_eq!((unsettled.as_slice(), written), (&[wrong][..], 2), "{seen}"),
            _ => assert_eq!((unsettled.len(), written), (0, 3), "{backend:?}: {seen}"),
        }
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn a_worker_that_was_paused_in_a_request_causes_one_repeat_and_no_more() {
    for backend in SHARED {
        let gate = Gate::closed();
        let late = gate.holds(Manner::Answers(400, "stale"));
        let vendor = Vendor::with(move |_, number| match number {
            0 => late.clone(),
            _ => Manner::Answers(200, "{}"),
        })
        .await;
        let server = TestServer::on(backend).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let customer = Customer::new(&server, "ann").await;
        let paused = Mortal::start(&server.options, &server.state.clock).await;
        for transaction in ["t1", "t2"] {
            customer.post(TRANSACTION, &bought(transaction)).await;
        }
        vendor.until_count(1).await;
        server.state.clock.move_to(START + LEASE).unwrap();
        let other = Mortal::start(&server.options, &server.state.clock).await;
        until_states(&server, &["delivered 2"]).await;
        gate.open();
        settle_down(&paused.state).await;
        settle_down(&other.state).await;
        let told = told(&vendor.received());
        let order: Vec<_> = told.iter().map(transaction_of).collect();
        assert_eq!(order, ["t1", "t1", "t2"], "{backend:?}");
        let bodies: Vec<_> = vendor
            .received()
            .into_iter()
            .map(|request| request.body)
            .collect();
        assert_eq!(bodies[0], bodies[1], "{backend:?}");
        let seen = deliveries(&server).await;
        assert!(
            seen.iter()
                .all(|seen| seen.state == "delivered" && seen.tries == 1),
            "{seen:?}"
        );
        assert_conserved(&server).await;
    }
}

/// The server dies while the third party has the event. It lies ahead, so what is told of its time is another one: not
/// that of the try, or the repeat would look like another event.
#[tokio::test]
async fn a_repeat_after_a_death_is_told_in_the_same_words() {
    let off = json!({"access_level_updated": false});
    for (slug, settings) in [
        (
            "mixpanel",
            json!({"tokens": {"production": {"ios": "k"}}, "events": off}),
        ),
        ("posthog", json!({"api_key": "phc_k", "events": off})),
        (
            "airbridge",
            json!({"app_name": "app", "api_token": "k", "events": off}),
        ),
        ("webhook", json!({"events": off})),
    ] {
        let vendor = Vendor::with(|_, _| Manner::Silent).await;
        let server = TestServer::on(Backend::SqliteFile).await;
        let place = match slug {
            "webhook" => json!({"urls": {"production": vendor.url}}),
            _ => json!({"base_url": vendor.url}),
        };
        set_settings(&server, json!({"ios_bundle_id": "com.example"})).await;
        enable(&server, slug, with(settings, place)).await;
        let customer = Customer::new(&server, "ann").await;
        customer
            .post(IDENTIFIERS, &json!({"airbridge_device_id": "d"}))
            .await;
        let ahead = json!({"purchased_at": "2026-01-01T06:00:00Z", "originally_purchased_at": "2026-01-01T06:00:00Z"});
        customer.post(TRANSACTION, &with(bought("t1"), ahead)).await;
        // The event alone is looked at: the profile of Mixpanel says what is true at the moment.
        let of_event = || -> Vec<_> {
            let received = vendor.received().into_iter();
            received
                .filter(|request| !request.path.starts_with("/engage"))
                .collect()
        };
        let dead = Mortal::start(&server.options, &server.state.clock).await;
        until(format!("{slug} gets the event"), async || !of_event().is_empty()).await;
        assert_eq!(of_event().len(), 1, "{slug}: {:?}", deliveries(&server).await);
        drop(dead);
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        server.state.clock.move_to(START + LEASE).unwrap();
        let _working = work(&server);
        settle_down(&server.state).await;
        let bodies: Vec<_> = of_event()
            .into_iter()
            .map(|request| (request.path, request.body))
            .collect();
        assert_eq!(bodies.len(), 2, "{slug}: {bodies:?}");
        assert_eq!(bodies[0], bodies[1], "{slug}");
    }
}

/// One request at a time, and two routes: what is claimed for the second waits for the first, beyond its lease.
#[tokio::test]
async fn what_waited_for_its_request_beyond_the_lease_is_left_to_the_next_one() {
    let gate = Gate::closed();
    let late = gate.holds(Manner::Answers(200, "{}"));
    let vendor = Vendor::with(move |_, number| match number {
        0 => late.clone(),
        _ => Manner::Answers(200, "{}"),
    })
    .await;
    let server = TestServer::on(Backend::SqliteFile).await;
    let keys = json!({"max_in_flight": 1, "api_keys": {"production": {"ios": "one", "android": "two"}}});
    enable(&server, "amplitude", with(amplitude(&vendor.url), keys)).await;
    for (name, store) in [("ann", "app_store"), ("bob", "play_store")] {
        let customer = Customer::new(&server, name).await;
        customer
            .post(TRANSACTION, &with(bought(name), json!({"store": store})))
            .await;
    }
    let paused = Mortal::start(&server.options, &server.state.clock).await;
    vendor.until_count(1).await;
    server.state.clock.move_to(START + LEASE).unwrap();
    let _working = work(&server);
    until_states(&server, &["delivered 2"]).await;
    gate.open();
    settle_down(&paused.state).await;
    settle_down(&server.state).await;
    let mut order: Vec<_> = told(&vendor.received()).iter().map(transaction_of).collect();
    order.sort();
    // The one whose request was under way had to be repeated; the other one had not.
    let waited = order
        .iter()
        .filter(|name| *name != &transaction_of(&told(&vendor.received())[0]));
    assert_eq!((order.len(), waited.count()), (3, 1), "{order:?}");
}
