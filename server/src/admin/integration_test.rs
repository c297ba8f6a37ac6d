//! Whether an app's settings for an integration work: asked of the third party itself.

use std::collections::BTreeMap;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::Skip;
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Request;
use super::audit::{Entry, record};
use super::integrations::named;
use crate::actions::integrations::block_noting;
use crate::actions::{ActionError, known_app};
use crate::delivery::probe::{Tried, try_all};
use crate::delivery::send_marked;
use crate::directory::{App, AppIntegration};
use crate::state::AppState;
use crate::store::StoreError;

/// What came of a test.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct IntegrationTest {
    /// Was everything taken?
    pub passed: bool,
    /// What was sent: `probe`, requests that count nowhere; `event`, for each set of credentials an event that is marked
    /// as a test.
    pub kind: &'static str,
    /// The requests and their answers.
    pub attempts: Vec<TestAttempt>,
}

/// A request of a test, and its answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TestAttempt {
    /// The integration's part; empty where it has only one.
    pub part: &'static str,
    /// When it began.
    pub started_at: String,
    /// How long it took.
    pub duration_ms: i64,
    /// What was sent: `method`, `url`, `headers`, `body`. Secrets are masked.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub request: Json,
    /// The answer's status; `null`: none came.
    pub status: Option<u16>,
    /// The answer's first 4 KiB, masked; or why none came.
    pub answer: String,
    /// What it means: `delivered`, `retry`, `resend`, `rejected` or `misconfigured`. `delivered` also where the answer
    /// says only that nobody there knows the made-up customer: the credentials are fine then.
    pub verdict: &'static str,
}

/// Tests an integration, also one that is off. Passed requests of its own end what it is blocked by.
pub async fn test(
    state: &AppState,
    request: Request,
    app: AppId,
    slug: &str,
) -> Result<IntegrationTest, ActionError> {
    let integration = named(slug)?;
    let app = known_app(state, app).await?;
    let Some(known) = app.integration(slug).cloned() else {
        return Err(ActionError::Conflict(format!(
            "{} was never set up for this app",
            integration.title
        )));
    };
    let id = app.id;
    let (kind, tried) = send(state, &app, &known).await?;
    let passed = tried.iter().all(|tried| tried.wrong.is_none());
    let attempts = tried.into_iter().map(shown).collect::<Result<_, _>>()?;
    let test = IntegrationTest {
        passed,
        kind,
        attempts,
    };
    let mends = passed && kind == "probe" && known.blocked.is_some();
    let note = move |unblocked: bool| {
        let entry = Entry {
            action: "integration.test",
            target: integration.slug.into(),
            app: Some(id),
            before: None,
            after: Some(json!({"passed": passed, "unblocked": unblocked})),
        };
        record(&request.actor, entry, request.now)
    };
    if !mends {
        state.store.write(vec![note(false)]).await?;
    } else if block_noting(state, id, slug, &known.saved, None, move |is_same| {
        Some(note(is_same))
    })
    .await?
    {
        state.wake.app(id);
    }
    Ok(test)
}

/// Sends what proves the settings. Refused where there is nothing that could.
async fn send(
    state: &AppState,
    app: &App,
    known: &AppIntegration,
) -> Result<(&'static str, Vec<Tried>), ActionError> {
    let title = known.integration.title;
    if let Some(tried) = try_all(state, known.integration, &known.settings).await {
        if tried.is_empty() {
            return Err(ActionError::Conflict(format!(
                "{title} has no credentials or addresses to test"
            )));
        }
        return Ok(("probe", tried.into_iter().map(|(_, tried)| tried).collect()));
    }
    match send_marked(state, app, known).await {
        Ok(tried) => Ok(("event", tried)),
        Err(Skip::MissingCredentials(_)) => Err(ActionError::Conflict(format!(
            "{title} has no credentials to test: `problems` names what is missing"
        ))),
        Err(skip) => Err(ActionError::Conflict(format!(
            "no test event can be made for {title}: {skip}"
        ))),
    }
}

fn shown(tried: Tried) -> Result<TestAttempt, StoreError> {
    let request = serde_json::from_str(&tried.request);
    Ok(TestAttempt {
        part: tried.part,
        started_at: format_time(tried.started_at),
        duration_ms: tried.duration / 1_000,
        request: request.map_err(|error| StoreError::Internal(error.to_string()))?,
        status: tried.status,
        answer: tried.answer,
        verdict: tried.verdict,
    })
}
