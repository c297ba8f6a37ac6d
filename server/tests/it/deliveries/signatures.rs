//! The webhook's signatures, verified by a program that shares nothing with ours, also while secrets change.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::backend::Backend;
use crate::support::deliveries::{bought, enable, settle_down, work};
use crate::support::purchases::Customer;
use crate::support::server::{PROFILE, TRANSACTION, TestServer};
use crate::support::vendor::{Received, Vendor};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const FOREIGN: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Reads cases from its input, tells which of them verify.
const VERIFIER: &str = r#"
import json, sys

def verifies(case):
    headers = {name.lower(): value for name, value in case["headers"].items()}
    return is_genuine(headers, case["body"].encode(), case["secret"], case["now"])

print(json.dumps([verifies(case) for case in json.load(sys.stdin)]))
"#;

/// The function that the handbook gives to receivers, which was written from the specification of Standard Webhooks.
fn of_the_handbook() -> &'static str {
    let page = include_str!("../../../../docs/integrations/webhook.md");
    let (_, rest) = page.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn verify(cases: &[Value]) -> Vec<bool> {
    let mut python = Command::new(xtask::test_environment::python())
        .args(["-c", &[of_the_handbook(), VERIFIER].concat()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(cases).unwrap();
    python.stdin.take().unwrap().write_all(&input).unwrap();
    let output = python.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A request as a receiver with this secret sees it at this time, in seconds.
fn case(request: &Received, secret: &str, now: i64) -> Value {
    json!({"headers": request.headers, "body": request.body, "secret": secret, "now": now})
}

/// What the specification's authors print as an example, so that the verifier is held to something, too.
fn published() -> Value {
    json!({
        "headers": {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        "body": r#"{"test": 2432232314}"#, "secret": OLD, "now": 1_614_265_330,
    })
}

/// Sends one event to a receiver under these settings.
async fn send(settings: Value) -> (Received, i64) {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let vendor = Vendor::start().await;
    let mut settings = settings;
    settings["urls"] = json!({"production": vendor.url});
    settings["events"] = json!({"access_level_updated": false});
    settings["send_user_attributes"] = json!(true);
    enable(&server, "webhook", settings).await;
    let _working = work(&server);
    // Something that is more than one byte a letter.
    let customer = Customer::new(&server, "änn 🦀").await;
    let attributes = json!({"custom_attributes": [{"key": "k", "value": "ü\u{2028}\"\\"}]});
    customer.call("PATCH", PROFILE, &attributes).await;
    customer.post(TRANSACTION, &bought("t1")).await;
    settle_down(&server.state).await;
    (vendor.received().remove(0), server.state.clock.now() / 1_000_000)
}

#[tokio::test]
async fn receivers_verify_what_we_sign_also_while_the_secret_changes() {
    let (one, now) = send(json!({"signing_secret": NEW})).await;
    let (both, _) = send(json!({"signing_secret": NEW, "signing_secret_previous": OLD})).await;
    let (none, _) = send(json!({})).await;
    assert_eq!(
        one.headers["webhook-id"],
        one.json()["event_properties"]["profile_event_id"]
    );
    assert!(!none.headers.contains_key("webhook-signature"));
    let changed = |change: &dyn Fn(&mut Received)| {
        let mut request = both.clone();
        change(&mut request);
        request
    };
    let body = changed(&|request| request.body = request.body.replacen("t1", "t2", 1));
    let id = changed(&|request| drop(request.headers.insert("webhook-id".into(), "other".into())));
    let at = changed(&|request| {
        drop(
            request
                .headers
                .insert("webhook-timestamp".into(), now.to_string() + "0"),
        )
    });
    let undated = changed(&|request| drop(request.headers.insert("webhook-timestamp".into(), "soon".into())));
    let signature = changed(&|request| {
        let told = request.headers.get_mut("webhook-signature").unwrap();
        *told = told.replace("v1,", "v1,A").replace("v1a,", "");
    });
    let cases = [
        (published(), true),
        (case(&one, NEW, now), true),
        (case(&one, OLD, now), false),
        (case(&both, NEW, now), true),
        (case(&both, OLD, now), true),
        (case(&both, FOREIGN, now), false),
        // Clocks may differ by five minutes.
        (case(&both, NEW, now + 299), true),
        (case(&both, NEW, now - 299), true),
        (case(&both, NEW, now + 301), false),
        (case(&both, NEW, now - 301), false),
        (case(&none, NEW, now), false),
        (case(&body, NEW, now), false),
        (case(&id, NEW, now), false),
        (case(&at, NEW, now), false),
        (case(&signature, NEW, now), false),
        (case(&undated, NEW, now), false),
    ];
    let (told, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(verify(&told), expected);
}
