//! Table F, F1 to F7: access that is granted and revoked through our API.

use super::*;

#[test]
fn f1_a_grant_gives_access() {
    let mut story = Story::default();
    assert_eq!(story.grant(day(0), "premium", None, None), ["+premium"]);
    assert_eq!(story.revenue(A), Decimal::ZERO);
}

#[test]
fn f2_a_grant_for_later_is_told_now_and_not_when_it_begins() {
    let mut story = Story::default();
    assert_eq!(
        story.grant(day(0), "premium", Some(day(5)), Some(day(9))),
        ["-premium"]
    );
    assert_eq!(story.level(A, "premium", day(0)).unwrap().activated_at, day(5));
    assert_eq!(story.tick(day(6)), NOTHING);
    assert!(story.has(A, "premium", day(6)));
}

#[test]
fn f2_a_grant_that_will_begin_earlier_is_a_change() {
    let mut story = Story::default();
    story.grant(day(0), "premium", Some(day(9)), Some(day(20)));
    assert_eq!(
        story.grant(day(1), "premium", Some(day(5)), Some(day(20))),
        ["-premium"]
    );
}

#[test]
fn f3_a_second_grant_extends_and_never_shortens() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, Some(day(9)));
    assert_eq!(story.grant(day(1), "premium", None, Some(day(20))), ["+premium"]);
    assert_eq!(story.grant(day(2), "premium", None, Some(day(5))), NOTHING);
    assert!(story.has(A, "premium", day(19)));
}

#[test]
fn f3_a_grant_that_is_over_itself_never_shortens_what_has_ended() {
    let mut story = Story::default();
    story.grant(day(20), "premium", Some(day(10)), Some(day(19)));
    let told = story.grant(day(20), "premium", Some(day(0)), Some(day(15)));
    assert_eq!(told, NOTHING);
    let ended = story.level(A, "premium", day(20)).unwrap();
    assert_eq!(ended.expires_at, Some(day(19)));
    story.grant(day(20), "premium", Some(day(0)), Some(day(20)));
    let ended = story.level(A, "premium", day(20)).unwrap();
    assert_eq!(ended.expires_at, Some(day(20)));
    assert_eq!(story.parties[A].holdings.grants.len(), 1);
}

#[test]
fn f3_a_grant_that_is_over_itself_leaves_what_runs_alone() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, Some(day(40)));
    story.grant(day(0), "gold", None, None);
    assert_eq!(
        story.grant(day(20), "premium", Some(day(0)), Some(day(15))),
        NOTHING
    );
    assert!(story.has(A, "premium", day(39)) && story.has(A, "gold", day(39)));
}

#[test]
fn f4_a_grant_that_runs_out_makes_nothing() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, Some(day(9)));
    assert_eq!(story.tick(day(10)), NOTHING);
    assert!(!story.has(A, "premium", day(10)));
    // A later change of another level does not tell it either.
    assert_eq!(story.grant(day(11), "gold", None, None), ["+gold"]);
}

#[test]
fn f5_a_revocation_ends_access_now() {
    let mut story = Story::default();
    for starts_at in [Some(day(1)), None] {
        story = Story::default();
        story.grant(day(0), "premium", starts_at, None);
        assert_eq!(story.revoke(day(3), "premium", None), ["-premium"]);
        let level = story.level(A, "premium", day(3)).unwrap();
        assert_eq!(
            (level.expires_at, level.cancellation_reason),
            (Some(day(3)), Some(AdaptyRevoked))
        );
        assert_eq!(level.renewal_cancelled_at, Some(day(3)));
    }
    assert_eq!(
        story.revoke(day(4), "premium", None),
        NOTHING,
        "it has ended already"
    );
    assert_eq!(story.grant(day(5), "premium", None, None), ["+premium"]);
}

#[test]
fn f5_a_revocation_of_what_has_not_begun_ends_it_where_it_would_begin() {
    let mut story = Story::default();
    story.grant(day(0), "premium", Some(day(5)), None);
    assert_eq!(story.revoke(day(1), "premium", None), ["-premium"]);
    assert_eq!(
        story.level(A, "premium", day(1)).unwrap().expires_at,
        Some(day(5))
    );
    assert!(!story.has(A, "premium", day(6)));
}

#[test]
fn f5_a_grant_that_was_revoked_before_it_began_is_not_shown_as_one_that_is_to_come() {
    for at in [None, Some(day(3))] {
        let mut story = Story::default();
        story.grant(day(0), "premium", Some(day(5)), Some(day(9)));
        story.revoke(day(1), "premium", at);
        // The one that is to come is shown, though it begins later.
        story.grant(day(2), "premium", Some(day(7)), Some(day(20)));
        let shown = story.level(A, "premium", day(2)).unwrap();
        assert_eq!((shown.starts_at, shown.expires_at), (Some(day(7)), Some(day(20))));
        assert!(!story.has(A, "premium", day(6)));
        assert!(story.has(A, "premium", day(7)));
    }
}

#[test]
fn f5_a_revocation_is_refused_where_it_cannot_be() {
    let mut story = Story::default();
    let code = |answer: Result<Drafts, Violation>| answer.map_err(|violation| violation.code);
    let never = story.try_revoke(A, day(0), "premium", None);
    assert_eq!(code(never), Err("profile_paid_access_level_does_not_exist"));
    story.grant(day(0), "premium", None, Some(day(9)));
    assert_eq!(
        code(story.try_revoke(A, day(1), "premium", Some(day(1)))),
        Err("value_error")
    );
    let late = story.try_revoke(A, day(1), "premium", Some(day(9) + 1));
    assert_eq!(code(late), Err("revocation_date_more_than_expiration_date"));
}

#[test]
fn f5_a_revocation_of_one_level_leaves_that_of_another_as_it_was() {
    for bought in [paid("t1", 0), bought_once("o1", 0)] {
        let mut story = Story::default();
        story.report(day(0), &bought);
        story.report_by(B, day(0), &bought);
        story.grant(day(0), "gold", None, None);
        story.grant_to(B, day(0), "gold", None, None);
        for level in ["premium", "gold"] {
            story.revoke(day(3), level, None);
            story.try_revoke(B, day(3), level, None).unwrap();
        }
        for who in [A, B] {
            assert!(!story.has(who, "premium", day(3)), "{who}");
            assert!(!story.has(who, "gold", day(3)), "{who}");
        }
    }
}

#[test]
fn f5_a_revocation_holds_while_the_same_period_is_reported() {
    for sharing in [Sharing::Enabled, Sharing::Transfer, Sharing::Disabled] {
        let mut story = shared();
        story.sharing = sharing;
        story.revoke(day(2), "premium", None);
        story.try_revoke(B, day(2), "premium", None).unwrap();
        assert_eq!(story.report(day(3), &paid("t1", 0)), NOTHING);
        story.report(day(4), &cancelled(day(4), paid("t1", 0)));
        assert!(!story.has(A, "premium", day(4)) && !story.has(B, "premium", day(4)));
    }
    // Who shares it may report it, too.
    let mut story = shared();
    story.try_revoke(B, day(2), "premium", None).unwrap();
    assert_eq!(story.report_by(B, day(3), &paid("t1", 0)), NOTHING);
    assert!(!story.has(B, "premium", day(3)));
}

#[test]
fn f6_a_revocation_for_later_is_told_now_and_not_then() {
    let mut story = started();
    assert_eq!(story.revoke(day(3), "premium", Some(day(8))), ["+premium"]);
    let level = story.level(A, "premium", day(3)).unwrap();
    assert_eq!(
        (level.expires_at, level.renewal_cancelled_at),
        (Some(day(8)), Some(day(3)))
    );
    assert_eq!(story.tick(day(9)), NOTHING);
    assert!(!story.has(A, "premium", day(9)));
    // Where it ends anyway, nothing is taken away.
    let mut story = started();
    assert_eq!(story.revoke(day(3), "premium", Some(day(30))), NOTHING);
}

#[test]
fn f6_access_for_ever_can_be_revoked_for_later_and_other_access_until_its_end() {
    let mut story = Story::default();
    story.grant(day(0), "premium", None, None);
    assert_eq!(story.revoke(day(1), "premium", Some(day(9))), ["+premium"]);
    assert!(story.has(A, "premium", day(9) - 1) && !story.has(A, "premium", day(9)));
    assert_eq!(story.revoke(day(2), "premium", Some(day(9))), NOTHING);
}

#[test]
fn f6_a_revocation_that_lies_ahead_prolongs_nothing() {
    for back_at in [day(10), day(20)] {
        let mut story = started();
        story.revoke(day(3), "premium", Some(day(20)));
        story.report(day(10), &refunded(back_at, paid("t1", 0)));
        let level = story.level(A, "premium", day(10)).unwrap();
        assert_eq!(
            (level.expires_at, level.cancellation_reason),
            (Some(back_at), Some(Refund))
        );
    }
}

#[test]
fn f7_a_revoked_chain_keeps_its_own_dates() {
    let mut story = started();
    assert_eq!(story.revoke(day(3), "premium", None), ["-premium"]);
    assert_eq!(
        story.report(day(30), &paid("t2", 30)),
        ["subscription_renewed", "+premium"]
    );
    let mut story = started();
    story.report(day(1), &cancelled(day(1), paid("t1", 0)));
    story.revoke(day(3), "premium", None);
    assert_eq!(story.tick(day(30)), ["subscription_expired"]);
    // So do a one-time purchase and what is shared.
    let mut story = shared();
    story.report(day(1), &bought_once("o1", 0));
    assert_eq!(story.revoke(day(3), "premium", None), ["-premium"]);
    assert!(story.has(B, "premium", day(3)), "taken from one profile");
    story.try_revoke(B, day(4), "premium", None).unwrap();
    assert!(!story.has(B, "premium", day(4)));
    assert_eq!(
        story.report(day(30), &paid("t2", 30)),
        ["subscription_renewed", "+premium", "b +premium"]
    );
}

#[test]
fn f7_a_renewal_that_is_reported_ahead_lifts_a_revocation_that_lies_ahead_when_it_begins() {
    let next = paid("t2", 30);
    let at = day(30) - HOUR;
    let mut story = shared();
    story.revoke(day(3), "premium", Some(at));
    story.try_revoke(B, day(3), "premium", Some(at)).unwrap();
    let told = story.report(day(29), &next);
    assert_eq!(told[0], "subscription_renewed");
    for who in [A, B] {
        assert_eq!(story.level(who, "premium", day(29)).unwrap().expires_at, Some(at));
    }
    assert_eq!(story.report(day(29), &next), NOTHING);
    assert_eq!(story.tick(day(30) - 1), NOTHING);
    assert_eq!(story.tick(day(30)), ["+premium", "b +premium"]);
    for who in [A, B] {
        assert!(story.has(who, "premium", day(59)));
    }
    assert_eq!(story.tick(day(60)), ["-premium", "b -premium"]);
    // Of several renewals the first one does.
    let mut story = started();
    story.revoke(day(3), "premium", Some(at));
    story.report(day(29), &next);
    story.report(day(29), &paid("t3", 60));
    assert_eq!(story.tick(day(30)), ["+premium"]);
    // What was taken away already is opened at once, and what lies ahead by a renewal that has begun.
    for (revoked_at, next) in [
        (day(4), paid("t2", 30)),
        (day(29), paid("t2", 30)),
        (at, paid("t2", 29)),
    ] {
        let mut story = shared();
        story.revoke(day(3), "premium", Some(revoked_at));
        story.try_revoke(B, day(3), "premium", Some(revoked_at)).unwrap();
        story.report(day(29), &next);
        for who in [A, B] {
            let access = story.level(who, "premium", day(29)).unwrap();
            assert_eq!(access.expires_at, next.expires_at);
        }
    }
    // A revocation that is said after the renewal was reported takes that one too.
    let mut story = started();
    story.revoke(day(3), "premium", Some(day(30) - HOUR));
    story.report(day(29), &next);
    story.revoke(day(29) + 1, "premium", None);
    assert_eq!(story.tick(day(59)), NOTHING);
    assert!(!story.has(A, "premium", day(59)));
}

#[test]
fn f7_the_period_that_opens_what_was_revoked_activates_it_anew() {
    let mut story = started();
    for told_at in [day(20), day(21)] {
        story = started();
        story.revoke(day(20), "premium", None);
        story.report(told_at, &ending(day(51), paid("t2", 20)));
        assert_eq!(story.level(A, "premium", told_at).unwrap().activated_at, day(20));
    }
    // One that lies ahead counts from when it begins.
    story.revoke(day(22), "premium", Some(day(40)));
    story.report(day(23), &paid("t3", 50));
    assert_eq!(story.level(A, "premium", day(49)).unwrap().activated_at, day(20));
    story.tick(day(50));
    assert_eq!(story.level(A, "premium", day(50)).unwrap().activated_at, day(50));
    // Where it begins before access would have ended, or just then, access goes on.
    for (revoked_at, activated_at) in [(24, 25), (25, 0), (28, 0)] {
        let mut story = started();
        story.revoke(day(3), "premium", Some(day(revoked_at)));
        story.report(day(23), &paid("t2", 25));
        story.tick(day(25));
        let level = story.level(A, "premium", day(25)).unwrap();
        assert_eq!(level.activated_at, day(activated_at), "{revoked_at}");
    }
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
        let starts_at = (n % 2 == 0).then_some(day(n));
        story.grant(day(n), "premium", starts_at, Some(day(n + 30)));
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
