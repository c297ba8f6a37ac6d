//! An event as webhooks receive it: one JSON object, written without any tree on the way.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::dates::EventTime;
use super::level_properties::LevelProperties;
use super::prices::PriceRules;
use super::properties::Properties;
use super::recipient::{Device, Recipient, Sharer};
use super::{EventKind, Fact};
use crate::ids::ProfileId;
use crate::money::Money;
use crate::profile::attributes::Attributes;
use crate::profile::attribution::Attributions;
use crate::profile::identifiers::Identifiers;
use crate::purchases::access::AccessLevel;

/// The version of the format.
const VERSION: u32 = 1;

/// Room for a usual event, so that the text grows in one piece.
const USUAL_SIZE: usize = 3 * 1024;

/// How an integration wants an event to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PayloadOptions<'a> {
    /// What to call it instead of its own name.
    pub name: Option<&'a str>,
    /// Are the custom attributes sent?
    pub send_user_attributes: bool,
    /// Is it told where the customer came from?
    pub send_attribution: bool,
    /// How money is told.
    pub prices: PriceRules,
}

/// The JSON of an event that tells of a fact. `money` is that of the fact's transaction.
pub fn of_fact(
    id: Uuid,
    fact: &Fact,
    money: &Money,
    recipient: &Recipient<'_>,
    options: &PayloadOptions<'_>,
) -> String {
    let properties = Properties::of(id, fact, money, recipient, options.prices);
    write(fact.kind, fact.at, properties, recipient, options)
}

/// The JSON of `access_level_updated`. `level` is the access level after the change, which happened at `now`.
pub fn of_level(
    id: Uuid,
    level: &AccessLevel,
    now: i64,
    recipient: &Recipient<'_>,
    options: &PayloadOptions<'_>,
) -> String {
    let properties = LevelProperties::of(id, level, now, recipient);
    write(EventKind::AccessLevelUpdated, now, properties, recipient, options)
}

#[derive(Serialize)]
struct Payload<'a, P> {
    profile_id: ProfileId,
    customer_user_id: Option<&'a str>,
    #[serde(flatten)]
    device: Device<'a>,
    profile_install_datetime: EventTime,
    user_agent: Option<&'a str>,
    email: Option<&'a str>,
    event_type: &'a str,
    event_datetime: EventTime,
    event_properties: P,
    event_api_version: u32,
    profiles_sharing_access_level: Option<&'a [Sharer<'a>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributions: Option<Sources<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_attributes: Option<&'a Attributes>,
    #[serde(serialize_with = "set_ones")]
    integration_ids: &'a Identifiers,
}

fn write<P: Serialize>(
    kind: EventKind,
    at: i64,
    properties: P,
    recipient: &Recipient<'_>,
    options: &PayloadOptions<'_>,
) -> String {
    let payload = Payload {
        profile_id: recipient.profile_id,
        customer_user_id: recipient.customer_user_id,
        device: recipient.device(),
        profile_install_datetime: EventTime(recipient.installed_at),
        user_agent: recipient.user_agent,
        email: recipient.email,
        event_type: options.name.unwrap_or(kind.as_str()),
        event_datetime: EventTime(at),
        event_properties: properties,
        event_api_version: VERSION,
        profiles_sharing_access_level: Some(recipient.sharing).filter(|others| !others.is_empty()),
        attributions: options
            .send_attribution
            .then_some(Sources(recipient.attributions)),
        user_attributes: options.send_user_attributes.then_some(recipient.attributes),
        integration_ids: recipient.identifiers,
    };
    let mut text = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut text, &payload).expect("names are texts and no value can fail");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// The identifiers that are set; `null` where none is.
fn set_ones<S: Serializer>(identifiers: &Identifiers, serializer: S) -> Result<S::Ok, S::Error> {
    if identifiers.iter().next().is_none() {
        return serializer.serialize_none();
    }
    serializer.collect_map(identifiers.iter())
}

/// What each source said of where the customer came from.
struct Sources<'a>(&'a Attributions);

impl Serialize for Sources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sources = self.0.iter();
        serializer.collect_map(sources.map(|(source, told)| (source, told.body(EventTime))))
    }
}
