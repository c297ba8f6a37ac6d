//! `bursar admin-token`.

use clap::Subcommand;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain, without_secret};
use crate::admin::page::Paging;
use crate::admin::tokens::{self, TokenDraft};

#[derive(Subcommand)]
pub enum Command {
    /// Make an admin token, which is shown this once
    Create {
        /// What it is for
        #[arg(long)]
        label: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// List the admin tokens, without the tokens themselves
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Revoke an admin token: running servers refuse it within half a second
    Revoke {
        /// The token's id, or the part before its dot
        token: String,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::Create { label, output } => {
            let made = tokens::create(state, session.request(), TokenDraft { label }).await;
            output.reply(&made.map_err(explain)?)
        }
        Command::List { output } => {
            let all = tokens::list(state, &Paging::all()).await.map_err(explain)?;
            output.list(
                &all,
                &["token_id", "prefix", "label", "created_at", "last_used_at"],
            )
        }
        Command::Revoke { token, output } => {
            let all = tokens::list(state, &Paging::all()).await.map_err(explain)?;
            let token = without_secret(&token);
            let mut all = all.data.iter();
            let known = all.find(|one| one.prefix == token || one.token_id.to_string() == token);
            let known =
                known.ok_or_else(|| format!("there is no token {token:?}: see `bursar admin-token list`"));
            let id = known?.token_id;
            tokens::revoke(state, session.request(), id)
                .await
                .map_err(explain)?;
            output.done(format!("revoked {token}"))
        }
    }
}
