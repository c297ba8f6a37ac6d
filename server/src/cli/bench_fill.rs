//! `bursar bench-fill`: profiles for `cargo xtask bench`, made by the database itself.

use super::{Failure, open};
use crate::actions::admin::first_run;
use crate::config::Config;
use crate::store::{Sql, Statement};

/// So many profiles in one commit.
const STEP: i64 = 50_000;

/// Makes the app `default` and prints its secret key, then adds profiles `user-1` to `user-N`, each with thirteen
/// identifiers (`NAME-0000000000-n`).
pub async fn run(config: &Config, profiles: i64) -> Result<(), Failure> {
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
    println!("{}", first_run.app.secret_key);
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
    Ok(())
}
