//! What the doctor tells of deliveries.

use std::fs;

use bursar::clock::Clock;
use bursar::metrics::Metrics;
use bursar::store::{Sql, Statement, Store};

use crate::support::backend::SHARED;
use crate::support::installation::Installation;

#[tokio::test]
async fn doctor_tells_which_integrations_stand_still_or_lose_everything() {
    static STATEMENTS: [Sql; 4] = [
        Sql::same("UPDATE integrations SET enabled = 1 WHERE slug = 'webhook'"),
        Sql::same("UPDATE integrations SET enabled = 1, blocked = '401 no such key' WHERE slug = 'branch'"),
        Sql::same(
            "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at)
             SELECT CAST($1 AS BIGINT), target_id, 'rejected', '404 \u{1b}[2Jgone', 1, CAST($2 AS BIGINT), CAST($2 AS BIGINT)
             FROM targets WHERE slug = 'webhook'",
        ),
        Sql::same(
            "INSERT INTO deliveries (event_seq, target_id, state, reason, tries, created_at, updated_at)
             SELECT CAST($1 AS BIGINT), target_id, 'skipped', 'missing_credentials: branch_keys.sandbox', 0,
                    CAST($2 AS BIGINT), CAST($2 AS BIGINT)
             FROM targets WHERE slug = 'branch'",
        ),
    ];
    static LOSE_SECRETS: Sql =
        Sql::same("UPDATE integrations SET sealed_secrets = $1 WHERE slug = 'amplitude'");
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        assert!(
            installation.text(&["doctor"]).contains("ok    deliveries"),
            "{backend:?}"
        );
        for (slug, settings) in [
            ("webhook", r#"{"urls": {"production": "https://a.example/"}}"#),
            ("branch", r#"{"branch_keys": {"production": "key_live_x"}}"#),
            ("amplitude", "{}"),
        ] {
            let file = installation.folder.0.join("settings.json");
            fs::write(&file, settings).unwrap();
            let file = file.display().to_string();
            installation.text(&["integration", "set", "--app", "Shop", slug, "--file", &file]);
        }
        installation.text(&["integration", "enable", "--app", "Shop", "amplitude"]);
        let store = Store::open(&installation.options(), Metrics::default().store)
            .await
            .unwrap();
        let [webhook_on, branch_blocked, rejected, skipped] = &STATEMENTS;
        let now = Clock::system().now();
        let mut all = vec![
            Statement::new(webhook_on, []),
            Statement::new(branch_blocked, []),
            Statement::new(skipped, [1.into(), now.into()]),
        ];
        all.extend((1..9).map(|number: i64| Statement::new(rejected, [number.into(), now.into()])));
        store.write(all).await.unwrap();
        let found = installation.text(&["doctor"]);
        let told = warned(&found);
        assert_eq!(told.len(), 4, "{backend:?}: {found}");
        assert!(
            told[0].contains("amplitude of the app")
                && told[0].contains("is blocked: nothing can be sent: settings.api_keys: none is set"),
            "{found}"
        );
        assert!(
            told[1].contains("branch of the app") && told[1].ends_with("is blocked: 401 no such key"),
            "{found}"
        );
        assert!(
            told[2].contains("1 of branch") && told[2].ends_with(": branch_keys.sandbox"),
            "{found}"
        );
        assert!(
            told[3].contains("webhook of the app")
                && told[3]
                    .ends_with("takes nothing: 8 lost in a row within a day, such as: 404 \\u{1b}[2Jgone"),
            "{found}"
        );
        let damage = Statement::new(&LOSE_SECRETS, [b"sealed under another key".to_vec().into()]);
        store.write(vec![damage]).await.unwrap();
        drop(store);
        let found = installation.text(&["doctor"]);
        assert!(
            found.contains("is blocked: its secrets cannot be opened"),
            "{found}"
        );
    }
}

/// What it warns of deliveries.
fn warned(found: &str) -> Vec<&str> {
    let lines = found.lines();
    lines
        .filter(|line| line.starts_with("warn  deliveries: "))
        .collect()
}

#[tokio::test]
async fn doctor_counts_what_was_lost_since_the_last_one_that_was_delivered() {
    static ON: Sql = Sql::same("UPDATE integrations SET enabled = 1 WHERE slug = 'webhook'");
    static EMPTY: Sql = Sql::same("DELETE FROM deliveries");
    static CLOSED: Sql = Sql::same(
        "INSERT INTO deliveries (event_seq, target_id, state, reason, created_at, updated_at, tries)
         SELECT CAST($1 AS BIGINT), target_id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($4 AS BIGINT),
                CAST($5 AS BIGINT)
         FROM targets WHERE slug = 'webhook'",
    );
    static OFF: Sql = Sql::same("UPDATE integrations SET enabled = 0 WHERE slug = 'webhook'");
    for backend in SHARED {
        let installation = Installation::on(backend).await;
        installation.text(&["app", "create", "Shop"]);
        let file = installation.folder.0.join("settings.json");
        fs::write(&file, r#"{"urls": {"production": "https://a.example/"}}"#).unwrap();
        let file = file.display().to_string();
        installation.text(&["integration", "set", "--app", "Shop", "webhook", "--file", &file]);
        let store = Store::open(&installation.options(), Metrics::default().store)
            .await
            .unwrap();
        let begin = Clock::system().now() - 1_000_000;
        // What came of each, in the order in which they were closed.
        let (taken, gone) = (("delivered", ""), ("rejected", "404 gone"));
        let old = ("expired", "too_old");
        let dead = ("rejected", "given up: nothing has succeeded there for a day; 500");
        let two_days_ago = begin - 2 * 24 * 3_600_000_000;
        let usual = |ends: Vec<(&'static str, &'static str)>, lost| (ends, 1, begin, &ON, lost);
        for (ends, tries, begin, switch, lost) in [
            usual([vec![taken], vec![gone; 12]].concat(), Some(12)),
            usual([vec![gone; 12], vec![taken], vec![gone; 7]].concat(), None),
            usual([vec![taken; 2], vec![dead]].concat(), Some(1)),
            usual([vec![dead; 9], vec![taken]].concat(), None),
            usual([vec![taken], vec![gone; 3], vec![old; 5]].concat(), Some(8)),
            // What was never tried says nothing of the third party, nor does what is long ago; and off is off.
            (vec![old; 9], 0, begin, &ON, None),
            (vec![gone; 9], 1, two_days_ago, &ON, None),
            (vec![gone; 9], 1, begin, &OFF, None),
        ] {
            let mut all = vec![Statement::new(&EMPTY, []), Statement::new(switch, [])];
            all.extend((1_i64..).zip(&ends).map(|(number, (state, reason))| {
                let params = [
                    number.into(),
                    (*state).into(),
                    (*reason).into(),
                    (begin + number).into(),
                    tries.into(),
                ];
                Statement::new(&CLOSED, params)
            }));
            store.write(all).await.unwrap();
            let found = installation.text(&["doctor"]);
            let told = warned(&found);
            let words = lost.map(|count| format!("takes nothing: {count} lost in a row within a day"));
            assert_eq!(
                told.len(),
                usize::from(words.is_some()),
                "{backend:?}: {ends:?}: {found}"
            );
            assert!(
                told.iter().all(|line| line.contains(words.as_ref().unwrap())),
                "{found}"
            );
        }
    }
}
