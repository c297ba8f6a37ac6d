//! Integrations: the third parties that events are sent to. Each is a record with pure functions in a file of its own.
//!
//! A new one is a file here and a line in [`ALL`]. Its settings are a table of [`Field`]s: the form, the checks, the
//! defaults and the masking of secrets come from there. Its functions turn an event into a record without credentials
//! (`encode`), records into a request (`request`), and an answer into verdicts (`judge`). When to send, to wait and to
//! try again is the server's business.

mod adjust;
mod airbridge;
mod amplitude;
mod appmetrica;
mod appsflyer;
mod branch;
mod by_name;
pub mod customer;
mod dated;
mod device_id;
pub mod exchange;
mod facebook_ads;
pub mod field;
mod firebase_ga4;
mod missing;
mod mixpanel;
mod nested;
pub mod occasion;
mod onesignal;
mod percent;
mod period;
pub mod personal;
mod posthog;
mod problems;
mod pushwoosh;
pub mod record;
#[cfg(test)]
mod samples;
pub mod schedule;
mod schema;
pub mod secret;
pub mod settings;
pub mod shared;
mod signature;
pub mod subscription;
mod tags;
mod tenjin;
#[cfg(test)]
mod tests;
pub mod told;
mod url;
pub mod webhook;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::app::AppSettings;
use crate::events::EventKind;
pub use customer::Customer;
pub use exchange::{Answer, Judgement, Method, Request, Sending, Verdict};
pub use field::{Field, Kind};
pub use occasion::Occasion;
pub use record::{Record, Skip};
pub use schedule::Schedule;
pub use settings::Settings;
pub use told::Told;

/// All integrations, in the order in which they are listed.
pub const ALL: &[Integration] = &[
    webhook::INTEGRATION,
    amplitude::INTEGRATION,
    mixpanel::INTEGRATION,
    posthog::INTEGRATION,
    airbridge::INTEGRATION,
    branch::INTEGRATION,
    appmetrica::INTEGRATION,
    onesignal::INTEGRATION,
    pushwoosh::INTEGRATION,
    facebook_ads::INTEGRATION,
    firebase_ga4::INTEGRATION,
    appsflyer::INTEGRATION,
    adjust::INTEGRATION,
    tenjin::INTEGRATION,
];

/// A third party.
pub struct Integration {
    /// Its name in paths and on the command line.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Where its format is described.
    pub docs: &'static str,
    /// What an app can choose.
    pub settings: &'static [Field],
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

/// One of the calls that an event can make.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its name; empty where an event makes one call.
    pub name: &'static str,
    /// Is it of no use once a newer one of the profile waits? The older one is skipped as `superseded` then.
    pub latest_only: bool,
    /// Of a part that is `latest_only`: does the newest one tell of what happened last, and not of what became known
    /// last? Then it is of no use either once one of a later event has been delivered.
    pub by_event_time: bool,
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
    /// What of the customer a request says in a form of its own, such as hashed, and may not be kept of it.
    pub hides: Option<fn(&Settings, &Customer<'_>) -> Vec<String>>,
    /// What of an answer the requests after it need, such as an id that the third party has to be asked for. They get
    /// it as [`Sending::learned`], also those of later events of the profile with the same [`Record::route`]. A `GET` of
    /// such a part is a question: see [`Limits::questions_per_second`].
    pub learns: Option<fn(&Answer) -> Option<String>>,
}

impl Part {
    /// The only call.
    pub const WHOLE: Self = Self::named("");

    /// A call that is always wanted and always of use.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            latest_only: false,
            by_event_time: false,
            wanted: None,
            alone: None,
            apart: None,
            needs: None,
            hides: None,
            learns: None,
        }
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

    /// Is this call made for an event of this kind?
    pub fn is_wanted(&self, settings: &Settings, event: EventKind) -> bool {
        self.wanted.is_none_or(|wanted| wanted(settings, event))
    }
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

/// What an integration takes at most; `null`: there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Limits {
    /// Events in one request.
    pub events_per_request: u32,
    /// Bytes of one request.
    pub request_bytes: Option<u32>,
    /// Requests in a second.
    pub requests_per_second: Option<u32>,
    /// Of these, requests in a second that ask for what others need, such as an id.
    pub questions_per_second: Option<u32>,
    /// How old an event may be, in hours, when it is sent.
    pub oldest_event_hours: Option<u32>,
    /// For how many hours after the first try it may be repeated.
    pub repeat_hours: Option<u32>,
    /// For how many hours after the event was made, or was asked for again, it may be repeated.
    pub repeat_age_hours: Option<u32>,
}

/// The tries of a delivery, as far as ages count from them. Times are microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// When it was tried first.
    pub first_at: i64,
    /// When the delivery was made: with its event, or when somebody asked for it again.
    pub made_at: i64,
}

impl Limits {
    /// One event in a request, and no other limit.
    pub const NONE: Self = Self {
        events_per_request: 1,
        request_bytes: None,
        requests_per_second: None,
        questions_per_second: None,
        oldest_event_hours: None,
        repeat_hours: None,
        repeat_age_hours: None,
    };

    /// Until when an event may be sent that happened at `event_at` (microseconds) and was `tried`, if it was; `None`:
    /// always.
    pub fn ends_at(&self, event_at: i64, tried: Option<Tried>) -> Option<i64> {
        const HOUR: i64 = 3_600_000_000;
        let limits = [
            (Some(event_at), self.oldest_event_hours),
            (tried.map(|tried| tried.first_at), self.repeat_hours),
            (tried.map(|tried| tried.made_at), self.repeat_age_hours),
        ];
        let ends = limits.into_iter().filter_map(|(start, hours)| start.zip(hours));
        ends.map(|(start, hours)| start.saturating_add(i64::from(hours) * HOUR))
            .min()
    }
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "IntegrationProblem")]
pub struct Problem {
    /// The setting, nested by dots.
    pub field: String,
    /// What is wrong with it, for people.
    pub detail: String,
    /// Can nothing at all be sent because of it?
    #[serde(skip)]
    pub stops: bool,
}

impl Problem {
    /// Pairs a setting with what is wrong with it.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
            stops: false,
        }
    }

    /// As [`Self::new`], of a setting without which nothing at all can be sent.
    pub fn stopping(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            stops: true,
            ..Self::new(field, detail)
        }
    }

    /// The same one level further down.
    #[must_use]
    pub fn below(self, table: &str) -> Self {
        let field = if self.field.is_empty() {
            table.to_owned()
        } else {
            format!("{table}.{}", self.field)
        };
        Self { field, ..self }
    }
}

impl Integration {
    /// The JSON Schema of its settings.
    pub fn schema(&self) -> Value {
        schema::of(self.settings)
    }

    /// The synthetic events that it takes and is asked to send, and how many days after its start a trial or subscription
    /// makes them.
    pub fn synthetic_delays(&self, settings: &Settings) -> impl Iterator<Item = (EventKind, u32)> {
        let taken = settings
            .synthetic_delays()
            .filter(|(kind, _)| (self.takes)(*kind));
        taken.map(|(kind, days)| (kind, u32::try_from(days).unwrap_or_default()))
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

/// Most events fit, so that their text is not moved while it grows.
const ROOM: usize = 1_024;

/// JSON as text.
pub(crate) fn json(value: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(ROOM);
    push_json(&mut text, value);
    into_text(text)
}

fn push_json(text: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(text, value).expect("names are texts and no value can fail");
}

fn into_text(json: Vec<u8>) -> String {
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// An object that is JSON already with a further member in front, such as a key that records do not hold.
pub(crate) fn with_member(name: &str, value: &impl Serialize, object: &str) -> String {
    /// For the member, if it is a usual one.
    const ROOM: usize = 128;
    let rest = object.strip_prefix('{').unwrap_or(object);
    let mut member = Vec::with_capacity(ROOM + object.len());
    member.push(b'{');
    push_json(&mut member, &name);
    member.push(b':');
    push_json(&mut member, value);
    let mut text = into_text(member);
    if rest != "}" {
        text.push(',');
    }
    text.push_str(rest);
    text
}

/// A text cut to so many characters.
pub(crate) fn cut(text: &str, characters: usize) -> &str {
    if text.len() <= characters {
        return text;
    }
    match text.char_indices().nth(characters) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// The integration with this slug.
pub fn find(slug: &str) -> Option<&'static Integration> {
    ALL.iter().find(|integration| integration.slug == slug)
}
