//! One setting as data: what it is called, what its value must be, what it is if nobody says.

use serde_json::{Map, Value as Json, json};

use crate::events::EventKind;
use crate::fields::MAX_TEXT;
use crate::integrations::Problem;

/// A setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name; dots nest. One that ends with `.*` stands for any further name there, such as that of a store of the
    /// owner's own.
    pub path: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// What it does, for the form.
    pub about: &'static str,
}

/// What a value must be. `null` where that is the default: not set.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// An address; the function answers what is wrong with it. Not set by default.
    Url(fn(&str) -> Option<&'static str>),
    /// A text that nobody gets to see again; the function answers what is wrong with it. Not set by default.
    Secret(fn(&str) -> Option<&'static str>),
    /// A text; the function answers what is wrong with it. Not set by default.
    Text(fn(&str) -> Option<&'static str>),
    /// Yes or no, and what it is by default.
    Switch(bool),
    /// A whole number from the first to the second, and what it is by default.
    Number(u32, u32, Option<u32>),
    /// One of these; the first by default.
    Choice(&'static [&'static str]),
    /// For each event, whether it is sent. By default all are but the synthetic ones.
    EventSwitches,
    /// For each event, its name; the function tells it where nobody says. Empty: it is not sent.
    EventNames(fn(EventKind) -> &'static str),
    /// Something of the integration's own.
    Own(&'static Shape),
}

/// What a value of an integration's own must be.
#[derive(Debug)]
pub struct Shape {
    /// The value if nobody says one.
    pub default: fn() -> Json,
    /// Its JSON Schema.
    pub schema: fn() -> Json,
    /// The value in its usual form, all parts filled in; what is wrong with it is added, with paths below the setting.
    pub read: fn(&Json, &mut Vec<Problem>) -> Json,
}

#[cfg(test)]
impl Shape {
    /// The value, or all that is wrong with it.
    pub fn checked(&self, said: &Json) -> Result<Json, Vec<Problem>> {
        let mut problems = Vec::new();
        let value = (self.read)(said, &mut problems);
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(problems)
        }
    }
}

impl Setting {
    /// A setting.
    pub const fn new(path: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { path, kind, about }
    }

    /// Is it a secret?
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret(_))
    }

    /// Is this setting one of those that it stands for?
    pub fn covers(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            None => self.path == path,
            Some(table) => path.strip_prefix(table).is_some_and(is_name),
        }
    }

    /// Where it stands for any name: the table that the names are in.
    pub fn open_table(&self) -> Option<&'static str> {
        self.path.strip_suffix(".*")
    }

    /// The value if nobody says one.
    pub fn default(&self) -> Json {
        match self.kind {
            Kind::Url(_) | Kind::Secret(_) | Kind::Text(_) => Json::Null,
            Kind::Number(_, _, default) => json!(default),
            Kind::Switch(default) => json!(default),
            Kind::Choice(choices) => json!(choices[0]),
            Kind::EventSwitches => of_each_event(|event| json!(is_sent_by_default(event))),
            Kind::EventNames(default) => of_each_event(|event| json!(default(event))),
            Kind::Own(shape) => (shape.default)(),
        }
    }

    /// The value of the setting at `path` in its usual form; what is wrong with it is added to `problems`. An empty
    /// URL, secret or text is none.
    pub fn read(&self, path: &str, value: &Json, problems: &mut Vec<Problem>) -> Json {
        let mut wrong = |why: &str| problems.push(Problem::new(path, why));
        match (self.kind, value) {
            (Kind::Url(_) | Kind::Secret(_) | Kind::Text(_), Json::Null) => {}
            (Kind::Number(_, _, default), Json::Null) => return json!(default),
            (Kind::Url(_) | Kind::Secret(_) | Kind::Text(_), Json::String(text)) if text.is_empty() => {
                return Json::Null;
            }
            (Kind::Url(problem) | Kind::Secret(problem) | Kind::Text(problem), Json::String(text)) => {
                problem(text).into_iter().for_each(wrong);
            }
            (Kind::Url(_) | Kind::Secret(_) | Kind::Text(_), _) => wrong("must be text or null"),
            (Kind::Switch(_), Json::Bool(_)) => {}
            (Kind::Switch(_), _) => wrong("must be true or false"),
            (Kind::Number(min, max, _), Json::Number(number)) if is_in(number, min, max) => {}
            (Kind::Number(min, max, _), _) => {
                wrong(&format!("must be a whole number from {min} to {max}, or null"))
            }
            (Kind::Choice(choices), Json::String(text)) if choices.contains(&text.as_str()) => {}
            (Kind::Choice(choices), _) => wrong(&format!("must be one of: {}", choices.join(", "))),
            (Kind::EventSwitches | Kind::EventNames(_) | Kind::Own(_), value) => {
                let mut found = Vec::new();
                let value = self.read_table(value, &mut found);
                problems.extend(found.into_iter().map(|problem| problem.below(path)));
                return value;
            }
        }
        value.clone()
    }

    /// The same, of a setting that is a table or of an integration's own.
    fn read_table(&self, value: &Json, problems: &mut Vec<Problem>) -> Json {
        match self.kind {
            Kind::EventSwitches => read_each_event(value, self.default(), problems, read_switch),
            Kind::Own(shape) => (shape.read)(value, problems),
            _ => read_each_event(value, self.default(), problems, read_name),
        }
    }
}

/// A value for each event: those that are `said`, in the form that `read` gives them; the others, and where it gives none or
/// says what is wrong with one, are those of `all`.
pub fn read_each_event(
    said: &Json,
    mut all: Json,
    problems: &mut Vec<Problem>,
    read: impl Fn(&Json) -> Result<Option<Json>, String>,
) -> Json {
    let Json::Object(said) = said else {
        problems.push(Problem::new("", "must be an object with events as names"));
        return all;
    };
    for (event, value) in said {
        let value = match EventKind::parse(event) {
            Some(_) => read(value),
            None => Err("there is no such event".to_owned()),
        };
        match value {
            Ok(Some(value)) => all[event] = value,
            Ok(None) => {}
            Err(why) => problems.push(Problem::new(event.as_str(), why)),
        }
    }
    all
}

fn read_switch(value: &Json) -> Result<Option<Json>, String> {
    match value {
        Json::Bool(_) => Ok(Some(value.clone())),
        _ => Err("must be true or false".to_owned()),
    }
}

fn read_name(value: &Json) -> Result<Option<Json>, String> {
    let name = value.as_str().ok_or("must be text")?;
    match event_name_problem(name) {
        Some(why) => Err(why.to_owned()),
        None => Ok(Some(named(name).into())),
    }
}

/// The name that a text is; one of white space alone is none.
fn named(text: &str) -> &str {
    if text.trim().is_empty() { "" } else { text }
}

/// How many names an open table may have.
pub const MOST_NAMES: usize = 100;
/// How long a name in an open table may be.
const LONGEST_NAME: usize = 64;

/// Is this a name that an open table takes?
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// A text as a name that an open table takes: each other character is `_`, and it is cut.
pub fn as_name(text: &str) -> String {
    text.chars()
        .map(|c| if is_of_name(c) { c } else { '_' })
        .take(LONGEST_NAME)
        .collect()
}

/// Are events of this kind sent if nobody says?
pub(super) fn is_sent_by_default(event: EventKind) -> bool {
    !event.is_synthetic()
}

/// An object with a value for each event.
pub fn of_each_event(value: impl Fn(EventKind) -> Json) -> Json {
    let all = EventKind::ALL.iter();
    all.map(|event| (event.as_str().to_owned(), value(*event)))
        .collect::<Map<_, _>>()
        .into()
}

fn is_in(number: &serde_json::Number, min: u32, max: u32) -> bool {
    number
        .as_u64()
        .is_some_and(|number| (u64::from(min)..=u64::from(max)).contains(&number))
}

/// What keeps a text from being the name of an event.
pub fn event_name_problem(name: &str) -> Option<&'static str> {
    if name.chars().count() > MAX_TEXT {
        Some("must have at most 255 characters")
    } else if name.chars().any(char::is_control) {
        Some("must not hold control characters")
    } else {
        None
    }
}
