//! The web API: the profile is named in the body.

use bursar_domain::profile::attribution::AttributionReport;

use crate::actions::{Reply, profiles};
use crate::http::call::Call;
use crate::http::error::ApiError;

/// `POST /api/v2/web-api/attribution/`: where the customer came from. Answers 201 without a body.
pub async fn set_attribution(call: Call) -> Result<Reply, ApiError> {
    let report = AttributionReport::parse(&call.json()?, call.now)?;
    let request = call.request(report.selector()?)?;
    let render = || Reply::empty(201);
    Ok(profiles::set_attribution(&call.state, request, report.attribution, render).await?)
}
