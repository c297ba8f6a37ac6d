//! `purchase/…`: transactions, access that is granted and revoked, answers to requests for refunds.

use bursar_domain::fields::{self, Violation};
use bursar_domain::profile::selector::Selector;
use bursar_domain::purchases::access_body::{GRANT_FIELDS, GrantRequest, REVOKE_FIELDS, RevokeRequest};
use bursar_domain::purchases::body;
use bursar_domain::purchases::refund_saver::{RefundSaverBody, RefundSaverChanges};
use bursar_domain::purchases::rules;
use serde_json::{Value, json};

use super::shown_at_once;
use crate::actions::{Reply, profiles, purchases};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::route::Schemas;

/// `POST purchase/set/transaction/`: takes in a transaction as it is now.
pub async fn set_transaction(call: Call) -> Result<Reply, ApiError> {
    let transaction = body::parse(&call.json()?)?;
    let request = call.request(call.selector()?)?;
    refuse_broken(&call, rules::first_broken(&transaction)).await?;
    let render = shown_at_once(&call);
    Ok(purchases::set_transaction(&call.state, request, transaction, render).await?)
}

/// `POST purchase/profile/grant/access-level/`: gives an access level.
pub async fn grant(call: Call) -> Result<Reply, ApiError> {
    let wanted = GrantRequest::parse(&call.json()?)?;
    let request = call.request(call.selector()?)?;
    refuse_broken(&call, wanted.broken_rule()).await?;
    let render = shown_at_once(&call);
    Ok(purchases::grant(&call.state, request, wanted, render).await?)
}

/// `POST purchase/profile/revoke/access-level/`: takes an access level away, now or later.
pub async fn revoke(call: Call) -> Result<Reply, ApiError> {
    let wanted = RevokeRequest::parse(&call.json()?)?;
    let request = call.request(call.selector()?)?;
    let render = shown_at_once(&call);
    Ok(purchases::revoke(&call.state, request, wanted, render).await?)
}

/// `POST purchase/profile/refund-saver/settings/`: how the profile's requests for refunds are answered.
pub async fn set_refund_saver(call: Call) -> Result<Reply, ApiError> {
    let changes = RefundSaverChanges::parse(&call.json()?)?;
    let selector = selector_or_400(&call)?;
    let request = call.request(selector)?;
    let render = |profile, settings| Reply::json(&RefundSaverBody::of(profile, settings));
    let done = purchases::set_refund_saver(&call.state, request, changes, render).await;
    done.map_err(|error| missing_as_400(error.into()))
}

/// `GET` of the same.
pub async fn read_refund_saver(call: Call) -> Result<Reply, ApiError> {
    let selector = selector_or_400(&call)?;
    let found = purchases::read_refund_saver(&call.state, call.app(), &selector).await;
    let (profile, settings) = found.map_err(|error| missing_as_400(error.into()))?;
    Ok(Reply::json(&RefundSaverBody::of(profile, settings)))
}

/// A rule between the body's fields that is broken is told only if there is such a profile.
async fn refuse_broken(call: &Call, broken: Option<Violation>) -> Result<(), ApiError> {
    let Some(broken) = broken else { return Ok(()) };
    profiles::read(&call.state, call.app().id, &call.selector()?).await?;
    Err(broken.into())
}

fn selector_or_400(call: &Call) -> Result<Selector, ApiError> {
    call.selector().map_err(|refusal| missing_as_400(refusal.into()))
}

/// This call's own way to say that there is no such profile.
fn missing_as_400(error: ApiError) -> ApiError {
    match error {
        ApiError::NoSuchProfile => Violation::new(
            "profile_does_not_exist",
            "non_field_errors",
            "no such profile in this app",
        )
        .into(),
        other => other,
    }
}

/// The schema of the body of "grant".
pub fn grant_schema(_: &mut Schemas) -> Value {
    let mut schema = fields::schema(GRANT_FIELDS, |_| json!({}));
    schema["examples"] = json!([{"access_level_id": "premium", "expires_at": "2030-01-01T00:00:00Z"}]);
    schema
}

/// The schema of the body of "revoke".
pub fn revoke_schema(_: &mut Schemas) -> Value {
    let mut schema = fields::schema(REVOKE_FIELDS, |_| json!({}));
    schema["examples"] = json!([{"access_level_id": "premium"}]);
    schema
}
