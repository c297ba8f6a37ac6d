//! The profile as its events show it.

use rust_decimal::Decimal;
use serde::Serialize;

use super::wire::{Amount, UpperCase, UuidText};
use crate::app::AppSettings;
use crate::ids::ProfileId;
use crate::profile::attributes::Attributes;
use crate::profile::attribution::Attributions;
use crate::profile::identifiers::Identifiers;
use crate::profile::installation::is_real_id;
use crate::profile::person::IP_ADDRESS;
use crate::profile::{Details, Profile};

/// All that events say of the profile that they belong to.
#[derive(Debug, Clone)]
pub struct Recipient<'a> {
    /// Its id.
    pub profile_id: ProfileId,
    /// The caller's own id of the customer.
    pub customer_user_id: Option<&'a str>,
    /// Apple's id of the device for one vendor.
    pub idfv: Option<&'a str>,
    /// Apple's id of the device for advertisers, where the customer allowed it.
    pub idfa: Option<&'a str>,
    /// Google's id of the device for advertisers.
    pub advertising_id: Option<&'a str>,
    /// The device's user agent.
    pub user_agent: Option<&'a str>,
    /// When the first installation was reported, or else the profile was created; microseconds.
    pub installed_at: i64,
    /// The e-mail address.
    pub email: Option<&'a str>,
    /// Where the customer is, two letters.
    pub country: Option<&'a str>,
    /// The customer's IP address.
    pub ip: Option<&'a str>,
    /// Custom attributes.
    pub attributes: &'a Attributes,
    /// Where the customer came from.
    pub attributions: &'a Attributions,
    /// What third parties call it.
    pub identifiers: &'a Identifiers,
    /// Is any access level active?
    pub has_access_level: bool,
    /// What the customer has paid in production, less what was paid back.
    pub total_revenue_usd: Decimal,
    /// The other profiles that share its access level, without itself.
    pub sharing: &'a [Sharer<'a>],
}

/// Another profile that shares the access level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sharer<'a> {
    /// Its id.
    pub profile_id: ProfileId,
    /// The caller's own id of the customer.
    pub customer_user_id: Option<&'a str>,
}

impl<'a> Recipient<'a> {
    /// What the stored profile tells. Access, revenue and sharing are not in it: none until they are set.
    ///
    /// Of several installations, the one that changed last and knows a value tells it.
    pub fn new(profile: &'a Profile, details: &'a Details, settings: &AppSettings) -> Self {
        let (person, devices) = (&details.person, &details.installations);
        let first_seen = devices.iter().map(|device| device.created_at).min();
        // Zeros are an answer too: the customer said no, and no other device's id takes their place.
        let id = |field| devices.latest(field).filter(|id| is_real_id(id));
        Self {
            profile_id: profile.id,
            customer_user_id: profile.customer_user_id.as_deref(),
            idfv: id("idfv"),
            idfa: id("idfa").filter(|_| person.allows_tracking()),
            advertising_id: id("advertising_id").filter(|_| person.allows_advertising()),
            user_agent: devices.latest("user_agent"),
            installed_at: first_seen.unwrap_or(profile.created_at),
            email: person.text("email"),
            country: person.text("ip_country"),
            ip: person.text(IP_ADDRESS).filter(|_| settings.collect_ip),
            attributes: &profile.attributes,
            attributions: &details.attributions,
            identifiers: &profile.identifiers,
            has_access_level: false,
            total_revenue_usd: Decimal::ZERO,
            sharing: &[],
        }
    }

    pub(super) fn properties(&self) -> RecipientProperties<'a> {
        RecipientProperties {
            profile_country: self.country.map(UpperCase),
            profile_ip_address: self.ip,
            profile_has_access_level: self.has_access_level,
            profile_total_revenue_usd: Amount(self.total_revenue_usd),
        }
    }

    pub(super) fn device(&self) -> Device<'a> {
        Device {
            idfv: self.idfv.map(UuidText),
            idfa: self.idfa.map(UuidText),
            advertising_id: self.advertising_id.map(UuidText),
        }
    }
}

/// The ids of the customer's devices.
#[derive(Serialize)]
pub(super) struct Device<'a> {
    idfv: Option<UuidText<'a>>,
    idfa: Option<UuidText<'a>>,
    advertising_id: Option<UuidText<'a>>,
}

/// What is told of the profile among an event's properties.
#[derive(Serialize)]
pub(super) struct RecipientProperties<'a> {
    profile_country: Option<UpperCase<'a>>,
    profile_ip_address: Option<&'a str>,
    profile_has_access_level: bool,
    profile_total_revenue_usd: Amount,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AppId;
    use crate::json::Object;
    use crate::profile::ProfileChanges;
    use uuid::Uuid;

    fn stored(bodies: &[&str]) -> (Profile, Details) {
        let id = ProfileId(Uuid::from_u128(1));
        let mut profile = Profile::new(AppId(Uuid::from_u128(2)), id, None, 10);
        let mut details = Details::default();
        for (body, now) in bodies.iter().zip(20..) {
            let changes = ProfileChanges::parse(&Object::parse(body.as_bytes()).unwrap(), None).unwrap();
            profile.update(&mut details, &changes, now).unwrap();
        }
        (profile, details)
    }

    #[test]
    fn advertising_ids_are_not_told_of_who_is_not_to_be_analysed() {
        let (profile, details) = stored(&[
            r#"{"installation_meta":{"device_id":"d","idfa":"a","idfv":"v","advertising_id":"g"}}"#,
            r#"{"analytics_disabled":true}"#,
        ]);
        let recipient = Recipient::new(&profile, &details, &AppSettings::default());
        assert_eq!((recipient.idfa, recipient.advertising_id), (None, None));
        assert_eq!(recipient.idfv, Some("v"));
    }

    #[test]
    fn the_device_that_changed_last_and_knows_a_value_tells_it() {
        let (profile, details) = stored(&[
            r#"{"installation_meta":{"device_id":"old","idfv":"a","user_agent":"ua-old"}}"#,
            r#"{"installation_meta":{"device_id":"new","idfv":"","user_agent":"ua-new"}}"#,
        ]);
        let recipient = Recipient::new(&profile, &details, &AppSettings::default());
        assert_eq!(
            (recipient.idfv, recipient.user_agent),
            (Some("a"), Some("ua-new"))
        );
        assert_eq!((recipient.advertising_id, recipient.installed_at), (None, 20));
    }

    #[test]
    fn ids_of_zeros_are_none_and_no_other_devices_id_takes_their_place() {
        const ZEROS: &str = "00000000-0000-0000-0000-000000000000";
        let device = |id: &str, value: &str| {
            format!(
                r#"{{"installation_meta":
                    {{"device_id":"{id}","idfa":"{value}","idfv":"{value}","advertising_id":"{value}"}}}}"#
            )
        };
        let ids = |devices: [String; 2]| {
            let (profile, details) = stored(&devices.each_ref().map(String::as_str));
            let recipient = Recipient::new(&profile, &details, &AppSettings::default());
            [recipient.idfa, recipient.idfv, recipient.advertising_id].map(|id| id.map(str::to_owned))
        };
        assert_eq!(ids([device("a", "1"), device("b", ZEROS)]), [None, None, None]);
        let real = ids([device("a", ZEROS), device("b", "1")]);
        assert!(real.iter().all(|id| id.as_deref() == Some("1")), "{real:?}");
    }

    #[test]
    fn a_profile_without_devices_was_installed_when_it_was_created() {
        let (profile, details) = stored(&[]);
        let recipient = Recipient::new(&profile, &details, &AppSettings::default());
        assert_eq!(recipient.installed_at, 10);
    }

    #[test]
    fn the_advertisers_id_needs_consent_where_it_is_known() {
        let with_status = |status: &str| {
            let body =
                format!(r#"{{"att_status":{status},"installation_meta":{{"device_id":"d","idfa":"i"}}}}"#);
            let (profile, details) = stored(&[&body]);
            Recipient::new(&profile, &details, &AppSettings::default()).idfa == Some("i")
        };
        assert_eq!(
            ["null", "0", "1", "2", "3"].map(with_status),
            [true, false, false, false, true]
        );
    }

    #[test]
    fn addresses_are_not_told_where_they_are_not_kept() {
        let (profile, details) = stored(&[r#"{"ip_v4_address":"192.0.2.1","ip_country":"de"}"#]);
        let mut settings = AppSettings::default();
        assert_eq!(
            Recipient::new(&profile, &details, &settings).ip,
            Some("192.0.2.1")
        );
        settings.collect_ip = false;
        let recipient = Recipient::new(&profile, &details, &settings);
        assert_eq!((recipient.ip, recipient.country), (None, Some("de")));
    }
}
