//! Lists of deliveries: those of the newest events first.

use std::cmp::Reverse;

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::integrations;
use uuid::Uuid;

use super::body::DeliveryBody;
use super::targets;
use crate::actions::{ActionError, known_app};
use crate::admin::fields::{MUST_BE_SLUG, Problems};
use crate::admin::page::{Page, Paging, bad_cursor};
use crate::state::AppState;
use crate::store::tables::delivery_list::{self, Listed, Wanted};
use crate::store::tables::delivery_states::DeliveryState;
use crate::store::tables::past_events;
use crate::store::{StoreError, Turns};

/// Which deliveries a caller wants, in its words. Nothing said, all are.
#[derive(Debug, Default)]
pub struct Filter {
    /// Those in this state.
    pub state: Option<String>,
    /// Those of this integration.
    pub integration: Option<String>,
    /// Those of the profile with this id.
    pub profile_id: Option<String>,
    /// Those of the event with this id.
    pub event_id: Option<String>,
}

/// The deliveries of an app, open and closed.
pub async fn list(
    state: &AppState,
    app: AppId,
    filter: &Filter,
    paging: &Paging,
    now: i64,
) -> Result<Page<DeliveryBody>, ActionError> {
    let mut problems = Problems::default();
    let wanted_state = problems.read(
        "state",
        filter.state.as_deref(),
        DeliveryState::parse,
        "must be the state of a delivery, such as `rejected`",
    );
    let slug = filter.integration.as_deref();
    let integration = problems.read("integration", slug, integrations::find, MUST_BE_SLUG);
    let mut id = |field: &str, said: &Option<String>| {
        let parse = |text: &str| Uuid::try_parse(text).ok();
        problems.read(field, said.as_deref(), parse, "must be a UUID")
    };
    let mut profile = id("profile_id", &filter.profile_id).map(ProfileId);
    let event = id("event_id", &filter.event_id);
    let from = problems.gather(first(paging))?;
    problems.check()?;
    let from = from.expect("what is no beginning is a problem");
    let known = known_app(state, app).await?;
    if let Some(event) = event {
        let mut rows = state.store.read(past_events::select_one(app, event)).await?;
        let found = rows.first_mut().map(past_events::read).transpose()?;
        match found {
            Some(found) if profile.is_none_or(|wanted| wanted == found.profile) => {
                profile = Some(found.profile)
            }
            _ => return Ok(Page::whole(Vec::new())),
        }
    }
    let wanted = Wanted {
        app,
        slug: integration.map(|integration| integration.slug),
        state: wanted_state,
        profile,
        event,
        from,
        limit: paging.rows(),
        now,
        targets: targets(&known),
    };
    let listed = read(state, &wanted).await?;
    let entry = |listed: Listed| (key(&listed), DeliveryBody::new(&known, listed));
    Ok(paging.page_of(listed.into_iter().map(entry)))
}

/// Open and closed ones in one order; at least as many as are wanted, if there are.
async fn read(state: &AppState, wanted: &Wanted) -> Result<Vec<Listed>, StoreError> {
    let is_wanted = |is_open: bool| wanted.state.is_none_or(|state| state.is_open() == is_open);
    let open = is_wanted(true).then(|| delivery_list::select_open(wanted));
    let closed = is_wanted(false).then(|| delivery_list::select_closed(wanted));
    let mut all = Vec::new();
    // Open ones are read first: one that is closed meanwhile is found twice then, and never not at all.
    for query in [open, closed].into_iter().flatten() {
        for row in &mut state.store.scan(Turns::Search, query).await? {
            all.push(delivery_list::read_listed(row)?);
        }
    }
    all.sort_by_key(|listed| {
        let place = (listed.seq, listed.shown.target);
        (Reverse(place), listed.shown.open.is_some())
    });
    // Of one that is in both, the closed one is kept, which the sorting leaves before the other.
    all.dedup_by_key(|listed| (listed.seq, listed.shown.target));
    Ok(all)
}

fn key(listed: &Listed) -> Vec<String> {
    vec![listed.seq.to_string(), listed.shown.target.to_string()]
}

fn first(paging: &Paging) -> Result<(i64, i64), ActionError> {
    let Some([seq, target]) = paging.key()? else {
        return Ok((i64::MAX, i64::MAX));
    };
    let number = |text: &str| text.parse().map_err(|_| bad_cursor());
    Ok((number(seq)?, number(target)?))
}
