//! Subscription events: facts that happened once and never change.

pub mod dates;
mod groups;
pub mod id;
pub mod kind;
mod level_properties;
pub mod payload;
pub mod prices;
mod properties;
pub mod recipient;
pub mod wire;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::ids::{AppId, ProfileId};
use crate::purchases::transaction::{CancellationReason, Transaction};
pub use id::{event_id, id_prefix, id_range};
pub use kind::EventKind;
pub use recipient::{Recipient, Sharer};

/// What the state machine found out about a transaction: all that an event says beside the profile and the money
/// tables. `access_level_updated` is made of access levels instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What happened.
    pub kind: EventKind,
    /// When it happened, in microseconds: the business time.
    pub at: i64,
    /// Tells apart two facts of one kind about one transaction: the instant that caused it.
    pub discriminator: i64,
    /// The transaction that it is about.
    pub transaction: Transaction,
    /// What `subscription_expires_at` says: the period's regular end; for refund, billing and grace events the day
    /// on which access ends; `None` for a one-time purchase.
    pub subscription_expires_at: Option<i64>,
    /// Why it ended, on the kinds that say so.
    pub reason: Option<CancellationReason>,
    /// Paid periods without interruption, this one included; 0 in a trial.
    pub consecutive_payments: u32,
    /// Has the chain been paid for longer than a year?
    pub rate_after_first_year: bool,
    /// Days of the chain's free trial, if it had one.
    pub trial_days: Option<i64>,
    /// Is the chain in its trial?
    pub is_in_trial: bool,
    /// How much of the price was paid back, 0 to 1, on refund events.
    pub refunded_share: Option<Decimal>,
    /// After how many days the timer ran out, on synthetic events: who asked for another time does not get it.
    pub timer_days: Option<i64>,
}

/// An event: what happened, once. It is never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// A hash of what happened, so that the same thing always gets the same id. Begins with [`id_prefix`].
    pub id: Uuid,
    /// The app that it belongs to.
    pub app: AppId,
    /// The profile that it belongs to.
    pub profile: ProfileId,
    /// What happened.
    pub kind: EventKind,
    /// When it happened, in microseconds: the business time, which may lie in the future.
    pub at: i64,
    /// When it was made, in microseconds.
    pub created_at: i64,
    /// The form of the webhook: a JSON object, sent and shown byte for byte.
    pub payload: String,
}
