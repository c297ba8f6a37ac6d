//! `bursar rate`.

use clap::Subcommand;

use super::Failure;
use super::output::Output;
use super::session::{Session, explain};
use super::values::date;
use crate::actions::ActionError;
use crate::admin::page::Paging;
use crate::admin::rates::{self, RateDraft};

#[derive(Subcommand)]
pub enum Command {
    /// Set what one unit of a currency is worth in US dollars
    Set {
        /// Three letters, such as EUR
        currency: String,
        /// US dollars for one unit, such as 1.08
        usd: String,
        /// The first day on which it holds [default: today]
        #[arg(long, value_name = "DATE", value_parser = date)]
        from: Option<String>,
        /// Set it though it is far from what the currency was worth
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        output: Output,
    },
    /// List the rates
    List {
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    let state = &session.state;
    match command {
        Command::Set {
            currency,
            usd,
            from,
            force,
            output,
        } => {
            let draft = RateDraft { usd, from, force };
            let rate = rates::set(state, session.request(), &currency, draft).await;
            output.one(&rate.map_err(explain_doubt)?)
        }
        Command::List { output } => {
            let all = rates::list(state, &Paging::all()).await.map_err(explain)?;
            output.list(&all, &["currency", "from", "usd"])
        }
    }
}

/// As [`explain`], with the field that has a doubtful rate taken under the name of its flag.
fn explain_doubt(mut error: ActionError) -> Failure {
    if let ActionError::BadFields(fields) = &mut error {
        for (_, why) in fields.iter_mut().filter(|(field, _)| field == "usd") {
            *why = why.replace("`force`", "`--force`");
        }
    }
    explain(error)
}
