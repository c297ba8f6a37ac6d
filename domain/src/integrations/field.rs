//! One setting as data: what it is called, what its value must be, what it is if nobody says.

use serde_json::{Map, Value as Json, json};

use super::{Problem, url};
use crate::events::EventKind;
use crate::fields::MAX_TEXT;

/// A setting.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name; dots nest.
    pub path: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// What it does, for the form.
    pub about: &'static str,
}

/// What a value must be. `null` where that is the default: not set.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// An address. Not set by default.
    Url,
    /// A text that nobody gets to see again; the function answers what is wrong with it. Not set by default.
    Secret(fn(&str) -> Option<&'static str>),
    /// Yes or no. No by default.
    Switch,
    /// A whole number from the first to the second. Not set by default.
    Number(u8, u8),
    /// One of these; the first by default.
    Choice(&'static [&'static str]),
    /// For each event, whether it is sent. By default all are but the synthetic ones.
    EventSwitches,
    /// For each event, its name. By default ours.
    EventNames,
}

impl Field {
    /// A setting.
    pub const fn new(path: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { path, kind, about }
    }

    /// Is it a secret?
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret(_))
    }

    /// The value if nobody says one.
    pub fn default(&self) -> Json {
        match self.kind {
            Kind::Url | Kind::Secret(_) | Kind::Number(..) => Json::Null,
            Kind::Switch => json!(false),
            Kind::Choice(choices) => json!(choices[0]),
            Kind::EventSwitches => of_each_event(|event| json!(is_sent_by_default(event))),
            Kind::EventNames => of_each_event(|event| json!(event.as_str())),
        }
    }

    /// The value in its usual form; what is wrong with it is added to `problems`. An empty URL or secret is none.
    pub fn read(&self, value: &Json, problems: &mut Vec<Problem>) -> Json {
        let mut wrong = |why: &str| problems.push(Problem::new(self.path, why));
        match (self.kind, value) {
            (Kind::Url | Kind::Secret(_) | Kind::Number(..), Json::Null) => {}
            (Kind::Url | Kind::Secret(_), Json::String(text)) if text.is_empty() => return Json::Null,
            (Kind::Url, Json::String(text)) => url::problem(text).into_iter().for_each(wrong),
            (Kind::Secret(problem), Json::String(text)) => problem(text).into_iter().for_each(wrong),
            (Kind::Url | Kind::Secret(_), _) => wrong("must be text or null"),
            (Kind::Switch, Json::Bool(_)) => {}
            (Kind::Switch, _) => wrong("must be true or false"),
            (Kind::Number(min, max), Json::Number(number)) if is_in(number, min, max) => {}
            (Kind::Number(min, max), _) => {
                wrong(&format!("must be a whole number from {min} to {max}, or null"))
            }
            (Kind::Choice(choices), Json::String(text)) if choices.contains(&text.as_str()) => {}
            (Kind::Choice(choices), _) => wrong(&format!("must be one of: {}", choices.join(", "))),
            (Kind::EventSwitches | Kind::EventNames, Json::Object(said)) => {
                return self.read_events(said, problems);
            }
            (Kind::EventSwitches | Kind::EventNames, _) => wrong("must be an object with events as names"),
        }
        value.clone()
    }

    fn read_events(&self, said: &Map<String, Json>, problems: &mut Vec<Problem>) -> Json {
        let mut all = self.default();
        for (name, value) in said {
            let why = match (self.kind, value) {
                _ if EventKind::parse(name).is_none() => "there is no such event",
                (Kind::EventSwitches, Json::Bool(_)) => "",
                (Kind::EventSwitches, _) => "must be true or false",
                (_, Json::String(text)) => event_name_problem(text).unwrap_or_default(),
                _ => "must be text",
            };
            if why.is_empty() {
                all[name] = value.clone();
            } else {
                problems.push(Problem::new(format!("{}.{name}", self.path), why));
            }
        }
        all
    }
}

/// Are events of this kind sent if nobody says?
pub(super) fn is_sent_by_default(event: EventKind) -> bool {
    !event.is_synthetic()
}

fn of_each_event(value: impl Fn(EventKind) -> Json) -> Json {
    let all = EventKind::ALL.iter();
    all.map(|event| (event.as_str().to_owned(), value(*event)))
        .collect::<Map<_, _>>()
        .into()
}

fn is_in(number: &serde_json::Number, min: u8, max: u8) -> bool {
    number
        .as_u64()
        .is_some_and(|number| (u64::from(min)..=u64::from(max)).contains(&number))
}

fn event_name_problem(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.chars().count() > MAX_TEXT {
        Some("must have 1 to 255 characters")
    } else if name.chars().any(char::is_control) {
        Some("must not hold control characters")
    } else {
        None
    }
}
