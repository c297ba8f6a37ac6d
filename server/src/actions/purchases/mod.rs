//! Purchases: transactions that are reported, access that is granted and revoked, what becomes due by time.

mod access;
mod due;
mod people;
mod report;
mod tell;

use std::sync::Arc;

use bursar_domain::events::EventKind;
use bursar_domain::events::payload::Shape;
use bursar_domain::fields::Violation;
use bursar_domain::profile::Refusal;
use bursar_domain::purchases::machine::{Context, Timers, Waits};

pub use access::{grant, read_refund_saver, revoke, set_refund_saver};
pub use due::handle_due;
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
            timers: timers(app),
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

fn wants(_: &App, _: EventKind) -> bool {
    false
}

fn shape<'a>(_: &'a App, _: EventKind) -> Shape<'a> {
    Shape::default()
}

fn timers(_: &App) -> Timers {
    Timers::default()
}

fn refused(violation: Violation) -> ActionError {
    ActionError::Refused(Refusal::Invalid(violation))
}
