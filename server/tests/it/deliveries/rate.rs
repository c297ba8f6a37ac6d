//! How many requests a second go to each third party.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::json;

use crate::support::backend::Backend;
use crate::support::deliveries::{branch, buyers, enable, settle_down, states, work};
use crate::support::direct::set_settings;
use crate::support::metronome::Metronome;
use crate::support::pace::{Pace, too_fast};
use crate::support::purchases::with;
use crate::support::server::TestServer;
use crate::support::vendor::{Manner, Vendor};

/// What Airbridge publishes, and what the settings say of Branch.
const AIRBRIDGE: usize = 16;
const BRANCH: usize = 8;

/// Each has enough for more than a second.
#[tokio::test]
async fn each_integration_has_a_rate_of_its_own_as_settings_or_the_third_party_say() {
    const EVENTS: usize = AIRBRIDGE + 6;
    let came: Arc<Mutex<HashMap<&str, Vec<Instant>>>> = Arc::default();
    let log = Arc::clone(&came);
    let vendor = Vendor::with(move |request, _| {
        let who = match request.path.starts_with("/branch/") {
            true => "branch",
            false => "airbridge",
        };
        log.lock().unwrap().entry(who).or_default().push(Instant::now());
        Manner::Answers(200, "{}")
    })
    .await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    set_settings(&server, json!({"ios_bundle_id": "com.example"})).await;
    let airbridge = json!({"app_name": "app", "api_token": "k", "base_url": vendor.url,
        "events": {"access_level_updated": false}});
    enable(&server, "airbridge", airbridge).await;
    let slower = json!({"requests_per_second": BRANCH});
    enable(
        &server,
        "branch",
        with(branch(&format!("{}/branch", vendor.url)), slower),
    )
    .await;
    buyers(&server, 0..EVENTS).await;
    let (began, metronome) = (Instant::now(), Metronome::start());
    let _working = work(&server);
    settle_down(&server.state).await;
    let lateness = metronome.stop();
    assert_eq!(states(&server).await, [format!("delivered {}", 2 * EVENTS)]);
    let came = came.lock().unwrap().clone();
    for (who, rate) in [("branch", BRANCH), ("airbridge", AIRBRIDGE)] {
        // One more where the first comes a moment late.
        let pace = Pace {
            rate,
            burst: 1,
            most: rate + 1,
        };
        assert_eq!(too_fast(&came[who], pace, began, &lateness), None, "{who}");
    }
    // Neither lends the other its figure, takes of it, or waits for the other: at the end of those that go twice as fast half
    // of the others have come.
    let last = came["airbridge"].last().unwrap();
    let meanwhile = came["branch"].iter().filter(|at| *at < last).count();
    assert!(
        (EVENTS / 3..=EVENTS * 2 / 3).contains(&meanwhile),
        "{meanwhile} of {EVENTS}"
    );
}
