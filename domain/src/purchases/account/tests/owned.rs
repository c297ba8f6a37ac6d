//! What is owned, and what is left of it when it goes.

use super::*;

#[test]
fn a_chain_whose_latest_transaction_moves_away_shows_the_one_before_as_it_was_reported() {
    let mut story = Story::default();
    let first = Transaction {
        offer: Some(Offer {
            category: "introductory".into(),
            kind: OfferKind::PayAsYouGo,
            id: None,
        }),
        ..cancelled(day(5), priced(499, paid("t1", 0)))
    };
    story.report(day(5), &first);
    let second = of_product("weekly", paid("t2", 30));
    story.report(day(30), &second);
    story.report(day(31), &of_chain("u1", second));
    let shown = story.parties[A].holdings.chains[0].entry();
    assert_eq!(
        (shown.product_id.as_str(), shown.offer, shown.renewal_cancelled_at),
        ("monthly", first.offer, Some(day(5)))
    );
    assert_eq!(story.parties[A].holdings.chains[0].latest.price, first.price);
}

#[test]
fn a_level_that_a_change_of_the_product_ends_stays_in_the_list() {
    let mut story = started();
    story.report(day(10), &of_product("gold", paid("t2", 10)));
    let premium = story
        .level(A, "premium", day(10))
        .expect("it has ended, not vanished");
    assert_eq!(
        (
            premium.expires_at,
            premium.transaction_id.as_str(),
            premium.will_renew
        ),
        (Some(day(10)), "t1", false)
    );
    assert_eq!(story.revoke(day(11), "premium", None), NOTHING, "it is over");
    // It comes back, and is lost once more.
    let told = story.report(day(12), &paid("t3", 12));
    assert_eq!(told[2..], ["-gold", "+premium"]);
    assert_eq!(story.parties[A].holdings.ended.len(), 1, "gold alone");
    let told = story.report(day(14), &of_product("gold", paid("t4", 14)));
    assert_eq!(told[2..], ["-premium", "+gold"]);
    assert_eq!(
        story.level(A, "premium", day(14)).unwrap().expires_at,
        Some(day(14))
    );
}

#[test]
fn a_transaction_that_is_corrected_to_another_product_gives_the_level_of_that_one() {
    let mut story = shared();
    let gold = of_product("gold", paid("t1", 0));
    let told = story.report(day(2), &gold);
    assert_eq!(told, ["-premium", "b -premium", "+gold", "b +gold"]);
    assert_eq!(story.report(day(3), &gold), NOTHING);
    assert_eq!(
        story.level(A, "premium", day(3)).unwrap().expires_at,
        Some(day(2))
    );
    let told = story.report(day(4), &of_product("nothing", paid("t1", 0)));
    assert_eq!(told, ["-gold", "b -gold"]);
    // What the family has and a one-time purchase too.
    let mut story = Story::default();
    story.report(day(0), &of_family(paid("t1", 0)));
    let told = story.report(day(1), &of_family(gold));
    assert_eq!(told, ["-premium", "+gold"]);
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    let told = story.report(day(1), &of_product("gold", bought_once("o1", 0)));
    assert_eq!(told, ["-premium", "+gold"]);
    let told = story.report(day(2), &of_product("coins", bought_once("o1", 0)));
    assert_eq!(told, ["-gold"]);
}

#[test]
fn a_chain_that_shows_an_older_period_again_gives_the_level_of_its_product() {
    let gold = of_product("gold", paid("t2", 29));
    let mut story = started();
    story.report(day(29), &gold);
    assert!(story.has(A, "gold", day(29)));
    // The newest moves to another chain.
    assert_eq!(
        story.report(day(29) + 1, &of_chain("u1", gold.clone())),
        ["+premium"]
    );
    assert_eq!(
        story.level(A, "premium", day(29) + 1).unwrap().expires_at,
        Some(day(30))
    );
    // The same where the older one was reported late.
    let mut story = Story::default();
    story.report(day(28), &gold);
    story.report(day(29), &paid("t1", 0));
    assert_eq!(
        story.report(day(29) + 1, &of_chain("u1", gold.clone())),
        ["+premium"]
    );
    // A date is corrected, and back.
    let mut story = started();
    story.report(day(29), &gold);
    let later = Transaction {
        purchased_at: day(31),
        expires_at: Some(day(61)),
        ..paid("t1", 0)
    };
    assert_eq!(story.report(day(31), &later), ["-gold", "+premium"]);
    assert_eq!(story.report(day(32), &paid("t1", 0)), ["-premium", "+gold"]);
}

#[test]
fn another_product_that_is_reported_ahead_gives_its_level_when_it_begins() {
    let gold = of_product("gold", paid("t2", 30));
    let ahead = || {
        let mut story = shared();
        let told = story.report(day(29), &gold);
        let facts = ["subscription_expired", "subscription_started"];
        assert_eq!(told, [&facts[..], &["+premium", "b +premium"]].concat());
        assert_eq!(
            story.level(B, "premium", day(29)).unwrap().expires_at,
            Some(day(30))
        );
        story
    };
    let mut story = ahead();
    assert_eq!(story.report(day(29), &gold), NOTHING);
    assert_eq!(story.tick(day(30) - 1), NOTHING);
    let told = ["-premium", "b -premium", "+gold", "b +gold"];
    assert_eq!(story.tick(day(30)), told);
    assert_eq!(story.tick(day(30)), NOTHING);
    assert!(story.has(B, "gold", day(59)));
    // It is paid back before, corrected, or another chain's.
    let mut story = ahead();
    story.report(day(29) + 1, &refunded(day(30) + 1, gold.clone()));
    assert_eq!(story.tick(day(30))[..2], ["-premium", "b -premium"]);
    assert!(!story.has(A, "gold", day(31)));
    let mut story = ahead();
    story.report(day(29) + 1, &paid("t2", 30));
    assert_eq!(story.tick(day(30)), NOTHING);
    assert_eq!(
        story.level(A, "premium", day(30)).unwrap().expires_at,
        Some(day(60))
    );
    let mut story = ahead();
    story.report(day(29) + 1, &of_chain("u1", gold.clone()));
    assert!(story.has(A, "premium", day(30) - 1) && !story.has(A, "premium", day(30)));
    // What was revoked is the old product's level alone.
    let mut story = ahead();
    story.revoke(day(29) + 1, "premium", None);
    story.try_revoke(B, day(29) + 1, "premium", None).unwrap();
    assert_eq!(story.tick(day(30)), ["+gold", "b +gold"]);
    // A gap is a gap, and who had nothing has the new level at once.
    let mut story = started();
    story.report(day(29), &of_product("gold", paid("t2", 31)));
    assert_eq!(story.tick(day(30)), ["-premium"]);
    assert_eq!(story.tick(day(31)), ["+gold"]);
    let mut story = Story::default();
    story.report(day(0), &of_product("nothing", paid("t1", 0)));
    story.report(day(29), &gold);
    assert!(story.has(A, "gold", day(29)));
}

#[test]
fn a_level_that_had_ended_before_another_one_came_stays_as_it_was() {
    let mut story = started();
    story.tick(day(40));
    let before = story.level(A, "premium", day(40));
    let told = story.report(day(99), &of_product("gold", paid("t2", 99)));
    assert_eq!(told, ["subscription_renewed", "+gold"]);
    assert_eq!(story.level(A, "premium", day(99)), before);
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
fn a_known_transaction_keeps_its_environment_also_after_its_owner_is_gone() {
    let as_sandbox = Transaction {
        environment: Environment::Sandbox,
        ..paid("t1", 0)
    };
    let mut story = started();
    story.delete(A);
    story.report_by(B, day(1), &as_sandbox);
    assert_eq!(story.revenue(B), usd(999));
}

#[test]
fn a_grant_that_says_the_same_again_is_no_change() {
    let mut story = Story::default();
    assert_eq!(story.grant(day(0), "premium", None, Some(day(9))), ["+premium"]);
    assert_eq!(story.grant(day(1), "premium", None, Some(day(9))), NOTHING);
}

#[test]
fn grants_that_add_nothing_are_not_kept() {
    let mut story = Story::default();
    let kept = |story: &Story| {
        let grants = story.parties[A].holdings.grants.iter();
        grants.map(|grant| grant.expires_at).collect::<Vec<_>>()
    };
    for n in 0..9 {
        story.grant(day(n), "premium", None, Some(day(n + 30)));
    }
    assert_eq!(kept(&story), [Some(day(38))], "each ends later");
    story.grant(day(9), "premium", None, Some(day(20)));
    assert_eq!(kept(&story), [Some(day(38))], "it ends earlier");
    let before = story.level(A, "premium", day(9)).unwrap();
    story.grant(day(10), "premium", None, Some(day(38)));
    let shown = story.level(A, "premium", day(10)).unwrap();
    assert_eq!(kept(&story).len(), 1);
    assert_ne!(
        shown.transaction_id, before.transaction_id,
        "of two alike the newer is shown"
    );
    story.grant(day(10), "premium", Some(day(20)), Some(day(50)));
    story.grant(day(10), "gold", None, Some(day(11)));
    assert_eq!(kept(&story).len(), 3, "it is another time, another level");
    // What was revoked goes when it has ended.
    story.revoke(day(12), "premium", Some(day(15)));
    story.grant(day(13), "premium", None, None);
    assert_eq!(kept(&story).len(), 4);
    story.revoke(day(14), "premium", None);
    story.grant(day(21), "premium", None, Some(day(22)));
    assert_eq!(kept(&story), [Some(day(11)), Some(day(22))]);
}

#[test]
fn a_grant_that_was_revoked_before_it_began_is_shown_after_what_really_ended() {
    for at in [None, Some(day(50))] {
        let mut story = Story::default();
        story.grant(day(0), "premium", Some(day(60)), Some(day(90)));
        story.revoke(day(1), "premium", at);
        story.report(day(1), &paid("t1", 0));
        story.tick(day(40));
        let shown = story.level(A, "premium", day(40)).expect("it has ended");
        assert_eq!(
            (shown.transaction_id.as_str(), shown.expires_at),
            ("t1", Some(day(30)))
        );
        let refused = story
            .try_revoke(A, day(40), "premium", Some(day(45)))
            .unwrap_err();
        assert_eq!(refused.code, "revocation_date_more_than_expiration_date");
        let shown = story.level(A, "premium", day(95)).expect("it has ended");
        assert_eq!(shown.transaction_id, "t1", "nor when it would have begun");
        // The next grant makes it forgotten, also one that is over.
        story.grant(day(95), "premium", Some(day(38)), Some(day(39)));
        assert_eq!(story.parties[A].holdings.grants.len(), 1);
        let shown = story.level(A, "premium", day(95)).expect("it has ended");
        assert_eq!(shown.expires_at, Some(day(39)));
    }
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
fn a_transaction_keeps_the_regular_price_with_which_it_was_first_reported() {
    let offered = |transaction: Transaction| Transaction {
        offer: Some(Offer {
            category: "introductory".into(),
            kind: OfferKind::PayAsYouGo,
            id: None,
        }),
        ..transaction
    };
    let kept = |story: &Story| story.parties[A].holdings.chains[0].latest.regular_price;
    let mut story = Story {
        regular_price: Some(usd(1_499)),
        ..Story::default()
    };
    story.report(day(0), &offered(paid("t1", 0)));
    assert_eq!(kept(&story), Some(usd(1_499)));
    story.regular_price = Some(usd(1_999));
    story.report(day(1), &cancelled(day(1), offered(paid("t1", 0))));
    assert_eq!(kept(&story), Some(usd(1_499)));
    story.report(day(1), &of_product("yearly", offered(paid("t1", 0))));
    assert_eq!(kept(&story), Some(usd(1_999)), "of another product");
    let in_euros = |transaction: Transaction| Transaction {
        price: Price {
            currency: "EUR".into(),
            ..transaction.price.clone()
        },
        ..transaction
    };
    story.regular_price = None;
    story.report(day(1), &in_euros(of_product("yearly", offered(paid("t1", 0)))));
    assert_eq!(kept(&story), None, "of another currency");
    story.regular_price = Some(usd(1_999));
    story.report(day(30), &free(paid("t2", 30)));
    assert_eq!(kept(&story), Some(usd(1_999)), "nothing was charged");
    story.report(day(60), &paid("t3", 60));
    assert_eq!(kept(&story), None, "the price is the regular one");
    story.report(day(60), &free(bought_once("o1", 60)));
    let once = &story.parties[A].holdings.one_time[0].transaction;
    assert_eq!(once.regular_price, None, "so is that of a one-time purchase");
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
fn a_product_that_comes_into_the_catalogue_gives_its_level_with_the_next_report_of_what_was_bought() {
    let gold = of_product("gold", paid("t1", 0));
    let once = of_product("gold", bought_once("o1", 0));
    for unknown in [Some("premium"), None] {
        for bought in [&gold, &once] {
            let mut story = Story {
                unknown: Some(("gold", unknown)),
                ..Story::default()
            };
            story.report(day(0), bought);
            assert_eq!(story.report(day(1), bought), NOTHING, "it is still unknown");
            story.unknown = None;
            let told = story.report(day(2), bought);
            assert_eq!(told.last().map(String::as_str), Some("+gold"), "{unknown:?}");
            assert!(!story.has(A, "premium", day(2)));
            assert_eq!(story.report(day(3), bought), NOTHING);
            // What was noted from the catalogue stays, also when the product leaves it.
            story.unknown = Some(("gold", unknown));
            assert_eq!(story.report(day(4), bought), NOTHING);
            assert!(!story.stored[0].is_of_unknown_product);
            // What it is corrected to is another product.
            story.unknown = Some(("silver", unknown));
            story.report(day(5), &of_product("silver", bought.clone()));
            assert!(story.stored[0].is_of_unknown_product);
        }
    }
    // Who shares it follows; a consumable gives nothing.
    let mut story = Story {
        unknown: Some(("coins", Some("premium"))),
        ..Story::default()
    };
    let coins = of_product("coins", bought_once("o1", 0));
    story.report(day(0), &coins);
    story.report_by(B, day(0), &coins);
    story.unknown = None;
    assert_eq!(story.report(day(1), &coins), ["-premium", "b -premium"]);
    assert!(story.parties[A].holdings.one_time[0].is_consumable);
}

#[test]
fn an_older_period_whose_product_comes_into_the_catalogue_gives_its_level_where_it_is_shown_again() {
    let mut story = Story {
        unknown: Some(("gold", None)),
        ..Story::default()
    };
    let gold = of_product("gold", paid("t1", 0));
    story.report(day(0), &gold);
    let second = paid("t2", 29);
    story.report(day(29), &second);
    story.unknown = None;
    assert_eq!(story.report(day(29), &gold), NOTHING);
    let told = story.report(day(29) + 1, &of_chain("u1", second));
    assert_eq!(told.last().map(String::as_str), Some("+gold"));
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
fn what_is_active_is_shown_before_what_is_to_come_and_that_before_what_is_over() {
    let shown = |story: &Story, at| {
        let level = story.level(A, "premium", at).unwrap();
        (level.starts_at, level.expires_at)
    };
    let mut story = Story::default();
    story.report(day(0), &prepaid(paid("t1", 0)));
    story.grant(day(1), "premium", Some(day(50)), None);
    story.grant(day(1), "premium", Some(day(40)), Some(day(45)));
    assert_eq!(shown(&story, day(29)), (None, Some(day(30))));
    assert_eq!(shown(&story, day(30)), (Some(day(40)), Some(day(45))));
    assert_eq!(shown(&story, day(45)), (Some(day(50)), None));
    let has_access = |at| story.parties[A].holdings.has_access(at);
    assert!(has_access(day(29)) && !has_access(day(30)) && has_access(day(50)));
}

#[test]
fn what_a_profile_has_is_stored_and_read_without_loss() {
    let mut story = shared();
    story.report(day(1), &failed(day(29), Some(day(46)), paid("t1", 0)));
    story.report(day(46), &of_product("gold", paid("t2", 46)));
    story.report(day(47), &refunded(day(47), bought_once("o1", 0)));
    story.report(day(48), &of_family(trial("f1")));
    story.report(day(48), &free(of_chain("u1", paid("u1", 0))));
    story.grant(day(48), "silver", Some(day(50)), None);
    story.revoke(day(49), "gold", Some(day(60)));
    for party in &story.parties {
        let text = serde_json::to_string(&party.holdings).unwrap();
        assert_eq!(serde_json::from_str::<Holdings>(&text).unwrap(), party.holdings);
    }
    let text = serde_json::to_string(&story.stored).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<Transaction>>(&text).unwrap(),
        story.stored
    );
}
