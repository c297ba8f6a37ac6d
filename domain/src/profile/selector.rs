//! Which profile a call means: by its id, by the caller's own customer id, or by both.

use super::{Profile, Refusal};
use crate::fields::{Violation, id_form, is_id};
use crate::ids::ProfileId;

/// The header that names a profile by the caller's id of the customer.
pub const CUSTOMER_HEADER: &str = "adapty-customer-user-id";
/// The header that names a profile by its id.
pub const PROFILE_HEADER: &str = "adapty-profile-id";
/// The longest customer id, in characters.
pub const MAX_CUSTOMER_ID: usize = 255;

/// How a call names its profile. At least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// By the profile's id alone.
    Id(ProfileId),
    /// By the customer id alone.
    Customer(String),
    /// By both.
    Both(ProfileId, String),
}

impl Selector {
    /// Builds a selector from the two headers; an empty header counts as absent.
    ///
    /// `profile_id` is the raw header. One that is no UUID is refused with [`Refusal::NotAProfileId`]: calls that
    /// look a profile up answer it as "not found", the call that creates profiles as a wrong value.
    pub fn new(profile_id: Option<&str>, customer_id: Option<&str>) -> Result<Self, Refusal> {
        let profile_id = profile_id.filter(|id| !id.is_empty());
        let customer_id = customer_id.filter(|id| !id.is_empty());
        if let Some(id) = customer_id {
            check_customer_id(id)?;
        }
        let profile_id = profile_id
            .map(|id| ProfileId::parse(id).ok_or(Refusal::NotAProfileId))
            .transpose()?;
        Self::of(profile_id, customer_id.map(str::to_owned)).ok_or_else(|| {
            Refusal::Invalid(Violation::whole(format!(
                "one of the headers {CUSTOMER_HEADER} and {PROFILE_HEADER} is required"
            )))
        })
    }

    /// By what there is of the two; `None` where there is neither.
    pub(super) fn of(profile: Option<ProfileId>, customer: Option<String>) -> Option<Self> {
        match (profile, customer) {
            (Some(id), Some(customer)) => Some(Self::Both(id, customer)),
            (Some(id), None) => Some(Self::Id(id)),
            (None, Some(customer)) => Some(Self::Customer(customer)),
            (None, None) => None,
        }
    }

    /// The profile id, where it is given.
    pub fn profile_id(&self) -> Option<ProfileId> {
        match self {
            Self::Id(id) | Self::Both(id, _) => Some(*id),
            Self::Customer(_) => None,
        }
    }

    /// The customer id, where it is given.
    pub fn customer_id(&self) -> Option<&str> {
        match self {
            Self::Customer(customer) | Self::Both(_, customer) => Some(customer),
            Self::Id(_) => None,
        }
    }

    /// Takes the profile that was found by the id if that was given, else by the customer id, and refuses one
    /// that is known under another customer id than the call says.
    pub fn pick(&self, found: Option<Profile>) -> Result<Profile, Refusal> {
        let profile = found.ok_or(Refusal::NoSuchProfile)?;
        match (self, &profile.customer_user_id) {
            (Self::Both(_, said), Some(known)) if said != known => Err(Refusal::Invalid(Violation::whole(
                "the profile's id and the customer's name different profiles",
            ))),
            _ => Ok(profile),
        }
    }
}

/// Checks a customer id.
pub fn check_customer_id(id: &str) -> Result<(), Refusal> {
    if is_id(id, MAX_CUSTOMER_ID) {
        return Ok(());
    }
    Err(Refusal::Invalid(Violation::of_rule(
        CUSTOMER_HEADER,
        format!("must have {}", id_form(MAX_CUSTOMER_ID)),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "E5AAB402-B1BD-4039-B632-57A91EBC0779";

    #[test]
    fn either_header_is_enough_and_empty_ones_count_as_absent() {
        let id = ProfileId::parse(ID).unwrap();
        assert_eq!(Selector::new(Some(ID), Some("")).unwrap(), Selector::Id(id));
        assert_eq!(
            Selector::new(Some(""), Some("a/?+ü")).unwrap(),
            Selector::Customer("a/?+ü".into())
        );
        assert!(
            matches!(Selector::new(None, None), Err(Refusal::Invalid(v)) if v.source == "non_field_errors")
        );
    }

    #[test]
    fn a_profile_that_is_known_under_another_customer_id_is_refused() {
        let id = ProfileId::parse(ID).unwrap();
        let app = crate::ids::AppId(uuid::Uuid::nil());
        let known = |customer: Option<&str>| Some(Profile::new(app, id, customer.map(str::to_owned), 0));
        let both = Selector::Both(id, "c".into());
        assert!(both.pick(known(Some("c"))).is_ok() && both.pick(known(None)).is_ok());
        assert!(matches!(both.pick(known(Some("d"))), Err(Refusal::Invalid(_))));
        assert!(Selector::Id(id).pick(known(Some("d"))).is_ok());
        assert!(matches!(both.pick(None), Err(Refusal::NoSuchProfile)));
        assert_eq!((both.profile_id(), both.customer_id()), (Some(id), Some("c")));
    }

    #[test]
    fn a_bad_id_is_told_from_a_bad_customer_id() {
        assert!(matches!(
            Selector::new(Some("x"), None),
            Err(Refusal::NotAProfileId)
        ));
        for customer in ["a\tb", &"x".repeat(256)] {
            let refusal = Selector::new(None, Some(customer)).unwrap_err();
            assert!(matches!(refusal, Refusal::Invalid(v) if v.source == CUSTOMER_HEADER));
        }
    }
}
