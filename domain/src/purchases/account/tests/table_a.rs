//! Table A: a transaction that was not known.

use super::*;

#[test]
fn a1_a2_a3_a_first_period_opens_access() {
    assert_eq!(
        Story::default().report(day(0), &trial("t1")),
        ["trial_started", "+premium"]
    );
    assert_eq!(
        Story::default().report(day(0), &paid("t1", 0)),
        ["subscription_started", "+premium"]
    );
    let offer = Offer {
        category: "introductory".into(),
        kind: OfferKind::PayUpFront,
        id: None,
    };
    let offered = Transaction {
        offer: Some(offer.clone()),
        ..paid("t1", 0)
    };
    let mut story = Story::default();
    assert_eq!(
        story.report(day(0), &offered),
        ["subscription_started", "+premium"]
    );
    assert_eq!(story.level(A, "premium", day(0)).unwrap().offer, Some(offer));
}

#[test]
fn a4_a_period_of_an_unknown_chain_opens_access() {
    assert_eq!(
        Story::default().report(day(60), &paid("t3", 60)),
        ["subscription_renewed", "+premium"]
    );
}

#[test]
fn a4_a_period_of_an_unknown_chain_that_is_over_waits_for_its_renewal_without_access() {
    for sharing in [Sharing::Enabled, Sharing::Transfer] {
        let mut story = Story {
            sharing,
            ..Story::default()
        };
        let told = story.report(day(40) + HOUR, &paid("t2", 10));
        assert_eq!(told, ["subscription_renewed", "-premium"]);
        let told = story.report_by(B, day(40) + HOUR, &paid("t2", 10));
        assert_eq!(told, ["b -premium"]);
        let told = story.report_by(B, day(40) + 2 * HOUR, &paid("t3", 40));
        let expected = match sharing {
            Sharing::Transfer => ["b subscription_renewed", "b +premium"].as_slice(),
            _ => &["subscription_renewed", "+premium", "b +premium"],
        };
        assert_eq!(told, expected);
    }
    let mut story = Story::default();
    story.report(day(40) + HOUR, &paid("t2", 10));
    assert_eq!(story.tick(day(41)), ["subscription_expired"]);
    let told = Story::default().report(day(41), &paid("t2", 10));
    assert_eq!(told, ["subscription_renewed", "subscription_expired", "-premium"]);
}

#[test]
fn a5_a6_what_is_over_at_first_sight_opens_nothing() {
    let told = Story::default().report(day(99), &paid("t1", 0));
    assert_eq!(told, ["subscription_started", "subscription_expired", "-premium"]);
    let told = Story::default().report(day(99), &trial("t1"));
    assert_eq!(told, ["trial_started", "trial_expired", "-premium"]);
    let told = Story::default().report(day(5), &refunded(day(3), paid("t1", 0)));
    assert_eq!(
        told,
        ["subscription_started", "subscription_refunded", "-premium"]
    );
}

#[test]
fn a7_a_first_period_that_will_not_renew_opens_access() {
    let told = Story::default().report(day(1), &cancelled(day(1), paid("t1", 0)));
    assert_eq!(
        told,
        [
            "subscription_started",
            "subscription_renewal_cancelled",
            "+premium"
        ]
    );
    let told = Story::default().report(day(1), &prepaid(paid("t1", 0)));
    assert_eq!(told, ["subscription_started", "+premium"]);
}

#[test]
fn a8_a9_a18_what_follows_a_trial_extends_access() {
    assert_eq!(
        in_trial().report(day(7), &paid("t2", 7)),
        ["trial_converted", "+premium"]
    );
    let yearly = of_product("yearly", paid("t2", 3));
    assert_eq!(
        in_trial().report(day(3), &yearly),
        ["trial_converted", "+premium"]
    );
    let second = free(ending(day(14), paid("t2", 7)));
    assert_eq!(
        in_trial().report(day(7), &second),
        ["subscription_renewed", "+premium"]
    );
}

#[test]
fn a10_a11_a12_a19_what_follows_a_charge_extends_or_opens_access() {
    let renewed = ["subscription_renewed", "+premium"];
    assert_eq!(started().report(day(30) - 1, &paid("t2", 30)), renewed);

    let mut story = started();
    story.report(day(29), &failed(day(29), Some(day(46)), paid("t1", 0)));
    assert_eq!(story.report(day(31), &paid("t2", 31)), renewed);
    assert!(
        !story
            .level(A, "premium", day(31))
            .unwrap()
            .is_in_grace_period(day(31))
    );

    let mut story = started();
    story.tick(day(31));
    assert_eq!(story.report(day(99), &paid("t2", 99)), renewed);
    assert_eq!(story.level(A, "premium", day(99)).unwrap().activated_at, day(99));

    let mut story = started();
    story.report(day(4), &refunded(day(4), paid("t1", 0)));
    assert_eq!(story.report(day(5), &paid("t2", 5)), renewed);
    assert!(!story.level(A, "premium", day(5)).unwrap().is_refund);
}

#[test]
fn a13_c7_a_pause_closes_access_and_a_charge_opens_it_again() {
    let mut story = started();
    let told = story.tell(day(3), Command::ArrangePause { at: day(3) });
    assert_eq!(told, ["subscription_paused"]);
    assert_eq!(story.tick(day(30) - 1), NOTHING);
    assert_eq!(story.tick(day(30)), ["-premium"]);
    assert_eq!(
        story.report(day(90), &paid("t2", 90)),
        ["subscription_renewed", "+premium"]
    );
}

#[test]
fn a14_another_product_at_once_takes_away_the_old_level_and_gives_the_new_one() {
    let mut story = started();
    let told = story.report(day(10), &of_product("gold", paid("t2", 10)));
    assert_eq!(
        told,
        [
            "subscription_refunded",
            "subscription_started",
            "-premium",
            "+gold"
        ]
    );
    // Also where both give the same level, and to everybody who shares it.
    let mut story = shared();
    let told = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_eq!(
        told,
        [
            "subscription_refunded",
            "subscription_started",
            "-premium",
            "b -premium",
            "+premium",
            "b +premium"
        ]
    );
    // But not what was taken away before.
    let mut story = started();
    story.revoke(day(3), "premium", None);
    let told = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_eq!(
        told,
        ["subscription_refunded", "subscription_started", "+premium"]
    );
    // Nor what something else gives.
    let mut story = started();
    story.report(day(0), &of_chain("u1", ending(day(300), paid("u1", 0))));
    let told = story.report(day(10), &of_product("yearly", paid("t2", 10)));
    assert_eq!(told, ["subscription_refunded", "subscription_started"]);
}

#[test]
fn a14_what_is_taken_away_is_the_old_product_until_now() {
    let mut story = started();
    let yearly = of_product("yearly", paid("t2", 10));
    let drafts = story.try_report(A, day(11), &yearly).unwrap();
    let levels: Vec<_> = drafts
        .iter()
        .filter_map(|(_, draft)| match draft {
            Draft::Level { level, number } => Some((level, *number)),
            Draft::Fact(_) => None,
        })
        .collect();
    let told: Vec<_> = levels
        .iter()
        .map(|(level, number)| {
            (
                *number,
                level.product_id.as_str(),
                level.expires_at,
                level.will_renew,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (2, "monthly", Some(day(11)), false),
            (3, "yearly", Some(day(40)), true)
        ]
    );
    assert_eq!(story.report(day(12), &yearly), NOTHING);
}

#[test]
fn a14_the_old_products_period_ends_with_the_change() {
    let yearly = ending(day(365), of_product("yearly", paid("t1", 0)));
    let mut story = Story::default();
    story.report(day(0), &yearly);
    story.report(day(10), &of_product("monthly", paid("t2", 10)));
    assert_eq!(
        story.level(A, "premium", day(10)).unwrap().expires_at,
        Some(day(40))
    );
    // The same again changes nothing.
    assert_eq!(story.report(day(11), &yearly), NOTHING);
    // B14 tells it in two steps.
    let mut story = Story::default();
    story.report(day(0), &yearly);
    assert_eq!(
        story.report(day(10), &because(Upgraded, yearly.clone())),
        ["subscription_refunded", "-premium"]
    );
    let told = story.report(day(10) + 1, &of_product("monthly", paid("t2", 10)));
    assert_eq!(told, ["subscription_started", "+premium"]);
    assert_eq!(
        story.level(A, "premium", day(11)).unwrap().expires_at,
        Some(day(40))
    );
    assert_eq!(story.report(day(12), &because(Upgraded, yearly)), NOTHING);
    assert_eq!(
        story.level(A, "premium", day(12)).unwrap().expires_at,
        Some(day(40))
    );
}

#[test]
fn a15_a16_a17_another_product_later_extends_or_opens_access() {
    let told = started().report(day(30), &of_product("weekly", paid("t2", 30)));
    assert_eq!(told, ["subscription_expired", "subscription_started", "+premium"]);

    let mut story = started();
    story.report(day(5), &cancelled(day(5), paid("t1", 0)));
    story.report(day(6), &paid("t1", 0));
    let told = story.report(day(30), &of_product("weekly", paid("t2", 30)));
    assert_eq!(told, ["subscription_renewed", "+premium"]);

    let mut story = started();
    story.tick(day(40));
    let told = story.report(day(99), &of_product("weekly", paid("t2", 99)));
    assert_eq!(told, ["subscription_renewed", "+premium"]);
}

#[test]
fn a20_another_chain_of_the_same_level_leaves_the_first_alone() {
    let mut story = started();
    let longer = of_chain("u1", ending(day(60), paid("u1", 0)));
    assert_eq!(
        story.report(day(0), &longer),
        ["subscription_started", "+premium"]
    );
    assert_eq!(story.level(A, "premium", day(0)).unwrap().transaction_id, "u1");
    let shorter = of_chain("v1", ending(day(9), paid("v1", 0)));
    assert_eq!(story.report(day(0), &shorter), ["subscription_started"]);
    assert_eq!(story.parties[A].holdings.chains.len(), 3);
    // The level goes on with the longer one.
    story.report(day(1), &prepaid(shorter));
    assert_eq!(story.tick(day(9)), ["subscription_expired"]);
    assert_eq!(story.tick(day(31)), ["subscription_expired"]);
    assert_eq!(story.tick(day(60)), ["-premium"]);
}

#[test]
fn a21_an_older_period_leaves_access_untouched() {
    let mut story = Story::default();
    story.report(day(60), &paid("t3", 60));
    assert_eq!(story.report(day(61), &paid("t2", 30)), ["subscription_renewed"]);
    assert_eq!(story.report(day(61), &paid("t1", 0)), ["subscription_started"]);
}

#[test]
fn a21_an_older_period_that_still_runs_opens_an_ended_chain_until_it_ends() {
    let mut story = Story::default();
    story.report(day(10), &prepaid(ending(day(20), paid("t2", 10))));
    assert_eq!(story.tick(day(20)), ["subscription_expired", "-premium"]);
    let told = story.report(day(21), &paid("t1", 0));
    assert_eq!(told, ["subscription_started", "+premium"]);
    assert_eq!(story.level(A, "premium", day(21)).unwrap().activated_at, day(21));
    assert_eq!(story.tick(day(30)), ["subscription_expired", "-premium"]);
}

#[test]
fn a22_family_sharing_changes_levels_only() {
    let family = of_family(paid("t1", 0));
    let mut story = Story::default();
    assert_eq!(story.report(day(0), &family), ["+premium"]);
    assert_eq!(
        story.level(A, "premium", day(0)).unwrap().trial_days,
        None,
        "it is no trial"
    );
    assert_eq!(story.report(day(1), &family), NOTHING);
    assert_eq!(story.report(day(29), &of_family(paid("t2", 30))), ["+premium"]);
    let level = story.level(A, "premium", day(29)).unwrap();
    assert_eq!(
        (level.transaction_id.as_str(), level.expires_at),
        ("t2", Some(day(60)))
    );
    assert_eq!(story.parties[A].holdings.problem(), None);
    assert_eq!(
        story.tell(day(30), Command::ArrangePause { at: day(30) }),
        NOTHING
    );
    assert_eq!(
        story.tell(
            day(30),
            Command::Defer {
                at: day(30),
                until: day(70)
            }
        ),
        ["+premium"]
    );
    assert_eq!(story.tick(day(70)), ["-premium"]);
    assert_eq!(story.revenue(A), Decimal::ZERO);
    // A revocation holds for its period alone.
    let mut story = Story::default();
    story.report(day(0), &family);
    story.revoke(day(1), "premium", None);
    assert_eq!(story.report(day(30), &of_family(paid("t2", 30))), ["+premium"]);
    // One that is over at first sight.
    let mut story = Story::default();
    assert_eq!(story.report(day(40), &of_family(paid("t1", 0))), ["-premium"]);
    assert_eq!(story.tick(day(40)), NOTHING);
    // After a chain of one's own has ended.
    let mut story = started();
    story.tick(day(31));
    assert_eq!(story.report(day(40), &of_family(paid("t2", 40))), ["+premium"]);
    assert_eq!(story.tick(day(70)), ["-premium"]);
}

#[test]
fn a22_what_the_family_has_under_the_payers_id_leaves_the_payer_alone() {
    for sharing in [Sharing::Enabled, Sharing::Transfer, Sharing::Disabled] {
        let mut story = started();
        story.sharing = sharing;
        let payer = story.parties[A].clone();
        // A copy with an id of its own, newer than what the payer has.
        let copy = ending(day(31), of_family(paid("f1", 1)));
        assert_eq!(story.report_by(B, day(1), &copy), ["b +premium"]);
        assert_eq!(story.report_by(ANON, day(1), &copy), ["anon +premium"]);
        assert_eq!(story.report_by(B, day(1), &copy), NOTHING);
        // And the payer's own transaction.
        assert_eq!(story.report_by(B, day(2), &of_family(paid("t1", 0))), NOTHING);
        assert_eq!(story.report_by(B, day(2), &of_family(paid("t1", 0))), NOTHING);
        assert_eq!(story.parties[A], payer);
        assert_eq!(story.revenue(A), usd(999));
        assert_eq!(story.report(day(3), &paid("t1", 0)), NOTHING);
        assert_eq!(story.tick(day(30)), ["-premium"]);
        assert_eq!(
            story.report(day(30), &paid("t2", 30)),
            ["subscription_renewed", "+premium"]
        );
        assert_eq!(story.tick(day(31)), ["b -premium", "anon -premium"]);
        assert_eq!(story.tick(day(61)), ["subscription_expired", "-premium"]);
        for party in &story.parties {
            assert_eq!(party.holdings.problem(), None);
        }
    }
}

#[test]
fn a22_who_paid_starts_though_the_family_told_of_the_transaction_first() {
    for (bought, starts) in [
        (paid("t1", 0), "subscription_started"),
        (bought_once("t1", 0), "non_subscription_purchase"),
    ] {
        let copy = of_family(bought.clone());
        let mut story = Story::default();
        assert_eq!(story.report_by(B, day(0), &copy), ["b +premium"]);
        assert_eq!(story.report(day(1), &bought), [starts, "+premium"]);
        assert_eq!((story.revenue(A), story.revenue(B)), (usd(999), Decimal::ZERO));
        assert!(story.has(B, "premium", day(1)));
        for who in [A, B] {
            let again = if who == A { &bought } else { &copy };
            assert_eq!(story.report_by(who, day(2), again), NOTHING);
        }
        assert_eq!(story.report(day(3), &refunded(day(3), bought)).len(), 2);
        assert!(story.has(B, "premium", day(3)), "that is told of the copy");
    }
}

#[test]
fn a22_a_one_time_purchase_of_the_family_leaves_the_payers_alone() {
    for sharing in [Sharing::Enabled, Sharing::Transfer, Sharing::Disabled] {
        let mut story = Story {
            sharing,
            ..Story::default()
        };
        let copy = of_family(bought_once("o1", 0));
        story.report(day(0), &bought_once("o1", 0));
        for who in [B, ANON] {
            assert_eq!(story.report_by(who, day(1), &copy).len(), 1, "the level alone");
            assert_eq!(story.report_by(who, day(2), &copy), NOTHING);
            assert!(story.has(who, "premium", day(2)));
        }
        assert_eq!(story.report(day(3), &bought_once("o1", 0)), NOTHING);
        assert_eq!((story.revenue(A), story.revenue(B)), (usd(999), Decimal::ZERO));
        // It turns out to be the family's with who reported it, and paid for after all.
        assert_eq!(story.report(day(4), &copy), NOTHING);
        assert_eq!(story.revenue(A), Decimal::ZERO);
        let told_before = ["non_subscription_purchase"];
        assert_eq!(story.report(day(5), &bought_once("o1", 0)), told_before);
        assert_eq!(story.revenue(A), usd(999));
        assert_eq!(story.parties[A].holdings.one_time.len(), 1);
    }
}

#[test]
fn a22_access_that_the_family_has_is_taken_from_all_who_have_it() {
    let mut story = Story::default();
    let copy = of_family(paid("f1", 0));
    story.report(day(0), &copy);
    story.report_by(B, day(0), &copy);
    let told = story.report(day(3), &refunded(day(3), copy));
    assert_eq!(told, ["-premium", "b -premium"]);
}

#[test]
fn a22_a_period_that_turns_out_to_be_shared_by_the_family_moves_without_an_event() {
    let mut story = started();
    assert_eq!(story.report(day(1), &of_family(paid("t1", 0))), NOTHING);
    assert_eq!(story.revenue(A), Decimal::ZERO);
    // And paid for after all: the fact is the same as on the first day, and so is the event.
    assert_eq!(story.report(day(2), &paid("t1", 0)), ["subscription_started"]);
    assert_eq!(story.revenue(A), usd(999));
    assert_eq!(story.parties[A].holdings.chains.len(), 1);
}

#[test]
fn a23_a_one_time_purchase_gives_its_level_for_ever_and_consumables_none() {
    let mut story = Story::default();
    assert_eq!(
        story.report(day(0), &bought_once("o1", 0)),
        ["non_subscription_purchase", "+premium"]
    );
    let level = story.level(A, "premium", day(9_999)).unwrap();
    assert!(level.is_active(day(9_999)) && level.expires_at.is_none());
    for id in ["o2", "o3"] {
        let coins = of_product("coins", bought_once(id, 1));
        assert_eq!(story.report(day(1), &coins), ["non_subscription_purchase"]);
    }
    assert_eq!(
        story.report(day(1), &of_product("nothing", bought_once("o4", 1))),
        ["non_subscription_purchase"]
    );
    assert_eq!(story.report(day(2), &bought_once("o1", 0)), NOTHING);
    assert_eq!(
        story.report(day(2), &of_family(of_product("gold", bought_once("o6", 2)))),
        ["+gold"]
    );
    assert_eq!(story.revenue(A), usd(4 * 999));
}

#[test]
fn a24_a_one_time_purchase_that_is_refunded_at_first_sight() {
    let told = Story::default().report(day(4), &refunded(day(3), bought_once("o1", 0)));
    assert_eq!(
        told,
        [
            "non_subscription_purchase",
            "non_subscription_purchase_refunded",
            "-premium"
        ]
    );
}
