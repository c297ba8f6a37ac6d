//! Custom attributes as the API shows them.

use serde_json::{Value, json};

use super::support::backend::{ALL, Backend};
use super::support::refusal::{refusal, refused};
use super::support::server::{Answer, PROFILE, TestServer, USER};

async fn send(server: &TestServer, attributes: Value) -> Answer {
    let body = json!({"custom_attributes": attributes}).to_string();
    server.call("POST", PROFILE, &[USER], &body).await
}

fn pairs(range: std::ops::Range<usize>, value: &Value) -> Vec<Value> {
    range
        .map(|n| json!({"key": format!("k{n:02}"), "value": value}))
        .collect()
}

#[tokio::test]
async fn numbers_come_back_as_floats_and_the_order_is_that_of_the_keys() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let attributes = json!([
            {"key": "true", "value": true}, {"key": "false", "value": false}, {"key": "ten", "value": 10},
            {"key": "half", "value": 0.5}, {"key": "Z", "value": "ü🦀".repeat(25)}, {"key": "a.b-c_d", "value": " "},
        ]);
        let answer = send(&server, attributes).await;
        let shown = answer.text();
        let expected = format!(
            r#""custom_attributes":[{{"key":"Z","value":"{}"}},{{"key":"a.b-c_d","value":" "}},{{"key":"false","value":0.0}},{{"key":"half","value":0.5}},{{"key":"ten","value":10.0}},{{"key":"true","value":1.0}}]"#,
            "ü🦀".repeat(25)
        );
        assert!(shown.contains(&expected), "{backend:?}: {shown}");
    }
}

#[tokio::test]
async fn a_number_that_is_sent_back_as_it_was_shown_stays_the_same() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let mut seed = 0x5eed_u64;
        for _ in 0..200 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = f64::from_bits(seed >> 2 | 0x3000_0000_0000_0000);
            let sent = format!(r#"{{"custom_attributes":[{{"key":"k","value":{number:e}}}]}}"#);
            let first = server.call("POST", PROFILE, &[USER], &sent).await;
            let read = server.call("GET", PROFILE, &[USER], "").await;
            assert_eq!(first.body, read.body, "{backend:?} {sent}");
            let shown = read.text();
            let value = shown.split(r#""value":"#).nth(1).unwrap();
            let value: f64 = value.split('}').next().unwrap().parse().unwrap();
            assert_eq!(value.to_bits(), number.to_bits(), "{backend:?} {sent}");
        }
    }
}

#[tokio::test]
async fn thirty_are_kept_and_the_count_is_taken_after_deletions() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        assert_eq!(send(&server, json!(pairs(0..30, &json!(1)))).await.status, 200);
        let before = server.call("GET", PROFILE, &[USER], "").await;
        let refused_at = refused(400, "base_error", &["custom_attributes"]);
        let more = send(&server, json!(pairs(30..31, &json!(1)))).await;
        assert_eq!(refusal(&more), refused_at, "{backend:?}");
        assert_eq!(
            server.call("GET", PROFILE, &[USER], "").await.body,
            before.body,
            "{backend:?}"
        );
        let swap = [pairs(30..31, &json!("new")), pairs(0..1, &Value::Null)].concat();
        let swapped = send(&server, json!(swap)).await.json();
        let shown = swapped["data"]["custom_attributes"].as_array().unwrap();
        assert_eq!(
            (shown.len(), &shown[0]["key"]),
            (30, &json!("k01")),
            "{backend:?}"
        );
        let all = send(&server, json!(pairs(0..40, &json!("")))).await.json();
        assert_eq!(all["data"]["custom_attributes"], json!([]), "{backend:?}");
    }
}

#[tokio::test]
async fn of_a_key_that_comes_twice_the_last_value_counts() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let twice = json!([{"key": "k", "value": 1}, {"key": "k", "value": "last"}]);
    let shown = send(&server, twice).await.json();
    assert_eq!(
        shown["data"]["custom_attributes"],
        json!([{"key": "k", "value": "last"}])
    );
}

#[tokio::test]
async fn the_segment_hash_follows_the_attributes_alone() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let hash = |answer: Answer| {
        let hash = answer.json()["data"]["segment_hash"].as_str().unwrap().to_owned();
        assert!(
            hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{hash}"
        );
        hash
    };
    let first = hash(send(&server, json!([{"key": "k", "value": 1}])).await);
    let body = r#"{"first_name":"A"}"#;
    let named = hash(server.call("PATCH", PROFILE, &[USER], body).await);
    let other = hash(send(&server, json!([{"key": "k", "value": 2}])).await);
    assert_eq!(first, named);
    assert_ne!(first, other);
    assert_eq!(
        hash(send(&server, json!([{"key": "k", "value": 1}])).await),
        first
    );
}
