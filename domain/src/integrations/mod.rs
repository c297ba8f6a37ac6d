//! Integrations: the third parties that events are sent to. Each is a record with pure functions in a file of its own.
//!
//! A new one is a file here, its `mod` and its line in [`ALL`]. What it fills in is in [`contract`]: its settings are a table
//! of [`Setting`]s, from which come the form, the checks, the defaults and the masking of secrets; its functions turn an event
//! into a record without credentials (`encode`), records into a request (`request`), and an answer into verdicts (`judge`).
//! What mappings share is in `mapping`. When to send, to wait and to try again is the server's business.

mod adjust;
mod airbridge;
mod amplitude;
mod appmetrica;
mod appsflyer;
mod branch;
mod by_name;
pub mod contract;
mod facebook_ads;
mod firebase_ga4;
mod mapping;
mod mixpanel;
mod onesignal;
mod posthog;
mod pushwoosh;
#[cfg(test)]
mod samples;
pub mod settings;
mod tenjin;
#[cfg(test)]
mod tests;
pub mod webhook;

pub use self::contract::customer::Customer;
pub use self::contract::exchange::{Answer, Judgement, Method, Request, Sending, Verdict};
pub use self::contract::limits::{Limits, Tried};
pub use self::contract::occasion::{Occasion, currency_without_rate};
pub use self::contract::part::{Part, Pick};
pub use self::contract::problem::Problem;
pub use self::contract::record::{Record, Skip};
pub use self::contract::schedule::Schedule;
pub use self::contract::told::Told;
pub use self::contract::{Integration, Probe, all_but_levels, no_synthetic};
pub use self::settings::{Kind, Setting, Settings};

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

/// The slugs of all.
pub fn slugs() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|integration| integration.slug)
}

/// The integration with this slug.
pub fn find(slug: &str) -> Option<&'static Integration> {
    ALL.iter().find(|integration| integration.slug == slug)
}
