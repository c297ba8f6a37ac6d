//! What a part of an integration learns from answers: one that fails at it takes down its own request alone.

use bursar::delivery;
use bursar::directory::{AppIntegration, Target};
use bursar_domain::integrations::{Integration, Part, Probe, webhook};
use serde_json::json;

use crate::support::backend::Backend;
use crate::support::deliveries::{app_id, enable};
use crate::support::server::TestServer;
use crate::support::vendor::Vendor;

static INTEGRATION: Integration = Integration {
    probe: Probe::MarkedEvent,
    ..webhook::INTEGRATION
};
static WHOLE: Part = Part::WHOLE;
static FAILING: Part = Part {
    learns: Some(|_| panic!("injected")),
    ..Part::WHOLE
};

#[tokio::test]
async fn an_answer_from_which_nothing_can_be_learned_takes_down_its_own_request_alone() {
    let vendor = Vendor::start().await;
    let server = TestServer::on(Backend::SqliteMemory).await;
    enable(&server, "webhook", json!({"urls": {"production": vendor.url}})).await;
    let app = server.state.directory().app(app_id(&server)).unwrap().clone();
    let known = app.integration("webhook").unwrap();
    let before = vendor.count();
    for (part, expected) in [(&FAILING, "rejected"), (&WHOLE, "delivered")] {
        let known = AppIntegration {
            integration: &INTEGRATION,
            enabled: true,
            settings: known.settings.clone(),
            blocked: None,
            timers_since: 0,
            saved: known.saved.clone(),
            targets: vec![Target {
                part,
                ..known.targets[0]
            }],
        };
        let tried = delivery::send_marked(&server.state, &app, &known).await.unwrap();
        assert_eq!(tried[0].verdict, expected, "{:?}", tried[0].wrong);
        let is_ours = tried[0]
            .wrong
            .as_ref()
            .is_some_and(|why| *why == delivery::FAULT.to_string());
        assert_eq!(is_ours, expected == "rejected", "{:?}", tried[0].wrong);
    }
    assert_eq!(vendor.count() - before, 2, "each was answered");
}
