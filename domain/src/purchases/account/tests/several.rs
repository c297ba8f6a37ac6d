//! Profiles that have or share several things: what happens to one of them leaves the others alone.

use super::*;
use crate::purchases::holdings::Key;

fn gold(id: &str) -> Transaction {
    of_chain(id, of_product("gold", paid(id, 0)))
}

#[test]
fn f9_a_transfer_moves_one_chain_and_leaves_what_else_is_shared_and_revoked() {
    let mut story = started();
    story.report(day(0), &gold("u1"));
    story.report_by(B, day(1), &gold("u1"));
    story.report_by(B, day(1), &paid("t1", 0));
    story.try_revoke(B, day(2), "gold", None).unwrap();
    story.sharing = Sharing::Transfer;
    story.report_by(B, day(3), &paid("t1", 0));
    assert!(story.has(B, "premium", day(3)) && !story.has(B, "gold", day(3)));
    let shared = &story.parties[B].holdings.shared;
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0].key, Key::of(&gold("u1")));
}

#[test]
fn f8_of_several_one_time_purchases_the_one_that_is_told_is_shared() {
    let other = of_product("gold", bought_once("o2", 0));
    let mut story = Story::default();
    story.report(day(0), &bought_once("o1", 0));
    story.report(day(0), &other);
    assert_eq!(story.report_by(B, day(1), &other), ["b +gold"]);
}

#[test]
fn f13_of_several_one_time_purchases_each_is_shared_as_what_it_was_bought_as() {
    let test = Transaction {
        environment: Environment::Sandbox,
        ..bought_once("o2", 0)
    };
    for (bought, is_shared) in [(bought_once("o1", 0), false), (test.clone(), true)] {
        let mut story = Story {
            sharing: Sharing::Disabled,
            sandbox_sharing: Some(Sharing::Enabled),
            ..Story::default()
        };
        story.report(day(0), &bought_once("o1", 0));
        story.report(day(0), &test);
        story.report_by(B, day(1), &bought);
        assert_eq!(story.has(B, "premium", day(1)), is_shared);
        // Whatever it is reported as then.
        let as_production = Transaction {
            environment: Environment::Production,
            ..bought
        };
        story.report_by(B, day(2), &as_production);
        assert_eq!(story.has(B, "premium", day(2)), is_shared);
    }
}

#[test]
fn a_one_time_purchase_that_moves_leaves_others_alone_whoever_tells_it() {
    for caller in [A, B] {
        let mut story = Story::default();
        story.report(day(0), &bought_once("o1", 0));
        story.report(day(0), &bought_once("o2", 0));
        story.report_by(caller, day(1), &of_chain("x", bought_once("o2", 0)));
        assert!(story.parties[A].holdings.owns(&Key::of(&bought_once("o1", 0))));
        let of_both = story.revenue(A) + story.revenue(B);
        assert_eq!(of_both, usd(2 * 999));
        assert_eq!(story.revenue(A) == of_both, caller == A);
    }
}

#[test]
fn a22_a_further_period_that_was_the_familys_and_is_paid_for_after_all_renews() {
    let mut story = started();
    story.report(day(30), &of_family(paid("t2", 30)));
    let told = story.report(day(30) + HOUR, &paid("t2", 30));
    assert_eq!(told[0], "subscription_renewed");
}

#[test]
fn f14_who_takes_over_a_chain_tells_its_end_to_all_and_of_a_share_the_first_date_comes_first() {
    let mut story = shared();
    story.report_by(ANON, day(1), &paid("t1", 0));
    story.delete(A);
    story.report_by(B, day(2), &paid("t1", 0));
    let due = |story: &Story, who: usize, now| story.parties[who].holdings.next_due(story.context(now));
    assert_eq!(due(&story, ANON, day(2)), None);
    let mut story = shared();
    story.try_revoke(B, day(3), "premium", Some(day(28))).unwrap();
    story.report(day(24), &paid("t2", 25));
    story.delete(A);
    assert_eq!(due(&story, B, day(24)), Some(day(25)));
    story.tick(day(25));
    assert_eq!(due(&story, B, day(25)), Some(day(55)));
    assert_eq!(story.tick(day(55)), ["b -premium"]);
}

#[test]
fn a_profile_holds_what_it_owns_or_shares_and_has_no_chain_twice() {
    let mut story = shared();
    story.report(day(1), &gold("u1"));
    let key = |id: &str| Key::of(&gold(id));
    for (who, id, holds) in [
        (A, "t1", true),
        (B, "t1", true),
        (A, "u1", true),
        (B, "u1", false),
        (A, "x", false),
    ] {
        let holdings = &story.parties[who].holdings;
        assert_eq!(holdings.holds(&key(id)), holds, "{who} {id}");
        assert_eq!(holdings.holds_any(&key(id)), holds, "{who} {id}");
    }
    let holdings = &mut story.parties[A].holdings;
    assert_eq!(holdings.problem(), None);
    let again = holdings.chains[1].clone();
    holdings.chains.push(again);
    let problem = holdings.problem().expect("it has one twice");
    assert!(problem.contains("twice"), "{problem}");
}

/// A owns one chain and B another, which end on these days; each shares the other's.
fn crossed(end_of_a: i64, end_of_b: i64, will_renew: bool) -> Story {
    let told = |id: &str, end| Transaction {
        will_renew,
        ..of_chain(id, ending(day(end), paid(id, 0)))
    };
    let mut story = Story::default();
    story.report(day(0), &told("t1", end_of_a));
    story.report_by(B, day(0), &told("u1", end_of_b));
    story.report_by(B, day(0), &told("t1", end_of_a));
    story.report(day(0), &told("u1", end_of_b));
    story
}

#[test]
fn c5_of_chains_that_ended_together_the_last_that_is_handled_tells_the_end_of_access_once() {
    for will_renew in [true, false] {
        for (end_of_a, end_of_b) in [(10, 20), (20, 10), (10, 10)] {
            let mut story = crossed(end_of_a, end_of_b, will_renew);
            let expected = ["subscription_expired", "b subscription_expired"];
            assert_eq!(story.tick(day(40))[..2], expected, "{end_of_a} {end_of_b}");
            let mut story = crossed(end_of_a, end_of_b, will_renew);
            let mut levels = story.tick(day(40))[2..].to_vec();
            levels.sort();
            assert_eq!(levels, ["-premium", "b -premium"], "{end_of_a} {end_of_b}");
            assert_eq!(story.tick(day(99)), NOTHING);
            let level = story.level(A, "premium", day(40)).unwrap();
            assert_eq!(level.expires_at, Some(day(end_of_a.max(end_of_b))));
        }
    }
    // A report is before what else is due.
    let mut story = crossed(10, 20, true);
    let told = story.report(day(40), &of_chain("t1", ending(day(9), paid("t1", 0))));
    assert_eq!(told, ["subscription_expired"]);
    assert_eq!(
        story.tick(day(40)),
        ["b subscription_expired", "b -premium", "-premium"]
    );
    // What goes on is told at once.
    let mut story = crossed(10, 50, true);
    story.timers.subscription_active = timers(&[20]);
    assert_eq!(
        story.tick(day(40)),
        ["subscription_expired", "b subscription_active"]
    );
}

#[test]
fn a22_what_the_family_has_under_the_payers_id_is_not_due_with_the_payers() {
    let mut story = started();
    story.report_by(B, day(0), &of_family(ending(day(20), paid("t1", 0))));
    let told = story.tick(day(40));
    assert_eq!(told, ["subscription_expired", "-premium", "b -premium"]);
    let mut story = Story::default();
    story.report(day(0), &of_family(ending(day(20), paid("t1", 0))));
    story.report_by(B, day(0), &paid("t1", 0));
    let told = story.tick(day(40));
    assert_eq!(told, ["-premium", "b subscription_expired", "b -premium"]);
    assert_eq!(story.tick(day(99)), NOTHING);
}

#[test]
fn f14_when_a_profile_is_deleted_what_others_share_of_someone_else_ends_with_its_owner() {
    let mut story = shared();
    let gold = ending(day(60), gold("u1"));
    story.report_by(ANON, day(0), &gold);
    story.report_by(B, day(1), &gold);
    story.delete(ANON);
    let due = |story: &Story| story.parties[B].holdings.next_due(story.context(day(1)));
    assert_eq!(due(&story), Some(day(60)), "the end of gold alone");
    assert_eq!(story.tick(day(60)).last().map(String::as_str), Some("b -gold"));
}

#[test]
fn a22_what_the_family_has_moves_to_the_chain_under_which_another_of_it_tells_it() {
    let copy = |chain: &str| of_chain(chain, of_family(paid("f1", 0)));
    let mut story = Story::default();
    story.report(day(0), &copy("c1"));
    let told = story.report_by(B, day(1), &copy("c2"));
    assert_eq!(told, ["-premium", "b +premium"]);
    assert_eq!(story.stored[0].original_id, "c2");
}

#[test]
fn f5_what_was_revoked_stays_as_it_ended_when_it_is_revoked_again() {
    for bought in [paid("t1", 0), bought_once("o1", 0)] {
        let mut story = Story::default();
        story.report(day(0), &bought);
        story.report_by(B, day(0), &bought);
        for who in [A, B] {
            story.try_revoke(who, day(3), "premium", None).unwrap();
            let again = story.try_revoke(who, day(4), "premium", None).unwrap();
            assert_eq!(again, [], "{who}");
            let level = story.level(who, "premium", day(4)).unwrap();
            assert_eq!(level.expires_at, Some(day(3)), "{who}");
        }
    }
}

#[test]
fn a22_what_the_family_has_is_told_though_the_payers_chain_under_that_id_is_due() {
    let copy = of_family(ending(day(40), paid("t1", 0)));
    let mut story = started();
    story.report_by(B, day(0), &copy);
    let told = story.report_by(B, day(31), &refunded(day(31), copy));
    assert_eq!(told, ["b -premium"]);
}
