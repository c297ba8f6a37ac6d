//! `bursar key`.

use clap::Subcommand;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain, without_secret};
use crate::admin::keys::{self, KeyDraft};
use crate::admin::page::Paging;
use crate::keys::KeyKind;

#[derive(Subcommand)]
pub enum Command {
    /// Make a key, which is shown this once
    Create {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// What it may do: `secret` for servers, `public` for apps on devices
        #[arg(long, value_enum)]
        kind: KeyKind,
        /// What it is for
        #[arg(long)]
        label: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// List an app's keys, without the keys themselves
    List {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        #[command(flatten)]
        output: Output,
    },
    /// Revoke a key: running servers refuse it within half a second
    Revoke {
        /// The app's id, or its name
        #[arg(long)]
        app: String,
        /// The key's id, or the part before its dot; what follows the dot is not looked at
        key: String,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::Create {
            app,
            kind,
            label,
            output,
        } => {
            let app = session.app(&app).await?;
            let made = keys::create(state, session.request(), app, KeyDraft { kind, label }).await;
            output.reply(&made.map_err(explain)?)
        }
        Command::List { app, output } => {
            let app = session.app(&app).await?;
            let all = keys::list(state, app, &Paging::all()).await.map_err(explain)?;
            let columns = ["key_id", "kind", "prefix", "label", "created_at", "last_used_at"];
            output.list(&all, &columns)
        }
        Command::Revoke { app, key, output } => {
            let app = session.app(&app).await?;
            let all = keys::list(state, app, &Paging::all()).await.map_err(explain)?;
            let key = without_secret(&key);
            let known = all
                .data
                .iter()
                .find(|one| one.prefix == key || one.key_id.to_string() == key);
            let id = known
                .ok_or_else(|| format!("there is no key {key:?}: see `bursar key list`"))?
                .key_id;
            keys::revoke(state, session.request(), app, id)
                .await
                .map_err(explain)?;
            output.done(format!("revoked {key}"))
        }
    }
}
