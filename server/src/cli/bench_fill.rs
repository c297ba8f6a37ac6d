//! `bursar bench-fill`: profiles for `cargo xtask bench`, made by the database itself.

use std::sync::Arc;

use bursar_domain::ids::AppId;
use bursar_domain::json::Object;
use bursar_domain::purchases::body;
use bursar_domain::selector::Selector;
use bursar_domain::time::parse_time;

use super::{Failure, open};
use crate::actions::admin::first_run;
use crate::actions::profiles::Request;
use crate::actions::{Reply, purchases};
use crate::config::Config;
use crate::directory::App;
use crate::state::AppState;
use crate::store::{Sql, Statement};

/// So many profiles in one commit.
const STEP: i64 = 50_000;

/// Makes the app `default` and prints its secret key, then adds profiles `user-1` to `user-N`, each with thirteen
/// identifiers (`NAME-0000000000-n`).
///
/// The first `chains` of them get a chain `c-N` each that ends at `ends_at`; the webhook is switched on then, so that
/// changes of access levels are told.
pub async fn run(config: &Config, profiles: i64, chains: i64, ends_at: Option<&str>) -> Result<(), Failure> {
    const FILL: Sql = Sql::split(
        "WITH RECURSIVE numbers (n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $2)
         INSERT INTO profiles (app_id, profile_id, customer_user_id, created_at, updated_at, identifiers)
         SELECT (SELECT app_id FROM apps), randomblob(16), 'user-' || n, 0, 0,
                replace($3, '-n', '-' || n) FROM numbers",
        "INSERT INTO profiles (app_id, profile_id, customer_user_id, created_at, updated_at, identifiers)
         SELECT (SELECT app_id FROM apps), gen_random_uuid(), 'user-' || n, 0, 0, replace($3, '-n', '-' || n)
         FROM generate_series($1::bigint, $2::bigint) AS n",
    );
    let state = open::state(config).await?;
    let first_run = first_run::set_up(&state)
        .await?
        .ok_or("the database is not empty")?;
    println!("{}\n{}", first_run.app.secret_key, first_run.admin_token);
    let names = super::serve::EXAMPLE_IDENTIFIERS.iter();
    let mut sorted: Vec<_> = names
        .map(|name| format!(r#""{name}":"{name}-0000000000-n""#))
        .collect();
    sorted.sort();
    let identifiers = format!("{{{}}}", sorted.join(","));
    for first in (1..=profiles).step_by(usize::try_from(STEP)?) {
        let last = profiles.min(first + STEP - 1);
        let step = Statement::new(&FILL, [first.into(), last.into(), identifiers.as_str().into()]);
        state.store.write(vec![step]).await?;
    }
    match ends_at {
        Some(ends_at) => fill_chains(&state, chains, ends_at).await,
        None => Ok(()),
    }
}

async fn fill_chains(state: &AppState, chains: i64, ends_at: &str) -> Result<(), Failure> {
    const WEBHOOK: Sql = Sql::same(
        "INSERT INTO integrations (app_id, slug, enabled, settings, sealed_secrets)
         SELECT app_id, 'webhook', 1, '{}', $1 FROM apps",
    );
    const APP: Sql = Sql::same("SELECT app_id FROM apps");
    let sealed = Vec::<u8>::new();
    state
        .store
        .write(vec![Statement::new(&WEBHOOK, [sealed.into()])])
        .await?;
    const RAISE: Sql = Sql::same("UPDATE directory_version SET version = version + 1");
    state.store.write(vec![Statement::new(&RAISE, [])]).await?;
    state.refresh().await?;
    let app_id = state.store.read(Statement::new(&APP, [])).await?[0].uuid(0)?;
    let app = state
        .directory()
        .app(AppId(app_id))
        .cloned()
        .ok_or("there is no app")?;
    for first in (1..=chains).step_by(256) {
        let steps = (first..=chains.min(first + 255)).map(|n| begin(state, &app, n, ends_at));
        futures_util::future::try_join_all(steps).await?;
    }
    Ok(())
}

async fn begin(state: &AppState, app: &Arc<App>, n: i64, ends_at: &str) -> Result<(), Failure> {
    let body = format!(
        r#"{{"purchase_type":"subscription","store":"app_store","store_product_id":"monthly","store_transaction_id":"c-{n}",
            "store_original_transaction_id":"c-{n}","price":{{"country":"US","currency":"USD","value":9.99}},
            "purchased_at":"2026-01-01T00:00:00Z","originally_purchased_at":"2026-01-01T00:00:00Z",
            "expires_at":"{ends_at}","renew_status":false}}"#
    );
    let body = Object::parse(body.as_bytes())?;
    let transaction = body::parse(&body).map_err(|wrong| format!("{wrong:?}"))?;
    let request = Request {
        app: app.id,
        selector: Selector::Customer(format!("user-{n}")),
        now: parse_time("2026-01-01T00:00:01Z").ok_or("a time")?,
        remember: None,
    };
    purchases::set_transaction(state, app, request, transaction, |_| Reply::empty(200)).await?;
    Ok(())
}
