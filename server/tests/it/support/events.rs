//! Events as tests put them into the store, past the rules that make them.

use bursar::state::AppState;
use bursar::store::tables::events;
use bursar_domain::events::{Event, EventKind, id_prefix};
use bursar_domain::ids::{AppId, ProfileId};
use uuid::Uuid;

use super::server::{START, TestServer};

/// A payload that no reader of JSON and no writer gives back as it is: order, numbers, blanks, escapes.
pub const PAYLOAD: &str =
    r#"{ "z": 1, "a": [4.2415, 1.0, 1e2, 0.10], "ü\u00fc\u0000": null, "b": 12345678901234567890.5}"#;

/// The `n`th event of a profile in the test server's app, made at [`START`].
pub fn event(server: &TestServer, profile: ProfileId, n: u16) -> Event {
    event_of(server.app_id.parse().unwrap(), profile, n)
}

/// As [`event`], in any app.
pub fn event_of(app: Uuid, profile: ProfileId, n: u16) -> Event {
    let mut id = *app.as_bytes();
    id[..6].copy_from_slice(&id_prefix(profile));
    id[14..].copy_from_slice(&n.to_be_bytes());
    Event {
        id: Uuid::from_bytes(id),
        app: AppId(app),
        profile,
        kind: EventKind::SubscriptionRenewed,
        at: START,
        created_at: START,
        payload: format!(r#"{{"n":{n}}}"#),
    }
}

/// Stores these in one commit.
pub async fn store(state: &AppState, made: &[Event]) {
    let writes = made.iter().cloned().map(events::insert).collect();
    state.store.write(writes).await.unwrap();
}

/// A profile's id, of those that may be made.
pub fn profile(number: u128) -> ProfileId {
    ProfileId(Uuid::from_u128(1 << 64 | number))
}
