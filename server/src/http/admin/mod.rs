//! The administration API: routes and handlers. Reference: `docs/administration.md`.

mod apps;
mod audit;
mod catalogue;
mod deliveries;
mod events;
mod integrations;
mod keys;
mod profiles;
mod rates;
mod read;
mod replays;
mod test_clock;
mod tokens;

use super::route::{IDEMPOTENCY, Parameter, Route};

const APP: Parameter = Parameter {
    name: "app",
    place: "path",
    description: "The app's id (UUID).",
};
const LIMIT: Parameter = Parameter {
    name: "limit",
    place: "query",
    description: "How many entries, 1 to 200; 50 if it is missing.",
};
const CURSOR: Parameter = Parameter {
    name: "cursor",
    place: "query",
    description: "`next_cursor` of the page before, for the next one.",
};

/// All routes of the administration API.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    apps::ROUTES
        .iter()
        .chain(keys::ROUTES)
        .chain(catalogue::ROUTES)
        .chain(rates::ROUTES)
        .chain(integrations::ROUTES)
        .chain(profiles::ROUTES)
        .chain(events::ROUTES)
        .chain(deliveries::ROUTES)
        .chain(replays::ROUTES)
        .chain(tokens::ROUTES)
        .chain(test_clock::ROUTES)
        .chain(audit::ROUTES)
}
