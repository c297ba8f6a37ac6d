//! Third parties that repeat everything that they were told: no secret and nothing of a person is kept or logged.

use std::collections::BTreeMap;
use std::path::Path;

use bursar_domain::integrations::{ALL, Kind, Setting};
use bursar_domain::profile::identifiers::NAMES;
use serde_json::{Value, json};

use crate::support::backend::{Backend, fresh_postgres_url, postgres_client};
use crate::support::deliveries::{HOUR, advance, bought, enable, entries, put, settle_down, webhook, work};
use crate::support::purchases::Customer;
use crate::support::raw::RawServer;
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION, TestServer};
use crate::support::vendor::{Manner, Received, Vendor};

/// What stands in every secret of `domain/tests/integrations/settings`, and what base64 makes of it.
const SECRETS: [&str; 6] = [
    "s3cr3t",
    "czNjcjN0",
    "MzY3Izd",
    "zM2NyM3",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "AAAAAAAAAAAAAAAA",
];
/// What is known of the person and the device, in lower case.
const PERSONAL: [&str; 13] = [
    "canary-first",
    "canary-last",
    "canary@example.org",
    "canary%40example.org",
    "4915155501234",
    "1987-06-05",
    "203.0.113.77",
    "canary-agent",
    "ca9a4700-0000-4000-8000-00000000000",
    "ca9a47000000400080000000000000",
    // SHA-256 of the address and of the number.
    "83663579da7be6dd5ca3f0c0d3eaeab355a841926b83075779027fc0a3cc893b",
    "35239f9e8fecc17e851779242a343335184eb7d3eaef528e586e43d95f8c3766",
    "canary-customer",
];

fn person() -> Value {
    let id = |number: u8| format!("ca9a4700-0000-4000-8000-00000000000{number}");
    json!({
        "first_name": "Canary-First", "last_name": "Canary-Last", "email": "Canary@example.org",
        "phone_number": "+4915155501234", "birthday": "1987-06-05", "ip_v4_address": "203.0.113.77", "att_status": 3,
        "installation_meta": {
            "device_id": "d", "platform": "iOS", "idfa": id(1), "idfv": id(2), "advertising_id": id(3),
            "android_id": id(4), "android_app_set_id": id(5), "user_agent": "Canary-Agent/1 (x; y)",
        },
    })
}

/// The settings of an integration with everything said, sent to this address.
fn settings(slug: &str, url: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/tests/integrations/settings");
    let text = std::fs::read_to_string(folder.join(format!("{slug}.json"))).unwrap();
    let mut settings: Value = serde_json::from_str(&text).unwrap();
    let fields = settings.as_object_mut().unwrap();
    for name in ["events", "event_names", "synthetic_delay_days"] {
        fields.remove(name);
    }
    if slug == "webhook" {
        fields.insert("urls".into(), json!({"production": url, "sandbox": url}));
    } else {
        fields.insert("base_url".into(), json!(url));
    }
    fields.insert("exclude_historical_events".into(), json!(false));
    if fields.contains_key("wait_for_identifier") {
        fields.insert("wait_for_identifier".into(), json!(0));
    }
    settings
}

/// Repeats everything: first as a failure, then as a refusal of the event, then as one of the settings.
fn echo(request: &Received, number: usize) -> Manner {
    // The handshake is passed the second time alone.
    if request.body == "{}" && number == 1 {
        return Manner::Answers(200, "{}");
    }
    let headers: BTreeMap<_, _> = request.headers.iter().collect();
    let body = json!({"path": request.path, "headers": headers, "body": request.body, "raw": 1});
    let body = format!("{} {headers:?} {}\n{body}", request.path, request.body);
    let status = [500, 400, 401][number.min(2)];
    Manner::Raw(format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn assert_none(place: &str, text: &str, canaries: &[&str]) {
    let lower = text.to_lowercase();
    for canary in canaries {
        let at = lower.find(&canary.to_lowercase());
        assert!(
            at.is_none(),
            "{canary} in {place}: …{}",
            &lower[at.unwrap().saturating_sub(200)..]
        );
    }
}

/// Everything of deliveries that is there to be read by people.
async fn kept(url: &str) -> Vec<(String, String)> {
    const SQL: &str = "SELECT 'a try of ' || slug, request || answer || verdict FROM attempts JOIN targets USING (target_id)
        UNION ALL SELECT 'a reason', coalesce(reason, '') FROM queue
        UNION ALL SELECT 'a reason of ' || slug || ' ' || state, coalesce(reason, '') FROM deliveries JOIN targets USING (target_id)
        UNION ALL SELECT 'why it is blocked', coalesce(blocked, '') FROM integrations";
    let rows = postgres_client(url).await.query(SQL, &[]).await.unwrap();
    rows.into_iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_third_parties_repeat_is_kept_and_logged_without_secrets_and_persons() {
    let url = fresh_postgres_url().await;
    nothing_is_told(&url, "human").await;
    let kept = kept(&url).await;
    assert!(kept.len() > 2 * ALL.len());
    // Who the customer is to the owner is no secret of a try.
    let of_tries = [&SECRETS[..], &PERSONAL[..PERSONAL.len() - 1]].concat();
    for (place, text) in &kept {
        assert_none(place, text, &of_tries);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_third_parties_repeat_is_not_told_on_sqlite_and_in_json_either() {
    nothing_is_told("sqlite", "json").await;
}

/// Neither in the log of this format, nor in the metrics, nor in answers of the administration.
async fn nothing_is_told(database: &str, format: &'static str) {
    let mut vendors = Vec::new();
    for integration in ALL {
        // A question comes before what is told, and is answered.
        let vendor = Vendor::with(move |request, number| match integration.slug {
            // Two handshakes come first.
            "webhook" if number > 1 && request.body != "{}" => echo(request, number - 2),
            _ => echo(request, number),
        })
        .await;
        vendors.push((integration.slug, vendor));
    }
    let urls: Vec<_> = vendors
        .iter()
        .map(|(slug, vendor)| (*slug, vendor.url.clone()))
        .collect();
    let database = database.to_owned();
    let (log, answers) = tokio::task::spawn_blocking(move || run(&database, format, &urls))
        .await
        .unwrap();
    for (slug, vendor) in &vendors {
        assert!(vendor.count() >= 2, "{slug} was told {} times", vendor.count());
    }
    let everything = [&SECRETS[..], &PERSONAL].concat();
    assert!(
        log.contains("refuses the settings") && log.contains("DEBUG"),
        "{log}"
    );
    assert_none("the log", &log, &everything);
    for answer in &answers {
        assert_none("an answer", answer, &everything);
    }
    // The third parties did repeat it: what was told them is full of it.
    let told: String = vendors
        .iter()
        .flat_map(|(_, vendor)| vendor.received())
        .map(|one| format!("{one:?}"))
        .collect();
    for canary in [
        "s3cr3t",
        "czNjcjN0",
        "canary@example.org",
        "203.0.113.77",
        "ca9a4700",
        "canary-agent",
    ] {
        assert!(told.to_lowercase().contains(&canary.to_lowercase()), "{canary}");
    }
}

/// Drives the program; answers its log, and its metrics with what the administration said.
fn run(database: &str, format: &str, urls: &[(&str, String)]) -> (String, Vec<String>) {
    let program = RawServer::start(&[
        ("BURSAR_DATABASE", database),
        ("BURSAR_LOG_LEVEL", "trace"),
        ("BURSAR_LOG_FORMAT", format),
        ("BURSAR_TEST_CLOCK", "2026-01-01T00:00:00Z"),
        ("BURSAR_DELIVERY_ALLOW_PRIVATE_ADDRESSES", "true"),
    ]);
    let bearer = format!("Bearer {}", program.admin_token);
    let admin = |method: &str, path: &str, body: &str| {
        let headers = [("authorization", bearer.as_str())];
        let answer = program.call_as_is(method, &format!("/admin/v1/{path}"), &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer.text()
    };
    let apps: Value = serde_json::from_str(&admin("GET", "apps", "")).unwrap();
    let app = format!("apps/{}", apps["data"][0]["app_id"].as_str().unwrap());
    admin("PATCH", &app, r#"{"settings":{"ios_bundle_id":"com.example"}}"#);
    let mut answers = Vec::new();
    for (slug, url) in urls {
        let body = json!({"enabled": true, "settings": settings(slug, url)});
        for _ in 0..2 {
            answers.push(admin(
                "PUT",
                &format!("{app}/integrations/{slug}"),
                &body.to_string(),
            ));
        }
    }
    let user = [("adapty-customer-user-id", "canary-customer")];
    let post = |path: &str, body: &Value| {
        let answer = program.call("POST", path, &user, body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    post(PROFILE, &person());
    let ids = NAMES.iter().map(|name| match *name {
        "one_signal_subscription_id" | "one_signal_player_id" => {
            ((*name).to_owned(), json!("9c1f2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f"))
        }
        _ => ((*name).to_owned(), json!("0123456789abcdef0123456789abcdef")),
    });
    post(IDENTIFIERS, &Value::Object(ids.collect()));
    for number in 0..4_u8 {
        let mut transaction = bought(&format!("t{number}"));
        for field in ["purchased_at", "originally_purchased_at"] {
            transaction[field] = json!(format!("2026-01-01T00:00:0{number}Z"));
        }
        post(TRANSACTION, &transaction);
        let now = json!({"now": format!("2026-01-01T0{number}:10:00Z")});
        admin("POST", "test-clock", &now.to_string());
    }
    answers.push(admin("GET", &format!("{app}/integrations"), ""));
    answers.push(admin("GET", "audit", ""));
    for (slug, _) in urls {
        answers.push(admin("POST", &format!("{app}/integrations/{slug}/test"), ""));
    }
    let page = admin("GET", &format!("{app}/deliveries?limit=200"), "");
    let page: Value = serde_json::from_str(&page).unwrap();
    for delivery in page["data"].as_array().unwrap() {
        // Who the customer is to the owner is no secret of a try.
        let id = delivery["delivery_id"].as_str().unwrap();
        let shown = admin("GET", &format!("{app}/deliveries/{id}"), "");
        answers.push(shown.replace("canary-customer", ""));
    }
    let metrics = program.call_as_is("GET", "/metrics", &[], b"").text();
    assert!(metrics.contains("bursar_delivery"), "{metrics}");
    answers.push(metrics);
    (program.stop(), answers)
}

/// What is wrong with a setting is said without its value.
#[tokio::test]
async fn secrets_in_wrong_settings_are_refused_without_being_repeated() {
    const SECRET: &str = "s3cr3t-canary";
    let server = TestServer::on(Backend::SqliteMemory).await;
    for integration in ALL {
        let is_told = |field: &&Setting| field.is_secret() || matches!(field.kind, Kind::Url(_));
        for field in integration.settings.iter().filter(is_told) {
            // In each form that cannot be: a secret, or an address with one.
            let mut refused = 0;
            for wrong in [
                json!(format!("{SECRET}\u{7}")),
                json!(SECRET.repeat(500)),
                json!([SECRET]),
                json!({"a": SECRET}),
                json!(format!("https://user:{SECRET}@example.com/")),
            ] {
                let names = field.path.replace('*', "other");
                let nested = names
                    .rsplit('.')
                    .fold(wrong, |inner, name| json!({ name: inner }));
                let answer = put(&server, integration.slug, false, &nested).await;
                refused += usize::from(answer.status == 422);
                assert_none(
                    &format!("{}: {names}", integration.slug),
                    &answer.text(),
                    &[SECRET],
                );
            }
            assert!(refused >= 2, "{}: {}", integration.slug, field.path);
        }
    }
    let audit = server.admin("GET", "audit?limit=200", "").await;
    assert_none("the audit log", &audit.text(), &[SECRET]);
}

/// Everything that was sent comes back, as a failure.
async fn mirror() -> Vendor {
    let body = |body: &str| format!("HTTP/1.1 500 x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    Vendor::with(move |request, _| match request.body.as_str() {
        "{}" => Manner::Answers(200, "{}"),
        told => Manner::Raw(body(told)),
    })
    .await
}

/// All tries of all deliveries, and why these are where they are.
async fn shown(server: &TestServer) -> String {
    let mut all = String::new();
    for delivery in entries(server, "deliveries").await {
        let id = delivery["delivery_id"].as_str().unwrap();
        let path = format!("apps/{}/deliveries/{id}", server.app_id);
        all += &server.admin("GET", &path, "").await.text();
    }
    all
}

fn posthog(url: &str) -> Value {
    json!({"api_key": "phc_k", "base_url": url, "events": {"access_level_updated": false}})
}

#[tokio::test]
async fn what_an_answer_says_of_one_customer_is_kept_with_no_other_ones_try() {
    let (server, vendor) = (TestServer::on(Backend::SqliteMemory).await, mirror().await);
    enable(&server, "posthog", posthog(&vendor.url)).await;
    let emails = ["ann@private.example", "bob@private.example"];
    for (name, email) in ["ann", "bob"].into_iter().zip(emails) {
        let customer = Customer::new(&server, name).await;
        customer.call("PATCH", PROFILE, &json!({"email": email})).await;
        customer.post(TRANSACTION, &bought(name)).await;
    }
    let _working = work(&server);
    settle_down(&server.state).await;
    assert_eq!(vendor.count(), 1, "both travel together");
    let sent = vendor.received()[0].body.clone();
    assert!(emails.iter().all(|email| sent.contains(email)), "{sent}");
    let shown = shown(&server).await;
    assert!(shown.contains("500"), "{shown}");
    assert_none("tries", &shown, &emails);
}

#[tokio::test]
async fn what_was_true_of_the_customer_before_is_masked_too() {
    let emails = [
        "first@private.example",
        "second@private.example",
        "third@private.example",
    ];
    for slug in ["webhook", "posthog"] {
        let (server, vendor) = (TestServer::on(Backend::SqliteMemory).await, mirror().await);
        let settings = match slug {
            "webhook" => webhook(&vendor.url),
            _ => posthog(&vendor.url),
        };
        enable(&server, slug, settings).await;
        let ann = Customer::new(&server, "ann").await;
        let is_now = async |email: &str| {
            let changed = ann.call("PATCH", PROFILE, &json!({"email": email})).await;
            assert_eq!(changed.status, 200, "{}", changed.text());
        };
        is_now(emails[0]).await;
        ann.post(TRANSACTION, &bought("t1")).await;
        is_now(emails[1]).await;
        let _working = work(&server);
        settle_down(&server.state).await;
        is_now(emails[2]).await;
        advance(&server, HOUR).await;
        assert!(vendor.count() > 1, "{slug}");
        let sent: String = vendor
            .received()
            .into_iter()
            .map(|request| request.body)
            .collect();
        let told = if slug == "webhook" { emails[0] } else { emails[1] };
        assert!(sent.contains(told), "{slug}: {sent}");
        assert_none(slug, &shown(&server).await, &emails);
    }
}
