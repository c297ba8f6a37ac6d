//! Everything that is known of one profile.

use std::collections::BTreeMap;

use bursar_domain::ids::{AppId, ProfileId};
use bursar_domain::profile::attributes::Attributes;
use bursar_domain::profile::attribution::AttributionBody;
use bursar_domain::profile::body::{AccessLevelBody, ProfileBody};
use bursar_domain::profile::installation::Installation;
use bursar_domain::profile::person::Person;
use bursar_domain::profile::selector::Selector;
use bursar_domain::profile::{Details, Profile};
use bursar_domain::time::format_time;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::profile_purchases::{ChainView, GrantView, OneTimeView, SharedView};
use crate::actions::ActionError;
use crate::state::AppState;
use crate::store::tables::profiles;

/// Everything that is known of a profile.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WholeProfile")]
pub struct ProfileView<'a> {
    /// The app's id.
    pub app_id: Uuid,
    /// The profile's id.
    pub profile_id: Uuid,
    /// The app's own id of the customer; `null` for an anonymous profile.
    pub customer_user_id: Option<&'a str>,
    /// When it was created.
    pub created_at: String,
    /// When anything of it last changed.
    pub updated_at: String,
    /// The customer as a person: the fields that are set, such as `email`.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub person: &'a Person,
    /// Custom attributes by key.
    #[schemars(with = "BTreeMap<String, Json>")]
    pub attributes: &'a Attributes,
    /// Where the customer came from, by source.
    pub attributions: BTreeMap<&'a str, AttributionBody<'a, String>>,
    /// The customer's devices, the first reported one first.
    pub installations: Vec<InstallationView<'a>>,
    /// All identifiers; `null` where unset.
    pub identifiers: Json,
    /// Subscriptions that it owns.
    pub chains: Vec<ChainView<'a>>,
    /// One-time purchases that it owns.
    pub one_time: Vec<OneTimeView<'a>>,
    /// Access levels that were granted.
    pub grants: Vec<GrantView<'a>>,
    /// Access that comes from what other profiles own.
    pub shared: Vec<SharedView<'a>>,
    /// What the customer may use, and until when.
    pub access_levels: Vec<AccessLevelBody>,
    /// The profile as the compatible API shows it.
    pub api: ProfileBody<'a>,
}

/// A device.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Installation")]
pub struct InstallationView<'a> {
    /// The caller's id of the device.
    pub device_id: &'a str,
    /// When it was first reported.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Everything else that is known of it.
    #[serde(flatten)]
    pub fields: &'a BTreeMap<String, Json>,
}

/// A profile with its details.
pub async fn find(
    state: &AppState,
    app: AppId,
    profile: ProfileId,
) -> Result<(Profile, Details), ActionError> {
    let query = profiles::select_whole(app, &Selector::Id(profile));
    let mut rows = state.store.read(query).await?;
    profiles::read_whole(app, &mut rows)?.ok_or(ActionError::Missing("the profile"))
}

impl<'a> ProfileView<'a> {
    /// The profile as it is at `now` (microseconds).
    pub fn at(profile: &'a Profile, details: &'a Details, now: i64) -> Self {
        let api = ProfileBody::at(profile, now);
        let holdings = &profile.holdings;
        Self {
            app_id: profile.app.0,
            profile_id: profile.id.0,
            customer_user_id: profile.customer_user_id.as_deref(),
            created_at: format_time(profile.created_at),
            updated_at: format_time(profile.updated_at),
            person: &details.person,
            attributes: &profile.attributes,
            attributions: attributions(details),
            installations: details.installations.iter().map(installation).collect(),
            identifiers: profile.identifiers.body(),
            chains: holdings.chains.iter().map(ChainView::of).collect(),
            one_time: holdings.one_time.iter().map(OneTimeView::of).collect(),
            grants: holdings.grants.iter().map(GrantView::of).collect(),
            shared: holdings.shared.iter().map(SharedView::of).collect(),
            access_levels: api.access_levels.clone(),
            api,
        }
    }
}

fn attributions(details: &Details) -> BTreeMap<&str, AttributionBody<'_, String>> {
    let sources = details.attributions.iter();
    sources
        .map(|(source, told)| (source, told.body(format_time)))
        .collect()
}

fn installation(installation: &Installation) -> InstallationView<'_> {
    InstallationView {
        device_id: &installation.device_id,
        created_at: format_time(installation.created_at),
        updated_at: format_time(installation.updated_at),
        fields: &installation.fields,
    }
}
