//! Table F, F8 to F14: who owns a purchase, who shares it, and what is left of it when it goes.

use super::*;

#[test]
fn f8_a_second_profile_shares_the_chain_and_all_later_changes() {
    let mut story = started();
    assert_eq!(story.report_by(B, day(1), &paid("t1", 0)), ["b +premium"]);
    assert_eq!(
        story.report_by(B, day(1), &paid("t1", 0)),
        NOTHING,
        "a restore without change"
    );
    // One for each profile that inherits it; facts only for the owner, whoever tells.
    assert_eq!(story.report_by(ANON, day(1), &paid("t1", 0)), ["anon +premium"]);
    let told = story.report_by(B, day(2), &cancelled(day(2), paid("t1", 0)));
    let [fact, levels @ ..] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(fact, "subscription_renewal_cancelled");
    let mut levels = levels.to_vec();
    levels.sort();
    assert_eq!(levels, ["+premium", "anon +premium", "b +premium"]);
    assert_eq!(
        story.tick(day(30)),
        ["subscription_expired", "-premium", "b -premium", "anon -premium"]
    );
    assert!(story.parties[B].holdings.chains.is_empty());
    assert_eq!(story.revenue(B), Decimal::ZERO);
}

#[test]
fn f8_one_time_purchases_are_shared_too() {
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    assert_eq!(story.report_by(B, day(1), &bought_once("o1", 0)), ["b +premium"]);
    let told = story.report(day(2), &refunded(day(2), bought_once("o1", 0)));
    assert_eq!(
        told,
        ["non_subscription_purchase_refunded", "-premium", "b -premium"]
    );
}

#[test]
fn f8_sharers_lose_what_its_owner_loses_when_both_have_something_due() {
    let mut story = shared();
    story.report_by(
        B,
        day(1),
        &of_product("gold", of_chain("u1", prepaid(ending(day(31), paid("u1", 1))))),
    );
    // Each is told once.
    let told = story.tick(day(31));
    assert_eq!(
        told,
        [
            "subscription_expired",
            "-premium",
            "b -premium",
            "b subscription_expired",
            "b -gold"
        ]
    );
}

#[test]
fn f8_f9_f10_f11_each_setting_does_what_its_table_says() {
    /// What the newcomer gets.
    #[derive(Debug, PartialEq)]
    enum Gets {
        Share,
        Chain,
        Nothing,
    }
    let table = [
        (Sharing::Enabled, A, B, Gets::Share),
        (Sharing::Enabled, A, ANON, Gets::Share),
        (Sharing::Enabled, ANON, B, Gets::Share),
        (Sharing::Enabled, ANON, ANON_2, Gets::Share),
        (Sharing::Transfer, A, B, Gets::Chain),
        (Sharing::Transfer, A, ANON, Gets::Share),
        (Sharing::Transfer, ANON, B, Gets::Share),
        (Sharing::Transfer, ANON, ANON_2, Gets::Share),
        (Sharing::Disabled, A, B, Gets::Nothing),
        (Sharing::Disabled, A, ANON, Gets::Nothing),
        (Sharing::Disabled, ANON, B, Gets::Chain),
        (Sharing::Disabled, ANON, ANON_2, Gets::Share),
    ];
    for (sharing, owner, newcomer, expected) in table {
        let mut story = Story {
            sharing,
            ..Story::default()
        };
        story.report_by(owner, day(0), &paid("t1", 0));
        story.report_by(newcomer, day(1), &paid("t1", 0));
        let keeps = story.has(owner, "premium", day(1));
        let owns = |who: usize| !story.parties[who].holdings.chains.is_empty();
        let gets = match (owns(newcomer), story.has(newcomer, "premium", day(1))) {
            (true, true) => Gets::Chain,
            (false, true) => Gets::Share,
            (_, false) => Gets::Nothing,
        };
        assert_eq!(gets, expected, "{sharing:?}, {owner} to {newcomer}");
        assert_eq!(
            keeps,
            expected != Gets::Chain,
            "{sharing:?}, {owner} to {newcomer}"
        );
        assert_eq!(owns(owner), expected != Gets::Chain);
    }
}

#[test]
fn f8_a_profile_can_share_several_chains() {
    let mut story = shared();
    let gold = of_product("gold", of_chain("u1", paid("u1", 0)));
    story.report(day(1), &gold);
    assert_eq!(story.report_by(B, day(2), &gold), ["b +gold"]);
    assert_eq!(story.report_by(B, day(2), &gold), NOTHING);
    assert_eq!(story.parties[B].holdings.shared.len(), 2);
}

fn transferred() -> Story {
    let mut story = started();
    story.sharing = Sharing::Transfer;
    story.report_by(B, day(1), &paid("t1", 0));
    story
}

#[test]
fn f9_a_transfer_moves_access() {
    let mut story = started();
    story.sharing = Sharing::Transfer;
    assert_eq!(
        story.report_by(B, day(1), &paid("t1", 0)),
        ["-premium", "b +premium"]
    );
    assert!(!story.has(A, "premium", day(1)));
    assert!(story.parties[A].holdings.chains.is_empty() && story.parties[A].holdings.shared.is_empty());
}

#[test]
fn f9_revenue_goes_with_the_chain() {
    let mut story = started();
    story.sharing = Sharing::Transfer;
    story.report(day(0), &bought_once("o1", 0));
    story.report(day(30), &paid("t2", 30));
    story.report_by(B, day(31), &paid("t2", 30));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(999), usd(2 * 999)));
    story.report_by(B, day(31), &bought_once("o1", 0));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(0), usd(3 * 999)));
    // What was paid before the transfer is paid back by who owns it now.
    story.report_by(B, day(32), &refunded(day(32), paid("t1", 0)));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(0), usd(2 * 999)));
    story.report_by(A, day(33), &paid("t2", 30));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(999), usd(999)));
}

#[test]
fn f9_the_revocation_of_the_old_owner_does_not_go_with_the_purchase_and_ones_own_stays() {
    for bought in [paid("t1", 0), bought_once("o1", 0)] {
        let mut story = Story::default();
        story.report(day(0), &bought);
        story.revoke(day(1), "premium", None);
        story.sharing = Sharing::Transfer;
        assert_eq!(story.report_by(B, day(2), &bought), ["b +premium"]);
        // It was shared before, and taken from who shared it.
        let mut story = Story::default();
        story.report(day(0), &bought);
        story.report_by(B, day(0), &bought);
        story.try_revoke(B, day(1), "premium", None).unwrap();
        story.sharing = Sharing::Transfer;
        assert_eq!(story.report_by(B, day(2), &bought), ["-premium"]);
        assert!(!story.has(B, "premium", day(2)));
    }
}

#[test]
fn f9_what_left_a_chain_is_not_in_the_revenue_that_goes_with_it() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    story.report(day(31), &of_chain("u1", paid("t2", 30)));
    let part = Command::RefundShare {
        transaction: Box::new(story.stored[0].clone()),
        at: day(31),
        share: Decimal::ONE,
        keeps_access: true,
    };
    story.sharing = Sharing::Transfer;
    story.report_by(B, day(31), &paid("t1", 0));
    assert_eq!((story.revenue(A), story.revenue(B)), (usd(999), usd(999)));
    // Nor is what was paid back.
    story.report_by(A, day(31), &paid("t1", 0));
    story.tell_chain(A, 1, day(31), part);
    story.report_by(B, day(32), &paid("t1", 0));
    assert_eq!(story.revenue(A), usd(999));
}

#[test]
fn f10_where_sharing_is_off_the_newcomer_still_updates_the_chain() {
    let mut story = started();
    story.sharing = Sharing::Disabled;
    assert_eq!(story.report_by(B, day(1), &paid("t1", 0)), NOTHING);
    let told = story.report_by(B, day(30), &paid("t2", 30));
    assert_eq!(told, ["subscription_renewed", "+premium"]);
    assert_eq!(
        (story.revenue(A), story.revenue(B)),
        (usd(2 * 999), Decimal::ZERO)
    );
}

#[test]
fn f11_anonymous_profiles_share_whatever_the_setting() {
    for sharing in [Sharing::Enabled, Sharing::Transfer, Sharing::Disabled] {
        let mut story = Story {
            sharing,
            ..Story::default()
        };
        story.report_by(ANON, day(0), &paid("t1", 0));
        assert_eq!(
            story.report_by(ANON_2, day(1), &paid("t1", 0)),
            ["anon2 +premium"]
        );
        assert_eq!(
            story.tick(day(31)),
            ["anon subscription_expired", "anon -premium", "anon2 -premium"]
        );
    }
}

#[test]
fn f12_later_events_of_a_transferred_chain_are_of_who_has_it_now() {
    let mut story = transferred();
    let told = story.report_by(B, day(30), &paid("t2", 30));
    assert_eq!(told, ["b subscription_renewed", "b +premium"]);
    assert_eq!(story.tick(day(61)), ["b subscription_expired", "b -premium"]);
}

#[test]
fn f13_a_setting_of_the_sandbox_has_the_same_rules() {
    // Which of the two settings holds is decided by who asks; the rules do not look at the environment.
    for environment in [Environment::Production, Environment::Sandbox] {
        let of_it = |transaction| Transaction {
            environment,
            ..transaction
        };
        let mut story = Story {
            sharing: Sharing::Transfer,
            ..Story::default()
        };
        story.report(day(0), &of_it(paid("t1", 0)));
        assert_eq!(
            story.report_by(B, day(1), &of_it(paid("t1", 0))),
            ["-premium", "b +premium"]
        );
    }
}

#[test]
fn f14_after_a_deletion_the_next_who_tells_becomes_the_owner_and_it_begins_anew() {
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    story.delete(A);
    let told = story.report_by(B, day(31), &paid("t1", 0));
    assert_eq!(
        told,
        ["b subscription_started", "b subscription_expired", "b -premium"]
    );
    // The rest of its chain is news, too.
    assert_eq!(
        story.report_by(B, day(31), &paid("t2", 30)),
        ["b subscription_renewed", "b +premium"]
    );
    assert_eq!(story.revenue(B), usd(2 * 999));
    assert_eq!(story.report_by(B, day(31), &paid("t2", 30)), NOTHING);
}

#[test]
fn f14_a_sharer_takes_over_when_it_tells_of_a_chain_whose_owner_is_gone() {
    let mut story = shared();
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.delete(A);
    assert_eq!(
        story.report_by(B, day(2), &paid("t1", 0)),
        ["b subscription_started"]
    );
    assert!(story.parties[B].holdings.shared.is_empty());
    let told = story.report_by(B, day(30), &paid("t2", 30));
    assert_eq!(told, ["b subscription_renewed", "b +premium", "anon +premium"]);
}

#[test]
fn f14_a_one_time_purchase_whose_owner_is_gone_is_news() {
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    story.delete(A);
    assert_eq!(
        story.report_by(B, day(1), &bought_once("o1", 0)),
        ["b non_subscription_purchase", "b +premium"]
    );
    assert_eq!(story.revenue(B), usd(999));
}

#[test]
fn f14_of_a_long_chain_whose_owner_is_gone_every_period_is_news_newest_first_too() {
    let mut story = Story::default();
    let periods: Vec<_> = (0..12).map(|n| paid(&format!("t{n}"), 30 * n)).collect();
    for period in &periods {
        story.report(period.purchased_at, period);
    }
    assert_eq!(story.revenue(A), usd(12 * 999));
    story.delete(A);
    for period in periods.iter().rev() {
        let told = story.report_by(B, day(340), period);
        assert!(
            told.iter().any(|word| word.starts_with("b subscription_")),
            "{}",
            period.id
        );
        assert_eq!(story.report_by(B, day(340), period), NOTHING, "{}", period.id);
    }
    assert_eq!(story.revenue(B), usd(12 * 999));
}

#[test]
fn f14_who_shared_what_a_deleted_profile_owned_is_told_of_the_end() {
    let mut story = shared();
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.delete(A);
    assert_eq!(story.tick(day(30) - 1), NOTHING);
    let mut told = story.tick(day(30));
    told.sort();
    assert_eq!(told, ["anon -premium", "b -premium"]);
    assert_eq!(story.tick(day(60)), NOTHING);
    for who in [B, ANON] {
        assert_eq!(story.parties[who].holdings.next_due(story.context(day(30))), None);
    }
    // Of a level that something else still gives there is nothing to tell.
    let mut story = shared();
    story.grant_to(B, day(1), "premium", None, Some(day(90)));
    story.delete(A);
    assert_eq!(story.tick(day(30)), NOTHING);
    // Who takes it over goes on with it.
    let mut story = shared();
    story.delete(A);
    story.report_by(B, day(29), &paid("t1", 0));
    assert_eq!(story.tick(day(30)), ["b -premium"]);
    assert_eq!(story.tick(day(31)), ["b subscription_expired"]);
}

#[test]
fn f14_the_end_of_one_chain_is_told_though_another_of_a_deleted_profile_ends_with_it() {
    let mut story = shared();
    let gold = of_product("gold", of_chain("u1", paid("u1", 0)));
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.report_by(ANON_2, day(1), &gold);
    story.report_by(ANON, day(1), &gold);
    story.delete(A);
    story.delete(ANON_2);
    let mut told = story.tick(day(30));
    told.sort();
    assert_eq!(told, ["anon -gold", "anon -premium", "b -premium"]);
}

#[test]
fn f14_what_a_deleted_profile_shared_is_told_by_the_tick_only() {
    let mut story = shared();
    story.delete(A);
    let drafts = story.grant_to(B, day(31), "gold", None, None);
    assert_eq!(told(&drafts, day(31)), ["b +gold"]);
    assert_eq!(story.tick(day(31)), ["b -premium"]);
}

#[test]
fn f14_who_was_told_of_the_end_of_what_a_profile_shared_is_not_told_again_when_that_one_is_deleted() {
    let mut story = shared();
    assert_eq!(story.tick(day(30)), ["-premium", "b -premium"]);
    assert_eq!(story.tick(day(32)), ["subscription_expired"]);
    story.delete(A);
    assert_eq!(story.parties[B].holdings.next_due(story.context(day(32))), None);
    assert_eq!(story.tick(day(33)), NOTHING);
    // Nor of an end that a report has handled.
    let mut story = shared();
    let told = story.report(day(31), &cancelled(day(31), paid("t1", 0)));
    assert!(told.contains(&"b -premium".to_owned()), "{told:?}");
    story.delete(A);
    assert_eq!(story.tick(day(33)), NOTHING);
    // An end that has passed, and that nobody has handled, is told.
    let mut story = shared();
    story.tick(day(29));
    story.delete(A);
    assert_eq!(story.tick(day(31)), ["b -premium"]);
}

#[test]
fn a_level_that_goes_to_another_profile_stays_ended() {
    let mut story = shared();
    story.sharing = Sharing::Transfer;
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.report_by(B, day(2), &paid("t1", 0));
    for who in [A, ANON] {
        let level = story.level(who, "premium", day(2)).expect("it has ended");
        assert_eq!(level.expires_at, Some(day(2)));
    }
    assert_eq!(story.revoke(day(3), "premium", None), NOTHING);
    // And back.
    assert_eq!(
        story.report_by(A, day(4), &paid("t1", 0)),
        ["b -premium", "+premium"]
    );
    assert!(story.parties[A].holdings.ended.is_empty());
}

#[test]
fn a_level_that_comes_back_from_another_profile_is_shown_as_it_is_given_now() {
    for bought in [paid("t1", 0), bought_once("t1", 0)] {
        let mut story = Story {
            sharing: Sharing::Transfer,
            ..Story::default()
        };
        story.report(day(0), &bought);
        story.report_by(B, day(10), &bought);
        let told = story.report(day(11), &refunded(day(5), bought.clone()));
        assert_eq!(told[1..], ["-premium", "b -premium"]);
        let level = story.level(A, "premium", day(11)).unwrap();
        assert_eq!((level.expires_at, level.is_refund), (Some(day(5)), true));
        assert!(story.parties[A].holdings.ended.is_empty());
        // B's stays as it was left, also after further changes.
        for now in [day(12), day(13)] {
            story.grant_to(B, now, "gold", None, None);
            let level = story.level(B, "premium", now).unwrap();
            assert_eq!((level.expires_at, level.is_refund), (Some(day(11)), false));
        }
    }
}

#[test]
fn a_level_that_goes_to_another_profile_stays_ended_before_an_older_purchase_of_it() {
    let mut story = Story {
        sharing: Sharing::Transfer,
        ..Story::default()
    };
    story.report(day(1), &of_chain("old", paid("old", 0)));
    story.tick(day(100));
    story.report(day(100), &paid("t1", 100));
    assert_eq!(
        story.report_by(B, day(102), &paid("t1", 100)),
        ["-premium", "b +premium"]
    );
    let level = story.level(A, "premium", day(102)).expect("it has ended");
    assert_eq!(
        (level.expires_at, level.transaction_id.as_str()),
        (Some(day(102)), "t1")
    );
}

#[test]
fn whether_a_chain_is_shared_as_a_test_is_said_by_what_is_known_of_it() {
    let mut story = Story {
        sharing: Sharing::Disabled,
        sandbox_sharing: Some(Sharing::Enabled),
        ..Story::default()
    };
    let as_sandbox = |transaction: Transaction| Transaction {
        environment: Environment::Sandbox,
        ..transaction
    };
    story.report(day(0), &paid("t1", 0));
    story.report(day(0), &bought_once("o1", 0));
    for claimed in [paid("t1", 0), paid("t2", 30), bought_once("o1", 0)] {
        story.report_by(B, day(30), &as_sandbox(claimed));
        assert!(!story.has(B, "premium", day(30)), "it was paid for");
    }
    story.report(day(30), &as_sandbox(of_chain("s1", paid("s1", 30))));
    story.report_by(B, day(30), &of_chain("s1", paid("s1", 30)));
    assert!(story.has(B, "premium", day(30)), "it is a test");
}

#[test]
fn a_chain_that_cannot_be_so_is_left_alone_and_holds_up_no_other() {
    let mut story = started();
    story.report(day(0), &of_chain("u1", of_product("gold", paid("u1", 0))));
    let impossible = &mut story.parties[A].holdings.chains[0];
    impossible.phase = crate::purchases::chain::Phase::Trial;
    let before = impossible.clone();
    let problem = story.parties[A].holdings.problem().expect("it is inconsistent");
    assert!(problem.contains("t1"), "{problem}");
    assert_eq!(story.tick(day(40)), ["subscription_expired", "-gold"]);
    assert_eq!(story.parties[A].holdings.chains[0], before);
    assert_eq!(story.parties[A].holdings.next_due(story.context(day(40))), None);
}

#[test]
fn what_the_same_profile_had_as_the_familys_and_paid_for_after_all_makes_its_start_event() {
    let mut story = Story::default();
    let once = bought_once("o1", 0);
    assert_eq!(story.report(day(0), &of_family(once.clone())), ["+premium"]);
    assert_eq!(story.report(day(1), &once), ["non_subscription_purchase"]);
    assert_eq!(story.revenue(A), usd(999));
    assert_eq!(story.report(day(2), &once), NOTHING);

    let mut story = Story::default();
    assert_eq!(story.report(day(0), &of_family(paid("t1", 0))), ["+premium"]);
    assert_eq!(story.report(day(1), &paid("t1", 0)), ["subscription_started"]);
    assert_eq!(story.revenue(A), usd(999));
    assert_eq!(story.parties[A].holdings.chains.len(), 1);
    assert_eq!(story.report(day(2), &paid("t1", 0)), NOTHING);
}

#[test]
fn the_same_id_in_another_store_is_another_chain() {
    let mut story = started();
    let elsewhere = Transaction {
        store: "play_store".into(),
        ..of_product("gold", paid("t1", 0))
    };
    let told = story.report(day(1), &elsewhere);
    assert_eq!(told, ["subscription_started", "+gold"]);
    assert_eq!(story.parties[A].holdings.chains.len(), 2);
    assert!(story.has(A, "premium", day(1)));
}

#[test]
fn a_level_that_goes_to_another_profile_stays_ended_before_one_whose_end_nobody_has_handled_yet() {
    let mut story = Story {
        sharing: Sharing::Transfer,
        ..Story::default()
    };
    story.report(day(1), &of_chain("f", of_family(ending(day(5), paid("f1", 0)))));
    story.report(day(1), &of_chain("c", ending(day(11), paid("c1", 0))));
    story.report_by(B, day(11), &of_chain("c", paid("c2", 11)));
    let level = story.level(A, "premium", day(11)).unwrap();
    assert_eq!(
        (level.expires_at, level.original_id.as_str()),
        (Some(day(11)), "c")
    );
}
