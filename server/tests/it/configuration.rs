//! Flags, variables and the settings file, with the real program.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use super::support::backend::Backend;
use super::support::installation::{Installation, stderr, stdout};

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
        (
            "BURSAR_DATABASE",
            "mysql://h/d",
            "the setting `database` (--database, BURSAR_DATABASE) must be sqlite, ",
        ),
        (
            "BURSAR_DATABASE",
            "postgres://u:p@h/d?sslmode=verify-full",
            "the setting `database` is no PostgreSQL URL that can be used: invalid connection string: invalid value for \
             option `sslmode`; `sslmode` is `disable`, `prefer` or `require`",
        ),
        (
            "BURSAR_TEST_CLOCK",
            "tomorrow",
            "BURSAR_TEST_CLOCK): \"tomorrow\" is no RFC 3339 time, such as ",
        ),
        (
            "BURSAR_MASTER_KEY",
            "abc",
            "BURSAR_MASTER_KEY: a master key is 64 hex digits",
        ),
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
        (
            "listen = 'localhost:8080'",
            "line 1: listen: needs an IP address and a port, such as 127.0.0.1:8080",
        ),
        ("\nadmin_listen = 8080", "line 2: admin_listen: "),
        (
            "database_connections = '8'",
            "line 1: database_connections: must be a whole number from 1 to 4294967295, without quotes",
        ),
        (
            "requests_per_second = 0",
            "line 1: requests_per_second: must be a whole number from 1",
        ),
        (
            "delivery = true",
            "line 1: delivery: invalid type: boolean `true`, expected the table [delivery]",
        ),
        (
            "[delivery]\nallow_private_addresses = 1",
            "line 2: allow_private_addresses: ",
        ),
        ("role = 5", "line 1: role: "),
        ("config = 'other.toml'", "config"),
        ("data_dir = ''", "line 1: data_dir: must not be empty"),
        (
            "role = 'api'\nmaster_key_file = ''",
            "line 2: master_key_file: must not be empty",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let said = installation.refused(&["config"]);
        assert!(
            said.contains("bursar.toml is wrong") && said.contains(told),
            "{said}"
        );
    }
    fs::write(&file, "master_key = 'abc'").unwrap();
    let said = installation.refused(&["serve"]);
    assert!(
        said.contains("`master_key` in the settings file: a master key is 64 hex digits"),
        "{said}"
    );
    fs::write(&file, "abc").unwrap();
    let said = installation.refused(&[
        "serve",
        "--master-key-file",
        "bursar.toml",
        "--config",
        "/dev/null",
    ]);
    assert!(
        said.contains("the file bursar.toml: a master key is 64 hex digits"),
        "{said}"
    );
    fs::remove_file(file).unwrap();
    for (name, value, told) in [
        (
            "BURSAR_LISTEN",
            "localhost:8080",
            "'--listen <ADDR>': needs an IP address and a port, such as 127.0.0.1:8080",
        ),
        (
            "BURSAR_DATABASE_CONNECTIONS",
            "many",
            "must be a whole number, at least 1",
        ),
        ("BURSAR_REQUESTS_PER_SECOND", "99999999999", "is too large"),
    ] {
        let done = installation
            .command(&["config"])
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(2), "{name}");
        assert!(stderr(&done).contains(told), "{name}: {}", stderr(&done));
    }
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
