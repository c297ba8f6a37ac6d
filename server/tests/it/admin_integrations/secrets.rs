//! The secrets among the settings of integrations: kept, and shown to nobody.

use bursar::store::{Sql, Statement};
use serde_json::{Value, json};

use super::{SIGNING, everything, set, stored};
use crate::support::backend::{ALL, Backend};
use crate::support::deliveries::{app_id, shown};
use crate::support::direct::add_app;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_masked_secret_keeps_the_stored_one() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        set(&server, everything()).await;
        let mut settings = shown(&server, "webhook").await["settings"].clone();
        settings["authorizations"]["production"] = json!("Bearer new");
        settings["signing_secret_previous"] = json!(null);
        set(&server, settings).await;
        let directory = server.state.directory();
        let app = directory.app(app_id(&server)).unwrap();
        let settings = &app.integration("webhook").unwrap().settings;
        let authorization = |of| settings.text(&format!("authorizations.{of}")).unwrap();
        assert_eq!(authorization("production"), "Bearer new", "{backend:?}");
        assert_eq!(authorization("sandbox"), "Bearer s3cret-s", "{backend:?}");
        assert_eq!(settings.text("signing_secret"), Some(SIGNING));
        assert_eq!(settings.text("signing_secret_previous"), None);
    }
}

#[tokio::test]
async fn secrets_are_nowhere_in_clear() {
    for backend in ALL {
        let server = TestServer::on(backend).await;
        set(&server, everything()).await;
        set(&server, everything()).await;
        let mut places = vec![
            stored(&server.state).await,
            shown(&server, "webhook").await.to_string(),
        ];
        places.push(server.admin("GET", "audit", "").await.text());
        if backend == Backend::SqliteFile {
            for file in std::fs::read_dir(&server.folder.0).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                places.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            assert!(
                places.iter().any(|place| place.contains("b.example")),
                "the file is not looked at"
            );
        }
        for place in places {
            assert!(!place.contains("s3cret"), "{backend:?}: {place}");
            assert!(
                !place.contains(&SIGNING["whsec_".len()..]),
                "{backend:?}: {place}"
            );
        }
    }
}

#[tokio::test]
async fn secrets_open_only_for_the_app_that_they_were_set_for() {
    static MOVE: Sql = Sql::same("UPDATE integrations SET app_id = $1");
    for backend in ALL {
        let server = TestServer::on(backend).await;
        let other = add_app(&server.state).await;
        set(&server, everything()).await;
        let moved = Statement::new(&MOVE, [other.id.into()]);
        server.state.store.write(vec![moved]).await.unwrap();
        let of_other = format!("apps/{}/integrations/webhook", other.id);
        let answer = server.admin("GET", &of_other, "").await;
        assert_eq!(answer.status, 200, "{backend:?}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body["status"], "blocked", "{backend:?}: {body}");
        let settings = &body["settings"];
        let none = json!({"production": null, "sandbox": null});
        assert_eq!(settings["authorizations"], none, "{backend:?}");
        for secret in ["signing_secret", "signing_secret_previous"] {
            assert_eq!(settings[secret], Value::Null, "{backend:?}: {secret}");
        }
    }
}
