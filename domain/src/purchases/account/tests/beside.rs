//! Beside the tables.

use super::*;
use crate::purchases::chain::{Chain, Phase};

#[test]
fn a_transaction_that_moves_to_another_chain_makes_no_start_event() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    let told = story.report(day(31), &of_chain("u1", paid("t2", 30)));
    assert_eq!(told, NOTHING, "what is shown is the same");
    let chains = &story.parties[A].holdings.chains;
    let ids: Vec<_> = chains.iter().map(|chain| chain.latest.id.as_str()).collect();
    assert_eq!(ids, ["t1", "t2"]);
    assert_eq!(story.revenue(A), usd(2 * 999));
}

#[test]
fn a_transaction_that_moves_to_the_chain_of_another_profile_takes_its_revenue_along() {
    let mut story = started();
    story.report_by(B, day(0), &of_chain("u1", paid("u1", 0)));
    story.report(day(1), &of_chain("u1", paid("t1", 0)));
    assert_eq!(
        (story.revenue(A), story.revenue(B)),
        (Decimal::ZERO, usd(2 * 999))
    );
}

#[test]
fn who_shares_a_chain_loses_what_moves_out_of_it() {
    let mut story = shared();
    let told = story.report(day(2), &of_product("gold", of_chain("u1", paid("t1", 0))));
    assert_eq!(told, ["-premium", "b -premium", "+gold"]);
}

#[test]
fn what_was_due_in_the_chain_that_a_transaction_moves_to_is_still_told() {
    let mut story = started();
    story.report(day(20), &of_chain("u1", paid("u1", 20)));
    let told = story.report(day(40), &paid("u1", 20));
    assert_eq!(told[0], "subscription_expired");
}

#[test]
fn another_purchase_type_is_refused() {
    let mut story = started();
    let before = story.parties.clone();
    let refused = story.try_report(A, day(1), &bought_once("t1", 0)).unwrap_err();
    assert_eq!(
        (refused.code, refused.source.as_str()),
        ("validation_error", "purchase_type")
    );
    assert_eq!(story.parties, before);
}

#[test]
fn revenue_counts_what_was_paid_in_production_at_the_rate_of_the_day() {
    let mut story = started();
    assert_eq!(story.revenue(A), usd(999));
    let sandbox = Transaction {
        environment: Environment::Sandbox,
        ..of_chain("s1", paid("s1", 0))
    };
    story.report(day(0), &sandbox);
    assert_eq!(story.revenue(A), usd(999), "a test");
    story.report(day(1), &priced(499, paid("t1", 0)));
    assert_eq!(story.revenue(A), usd(499), "a corrected price");
    story.report(day(2), &refunded(day(2), priced(499, paid("t1", 0))));
    assert_eq!(story.revenue(A), Decimal::ZERO, "a refund");
    story.report(day(3), &paid("t1", 0));
    assert_eq!(story.revenue(A), usd(999), "a refund withdrawn");
    let euros = |transaction: Transaction| {
        let mut transaction = of_chain("e1", transaction);
        transaction.price.currency = "EUR".into();
        transaction
    };
    story.usd_rate = None;
    story.report(day(3), &euros(paid("e1", 3)));
    assert_eq!(story.revenue(A), usd(999), "an unknown rate");
    story.usd_rate = Some(Decimal::TWO);
    story.report(day(4), &euros(paid("e1", 3)));
    assert_eq!(story.revenue(A), usd(3 * 999), "a rate that has become known");
    story.usd_rate = Some(Decimal::TEN);
    story.report(day(5), &euros(paid("e1", 3)));
    assert_eq!(story.revenue(A), usd(3 * 999), "it stays");
    story.usd_rate = Some(Decimal::ONE);
    story.report(day(6), &of_chain("e1", paid("e1", 3)));
    assert_eq!(
        story.revenue(A),
        usd(2 * 999),
        "another currency has a rate of its own"
    );
}

#[test]
fn a_refund_of_a_one_time_purchase_is_told_of_all_that_it_cost() {
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    let back = refunded(day(3), bought_once("o1", 0));
    let drafts = story.try_report(A, day(4), &back).unwrap();
    let Some((_, Draft::Fact(fact))) = drafts.first() else {
        panic!("{drafts:?}")
    };
    assert_eq!((fact.at, fact.reason), (day(3), Some(Refund)));
    assert_eq!(fact.refunded_share, Some(Decimal::ONE));
    let level = story.level(A, "premium", day(4)).unwrap();
    assert_eq!(
        (level.expires_at, level.cancellation_reason),
        (Some(day(3)), Some(Refund))
    );
}

#[test]
fn revenue_beyond_the_largest_amount_stays_there() {
    let mut story = Story {
        usd_rate: Some(Decimal::from(10_i64.pow(13))),
        ..Story::default()
    };
    for n in 0..12 {
        let mut dear = bought_once(&format!("o{n}"), 0);
        dear.price.value = Decimal::from(10_i64.pow(15) - 1);
        story.report(day(0), &dear);
    }
    assert_eq!(story.revenue(A), Decimal::MAX);
}

#[test]
fn what_is_due_is_told_by_the_tick_only_and_not_again_by_a_grant_or_another_chain() {
    let mut story = started();
    assert_eq!(story.grant(day(31), "gold", None, None), ["+gold"]);
    let told = story.report(day(31), &of_product("silver", bought_once("o1", 0)));
    assert_eq!(told[0], "non_subscription_purchase");
    let mut story = started();
    story.grant(day(31), "gold", None, None);
    assert_eq!(story.tick(day(31)), ["subscription_expired", "-premium"]);
}

#[test]
fn a_purchase_that_bears_the_id_of_a_chain_leaves_what_is_due_there_alone() {
    let mut story = Story::default();
    story.report(day(0), &of_product("gold", of_chain("o1", paid("t1", 0))));
    assert_eq!(
        story.report(day(31), &bought_once("o1", 31)),
        ["non_subscription_purchase", "+premium"]
    );
    assert_eq!(story.tick(day(31)), ["subscription_expired", "-gold"]);
}

#[test]
fn every_visible_field_of_a_level_is_watched() {
    let base = cancelled(day(1), paid("t1", 0));
    let offer = Offer {
        category: "promotional".into(),
        kind: OfferKind::PayAsYouGo,
        id: Some("o".into()),
    };
    let changes = [
        of_product("yearly", base.clone()),
        ending(day(31), base.clone()),
        because(PriceIncrease, base.clone()),
        failed(day(2), None, base.clone()),
        Transaction {
            will_renew: true,
            ..base.clone()
        },
        Transaction {
            offer: Some(offer),
            ..base.clone()
        },
        refunded(day(2), base.clone()),
    ];
    for change in changes {
        let mut story = Story::default();
        story.report(day(1), &base);
        let told = story.report(day(2), &change);
        let levels = told.iter().filter(|word| word.ends_with("premium")).count();
        assert_eq!(levels, 1, "{change:?}");
    }
    // Grace that ends while the period runs.
    let mut story = started();
    story.report(day(1), &failed(day(1), Some(day(9)), paid("t1", 0)));
    let told = story.report(day(2), &failed(day(1), Some(day(2)), paid("t1", 0)));
    assert_eq!(told, ["+premium"]);
    // A refund on the day on which it ends.
    let told = story.report(day(3), &because(Refund, paid("t1", 0)));
    assert_eq!(told, ["+premium"]);
    let told = story.report(day(4), &refunded(day(30), paid("t1", 0)));
    assert_eq!(told, ["subscription_refunded", "+premium"]);
    let same = Transaction {
        variation_id: Some("v".into()),
        ..base.clone()
    };
    let mut story = Story::default();
    story.report(day(1), &base);
    assert_eq!(story.report(day(2), &same), NOTHING);
    // A renewal that ends when the period before it does is another transaction.
    let next = Transaction {
        purchased_at: day(2),
        ..paid("t2", 0)
    };
    assert_eq!(
        started().report(day(2), &next),
        ["subscription_renewed", "+premium"]
    );
}

#[test]
fn a_corrected_date_of_purchase_decides_anew_which_transaction_is_shown() {
    let shown = |story: &Story| {
        let latest = &story.parties[A].holdings.chains[0].latest;
        (latest.id.clone(), latest.purchased_at, latest.expires_at)
    };
    // An older one turns out to be the newest.
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    let later = ending(day(61), paid("t1", 31));
    assert_eq!(story.report(day(32), &later), ["+premium"]);
    assert_eq!(shown(&story), ("t1".to_owned(), day(31), Some(day(61))));
    assert_eq!(story.report(day(32), &later), NOTHING);
    assert_eq!(story.report(day(33), &cancelled(day(33), later)).len(), 2);
    // The newest turns out to be older than the one before.
    let mut story = Story::default();
    story.report(day(10), &ending(day(40), paid("t1", 10)));
    story.report(day(40), &ending(day(70), paid("t2", 40)));
    story.report(day(41), &ending(day(30), paid("t2", 0)));
    assert_eq!(shown(&story), ("t1".to_owned(), day(10), Some(day(40))));
    // Grace does not count, nor does who was reported last.
    let mut story = started();
    story.report(day(0), &paid("t2", 0));
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t2", 0)));
    assert_eq!(shown(&story).0, "t1");
    story.report(day(29), &cancelled(day(29), paid("t1", 0)));
    assert_eq!(shown(&story).0, "t1");
}

#[test]
fn a_chain_without_the_period_that_it_shows_is_a_problem() {
    let problem = |change: fn(&mut Chain)| {
        let mut story = started();
        change(&mut story.parties[A].holdings.chains[0]);
        story.parties[A].holdings.problem().unwrap_or_default()
    };
    assert_eq!(problem(|_| {}), "");
    assert!(problem(|chain| chain.periods.clear()).contains("has no period"));
    assert!(problem(|chain| chain.latest.id = "x".into()).contains("of its latest transaction"));
    assert!(problem(|chain| chain.phase = Phase::Trial).contains("has been paid for"));
}

#[test]
fn a_chain_that_nobody_will_end_is_a_problem() {
    let mut story = started();
    let holdings = &story.parties[A].holdings;
    let due = holdings.next_due(story.context(day(0)));
    assert_eq!(
        (due, holdings.problem().or(holdings.forgotten(due))),
        (Some(day(30)), None)
    );
    let problem = holdings.forgotten(None).expect("nothing is due of it");
    assert!(problem.contains("transaction t1"), "{problem}");
    story.tick(day(31));
    let holdings = &story.parties[A].holdings;
    assert_eq!(holdings.problem().or(holdings.forgotten(None)), None);
    // What never ends, or whose end makes no event, need not be looked at.
    let for_ever = Transaction {
        expires_at: None,
        ..paid("t1", 0)
    };
    for started in [for_ever, of_family(paid("t1", 0))] {
        let mut story = Story::default();
        story.report(day(0), &started);
        assert_eq!(story.parties[A].holdings.forgotten(None), None);
    }
    let mut story = self::started();
    story.tell(day(1), Command::ArrangePause { at: day(1) });
    assert_eq!(story.parties[A].holdings.forgotten(None), None);
}

#[test]
fn what_is_due_in_several_chains_is_told_in_order_of_time() {
    let mut story = started();
    story.report(day(0), &of_chain("u1", ending(day(7), trial("u1"))));
    assert_eq!(
        story.tick(day(40)),
        ["trial_expired", "subscription_expired", "-premium"]
    );
}
