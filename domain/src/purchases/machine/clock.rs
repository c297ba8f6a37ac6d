//! Table C: what becomes due by time alone.

use super::{Context, Timer, by_phase, fact};
use crate::events::{EventKind, Fact};
use crate::purchases::chain::{Chain, Closed};
use crate::purchases::transaction::CancellationReason;
use crate::time::DAY;

/// What is due at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// C2, C3, C5, C7: access ends, the chain waits for a charge, a renewal or the end of a pause.
    AccessEnds,
    /// C1: nobody expects a renewal. C4: the store has stopped collecting. C6: the renewal has not come.
    Expires(CancellationReason),
    /// B9: a refund takes effect. It was told when it was reported.
    RefundTakesEffect,
    /// A period begins that was reported ahead, whose product gives another level.
    LevelChanges,
    /// F7: a period begins that was reported ahead, and opens what was revoked before.
    OpensAgain,
    /// C10: a timer of a synthetic event.
    Timer(EventKind),
}

impl Due {
    /// Is it due until it has happened, however late it is found out that it is? So is what closes the chain.
    fn stays_due(self) -> bool {
        match self {
            Self::Expires(_) | Self::RefundTakesEffect | Self::LevelChanges | Self::OpensAgain => true,
            Self::AccessEnds | Self::Timer(_) => false,
        }
    }
}

/// When something is due next, if ever. Only access levels change at some of these instants.
pub fn next_due(chain: &Chain, context: Context<'_>) -> Option<i64> {
    upcoming(chain, context).map(|(at, _)| at).min()
}

/// Handles everything that is due by now, each at its own date.
pub fn catch_up(chain: &mut Chain, context: Context<'_>, facts: &mut Vec<Fact>) {
    while let Some(at) = next_due(chain, context).filter(|at| *at <= context.now) {
        let due: Vec<_> = upcoming(chain, context)
            .filter(|(when, _)| *when == at)
            .map(|(_, due)| due)
            .collect();
        chain.clock = chain.clock.max(at);
        for due in due {
            handle(chain, at, due, facts);
        }
    }
}

fn upcoming(chain: &Chain, context: Context<'_>) -> impl Iterator<Item = (i64, Due)> {
    let handled = chain.clock;
    let ends = ends(chain, context);
    let is_open = chain.closed.is_none() && !chain.latest.is_family_shared;
    let timers = is_open.then(|| timers(chain, context)).into_iter().flatten();
    let opens = chain.revoked.and_then(|revoked| revoked.lifted_at);
    ends.into_iter()
        .flatten()
        .chain(opens.map(|at| (at, Due::OpensAgain)))
        .chain(level_change(chain).into_iter().flatten())
        .chain(timers)
        .filter(move |(at, due)| *at > handled || due.stays_due())
}

/// When the level before the next one ends, and when that one comes.
fn level_change(chain: &Chain) -> Option<[(i64, Due); 2]> {
    let (begins_at, end) = chain.level_changes_at()?;
    Some([(end, Due::AccessEnds), (begins_at, Due::LevelChanges)])
}

fn ends(chain: &Chain, context: Context<'_>) -> [Option<(i64, Due)>; 2] {
    // C8: what is refunded or replaced is closed, and nothing is due of it.
    if chain.closed.is_some() {
        return [None, None];
    }
    let Some(end) = chain.ends_at() else {
        return [None, None];
    };
    let access_end = chain.billing_cut().map_or(end, |cut| cut.min(end));
    let latest = &chain.latest;
    if latest.is_family_shared {
        return [Some((end, Due::AccessEnds)), None];
    }
    if chain.is_refunded() {
        let access = Some((access_end, Due::AccessEnds));
        return [access, Some((end, Due::RefundTakesEffect))];
    }
    let stored = latest.cancellation_reason;
    let expires = Due::Expires(stored.unwrap_or(CancellationReason::VoluntarilyCancelled));
    if latest.is_replaced() {
        // Another product has taken its place: nobody renews it, nor collects for it.
        return [Some((end, expires)), None];
    }
    if chain.pause_arranged_at.is_some() {
        return [Some((end, Due::AccessEnds)), None];
    }
    if let Some(failed) = latest.billing_issue_detected_at {
        let given_up = failed
            .saturating_add(context.waits.collecting(&latest.store))
            .max(end);
        let access = Some((access_end, Due::AccessEnds));
        return [
            access,
            Some((given_up, Due::Expires(CancellationReason::BillingError))),
        ];
    }
    if !latest.will_renew {
        return [Some((end, expires)), None];
    }
    let missing = Due::Expires(CancellationReason::Unknown);
    let waited_until = end.saturating_add(context.waits.renewal);
    [Some((end, Due::AccessEnds)), Some((waited_until, missing))]
}

fn timers(chain: &Chain, context: Context<'_>) -> impl Iterator<Item = (i64, Due)> {
    let (days, kind) = if chain.is_in_trial() {
        (&context.timers.trial_active, EventKind::TrialActive)
    } else {
        (&context.timers.subscription_active, EventKind::SubscriptionActive)
    };
    // Most apps have no timers; then the periods need not be looked through.
    let end = (!days.is_empty()).then(|| chain.access_ends_at()).flatten();
    let dues = chain.started_at.into_iter().flat_map(move |start| {
        let due = move |timer: &Timer| start.saturating_add(timer.days.saturating_mul(DAY));
        days.iter()
            .map(move |timer| (due(timer), timer.since))
            .filter_map(|(at, since)| (at >= since).then_some(at))
    });
    let told = chain.timers_told_to.unwrap_or(i64::MIN);
    dues.filter(move |at| *at > told && end.is_none_or(|end| end > *at))
        .map(move |at| (at, Due::Timer(kind)))
}

/// A21: what timers would have told before their start was, where there was a period when they ran out.
pub(super) fn make_up_timers(chain: &mut Chain, context: Context<'_>, facts: &mut Vec<Fact>) {
    let is_missed = |(at, _): &(i64, Due)| *at <= chain.clock && chain.has_period_at(*at);
    let mut missed: Vec<_> = timers(chain, context).filter(is_missed).collect();
    missed.sort_by_key(|(at, _)| *at);
    for (at, timer) in missed {
        handle(chain, at, timer, facts);
    }
}

fn handle(chain: &mut Chain, at: i64, due: Due, facts: &mut Vec<Fact>) {
    let end = chain.access_ends_at().unwrap_or(at);
    match due {
        Due::AccessEnds => {}
        // C8: its refund was told when another product took its place; that one has left the chain since.
        Due::Expires(_) if chain.latest.is_replaced() && chain.is_replaced(&chain.latest.id) => {
            chain.closed = Some(Closed::Expired(end));
        }
        Due::Expires(reason) => expire(chain, end, reason, facts),
        Due::LevelChanges => chain.give_the_next(),
        Due::OpensAgain => {
            if chain.revoked.is_some_and(|revoked| revoked.at < at) {
                chain.activated_at = at;
            }
            chain.revoked = None;
        }
        Due::RefundTakesEffect => {
            // What another period's refund ends expires. Its own was told.
            if chain.latest.refunded_at.is_none() {
                expire(chain, end, why_over(chain), facts);
            }
            chain.closed = Some(Closed::Refunded(at));
        }
        Due::Timer(kind) => {
            chain.timers_told_to = Some(at);
            facts.push(Fact {
                timer_days: chain.started_at.map(|start| (at - start) / DAY),
                ..fact(chain, kind, at, &chain.latest)
            });
        }
    }
}

/// Why a chain is over that nothing has ended but time, or in its trial a refund.
pub(super) fn why_over(chain: &Chain) -> CancellationReason {
    let latest = &chain.latest;
    match latest.cancellation_reason {
        _ if chain.is_in_trial() && chain.is_refunded() => CancellationReason::Refund,
        Some(reason) => reason,
        None if !latest.will_renew => CancellationReason::VoluntarilyCancelled,
        None if chain.has_billing_issue() => CancellationReason::BillingError,
        None => CancellationReason::Unknown,
    }
}

/// Ends a chain; `at` is when access ended.
pub(super) fn expire(chain: &mut Chain, at: i64, reason: CancellationReason, facts: &mut Vec<Fact>) {
    let kind = by_phase(chain, EventKind::TrialExpired, EventKind::SubscriptionExpired);
    facts.push(Fact {
        reason: Some(reason),
        ..fact(chain, kind, at, &chain.latest)
    });
    chain.closed = Some(Closed::Expired(at));
}
