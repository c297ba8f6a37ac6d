//! The state of a profile's subscription in one word, for the profiles that third parties keep.

use crate::purchases::chain::{Chain, Phase};
use crate::purchases::holdings::Holdings;

/// The state of the latest subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription<'a> {
    /// `subscribed`, `auto_renew_off`, `subscription_cancelled`, `billing_issue`, `grace_period`, `active_trial`,
    /// `trial_cancelled` or `never_subscribed`.
    pub state: &'static str,
    /// Its product, also after its end.
    pub product_id: Option<&'a str>,
}

/// The state of what `holdings` have. A running subscription counts before one that has ended, of several the one
/// that was bought last.
pub fn of(holdings: &Holdings, now: i64) -> Subscription<'_> {
    let latest = holdings
        .chains
        .iter()
        .max_by_key(|chain| (is_running(chain, now), chain.latest.purchased_at));
    Subscription {
        state: latest.map_or("never_subscribed", |chain| state(chain, now)),
        product_id: latest.map(|chain| chain.latest.product_id.as_str()),
    }
}

fn is_running(chain: &Chain, now: i64) -> bool {
    chain.closed.is_none() && (chain.has_billing_issue() || chain.ends_at().is_none_or(|end| end > now))
}

fn state(chain: &Chain, now: i64) -> &'static str {
    let is_trial = chain.phase == Phase::Trial;
    let grace_ends_at = chain.latest.grace_period_expires_at;
    if !is_running(chain, now) {
        return if is_trial {
            "trial_cancelled"
        } else {
            "subscription_cancelled"
        };
    }
    if chain.has_billing_issue() {
        return if grace_ends_at.is_some_and(|end| end > now) {
            "grace_period"
        } else {
            "billing_issue"
        };
    }
    match (is_trial, chain.renewal_off_at) {
        (true, None) => "active_trial",
        (true, Some(_)) => "trial_cancelled",
        (false, None) => "subscribed",
        (false, Some(_)) => "auto_renew_off",
    }
}
