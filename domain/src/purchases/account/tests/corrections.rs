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
        failed,
    ];
    for (store, second) in [("app_store", 0), ("app_store", 1), ("stripe", 2)] {
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
