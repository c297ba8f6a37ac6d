//! The first and second start, and migrations, with the real program.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use bursar::metrics::Metrics;
use bursar::store::{Sql, Statement, Store};
use serde_json::json;

use super::support::backend::{Backend, SHARED};
use super::support::installation::{Installation, data_file, stderr, stdout};
use super::support::raw;
use super::support::running::Running;
use super::support::server::{PROFILE, USER};

#[tokio::test]
async fn the_second_start_tells_no_secrets() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let first = installation.serve();
        let secrets = ["secret key", "public key", "admin token"].map(|word| first.told(word));
        let (_, log) = first.stop();
        for secret in &secrets {
            assert!(!log.contains(secret.as_str()), "a secret is in the log");
        }
        let (printed, log) = installation.serve().stop();
        assert!(printed.is_empty(), "{backend:?}: {printed}");
        assert!(!log.contains("_live_"), "{backend:?}: {log}");
    }
}

#[tokio::test]
async fn an_sqlite_file_takes_one_server_at_a_time() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let first = installation.serve();
    let said = installation.refused(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("another server has its file"), "{said}");
    installation.text(&["app", "create", "Shop"]);
    // Dropped, it is killed.
    drop(first);
    installation.serve().stop();
}

#[tokio::test]
async fn a_postgres_takes_several_servers() {
    let installation = Installation::on(Backend::Postgres).await;
    let first = installation.serve();
    installation.serve().stop();
    first.stop();
}

#[tokio::test]
async fn an_occupied_port_costs_no_secrets() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = occupied.local_addr().unwrap().to_string();
        for args in [
            &["serve", "--listen", &address][..],
            &["serve", "--listen", "127.0.0.1:0", "--admin-listen", &address],
        ] {
            let said = installation.refused(args);
            assert!(said.contains("cannot be used"), "{backend:?}: {said}");
        }
        let server = installation.serve();
        assert!(server.told("secret key").contains("_live_"));
    }
}

#[tokio::test]
async fn secrets_that_cannot_be_printed_are_an_error_in_the_log() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut server = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let line = log.find(|line| line.contains("could not be printed"));
    let is_ready = log.any(|line| line.contains("ready"));
    server.kill().unwrap();
    server.wait().unwrap();
    let line = line.unwrap();
    assert!(
        line.contains("ERROR") && line.contains("bursar key create"),
        "{line}"
    );
    assert!(is_ready, "it serves all the same");
}

#[tokio::test]
async fn a_wrong_master_key_is_refused() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        fs::write(data_file(&installation, "master.key"), "ab".repeat(32)).unwrap();
        let said = installation.refused(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(
            said.contains("the master key is not the one"),
            "{backend:?}: {said}"
        );
        let doctor = installation.run(&["doctor"]);
        assert!(stdout(&doctor).contains("fail  vault"), "{}", stdout(&doctor));
        fs::write(data_file(&installation, "master.key"), "no key").unwrap();
        let said = installation.refused(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(
            said.contains("a master key is 64 hex digits"),
            "{backend:?}: {said}"
        );
    }
}

#[tokio::test]
async fn a_master_key_that_is_gone_is_not_replaced_by_another() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        let key = data_file(&installation, "master.key");
        fs::rename(&key, key.with_extension("moved")).unwrap();
        for args in [
            &["app", "create", "Other"][..],
            &["admin-token", "create"],
            &["serve", "--listen", "127.0.0.1:0"],
        ] {
            let said = installation.refused(args);
            assert!(said.contains("there is no master key at"), "{backend:?}: {said}");
            assert!(!key.exists(), "{backend:?}: {args:?}");
        }
        let doctor = stdout(&installation.run(&["doctor"]));
        assert!(
            doctor.contains("fail  vault") && !doctor.contains("ok    master key"),
            "{backend:?}: {doctor}"
        );
        fs::rename(key.with_extension("moved"), &key).unwrap();
        installation.serve().stop();
    }
}

/// Every way to be reached by others with something that a key or a token would protect.
const TO_THE_WORLD: [&[&str]; 4] = [
    &["--listen", "0.0.0.0:0"],
    &["--listen", "[::]:0"],
    &["--listen", "127.0.0.1:0", "--admin-listen", "0.0.0.0:0"],
    &["--listen", "0.0.0.0:0", "--admin-listen", "127.0.0.1:0"],
];

fn does_not_listen(installation: &Installation, backend: Backend) {
    for args in TO_THE_WORLD {
        let said = installation.refused(&[&["serve"], args].concat());
        assert!(
            said.contains("refusing to listen on "),
            "{backend:?} {args:?}: {said}"
        );
    }
    assert!(stdout(&installation.run(&["doctor"])).contains("warn  keys"));
    // To this machine alone it does, so that the operator can see to it, and metrics are for everybody anyway.
    installation.serve_with(&["--metrics-listen", "0.0.0.0:0"]).stop();
}

#[tokio::test]
async fn a_server_without_keys_does_not_listen_to_the_world() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let app = installation.json(&["app", "create", "Shop"]);
        installation.json(&["admin-token", "create"]);
        for key in ["secret_key", "public_key"] {
            let prefix = app[key].as_str().unwrap().split('.').next().unwrap();
            installation.text(&["key", "revoke", "--app", "Shop", prefix]);
        }
        does_not_listen(&installation, backend);
    }
}

#[tokio::test]
async fn a_server_without_admin_tokens_does_not_listen_to_the_world() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        does_not_listen(&installation, backend);
    }
}

#[tokio::test]
async fn only_a_server_and_migrate_change_tables_that_are_there() {
    static UNDO: Sql = Sql::same("DELETE FROM schema_migrations WHERE version = 13");
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let server = installation.serve();
        let store = Store::open(&installation.options(), Metrics::default().store)
            .await
            .unwrap();
        store.write(vec![Statement::new(&UNDO, [])]).await.unwrap();
        drop(store);
        for change in [
            &["app", "create", "Shop"][..],
            &["admin-token", "create"],
            &["rate", "set", "EUR", "1.1"],
            &["key", "create", "--app", "default", "--kind", "secret"],
        ] {
            let said = installation.refused(change);
            let told =
                "the database lacks 1 migrations of this program: stop the servers and run `bursar migrate`";
            assert!(said.contains(told), "{backend:?}: {change:?}: {said}");
        }
        if backend == Backend::SqliteFile {
            let said = installation.refused(&["migrate"]);
            assert!(
                said.contains("another server has its file: stop that first"),
                "{said}"
            );
        }
        let told = installation.text(&["migrate", "--dry-run"]);
        assert_eq!(told, "would run 0013 due_lanes\n", "{backend:?}");
        server.stop();
        assert_eq!(
            installation.text(&["migrate"]),
            "ran 0013 due_lanes\n",
            "{backend:?}"
        );
        installation.text(&["rate", "set", "EUR", "1.1"]);
        let server = installation.serve();
        assert_eq!(installation.text(&["migrate"]), "nothing to do\n", "{backend:?}");
        server.stop();
    }
}

#[tokio::test]
async fn migrations_are_told_before_they_are_run() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let told = installation.text(&["migrate", "--dry-run"]);
        assert!(
            told.starts_with("would run 0001 profiles\n"),
            "{backend:?}: {told}"
        );
        assert_eq!(installation.text(&["migrate", "--dry-run"]), told);
        let ran = installation.text(&["migrate"]);
        assert_eq!(ran, told.replace("would run", "ran"));
        assert_eq!(installation.text(&["migrate", "--dry-run"]), "nothing to do\n");
        assert_eq!(installation.text(&["migrate"]), "nothing to do\n");
    }
}

/// As where secrets are to be in no log: the token is made by hand, and the apps too.
#[tokio::test]
async fn a_database_with_an_admin_token_gets_no_app_and_tells_no_secrets() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["admin-token", "create"]);
        let (printed, _) = installation.serve().stop();
        assert!(printed.is_empty(), "{backend:?}: {printed}");
        assert_eq!(
            installation.json(&["app", "list"])["data"],
            json!([]),
            "{backend:?}"
        );
    }
}

#[tokio::test]
async fn what_a_server_makes_is_for_its_user_alone() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.serve().stop();
    let file = data_file(&installation, "master.key");
    let folder = file.parent().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_has_an_address_of_its_own_is_found_there_alone() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let first = installation.serve();
    let key = format!("Api-Key {}", first.told("secret key"));
    let token = format!("Bearer {}", first.told("admin token"));
    first.stop();
    let found = |at: SocketAddr| {
        [
            ("POST", PROFILE, &key),
            ("GET", "/admin/v1/apps", &token),
            ("GET", "/metrics", &token),
            ("GET", "/livez", &token),
            ("GET", "/readyz", &token),
        ]
        .map(|(method, path, authorization)| {
            let headers = [("authorization", authorization.as_str()), USER];
            match raw::call(at, method, path, &headers, b"").status {
                200 => true,
                404 => false,
                status => panic!("{at} {path}: {status}"),
            }
        })
    };
    for (role, has_api) in [("all", true), ("api", true), ("worker", false)] {
        let any = "127.0.0.1:0";
        let serve = ["serve", "--role", role, "--log-format", "json", "--listen", any];
        let apart = ["--admin-listen", any, "--metrics-listen", any];
        let mut command = installation.command(&[&serve[..], &apart].concat());
        let server = Running::start(&mut command);
        let (api, admin) = (server.address, server.address_of("the administration has"));
        let metrics = server.address_of("the metrics have");
        assert_eq!(found(api), [has_api, false, false, true, true], "{role}");
        assert_eq!(found(admin), [false, true, false, true, true], "{role}");
        assert_eq!(found(metrics), [false, false, true, true, true], "{role}");
        server.stop();
    }
}

#[tokio::test]
async fn a_healthcheck_passes_where_the_answer_is_200_alone() {
    let installation = Installation::on(Backend::SqliteFile).await;
    for (answer, code) in [
        ("HTTP/1.1 200 OK\r\n\r\n", 0),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", 1),
        ("HTTP/1.1 204 No Content\r\n\r\n", 1),
        ("SSH-2.0-200 OK\r\n", 1),
        ("", 1),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answered = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            drop(stream.read(&mut [0; 1024]));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let done = installation.run(&["healthcheck", "--listen", &address]);
        answered.join().unwrap();
        assert_eq!(done.status.code(), Some(code), "{answer}: {}", stderr(&done));
    }
}
