//! Third parties that name customers in their answers: nothing by which one is known stays where others' deliveries or the
//! integration are shown, nor in the database once the profile is deleted.

use bursar::store::Sql;
use serde_json::{Value, json};

use crate::support::backend::{ALL, Backend};
use crate::support::deliveries::{
    HOUR, advance, amplitude, bought, branch, enable, entries, get, rows, settle_down, shown, stored,
    webhook, work,
};
use crate::support::purchases::{Customer, subscription, with};
use crate::support::server::{IDENTIFIERS, PROFILE, REVOKE, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Vendor};

/// A customer of this name with these identifiers and a purchase.
async fn buyer<'a>(server: &'a TestServer, name: &'a str, ids: Value) -> Customer<'a> {
    let customer = Customer::new(server, name).await;
    customer.post(IDENTIFIERS, &ids).await;
    customer.post(TRANSACTION, &bought(name)).await;
    customer
}

async fn delete(customer: &Customer<'_>) {
    let gone = customer.call("DELETE", PROFILE, &Value::Null).await;
    assert_eq!(gone.status, 204, "{}", gone.text());
}

/// Each delivery as it is shown, by its customer's profile.
async fn by_profile(server: &TestServer) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for delivery in entries(server, "deliveries").await {
        let id = delivery["delivery_id"].as_str().unwrap();
        let profile = delivery["profile_id"].as_str().unwrap().to_owned();
        let mut shown = get(server, &format!("deliveries/{id}")).await;
        // Whose it is.
        shown.as_object_mut().unwrap().remove("profile_id");
        all.push((profile, shown.to_string()));
    }
    all
}

/// Everything that is stored of deliveries, and why integrations are blocked.
async fn everything(server: &TestServer) -> String {
    static SQL: Sql = Sql::same("SELECT slug, blocked FROM integrations");
    let blocked = rows(server, &SQL).await;
    format!("{}{blocked:?}", stored(&server.state.store).await)
}

fn posthog(url: &str) -> Value {
    json!({"api_key": "phc_k", "base_url": url, "events": {"access_level_updated": false}})
}

fn mixpanel(url: &str) -> Value {
    json!({"tokens": {"production": {"ios": "token"}}, "base_url": url,
        "events": {"access_level_updated": false}})
}

/// Answers with this status and body.
fn saying(status: u16, body: &str) -> Manner {
    let length = body.len();
    Manner::Raw(format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

/// Answers with this status and everything that was sent.
async fn mirror(status: u16) -> Vendor {
    Vendor::with(move |request, _| saying(status, &request.body)).await
}

#[tokio::test]
async fn who_is_named_in_an_answer_is_named_in_no_other_ones_delivery() {
    const ANSWER: &str = r#"{"code":429,"throttled_users":{"id-of-victim":11},"eps_threshold":10}"#;
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| Manner::Answers(429, ANSWER)).await;
        enable(&server, "amplitude", amplitude(&vendor.url)).await;
        let mut of_victim = String::new();
        for name in ["one", "two", "victim", "three", "four"] {
            let ids = json!({"amplitude_user_id": format!("id-of-{name}")});
            let customer = buyer(&server, name, ids).await;
            if name == "victim" {
                of_victim = customer.profile().await["profile_id"]
                    .as_str()
                    .unwrap()
                    .to_owned();
            }
        }
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), 1, "{backend:?}: all travel together");
        let shown = by_profile(&server).await;
        assert_eq!(shown.len(), 5, "{backend:?}");
        for (profile, shown) in &shown {
            assert!(shown.contains("eps_threshold"), "{backend:?}: {shown}");
            let is_named = shown.contains("id-of-victim");
            assert_eq!(is_named, *profile == of_victim, "{backend:?}: {shown}");
        }
        let victim = Customer {
            server: &server,
            id: "victim",
        };
        delete(&victim).await;
        let left = everything(&server).await;
        assert!(left.contains("eps_threshold"), "{backend:?}: {left}");
        assert!(!left.contains("id-of-victim"), "{backend:?}: {left}");
    }
}

/// By its own name, by the owner's and by ours, whatever has to be escaped in it, and by what it was called before.
#[tokio::test]
async fn whatever_a_customer_is_called_is_in_no_other_ones_delivery() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, mirror(500).await);
        enable(&server, "posthog", posthog(&vendor.url)).await;
        let awkward = r#"zoë "z" <z@z.example>"#;
        let ann = buyer(
            &server,
            "ann-customer",
            json!({"posthog_distinct_user_id": awkward}),
        )
        .await;
        let bob = buyer(&server, "bob-customer", json!({"branch_id": "b"})).await;
        let cid = Customer::new(&server, "cid-customer").await;
        let always = json!({"posthog_distinct_user_id": "cid-at-posthog"});
        cid.post(IDENTIFIERS, &always).await;
        cid.post(TRANSACTION, &bought("cid")).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), 1, "{backend:?}: all travel together");
        let later = json!({"posthog_distinct_user_id": "another"});
        for customer in [&ann, &cid] {
            customer.post(IDENTIFIERS, &later).await;
        }
        advance(&server, HOUR).await;
        assert!(vendor.count() > 1, "{backend:?}: it is tried again");
        let mut called = Vec::new();
        for (customer, name) in [
            (&ann, r#"zoë \\\"z\\\" <z@z.example>"#),
            (&bob, "bob-customer"),
            (&cid, "cid-at-posthog"),
        ] {
            let profile = customer.profile().await["profile_id"]
                .as_str()
                .unwrap()
                .to_owned();
            called.push((profile, name));
        }
        let sent = vendor.received().pop().unwrap().body;
        assert!(
            sent.contains("cid-at-posthog") && sent.contains("bob-customer"),
            "{sent}"
        );
        for (profile, shown) in by_profile(&server).await {
            for (of, name) in called.iter().flat_map(|(of, name)| [(of, *name), (of, &**of)]) {
                let is_named = shown.contains(name);
                assert_eq!(is_named, profile == *of, "{backend:?}: {name} of {of} in {shown}");
            }
        }
    }
}

#[tokio::test]
async fn why_an_integration_is_blocked_names_no_customer() {
    for backend in ALL {
        let (server, vendor) = (TestServer::on(backend).await, mirror(401).await);
        enable(&server, "mixpanel", mixpanel(&vendor.url)).await;
        let victim = buyer(&server, "victim", json!({"mixpanel_user_id": "id-of-victim"})).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        let told = vendor.received();
        assert!(told[0].body.contains("id-of-victim"), "{told:?}");
        buyer(&server, "other", json!({"mixpanel_user_id": "id-of-other"})).await;
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), told.len(), "{backend:?}: it is blocked");
        let shown = shown(&server, "mixpanel").await;
        assert_eq!(shown["status"], "blocked", "{backend:?}: {shown}");
        let why = shown["problems"][0]["detail"].as_str().unwrap().to_owned();
        assert!(why.starts_with("401") && why.contains("distinct_id"), "{why}");
        assert!(
            !shown.to_string().contains("id-of-victim"),
            "{backend:?}: {shown}"
        );
        let own = victim.profile().await["profile_id"].as_str().unwrap().to_owned();
        let deliveries = by_profile(&server).await;
        let of_others = deliveries.iter().filter(|(profile, _)| *profile != own);
        for (_, shown) in of_others {
            assert!(shown.contains("blocked"), "{backend:?}: {shown}");
            assert!(!shown.contains("id-of-victim"), "{backend:?}: {shown}");
        }
        delete(&victim).await;
        let left = everything(&server).await;
        assert!(left.contains("401"), "{backend:?}: {left}");
        assert!(!left.contains("id-of-victim"), "{backend:?}: {left}");
    }
}

/// An event of the webhook tells what third parties called the customer then, and who shares the access level.
#[tokio::test]
async fn why_the_webhook_is_blocked_names_neither_the_customer_of_then_nor_who_shares_the_level() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|request, _| {
            let sharing = request.body.split_once("profiles_sharing_access_level\":[");
            let of_ann = request.body.contains(r#""customer_user_id":"ann-customer","#);
            match sharing.filter(|_| of_ann) {
                Some((_, sharers_and_ids)) => saying(410, sharers_and_ids),
                None => saying(200, "{}"),
            }
        })
        .await;
        let told_of_levels = with(
            webhook(&vendor.url),
            json!({"retry_on": "non_2xx", "events": {"access_level_updated": true}}),
        );
        enable(&server, "webhook", told_of_levels).await;
        let ann = Customer::new(&server, "ann-customer").await;
        ann.post(IDENTIFIERS, &json!({"branch_id": "ann-then"})).await;
        let bob = Customer::new(&server, "bob-customer").await;
        for customer in [&ann, &bob] {
            customer.post(TRANSACTION, &subscription()).await;
        }
        ann.post(REVOKE, &json!({"access_level_id": "premium"})).await;
        ann.post(IDENTIFIERS, &json!({"branch_id": "ann-now"})).await;
        let of_bob = bob.profile().await["profile_id"].as_str().unwrap().to_owned();
        let _working = work(&server);
        settle_down(&server.state).await;
        let shown = shown(&server, "webhook").await;
        assert_eq!(shown["status"], "blocked", "{backend:?}: {shown}");
        assert!(shown.to_string().contains("branch_id"), "{backend:?}: {shown}");
        for name in ["ann-then", "bob-customer", &of_bob] {
            assert!(
                !shown.to_string().contains(name),
                "{backend:?}: {name} in {shown}"
            );
        }
    }
}

/// OneSignal has names of its own for customers, which it is asked for.
#[tokio::test]
async fn why_an_integration_is_blocked_names_no_customer_as_it_told_us_to() {
    const TOLD: &str = "b7c8d9e0-1111-4222-8333-444455556666";
    const ASKED: &str = "9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f";
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::with(|request, _| match request.method.as_str() {
        "GET" => saying(200, &format!(r#"{{"identity":{{"onesignal_id":"{TOLD}"}}}}"#)),
        _ => saying(403, &request.path),
    })
    .await;
    let settings = json!({"app_id": "0f5b0c1e-8a44-4a0a-9a43-1c2d3e4f5a6b", "rest_api_key": "key",
        "base_url": vendor.url, "events": {"access_level_updated": false}});
    enable(&server, "onesignal", settings).await;
    buyer(&server, "victim", json!({"one_signal_subscription_id": ASKED})).await;
    let _working = work(&server);
    settle_down(&server.state).await;
    let paths: Vec<_> = vendor
        .received()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert!(paths[0].contains(ASKED) && paths[1].contains(TOLD), "{paths:?}");
    let shown = shown(&server, "onesignal").await;
    let why = shown["problems"][0]["detail"].as_str().unwrap();
    assert!(why.ends_with("/users/by/onesignal_id/********"), "{shown}");
}

/// Where the name of one is the beginning of all others'.
#[tokio::test]
async fn what_an_integration_loses_holds_no_part_of_a_name_either() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let vendor = Vendor::with(|_, _| {
            Manner::Answers(422, "unknown: user-1 user-2 user-3 user-4 user-5 user-6 user-7")
        })
        .await;
        enable(&server, "posthog", posthog(&vendor.url)).await;
        // So many that are turned away in a row are a problem.
        buyer(&server, "user", json!({"branch_id": "b"})).await;
        for number in 1..8 {
            buyer(&server, &format!("user-{number}"), json!({"branch_id": "b"})).await;
        }
        let _working = work(&server);
        settle_down(&server.state).await;
        assert_eq!(vendor.count(), 1, "{backend:?}: all travel together");
        let shown = shown(&server, "posthog").await.to_string();
        let told = format!("the last: 422 unknown:{}\"", " ********".repeat(7));
        assert!(shown.contains(&told), "{backend:?}: {shown}");
    }
}

#[tokio::test]
async fn what_an_integration_warns_of_or_loses_names_no_customer() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let limited = r#"{"quota_limited":["events"],"of":"id-of-victim"}"#;
        let (warning, rejecting) = (
            Vendor::with(move |_, _| Manner::Answers(200, limited)).await,
            Vendor::with(|_, _| Manner::Answers(400, "unknown: id-of-victim")).await,
        );
        enable(&server, "posthog", posthog(&warning.url)).await;
        enable(&server, "branch", branch(&rejecting.url)).await;
        let victim = buyer(&server, "victim", json!({"branch_id": "id-of-victim"})).await;
        // So many that are turned away in a row are a problem.
        for number in 0..8 {
            victim.post(TRANSACTION, &bought(&number.to_string())).await;
        }
        let _working = work(&server);
        settle_down(&server.state).await;
        for (slug, words) in [("posthog", "quota_limited"), ("branch", "lost in a row")] {
            let shown = shown(&server, slug).await.to_string();
            assert!(shown.contains(words), "{backend:?}: {shown}");
            assert!(!shown.contains("id-of-victim"), "{backend:?}: {shown}");
        }
    }
}
