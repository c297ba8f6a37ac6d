//! Which groups of properties an event of each kind carries.
//!
//! A property that an event cannot have is absent; one that it can have but that nobody told is `null`.

use super::kind::EventKind;

impl EventKind {
    /// Is it about a running or unpaid trial?
    pub fn is_of_trial(self) -> bool {
        matches!(
            self,
            Self::TrialStarted
                | Self::TrialRenewalCancelled
                | Self::TrialRenewalReactivated
                | Self::TrialExpired
                | Self::TrialActive
        )
    }

    /// Does it tell of money paid back?
    pub fn is_refund(self) -> bool {
        matches!(
            self,
            Self::SubscriptionRefunded | Self::NonSubscriptionPurchaseRefunded
        )
    }

    /// Does it carry proceeds, net revenue and tax?
    pub fn has_revenue(self) -> bool {
        let is_charge = matches!(
            self,
            Self::SubscriptionStarted
                | Self::SubscriptionRenewed
                | Self::TrialConverted
                | Self::NonSubscriptionPurchase
        );
        is_charge || self.is_refund()
    }

    /// Does it say why something ended?
    pub fn has_reason(self) -> bool {
        matches!(self, Self::SubscriptionExpired | Self::TrialExpired) || self.is_refund()
    }

    /// Does it describe the offer?
    pub fn has_offer(self) -> bool {
        self != Self::NonSubscriptionPurchase
    }

    /// When does it tell the length of the chain's free trial?
    pub(super) fn trial_duration(self) -> TrialDuration {
        match self {
            Self::TrialConverted => TrialDuration::Always,
            kind if kind.is_of_trial() => TrialDuration::Always,
            Self::SubscriptionRenewed
            | Self::SubscriptionExpired
            | Self::EnteredGracePeriod
            | Self::BillingIssueDetected => TrialDuration::IfKnown,
            _ => TrialDuration::Never,
        }
    }
}

/// When an event tells the length of the chain's free trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrialDuration {
    /// Always: `null` where it is not known.
    Always,
    /// If the chain had a trial.
    IfKnown,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_converted_trial_is_a_trial_no_more() {
        let trials = EventKind::ALL.iter().filter(|event| event.is_of_trial());
        let names: Vec<_> = trials.map(|event| event.as_str()).collect();
        assert_eq!(
            names,
            [
                "trial_started",
                "trial_renewal_cancelled",
                "trial_renewal_reactivated",
                "trial_expired",
                "trial_active"
            ]
        );
    }
}
