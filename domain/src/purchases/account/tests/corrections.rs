//! Transactions whose date, product or chain was reported wrongly and is corrected.

use super::*;

/// The same a month and a day before.
fn in_december(transaction: Transaction) -> Transaction {
    Transaction {
        purchased_at: day(-31),
        expires_at: Some(day(-1)),
        ..transaction
    }
}

#[test]
fn an_end_that_a_store_has_told_of_stays_when_its_transaction_is_shown_again() {
    let mut story = Story::default();
    story.report(day(0), &paid("t1", 0));
    let deferred = Command::Defer {
        at: day(4),
        until: day(50),
    };
    story.tell(day(4), deferred);
    story.report(day(5), &paid("t2", 5));
    let older = in_december(paid("t2", 5));
    story.report(day(6), &older);
    let shown = story.parties[A].clone();
    let latest = &shown.holdings.chains[0].latest;
    assert_eq!((&*latest.id, latest.expires_at), ("t1", Some(day(50))));
    assert!(story.report(day(6), &older).is_empty());
    assert_eq!(story.parties[A], shown, "nothing is new");
}

#[test]
fn a_chain_whose_latest_transaction_turns_out_to_be_older_shows_the_other_as_it_was_reported() {
    let sandbox = Transaction {
        environment: Environment::Sandbox,
        ..paid("t2", 5)
    };
    let failed = Transaction {
        expires_at: Some(day(30)),
        ..failed(day(-2), None, paid("t2", 5))
    };
    let mistaken = [
        cancelled(day(6), refunded(day(7), paid("t2", 5))),
        sandbox,
        of_product("weekly", paid("t2", 5)),
        failed,
    ];
    for (store, second) in [
        ("app_store", 0),
        ("app_store", 1),
        ("app_store", 2),
        ("stripe", 3),
    ] {
        let of_store = |transaction: Transaction| Transaction {
            store: store.into(),
            ..transaction
        };
        let first = of_store(paid("t1", 0));
        let mut second = of_store(mistaken[second].clone());
        let mut alone = Story::default();
        alone.report(day(0), &first);
        let mut story = Story::default();
        story.report(day(0), &first);
        story.report(day(10), &second);
        second = in_december(second);
        second.refunded_at = second.refunded_at.map(|_| day(-20));
        story.report(day(10), &second);
        let shown = |story: &Story| {
            let chain = &story.parties[A].holdings.chains[0];
            let entry = AccessLevel {
                activated_at: 0,
                ..chain.entry()
            };
            (entry, chain.access_ends_at(), chain.closed)
        };
        assert_eq!(shown(&story), shown(&alone));
    }
}

/// Silver of `t1` runs when gold of `t2` takes its place.
fn changed_at_once(first: Transaction) -> (Story, Transaction) {
    let mut story = Story::default();
    story.report(day(0), &of_product("silver", first));
    let gold = of_product("gold", ending(day(35), paid("t2", 4)));
    story.report(day(9), &gold);
    assert!(!story.has(A, "silver", day(9)) && story.has(A, "gold", day(9)));
    (story, gold)
}

#[track_caller]
fn assert_ends(story: &Story, level: &str, now: i64, end: i64) {
    let shown = story.level(A, level, now).expect("a level");
    assert_eq!(shown.expires_at, Some(end), "{level}");
}

#[test]
fn what_another_product_has_cut_short_goes_on_when_that_leaves_the_chain() {
    let (mut story, gold) = changed_at_once(paid("t1", 0));
    story.report(day(9), &of_chain("t2", gold));
    assert_ends(&story, "silver", day(9), day(30));
    assert_ends(&story, "gold", day(9), day(35));
    // One level; the other product's period has ended meanwhile.
    let year = ending(day(365), paid("t1", 0));
    let mut story = Story::default();
    story.report(day(0), &year);
    let weekly = of_product("weekly", ending(day(11), paid("t2", 4)));
    story.report(day(9), &weekly);
    story.tick(day(40));
    assert!(!story.has(A, "premium", day(40)));
    assert_eq!(
        story.report(day(41), &of_chain("t2", weekly.clone())),
        ["+premium"]
    );
    assert_ends(&story, "premium", day(41), day(365));
    let level = story.level(A, "premium", day(41)).unwrap();
    assert_eq!(level.activated_at, day(41), "it was over");
    assert_eq!(story.tick(day(364)), NOTHING);
    assert_eq!(story.tick(day(367)), ["subscription_expired", "-premium"]);
    // A further one of the other product is there.
    let mut story = Story::default();
    story.report(day(0), &year);
    story.report(day(9), &weekly);
    story.report(day(9), &of_product("weekly", ending(day(18), paid("t3", 11))));
    story.report(day(9), &of_chain("t2", weekly));
    assert_ends(&story, "premium", day(12), day(18));
}

#[test]
fn what_another_product_has_cut_short_goes_on_when_that_turns_out_to_be_older() {
    let (mut story, gold) = changed_at_once(paid("t1", 0));
    story.report(day(9), &in_december(gold));
    assert!(story.has(A, "silver", day(9)) && !story.has(A, "gold", day(9)));
    assert_ends(&story, "silver", day(9), day(30));
    // It reaches into the other: now it is the one that is cut.
    let (mut story, gold) = changed_at_once(paid("t1", 0));
    let older = Transaction {
        purchased_at: day(-20),
        ..gold
    };
    story.report(day(9), &older);
    assert_ends(&story, "silver", day(9), day(30));
    // It was paid back, and that was the end.
    let (mut story, gold) = changed_at_once(paid("t1", 0));
    story.report(day(9), &refunded(day(9), gold.clone()));
    story.tick(day(9));
    story.report(day(10), &refunded(day(-20), in_december(gold)));
    assert_ends(&story, "silver", day(10), day(30));
    assert_eq!(story.parties[A].holdings.chains[0].closed, None);
}

#[test]
fn what_another_product_has_cut_short_goes_on_until_the_corrected_date_of_that() {
    let (mut story, gold) = changed_at_once(paid("t1", 0));
    let at = |from: i64| Transaction {
        purchased_at: day(from),
        expires_at: Some(day(from + 31)),
        ..gold.clone()
    };
    story.report(day(9), &at(30));
    assert_ends(&story, "silver", day(9), day(30));
    assert!(!story.has(A, "gold", day(9)));
    assert_eq!(story.tick(day(30)), ["-silver", "+gold"]);
    assert_ends(&story, "gold", day(30), day(61));
    let (mut story, _) = changed_at_once(paid("t1", 0));
    story.report(day(9), &at(7));
    let first = story.parties[A].holdings.chains[0].periods[1].clone();
    assert_eq!((first.transaction_id.as_str(), first.end()), ("t1", Some(day(7))));
}

#[test]
fn what_another_product_has_cut_short_goes_on_until_the_first_that_takes_its_place() {
    let year = ending(day(365), paid("t1", 0));
    let (mut story, gold) = changed_at_once(year.clone());
    story.report(day(35), &of_product("gold", paid("t3", 35)));
    let end_of_first = |story: &Story| {
        let periods = &story.parties[A].holdings.chains[0].periods;
        let first = periods.iter().find(|period| period.transaction_id == "t1");
        first.unwrap().end()
    };
    // It was of a third product.
    story.report(day(36), &of_product("yearly", year));
    assert_eq!(end_of_first(&story), Some(day(4)));
    let later = Transaction {
        purchased_at: day(7),
        ..gold
    };
    story.report(day(36), &later);
    assert_eq!(end_of_first(&story), Some(day(7)));
}

#[test]
fn what_another_product_has_cut_short_goes_on_when_it_was_of_that_product_and_that_begins_elsewhere() {
    let (mut story, gold) = changed_at_once(paid("t1", 0));
    story.report(day(9), &of_product("gold", paid("t1", 0)));
    let later = Transaction {
        purchased_at: day(5),
        ..gold
    };
    story.report(day(9), &later);
    let first = &story.parties[A].holdings.chains[0].periods[1];
    assert_eq!(
        (first.transaction_id.as_str(), first.end()),
        ("t1", Some(day(30)))
    );
}

#[test]
fn what_another_product_has_cut_short_goes_on_when_it_turns_out_to_be_the_newest() {
    let (mut story, _) = changed_at_once(paid("t1", 0));
    let newest = ending(day(38), of_product("silver", paid("t1", 8)));
    story.report(day(9), &newest);
    assert!(story.has(A, "silver", day(9)));
    assert_ends(&story, "silver", day(9), day(38));
}

#[test]
fn what_another_product_has_cut_short_goes_on_when_it_was_the_same_product() {
    let (mut story, gold) = changed_at_once(ending(day(365), paid("t1", 0)));
    story.report(day(9), &of_product("silver", gold.clone()));
    assert_ends(&story, "silver", day(9), day(365));
    assert!(!story.has(A, "gold", day(9)));
    story.report(day(9), &gold);
    assert_ends(&story, "gold", day(9), day(35));
}

#[test]
fn what_a_store_has_ended_stays_so_whatever_leaves_the_chain() {
    let mut story = Story::default();
    story.report(day(0), &of_product("silver", paid("t1", 0)));
    story.report(day(9), &because(Upgraded, of_product("silver", paid("t1", 0))));
    let gold = of_product("gold", ending(day(39), paid("t2", 9)));
    story.report(day(9), &gold);
    story.report(day(10), &of_chain("t2", gold));
    assert!(!story.has(A, "silver", day(10)));
}

#[test]
fn a_transaction_that_was_bought_on_another_day_counts_by_the_rate_of_that_day() {
    let bought = |at: i64| Transaction {
        purchased_at: at,
        ..priced(100, bought_once("o1", 0))
    };
    let mut story = Story::default();
    story.report(day(9), &bought(day(0)));
    story.usd_rate = Some(Decimal::TWO);
    story.report(day(9), &bought(day(1) - 1));
    assert_eq!(story.revenue(A), usd(100), "the same day");
    story.report(day(9), &bought(day(1)));
    assert_eq!(story.revenue(A), usd(200));
}

#[test]
fn a_chain_whose_latest_transaction_moves_away_shows_the_one_before_as_it_was_reported() {
    let first = Transaction {
        offer: Some(Offer {
            category: "introductory".into(),
            kind: OfferKind::PayAsYouGo,
            id: None,
        }),
        ..cancelled(day(5), priced(499, paid("t1", 0)))
    };
    let second = of_product("weekly", paid("t2", 30));
    for caller in [A, B] {
        let mut story = Story::default();
        story.report(day(5), &first);
        story.report(day(30), &second);
        story.report_by(caller, day(31), &of_chain("u1", second.clone()));
        let shown = story.parties[A].holdings.chains[0].entry();
        assert_eq!(
            (shown.product_id.as_str(), shown.renewal_cancelled_at),
            ("monthly", Some(day(5)))
        );
        assert_eq!(shown.offer, first.offer);
        assert_eq!(story.parties[A].holdings.chains[0].latest.price, first.price);
    }
}
