//! A customer's profile and what may happen to it.
//!
//! Each function takes what the store loaded, the command and `now`, and answers the new state or a refusal;
//! saving it is the store's.

pub mod attributes;
pub mod attribution;
pub mod body;
pub mod identifiers;
pub mod installation;
pub mod person;
pub mod selector;
#[cfg(test)]
mod tests;
mod values;

use serde::{Deserialize, Serialize};

use self::attributes::{AttributeChanges, Attributes};
use self::attribution::Attributions;
use self::identifiers::{IdentifierChanges, Identifiers};
use self::installation::{InstallationChanges, Installations};
use self::person::{IP_ADDRESS, Person};
use self::selector::{CUSTOMER_HEADER, PROFILE_HEADER, Selector};
use self::values::Changes;
use crate::fields::{self, Violation};
use crate::ids::{AppId, ProfileId};
use crate::json::Object;
use crate::purchases::holdings::Holdings;
use crate::purchases::refund_saver::RefundSaver;

/// A customer of an app. Times are microseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The app that it belongs to.
    pub app: AppId,
    /// Its id.
    pub id: ProfileId,
    /// The caller's own id of the customer; `None` for an anonymous profile.
    pub customer_user_id: Option<String>,
    /// When it was created.
    pub created_at: i64,
    /// When anything of it last changed.
    pub updated_at: i64,
    /// What third parties call it.
    pub identifiers: Identifiers,
    /// Custom attributes.
    pub attributes: Attributes,
    /// Purchases, grants and the access that comes of them.
    pub holdings: Holdings,
}

/// The rest of a profile, loaded only where it is needed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Details {
    /// The customer as a person.
    #[serde(default, skip_serializing_if = "Person::is_empty")]
    pub person: Person,
    /// The customer's devices.
    #[serde(default)]
    pub installations: Installations,
    /// How requests for a refund are answered.
    #[serde(default)]
    pub refund_saver: RefundSaver,
    /// Where the customer came from.
    #[serde(default, skip_serializing_if = "Attributions::is_empty")]
    pub attributions: Attributions,
}

/// What the body of "create" and "update" asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProfileChanges {
    person: Changes,
    attributes: AttributeChanges,
    installation: Option<InstallationChanges>,
}

/// Why a call on a profile was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// No profile of the app is meant by the headers.
    #[error("no such profile in this app")]
    NoSuchProfile,
    /// The profile id is not a UUID.
    #[error("the profile id is not a UUID")]
    NotAProfileId,
    /// The request contradicts itself or the state.
    #[error("{}: {}", .0.source, .0.message)]
    Invalid(Violation),
}

/// How a profile is to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// It is new.
    Insert,
    /// It has changed.
    Update,
    /// Nothing is different from what is stored.
    Nothing,
}

impl ProfileChanges {
    /// Reads the body; `platform` is the header that tells the caller's device, where it is a known one.
    pub fn parse(body: &Object<'_>, platform: Option<&str>) -> Result<Self, Vec<Violation>> {
        let mut changes = Self::default();
        let mut violations = Vec::new();
        fields::check(
            person::FIELDS,
            body,
            "",
            &mut violations,
            &mut |name, value, found| match name {
                "custom_attributes" => match AttributeChanges::parse(value) {
                    Ok(parsed) => changes.attributes = parsed,
                    Err(violation) => found.push(violation),
                },
                _ => changes.installation = InstallationChanges::parse(value, platform, found),
            },
        );
        if violations.is_empty() {
            changes.person = person::read(body);
            Ok(changes)
        } else {
            Err(violations)
        }
    }

    /// Keeps no IP address: neither one that the body sets, nor one that was set when the app still kept them. The last
    /// change of a field counts.
    pub fn forget_ip_address(&mut self) {
        self.person.push((IP_ADDRESS, None));
    }
}

impl Profile {
    /// A new profile without anything.
    pub fn new(app: AppId, id: ProfileId, customer_user_id: Option<String>, now: i64) -> Self {
        Self {
            app,
            id,
            customer_user_id,
            created_at: now,
            updated_at: now,
            identifiers: Identifiers::default(),
            attributes: Attributes::default(),
            holdings: Holdings::default(),
        }
    }

    /// Notes a change. Another server's clock may have been ahead of ours; the time of the last change, and with
    /// it what callers see, never goes back.
    pub fn touch(&mut self, now: i64) {
        self.updated_at = self.updated_at.max(now);
    }

    /// Sets and clears identifiers. Answers whether anything is different now.
    pub fn set_identifiers(&mut self, changes: &IdentifierChanges, now: i64) -> bool {
        let changed = self.identifiers.apply(changes);
        if changed {
            self.touch(now);
        }
        changed
    }

    /// Applies a body. Answers whether anything is different now; refuses too many attributes.
    pub fn update(
        &mut self,
        details: &mut Details,
        changes: &ProfileChanges,
        now: i64,
    ) -> Result<bool, Refusal> {
        let attributes = self
            .attributes
            .after(&changes.attributes)
            .map_err(Refusal::Invalid)?;
        let mut person = details.person.clone();
        person.apply(&changes.person);
        let mut changed = attributes != self.attributes || person != details.person;
        if let Some(installation) = &changes.installation {
            changed |= details.installations.apply(installation, now);
        }
        self.attributes = attributes;
        details.person = person;
        if changed {
            self.touch(now);
        }
        Ok(changed)
    }
}

/// What "create" found: the profile with the id of the header, and the one with its customer id.
#[derive(Debug, Default)]
pub struct Found {
    /// By the profile id, if that was given.
    pub by_id: Option<(Profile, Details)>,
    /// By the customer id, if that was given.
    pub by_customer: Option<(Profile, Details)>,
}

/// Creates a profile, links a customer id to an anonymous one, or updates the one that is meant.
///
/// `fresh` is the id of a new profile where the call gives none. Source: the wire contract, 4.1.1.
pub fn create(
    app: AppId,
    selector: &Selector,
    found: Found,
    changes: &ProfileChanges,
    fresh: ProfileId,
    now: i64,
) -> Result<(Profile, Details, Saving), Refusal> {
    let (mut profile, mut details, mut saving) = choose(app, selector, found, fresh, now)?;
    let changed = profile.update(&mut details, changes, now)?;
    if changed && saving == Saving::Nothing {
        saving = Saving::Update;
    }
    Ok((profile, details, saving))
}

fn choose(
    app: AppId,
    selector: &Selector,
    found: Found,
    fresh: ProfileId,
    now: i64,
) -> Result<(Profile, Details, Saving), Refusal> {
    let new = |id: ProfileId, customer: Option<&str>| {
        if id.is_reserved() {
            return Err(Refusal::Invalid(reserved_profile_id()));
        }
        let profile = Profile::new(app, id, customer.map(str::to_owned), now);
        Ok((profile, Details::default(), Saving::Insert))
    };
    let known = |(profile, details)| Ok((profile, details, Saving::Nothing));
    match selector {
        Selector::Id(id) => found.by_id.map_or_else(|| new(*id, None), known),
        Selector::Customer(customer) => found
            .by_customer
            .map_or_else(|| new(fresh, Some(customer)), known),
        Selector::Both(id, customer) => match (found.by_id, found.by_customer) {
            (None, None) => new(*id, Some(customer)),
            (Some(same), Some((other, _))) if same.0.id == other.id => known(same),
            (_, Some(_)) => Err(taken("the customer id belongs to another profile")),
            (Some((profile, _)), None) if profile.customer_user_id.is_some() => {
                Err(taken("the profile has another customer id"))
            }
            (Some((mut profile, details)), None) => {
                profile.customer_user_id = Some(customer.clone());
                profile.touch(now);
                Ok((profile, details, Saving::Update))
            }
        },
    }
}

fn taken(message: &str) -> Refusal {
    Refusal::Invalid(Violation::of_rule(CUSTOMER_HEADER, message))
}

/// What "create" answers to a profile id that is not a UUID.
pub fn bad_profile_id() -> Violation {
    Violation::of_rule(PROFILE_HEADER, "must be a UUID")
}

fn reserved_profile_id() -> Violation {
    Violation::of_rule(PROFILE_HEADER, "must not begin with sixteen zeros")
}
