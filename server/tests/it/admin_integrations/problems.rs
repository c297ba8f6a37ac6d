//! Settings that are valid and still do not do what they seem to: the administration says so.

use serde_json::json;

use super::set;
use crate::support::backend::Backend;
use crate::support::server::TestServer;

#[tokio::test]
async fn what_has_no_effect_is_told() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let set = set(&server, json!({"authorizations": {"sandbox": "x"}})).await;
    let fields: Vec<_> = set["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["field"].as_str().unwrap())
        .collect();
    assert_eq!(
        fields,
        ["settings.urls", "settings.authorizations.sandbox", "status"]
    );
}

#[tokio::test]
async fn an_event_that_is_switched_on_in_vain_is_among_the_problems() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let path = format!("apps/{}/integrations/airbridge", server.app_id);
    let settings = json!({"app_name": "a", "api_token": "t", "events": {"trial_active": true}});
    let body = json!({"enabled": true, "settings": settings}).to_string();
    let set = server.admin("PUT", &path, &body).await.json();
    let problems = set["problems"].as_array().unwrap().iter();
    let fields: Vec<_> = problems
        .map(|problem| problem["field"].as_str().unwrap())
        .collect();
    assert!(fields.contains(&"settings.events.trial_active"), "{set}");
}

#[tokio::test]
async fn without_what_nothing_can_be_sent_the_status_says_so() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    for integration in bursar_domain::integrations::ALL {
        let path = format!("apps/{}/integrations/{}", server.app_id, integration.slug);
        let put = async |enabled: bool| {
            let body = json!({"enabled": enabled, "settings": {}}).to_string();
            server.admin("PUT", &path, &body).await.json()
        };
        let on = put(true).await;
        assert_eq!(on["status"], "blocked", "{on}");
        let why = on["problems"].as_array().unwrap().last().unwrap();
        assert_eq!(why["field"], "status", "{on}");
        let detail = why["detail"].as_str().unwrap();
        let setting = detail.strip_prefix("nothing can be sent: settings.");
        let (setting, why) = setting.and_then(|told| told.split_once(": ")).unwrap();
        assert!(!setting.contains(' ') && !why.is_empty(), "{detail}");
        assert_eq!(server.admin("GET", &path, "").await.json(), on);
        assert_eq!(put(false).await["status"], "disabled");
    }
    let half = json!({"urls": {"sandbox": "https://a.example/"}});
    let problems = set(&server, half).await["problems"].to_string();
    assert!(!problems.contains("nothing can be sent"), "{problems}");
}
