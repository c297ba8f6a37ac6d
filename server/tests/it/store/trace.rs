//! The same random requests get the same answers on every backend, byte for byte but for ids that chance makes.

use std::collections::HashMap;

use serde_json::json;
use uuid::Uuid;

use crate::support::backend::ALL;
use crate::support::random::Random;
use crate::support::server::{IDENTIFIERS, PROFILE, START, TestServer};

const REQUESTS: usize = 2_000;

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
    let steps: Vec<Step> = (0..REQUESTS).map(|_| step(&mut random, &ids)).collect();
    let mut expected: Option<Vec<String>> = None;
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let answers = run(&server, &steps).await;
        let Some(expected) = &expected else {
            expected = Some(answers);
            continue;
        };
        for (index, (answer, expected)) in answers.iter().zip(expected).enumerate() {
            let Step { method, path, .. } = &steps[index];
            assert_eq!(answer, expected, "{backend:?}, request {index}: {method} {path}");
        }
    }
    let answers = expected.unwrap();
    for status in ["200", "204", "400", "404", "422"] {
        let count = answers.iter().filter(|answer| answer.starts_with(status)).count();
        assert!(count > 5, "the trace proves little: {status} came {count} times");
    }
}

async fn run(server: &TestServer, steps: &[Step]) -> Vec<String> {
    let mut answers = Vec::new();
    let mut names = HashMap::new();
    let mut now = START;
    for step in steps {
        now += step.pause;
        server.state.clock.move_to(now).unwrap();
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
    answers
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
        0..25 => ("POST", PROFILE, person(random)),
        25..50 => ("POST", IDENTIFIERS, identifiers(random)),
        50..65 => ("GET", IDENTIFIERS, String::new()),
        65..80 => ("GET", PROFILE, String::new()),
        80..92 => ("PATCH", PROFILE, person(random)),
        _ => ("DELETE", PROFILE, String::new()),
    };
    if method == "POST" && random.in_hundred(40) {
        headers.push(("idempotency-key", format!("key-{}", random.below(30))));
    }
    let pause = match random.below(100) {
        0 => 6 * 60 * 60 * 1_000_000,
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
