//! A deleted profile is gone from the disk too.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::support::backend::Backend;
use crate::support::program::Program;
use crate::support::purchases::{numbered, subscription};
use crate::support::running::server;
use crate::support::server::{IDENTIFIERS, PROFILE, TRANSACTION};

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
