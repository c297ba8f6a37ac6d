//! Settings, the first and second start, doctor and migrations, with the real program.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use bursar::clock::Clock;
use bursar::metrics::Metrics;
use bursar::store::{Location, Options, Sql, Statement, Store};
use serde_json::Value;
use uuid::Uuid;

use super::support::backend::Backend;
use super::support::process::{Installation, data_file, stderr, stdout};

const SHARED: [Backend; 2] = [Backend::SqliteFile, Backend::Postgres];

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

fn config(installation: &Installation, variables: &[(&str, &str)], args: &[&str]) -> Value {
    let mut command = installation.command(&[&["config"], args].concat());
    let done = command.envs(variables.iter().copied()).output().unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[tokio::test]
async fn a_flag_goes_over_a_variable_over_the_file_over_the_default() {
    let installation = Installation::on(Backend::SqliteFile).await;
    assert_eq!(config(&installation, &[], &[])["listen"], "127.0.0.1:8080");
    let file = "listen = '127.0.0.1:1'\nlog_level = 'warn'\nrole = 'api'";
    fs::write(installation.folder.0.join("bursar.toml"), file).unwrap();
    assert_eq!(config(&installation, &[], &[])["listen"], "127.0.0.1:1");
    let shown = config(&installation, &[], &["--delivery-allow-private-addresses"]);
    assert_eq!(
        shown["delivery"]["allow_private_addresses"], true,
        "as in the file"
    );
    let variables = [("BURSAR_LISTEN", "127.0.0.1:2"), ("BURSAR_ROLE", "worker")];
    let shown = config(&installation, &variables, &[]);
    assert_eq!(
        (&shown["listen"], &shown["role"]),
        (&"127.0.0.1:2".into(), &"worker".into())
    );
    let shown = config(&installation, &variables, &["--listen", "127.0.0.1:3"]);
    assert_eq!(
        (&shown["listen"], &shown["log_level"]),
        (&"127.0.0.1:3".into(), &"warn".into())
    );
    fs::write(installation.folder.0.join("other.toml"), "listen = '127.0.0.1:4'").unwrap();
    let shown = config(&installation, &[], &["--config", "other.toml"]);
    assert_eq!(
        (&shown["listen"], &shown["role"]),
        (&"127.0.0.1:4".into(), &"all".into())
    );
}

#[tokio::test]
async fn settings_that_mean_nothing_are_refused() {
    let installation = Installation::on(Backend::SqliteFile).await;
    for (name, value, told) in [
        ("BURSAR_LISTENN", "127.0.0.1:2", "BURSAR_LISTENN is no setting"),
        ("BURSAR_MASTER_KEYS", "x", "BURSAR_MASTER_KEYS is no setting"),
        ("BURSAR_DATABASE", "mysql://h/d", "the database must be"),
        (
            "BURSAR_DATABASE",
            "postgres://u:p@h/d?sslmode=verify-full",
            "the setting `database` is no PostgreSQL URL that can be used: invalid connection string: invalid value for \
             option `sslmode`; `sslmode` is `disable`, `prefer` or `require`",
        ),
        (
            "BURSAR_TEST_CLOCK",
            "tomorrow",
            "\"tomorrow\" is no RFC 3339 time",
        ),
        ("BURSAR_MASTER_KEY", "abc", "a master key is 64 hex digits"),
    ] {
        for command in [&["app", "list"][..], &["serve"]] {
            let done = installation.command(command).env(name, value).output().unwrap();
            assert_eq!(done.status.code(), Some(1), "{name}");
            assert!(stderr(&done).contains(told), "{name}: {}", stderr(&done));
        }
    }
    let made = fs::read_dir(&installation.folder.0).unwrap().count();
    assert_eq!(made, 0, "something was made before the settings were looked at");
    for foreign in [
        "BURSAR_TEST_POSTGRES",
        "BURSAR_SERVICE_HOST",
        "BURSAR_PORT_80_TCP",
    ] {
        config(&installation, &[(foreign, "x")], &[]);
    }
    let file = installation.folder.0.join("bursar.toml");
    for (text, told) in [
        ("lissten = '127.0.0.1:1'", "lissten"),
        ("listen = 'here'", "line 1"),
        ("config = 'other.toml'", "config"),
    ] {
        fs::write(&file, text).unwrap();
        let said = installation.refused(&["config"]);
        assert!(
            said.contains("bursar.toml is wrong") && said.contains(told),
            "{said}"
        );
    }
    fs::remove_file(file).unwrap();
    let said = installation.refused(&["config", "--config", "missing.toml"]);
    assert!(said.contains("missing.toml cannot be read"), "{said}");
}

#[tokio::test]
async fn a_master_key_that_is_unreadable_or_given_twice_is_refused() {
    let installation = Installation::on(Backend::SqliteFile).await;
    let mut command = installation.command(&["config"]);
    let done = command
        .env("BURSAR_MASTER_KEY", OsStr::from_bytes(b"\xff"))
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(
        stderr(&done).contains("BURSAR_MASTER_KEY is no UTF-8"),
        "{}",
        stderr(&done)
    );
    let mut command = installation.command(&["config", "--master-key-file", "key"]);
    let done = command.env("BURSAR_MASTER_KEY", "hunter2").output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("leave one out") && !stderr(&done).contains("hunter2"));
    let file = "master_key = 'hunter2'\nmaster_key_file = 'key'";
    fs::write(installation.folder.0.join("bursar.toml"), file).unwrap();
    let said = installation.refused(&["config"]);
    assert!(
        said.contains("by the file; leave one out") && !said.contains("hunter2"),
        "{said}"
    );
    fs::write(
        installation.folder.0.join("bursar.toml"),
        "master_key = 'hunter2'",
    )
    .unwrap();
    let shown = config(&installation, &[("BURSAR_MASTER_KEY_FILE", "other")], &[]);
    assert_eq!(
        (&shown["master_key"], &shown["master_key_file"]),
        (&Value::Null, &"other".into())
    );
}

#[tokio::test]
async fn neither_help_nor_config_tells_a_password() {
    let installation = Installation::on(Backend::SqliteMemory).await;
    for args in [["--help"], ["config"]] {
        let mut command = installation.command(&args);
        command.env("BURSAR_DATABASE", "postgres://u:hunter2@h/d");
        command.env("BURSAR_MASTER_KEY", "hunter2");
        let done = command.output().unwrap();
        assert!(done.status.success());
        assert!(!stdout(&done).contains("hunter2"), "{}", stdout(&done));
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
}

#[tokio::test]
async fn doctor_tells_which_integrations_stand_still_or_lose_everything() {
    static STATEMENTS: [Sql; 6] = [
        Sql::same(
            "INSERT INTO integrations (app_id, slug, enabled, settings, sealed_secrets, blocked)
             SELECT app_id, 'webhook', 1, '{}', $1, NULL FROM apps",
        ),
        Sql::same(
            "INSERT INTO integrations (app_id, slug, enabled, settings, sealed_secrets, blocked)
             SELECT app_id, 'branch', 1, '{}', $1, '401 no such key' FROM apps",
        ),
        Sql::same(
            "INSERT INTO targets (app_id, slug, part) SELECT app_id, 'webhook', '' FROM apps",
        ),
        Sql::same(
            "INSERT INTO targets (app_id, slug, part) SELECT app_id, 'branch', '' FROM apps",
        ),
        Sql::same(
            "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at)
             SELECT CAST($1 AS BIGINT), target_id, 'rejected', '404 gone', 1, CAST($2 AS BIGINT), CAST($2 AS BIGINT)
             FROM targets WHERE slug = 'webhook'",
        ),
        Sql::same(
            "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at)
             SELECT CAST($1 AS BIGINT), target_id, 'skipped', 'missing_credentials: branch_keys.sandbox', 0,
                    CAST($2 AS BIGINT), CAST($2 AS BIGINT)
             FROM targets WHERE slug = 'branch'",
        ),
    ];
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        assert!(
            installation.text(&["doctor"]).contains("ok    deliveries"),
            "{backend:?}"
        );
        let store = Store::open(&installation.options(), Metrics::default().store)
            .await
            .unwrap();
        let [webhook, branch, to_webhook, to_branch, rejected, skipped] = &STATEMENTS;
        let now = Clock::system().now();
        let mut all = vec![
            Statement::new(webhook, [Vec::<u8>::new().into()]),
            Statement::new(branch, [Vec::<u8>::new().into()]),
            Statement::new(to_webhook, []),
            Statement::new(to_branch, []),
            Statement::new(skipped, [1.into(), now.into()]),
        ];
        all.extend((1..9).map(|number: i64| Statement::new(rejected, [number.into(), now.into()])));
        store.write(all).await.unwrap();
        drop(store);
        let found = installation.text(&["doctor"]);
        let told: Vec<_> = found
            .lines()
            .filter(|line| line.starts_with("warn  deliveries: "))
            .collect();
        assert_eq!(told.len(), 3, "{backend:?}: {found}");
        assert!(
            told[0].contains("branch of the app") && told[0].ends_with("is blocked: 401 no such key"),
            "{found}"
        );
        assert!(
            told[1].contains("1 of branch") && told[1].ends_with(": branch_keys.sandbox"),
            "{found}"
        );
        assert!(
            told[2].contains("none of webhook") && told[2].ends_with("8 rejected, such as: 404 gone"),
            "{found}"
        );
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
    assert!(found.contains("warn  keys: "), "{found}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
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

#[tokio::test]
async fn every_setting_is_in_the_handbook() {
    let handbook = include_str!("../../../docs/configuration.md");
    let installation = Installation::on(Backend::SqliteMemory).await;
    let help = installation.text(&["key", "list", "--help"]);
    let (own, settings) = help.split_once("\nSettings:\n").unwrap();
    assert!(own.contains("--app") && !own.contains("--listen"), "{help}");
    assert!(settings.contains("--listen"), "{help}");
    let help = installation.text(&["--help"]);
    let words = help.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-".contains(letter));
    let settings = words.filter(|word| word.starts_with("BURSAR_") || word.starts_with("--"));
    for setting in settings.filter(|word| !["--help", "--version"].contains(word)) {
        assert!(
            handbook.contains(&format!("`{setting}")),
            "{setting} is not in docs/configuration.md"
        );
    }
}
