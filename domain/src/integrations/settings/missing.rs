//! Settings that are not there beside those that are: what `check` tells of.

use serde_json::Value as Json;

use super::Settings;
use crate::app::AppSettings;
use crate::integrations::Problem;
use crate::integrations::contract::customer::Mobile;

/// The problem that a table of credentials is empty, if it is.
pub fn at_least_one(settings: &Settings, table: &str) -> Vec<Problem> {
    fn any(value: &Json) -> bool {
        match value {
            Json::Object(table) => table.values().any(any),
            value => !value.is_null(),
        }
    }
    if any(settings.get(table)) {
        Vec::new()
    } else {
        vec![Problem::stopping(table, "none is set, so every event is skipped")]
    }
}

/// What is missing in a table of keys by environment: all of it, or all for real purchases.
pub fn in_environments(settings: &Settings, table: &str) -> Vec<Problem> {
    let all = at_least_one(settings, table);
    let production = format!("{table}.production");
    if all.is_empty() && !at_least_one(settings, &production).is_empty() {
        let why = "is not set, so every event about a real purchase is skipped";
        return vec![Problem::new(production, why)];
    }
    all
}

/// As [`in_environments`], of a table that has a key for each platform in each environment: also what is missing for a
/// platform that the app runs on.
pub fn on_platforms(settings: &Settings, app: &AppSettings, table: &str) -> Vec<Problem> {
    let mut problems = in_environments(settings, table);
    let tables = ["production", "sandbox"].map(|environment| format!("{table}.{environment}"));
    if at_least_one(settings, table).is_empty() {
        problems.extend(for_platforms(settings, app, &tables));
    }
    problems
}

/// The first of some tables, for each platform that the app runs on and that none of them has a value for.
pub fn for_platforms(settings: &Settings, app: &AppSettings, tables: &[String]) -> Vec<Problem> {
    let setting = |table: &String, platform: Mobile| format!("{table}.{}", platform.as_str());
    let is_missing = |platform: &Mobile| {
        let mut all = tables.iter().map(|table| setting(table, *platform));
        platform.bundle(app).is_some() && all.all(|setting| settings.text(&setting).is_none())
    };
    let problem = |platform: Mobile| {
        let name = platform.bundle_setting();
        let why = format!("is not set, though the app has its {name}: events of this platform are skipped");
        Problem::new(setting(&tables[0], platform), why)
    };
    Mobile::ALL.into_iter().filter(is_missing).map(problem).collect()
}

/// Of settings that nothing can be sent without together, those that are not set beside others that are.
pub fn beside_others(settings: &Settings, together: &[String]) -> Vec<Problem> {
    let (set, missing): (Vec<&String>, Vec<&String>) = together
        .iter()
        .partition(|setting| settings.text(setting).is_some());
    let Some(set) = set.first() else {
        return Vec::new();
    };
    let problem = |setting: &String| {
        Problem::new(
            setting,
            format!("is not set beside {set}, so the events of both are skipped"),
        )
    };
    missing.into_iter().map(problem).collect()
}

/// The app's bundle id or package, if that is not set: which `so` tells what happens.
pub fn of_app(app: &AppSettings, platform: Mobile, so: &str) -> Option<Problem> {
    let name = platform.bundle_setting();
    let is_missing = platform.bundle(app).is_none();
    is_missing.then(|| Problem::new(name, format!("is not among the settings of the app: {so}")))
}
