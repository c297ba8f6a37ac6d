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

/// The state of what `holdings` have: of several subscriptions of the one that stands best, and of several of those of the one
/// that was bought last.
pub fn of(holdings: &Holdings, now: i64) -> Subscription<'_> {
    let latest = holdings
        .chains
        .iter()
        .max_by_key(|chain| (Standing::of(chain, now), chain.latest.purchased_at));
    Subscription {
        state: latest.map_or("never_subscribed", |chain| state(chain, now)),
        product_id: latest.map(|chain| chain.latest.product_id.as_str()),
    }
}

/// How a subscription stands, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// It has ended.
    Ended,
    /// It gives no access, and the store still tries to collect.
    Retried,
    /// It gives access.
    Active,
}

impl Standing {
    fn of(chain: &Chain, now: i64) -> Self {
        // Somebody else pays for what the family shares: nobody tells what became of a charge for it.
        let is_retried = chain.has_billing_issue() && !chain.latest.is_family_shared;
        if chain.closed.is_some() {
            Self::Ended
        } else if chain.access_ends_at().is_none_or(|end| end > now) {
            Self::Active
        } else if is_retried {
            Self::Retried
        } else {
            Self::Ended
        }
    }
}

fn state(chain: &Chain, now: i64) -> &'static str {
    let is_trial = chain.phase == Phase::Trial;
    let grace_ends_at = chain.latest.grace_period_expires_at;
    if Standing::of(chain, now) == Standing::Ended {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purchases::machine::{Command, Context, Timers, Waits, apply, clock};
    use crate::purchases::samples::{
        cancelled, day, ending, failed, of_chain, of_family, of_product, paid, refunded, trial,
    };
    use crate::purchases::transaction::Transaction;

    /// What becomes of transactions of one chain, each reported on a day, by a later one.
    fn chain(reports: &[(i64, Transaction)], now: i64) -> Chain {
        let (waits, timers) = (Waits::default(), Timers::default());
        let context = |now| Context {
            now,
            waits: &waits,
            timers: &timers,
            access_level_id: Some("premium"),
        };
        let mut chain = None;
        for (place, (at, transaction)) in reports.iter().enumerate() {
            let mut earlier = reports[..place].iter().rev().map(|(_, known)| known);
            let known = earlier.find(|known| known.id == transaction.id);
            let command = Command::Report(Box::new(transaction.clone()));
            chain = apply(chain, known, None, command, context(day(*at))).0;
        }
        let mut chain = chain.unwrap();
        clock::catch_up(&mut chain, context(now), &mut Vec::new());
        chain
    }

    fn told(chains: Vec<Chain>, now: i64) -> (&'static str, Option<String>) {
        let holdings = Holdings {
            chains,
            ..Holdings::default()
        };
        let Subscription { state, product_id } = of(&holdings, now);
        (state, product_id.map(str::to_owned))
    }

    #[test]
    fn each_state_has_its_word() {
        let bought = || (0, paid("t1", 0));
        let tried = || (0, trial("t1"));
        let for_ever = || {
            let mut bought = paid("t1", 0);
            bought.expires_at = None;
            (0, bought)
        };
        let grace = || (30, failed(day(30), Some(day(36)), paid("t1", 0)));
        for (now, reports, state) in [
            (1, vec![bought()], "subscribed"),
            (
                1,
                vec![bought(), (1, cancelled(day(1), paid("t1", 0)))],
                "auto_renew_off",
            ),
            (
                40,
                vec![bought(), (1, cancelled(day(1), paid("t1", 0)))],
                "subscription_cancelled",
            ),
            (
                2,
                vec![bought(), (1, refunded(day(1), paid("t1", 0)))],
                "subscription_cancelled",
            ),
            (
                31,
                vec![bought(), (30, failed(day(30), None, paid("t1", 0)))],
                "billing_issue",
            ),
            (31, vec![bought(), grace()], "grace_period"),
            (36, vec![bought(), grace()], "billing_issue"),
            (1, vec![tried()], "active_trial"),
            (
                1,
                vec![tried(), (1, cancelled(day(1), trial("t1")))],
                "trial_cancelled",
            ),
            (
                8,
                vec![tried(), (1, cancelled(day(1), trial("t1")))],
                "trial_cancelled",
            ),
            (8, vec![tried(), (7, paid("t2", 7))], "subscribed"),
            (999, vec![for_ever()], "subscribed"),
        ] {
            let told = told(vec![chain(&reports, day(now))], day(now));
            assert_eq!(told, (state, Some("monthly".into())), "day {now}: {reports:?}");
        }
        assert_eq!(told(Vec::new(), day(1)), ("never_subscribed", None));
    }

    #[test]
    fn a_running_subscription_counts_before_an_ended_one_and_then_the_latest() {
        let bought = |product, id: &str, at| of_product(product, of_chain(id, paid(id, at)));
        let one = |at, transaction| chain(&[(at, transaction)], day(36));
        let ended = one(5, cancelled(day(5), bought("late", "t5", 5)));
        let running = one(10, bought("yearly", "t2", 10));
        let newer = one(11, bought("weekly", "t3", 11));
        let told = |chains: &[&Chain]| told(chains.iter().map(|chain| (*chain).clone()).collect(), day(36)).1;
        for (chains, product) in [
            (vec![&ended, &running], "yearly"),
            (vec![&running, &ended], "yearly"),
            (vec![&running, &newer], "weekly"),
            (vec![&newer, &running, &ended], "weekly"),
        ] {
            assert_eq!(told(&chains).as_deref(), Some(product));
        }
    }

    #[test]
    fn one_that_gives_access_counts_before_one_that_the_store_still_tries_to_collect() {
        let bought =
            |product, id: &str, at| of_product(product, of_chain(id, ending(day(at + 365), paid(id, at))));
        let monthly = || of_product("monthly", of_chain("t1", paid("t1", 1)));
        let failing = |now| {
            let failed = failed(day(31), None, monthly());
            chain(&[(1, monthly()), (31, failed)], day(now))
        };
        for now in [31, 50] {
            let yearly = chain(&[(0, bought("yearly", "t2", 0))], day(now));
            let expected = ("subscribed", Some("yearly".into()));
            assert_eq!(told(vec![failing(now), yearly], day(now)), expected, "day {now}");
            assert_eq!(told(vec![failing(now)], day(now)).0, "billing_issue", "day {now}");
        }
        // Before one that has ended it counts.
        let ended = chain(&[(5, refunded(day(6), bought("late", "t3", 5)))], day(50));
        let expected = ("billing_issue", Some("monthly".into()));
        assert_eq!(told(vec![ended, failing(50)], day(50)), expected);
    }

    #[test]
    fn a_charge_that_failed_counts_of_what_the_family_shares_only_while_that_gives_access() {
        let shared = || of_family(of_product("shared", of_chain("t1", paid("t1", 20))));
        let of_family = |now| chain(&[(20, shared()), (40, failed(day(40), None, shared()))], day(now));
        assert_eq!(told(vec![of_family(45)], day(45)).0, "billing_issue");
        let own = || cancelled(day(30), of_chain("t2", paid("t2", 30)));
        let own = chain(&[(30, own())], day(200));
        let expected = ("subscription_cancelled", Some("monthly".into()));
        assert_eq!(told(vec![of_family(200), own], day(200)), expected);
    }
}
