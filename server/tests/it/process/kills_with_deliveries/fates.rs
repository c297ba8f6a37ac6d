//! What the database tells of deliveries, while no server has it, or while one does.

use std::collections::HashMap;

use bursar::store::{Row, Sql, Statement, Store};
use bursar_domain::events::EventKind;
use bursar_domain::integrations::ALL;
use serde_json::Value;

/// The transaction that each event is about and the first one of its chain, by the event's number.
pub async fn transactions(store: &Store) -> HashMap<i64, [String; 2]> {
    static EVENTS: Sql = Sql::same("SELECT event_seq, payload FROM events");
    let ids = |row: &mut Row| {
        let payload: Value = serde_json::from_str(&row.long_text(1).unwrap()).unwrap();
        let ids = ["transaction_id", "original_transaction_id"].map(|id| {
            let id = payload["event_properties"][id].as_str();
            id.unwrap_or_default().to_owned()
        });
        (row.int(0).unwrap(), ids)
    };
    rows(store, &EVENTS).await.iter_mut().map(ids).collect()
}

/// The deliveries that are said to have arrived, as slug and transaction: of each integration's first part, which tells
/// of the event.
pub async fn delivered(store: &Store) -> Vec<(String, String)> {
    static DELIVERED: Sql = Sql::same(
        "SELECT event_seq, slug, part FROM deliveries JOIN targets USING (target_id) WHERE state = 'delivered'",
    );
    let mut arrived = Vec::new();
    let mut rows = rows(store, &DELIVERED).await;
    // What came to be meanwhile is not among the deliveries.
    let transactions = transactions(store).await;
    for row in &mut rows {
        let (slug, part) = (row.text(1).unwrap(), row.text(2).unwrap());
        let integration = ALL.iter().find(|known| known.slug == slug).unwrap();
        if part == integration.parts[0].name {
            let [transaction, _] = &transactions[&row.int(0).unwrap()];
            arrived.push((slug, transaction.clone()));
        }
    }
    arrived
}

/// How many deliveries are said to have arrived, of all parts, by slug.
pub async fn delivered_to_each(store: &Store) -> HashMap<String, usize> {
    static COUNTS: Sql = Sql::same(
        "SELECT slug, count(*) FROM deliveries JOIN targets USING (target_id) WHERE state = 'delivered' GROUP BY slug",
    );
    let count = |row: &mut Row| {
        (
            row.text(0).unwrap(),
            usize::try_from(row.int(1).unwrap()).unwrap(),
        )
    };
    rows(store, &COUNTS).await.iter_mut().map(count).collect()
}

/// What is still to do, or has ended in another way than it had to, where everybody took everything.
pub async fn unfinished(store: &Store) -> Vec<String> {
    static OPEN: Sql = Sql::same("SELECT slug, part, state FROM queue JOIN targets USING (target_id)");
    static LANES: Sql = Sql::same("SELECT slug, part, due_at FROM lanes JOIN targets USING (target_id)");
    static ENDED: Sql = Sql::same(
        "SELECT slug, part, event_type, state, coalesce(reason, ''), count(*)
         FROM deliveries JOIN targets USING (target_id) JOIN events USING (event_seq)
         GROUP BY slug, part, event_type, state, reason",
    );
    let place = |row: &mut Row| format!("{} {}", row.text(0).unwrap(), row.text(1).unwrap());
    let mut wrong = Vec::new();
    for row in &mut rows(store, &OPEN).await {
        wrong.push(format!("{} is {}", place(row), row.text(2).unwrap()));
    }
    for row in &mut rows(store, &LANES).await {
        wrong.push(format!(
            "{} has a lane, due at {}",
            place(row),
            row.int(2).unwrap()
        ));
    }
    for row in &mut rows(store, &ENDED).await {
        let [slug, part, kind, state, reason] = [0, 1, 2, 3, 4].map(|column| row.text(column).unwrap());
        if !had_to_end_so(&slug, &part, &kind, &state, &reason) {
            let count = row.int(5).unwrap();
            wrong.push(format!("{count} {kind} at {slug} {part} are {state}: {reason}"));
        }
    }
    wrong
}

/// Delivered, unless the third party is not told of such events, or was told of a newer one instead.
fn had_to_end_so(slug: &str, part: &str, kind: &str, state: &str, reason: &str) -> bool {
    let integration = ALL.iter().find(|known| known.slug == slug).unwrap();
    let part = integration.parts.iter().find(|known| known.name == part).unwrap();
    let takes = (integration.takes)(EventKind::parse(kind).unwrap());
    match (state, reason) {
        ("delivered", _) => takes,
        ("skipped", "event_unsupported") => !takes,
        ("skipped", "superseded") => takes && part.is_latest_only(),
        _ => false,
    }
}

/// How many lanes somebody has at this time.
pub async fn claimed(store: &Store, now: i64) -> usize {
    static CLAIMED: Sql = Sql::same("SELECT count(*) FROM lanes WHERE lease IS NOT NULL AND due_at > $1");
    let rows = store
        .scan_whole(Statement::new(&CLAIMED, [now.into()]))
        .await
        .unwrap();
    usize::try_from(rows[0].int(0).unwrap()).unwrap()
}

async fn rows(store: &Store, sql: &'static Sql) -> Vec<Row> {
    store.scan_whole(Statement::new(sql, [])).await.unwrap()
}

#[test]
fn a_delivery_that_had_to_arrive_and_did_not_is_noticed() {
    let bought = |slug, part, state, reason| had_to_end_so(slug, part, "subscription_renewed", state, reason);
    assert!(bought("amplitude", "", "delivered", ""));
    assert!(!bought("amplitude", "", "rejected", "400"));
    assert!(!bought("amplitude", "", "skipped", "event_unsupported"));
    assert!(!bought("amplitude", "", "skipped", "superseded"));
    assert!(bought("mixpanel", "profile", "skipped", "superseded"));
    let level = "access_level_updated";
    assert!(had_to_end_so(
        "amplitude",
        "",
        level,
        "skipped",
        "event_unsupported"
    ));
    assert!(!had_to_end_so(
        "webhook",
        "",
        level,
        "skipped",
        "event_unsupported"
    ));
}
