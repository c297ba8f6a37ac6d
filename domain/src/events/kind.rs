//! The kinds of events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal),* $(,)?) => {
        /// What happened. The names are those of the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum EventKind { $($(#[$doc])* #[serde(rename = $name)] $kind),* }

        impl EventKind {
            /// All kinds, in the catalogue's order.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// As the wire writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }
        }
    };
}

kinds! {
    /// The first charged period of a chain without a trial, or another product took the running one's place.
    SubscriptionStarted = "subscription_started",
    /// A further period.
    SubscriptionRenewed = "subscription_renewed",
    /// Renewing was switched off in a charged period.
    SubscriptionRenewalCancelled = "subscription_renewal_cancelled",
    /// Renewing was switched on again in a charged period.
    SubscriptionRenewalReactivated = "subscription_renewal_reactivated",
    /// A charged chain is over.
    SubscriptionExpired = "subscription_expired",
    /// A pause was arranged.
    SubscriptionPaused = "subscription_paused",
    /// The billing date was moved.
    SubscriptionDeferred = "subscription_deferred",
    /// A one-time purchase.
    NonSubscriptionPurchase = "non_subscription_purchase",
    /// A free trial began.
    TrialStarted = "trial_started",
    /// The first charge after a trial.
    TrialConverted = "trial_converted",
    /// Renewing was switched off in a trial.
    TrialRenewalCancelled = "trial_renewal_cancelled",
    /// Renewing was switched on again in a trial.
    TrialRenewalReactivated = "trial_renewal_reactivated",
    /// A trial is over without a charge.
    TrialExpired = "trial_expired",
    /// Access goes on after a failed charge.
    EnteredGracePeriod = "entered_grace_period",
    /// A charge failed.
    BillingIssueDetected = "billing_issue_detected",
    /// A charged period was paid back, or ended early for another product.
    SubscriptionRefunded = "subscription_refunded",
    /// A one-time purchase was paid back.
    NonSubscriptionPurchaseRefunded = "non_subscription_purchase_refunded",
    /// An access level changed.
    AccessLevelUpdated = "access_level_updated",
    /// A trial is still running some days after its start.
    TrialActive = "trial_active",
    /// A subscription is still running some days after its start.
    SubscriptionActive = "subscription_active",
}

impl EventKind {
    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Is it made by a timer, where an integration asks for it?
    pub fn is_synthetic(self) -> bool {
        matches!(self, Self::TrialActive | Self::SubscriptionActive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_writes_the_names_of_the_wire() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(EventKind::parse(kind.as_str()), Some(*kind));
        }
    }

    #[test]
    fn a_timer_makes_what_tells_that_something_still_runs() {
        let made = EventKind::ALL.iter().filter(|kind| kind.is_synthetic());
        let names: Vec<_> = made.map(|kind| kind.as_str()).collect();
        assert_eq!(names, ["trial_active", "subscription_active"]);
    }
}
