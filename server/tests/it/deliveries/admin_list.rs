//! The administration's lists of deliveries, and single ones.

use std::time::Duration;

use bursar::store::Sql;
use serde_json::{Value, json};

use crate::support::administration::walk;
use crate::support::backend::ALL;
use crate::support::deliveries::{
    amplitude, enable, entries, get, only, run, send, until_states, webhook, work,
};
use crate::support::direct::add_app;
use crate::support::purchases::{Customer, numbered, subscription, with};
use crate::support::server::{TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// One that takes most, refuses the customer `bad` and fails for the customer `later`.
async fn choosy() -> Vendor {
    Vendor::with(|request, _| {
        let is_of = |customer: &str| {
            request
                .body
                .contains(&format!(r#""customer_user_id":"{customer}""#))
        };
        match () {
            () if is_of("bad") => Manner::Answers(400, "no, Bearer s3cr3t-hook"),
            () if is_of("later") => Manner::Answers(500, "soon"),
            () => Manner::Answers(200, "{}"),
        }
    })
    .await
}

async fn purchase(server: &TestServer, customer: &'static str, id: &str) {
    let customer = Customer { server, id: customer };
    customer.post(TRANSACTION, &numbered(subscription(), id)).await;
}

/// A delivery that is done, one that was refused, and two of one profile of which the first is tried again later.
async fn some_of_each(server: &TestServer, vendor: &Vendor) {
    enable(
        server,
        "webhook",
        with(webhook(&vendor.url), json!({"ordered": true})),
    )
    .await;
    for customer in ["good", "bad", "later"] {
        Customer::new(server, customer).await;
        purchase(server, customer, customer).await;
    }
    let _working = work(server);
    until_states(server, &["delivered 1", "pending 1", "rejected 1"]).await;
    purchase(server, "later", "later-2").await;
}

async fn count(server: &TestServer, query: &str) -> usize {
    entries(server, &format!("deliveries?{query}")).await.len()
}

#[tokio::test]
async fn deliveries_are_listed_newest_event_first_page_by_page_and_by_what_is_asked_for() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, choosy().await);
        some_of_each(&server, &vendor).await;
        let all = entries(&server, "deliveries").await;
        let states: Vec<_> = all.iter().map(|one| one["state"].as_str().unwrap()).collect();
        assert_eq!(
            states,
            ["pending", "pending", "rejected", "delivered"],
            "{backend:?}"
        );
        let list = format!("apps/{}/deliveries", server.app_id);
        let (walked, pages) = walk(&server, &list, 1).await;
        assert_eq!((walked, pages), (all.clone(), 4), "{backend:?}");
        let (rejected, behind, first) = (&all[2], &all[0], &all[1]);
        assert!(
            rejected["reason"].as_str().unwrap().contains("400 no"),
            "{rejected}"
        );
        assert_eq!(
            (&rejected["attempts"], &rejected["next_attempt_at"]),
            (&json!(1), &Value::Null)
        );
        let turn = first["delivery_id"].as_str().unwrap();
        assert_eq!(behind["reason"], format!("behind {turn}"));
        assert_eq!(
            (&behind["attempts"], &behind["next_attempt_at"]),
            (&json!(0), &Value::Null)
        );
        assert!(first["next_attempt_at"].as_str().unwrap() > "2026-01-01T00:00:30");
        assert_eq!(turn, format!("{}:webhook", first["event_id"].as_str().unwrap()));
        let profile = first["profile_id"].as_str().unwrap();
        let event = first["event_id"].as_str().unwrap();
        for (query, expected) in [
            ("state=pending".to_owned(), 2),
            ("state=rejected".to_owned(), 1),
            ("state=waiting".to_owned(), 0),
            ("state=sending".to_owned(), 0),
            ("state=blocked".to_owned(), 0),
            ("integration=webhook".to_owned(), 4),
            ("integration=amplitude".to_owned(), 0),
            (format!("profile_id={profile}"), 2),
            (format!("profile_id={profile}&state=delivered"), 0),
            (format!("event_id={event}"), 1),
            (format!("event_id={event}&profile_id={profile}"), 1),
            (
                format!(
                    "event_id={event}&profile_id={}",
                    rejected["profile_id"].as_str().unwrap()
                ),
                0,
            ),
            (format!("event_id={profile}"), 0),
            (format!("profile_id={event}"), 0),
        ] {
            assert_eq!(count(&server, &query).await, expected, "{backend:?} {query}");
        }
        for field in [
            "state",
            "integration",
            "profile_id",
            "event_id",
            "limit",
            "cursor",
        ] {
            let path = format!("deliveries?{field}=x");
            let refused = send(&server, "GET", &path, &Value::Null).await;
            assert_eq!(
                (refused.status, &refused.json()["errors"][0]["field"]),
                (422, &json!(field))
            );
        }
        let events = entries(&server, "events").await;
        let shown: Vec<_> = events
            .iter()
            .map(|event| only(event["deliveries"].as_array().unwrap()))
            .collect();
        for (shown, listed) in shown.iter().zip(&all) {
            for field in ["delivery_id", "integration", "part", "state", "reason"] {
                assert_eq!(shown[field], listed[field], "{backend:?} {field}");
            }
        }
        let off = json!({"enabled": false, "settings": {"urls": {"production": vendor.url}}});
        assert_eq!(
            send(&server, "PUT", "integrations/webhook", &off).await.status,
            200
        );
        let blocked = entries(&server, "deliveries?state=blocked").await;
        assert_eq!(
            (blocked.len(), count(&server, "state=pending").await),
            (2, 0),
            "{backend:?}"
        );
        assert_eq!(blocked[0]["reason"], "the integration is switched off");
    }
}

/// Until this server has learned of it, it knows no more than that nothing is sent.
#[tokio::test]
async fn of_a_delivery_that_was_just_blocked_no_reason_is_made_up() {
    static REFUSED: Sql = Sql::same("UPDATE integrations SET blocked = '403 no'");
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, Vendor::start().await);
        enable(&server, "webhook", webhook(&vendor.url)).await;
        Customer::new(&server, "ann").await;
        purchase(&server, "ann", "t1").await;
        run(&server, &REFUSED).await;
        let listed = entries(&server, "deliveries").await;
        let seen = only(&listed);
        assert_eq!(
            (&seen["state"], &seen["reason"]),
            (&json!("blocked"), &Value::Null),
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn a_delivery_is_shown_with_its_tries_and_rules_and_without_secrets_and_personal_data() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, choosy().await);
        enable(
            &server,
            "webhook",
            with(webhook(&vendor.url), json!({"send_user_attributes": true})),
        )
        .await;
        let bad = Customer::new(&server, "bad").await;
        let person = json!({"email": "ann@private.example", "installation_meta": {
            "device_id": "d", "idfv": "e621e1f8-c36c-495a-93fc-0c247a3e6e5f"}});
        bad.call("PATCH", crate::support::server::PROFILE, &person).await;
        let _working = work(&server);
        purchase(&server, "bad", "t1").await;
        until_states(&server, &["rejected 1"]).await;
        let listed = entries(&server, "deliveries").await;
        let id = only(&listed)["delivery_id"].as_str().unwrap();
        let shown = get(&server, &format!("deliveries/{id}")).await;
        for (field, value) in only(&listed).as_object().unwrap() {
            assert_eq!(shown[field], *value, "{backend:?} {field}");
        }
        let tried = only(shown["attempt_log"].as_array().unwrap());
        assert_eq!(
            (&tried["n"], &tried["status"], &tried["verdict"]),
            (&json!(1), &json!(400), &json!("rejected"))
        );
        assert_eq!(tried["request"]["headers"]["authorization"], "********");
        assert_eq!(tried["request"]["method"], "POST");
        assert_eq!(tried["answer"], "no, ********");
        let received = vendor.received()[0].body.clone();
        for private in ["ann@private.example", "e621e1f8-c36c-495a-93fc-0c247a3e6e5f"] {
            assert!(received.contains(private), "{received}");
            assert!(!shown.to_string().contains(private), "{shown}");
        }
        assert!(!shown.to_string().contains("s3cr3t"), "{shown}");
        let why: Vec<_> = shown["why"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.as_str().unwrap())
            .collect();
        assert_eq!(
            &why[..8],
            [
                "Webhook is on.",
                "Webhook takes events of the kind subscription_started.",
                "The event is switched on.",
                "The customer has not opted out of analytics.",
                "The event is from before the first installation; such events are not excluded.",
                "There are credentials for app_store in Production.",
                "Webhook needs no identifier.",
                "Webhook takes it however old it is.",
            ],
            "{backend:?}"
        );
        assert_eq!(why[8], "It has been tried once.");
        assert!(
            why[9].starts_with("It is rejected since 2026-01-01T00:00:00"),
            "{why:?}"
        );
        let other = add_app(&server.state).await;
        let event = id.split(':').next().unwrap();
        let missing = format!("apps/{}/deliveries/{}:webhook", server.app_id, other.id);
        let missing = server.admin("GET", &missing, "").await;
        for path in [
            format!("apps/{}/deliveries/{id}", other.id),
            format!("apps/{}/deliveries/{event}:amplitude", server.app_id),
            format!("apps/{}/deliveries/{event}", server.app_id),
        ] {
            let answer = server.admin("GET", &path, "").await;
            assert_eq!((answer.status, answer.text()), (404, missing.text()), "{path}");
            let answer = server.admin("POST", &format!("{path}/retry"), "").await;
            assert_eq!((answer.status, answer.text()), (404, missing.text()), "{path}");
        }
        let of_other = server
            .admin("GET", &format!("apps/{}/deliveries", other.id), "")
            .await;
        assert_eq!(of_other.json()["data"], json!([]));
    }
}

#[tokio::test]
async fn what_waits_says_for_what_and_what_is_under_way_is_sending() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Late(Duration::from_secs(3), 200, "{}")).await;
        let settings = with(amplitude(&vendor.url), json!({"wait_for_identifier": 1000}));
        enable(&server, "amplitude", settings).await;
        let _working = work(&server);
        let customer = Customer::new(&server, "ann").await;
        customer.post(TRANSACTION, &subscription()).await;
        until_states(&server, &["waiting 1"]).await;
        let listed = entries(&server, "deliveries?state=waiting").await;
        let waiting = only(&listed);
        assert_eq!(waiting["reason"], "missing_identifier: amplitude_user_id");
        assert_eq!(
            waiting["next_attempt_at"], "2026-01-01T00:16:40+00:00",
            "{backend:?}"
        );
        let id = waiting["delivery_id"].as_str().unwrap();
        let why = get(&server, &format!("deliveries/{id}")).await["why"].to_string();
        assert!(
            why.contains("it waits for amplitude_user_id, and is looked at again at 2026-01-01T00:16:40"),
            "{why}"
        );
        let set = json!({"amplitude_user_id": "amp-1"});
        customer.post(crate::support::server::IDENTIFIERS, &set).await;
        vendor.until_count(1).await;
        assert_eq!(
            entries(&server, "deliveries?state=sending").await.len(),
            1,
            "{backend:?}"
        );
        until_states(&server, &["delivered 1"]).await;
    }
}
