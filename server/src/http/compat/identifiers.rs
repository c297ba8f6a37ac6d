//! `integration/profile/set/integration-identifiers/`: the founding document's call.

use bursar_domain::app::IdentifiersAnswer;
use bursar_domain::profile::Profile;
use bursar_domain::profile::identifiers::IdentifierChanges;

use super::shown_at_once;
use crate::actions::{Reply, profiles};
use crate::http::call::Call;
use crate::http::error::ApiError;

/// `POST`: sets and clears the identifiers that the body names; others keep their values.
///
/// Answers the profile, or nothing where the app's setting `identifiers_answer` says so.
pub async fn set(call: Call) -> Result<Reply, ApiError> {
    let changes = IdentifierChanges::parse(&call.json()?)?;
    let request = call.request(call.selector()?)?;
    let (show, answer) = (shown_at_once(&call), call.app().settings.identifiers_answer);
    let render = move |profile: &Profile| match answer {
        IdentifiersAnswer::Profile => show(profile),
        IdentifiersAnswer::Empty => Reply::empty(200),
    };
    Ok(profiles::set_identifiers(&call.state, request, changes, render).await?)
}

/// `GET`: all sixteen identifiers, `null` where unset.
pub async fn read(call: Call) -> Result<Reply, ApiError> {
    let profile = profiles::read(&call.state, call.app().id, &call.selector()?).await?;
    Ok(Reply::json(&profile.identifiers.body()))
}
