//! What an integration is: the record that each third party fills in, and what its functions are given and answer.

pub(super) mod customer;
pub(super) mod device;
pub(super) mod exchange;
pub(super) mod limits;
pub(super) mod occasion;
pub(super) mod part;
pub mod personal;
pub(super) mod problem;
pub(super) mod record;
pub mod schedule;
mod subscription;
pub(super) mod told;

use serde_json::Value;

use self::exchange::{Answer, Judgement, Request, Sending, Verdict};
use self::limits::Limits;
use self::occasion::Occasion;
use self::part::Part;
use self::problem::Problem;
use self::record::{Record, Skip};
use self::schedule::Schedule;
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::integrations::settings::{Setting, Settings, schema};

/// A third party.
pub struct Integration {
    /// Its name in paths and on the command line.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Where its format is described.
    pub docs: &'static str,
    /// What an app can choose.
    pub settings: &'static [Setting],
    /// Which of a profile's identifiers it looks at, in order of preference.
    pub identifiers: &'static [&'static str],
    /// What it takes at most.
    pub limits: Limits,
    /// When a try that failed is repeated.
    pub schedule: &'static Schedule,
    /// Can it tell of events of this kind at all?
    pub takes: fn(EventKind) -> bool,
    /// The calls that an event can make here, each a delivery of its own. [`Part::WHOLE`] where there is one.
    pub parts: &'static [Part],
    /// What is valid but will not do what it seems to, in an app with these settings of its own.
    pub check: fn(&Settings, &AppSettings) -> Vec<Problem>,
    /// The event as the third party is told of it, without credentials. The same occasion always gives the same
    /// record.
    pub encode: fn(&Occasion<'_>) -> Result<Record, Skip>,
    /// The request that carries records.
    pub request: fn(&Sending<'_>) -> Request,
    /// What an answer means, `None` where none came.
    pub judge: fn(&Sending<'_>, Option<&Answer>) -> Judgement,
    /// How credentials are proved without an event that counts.
    pub probe: Probe,
}

/// How `integration test` finds out whether the settings work.
#[derive(Debug, Clone, Copy)]
pub enum Probe {
    /// A request of its own, for each set of credentials, that counts nowhere; an answer is judged by the function.
    Requests(
        fn(&Settings, now: i64) -> Vec<Request>,
        fn(Option<&Answer>) -> Verdict,
    ),
    /// As [`Self::Requests`], and nothing is sent before they are passed.
    Handshake(
        fn(&Settings, now: i64) -> Vec<Request>,
        fn(Option<&Answer>) -> Verdict,
    ),
    /// There is no such request: an event that is marked as a test is sent.
    MarkedEvent,
    /// As [`Self::MarkedEvent`], to a third party that takes events of customers alone that it knows. The customer of a
    /// test is nobody: the function tells whether an answer says no more than that, which proves the credentials.
    MarkedEventOfNobody(fn(&Answer) -> bool),
}

impl Integration {
    /// The JSON Schema of its settings.
    pub fn schema(&self) -> Value {
        schema::of(self.settings)
    }

    /// The synthetic events that it takes and is asked to send, and how many days after its start a trial or subscription
    /// makes them.
    pub fn synthetic_delays(&self, settings: &Settings) -> impl Iterator<Item = (EventKind, i64)> {
        settings
            .synthetic_delays()
            .filter(|(kind, _)| (self.takes)(*kind))
    }
}

/// What most integrations take: everything but changes of access levels, which the webhook alone can tell.
pub fn all_but_levels(event: EventKind) -> bool {
    event != EventKind::AccessLevelUpdated
}

/// As [`all_but_levels`], without the synthetic events.
pub fn no_synthetic(event: EventKind) -> bool {
    all_but_levels(event) && !event.is_synthetic()
}
