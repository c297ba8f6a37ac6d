//! The same random requests get the same answers and make the same events on every backend, byte for byte but for ids
//! that chance makes.

use std::collections::HashMap;

use bursar::actions::purchases::handle_due;
use bursar_domain::time::format_time;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::administration::walk;
use crate::support::backend::{ALL, Backend};
use crate::support::direct::set_webhook_of;
use crate::support::random::Random;
use crate::support::server::{GRANT, IDENTIFIERS, PROFILE, REVOKE, START, TRANSACTION, TestServer};

const REQUESTS: usize = 1_200;
/// Among so many random requests there is one round of those that are there whatever chance does.
const ROUND: usize = 100;
const HOUR: i64 = 60 * 60 * 1_000_000;

/// A request, and how far the clock moves before it.
struct Step {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    pause: i64,
}

#[tokio::test]
async fn a_random_trace_gets_the_same_answers_on_every_backend() {
    let mut random = Random::new("trace");
    let ids: Vec<String> = (0..8).map(|_| random.uuid().to_string()).collect();
    let mut steps = Vec::new();
    for number in 0..REQUESTS {
        if number % ROUND == 0 {
            steps.extend(sure_round(number));
        }
        steps.push(step(&mut random, &ids));
    }
    let mut expected: Option<Vec<String>> = None;
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let answers = run(&server, &steps).await;
        let Some(expected) = &expected else {
            expected = Some(answers);
            continue;
        };
        if let Some(index) = first_difference(&answers, expected) {
            let step = steps.get(index).map(|step| (step.method, step.path, &step.body));
            let [here, there] = [&answers, expected].map(|all| all.get(index));
            panic!("{backend:?}, answer or event {index}: {step:?}: {here:?} instead of {there:?}");
        }
    }
    let answers = expected.unwrap();
    let beginnings = ["200", "204", "400", "404", "422"].map(str::to_owned);
    let kinds = [
        "subscription_started",
        "subscription_expired",
        "access_level_updated",
    ];
    let kinds = kinds.map(|kind| format!("event {kind}"));
    for beginning in beginnings.iter().chain(&kinds) {
        let count = answers
            .iter()
            .filter(|answer| answer.starts_with(beginning))
            .count();
        assert!(
            count > 5,
            "the trace proves little: {beginning} came {count} times"
        );
    }
}

/// The place of the first answer or event that is not the same, or is missing.
fn first_difference(answers: &[String], expected: &[String]) -> Option<usize> {
    let both = answers.len().max(expected.len());
    (0..both).find(|index| answers.get(*index) != expected.get(*index))
}

/// The same comparison, after one answer or event has been altered, lost or told twice.
#[tokio::test]
async fn a_trace_with_one_other_answer_is_found() {
    let steps = sure_round(0);
    let server = TestServer::on(Backend::SqliteMemory).await;
    let answers = run(&server, &steps).await;
    assert!(answers.len() > steps.len(), "there are no events");
    assert_eq!(first_difference(&answers, &answers), None);
    for index in 0..answers.len() {
        let mut altered = answers.clone();
        let last = altered[index].pop().unwrap();
        assert_eq!(first_difference(&altered, &answers), Some(index));
        altered[index].push(last);
        altered.remove(index);
        assert!(first_difference(&altered, &answers).is_some(), "{index} is lost");
        altered.insert(index, answers[index].clone());
        altered.push(answers[index].clone());
        assert_eq!(first_difference(&altered, &answers), Some(answers.len()));
    }
}

/// The answers, and after them the events.
async fn run(server: &TestServer, steps: &[Step]) -> Vec<String> {
    let wanted = json!({"events": {"access_level_updated": true}});
    set_webhook_of(&server.state, server.app_id.parse().unwrap(), wanted).await;
    let mut answers = Vec::new();
    let mut names = HashMap::new();
    let mut now = START;
    for step in steps {
        now += step.pause;
        server.state.clock.move_to(now).unwrap();
        handle_due(&server.state, now).await.unwrap();
        let headers: Vec<_> = step
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = server.call(step.method, step.path, &headers, &step.body).await;
        answers.push(format!(
            "{} {}",
            answer.status,
            without_ids(&answer.text(), &mut names)
        ));
    }
    answers.extend(events(server, &mut names).await);
    answers
}

/// The events of each profile in their order: between profiles it is left to chance, and so is that of those who share.
async fn events(server: &TestServer, names: &mut HashMap<Uuid, usize>) -> Vec<String> {
    let path = format!("apps/{}/events?order=asc", server.app_id);
    let (mut events, _) = walk(server, &path, 200).await;
    let name = |names: &HashMap<Uuid, usize>, value: &Value| {
        names[&Uuid::parse_str(value["profile_id"].as_str().unwrap()).unwrap()]
    };
    events.sort_by_key(|event| name(names, &event["payload"]));
    let mut texts = Vec::new();
    for mut event in events {
        let sharing = &mut event["payload"]["profiles_sharing_access_level"];
        if let Some(sharing) = sharing.as_array_mut() {
            sharing.sort_by_key(|sharer| name(names, sharer));
        }
        // The id of a delivery begins with that of its event, which is another in each app.
        let id = event["event_id"].as_str().unwrap().to_owned();
        for delivery in event["deliveries"].as_array_mut().unwrap() {
            let own = delivery["delivery_id"].as_str().unwrap().strip_prefix(&id);
            delivery["delivery_id"] = own.unwrap().into();
        }
        let kind = event["event_type"].as_str().unwrap().to_owned();
        texts.push(format!("event {kind} {}", without_ids(&event.to_string(), names)));
    }
    texts
}

/// Requests that get each kind of answer, whatever the others do, and events.
fn sure_round(number: usize) -> Vec<Step> {
    let step = |method, path, header: &[(&'static str, &str)], body: &Value| Step {
        method,
        path,
        headers: header
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
        body: if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
        pause: HOUR,
    };
    let (customer, key) = (format!("sure-{number}"), format!("sure-key-{number}"));
    let user = [("adapty-customer-user-id", customer.as_str())];
    let once = [user[0], ("idempotency-key", key.as_str())];
    let mut period = period(&format!("sure-{number}"), START, 2 * HOUR);
    period["renew_status"] = json!(false);
    vec![
        step("POST", PROFILE, &user, &Value::Null),
        step("POST", IDENTIFIERS, &once, &json!({"branch_id": "one"})),
        step("POST", IDENTIFIERS, &once, &json!({"branch_id": "two"})),
        step("POST", IDENTIFIERS, &user, &json!({"branch_id": 1})),
        step("POST", TRANSACTION, &user, &period),
        step("POST", GRANT, &user, &json!({"access_level_id": "premium"})),
        step("POST", REVOKE, &user, &json!({"access_level_id": "premium"})),
        step(
            "POST",
            PROFILE,
            &[("adapty-customer-user-id", "gone")],
            &Value::Null,
        ),
        step(
            "DELETE",
            PROFILE,
            &[("adapty-customer-user-id", "gone")],
            &Value::Null,
        ),
        step(
            "GET",
            PROFILE,
            &[("adapty-customer-user-id", "gone")],
            &Value::Null,
        ),
    ]
}

fn period(id: &str, purchased_at: i64, length: i64) -> Value {
    json!({
        "purchase_type": "subscription", "store": "app_store", "store_product_id": "monthly",
        "store_transaction_id": id, "store_original_transaction_id": id,
        "price": {"country": "DE", "currency": "USD", "value": 9.99},
        "originally_purchased_at": format_time(purchased_at), "purchased_at": format_time(purchased_at),
        "expires_at": format_time(purchased_at + length), "renew_status": true,
    })
}

/// One of a few transactions, as it may be at one time or another.
fn transaction(random: &mut Random) -> String {
    let (chain, number) = (random.below(8), random.below(4));
    let length = 3 * 24 * HOUR;
    let start = START + i64::try_from(chain).unwrap() * 24 * HOUR;
    let mut body = period(
        &format!("t{chain}-{number}"),
        start + i64::try_from(number).unwrap() * length,
        length,
    );
    body["store_original_transaction_id"] = json!(format!("t{chain}-0"));
    body["originally_purchased_at"] = json!(format_time(start));
    body["renew_status"] = json!(random.in_hundred(60));
    match random.below(10) {
        0 | 1 => {
            body["refunded_at"] = json!(format_time(start + 20 * 24 * HOUR));
            body["cancellation_reason"] = json!("refund");
        }
        2 => body["environment"] = json!("Sandbox"),
        3 => body["price"]["value"] = json!(0),
        4 => body["billing_issue_detected_at"] = json!(format_time(start + 16 * 24 * HOUR)),
        5 => {
            body["purchase_type"] = json!("one_time_purchase");
            body["store_transaction_id"] = json!(format!("once-{chain}"));
            body["store_original_transaction_id"] = json!(format!("once-{chain}"));
        }
        6 => body["purchased_at"] = json!("yesterday"),
        _ => {}
    }
    body.to_string()
}

fn access(random: &mut Random, time: &str) -> String {
    let level = *random.pick(&["premium", "premium", "premium", "gold"]);
    let mut body = json!({"access_level_id": level});
    if random.in_hundred(60) {
        let hours = i64::try_from(random.below(30 * 24)).unwrap();
        body[time] = json!(format_time(START + hours * HOUR));
    }
    body.to_string()
}

/// Puts the order of its first appearance in the place of each UUID.
fn without_ids(text: &str, names: &mut HashMap<Uuid, usize>) -> String {
    let mut parts = Vec::new();
    for part in text.split('"') {
        match Uuid::parse_str(part) {
            Ok(id) => {
                let next = names.len();
                parts.push(format!("id {}", names.entry(id).or_insert(next)));
            }
            Err(_) => parts.push(part.to_owned()),
        }
    }
    parts.join("\"")
}

fn step(random: &mut Random, ids: &[String]) -> Step {
    let mut headers = Vec::new();
    let which = random.below(100);
    if which < 65 {
        let customer = if random.in_hundred(3) {
            "x".repeat(256)
        } else {
            format!("customer-{}'🦀", random.below(12))
        };
        headers.push(("adapty-customer-user-id", customer));
    }
    if !(55..98).contains(&which) || (55..65).contains(&which) || which < 8 {
        let id = if random.in_hundred(3) {
            "no-uuid".into()
        } else {
            random.pick(ids).clone()
        };
        headers.push(("adapty-profile-id", id));
    }
    let (method, path, body) = match random.below(100) {
        0..20 => ("POST", PROFILE, person(random)),
        20..35 => ("POST", IDENTIFIERS, identifiers(random)),
        35..45 => ("GET", IDENTIFIERS, String::new()),
        45..55 => ("GET", PROFILE, String::new()),
        55..63 => ("PATCH", PROFILE, person(random)),
        63..83 => ("POST", TRANSACTION, transaction(random)),
        83..89 => ("POST", GRANT, access(random, "expires_at")),
        89..94 => ("POST", REVOKE, access(random, "revoke_at")),
        _ => ("DELETE", PROFILE, String::new()),
    };
    if method == "POST" && random.in_hundred(40) {
        headers.push(("idempotency-key", format!("key-{}", random.below(30))));
    }
    let pause = match random.below(100) {
        0 => 6 * HOUR,
        1..50 => i64::try_from(random.below(5_000_000)).unwrap(),
        _ => 0,
    };
    Step {
        method,
        path,
        headers,
        body,
        pause,
    }
}

fn text(random: &mut Random) -> String {
    let awkward = ["", "\0", "🦀", "'\"\\", "\u{2028}", " ", "null", "é"];
    match random.below(4) {
        0 => (*random.pick(&awkward)).to_owned(),
        1 => "x".repeat(1020 + random.below(8)),
        _ => format!("value-{}", random.below(5)),
    }
}

fn identifiers(random: &mut Random) -> String {
    let names = ["branch_id", "appsflyer_id", "pushwoosh_hwid", "unknown_field"];
    let mut body = serde_json::Map::new();
    for _ in 0..=random.below(3) {
        let value = match random.below(12) {
            0 => json!(1),
            1 => json!(null),
            _ => json!(text(random)),
        };
        body.insert((*random.pick(&names)).to_owned(), value);
    }
    json!(body).to_string()
}

fn person(random: &mut Random) -> String {
    match random.below(8) {
        0 => String::new(),
        1 => json!({"first_name": text(random), "gender": "x"}).to_string(),
        2 => json!({"email": "a@example.com", "first_name": null}).to_string(),
        3 => json!({"installation_meta": {"device_id": format!("d{}", random.below(3))}}).to_string(),
        4 => "{".to_owned(),
        _ => {
            let key = format!("k{}", random.below(40));
            json!({"custom_attributes": [{"key": key, "value": random.below(3)}]}).to_string()
        }
    }
}
