//! The products of a chain that give different levels: which is given when.

use super::*;
use crate::purchases::chain::OwnLevel;

#[test]
fn another_level_comes_when_its_period_begins_and_at_once_where_nothing_runs() {
    let gold = |from| of_product("gold", paid("t3", from));
    // After a renewal the old level goes on to the end of the last period.
    let mut story = started();
    story.report(day(30), &paid("t2", 30));
    story.report(day(59), &gold(60));
    assert_eq!(story.tick(day(60) - 1), NOTHING);
    assert_eq!(story.tick(day(60)), ["-premium", "+gold"]);
    let mut story = started();
    story.tick(day(31));
    story.report(day(45), &gold(50));
    assert!(story.has(A, "gold", day(45)));
    let mut story = started();
    story.report(day(30), &gold(34));
    assert!(story.has(A, "gold", day(30)), "it has just ended");
    // A date of purchase is corrected to one that lies ahead.
    let mut story = started();
    story.report(day(29), &of_product("gold", paid("t2", 29)));
    story.report(day(30), &ending(day(61), paid("t1", 31)));
    assert!(story.has(A, "gold", day(31) - 1) && !story.has(A, "premium", day(30)));
    assert_eq!(story.tick(day(31)), ["-gold", "+premium"]);
}

#[test]
fn of_two_changes_that_are_reported_ahead_none_takes_away_what_runs() {
    let mut story = started();
    story.report(day(29), &of_product("gold", paid("t2", 30)));
    story.report(day(29), &of_product("nothing", paid("t3", 60)));
    assert!(story.has(A, "premium", day(30) - 1));
    story.tick(day(60));
    assert!(!story.has(A, "premium", day(60)));
}

#[test]
fn of_several_changes_that_are_reported_ahead_each_comes_when_its_period_begins() {
    let of = |product, id, from| of_product(product, paid(id, from));
    let silver = || of("silver", "t3", 60);
    let gold = || of("gold", "t2", 30);
    for reports in [[gold(), silver()], [silver(), gold()]] {
        let mut story = started();
        for report in &reports {
            story.report(day(28), report);
        }
        let level = story.level(A, "premium", day(28)).unwrap();
        assert_eq!(level.expires_at, Some(day(30)));
        assert_eq!(story.tick(day(30) - 1), NOTHING);
        assert_eq!(story.tick(day(30)), ["-premium", "+gold"]);
        assert_eq!(story.level(A, "gold", day(30)).unwrap().expires_at, Some(day(60)));
        assert_eq!(story.tick(day(60)), ["-gold", "+silver"]);
        assert_eq!(
            story.level(A, "silver", day(60)).unwrap().expires_at,
            Some(day(90))
        );
    }
    // The two give the same, or the second what the first took the place of.
    let mut story = started();
    story.report(day(28), &gold());
    story.report(day(28), &of("gold", "t3", 60));
    assert_eq!(story.tick(day(30)), ["-premium", "+gold"]);
    assert_eq!(story.level(A, "gold", day(30)).unwrap().expires_at, Some(day(90)));
    let mut story = started();
    story.report(day(28), &gold());
    story.report(day(28), &paid("t3", 60));
    assert_eq!(story.tick(day(30)), ["-premium", "+gold"]);
    assert_eq!(story.tick(day(60)), ["-gold", "+premium"]);
    // One is corrected: nothing changes any more, or the next one does.
    let mut story = started();
    story.report(day(28), &gold());
    story.report(day(28), &paid("t3", 60));
    story.report(day(29), &paid("t2", 30));
    let level = story.level(A, "premium", day(29)).unwrap();
    assert_eq!(level.expires_at, Some(day(90)));
    let mut story = started();
    story.report(day(28), &gold());
    story.report(day(28), &silver());
    story.report(day(29), &paid("t3", 60));
    assert_eq!(story.tick(day(30)), ["-premium", "+gold"]);
    assert_eq!(story.tick(day(60)), ["-gold", "+premium"]);
    // One moves to another chain.
    let mut story = started();
    story.report(day(28), &gold());
    story.report(day(28), &silver());
    story.report(day(29), &of_chain("u1", silver()));
    assert!(story.has(A, "premium", day(29)) && !story.has(A, "gold", day(29)));
    assert_eq!(story.tick(day(30)), ["-premium", "+gold"]);
    // The one that began early in a gap goes on as well.
    let mut story = started();
    story.tick(day(31));
    story.report(day(33), &of("gold", "t2", 34));
    story.report(day(33), &of("silver", "t3", 64));
    assert!(story.has(A, "gold", day(64) - 1));
    assert_eq!(story.tick(day(64)), ["-gold", "+silver"]);
}

#[test]
fn a_period_notes_a_level_of_its_own_only_where_it_is_another_than_that_of_its_chain() {
    let mut story = started();
    story.report(day(30), &of_product("gold", paid("t2", 30)));
    story.report(day(60), &paid("t3", 60));
    let periods = story.parties[A].holdings.chains[0].periods.iter();
    let own: Vec<_> = periods.map(|period| period.own_level.clone()).collect();
    assert_eq!(own, [None, Some(OwnLevel::Level("gold".into())), None]);
}

#[test]
fn a_period_of_the_family_that_is_told_late_gives_its_level_where_it_is_shown_again() {
    let mut story = Story::default();
    story.report(day(28), &of_family(paid("t2", 28)));
    story.report(day(29), &of_family(of_product("gold", paid("t1", 0))));
    story.report(day(29), &of_chain("u1", of_family(paid("t2", 28))));
    assert!(story.has(A, "gold", day(29)));
}

#[test]
fn a14_only_what_the_replaced_chain_gave_and_gives_is_taken_away_first() {
    let other = |end| of_chain("u1", ending(day(end), paid("u1", 0)));
    let told = |end, product| {
        let mut story = started();
        story.report(day(0), &other(end));
        let next = ending(day(375), of_product(product, paid("t2", 10)));
        story.report(day(10), &next)[2..].to_vec()
    };
    assert_eq!(told(20, "yearly"), ["-premium", "+premium"]);
    // The other chain gives it still, or gave it before.
    assert_eq!(told(20, "gold"), ["+gold", "+premium"]);
    assert_eq!(told(60, "yearly"), ["+premium"]);
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
fn a_level_that_a_change_of_the_product_ends_stays_in_the_list_before_an_older_grant_of_it() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, Some(day(1)));
    story.report(day(10), &paid("t1", 10));
    let told = story.report(day(12), &of_product("gold", paid("t2", 12)));
    assert_eq!(told[2..], ["-premium", "+gold"]);
    let premium = story.level(A, "premium", day(12)).unwrap();
    assert_eq!(
        (premium.expires_at, premium.transaction_id.as_str()),
        (Some(day(12)), "t1")
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
fn what_moves_to_another_chain_gives_there_what_its_product_gives_now() {
    let gold = of_product("gold", paid("t1", 0));
    let moved = of_chain("u1", gold.clone());
    let mut story = Story::default();
    story.report(day(0), &gold);
    story.unknown = Some(("gold", None));
    story.report(day(1), &moved);
    assert!(!story.has(A, "gold", day(1)));
    // It comes back into the catalogue.
    story.unknown = None;
    assert_eq!(story.report(day(2), &moved), ["+gold"]);
}
