//! Settings of an integration as they are said: read, and refused where they are wrong.

use bursar_domain::integrations::{Integration, Kind, Problem, Setting, Settings};
use hyper::Uri;
use serde_json::{Map, Value as Json};

use crate::actions::ActionError;
use crate::outbound::guard;
use crate::state::AppState;

/// Reads what is said beside what was `before`.
pub(super) fn read(
    state: &AppState,
    integration: &Integration,
    said: &Map<String, Json>,
    before: &Settings,
) -> Result<Settings, ActionError> {
    let settings = Settings::read(integration.settings, said, before).map_err(refused)?;
    refuse_private(&settings, integration, state)?;
    Ok(settings)
}

/// Refuses addresses inside the owner's network, unless they are allowed.
fn refuse_private(
    settings: &Settings,
    integration: &Integration,
    state: &AppState,
) -> Result<(), ActionError> {
    if state.outbound.allows_private() {
        return Ok(());
    }
    let urls = integration
        .settings
        .iter()
        .filter(|setting| matches!(setting.kind, Kind::Url(_)));
    let problem = |setting: &Setting| {
        let host = settings
            .text(setting.path)?
            .parse::<Uri>()
            .ok()?
            .host()?
            .to_owned();
        let why = guard::check_host(&host).err()?;
        Some(Problem::new(
            setting.path,
            format!("{why}; `delivery.allow_private_addresses` allows it"),
        ))
    };
    let problems: Vec<_> = urls.filter_map(problem).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(refused(problems))
    }
}

/// The problem with the path that its setting has in the body.
pub(super) fn in_body(problem: Problem) -> Problem {
    problem.below("settings")
}

fn refused(problems: Vec<Problem>) -> ActionError {
    let problems = problems.into_iter().map(in_body);
    ActionError::BadFields(problems.map(|problem| (problem.field, problem.detail)).collect())
}
