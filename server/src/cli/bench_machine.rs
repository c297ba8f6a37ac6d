//! `bursar bench-machine`: the pure rules alone, for `cargo xtask bench`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bursar_domain::app::AppSettings;
use bursar_domain::events::payload::{self, PayloadOptions};
use bursar_domain::events::{Fact, Recipient, event_id};
use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::json::Object;
use bursar_domain::money::Money;
use bursar_domain::profile::{Details, Profile};
use bursar_domain::purchases::body;
use bursar_domain::purchases::chain::Chain;
use bursar_domain::purchases::machine::{self, Command, Context, Timers, Waits};
use bursar_domain::purchases::transaction::Transaction;
use bursar_domain::time::DAY;
use uuid::Uuid;

/// How long each is measured.
const TIME: Duration = Duration::from_secs(2);

/// Renewals of one chain, and the payloads of their events, per second, as JSON.
pub fn run() -> serde_json::Value {
    let (transitions, fact) = transitions();
    serde_json::json!({"transitions": transitions, "payloads": payloads(&fact)})
}

/// What a renewal tells.
pub fn renewal() -> Fact {
    transitions().1
}

fn transitions() -> (f64, Fact) {
    let (waits, timers) = (Waits::default(), Timers::default());
    let first = transaction();
    let mut chain: Option<Chain> = None;
    let mut fact = None;
    let (mut done, start) = (0_u32, Instant::now());
    while start.elapsed() < TIME {
        for _ in 0..100 {
            let from = first.purchased_at + i64::from(done) * DAY;
            let renewal = Transaction {
                id: format!("t{done}"),
                purchased_at: from,
                expires_at: Some(from + 2 * DAY),
                ..first.clone()
            };
            let context = Context {
                now: from,
                waits: &waits,
                timers: &timers,
                access_level_id: Some("premium"),
            };
            let (next, facts) =
                machine::apply(chain, None, None, Command::Report(Box::new(renewal)), context);
            chain = black_box(next);
            fact = facts.into_iter().next_back().or(fact);
            done += 1;
        }
    }
    let rate = f64::from(done) / start.elapsed().as_secs_f64();
    (rate, fact.expect("every renewal makes an event"))
}

fn payloads(fact: &Fact) -> f64 {
    let (app, id) = (AppId(Uuid::from_u128(1)), ProfileId(Uuid::from_u128(2)));
    let profile = Profile::new(app, id, Some("user-1".into()), 0);
    let (details, settings) = (Details::default(), AppSettings::default());
    let event = event_id(app, id, fact.kind, "app_store", "t", 0, "");
    let money = Money::of(&fact.transaction, false, &settings);
    let (mut done, start) = (0_u32, Instant::now());
    while start.elapsed() < TIME {
        for _ in 0..100 {
            let recipient = Recipient::new(&profile, &details, &settings);
            black_box(payload::of_fact(
                event,
                black_box(fact),
                &money,
                &recipient,
                &PayloadOptions::default(),
            ));
            done += 1;
        }
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

fn transaction() -> Transaction {
    let body = br#"{"purchase_type":"subscription","store":"app_store","store_product_id":"monthly","store_transaction_id":"t",
        "store_original_transaction_id":"t","price":{"country":"US","currency":"USD","value":9.99},
        "purchased_at":"2026-01-01T00:00:00Z","originally_purchased_at":"2026-01-01T00:00:00Z",
        "expires_at":"2026-02-01T00:00:00Z","renew_status":true}"#;
    let body = Object::parse(body).expect("it is JSON");
    body::parse(&body).expect("it is a transaction")
}
