//! The first and second start, and migrations, with the real program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use bursar::metrics::Metrics;
use bursar::store::{Sql, Statement, Store};

use super::support::backend::{Backend, SHARED};
use super::support::installation::{Installation, data_file, stdout};

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
    static UNDO: [Sql; 2] = [
        Sql::same("DELETE FROM schema_migrations WHERE version = 12"),
        Sql::same("DROP TABLE releases"),
    ];
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let server = installation.serve();
        let store = Store::open(&installation.options(), Metrics::default().store)
            .await
            .unwrap();
        let undo = UNDO.iter().map(|sql| Statement::new(sql, []));
        store.write(undo.collect()).await.unwrap();
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
        assert_eq!(told, "would run 0012 releases\n", "{backend:?}");
        server.stop();
        assert_eq!(
            installation.text(&["migrate"]),
            "ran 0012 releases\n",
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
