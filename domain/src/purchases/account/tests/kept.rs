//! What is stored of a transaction stays as it was first told, and is read as it was written.

use super::*;

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
