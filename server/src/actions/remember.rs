//! Idempotency keys: a POST that is sent again under the same key has one effect and one answer.
//!
//! The answer is stored in the commit of the change itself, sealed, because it may hold a new secret. Refusals are
//! not remembered: they have changed nothing, so the same request may be tried again.

use std::time::Duration;

use bursar_domain::time::DAY;
use uuid::Uuid;

use super::{ActionError, JSON, Reply};
use crate::state::AppState;
use crate::store::tables::replies::{self, StoredReply};
use crate::store::{Decision, Loaded, Statement, StoreError};

/// How long an answer is remembered, in microseconds: 24 hours.
pub const KEPT: i64 = DAY;

/// Between two commits that forget answers.
const FORGET_PAUSE: Duration = Duration::from_millis(10);

/// A request that is to be remembered.
#[derive(Debug, Clone)]
pub struct Remember {
    /// The app, or nil for the administration.
    pub scope: Uuid,
    /// The caller's idempotency key, told apart by who may use it up.
    pub key: String,
    /// Hash of everything that makes the request what it is.
    pub fingerprint: Vec<u8>,
}

/// Makes a change and renders its answer; under an idempotency key, once.
///
/// `decide` gets the rows of `reads`. `render` makes the answer from what was decided.
pub async fn commit<T: Send + 'static>(
    state: &AppState,
    remember: Option<Remember>,
    now: i64,
    reads: Vec<Statement>,
    decide: impl Fn(&mut Loaded) -> Result<Decision<T>, ActionError> + Send + 'static,
    render: impl Fn(&T) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let Some(remember) = remember else {
        let done = state
            .store
            .change(reads, move |mut loaded| decide(&mut loaded))
            .await?;
        return Ok(render(&done));
    };
    let mut reads = reads;
    reads.push(replies::select(remember.scope, &remember.key));
    let shared = state.clone();
    let decide = move |mut loaded: Loaded| -> Result<Decision<Reply>, ActionError> {
        let known = replies::read(&mut loaded.pop().unwrap_or_default())?;
        let (known, outdated) = match known {
            // One from a time to come was given by a clock that was ahead, and set back since.
            Some(known) if (now - known.created_at).abs() < KEPT => (Some(known), None),
            outdated => (None, outdated),
        };
        if let Some(known) = known {
            return Ok(Decision {
                writes: Vec::new(),
                answer: replay(&shared, &remember, &known)?,
            });
        }
        let Decision { mut writes, answer } = decide(&mut loaded)?;
        let reply = render(&answer);
        if let Some(outdated) = outdated {
            writes.push(replies::delete(
                remember.scope,
                &remember.key,
                outdated.created_at,
            ));
        }
        writes.push(note(&shared, &remember, &reply, now));
        Ok(Decision {
            writes,
            answer: reply,
        })
    };
    state.store.change(reads, decide).await
}

/// Forgets answers whose time is over, some at a time, so that the changes of others come in between.
pub async fn forget_outdated(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    let kept = (now - KEPT, now + KEPT);
    while !state.store.read(replies::any_outside(kept)).await?.is_empty() {
        state.store.write(vec![replies::delete_outside(kept)]).await?;
        tokio::time::sleep(FORGET_PAUSE).await;
    }
    Ok(())
}

fn replay(state: &AppState, remember: &Remember, known: &StoredReply) -> Result<Reply, ActionError> {
    if known.fingerprint != remember.fingerprint {
        return Err(ActionError::KeyReused);
    }
    let body = state
        .vault
        .open_sealed(&place(remember), &known.sealed_body)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let status = u16::try_from(known.status).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(Reply {
        status,
        content_type: JSON,
        headers: &[],
        body: body.into(),
    })
}

fn note(state: &AppState, remember: &Remember, reply: &Reply, now: i64) -> Statement {
    let stored = StoredReply {
        fingerprint: remember.fingerprint.clone(),
        status: reply.status.into(),
        sealed_body: state.vault.seal(&place(remember), &reply.body),
        created_at: now,
    };
    replies::insert(remember.scope, &remember.key, stored)
}

fn place(remember: &Remember) -> String {
    format!("reply {} {}", remember.scope, remember.key)
}
