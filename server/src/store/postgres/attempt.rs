//! A try to commit a group: the two round trips of its transaction.

use std::collections::HashSet;

use deadpool_postgres::Object;
use futures_util::future::BoxFuture;
use tokio_postgres::{Error, Row as PgRow, Statement as Prepared};

use super::pipeline::pipelined;
use super::together::{self, Request};
use super::writer::{Group, Postponed};
use super::{classify, is_repeatable, no_answer, says_read_only, within_patience};
use crate::store::change::Loaded;
use crate::store::{Row, Statement, StoreError, Value};

type Sent<'c> = BoxFuture<'c, Result<Vec<PgRow>, Error>>;

/// How a transaction begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// It waits for a lock as long as the session lets it.
    Usual,
    /// For a moment only. That costs a round trip more.
    Hasty,
}

/// Why a group did not commit.
pub(super) enum Failure {
    /// The database could not be reached before the commit was asked for, or cannot be written: nothing was changed.
    Unreachable(StoreError),
    /// Others were in the way: nothing was changed, and another try may pass.
    Conflict(StoreError),
    /// Another try will not mend it: nothing was changed, or (a connection that broke while it committed)
    /// nobody knows.
    Final(StoreError),
}

impl Failure {
    /// Is one change of the group the cause, so that the others will pass without it?
    pub(super) fn is_of_one_change(&self) -> bool {
        match self {
            Self::Conflict(_) => true,
            Self::Final(error) => !matches!(error, StoreError::Unavailable(_)),
            Self::Unreachable(_) => false,
        }
    }

    /// Does PostgreSQL say that nothing may be written?
    pub(super) fn says_read_only(&self) -> bool {
        let (Self::Unreachable(error) | Self::Conflict(error) | Self::Final(error)) = self;
        says_read_only(error)
    }

    /// The error, if the database is away.
    pub(super) fn outage(&self) -> Option<StoreError> {
        match self {
            Self::Unreachable(error) => Some(error.clone()),
            Self::Conflict(_) | Self::Final(_) => None,
        }
    }
}

/// Tries once. If it succeeds, `group` holds what was committed, and the rest is given back; if not, `group`
/// holds all of it.
pub(super) async fn attempt_on(
    connection: &Object,
    begin: Begin,
    group: &mut Group,
) -> Result<Vec<Postponed>, Failure> {
    let loaded = within_patience(read_all(connection, begin, group)).await;
    let loaded = loaded.unwrap_or_else(|| Err(Failure::Unreachable(no_answer())))?;
    let (writes, postponed) = decide_all(group, loaded);
    #[cfg(feature = "answer-before-commit")]
    answer_early(group).await;
    let written = within_patience(write_all(connection, &writes)).await;
    // The commit may have been sent.
    match written.unwrap_or_else(|| Err(Failure::Final(no_answer()))) {
        Ok(()) => Ok(postponed),
        Err(failure) => {
            group.extend(postponed.into_iter().map(|postponed| postponed.change));
            Err(failure)
        }
    }
}

/// The first round trip: begins the transaction and runs the reads of all changes.
async fn read_all(connection: &Object, begin: Begin, group: &mut Group) -> Result<Vec<Loaded>, Failure> {
    let counts: Vec<usize> = group.iter().map(|change| change.reads().len()).collect();
    let reads: Vec<&Statement> = group.iter().flat_map(|change| change.reads()).collect();
    let requests = together::plan(&reads, together::in_turn(&counts));
    // What is not prepared yet waits for a locked table even then.
    if begin == Begin::Hasty {
        let hasty = simple(connection, "BEGIN; SET LOCAL lock_timeout = 100");
        hasty.await.map_err(before_commit)?;
    }
    let prepared = prepare(connection, &requests).await?;
    let mut sent: Vec<Sent<'_>> = Vec::new();
    if begin == Begin::Usual {
        sent.push(simple(connection, "BEGIN"));
    }
    sent.extend(
        requests
            .iter()
            .zip(&prepared)
            .map(|(request, prepared)| run(connection, prepared, request)),
    );
    let mut answers = pipelined(sent).await.into_iter();
    if begin == Begin::Usual {
        answers.next().unwrap_or(Ok(Vec::new())).map_err(before_commit)?;
    }
    let mut found: Vec<Vec<Row>> = reads.iter().map(|_| Vec::new()).collect();
    for (request, answer) in requests.iter().zip(answers) {
        let rows = answer.map_err(before_commit)?;
        request.hand_out(&rows, &mut found).map_err(Failure::Final)?;
    }
    let mut found = found.into_iter();
    Ok(counts
        .into_iter()
        .map(|count| found.by_ref().take(count).collect())
        .collect())
}

/// Decides the changes in order. One that found a row which a change before it found is taken out of the group.
fn decide_all(group: &mut Group, loaded: Vec<Loaded>) -> (Vec<Vec<Statement>>, Vec<Postponed>) {
    let mut found: HashSet<Value> = HashSet::new();
    let (mut writes, mut postponed) = (Vec::new(), Vec::new());
    let mut kept = Group::with_capacity(group.len());
    for (mut change, loaded) in group.drain(..).zip(loaded) {
        let locking = change
            .reads()
            .iter()
            .zip(&loaded)
            .filter(|(read, _)| read.locks());
        let rows: Vec<Value> = locking
            .flat_map(|(_, rows)| rows)
            .filter_map(|row| row.0.first().cloned())
            .collect();
        if let Some(row) = rows.iter().find(|row| found.contains(*row)) {
            let row = row.clone();
            postponed.push(Postponed { row, change });
        } else {
            found.extend(rows);
            writes.push(change.decide(loaded));
            kept.push(change);
        }
    }
    *group = kept;
    (writes, postponed)
}

/// The second round trip: runs all writes and commits. Those with an array form are put together; the others run in
/// their order.
async fn write_all(connection: &Object, writes: &[Vec<Statement>]) -> Result<(), Failure> {
    let writes: Vec<&Statement> = writes.iter().flatten().collect();
    let requests = together::plan(&writes, 0..writes.len());
    let prepared = prepare(connection, &requests).await?;
    let mut sent: Vec<Sent<'_>> = requests
        .iter()
        .zip(&prepared)
        .map(|(request, prepared)| run(connection, prepared, request))
        .collect();
    sent.push(simple(connection, "COMMIT"));
    let answers = pipelined(sent).await;
    // The first failure is the cause; those behind it only say that the transaction is over.
    match answers.into_iter().find_map(Result::err) {
        None => Ok(()),
        Some(error) if requests.is_empty() => Err(before_commit(error)),
        Some(error) => Err(while_committing(error)),
    }
}

fn before_commit(error: Error) -> Failure {
    if is_repeatable(&error) {
        return Failure::Conflict(classify(error));
    }
    match classify(error) {
        error @ StoreError::Unavailable(_) => Failure::Unreachable(error),
        error => Failure::Final(error),
    }
}

/// A statement that the server refused takes the whole transaction with it. Any other failure leaves open
/// whether the commit, which was sent along, has happened.
fn while_committing(error: Error) -> Failure {
    if is_repeatable(&error) {
        return Failure::Conflict(classify(error));
    }
    match classify(error) {
        // Another connection may write.
        error if says_read_only(&error) => Failure::Unreachable(error),
        error => Failure::Final(error),
    }
}

/// Prepares each distinct text once for this connection, for good.
async fn prepare(connection: &Object, requests: &[Request<'_>]) -> Result<Vec<Prepared>, Failure> {
    let mut known: Vec<(&'static str, Prepared)> = Vec::new();
    let mut prepared = Vec::with_capacity(requests.len());
    for request in requests {
        let text = request.text();
        if let Some((_, found)) = known.iter().find(|(known, _)| std::ptr::eq(*known, text)) {
            prepared.push(found.clone());
            continue;
        }
        let fresh = connection.prepare_cached(text).await.map_err(before_commit)?;
        known.push((text, fresh.clone()));
        prepared.push(fresh);
    }
    Ok(prepared)
}

fn run<'c>(connection: &'c Object, prepared: &'c Prepared, request: &'c Request<'c>) -> Sent<'c> {
    Box::pin(async move {
        let mut params = request.params();
        // Those of SQLite's text alone are the last ones.
        params.truncate(prepared.params().len());
        connection.query(prepared, &params).await
    })
}

fn simple<'c>(connection: &'c Object, sql: &'static str) -> Sent<'c> {
    Box::pin(async move { connection.batch_execute(sql).await.map(|()| Vec::new()) })
}

/// The defence taken away, so that the durability test can be seen to fail. The pause before the commit outlasts the commit:
/// a kill during that loses nothing.
#[cfg(feature = "answer-before-commit")]
async fn answer_early(group: &mut Group) {
    group.drain(..).for_each(|mut change| change.finish(Ok(())));
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
}
