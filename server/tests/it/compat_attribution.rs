//! "Attribution" of the web API: where a customer came from, and how events tell it.

use serde_json::{Value, json};

use super::support::awkward;
use super::support::backend::{ALL, Backend};
use super::support::deliveries::{entries, get, put, work};
use super::support::purchases::{Customer, numbered, stored, subscription, with};
use super::support::refusal::{not_found, refusal, refused, sourceless};
use super::support::server::{ATTRIBUTION, Answer, PROFILE, TRANSACTION, TestServer, request};
use super::support::vendor::Vendor;

/// Reports with the public key.
async fn report(server: &TestServer, body: &Value) -> Answer {
    let key = format!("Api-Key {}", server.public_key);
    server
        .send(request(&key, "POST", ATTRIBUTION, &[], &body.to_string()))
        .await
}

/// Reports what must be taken.
async fn reported(server: &TestServer, body: &Value) {
    let answer = report(server, body).await;
    assert_eq!((answer.status, answer.text().as_str()), (201, ""), "{body}");
    assert!(!answer.headers.contains_key("content-type"), "{body}");
    assert!(answer.headers.contains_key("request-id"), "{body}");
}

/// What is known, as the administration shows it.
async fn known(server: &TestServer, profile_id: &str) -> Value {
    get(server, &format!("profiles/{profile_id}")).await["attributions"].clone()
}

async fn id_of(customer: &Customer<'_>) -> String {
    customer.profile().await["profile_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_report_is_kept_as_the_whole_record_of_its_source() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let customer = Customer::new(&server, "user-1").await;
        let id = id_of(&customer).await;
        assert_eq!(known(&server, &id).await, json!({}), "{backend:?}");
        let body = json!({
            "customer_user_id": "user-1", "status": "non_organic", "attribution_user_id": "n-1", "channel": "search",
            "campaign": "new year", "ad_group": "gold", "ad_set": "de", "creative": "blue", "more": 1,
        });
        reported(&server, &body).await;
        let record = json!({"web": {
            "ad_set": "de", "status": "non_organic", "channel": "search", "ad_group": "gold", "campaign": "new year",
            "creative": "blue", "created_at": "2026-01-01T00:00:00+00:00", "network_user_id": "n-1",
        }});
        assert_eq!(known(&server, &id).await, record, "{backend:?}");
        // The same again, later, is no news.
        let before = stored(&server).await;
        server
            .state
            .clock
            .move_to(server.state.clock.now() + 60_000_000)
            .unwrap();
        reported(&server, &body).await;
        assert_eq!(stored(&server).await, before, "{backend:?}");
        // Other changes keep it, and it changes nothing else.
        let changed = json!({"first_name": "Ann", "installation_meta": {"device_id": "d"}});
        customer.call("PATCH", PROFILE, &changed).await;
        let profile = customer.post(TRANSACTION, &subscription()).await;
        assert_eq!(known(&server, &id).await, record, "{backend:?}");
        let by_id = json!({"profile_id": id.to_uppercase(), "status": "organic", "channel": null});
        reported(&server, &by_id).await;
        let told = known(&server, &id).await;
        assert_eq!(
            told["web"]["created_at"], "2026-01-01T00:01:00+00:00",
            "{backend:?}"
        );
        assert_eq!(told["web"]["status"], "organic", "{backend:?}");
        assert_eq!(told["web"]["channel"], Value::Null, "{backend:?}");
        assert_eq!(customer.profile().await, profile, "{backend:?}");
        let view = get(&server, &format!("profiles/{id}")).await;
        assert_eq!(view["person"]["first_name"], "Ann", "{backend:?}");
        assert_eq!(view["installations"][0]["device_id"], "d", "{backend:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_and_changes_nothing() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let id = id_of(&Customer::new(&server, "user-1").await).await;
        Customer::new(&server, "user-2").await;
        let before = stored(&server).await;
        let nobody = refused(400, "validation_error", &["non_field_errors"]);
        let strange = "00000000-0000-4000-8000-000000000001";
        for (body, expected) in [
            (json!([]), sourceless(400, "parse_error")),
            (json!({}), refused(400, "base_error", &["status"])),
            (
                json!({"customer_user_id": "user-1"}),
                refused(400, "base_error", &["status"]),
            ),
            (
                json!({"customer_user_id": "user-1", "status": "paid"}),
                refused(400, "enum", &["status"]),
            ),
            // The body is looked at before the profile.
            (
                json!({"customer_user_id": "nobody", "status": "Organic"}),
                refused(400, "enum", &["status"]),
            ),
            (
                json!({"customer_user_id": "user-1", "status": 1, "creative": 2}),
                refused(400, "base_error", &["creative", "status"]),
            ),
            (
                json!({"customer_user_id": "user-1", "status": "organic", "channel": "x".repeat(1_025)}),
                refused(400, "base_error", &["channel"]),
            ),
            (
                json!({"customer_user_id": "u".repeat(256), "status": "organic"}),
                refused(400, "base_error", &["customer_user_id"]),
            ),
            (
                json!({"profile_id": 7, "status": "organic"}),
                refused(400, "base_error", &["profile_id"]),
            ),
            (json!({"status": "organic"}), nobody.clone()),
            (
                json!({"customer_user_id": "", "profile_id": null, "status": "organic"}),
                nobody.clone(),
            ),
            (
                json!({"customer_user_id": "user-2", "profile_id": id, "status": "organic"}),
                nobody,
            ),
            (
                json!({"customer_user_id": "nobody", "status": "organic"}),
                not_found(),
            ),
            (json!({"profile_id": strange, "status": "organic"}), not_found()),
            (
                json!({"profile_id": strange, "customer_user_id": "user-1", "status": "organic"}),
                not_found(),
            ),
            (json!({"profile_id": "no-uuid", "status": "organic"}), not_found()),
        ] {
            let answer = report(&server, &body).await;
            assert_eq!(refusal(&answer), expected, "{backend:?} {body}");
        }
        assert_eq!(stored(&server).await, before, "{backend:?}");
    }
}

#[tokio::test]
async fn either_key_will_do_and_the_path_may_lack_its_slash_but_headers_name_nobody() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let customer = Customer::new(&server, "user-1").await;
    let body = json!({"customer_user_id": "user-1", "status": "organic"}).to_string();
    for key in [&server.public_key, &server.secret_key] {
        for path in [ATTRIBUTION, ATTRIBUTION.trim_end_matches('/')] {
            let key = format!("Api-Key {key}");
            let answer = server.send(request(&key, "POST", path, &[], &body)).await;
            assert_eq!(answer.status, 201, "{path}: {}", answer.text());
        }
    }
    let in_header = customer
        .call("POST", ATTRIBUTION, &json!({"status": "organic"}))
        .await;
    let nobody = refused(400, "validation_error", &["non_field_errors"]);
    assert_eq!(refusal(&in_header), nobody);
}

#[tokio::test]
async fn under_an_idempotency_key_it_has_one_effect_and_one_answer() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let id = id_of(&Customer::new(&server, "user-1").await).await;
        let key = [("idempotency-key", "k")];
        let send = async |channel: &str| {
            let body = json!({"profile_id": id, "status": "organic", "channel": channel}).to_string();
            server.call("POST", ATTRIBUTION, &key, &body).await
        };
        assert_eq!(send("a").await.status, 201, "{backend:?}");
        reported(&server, &json!({"profile_id": id, "status": "unknown"})).await;
        let again = send("a").await;
        assert_eq!((again.status, again.body.len()), (201, 0), "{backend:?}");
        assert_eq!(
            known(&server, &id).await["web"]["status"],
            "unknown",
            "{backend:?}"
        );
        let other = refused(422, "idempotency_key_reused", &["Idempotency-Key"]);
        assert_eq!(refusal(&send("b").await), other, "{backend:?}");
    }
}

#[tokio::test]
async fn the_webhook_and_the_feed_tell_it_exactly_where_the_setting_is_on() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::start().await;
        let customer = Customer::new(&server, "user-1").await;
        let settings = json!({"urls": {"production": vendor.url}, "events": {"access_level_updated": false}});
        let on = with(settings.clone(), json!({"send_attribution": true}));
        let off = with(settings, json!({"send_attribution": false}));
        let _working = work(&server);
        let status = |text: &str, campaign: &str| json!({"customer_user_id": "user-1", "status": text, "campaign": campaign});
        // What JSON may hold, and some databases may not.
        let odd = format!("\u{0}{}", awkward::strings().concat());
        let odd: String = odd.chars().take(1_024).collect();
        for (transaction, settings, said) in [
            ("t1", &on, None),
            ("t2", &on, Some(status("organic", &odd))),
            ("t3", &off, None),
            ("t4", &on, Some(status("unknown", ""))),
        ] {
            let set = put(&server, "webhook", true, settings).await;
            assert_eq!(set.status, 200, "{}", set.text());
            if let Some(said) = &said {
                reported(&server, said).await;
            }
            // Far from its end, so that nothing else happens to it.
            let lasting = json!({"expires_at": "2036-01-15T00:00:00Z"});
            customer
                .post(TRANSACTION, &with(numbered(subscription(), transaction), lasting))
                .await;
        }
        bursar::delivery::settle_down(&server.state).await.unwrap();
        let record = |status: &str, campaign: &str| {
            json!({"web": {
                "ad_set": null, "status": status, "channel": null, "ad_group": null, "campaign": campaign,
                "creative": null, "created_at": "2026-01-01T00:00:00.000000+0000", "network_user_id": null,
            }})
        };
        let expected = [
            Some(json!({})),
            Some(record("organic", &odd)),
            None,
            Some(record("unknown", "")),
        ];
        let events = vendor
            .received()
            .into_iter()
            .filter(|request| request.body != "{}");
        let mut sent: Vec<Value> = events.map(|request| request.json()).collect();
        let transaction = |event: &Value| event["event_properties"]["transaction_id"].to_string();
        sent.sort_by_key(transaction);
        let attributions: Vec<_> = sent
            .iter()
            .map(|event| event.get("attributions").cloned())
            .collect();
        assert_eq!(attributions, expected, "{backend:?}");
        let mut fed: Vec<Value> = entries(&server, "events").await;
        fed.iter_mut().for_each(|entry| *entry = entry["payload"].take());
        fed.sort_by_key(transaction);
        assert_eq!(fed, sent, "{backend:?}");
    }
}

#[tokio::test]
async fn what_is_reported_anew_is_a_change_of_the_profile() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let id = id_of(&Customer::new(&server, "user-1").await).await;
        let later = server.state.clock.now() + 60_000_000;
        server.state.clock.move_to(later).unwrap();
        let body = json!({"profile_id": id, "status": "organic"});
        for _ in 0..2 {
            reported(&server, &body).await;
            let view = get(&server, &format!("profiles/{id}")).await;
            let times = [&view["created_at"], &view["updated_at"]];
            assert_eq!(
                times,
                ["2026-01-01T00:00:00+00:00", "2026-01-01T00:01:00+00:00"],
                "{backend:?}"
            );
            server.state.clock.move_to(later + 60_000_000).unwrap();
        }
    }
}
