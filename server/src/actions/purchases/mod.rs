//! Purchases: transactions that are reported, access that is granted and revoked, what becomes due by time.

mod access;
mod due;
mod findings;
mod leave;
mod people;
mod recheck;
mod refund_saver;
mod report;
mod tell;

use std::sync::Arc;

use bursar_domain::fields::Violation;
use bursar_domain::profile::Refusal;
use bursar_domain::purchases::machine::{Context, Timers, Waits};

pub use access::{grant, revoke};
pub use due::handle_due;
pub(super) use findings::Findings;
pub(super) use leave::leave;
pub use refund_saver::{read_refund_saver, set_refund_saver};
pub use report::set_transaction;

use crate::actions::ActionError;
use crate::directory::App;

/// What an app says of purchases, as the directory knows it when a request comes.
#[derive(Clone)]
pub(super) struct Rules {
    app: Arc<App>,
    waits: Waits,
    timers: Timers,
}

impl Rules {
    fn of(app: &Arc<App>) -> Self {
        Self {
            waits: app.settings.waits(),
            timers: app.timers(),
            app: Arc::clone(app),
        }
    }

    fn context<'a>(&'a self, now: i64, access_level_id: Option<&'a str>) -> Context<'a> {
        Context {
            now,
            waits: &self.waits,
            timers: &self.timers,
            access_level_id,
        }
    }
}

fn refused(violation: Violation) -> ActionError {
    ActionError::Refused(Refusal::Invalid(violation))
}
