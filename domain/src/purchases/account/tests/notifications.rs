//! What only a store's notifications say: announced products and refunds of a part.

use super::*;

fn announced(product_id: Option<&str>) -> Command {
    Command::AnnounceProduct {
        product_id: product_id.map(str::to_owned),
    }
}

#[test]
fn an_announced_product_switches_renewing_of_the_old_one_off_until_it_is_withdrawn_or_comes() {
    let mut story = started();
    assert_eq!(story.tell(day(5), announced(Some("weekly"))), ["+premium"]);
    assert!(!story.level(A, "premium", day(5)).unwrap().will_renew);
    assert_eq!(story.tell(day(5), announced(Some("weekly"))), NOTHING);
    assert_eq!(story.report(day(6), &paid("t1", 0)), NOTHING);
    assert_eq!(story.tell(day(7), announced(None)), ["+premium"]);
    assert!(story.level(A, "premium", day(7)).unwrap().will_renew);
    // A15
    story.tell(day(8), announced(Some("weekly")));
    let told = story.report(day(30), &of_product("weekly", paid("t2", 30)));
    assert_eq!(told, ["subscription_expired", "subscription_started", "+premium"]);
    assert!(story.level(A, "premium", day(30)).unwrap().will_renew);
}

#[test]
fn a_refund_of_a_part_takes_that_part_of_the_revenue() {
    let quarter = Decimal::new(25, 2);
    let refund = |story: &Story, keeps_access| Command::RefundShare {
        transaction: Box::new(story.stored[0].clone()),
        at: day(4),
        share: quarter,
        keeps_access,
    };
    let mut story = Story::default();
    story.report(day(0), &priced(1_000, paid("t1", 0)));
    let command = refund(&story, true);
    assert_eq!(story.tell(day(4), command), ["subscription_refunded"]);
    assert_eq!(story.revenue(A), usd(750));
    assert!(story.has(A, "premium", day(5)));
    // All of it is paid back after all.
    story.report(day(6), &refunded(day(6), priced(1_000, paid("t1", 0))));
    assert_eq!(story.revenue(A), Decimal::ZERO);

    let mut story = Story::default();
    story.report(day(0), &priced(1_000, paid("t1", 0)));
    let command = refund(&story, false);
    assert_eq!(story.tell(day(4), command), ["subscription_refunded", "-premium"]);
    let level = story.level(A, "premium", day(4)).unwrap();
    assert_eq!(level.cancellation_reason, Some(Refund));
    assert_eq!(story.parties[A].holdings.chains[0].latest, story.stored[0]);
    assert_eq!(story.revenue(A), usd(750));
    assert_eq!(story.tick(day(99)), NOTHING);
    // It is withdrawn.
    let mut story = Story::default();
    story.report(day(0), &priced(1_000, paid("t1", 0)));
    let command = refund(&story, false);
    story.tell(day(4), command);
    assert_eq!(story.report(day(5), &priced(1_000, paid("t1", 0))), ["+premium"]);
    assert_eq!(story.revenue(A), usd(1_000));
    // It is a part of an older one.
    let mut story = started();
    let command = refund(&story, false);
    story.report(day(30), &paid("t2", 30));
    assert_eq!(story.tell(day(31), command), ["subscription_refunded"]);
    assert_eq!(story.level(A, "premium", day(31)).unwrap().transaction_id, "t2");
}

#[test]
fn who_shares_a_chain_follows_what_the_store_says_of_it() {
    let mut story = shared();
    let deferred = Command::Defer {
        at: day(2),
        until: day(40),
    };
    let told = story.tell(day(2), deferred);
    assert_eq!(told, ["subscription_deferred", "+premium", "b +premium"]);
    assert!(story.has(B, "premium", day(39)));
}
