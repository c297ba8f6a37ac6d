//! Third parties that are ill, each in a way of its own.

use std::time::Duration;

use super::vendor::Manner;

/// Those that are.
pub const ILL: [&str; 5] = ["amplitude", "branch", "mixpanel", "onesignal", "posthog"];

/// What each does, by its slug.
pub fn illness(slug: &str) -> Manner {
    match slug {
        "amplitude" => Manner::Silent,
        "branch" => Manner::Asks("1"),
        // Nearly as long as an answer may take.
        "mixpanel" => Manner::Late(Duration::from_secs(9), 200, "{}"),
        "onesignal" => Manner::Drips,
        _ => Manner::Answers(500, "down"),
    }
}
