//! How Apple is to be answered when a customer asks for money back.

use bursar_domain::ids::ProfileId;
use bursar_domain::profile::Details;
use bursar_domain::profile::selector::Selector;
use bursar_domain::purchases::refund_saver::{RefundSaver, RefundSaverChanges};

use crate::actions::profiles::{Request, change_details};
use crate::actions::{ActionError, Reply};
use crate::directory::App;
use crate::state::AppState;
use crate::store::tables::profiles;

/// Changes how requests for a refund are answered.
pub async fn set_refund_saver(
    state: &AppState,
    request: Request,
    changes: RefundSaverChanges,
    render: impl Fn(ProfileId, RefundSaver) -> Reply + Send + 'static,
) -> Result<Reply, ActionError> {
    let change = move |details: &mut Details| details.refund_saver.apply(&changes);
    change_details(state, request, change, move |(profile, details)| {
        render(*profile, details.refund_saver)
    })
    .await
}

/// How requests for a refund are answered.
pub async fn read_refund_saver(
    state: &AppState,
    app: &App,
    selector: &Selector,
) -> Result<(ProfileId, RefundSaver), ActionError> {
    let mut rows = state.store.read(profiles::select_whole(app.id, selector)).await?;
    let (found, details) = profiles::read_whole(app.id, &mut rows)?.unzip();
    let profile = selector.pick(found)?;
    Ok((profile.id, details.unwrap_or_default().refund_saver))
}
