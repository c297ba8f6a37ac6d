//! An app's settings for an integration: read from what a caller says, shown with secrets masked, stored apart from
//! them.

pub(super) mod event_names;
pub(super) mod missing;
pub(super) mod problems;
pub(super) mod residency;
pub(super) mod schema;
pub(super) mod secret;
pub(super) mod setting;
pub(super) mod shared;
pub(super) mod url;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use self::setting::MOST_NAMES;
pub use self::setting::{Kind, Setting};
use crate::events::EventKind;
use crate::integrations::by_name::ByName;
use crate::integrations::{Problem, Skip};

/// What stands in place of a secret. Sent back, it keeps the one that is stored.
pub const MASK: &str = "********";

/// Secrets by the paths of their settings.
pub type Secrets = BTreeMap<String, String>;

/// All settings of an integration with their secrets; none is missing. It cannot be printed by mistake.
#[derive(Clone, PartialEq)]
pub struct Settings {
    tree: Map<String, Json>,
    /// What is in the tree once more, by the whole paths: each event asks for a dozen.
    by_path: ByName<String, Json>,
}

impl Settings {
    /// The settings if nobody says anything.
    pub fn defaults(list: &[Setting]) -> Self {
        Self::of(list, default_tree(list))
    }

    fn of(list: &[Setting], tree: Map<String, Json>) -> Self {
        let paths = each(list, &tree);
        let known = paths.into_iter().filter_map(|(path, _)| {
            let value = at(&tree, &path)?.clone();
            Some((path, value))
        });
        let by_path = known.collect::<Vec<_>>().into();
        Self { tree, by_path }
    }

    /// Reads what a caller says: missing settings take their defaults, a masked secret keeps the one of `before`, and the
    /// delay of a synthetic event switches it on where its switch is not said. Answers everything that is wrong.
    pub fn read(list: &[Setting], said: &Map<String, Json>, before: &Self) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        find_unknown(list, said, "", &mut problems);
        find_too_many(list, said, &mut problems);
        let mut tree = default_tree(list);
        for (path, setting) in each(list, said) {
            match at(said, &path) {
                Some(Json::String(text)) if setting.is_secret() && text == MASK => match before.text(&path) {
                    Some(stored) => put(&mut tree, &path, stored.into()),
                    None => problems.push(Problem::new(path, "is masked, but no secret is stored")),
                },
                Some(value) => put(&mut tree, &path, setting.read(&path, value, &mut problems)),
                None => {}
            }
        }
        if problems.is_empty() {
            switch_on_delayed(&mut tree, said);
        }
        let settings = Self::of(list, tree);
        if problems.is_empty() {
            problems = settings.problems(list);
        }
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(problems)
        }
    }

    /// Puts what [`Self::split`] took apart together again. It was checked when it was stored: what this program does
    /// not know any more is left out, what it has learned since takes its default.
    pub fn join(list: &[Setting], stored: &Map<String, Json>, secrets: Secrets) -> Self {
        let mut tree = default_tree(list);
        for (path, setting) in each(list, stored) {
            if let Some(value) = at(stored, &path) {
                put(&mut tree, &path, setting.read(&path, value, &mut Vec::new()));
            }
        }
        for (path, secret) in secrets {
            if list.iter().any(|setting| setting.covers(&path)) {
                put(&mut tree, &path, secret.into());
            }
        }
        Self::of(list, tree)
    }

    /// The settings without their secrets, and the secrets that are set.
    pub fn split(&self, list: &[Setting]) -> (Map<String, Json>, Secrets) {
        let (mut tree, mut secrets) = (self.tree.clone(), Secrets::new());
        let paths = each(list, &self.tree);
        for (path, _) in paths.into_iter().filter(|(_, setting)| setting.is_secret()) {
            if let Some(secret) = self.text(&path) {
                put(&mut tree, &path, Json::Null);
                secrets.insert(path, secret.into());
            }
        }
        (tree, secrets)
    }

    /// The settings with their secrets masked, to make requests that may be shown.
    #[must_use]
    pub fn with_masks(&self, list: &[Setting]) -> Self {
        Self::of(list, self.masked(list))
    }

    /// The settings as they may be shown.
    pub fn masked(&self, list: &[Setting]) -> Map<String, Json> {
        let (mut tree, secrets) = self.split(list);
        for path in secrets.keys() {
            put(&mut tree, path, MASK.into());
        }
        tree
    }

    /// What is wrong with settings that are each fine alone: an event made by a timer needs its delay.
    pub fn problems(&self, list: &[Setting]) -> Vec<Problem> {
        let delays = list.iter().filter(|setting| {
            let event = setting.path.strip_prefix("synthetic_delay_days.");
            event.is_some_and(|event| self.get("events")[event] == true) && self.get(setting.path).is_null()
        });
        delays
            .map(|setting| Problem::new(setting.path, "is needed while this event is on"))
            .collect()
    }

    /// The value of a setting; `null` where there is no such setting.
    pub fn get(&self, path: &str) -> &Json {
        let known = self.by_path.get(path).or_else(|| at(&self.tree, path));
        known.unwrap_or(&Json::Null)
    }

    /// The text of a setting, if it is set.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path).as_str()
    }

    /// The text of a setting without which nothing can be sent.
    pub fn require(&self, path: &str) -> Result<&str, Skip> {
        self.text(path)
            .ok_or_else(|| Skip::MissingCredentials(path.to_owned()))
    }

    /// A switch. One that does not exist is off.
    pub fn is(&self, path: &str) -> bool {
        *self.get(path) == true
    }

    /// A number, if it is set.
    pub fn number(&self, path: &str) -> Option<i64> {
        self.get(path).as_i64()
    }

    /// Is this event sent: is its switch on, and has it a name?
    pub fn sends(&self, event: EventKind) -> bool {
        self.get("events")[event.as_str()] == true && self.get("event_names")[event.as_str()] != ""
    }

    /// What this event is called; our name where the owner cannot say one, or has said it in another shape.
    pub fn event_name(&self, event: EventKind) -> &str {
        self.get("event_names")[event.as_str()]
            .as_str()
            .unwrap_or(event.as_str())
    }

    /// The synthetic events that are sent, and how many days after its start a trial or subscription makes them.
    pub fn synthetic_delays(&self) -> impl Iterator<Item = (EventKind, i64)> {
        let synthetic = EventKind::ALL
            .iter()
            .copied()
            .filter(|event| event.is_synthetic());
        synthetic.filter(|event| self.sends(*event)).filter_map(|event| {
            let days = self.get("synthetic_delay_days")[event.as_str()].as_i64();
            Some((event, days?))
        })
    }

    /// A whole address: `base_url`, or else `host`, and then the path and query.
    pub fn address(&self, host: &str, path: &str) -> String {
        [self.base(host), path].concat()
    }

    /// The first part of an address: `base_url`, or else `host`.
    pub fn base<'s>(&'s self, host: &'s str) -> &'s str {
        self.text("base_url").unwrap_or(host).trim_end_matches('/')
    }
}

fn default_tree(list: &[Setting]) -> Map<String, Json> {
    let mut tree = Map::new();
    for setting in list {
        match setting.open_table() {
            None => put(&mut tree, setting.path, setting.default()),
            Some(path) => {
                table(&mut tree, path);
            }
        }
    }
    tree
}

/// Switches on the synthetic events that have a delay, but for those whose switch is said.
fn switch_on_delayed(tree: &mut Map<String, Json>, said: &Map<String, Json>) {
    for event in EventKind::ALL.iter().filter(|event| event.is_synthetic()) {
        let delay = at(tree, &format!("synthetic_delay_days.{}", event.as_str()));
        let switch = format!("events.{}", event.as_str());
        if delay.is_some_and(|delay| !delay.is_null()) && at(said, &switch).is_none() {
            put(tree, &switch, true.into());
        }
    }
}

fn put(tree: &mut Map<String, Json>, path: &str, value: Json) {
    let (inner, name) = match path.rsplit_once('.') {
        Some((path, name)) => (table(tree, path), name),
        None => (tree, path),
    };
    inner.insert(name.to_owned(), value);
}

/// The table at `path`, which is made if it is not there.
fn table<'t>(tree: &'t mut Map<String, Json>, path: &str) -> &'t mut Map<String, Json> {
    path.split('.').fold(tree, |table, name| {
        let inner = table.entry(name).or_insert_with(|| Map::new().into());
        inner.as_object_mut().expect("a path leads through tables alone")
    })
}

/// The value at a dotted path.
fn at<'j>(table: &'j Map<String, Json>, path: &str) -> Option<&'j Json> {
    // No name has a dot in it.
    match path.split_once('.') {
        None => table.get(path),
        Some((first, rest)) => at(table.get(first)?.as_object()?, rest),
    }
}

/// Each setting with its own path: those that stand for any name, once for each name that `table` has there.
fn each<'f>(list: &'f [Setting], table: &Map<String, Json>) -> Vec<(String, &'f Setting)> {
    let mut all = Vec::with_capacity(list.len());
    for setting in list {
        let Some(open) = setting.open_table() else {
            all.push((setting.path.to_owned(), setting));
            continue;
        };
        let names = at(table, open)
            .and_then(Json::as_object)
            .into_iter()
            .flat_map(Map::keys);
        let paths = names.map(|name| format!("{open}.{name}"));
        let others =
            paths.filter(|path| setting.covers(path) && !list.iter().any(|other| other.path == path));
        all.extend(others.map(|path| (path, setting)));
    }
    all
}

/// Finds tables with more names than a test of the settings can try.
fn find_too_many(list: &[Setting], said: &Map<String, Json>, problems: &mut Vec<Problem>) {
    for table in list.iter().filter_map(Setting::open_table) {
        let names = at(said, table).and_then(Json::as_object);
        if names.is_some_and(|names| names.len() > MOST_NAMES) {
            problems.push(Problem::new(
                table,
                format!("must have at most {MOST_NAMES} names"),
            ));
        }
    }
}

/// Finds names that are no settings, and values where there should be objects.
fn find_unknown(list: &[Setting], said: &Map<String, Json>, prefix: &str, problems: &mut Vec<Problem>) {
    for (name, value) in said {
        let path = format!("{prefix}{name}");
        let inner = format!("{path}.");
        let has_dot = name.contains('.');
        if !has_dot && list.iter().any(|setting| setting.covers(&path)) {
            continue;
        }
        match value {
            _ if has_dot || !list.iter().any(|setting| setting.path.starts_with(&inner)) => {
                problems.push(Problem::new(path, "there is no such setting"));
            }
            Json::Object(table) => find_unknown(list, table, &inner, problems),
            _ => problems.push(Problem::new(path, "must be an object")),
        }
    }
}
