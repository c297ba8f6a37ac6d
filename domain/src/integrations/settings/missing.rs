//! Settings that are not there beside those that are: what `check` tells of.

use super::Settings;
use super::at_least_one;
use crate::app::AppSettings;
use crate::integrations::Problem;
use crate::integrations::contract::customer::Platform;

/// The platforms that apps have settings for, with the names of these.
const PLATFORMS: [(Platform, &str); 2] = [
    (Platform::Ios, "ios_bundle_id"),
    (Platform::Android, "android_package"),
];

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
    let known = PLATFORMS
        .iter()
        .filter(|(platform, _)| bundle(app, *platform).is_some());
    let setting = |table: &String, platform: Platform| format!("{table}.{}", platform.as_str());
    let missing = known.filter(|(platform, _)| {
        let mut all = tables.iter().map(|table| setting(table, *platform));
        all.all(|setting| settings.text(&setting).is_none())
    });
    missing
        .map(|(platform, name)| {
            let why =
                format!("is not set, though the app has its {name}: events of this platform are skipped");
            Problem::new(setting(&tables[0], *platform), why)
        })
        .collect()
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
pub fn of_app(app: &AppSettings, platform: Platform, so: &str) -> Option<Problem> {
    let (_, name) = PLATFORMS.iter().find(|(known, _)| *known == platform)?;
    let is_missing = bundle(app, platform).is_none();
    is_missing.then(|| Problem::new(*name, format!("is not among the settings of the app: {so}")))
}

fn bundle(app: &AppSettings, platform: Platform) -> Option<&str> {
    match platform {
        Platform::Ios => app.ios_bundle_id.as_deref(),
        Platform::Android => app.android_package.as_deref(),
        Platform::Web => None,
    }
}
