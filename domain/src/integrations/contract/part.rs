//! The calls that an event can make at one third party.

use super::customer::Customer;
use super::exchange::Answer;
use super::limits::Limits;
use super::record::Record;
use crate::events::EventKind;
use crate::integrations::Settings;

/// One of the calls that an event can make.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its name; empty where an event makes one call.
    pub name: &'static str,
    /// Whose turn it is where several of a profile wait.
    pub pick: Pick,
    /// Do these settings ask for it for an event of this kind? `None`: they always do.
    pub wanted: Option<fn(&Settings, EventKind) -> bool>,
    /// Do these settings ask for a request of its own for each record, because answers do not tell records apart?
    /// `None`: records share requests as far as the limits go.
    pub alone: Option<fn(&Settings) -> bool>,
    /// Does a record travel apart from the others at this time (microseconds)? It shares requests with those alone that do
    /// too. `None`: none does.
    pub apart: Option<fn(&Record, i64) -> bool>,
    /// The settings without which a record of this route cannot be sent. Where one that was tried before lacks them, it is made
    /// anew: other settings send the event another way now. `None`: where a route lacks something, so does its event.
    pub needs: Option<fn(route: &str) -> Vec<&str>>,
    /// Do the settings, which do not want this part for an event of this kind any more, still ask for what the body of a record
    /// says that was tried before? Another part says it of new events. `None`: they do not.
    pub moved: Option<fn(&Settings, EventKind, body: &str) -> bool>,
    /// What of the customer a request says in a form of its own, such as hashed, and may not be kept of it.
    pub hides: Option<fn(&Settings, &Customer<'_>) -> Vec<String>>,
    /// What of an answer the requests after it need, such as an id that the third party has to be asked for. They get
    /// it as [`Sending::learned`], also those of later events of the profile with the same [`Record::route`]. A `GET` of
    /// such a part is a question: see [`Limits::questions_per_second`].
    pub learns: Option<fn(&Answer) -> Option<String>>,
}

/// Whose turn it is of the deliveries that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The first one's.
    First,
    /// The last one's: it says all that those before it do, which are skipped as `superseded`.
    Last,
    /// As [`Self::Last`], of what happened last and not of what became known last; of events at the same time, of the one that
    /// was made last. It is of no use either once one of a later event has been delivered.
    LastToHappen,
}

impl Part {
    /// The only call.
    pub const WHOLE: Self = Self::named("");

    /// A call that is always wanted and always of use.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            pick: Pick::First,
            wanted: None,
            alone: None,
            apart: None,
            needs: None,
            moved: None,
            hides: None,
            learns: None,
        }
    }

    /// Is a delivery of no use once a newer one of the profile waits?
    pub fn is_latest_only(&self) -> bool {
        self.pick != Pick::First
    }

    /// How many records may share a request.
    pub fn most_records(&self, settings: &Settings, limits: &Limits) -> usize {
        if self.alone.is_some_and(|alone| alone(settings)) {
            1
        } else {
            limits.events_per_request as usize
        }
    }

    /// Does this record travel apart from others now?
    pub fn is_apart(&self, record: &Record, now: i64) -> bool {
        self.apart.is_some_and(|apart| apart(record, now))
    }

    /// Can a record of this route, which was tried before, still be sent with these settings?
    pub fn can_repeat(&self, settings: &Settings, route: &str) -> bool {
        let needed = self.needs.map(|needs| needs(route)).unwrap_or_default();
        needed.into_iter().all(|setting| settings.text(setting).is_some())
    }

    /// What may not be kept of a request about this customer, beside the customer's data themselves.
    pub fn hidden(&self, settings: &Settings, customer: &Customer<'_>) -> Vec<String> {
        self.hides
            .map(|hides| hides(settings, customer))
            .unwrap_or_default()
    }

    /// Is a call still wanted that was made for an event of this kind, with this body?
    pub fn is_still_wanted(&self, settings: &Settings, event: EventKind, body: &str) -> bool {
        let has_moved = || self.moved.is_some_and(|moved| moved(settings, event, body));
        self.is_wanted(settings, event) || has_moved()
    }

    /// Is this call made for an event of this kind?
    pub fn is_wanted(&self, settings: &Settings, event: EventKind) -> bool {
        self.wanted.is_none_or(|wanted| wanted(settings, event))
    }
}
