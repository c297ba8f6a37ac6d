//! A deleted profile is gone from the disk too.

use std::fs;
use std::time::Duration;

use bursar_domain::time::parse_time;
use serde_json::json;

use crate::support::backend::Backend;
use crate::support::deliveries::{HOUR, bought};
use crate::support::program::Program;
use crate::support::purchases::{numbered, subscription};
use crate::support::running::server;
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION};
use crate::support::vendor::{Manner, Vendor};

/// Stands in whatever is known of the customer.
const CANARY: &str = "c4n4ry";
/// More than fits a page of the database.
const PERIODS: u32 = 12;

/// In which files of the data folder it stands.
fn found(program: &Program) -> Vec<String> {
    let files = fs::read_dir(&program.data).unwrap().map(|file| file.unwrap());
    let holds = |bytes: Vec<u8>| bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
    let holding = files.filter(|file| holds(fs::read(file.path()).unwrap()));
    holding
        .map(|file| file.file_name().into_string().unwrap())
        .collect()
}

#[test]
fn nothing_of_a_deleted_profile_is_left_in_the_files_of_sqlite_after_a_stop() {
    let mut program = Program::on(Backend::SqliteFile, server());
    let mut running = program.start();
    let mut client = program.client(&running);
    let mut call = |method: &str, path: &str, user: &str, body: &str, status: u16| {
        let answer = client
            .call(method, path, &[("adapty-customer-user-id", user)], body)
            .unwrap();
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    };
    let gone = format!("{CANARY}-user");
    let known = json!({"email": format!("{CANARY}@a.example"), "first_name": CANARY,
        "custom_attributes": [{"key": "k", "value": CANARY}],
        "installation_meta": {"device_id": CANARY, "device": CANARY, "platform": "iOS"}});
    for user in ["before", &gone, "after"] {
        call("POST", PROFILE, user, "", 200);
        for number in 1..=PERIODS {
            let period = numbered(
                subscription(),
                &format!("{}-{number}", user.trim_start_matches(CANARY)),
            );
            call("POST", TRANSACTION, user, &period.to_string(), 200);
        }
    }
    call("POST", PROFILE, &gone, &known.to_string(), 200);
    call(
        "POST",
        IDENTIFIERS,
        &gone,
        &json!({"amplitude_user_id": CANARY}).to_string(),
        200,
    );
    assert!(!found(&program).is_empty());
    call("DELETE", PROFILE, &gone, "", 204);
    running.ask_to_stop();
    assert_eq!(running.ended_within(Duration::from_secs(10)).code(), Some(0));
    running.assert_healthy();
    assert_eq!(found(&program), <[&str; 0]>::default());
    assert_eq!(
        fs::metadata(program.data.join("bursar.db-wal")).map_or(0, |log| log.len()),
        0
    );
}

/// Third parties that repeat all that they are told: of several customers in one answer, and while they refuse the settings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_third_parties_said_of_a_deleted_profile_is_left_with_others() {
    let mirror = async |status: u16| {
        Vendor::with(move |request, _| {
            let body = &request.body;
            let length = body.len();
            Manner::Raw(format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}"
            ))
        })
        .await
    };
    let (failing, refusing) = (mirror(500).await, mirror(401).await);
    let urls = (failing.url.clone(), refusing.url.clone());
    let found = tokio::task::spawn_blocking(move || {
        let mut program = Program::on(Backend::SqliteFile, server());
        let begin = parse_time("2026-01-01T00:00:00Z").unwrap();
        let mut running = program.start_at(begin);
        let events = json!({"access_level_updated": false});
        let posthog = json!({"api_key": "k", "base_url": urls.0, "events": events});
        let mixpanel = json!({"tokens": {"production": {"ios": "t"}}, "base_url": urls.1, "events": events});
        program.set_integration(&running, "posthog", &posthog);
        program.set_integration(&running, "mixpanel", &mixpanel);
        let mut client = program.client(&running);
        let mut call = |method: &str, path: &str, user: &str, body: &str, status: u16| {
            let headers = [("adapty-customer-user-id", user)];
            let answer = client.call(method, path, &headers, body).unwrap();
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        };
        let gone = format!("{CANARY}-user");
        for user in [&gone, "other", "another"] {
            call("POST", PROFILE, user, "", 200);
            let ids = json!({"mixpanel_user_id": format!("{user}-m"), "posthog_distinct_user_id": format!("{user}-p")});
            call("POST", IDENTIFIERS, user, &ids.to_string(), 200);
            let bought = bought(user.trim_start_matches(CANARY)).to_string();
            call("POST", TRANSACTION, user, &bought, 200);
        }
        // What has failed for each travels together when it is tried again.
        program.settle_at(&running, begin + HOUR);
        assert!(!found(&program).is_empty());
        call("DELETE", PROFILE, &gone, "", 204);
        running.ask_to_stop();
        assert_eq!(running.ended_within(Duration::from_secs(10)).code(), Some(0));
        running.assert_healthy();
        found(&program)
    });
    assert_eq!(found.await.unwrap(), <[&str; 0]>::default());
    let sent = failing.received();
    let names = |body: &str| {
        [CANARY, "other-p", "another-p"]
            .iter()
            .all(|name| body.contains(name))
    };
    assert!(sent.iter().any(|request| names(&request.body)), "{sent:?}");
    assert!(
        refusing
            .received()
            .iter()
            .any(|request| request.body.contains(CANARY))
    );
}
