//! `bursar bench-fill`: profiles for `cargo xtask bench`, made by the database itself.

use std::sync::Arc;

use bursar_domain::ids::AppId;
use bursar_domain::json::Object;
use bursar_domain::profile::selector::Selector;
use bursar_domain::purchases::body;
use bursar_domain::time::parse_time;
use serde_json::Value;

use super::{Failure, open};
use crate::actions::integrations::block;
use crate::actions::profiles::Request;
use crate::actions::{Reply, purchases};
use crate::admin::audit::Actor;
use crate::admin::integrations::{IntegrationChanges, set};
use crate::admin::{self, first_run};
use crate::config::Config;
use crate::directory::App;
use crate::state::AppState;
use crate::store::{Sql, Statement};

/// So many profiles in one commit.
const STEP: i64 = 50_000;

/// Makes the app `default` and prints its secret key, then adds profiles `user-1` to `user-N`, each with thirteen
/// identifiers (`NAME-0000000000-n`).
///
/// The first `chains` of them get a chain `c-N` each that ends at the time beside. Integrations are switched on before,
/// so that their deliveries wait.
pub async fn run(
    config: &Config,
    profiles: i64,
    chains: Option<(i64, String)>,
    integrations: &[String],
    webhook: bool,
    settled: i64,
) -> Result<(), Failure> {
    static FILL: Sql = Sql::split(
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
    let app = first_run.app.app_id;
    for integration in integrations {
        enable(&state, AppId(app), integration).await?;
    }
    if webhook {
        enable(&state, AppId(app), r#"{"slug": "webhook", "settings": {}}"#).await?;
        let known = state
            .directory()
            .app(AppId(app))
            .cloned()
            .ok_or("there is no app")?;
        let webhook = known.integration("webhook").ok_or("there is no webhook")?;
        block(&state, known.id, "webhook", &webhook.saved, Some("a benchmark")).await?;
    }
    if let Some((chains, ends_at)) = chains {
        fill_chains(&state, AppId(app), chains, &ends_at).await?;
    }
    fill_settled(&state, settled).await
}

async fn enable(state: &AppState, app: AppId, said: &str) -> Result<(), Failure> {
    let said: Value = serde_json::from_str(said)?;
    let changes = IntegrationChanges {
        enabled: Some(true),
        settings: said["settings"].as_object().cloned(),
    };
    let request = admin::Request {
        actor: Actor("benchmark".into()),
        now: state.clock.now(),
        remember: None,
    };
    let slug = said["slug"].as_str().unwrap_or_default();
    set(state, request, app, slug, changes).await?;
    Ok(())
}

async fn fill_chains(state: &AppState, app: AppId, chains: i64, ends_at: &str) -> Result<(), Failure> {
    let app = state.directory().app(app).cloned().ok_or("there is no app")?;
    for first in (1..=chains).step_by(256) {
        let steps = (first..=chains.min(first + 255)).map(|n| begin(state, &app, n, ends_at));
        futures_util::future::try_join_all(steps).await?;
    }
    Ok(())
}

/// Deliveries of older events to a target that nothing else uses.
async fn fill_settled(state: &AppState, count: i64) -> Result<(), Failure> {
    static SQL: Sql = Sql::split(
        "WITH RECURSIVE numbers (n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $2)
         INSERT INTO deliveries (event_seq, target_id, state, tries, created_at, updated_at)
         SELECT -n, 1, 'delivered', 1, n, n FROM numbers",
        "INSERT INTO deliveries (event_seq, target_id, state, tries, created_at, updated_at)
         SELECT -n, 1, 'delivered', 1, n, n FROM generate_series($1::bigint, $2::bigint) AS n",
    );
    for first in (1..=count).step_by(usize::try_from(STEP)?) {
        let last = count.min(first + STEP - 1);
        state
            .store
            .write(vec![Statement::new(&SQL, [first.into(), last.into()])])
            .await?;
    }
    Ok(())
}

/// A millisecond after the one before it, as reports come in.
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
        app: Arc::clone(app),
        selector: Selector::Customer(format!("user-{n}")),
        now: parse_time("2026-01-01T00:00:01Z").ok_or("a time")? + 1_000 * n,
        remember: None,
    };
    purchases::set_transaction(state, request, transaction, |_| Reply::empty(200)).await?;
    Ok(())
}
