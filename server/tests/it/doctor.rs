//! `bursar doctor`, and secrets that others may read, with the real program.

mod deliveries;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bursar::metrics::Metrics;
use bursar::store::{Location, Options, Sql, Statement, Store};
use bursar_domain::money::rates::is_outdated;
use bursar_domain::time::{DAY, format_time};
use uuid::Uuid;

use super::support::backend::{Backend, SHARED, fresh_postgres_url, postgres_client};
use super::support::deliveries::bought;
use super::support::installation::{Installation, data_file, stderr, stdout};
use super::support::raw;
use super::support::server::{PROFILE, START, TRANSACTION, USER};

#[tokio::test]
async fn doctor_finds_a_sound_installation_sound() {
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let empty = installation.text(&["doctor"]);
        assert!(!empty.contains("fail"), "{empty}");
        installation.serve().stop();
        let shallow = installation.text(&["doctor"]);
        assert!(!shallow.contains("purchases"), "{shallow}");
        let help = installation.text(&["doctor", "--help"]);
        assert!(
            help.contains("Purchases are looked at with `--deep` alone"),
            "{help}"
        );
        let found = installation.text(&["doctor", "--deep"]);
        for check in [
            "settings",
            "master key",
            "durability",
            "migrations",
            "vault",
            "keys",
            "purchases",
        ] {
            assert!(
                found.contains(&format!("ok    {check}: ")),
                "{backend:?}: {found}"
            );
        }
        // The shipped exchange rates grow old by themselves.
        let mut checks = found.lines().filter(|line| !line.contains("exchange rates"));
        assert!(checks.all(|line| line.starts_with("ok")), "{backend:?}: {found}");
    }
}

#[tokio::test]
async fn doctor_warns_of_a_database_that_others_can_read() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.serve().stop();
    let file = data_file(&installation, "bursar.db");
    let folder = file.parent().unwrap();
    for (of_folder, of_file, is_open) in [
        (0o755, 0o644, true),
        (0o750, 0o640, true),
        (0o755, 0o600, false),
        (0o700, 0o644, false),
        (0o750, 0o604, false),
    ] {
        fs::set_permissions(&file, fs::Permissions::from_mode(of_file)).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(of_folder)).unwrap();
        let said = installation.text(&["doctor"]);
        let is_told = said.contains("warn  data folder: others may read ");
        assert_eq!(is_told, is_open, "{of_folder:o} {of_file:o}: {said}");
    }
    for of_folder in [0o720, 0o702] {
        fs::set_permissions(folder, fs::Permissions::from_mode(of_folder)).unwrap();
        let done = installation.run(&["doctor"]);
        let said = stdout(&done);
        assert_eq!(done.status.code(), Some(1), "{of_folder:o}: {said}");
        assert!(
            said.contains("fail  data folder: others may change "),
            "{of_folder:o}: {said}"
        );
    }
}

#[tokio::test]
async fn doctor_warns_of_the_end_of_the_shipped_rates_as_the_server_does() {
    const AHEAD: i64 = 29 * DAY;
    let months = (0..).map(|days| START + days * DAY);
    let end = months.into_iter().find(|time| is_outdated(*time)).unwrap();
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        let found = |now: i64| {
            let found = installation.text(&["doctor", "--test-clock", &format_time(now)]);
            let mut lines = found.lines().map(str::to_owned);
            lines.find(|line| line.contains("  exchange rates: ")).unwrap()
        };
        let early = found(end - 40 * DAY);
        assert!(
            early.starts_with("ok    exchange rates: "),
            "{backend:?}: {early}"
        );
        for now in [end - AHEAD, end + 400 * DAY] {
            let late = found(now);
            let told = "warn  exchange rates: the shipped exchange rates end with ";
            assert!(late.starts_with(told), "{backend:?}: {late}");
        }
        installation.text(&["rate", "set", "EUR", "1.08", "--from", &format_time(end)[..10]]);
        let own = found(end);
        assert!(own.starts_with("ok    exchange rates: "), "{backend:?}: {own}");
    }
}

#[tokio::test]
async fn doctor_tells_that_postgres_takes_no_changes() {
    let url = fresh_postgres_url().await + "%20-cdefault_transaction_read_only%3Don";
    let done = Installation::at(url).run(&["doctor"]);
    let found = stdout(&done);
    assert_eq!(done.status.code(), Some(1), "{found}");
    let line = found
        .lines()
        .find(|line| line.starts_with("fail  database: PostgreSQL "));
    let told = "takes no changes: set its default_transaction_read_only to off";
    assert!(line.is_some_and(|line| line.ends_with(told)), "{found}");
}

#[tokio::test]
async fn doctor_tells_that_postgres_confirms_what_can_be_lost() {
    let url = fresh_postgres_url().await + "%20-csynchronous_commit%3Doff";
    let done = Installation::at(url).run(&["doctor"]);
    let found = stdout(&done);
    assert_eq!(done.status.code(), Some(1), "{found}");
    let told = "fail  durability: fsync=on, synchronous_commit=off: confirmed changes can be lost";
    assert!(found.contains(told), "{found}");
}

#[tokio::test]
async fn a_postgres_that_cannot_hold_every_text_is_refused_by_who_makes_tables() {
    let url = xtask::test_environment::postgres_url();
    let client = postgres_client(&url).await;
    for (encoding, health) in [("LATIN1", "fail"), ("SQL_ASCII", "warn")] {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let made = format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        client.batch_execute(&made).await.unwrap();
        let (server, _) = url.rsplit_once('/').unwrap();
        let installation = Installation::at(format!("{server}/{name}"));
        let found = stdout(&installation.run(&["doctor"]));
        assert!(found.contains(&format!("{health}  encoding: ")), "{found}");
        if health == "fail" {
            for command in [&["serve"][..], &["migrate"], &["app", "create", "Shop"]] {
                let said = installation.refused(command);
                let told = "the database has the encoding LATIN1, which cannot hold every text: make one with `createdb";
                assert!(said.contains(told), "{said}");
            }
        } else {
            let app = "\u{65e5}\u{672c}";
            installation.text(&["app", "create", app]);
            assert!(installation.text(&["app", "list"]).contains(app));
        }
        client
            .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn doctor_names_profiles_whose_purchases_cannot_be() {
    static MAKE: Sql = Sql::same(
        "INSERT INTO profiles (app_id, profile_id, created_at, updated_at, identifiers, holdings)
         SELECT app_id, $1, 0, 0, '{}', $2 FROM apps",
    );
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.text(&["app", "create", "Shop"]);
    let options = Options {
        location: Location::SqliteFile(data_file(&installation, "bursar.db")),
        connections: 1,
    };
    {
        let store = Store::open(&options, Metrics::default().store).await.unwrap();
        for (number, holdings) in [
            (1, r#"{"revenue_usd":"0"}"#),
            (2, "{"),
            (3, r#"{"revenue_usd":[]}"#),
        ] {
            let params = [Uuid::from_u128(number).into(), holdings.into()];
            store.write(vec![Statement::new(&MAKE, params)]).await.unwrap();
        }
    }
    let done = installation.run(&["doctor", "--deep"]);
    let found = stdout(&done);
    assert_eq!(done.status.code(), Some(1), "{found}");
    let wrong: Vec<_> = found
        .lines()
        .filter(|line| line.starts_with("fail  purchases"))
        .collect();
    assert_eq!(wrong.len(), 2, "{found}");
    assert!(
        wrong[0].contains("profile 00000000-0000-0000-0000-000000000002: "),
        "{found}"
    );
}

#[tokio::test]
async fn doctor_names_a_profile_of_which_nobody_would_see_the_end() {
    static FORGET: Sql = Sql::same("UPDATE profiles SET due_at = NULL");
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        let server = installation.serve();
        let key = format!("Api-Key {}", server.told("secret key"));
        let headers = [("authorization", key.as_str()), USER];
        for (path, body) in [(PROFILE, String::new()), (TRANSACTION, bought("t1").to_string())] {
            let answer = raw::call(server.address, "POST", path, &headers, body.as_bytes());
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        server.stop();
        let sound = installation.text(&["doctor", "--deep"]);
        assert!(sound.contains("ok    purchases: what 1 profiles"), "{sound}");
        let store = Store::open(&installation.options(), Metrics::default().store)
            .await
            .unwrap();
        store.write(vec![Statement::new(&FORGET, [])]).await.unwrap();
        drop(store);
        let done = installation.run(&["doctor", "--deep"]);
        let found = stdout(&done);
        assert_eq!(done.status.code(), Some(1), "{backend:?}: {found}");
        assert!(
            found.contains("fail  purchases: profile "),
            "{backend:?}: {found}"
        );
    }
}

#[tokio::test]
async fn doctor_tells_what_is_wrong_and_what_to_do() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.text(&["app", "create", "Shop"]);
    let key = data_file(&installation, "master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let done = installation.run(&["doctor", "--listen", "0.0.0.0:8080"]);
    assert_eq!(done.status.code(), Some(1));
    let found = stdout(&done);
    assert!(
        found.contains("fail  master key: ") && found.contains("chmod 600"),
        "{found}"
    );
    assert!(found.contains("warn  listeners: 0.0.0.0:8080"), "{found}");
    for (flag, health) in [
        ("--admin-listen", "fail  keys: "),
        ("--metrics-listen", "warn  keys: "),
    ] {
        let found = stdout(&installation.run(&["doctor", flag, "0.0.0.0:8081"]));
        assert!(found.contains(health), "{flag}: {found}");
        assert!(found.contains("warn  listeners: 0.0.0.0:8081"), "{flag}: {found}");
    }
    let line = found
        .lines()
        .find(|line| line.starts_with("fail  keys: "))
        .unwrap();
    assert!(
        line.ends_with("`bursar serve` refuses to listen on 0.0.0.0:8080"),
        "{line}"
    );
    assert!(
        installation
            .refused(&["serve", "--listen", "0.0.0.0:0"])
            .contains("refusing to listen on")
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let found = stdout(&installation.run(&["doctor"]));
    assert!(found.contains("warn  keys: "), "{found}");
    let one = ["--listen", "127.0.0.1:8080", "--admin-listen", "127.0.0.1:8080"];
    let found = stdout(&installation.run(&[&["doctor"][..], &one].concat()));
    let told = "listen (127.0.0.1:8080) and admin_listen (127.0.0.1:8080) are one address";
    assert!(found.contains(&format!("fail  listeners: {told}")), "{found}");
    let said = installation.refused(&[&["serve"][..], &one].concat());
    assert!(said.contains(told), "{said}");
    fs::remove_file(&key).unwrap();
    let done = installation.run(&["doctor"]);
    assert!(stdout(&done).contains("fail  vault: "), "{}", stdout(&done));
    assert!(!key.exists(), "doctor changes nothing");
    for name in ["bursar.db", "bursar.db-wal", "bursar.db-shm"] {
        drop(fs::write(data_file(&installation, name), "this is no database"));
    }
    let done = installation.run(&["doctor"]);
    assert!(stdout(&done).contains("fail  database: "), "{}", stdout(&done));
    let done = installation.run(&["doctor", "--database", "postgres://u:hunter2@127.0.0.1:1/d"]);
    assert_ne!(done.status.code(), Some(0));
    assert!(!stdout(&done).contains("hunter2") && !stderr(&done).contains("hunter2"));
}

#[tokio::test]
async fn secrets_that_others_may_read_are_told() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let settings = installation.folder.0.join("bursar.toml");
    let open_to = |file: &Path, mode: u32| {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    };
    let key = "ab".repeat(32);
    for (text, health) in [
        (format!("master_key = '{key}'"), "fail"),
        ("database = 'postgres://u:hunter2@127.0.0.1:1/d'".into(), "warn"),
        (
            "database = 'postgres://127.0.0.1:1/d?password=hunter2'".into(),
            "warn",
        ),
    ] {
        fs::write(&settings, text).unwrap();
        for mode in [0o644, 0o640] {
            open_to(&settings, mode);
            let done = installation.run(&["doctor"]);
            let found = stdout(&done);
            let line = format!("{health}  settings file: others may read bursar.toml (mode {mode:04o})");
            assert!(found.contains(&line), "{found}");
            assert!(found.contains("chmod 600 bursar.toml"), "{found}");
            assert!(!found.contains("hunter2") && !found.contains(&key), "{found}");
        }
        open_to(&settings, 0o600);
        let found = stdout(&installation.run(&["doctor"]));
        assert!(
            found.contains("ok    settings file: bursar.toml is private"),
            "{found}"
        );
    }
    // Nothing in it is secret; and of another file than the usual one the same is told.
    fs::write(&settings, "log_level = 'warn'").unwrap();
    open_to(&settings, 0o644);
    let found = installation.text(&["doctor"]);
    assert!(!found.contains("settings file:"), "{found}");
    let other = installation.folder.0.join("other.toml");
    fs::write(&other, format!("master_key = '{key}'")).unwrap();
    let found = stdout(&installation.run(&["doctor", "--config", "other.toml"]));
    assert!(found.contains("others may read other.toml"), "{found}");
}

#[tokio::test]
async fn a_server_warns_of_a_master_key_that_others_may_read() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.text(&["app", "create", "Shop"]);
    let log = || installation.serve().stop().1;
    assert!(!log().contains("others may read"));
    let key = data_file(&installation, "master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let said = log();
    assert!(
        said.contains("WARN") && said.contains("others may read"),
        "{said}"
    );
    assert!(said.contains("master.key (mode 0644): run `chmod 600 "), "{said}");
    let settings = installation.folder.0.join("bursar.toml");
    let text = format!("master_key = '{}'", fs::read_to_string(&key).unwrap().trim());
    fs::write(&settings, text).unwrap();
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o640)).unwrap();
    let said = log();
    assert!(said.contains("others may read bursar.toml (mode 0640)"), "{said}");
    assert!(
        !said.contains("others may read /"),
        "the file of the key is not read: {said}"
    );
}
