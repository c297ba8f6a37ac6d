//! When what failed is tried again: on a test clock, to the microsecond.

use serde_json::json;

use crate::support::backend::{ALL, Backend};
use crate::support::conservation::assert_conserved;
use crate::support::deliveries::{
    HOUR, MINUTE, SECOND, advance, amplitude, bought, branch, buyers, claimed, deliveries, enable, entries,
    fates_of, next_due, only, put, retry, settle_down, states, until_states, webhook, work,
};
use crate::support::purchases::{Customer, with};
use crate::support::server::{IDENTIFIERS, START, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};
use crate::support::waiting::until_equal;

/// Goes to the time at which the next try is due; answers how long that was.
async fn go_to_next(server: &TestServer) -> i64 {
    let wait = next_due(server).await.unwrap() - server.state.clock.now();
    advance(server, wait - 1).await;
    wait
}

/// A server with workers, one customer and one event that could not be sent yet.
async fn failing(backend: Backend, slug: &str, settings: serde_json::Value) -> TestServer {
    let server = TestServer::on(backend).await;
    enable(&server, slug, settings).await;
    Customer::new(&server, "ann")
        .await
        .post(TRANSACTION, &bought("t1"))
        .await;
    server
}

#[tokio::test]
async fn the_waits_between_tries_are_those_of_the_usual_schedule_until_the_event_is_too_old() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = failing(backend, "amplitude", amplitude(&vendor.url)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        for (place, middle) in [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
            .into_iter()
            .enumerate()
        {
            assert_eq!(vendor.count(), place + 1, "{backend:?}");
            let wait = go_to_next(&server).await;
            let bounds = middle * SECOND / 100 * 80..=middle * SECOND / 100 * 120;
            assert!(bounds.contains(&wait), "{backend:?}: {wait} is not in {bounds:?}");
            // Not a microsecond early, and then at once.
            assert_eq!(vendor.count(), place + 1, "{backend:?}");
            advance(&server, 1).await;
        }
        // Amplitude tells repeats for seven days: until then it goes on, whatever the number of tries.
        while next_due(&server).await.is_some() {
            go_to_next(&server).await;
            advance(&server, 1).await;
        }
        let [seen] = &deliveries(&server).await[..] else {
            panic!("one event")
        };
        assert_eq!(
            (seen.state.as_str(), seen.reason.as_str()),
            ("expired", "too_old")
        );
        let age = server.state.clock.now() - START;
        assert!(age > 7 * 24 * HOUR && age < 7 * 24 * HOUR + 12 * HOUR, "{age}");
        assert_eq!(vendor.count(), usize::try_from(seen.tries).unwrap());
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn who_asks_for_time_gets_it_in_both_forms_and_nobody_else_is_sent_for_minutes() {
    /// For so long one answer stops all the others.
    const OTHERS: i64 = 300;
    // The clock stands at 2026-01-01 00:00:00; a date has no fractions, so it may be a second later.
    for (status, form, least) in [
        (429, "120", 120),
        (503, "300", 300),
        (429, "Thu, 01 Jan 2026 00:10:00 GMT", 600),
        (503, "Thu, 01 Jan 2026 01:00:00 GMT", 3_600),
    ] {
        let asks = format!("HTTP/1.1 {status} x\r\nretry-after: {form}\r\ncontent-length: 0\r\n\r\n");
        let vendor = Vendor::with(move |_, _| Manner::Raw(asks.clone())).await;
        let server = failing(Backend::SqliteMemory, "amplitude", amplitude(&vendor.url)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let other = Customer::new(&server, "bob").await;
        other.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), 1, "{form}: it asked to be left alone");
        vendor.script(|_, _| Manner::Answers(200, "{}"));
        let others = least.min(OTHERS);
        advance(&server, others * SECOND - 1).await;
        assert_eq!(vendor.count(), 1, "{form}");
        if least > OTHERS {
            advance(&server, 1).await;
            let fates = fates_of(&server, "amplitude", "").await;
            assert_eq!(
                fates,
                [format!("t1 pending {status}"), "t2 delivered".into()],
                "{form}"
            );
            advance(&server, (least - others) * SECOND - 1).await;
            assert_eq!(vendor.count(), 2, "{form}");
        }
        // At most a fifth longer, and the second into which a date is rounded.
        advance(&server, least * SECOND / 5 + SECOND + 1).await;
        until_states(&server, &["delivered 2"]).await;
    }
}

#[tokio::test]
async fn the_webhook_doubles_its_waits_and_gives_up_after_nine_repeats() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let settings = json!({"urls": {"production": vendor.url}, "events": {"access_level_updated": false}});
        let server = failing(backend, "webhook", settings).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        for minutes in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
            assert_eq!(go_to_next(&server).await, minutes * MINUTE, "{backend:?}");
            advance(&server, 1).await;
        }
        let [seen] = &deliveries(&server).await[..] else {
            panic!("one event")
        };
        assert_eq!(
            (seen.state.as_str(), seen.tries, vendor.count()),
            ("rejected", 10, 10)
        );
        assert_eq!(seen.reason, "given up after 10 tries: 500 down");
        assert_eq!(server.state.clock.now() - START, 511 * MINUTE);
        assert_conserved(&server).await;
    }
}

/// Also who asks for a day, after which nothing is repeated any more, gets repeats.
#[tokio::test]
async fn the_webhook_waits_no_longer_than_its_longest_wait_whatever_is_asked_for() {
    for backend in ALL {
        let asks = "HTTP/1.1 503 x\r\nretry-after: 86400\r\ncontent-length: 0\r\n\r\n";
        let vendor = Vendor::with(|_, _| Manner::Raw(asks.into())).await;
        let server = failing(backend, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        for tries in 1..=6 {
            assert_eq!(vendor.count(), tries, "{backend:?}");
            assert_eq!(go_to_next(&server).await, 256 * MINUTE, "{backend:?}");
            advance(&server, 1).await;
        }
        assert_eq!(vendor.count(), 6, "{backend:?}");
        assert_eq!(fates_of(&server, "webhook", "").await, ["t1 expired too_old"]);
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn the_webhook_repeats_nothing_a_day_after_the_first_try() {
    let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
    let settings = json!({"urls": {"production": vendor.url}, "events": {"access_level_updated": false}});
    let server = failing(Backend::SqliteMemory, "webhook", settings).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    server.state.clock.move_to(START + 24 * HOUR + 1).unwrap();
    until_states(&server, &["expired 1"]).await;
    assert_eq!(vendor.count(), 1);
}

/// It drops what is older than two weeks without a word, and a repeat has the time of the first try.
#[tokio::test]
async fn appmetrica_gets_no_repeat_a_week_after_the_first_try() {
    let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
    let settings = json!({"application_id": "4242", "post_api_key": "key", "base_url": vendor.url,
        "events": {"access_level_updated": false}});
    let server = failing(Backend::SqliteMemory, "appmetrica", settings).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    server.state.clock.move_to(START + 7 * 24 * HOUR + 1).unwrap();
    until_states(&server, &["expired 1"]).await;
    assert_eq!(vendor.count(), 1);
}

/// Nobody is told of an event twice because of its age alone: only what failed counts.
#[tokio::test]
async fn the_webhook_tries_an_event_of_yesterday_once() {
    for (hours, expected, tries) in [(23, "t1 delivered", 2), (25, "t1 expired too_old", 1)] {
        let vendor = Vendor::with(|_, _| Manner::Answers(410, "gone")).await;
        let settings = with(webhook(&vendor.url), json!({"retry_on": "non_2xx"}));
        let server = TestServer::on(Backend::SqliteMemory).await;
        let _working = work(&server);
        put(&server, "webhook", true, &settings).await;
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &bought("t1")).await;
        advance(&server, hours * HOUR).await;
        // It is let go on, and fails once.
        let before = vendor.count();
        vendor.script(move |request, number| match request.body.as_str() {
            "{}" => Manner::Answers(200, "{}"),
            _ if number < before + 2 => Manner::Answers(500, "down"),
            _ => Manner::Answers(200, "{}"),
        });
        put(&server, "webhook", true, &settings).await;
        settle_down(&server.state).await;
        advance(&server, MINUTE).await;
        assert_eq!(fates_of(&server, "webhook", "").await, [expected], "{hours}");
        assert_eq!(vendor.count(), before + 1 + tries, "{hours}");
    }
}

#[tokio::test]
async fn an_address_that_took_nothing_for_a_day_gets_each_event_once() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = failing(backend, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let customer = Customer::new(&server, "bob").await;
        advance(&server, 24 * HOUR - 10 * MINUTE).await;
        customer.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        assert_eq!(
            (states(&server).await, vendor.count()),
            (vec!["pending 2".into()], 3)
        );
        // What would be repeated is not sent any more, and what is new is sent once.
        advance(&server, 10 * MINUTE).await;
        customer.post(TRANSACTION, &bought("t3")).await;
        settle_down(&server.state).await;
        let dead = "given up: nothing has succeeded there for a day";
        let fates = fates_of(&server, "webhook", "").await;
        assert_eq!(
            fates,
            [
                format!("t1 rejected {dead}"),
                format!("t2 rejected {dead}"),
                format!("t3 rejected {dead}; 500 down")
            ],
            "{backend:?}"
        );
        assert_eq!(vendor.count(), 4, "{backend:?}");
        // One success is enough, and then failures are repeated again.
        vendor.script(|request, _| match request.body.contains("t4") {
            true => Manner::Answers(200, "{}"),
            false => Manner::Answers(500, "down"),
        });
        for transaction in ["t4", "t5"] {
            customer.post(TRANSACTION, &bought(transaction)).await;
            settle_down(&server.state).await;
        }
        let fates = fates_of(&server, "webhook", "").await;
        assert_eq!(fates[3..], ["t4 delivered", "t5 pending 500 down"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn a_failure_before_a_day_on_which_nothing_was_sent_makes_no_address_dead() {
    for backend in ALL {
        let vendor = Vendor::with(|_, number| match number {
            0 | 2 => Manner::Answers(503, "busy"),
            1 => Manner::Answers(404, "no"),
            _ => Manner::Answers(200, "{}"),
        })
        .await;
        let server = failing(backend, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        advance(&server, MINUTE).await;
        advance(&server, 25 * HOUR).await;
        let customer = Customer::new(&server, "bob").await;
        customer.post(TRANSACTION, &bought("t2")).await;
        settle_down(&server.state).await;
        let fates = fates_of(&server, "webhook", "").await;
        assert_eq!(
            fates,
            ["t1 rejected 404 no", "t2 pending 503 busy"],
            "{backend:?}"
        );
        advance(&server, MINUTE).await;
        let fates = fates_of(&server, "webhook", "").await;
        assert_eq!(fates, ["t1 rejected 404 no", "t2 delivered"], "{backend:?}");
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn an_address_for_tests_that_is_dead_takes_no_repeats_from_the_other_one() {
    let greeted = |request: &Received, status| match request.body.as_str() {
        "{}" => Manner::Answers(200, "{}"),
        _ => Manner::Answers(status, "down"),
    };
    let tests = Vendor::with(move |request, _| greeted(request, 500)).await;
    let real =
        Vendor::with(move |request, number| greeted(request, if number < 2 { 503 } else { 200 })).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let urls = json!({"urls": {"production": real.url, "sandbox": tests.url}});
    enable(&server, "webhook", with(webhook(&real.url), urls)).await;
    let customer = Customer::new(&server, "ann").await;
    let _working = work(&server);
    let in_sandbox = |id| with(bought(id), json!({"environment": "Sandbox"}));
    customer.post(TRANSACTION, &in_sandbox("s1")).await;
    settle_down(&server.state).await;
    for _ in 0..25 {
        advance(&server, HOUR).await;
    }
    customer.post(TRANSACTION, &in_sandbox("s2")).await;
    customer.post(TRANSACTION, &bought("t1")).await;
    settle_down(&server.state).await;
    let fates = fates_of(&server, "webhook", "").await;
    assert!(fates[1].starts_with("s2 rejected given up"), "{fates:?}");
    assert_eq!(fates[2], "t1 pending 503 down");
    for _ in 0..3 {
        advance(&server, 2 * MINUTE).await;
    }
    assert_eq!(
        fates_of(&server, "webhook", "").await[2],
        "t1 delivered",
        "{}",
        real.count()
    );
}

/// AppsFlyer answers 500 also to what it cannot read, so that is tried ten times.
#[tokio::test]
async fn an_outage_uses_up_no_tries_of_what_is_tried_a_few_times_only() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(503, "down")).await;
        let settings =
            json!({"ios_app_id": "1470011223", "keys": {"production": {"ios": "k"}}, "base_url": vendor.url});
        let server = failing(backend, "appsflyer", settings).await;
        let ann = Customer {
            server: &server,
            id: "ann",
        };
        ann.post(IDENTIFIERS, &json!({"appsflyer_id": "1600000000000-1"}))
            .await;
        let _working = work(&server);
        settle_down(&server.state).await;
        for _ in 1..12 {
            go_to_next(&server).await;
            advance(&server, 1).await;
        }
        assert_eq!(vendor.count(), 12, "{backend:?}");
        vendor.script(|_, _| Manner::Answers(500, "odd"));
        while next_due(&server).await.is_some() {
            go_to_next(&server).await;
            advance(&server, 1).await;
        }
        assert_eq!(vendor.count(), 22, "{backend:?}");
        let fates = fates_of(&server, "appsflyer", "").await;
        assert_eq!(
            fates,
            ["t1 rejected given up after 22 tries: 500 odd"],
            "{backend:?}"
        );
        assert_conserved(&server).await;
    }
}

#[tokio::test]
async fn who_asks_for_one_more_try_gets_the_whole_schedule_anew() {
    for backend in ALL {
        let vendor = Vendor::with(|_, _| Manner::Answers(500, "down")).await;
        let server = failing(backend, "webhook", webhook(&vendor.url)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        for round in 1..=2 {
            for minutes in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
                assert_eq!(
                    go_to_next(&server).await,
                    minutes * MINUTE,
                    "{backend:?}, {round}"
                );
                advance(&server, 1).await;
            }
            let fates = fates_of(&server, "webhook", "").await;
            assert_eq!(
                fates,
                ["t1 rejected given up after 10 tries: 500 down"],
                "{backend:?}"
            );
            let list = entries(&server, "deliveries").await;
            assert_eq!(only(&list)["attempts"], 10 * round);
            retry(&server, only(&list)).await;
            // After so many failures the third party is left alone for a while.
            advance(&server, MINUTE).await;
        }
        assert_conserved(&server).await;
    }
}

/// Amplitude's documents ask for half a minute after a 429; an answer that says how long itself is believed.
#[tokio::test]
async fn what_the_documents_ask_for_is_waited_for_unless_the_answer_asks_itself() {
    for (manner, seconds) in [
        (Manner::Answers(429, "too much"), 30..=36),
        (Manner::Asks("10"), 10..=12),
        (Manner::Asks("100"), 100..=120),
    ] {
        let vendor = Vendor::with(move |_, _| manner.clone()).await;
        let server = failing(Backend::SqliteMemory, "amplitude", amplitude(&vendor.url)).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let wait = next_due(&server).await.unwrap() - START;
        let bounds = seconds.start() * SECOND..=seconds.end() * SECOND;
        assert!(bounds.contains(&wait), "{wait} is not in {bounds:?}");
    }
}

/// The age that Mixpanel's `/track` takes is not a limit of the integration, only of this way.
#[tokio::test]
async fn a_repeat_expires_where_the_way_of_the_settings_takes_nothing_so_old() {
    let vendor = Vendor::with(|request, _| match request.path.starts_with("/track") {
        true => Manner::Answers(500, "down"),
        false => Manner::Answers(200, "1"),
    })
    .await;
    let settings = json!({"tokens": {"production": {"ios": "token"}}, "base_url": vendor.url, "ingestion": "track",
        "events": {"access_level_updated": false}});
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "mixpanel", settings).await;
    let customer = Customer::new(&server, "ann").await;
    let today =
        json!({"purchased_at": "2026-01-01T00:00:00Z", "originally_purchased_at": "2026-01-01T00:00:00Z"});
    customer.post(TRANSACTION, &with(bought("t1"), today)).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    for (hours, fate) in [(5 * 24, "t1 pending 500 down"), (11, "t1 expired too_old")] {
        advance(&server, hours * HOUR).await;
        assert_eq!(fates_of(&server, "mixpanel", "event").await, [fate]);
    }
    assert_conserved(&server).await;
}

/// A proof says that the receiver is well on all its addresses: what was wrong before it is over.
#[tokio::test]
async fn a_dead_address_that_is_proved_gets_repeats_again() {
    let vendor = Vendor::with(|request, _| match request.body.as_str() {
        "{}" => Manner::Answers(200, "{}"),
        _ => Manner::Answers(500, "down"),
    })
    .await;
    let server = failing(Backend::SqliteMemory, "webhook", webhook(&vendor.url)).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    advance(&server, 24 * HOUR).await;
    let customer = Customer::new(&server, "bob").await;
    for (transaction, state, is_saved) in [("t2", "rejected", false), ("t3", "pending", true)] {
        if is_saved {
            let other = json!({"authorizations": {"production": "Bearer other"}});
            let saved = put(&server, "webhook", true, &with(webhook(&vendor.url), other)).await;
            assert_eq!(saved.json()["status"], "ok", "{}", saved.text());
        }
        customer.post(TRANSACTION, &bought(transaction)).await;
        settle_down(&server.state).await;
        let fates = fates_of(&server, "webhook", "").await;
        let fate = fates.iter().find(|fate| fate.starts_with(transaction)).unwrap();
        assert!(fate.starts_with(&format!("{transaction} {state}")), "{fate}");
    }
}

/// Also what was claimed already, and waits for the rate.
#[tokio::test]
async fn who_asks_to_be_left_alone_gets_nothing_that_waits_for_its_request() {
    const EVENTS: usize = 20;
    let vendor = Vendor::with(|_, _| Manner::Asks("60")).await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    let slowly = json!({"requests_per_second": 5});
    enable(&server, "branch", with(branch(&vendor.url), slowly)).await;
    buyers(&server, 0..EVENTS).await;
    let _working = work(&server);
    vendor.until_count(1).await;
    // They go back, and are not held until their claim ends.
    until_equal("lanes that are claimed", 0, async || claimed(&server).await).await;
    assert!(vendor.count() < EVENTS / 4, "{} of {EVENTS}", vendor.count());
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    advance(&server, 90 * SECOND).await;
    assert_eq!(states(&server).await, [format!("delivered {EVENTS}")]);
}

/// The day for which the webhook repeats an event begins anew for who asks for it by hand.
#[tokio::test]
async fn what_is_asked_for_after_a_day_is_repeated_for_a_day_from_then() {
    let vendor = Vendor::with(|_, _| Manner::Answers(400, "no")).await;
    let server = failing(Backend::SqliteMemory, "webhook", webhook(&vendor.url)).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    assert_eq!(fates_of(&server, "webhook", "").await, ["t1 rejected 400 no"]);
    advance(&server, 30 * HOUR).await;
    vendor.script(|_, _| Manner::Answers(500, "down"));
    let listed = entries(&server, "deliveries").await;
    retry(&server, only(&listed)).await;
    settle_down(&server.state).await;
    assert_eq!(fates_of(&server, "webhook", "").await, ["t1 pending 500 down"]);
    vendor.script(|_, _| Manner::Answers(200, "{}"));
    advance(&server, 2 * MINUTE).await;
    assert_eq!(fates_of(&server, "webhook", "").await, ["t1 delivered"]);
}
