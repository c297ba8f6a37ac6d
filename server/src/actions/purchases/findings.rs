//! What a change met that somebody should look at. It may be decided more than once, so this is told when it is done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::purchases::transaction::Transaction;

use crate::metrics::Metrics;

/// What the last time that a change was decided has met.
#[derive(Clone, Default)]
pub(in crate::actions) struct Findings(Arc<Mutex<Vec<Finding>>>);

/// One of them.
pub(super) enum Finding {
    /// A profile that cannot be read, and why.
    Unreadable(ProfileId, String),
    /// A profile that has inconsistent purchases, and why.
    Unsound(ProfileId, String),
    /// A transaction in a currency without a rate.
    NoRate(AppId, Box<Transaction>),
    /// A transaction that is known in another environment than it was reported in, which comes second.
    OtherEnvironment(Box<Transaction>, &'static str),
}

impl Findings {
    /// It is decided anew: what was met before counts nothing.
    pub fn begin(&self) {
        self.all().clear();
    }

    pub(super) fn add(&self, finding: Finding) {
        self.all().push(finding);
    }

    /// Logs and counts them; what is so only of what was stored, if it was.
    pub fn tell(&self, metrics: &Metrics, is_stored: bool) {
        let told = |finding: &Finding| is_stored || !finding.is_of_what_is_stored();
        for finding in self.all().drain(..).filter(told) {
            finding.tell(metrics);
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Finding>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Finding {
    fn is_of_what_is_stored(&self) -> bool {
        matches!(self, Self::NoRate(..) | Self::OtherEnvironment(..))
    }

    fn tell(&self, metrics: &Metrics) {
        match self {
            Self::Unreadable(id, error) => {
                metrics.unsound_profiles.inc();
                tracing::error!(profile.id = %id, %error, "profile {id} cannot be read and is left out");
            }
            Self::Unsound(id, problem) => {
                metrics.unsound_profiles.inc();
                tracing::error!(profile.id = %id, %problem, "profile {id} has inconsistent purchases");
            }
            Self::NoRate(app, of) => tracing::warn!(
                app.id = %app, store = %of.store, transaction.id = %of.id, currency = %of.price.currency,
                "no rate is known for {}: the amount of the transaction {} is stored and counts 0 US dollars",
                of.price.currency, of.id,
            ),
            Self::OtherEnvironment(known, claimed) => {
                let stays = known.environment.as_str();
                tracing::warn!(
                    store = %known.store, transaction.id = %known.id,
                    "transaction {} is known in {stays} and was reported in {claimed}: it stays in {stays}",
                    known.id,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_decided_again_is_told_once() {
        let (findings, metrics) = (Findings::default(), Metrics::default());
        for _ in 0..3 {
            findings.begin();
            findings.add(Finding::Unsound(ProfileId(Uuid::nil()), "odd".into()));
        }
        findings.tell(&metrics, false);
        findings.tell(&metrics, true);
        assert_eq!(metrics.unsound_profiles.get(), 1);
    }
}
