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
