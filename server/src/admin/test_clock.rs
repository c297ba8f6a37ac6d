//! The test clock: told, and moved forward.

use bursar_domain::time::{format_time, parse_time_in_any_case};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Request;
use super::audit::{Entry, record};
use super::fields::bad;
use crate::actions::purchases::handle_due;
use crate::actions::remember::commit;
use crate::actions::{ActionError, Reply};
use crate::delivery;
use crate::state::AppState;
use crate::store::{Decision, Loaded};

/// What time it is, or is to be.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestClock {
    /// RFC 3339.
    #[schemars(example = &"2026-01-08T00:00:00Z")]
    pub now: String,
}

/// The time, if the server runs on a test clock.
pub fn read(state: &AppState) -> Result<TestClock, ActionError> {
    check(state)?;
    Ok(TestClock {
        now: format_time(state.clock.now()),
    })
}

/// Moves the test clock forward. Answers a [`TestClock`] when everything that is due by then has been handled.
pub async fn set(state: &AppState, request: Request, to: &TestClock) -> Result<Reply, ActionError> {
    check(state)?;
    let to = parse_time_in_any_case(&to.now);
    let to = to.ok_or_else(|| bad("now", "must be a time as in RFC 3339"))?;
    let Request { actor, now, remember } = request;
    let clock = state.clock.clone();
    let _held = state.clock.hold().await;
    // What is under way ends at the time at which it began: its lease must not run out in the middle.
    delivery::settle_down(state).await?;
    let decide = move |_: &mut Loaded| {
        let before = clock.now();
        if to < before {
            let before = format_time(before);
            return Err(ActionError::Conflict(format!(
                "the test clock stands at {before} and cannot go back"
            )));
        }
        let entry = Entry {
            action: "test_clock.set",
            target: "test clock".into(),
            app: None,
            before: Some(json!({"now": format_time(before)})),
            after: Some(json!({"now": format_time(to)})),
        };
        Ok(Decision {
            writes: vec![record(&actor, entry, now)],
            answer: format_time(to),
        })
    };
    let render = |now: &String| Reply::json(&TestClock { now: now.clone() });
    let reply = commit(state, remember, now, Vec::new(), decide, render).await?;
    // Refused where this is a remembered answer and the clock has gone on since: that is fine.
    drop(state.clock.move_to(to));
    handle_due(state, state.clock.now()).await?;
    delivery::settle_down(state).await?;
    Ok(reply)
}

fn check(state: &AppState) -> Result<(), ActionError> {
    if state.clock.is_test() {
        Ok(())
    } else {
        Err(ActionError::Missing("the test clock"))
    }
}
