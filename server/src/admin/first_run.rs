//! What an empty database gets, so that the first request can be made at once.

use serde_json::json;

use super::apps::{NewApp, new_app};
use super::audit::{Actor, Entry, record};
use super::ordered_id::ordered_id;
use super::tokens;
use crate::actions::ActionError;
use crate::directory;
use crate::keys::NewKey;
use crate::state::AppState;
use crate::store::{Decision, Loaded, Sql, Statement, rows_of};

/// The secrets of the first run. Nothing else will ever tell them.
pub struct FirstRun {
    /// The app `default` with its keys.
    pub app: NewApp,
    /// The first admin token.
    pub admin_token: String,
}

/// Makes the app `default` and an admin token in a database that has neither apps nor tokens. Of several
/// servers that start at once on one database, one does so.
pub async fn set_up(state: &AppState) -> Result<Option<FirstRun>, ActionError> {
    static USED: Sql =
        Sql::same("SELECT app_id FROM apps UNION ALL SELECT token_id FROM admin_tokens LIMIT 1");
    let (now, shared) = (state.clock.now(), state.clone());
    let decide = move |mut loaded: Loaded| -> Result<_, ActionError> {
        if !rows_of(&mut loaded, 1).is_empty() {
            return Ok(Decision {
                writes: Vec::new(),
                answer: None,
            });
        }
        let actor = Actor("first run".into());
        let (app, mut writes) = new_app(&shared.vault, "default", &actor, now);
        let (token, id) = (NewKey::for_admin(&shared.vault), ordered_id(now));
        let entry = Entry {
            action: "admin_token.create",
            target: id.to_string(),
            app: None,
            before: None,
            after: Some(json!({"prefix": token.prefix})),
        };
        writes.extend([
            tokens::insert(id, &token, None, now),
            directory::raise_version(),
            record(&actor, entry, now),
        ]);
        Ok(Decision {
            writes,
            answer: Some(FirstRun {
                app,
                admin_token: token.text,
            }),
        })
    };
    let reads = vec![directory::lock(), Statement::new(&USED, [])];
    let made = state.store.change(reads, decide).await?;
    // The secrets are in the database: whoever waits for them must get them, whatever happens now.
    state.see_at_once().await;
    Ok(made)
}
