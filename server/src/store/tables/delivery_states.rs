//! The states of deliveries, as tables and callers call them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{Row, StoreError};

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Open: it waits for its turn, or for its next try.
    Pending,
    /// Open: it is being sent.
    Sending,
    /// Open: it waits for an identifier.
    Waiting,
    /// Open: its integration is switched off or blocked.
    Blocked,
    /// Closed: the third party took it.
    Delivered,
    /// Closed: the third party did not take it.
    Rejected,
    /// Closed: it became too old.
    Expired,
    /// Closed: it was not sent by a rule.
    Skipped,
}

impl DeliveryState {
    /// All of them, those of open deliveries first.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Sending,
        Self::Waiting,
        Self::Blocked,
        Self::Delivered,
        Self::Rejected,
        Self::Expired,
        Self::Skipped,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Skipped => "skipped",
        }
    }

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Is it that of an open delivery?
    pub fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Sending | Self::Waiting | Self::Blocked => true,
            Self::Delivered | Self::Rejected | Self::Expired | Self::Skipped => false,
        }
    }
}

/// The state of a delivery that is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedState {
    /// The third party took it.
    Delivered,
    /// The third party did not take it.
    Rejected,
    /// It became too old.
    Expired,
    /// It was not sent by a rule.
    Skipped,
}

impl From<ClosedState> for DeliveryState {
    fn from(state: ClosedState) -> Self {
        match state {
            ClosedState::Delivered => Self::Delivered,
            ClosedState::Rejected => Self::Rejected,
            ClosedState::Expired => Self::Expired,
            ClosedState::Skipped => Self::Skipped,
        }
    }
}

/// The state in this column of a row.
pub fn read_state(row: &mut Row, column: usize) -> Result<DeliveryState, StoreError> {
    let name = row.text(column)?;
    DeliveryState::parse(&name)
        .ok_or_else(|| StoreError::Corrupt(format!("a delivery in the unknown state {name:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_called_the_same_everywhere() {
        for state in DeliveryState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
            assert_eq!(DeliveryState::parse(state.name()), Some(state));
        }
        assert_eq!(DeliveryState::parse("Delivered"), None);
    }
}
