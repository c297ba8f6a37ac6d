//! The administration's commands: the real program on a database, with and without a server.

mod refused;

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use super::support::backend::{Backend, SHARED};
use super::support::installation::{Installation, data_file, stderr};
use super::support::raw;
use super::support::running::Running;
use super::support::server::PROFILE;

/// How a request with this key is answered.
fn status_with_key(server: &Running, key: &str) -> u16 {
    let authorization = format!("Api-Key {key}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("adapty-customer-user-id", "u"),
    ];
    raw::call(server.address, "POST", PROFILE, &headers, b"").status
}

/// Asks until it is answered with this status: whoever asks after the second that is promised must be.
fn answers_within_a_second(status: u16, ask: impl Fn() -> u16) {
    let started = Instant::now();
    loop {
        let asked = started.elapsed();
        let answered = ask();
        if answered == status {
            return;
        }
        assert!(
            asked < Duration::from_secs(1),
            "{answered} after {asked:?}, not {status}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').count() - 1
}

fn words(args: &str) -> Vec<&str> {
    args.split(' ').collect()
}

#[tokio::test]
async fn a_key_of_the_command_line_works_on_a_running_server_within_a_second() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let server = installation.serve();
        let made = installation.json(&["key", "create", "--app", "default", "--kind", "secret"]);
        let key = made["key"].as_str().unwrap();
        answers_within_a_second(200, || status_with_key(&server, key));
        let prefix = made["prefix"].as_str().unwrap();
        installation.text(&["key", "revoke", "--app", "default", prefix]);
        answers_within_a_second(401, || status_with_key(&server, key));
        let token = installation.json(&["admin-token", "create", "--label", "ci"]);
        let bearer = format!("Bearer {}", token["admin_token"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        answers_within_a_second(200, || {
            raw::call(server.address, "GET", "/admin/v1/apps", &headers, b"").status
        });
        server.stop();
    }
}

#[tokio::test]
async fn the_last_use_of_a_key_outlives_the_server() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let server = installation.serve();
    let key = server.told("secret key");
    assert_eq!(status_with_key(&server, &key), 200);
    server.stop();
    let keys = installation.json(&["key", "list", "--app", "default"]);
    let used: Vec<bool> = keys["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["last_used_at"].is_string())
        .collect();
    assert_eq!(used.iter().filter(|used| **used).count(), 1, "{keys}");
}

#[tokio::test]
async fn the_catalogue_is_kept_by_commands() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let run = |args: &str| installation.json(&words(args));
        let app = run("app create Shop");
        let id = app["app_id"].as_str().unwrap();
        assert!(app["secret_key"].as_str().unwrap().starts_with("secret_live_"));
        assert!(app["public_key"].as_str().unwrap().starts_with("public_live_"));
        assert_eq!(run("app list")["data"][0]["name"], "Shop");
        let set = run("app set Shop sharing=transfer vat.DE=0.19 collect_ip=false");
        assert_eq!(set["settings"]["vat"], json!({"DE": "0.19"}));
        assert_eq!(set["settings"]["collect_ip"], false);
        assert_eq!(
            run(&format!("access-level set --app {id} --id gold"))["access_level_id"],
            "gold"
        );
        assert_eq!(
            run("access-level list --app Shop")["data"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let product = run(
            "product set --app Shop --store app_store --id weekly --access-level gold --price 9.99 --currency USD",
        );
        assert_eq!(product["price"], json!({"value": "9.99", "currency": "USD"}));
        let coins = run("product set --app Shop --store stripe --id coins --access-level none --consumable");
        assert_eq!(
            (&coins["access_level_id"], &coins["consumable"]),
            (&json!(null), &json!(true))
        );
        assert_eq!(
            run("product list --app Shop")["data"].as_array().unwrap().len(),
            2
        );
        installation.text(&[
            "product", "delete", "--app", "Shop", "--store", "stripe", "--id", "coins",
        ]);
        assert_eq!(run("rate set eur 1.08 --from 2025-01-01")["currency"], "EUR");
        assert_eq!(run("rate list")["data"].as_array().unwrap().len(), 1);
        assert_eq!(run("profile find --app Shop nobody")["data"], json!([]));
        let audit = run("audit list");
        let records = audit["data"].as_array().unwrap();
        assert_eq!(records.len(), 7, "{audit}");
        assert!(records.iter().all(|record| record["actor"] == "command line"));
        assert!(installation.text(&["audit", "list"]).contains("product.delete"));
        let begin = installation.run(&words("audit list --limit 3"));
        let hint = String::from_utf8(begin.stderr).unwrap();
        let next = hint.trim().strip_prefix("there are more: --cursor ").unwrap();
        let rest = installation.run(&[&words("audit list --cursor")[..], &[next]].concat());
        assert_eq!((lines(&begin.stdout), lines(&rest.stdout)), (4, 5), "{hint}");
        assert!(rest.stderr.is_empty());
    }
}

#[tokio::test]
async fn an_integration_is_set_by_commands() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        let run = |args: &str| installation.json(&words(args));
        assert_eq!(run("integration list")["data"][0]["slug"], "webhook");
        assert_eq!(
            run("integration list --app Shop")["data"][0]["status"],
            "disabled"
        );
        let file = installation.folder.0.join("settings.json");
        let settings = json!({
            "urls": {"production": "https://a.example/"}, "authorizations": {"production": "Bearer s3cret"},
        });
        std::fs::write(&file, settings.to_string()).unwrap();
        let set = run(&format!(
            "integration set --app Shop webhook --file {}",
            file.display()
        ));
        assert_eq!(set["enabled"], false, "{backend:?}");
        assert_eq!(set["settings"]["authorizations"]["production"], "********");
        let on = run("integration enable --app Shop webhook");
        // Nobody answers there, so the address is not proved.
        assert_eq!(
            (&on["status"], &on["settings"]),
            (&json!("blocked"), &set["settings"])
        );
        assert_eq!(run("integration show --app Shop webhook"), on);
        std::fs::write(&file, on["settings"].to_string()).unwrap();
        let again = run(&format!(
            "integration set --app Shop webhook --file {}",
            file.display()
        ));
        assert_eq!(again, on, "{backend:?}: what was shown can be set");
        assert_eq!(
            run("integration disable --app Shop webhook")["status"],
            "disabled"
        );
        let audit = installation.text(&["audit", "list", "--json"]);
        assert!(
            audit.contains("integration.set") && !audit.contains("s3cret"),
            "{audit}"
        );
        assert!(
            !installation
                .text(&["integration", "show", "--app", "Shop", "webhook"])
                .contains("s3cret")
        );
    }
}

#[tokio::test]
async fn a_profile_is_found_and_shown() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let server = installation.serve();
    status_with_key(&server, &server.told("secret key"));
    let found = installation.json(&["profile", "find", "--app", "default", "u"]);
    let id = found["data"][0]["profile_id"].as_str().unwrap();
    let shown = installation.json(&["profile", "show", "--app", "default", id]);
    assert_eq!(shown["api"]["customer_user_id"], "u");
}

#[tokio::test]
async fn commands_that_only_look_make_and_migrate_nothing() {
    const DATABASE_LESS: [&str; 3] = ["integration list", "migrate --dry-run", "doctor"];
    let id = "00000000-0000-4000-8000-000000000000";
    let looks = [
        "app list".into(),
        "key list --app Shop".into(),
        "access-level list --app Shop".into(),
        "product list --app Shop".into(),
        "rate list".into(),
        "integration list --app Shop".into(),
        "integration show --app Shop webhook".into(),
        "admin-token list".into(),
        "profile find --app Shop x".into(),
        format!("profile show --app Shop {id}"),
        "event list --app Shop".into(),
        "delivery list --app Shop".into(),
        format!("delivery show --app Shop {id}:webhook"),
        format!("why --app Shop {id} webhook"),
        "replay list --app Shop".into(),
        "replay create --app Shop --integration webhook --dry-run".into(),
        "audit list".into(),
    ];
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let data = installation.folder.0.join("data");
        for args in DATABASE_LESS {
            installation.text(&words(args));
            assert!(!data.exists(), "{backend:?}: {args} made {}", data.display());
        }
        let told = installation.text(&["migrate", "--dry-run"]);
        for args in &looks {
            let said = installation.refused(&words(args));
            let reason = match backend {
                Backend::Postgres => "run `bursar migrate`",
                _ => "there is no database at",
            };
            assert!(said.contains(reason), "{backend:?}: {args}: {said}");
            assert!(!data.exists(), "{backend:?}: {args} made {}", data.display());
        }
        assert_eq!(installation.text(&["migrate", "--dry-run"]), told, "{backend:?}");
        installation.text(&["migrate"]);
        // Tables without a master key, as after it was lost: what is in them can be looked at.
        let key = data_file(&installation, "master.key");
        assert_eq!(installation.json(&["app", "list"])["data"], json!([]));
        assert!(!key.exists(), "{backend:?}");
        installation.text(&["app", "create", "Shop"]);
        std::fs::rename(&key, key.with_extension("moved")).unwrap();
        let said = installation.refused(&["audit", "list"]);
        assert!(said.contains("there is no master key at"), "{backend:?}: {said}");
        assert!(!key.exists(), "{backend:?}");
        std::fs::rename(key.with_extension("moved"), &key).unwrap();
        assert_eq!(
            installation.json(&["audit", "list"])["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn a_command_that_does_its_work_says_nothing_beside_it() {
    let installation = Installation::on(Backend::SqliteFile).await;
    for args in [["app", "create", "Shop"], ["key", "list", "--app=Shop"]] {
        let mut command = installation.command(&args);
        let done = command.env("BURSAR_LOG_LEVEL", "trace").output().unwrap();
        assert!(
            done.status.success() && done.stderr.is_empty(),
            "{args:?}: {}",
            stderr(&done)
        );
    }
}

#[tokio::test]
async fn a_whole_key_or_token_is_revoked_by_what_may_be_shown_of_it() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let made = installation.json(&["app", "create", "Shop"]);
    let key = made["secret_key"].as_str().unwrap();
    let token = installation.json(&["admin-token", "create"])["admin_token"].clone();
    let token = token.as_str().unwrap();
    for args in [
        &["key", "revoke", "--app", "Shop", key][..],
        &["admin-token", "revoke", token],
    ] {
        let (prefix, secret) = args.last().unwrap().split_once('.').unwrap();
        assert_eq!(installation.text(args), format!("revoked {prefix}\n"));
        let said = installation.refused(args);
        assert!(said.contains(prefix) && !said.contains(secret), "{said}");
    }
}

#[tokio::test]
async fn output_that_nobody_reads_to_its_end_is_no_failure() {
    let installation = Installation::on(Backend::SqliteFile).await;
    for name in ["One", "Two", "Three"] {
        installation.text(&["app", "create", name]);
    }
    for (args, status) in [
        (vec!["app", "list"], 0),
        (vec!["app", "list", "--json"], 0),
        (vec!["rate", "set", "EUR", "1.08"], 0),
        (vec!["openapi"], 0),
        (vec!["config"], 0),
        (vec!["doctor", "--test-clock", "x"], 1),
        (vec!["app", "set", "Nobody", "name=x"], 1),
    ] {
        // The reader is gone before the program writes.
        let mut child = installation
            .command(&args)
            .stdout(closed_pipe())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(status), "{args:?}: {said}");
        assert!(
            !said.contains("panicked") && !said.contains("Broken pipe"),
            "{args:?}: {said}"
        );
    }
}

/// The end of a pipe to write to, of which nobody reads the other.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}
