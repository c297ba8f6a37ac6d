//! How everything ends: delivered, by the database's own account.

use std::collections::BTreeSet;

use bursar::store::{Row, Sql, Statement};

use super::SECOND;
use super::servers::Servers;
use crate::support::conservation::{Fate, breaks};

/// Moves the clock until nothing is open any more.
pub fn deliver_all(servers: &Servers) {
    static NEXT: Sql = Sql::same("SELECT min(due_at) FROM lanes");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(servers.program().store());
    let scan = |sql| {
        runtime
            .block_on(store.scan_whole(Statement::new(sql, [])))
            .unwrap()
    };
    loop {
        servers.advance(0);
        let Some(due) = scan(&NEXT)[0].opt_int(0).unwrap() else {
            return;
        };
        // Not too far: nothing is to become too old on the way.
        servers.advance((due - servers.now()).max(0) + 60 * SECOND);
    }
}

/// Fails unless so many events have one fate each at so many targets.
pub fn assert_conserved(servers: &Servers, events: usize, targets: usize) {
    let (_, broken) = look(servers, events, targets);
    assert!(broken.is_empty(), "{:#?}", &broken[..broken.len().min(20)]);
}

/// Fails unless so many events are delivered to so many targets, each once, and nothing is left to do.
pub fn assert_all_delivered(servers: &Servers, events: usize, targets: usize) {
    let (fates, mut broken) = look(servers, events, targets);
    let others = fates.iter().filter(|(_, state, _)| state != "delivered");
    broken.extend(others.map(|(key, state, _)| format!("{key:?} is {state}")));
    assert!(broken.is_empty(), "{:#?}", &broken[..broken.len().min(20)]);
}

/// All deliveries, and what is wrong with them.
fn look(servers: &Servers, events: usize, targets: usize) -> (Vec<Fate>, Vec<String>) {
    static EVENTS: Sql = Sql::same("SELECT event_id, event_seq FROM events");
    static TARGETS: Sql = Sql::same("SELECT target_id, slug FROM targets");
    static FATES: Sql = Sql::same(
        "SELECT event_id, target_id, state, 'closed' FROM deliveries JOIN events USING (event_seq)
         UNION ALL SELECT event_id, target_id, state, 'open' FROM queue JOIN events USING (event_seq)",
    );
    static LANES: Sql = Sql::same("SELECT CAST(coalesce(sum(open), 0) AS bigint) FROM lanes");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(servers.program().store());
    let rows = |sql| {
        runtime
            .block_on(store.scan_whole(Statement::new(sql, [])))
            .unwrap()
    };
    let ids: Vec<_> = rows(&EVENTS).iter().map(|row| row.uuid(0).unwrap()).collect();
    let there: Vec<_> = rows(&TARGETS).iter().map(|row| row.int(0).unwrap()).collect();
    let wanted: BTreeSet<_> = ids
        .iter()
        .flat_map(|event| there.iter().map(|target| (*event, *target)))
        .collect();
    let fate = |row: &mut Row| {
        let key = (row.uuid(0).unwrap(), row.int(1).unwrap());
        (key, row.text(2).unwrap(), row.text(3).unwrap() == "open")
    };
    let fates: Vec<Fate> = rows(&FATES).iter_mut().map(fate).collect();
    let mut broken = breaks(&wanted, &fates);
    if (ids.len(), there.len()) != (events, targets) {
        broken.push(format!("{} events at {} targets", ids.len(), there.len()));
    }
    let open = fates.iter().filter(|(_, _, is_open)| *is_open).count();
    let lanes = rows(&LANES)[0].int(0).unwrap();
    if usize::try_from(lanes).unwrap() != open {
        broken.push(format!("lanes say that {lanes} are open, {open} are"));
    }
    (fates, broken)
}
