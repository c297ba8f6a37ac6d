//! Commands that are refused, and what they say then.

use super::words;
use crate::support::backend::Backend;
use crate::support::installation::{Installation, stderr};

#[tokio::test]
async fn a_page_of_no_entries_is_refused() {
    let installation = Installation::on(Backend::SqliteMemory).await;
    for list in [
        "audit list",
        "event list --app Shop",
        "delivery list --app Shop",
        "replay list --app Shop",
    ] {
        let done = installation.run(&words(&format!("{list} --limit 0")));
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{list}: {said}");
        assert!(
            said.contains("'--limit <LIMIT>': must be at least 1"),
            "{list}: {said}"
        );
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_is_told_by_its_flag() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.text(&["app", "create", "Shop"]);
    let unset = installation.refused(&words("replay create --app Shop --integration amplitude"));
    assert!(unset.contains("Amplitude was never set up"), "{unset}");
    for (command, told) in [
        (
            "audit list --cursor x",
            "--cursor: is not one that this list gave",
        ),
        (
            "audit list --cursor 5b5d",
            "--cursor: is not one that this list gave",
        ),
        (
            "replay list --app Shop --cursor x",
            "--cursor: is not one that this list gave",
        ),
        (
            "replay list --app Shop --cursor 5b5d",
            "--cursor: is not one that this list gave",
        ),
    ] {
        let said = installation.refused(&words(command));
        assert!(said.contains(told), "{command}: {said}");
    }
}

#[tokio::test]
async fn a_value_that_can_be_none_of_its_kind_is_no_command_and_the_exit_code_is_2() {
    let installation = Installation::on(Backend::SqliteMemory).await;
    for (command, told) in [
        (
            "event list --app S --type foo",
            "invalid value 'foo' for '--type <KIND>'",
        ),
        (
            "event list --app S --profile me",
            "'--profile <PROFILE>': must be a UUID",
        ),
        (
            "event list --app S --order ASC",
            "invalid value 'ASC' for '--order <ORDER>'",
        ),
        (
            "event list --app S --after today",
            "'--after <TIME>': must be a time as in RFC 3339",
        ),
        (
            "event list --app S --before today",
            "'--before <TIME>': must be a time as in RFC 3339",
        ),
        (
            "delivery list --app S --state sent",
            "invalid value 'sent' for '--state <STATE>'",
        ),
        (
            "delivery list --app S --integration x",
            "invalid value 'x' for '--integration <SLUG>'",
        ),
        (
            "delivery list --app S --profile me",
            "'--profile <PROFILE>': must be a UUID",
        ),
        (
            "delivery list --app S --event e",
            "'--event <EVENT>': must be a UUID",
        ),
        (
            "delivery show x",
            "'<DELIVERY>': must be EVENT_ID:SLUG, as `bursar delivery list` tells it",
        ),
        ("delivery retry x:webhook", "'<DELIVERY>': must be EVENT_ID:SLUG"),
        (
            "replay create --app S --integration x",
            "invalid value 'x' for '--integration <SLUG>'",
        ),
        (
            "replay create --app S --integration webhook --type foo",
            "for '--type <KIND>'",
        ),
        (
            "replay create --app S --integration webhook --state sent",
            "for '--state <STATE>'",
        ),
        (
            "replay create --app S --integration webhook --after today",
            "'--after <TIME>': must be a time",
        ),
        (
            "replay create --app S --integration webhook --before 2026",
            "'--before <TIME>': must be a time",
        ),
        (
            "replay create --app S --integration webhook --profile me",
            "'--profile <PROFILE>': must be a UUID",
        ),
        ("replay cancel --app S xx", "must be a UUID"),
        (
            "profile show --app S x",
            "must be a UUID: see `bursar profile find`",
        ),
        ("why nope webhook", "must be a UUID"),
        (
            "why 00000000-0000-4000-8000-000000000000 webhok",
            "invalid value 'webhok' for '<SLUG>'",
        ),
        (
            "integration enable --app S webhok",
            "invalid value 'webhok' for '<SLUG>'",
        ),
        (
            "rate set EUR 1 --from today",
            "must be a date of the form YYYY-MM-DD",
        ),
        (
            "key create --app S --kind x",
            "invalid value 'x' for '--kind <KIND>'",
        ),
    ] {
        let done = installation.run(&words(command));
        let said = stderr(&done);
        assert_eq!(done.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains(told), "{command}: {said}");
    }
}

#[tokio::test]
async fn bad_files_of_settings_are_told_without_what_they_hold() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.text(&["app", "create", "Shop"]);
    let file = installation.folder.0.join("settings.json");
    let path = file.display().to_string();
    for (text, told) in [
        (
            r#"{"signing_secret": "s3cret""#,
            "settings.json must hold a JSON object: line 1",
        ),
        (r#""s3cret""#, "must hold a JSON object: line 1"),
        (
            r#"{"signing_secret": "s3cret"}"#,
            "settings.signing_secret: must be `whsec_`",
        ),
        (r#"{"webhook": {}}"#, "settings.webhook: there is no such setting"),
        (
            r#"{"signing_secret": "s3cret", "signing_secret": "whsec_s3cret"}"#,
            "signing_secret is given twice in ",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = installation.refused(&["integration", "set", "--app", "Shop", "webhook", "--file", &path]);
        assert!(said.contains(told) && !said.contains("s3cret"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let said = installation.refused(&words("integration set --app Shop webhook --file nowhere.json"));
    assert!(said.contains("nowhere.json cannot be read"), "{said}");
    for (text, told) in [
        ("[]", "bursar: standard input must hold a JSON object: line 1"),
        (r#"{"a":1,"a":2}"#, "a is given twice in standard input"),
        (r#"{"settings":{}}"#, "standard input holds more than settings"),
    ] {
        let set = words("integration set --app Shop webhook --file -");
        let said = installation.refused_with(&set, text);
        assert!(said.contains(told), "{said}");
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_told_and_the_exit_code_is_1() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.text(&["app", "create", "Twin"]);
    installation.text(&["app", "create", "Twin"]);
    installation.text(&["app", "create", "Shop"]);
    for (args, told) in [
        (
            vec!["key", "list", "--app", "Nobody"],
            "there is no app \"Nobody\"",
        ),
        (
            vec!["key", "list", "--app", "Twin"],
            "several apps are called \"Twin\"",
        ),
        (vec!["app", "create", ""], "name: must not be empty"),
        (
            vec!["access-level", "set", "--app", "Shop", "--id", " "],
            "id: must not be white space alone",
        ),
        (
            vec!["app", "set", "Shop", "sharring=transfer"],
            "settings.sharring: unknown field",
        ),
        (
            vec!["app", "set", "Shop", "vat=x", "vat.DE=0.1"],
            "vat is set both as a whole and in part",
        ),
        (
            vec!["app", "set", "Shop", "vat.DE=0.1", "vat=null"],
            "vat is set both as a whole and in part",
        ),
        (
            vec!["app", "set", "Shop", "name=", "renewal_wait_hours=721"],
            "name: must not be empty; settings.renewal_wait_hours: must be 0 to 720",
        ),
        (
            vec!["app", "set", "Shop", "vatt=null"],
            "settings.vatt: unknown field",
        ),
        (
            vec!["rate", "set", "JPY", "150"],
            "looks like the inverse; `--force` sets it all the same",
        ),
        (
            vec!["key", "revoke", "--app", "Shop", "secret_live_x"],
            "there is no key \"secret_live_x\"",
        ),
        (vec!["admin-token", "revoke", "x"], "there is no token \"x\""),
        (vec!["rate", "set", "EUR", "0"], "usd: must be a decimal above 0"),
        (
            vec![
                "profile",
                "show",
                "--app",
                "Shop",
                "00000000-0000-4000-8000-000000000000",
            ],
            "the profile does not exist",
        ),
        (
            vec![
                "product",
                "set",
                "--app",
                "Shop",
                "--store",
                "s",
                "--id",
                "p",
                "--access-level",
                "gold",
            ],
            "there is no access level \"gold\"",
        ),
        (
            vec!["product", "delete", "--app", "Shop", "--store", "s", "--id", "p"],
            "the product does not exist",
        ),
    ] {
        let said = installation.refused(&args);
        assert!(
            said.starts_with("bursar: ") && said.contains(told),
            "{args:?}: {said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn what_is_given_in_a_wrong_form_is_told_in_words_of_the_command() {
    let installation = Installation::on(Backend::SqliteFile).await;
    installation.text(&["app", "create", "Shop"]);
    for (args, told) in [
        (words("app set Shop =x"), "KEY must name a setting"),
        (words("app set Shop vat.=x"), "KEY must name a setting"),
        (
            words(r#"app set Shop vat={"DE":"0.19","FR":"0.2","DE":"0.91"}"#),
            "DE is set twice in vat",
        ),
    ] {
        let said = stderr(&installation.run(&args));
        assert!(said.contains(told), "{args:?}: {said}");
    }
    let shown = installation.json(&words("integration show --app Shop webhook"));
    let file = installation.folder.0.join("shown.json");
    std::fs::write(&file, shown.to_string()).unwrap();
    let file = file.display().to_string();
    let set = ["integration", "set", "--app", "Shop", "webhook", "--file", &file];
    let said = installation.refused(&set);
    assert!(
        said.contains("give the object under its `settings` alone"),
        "{said}"
    );
    let lines = installation.text(&words("integration show --app Shop webhook"));
    assert!(lines.contains("\n    \"max_in_flight\": null"), "{lines}");
}
