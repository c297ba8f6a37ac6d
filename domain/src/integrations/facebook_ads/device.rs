//! Whose device it is and what is known of it.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use serde::ser::{Serialize, SerializeTuple, Serializer};

use super::super::customer::Platform;
use super::super::{Occasion, Skip};
use super::APP;

/// `att_status` of who allowed tracking.
const AUTHORIZED: i64 = 3;

/// The names of time zones: in the program, so that they are the same on every machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What Meta knows a device by: at least one of the ids is there.
#[derive(Debug)]
pub(super) struct Identity<'a> {
    pub platform: Platform,
    /// Meta's own id of the installation.
    pub anon_id: Option<&'a str>,
    /// The platform's id for advertisers. On iOS it is told only with consent.
    pub advertiser_id: Option<&'a str>,
    /// May the customer be tracked across apps?
    pub is_tracked: bool,
}

impl<'a> Identity<'a> {
    /// The ids for the event's platform; ids of the other platform are never told.
    pub(super) fn of(occasion: &Occasion<'a>) -> Result<Self, Skip> {
        let platform = occasion.mobile_platform(APP)?;
        let customer = occasion.customer;
        let (advertiser_id, is_tracked, identifiers): (_, _, &[&str]) = match platform {
            Platform::Android => {
                let id = customer.advertising_id();
                (id, id.is_some(), &["facebook_anonymous_id", "advertising_id"])
            }
            Platform::Ios | Platform::Web => {
                let has_consent = customer.att_status() == Some(AUTHORIZED);
                let id = customer.idfa().filter(|_| has_consent);
                (id, has_consent, &["facebook_anonymous_id", "idfa"])
            }
        };
        let anon_id = occasion.identifier("facebook_anonymous_id");
        let any = |id: Option<&str>| id.map(|_| ());
        occasion.or_later(any(anon_id), identifiers, || any(advertiser_id))?;
        Ok(Self {
            platform,
            anon_id,
            advertiser_id,
            is_tracked,
        })
    }

    /// As Meta writes yes and no.
    pub(super) fn tracking(&self) -> u8 {
        u8::from(self.is_tracked)
    }
}

/// `extinfo`: exactly sixteen items in Meta's order. With any other number of them the event is dropped in silence.
pub(super) struct ExtInfo<'a>(pub &'a Occasion<'a>, pub Platform);

impl Serialize for ExtInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const ITEMS: usize = 16;
        const UNKNOWN: &str = "";
        let Self(occasion, platform) = self;
        let customer = occasion.customer;
        let known = |field| customer.device(field).unwrap_or(UNKNOWN);
        let (system, bundle) = match platform {
            Platform::Android => ("a2", &customer.app.android_package),
            Platform::Ios | Platform::Web => ("i2", &customer.app.ios_bundle_id),
        };
        let mut list = serializer.serialize_tuple(ITEMS)?;
        list.serialize_element(system)?;
        list.serialize_element(bundle.as_deref().unwrap_or(UNKNOWN))?;
        list.serialize_element(known("app_version"))?;
        list.serialize_element(known("app_build"))?;
        list.serialize_element(customer.os_version().unwrap_or(UNKNOWN))?;
        list.serialize_element(known("device"))?;
        list.serialize_element(&known("locale").replace('-', "_"))?;
        list.serialize_element(&zone_abbreviation(known("timezone"), occasion.event.at).unwrap_or_default())?;
        // The carrier, the screen's width, height and density, cores, storage and what is free of it: nobody reports
        // them to us.
        list.serialize_element(UNKNOWN)?;
        list.serialize_element(&0)?;
        list.serialize_element(&0)?;
        list.serialize_element(UNKNOWN)?;
        list.serialize_element(&0)?;
        list.serialize_element(&0)?;
        list.serialize_element(&0)?;
        list.serialize_element(known("timezone"))?;
        list.end()
    }
}

/// What a time zone is called at some time: `CET` for `Europe/Stockholm` in winter.
fn zone_abbreviation(zone: &str, at: i64) -> Option<String> {
    let zone = ZONES.get(zone).ok()?;
    let at = Timestamp::from_microsecond(at).ok()?;
    Some(zone.to_offset_info(at).abbreviation().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::Request;
    use crate::integrations::cases::{AT, Case};

    fn sent(profile: Value, store: &str) -> Result<Request, Skip> {
        let case = Case {
            settings: json!({"facebook_app_id": "1"}),
            profile,
            ..Case::default()
        };
        case.with("store", store).request(&INTEGRATION)
    }

    fn waits(sent: Result<Request, Skip>) -> Vec<&'static str> {
        match sent {
            Err(Skip::Waiting { identifiers, .. }) => identifiers.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn zones_have_their_abbreviation_of_the_time() {
        let summer = AT + 120 * 86_400 * 1_000_000;
        assert_eq!(zone_abbreviation("Europe/Stockholm", AT).unwrap(), "CET");
        assert_eq!(zone_abbreviation("Europe/Stockholm", summer).unwrap(), "CEST");
        assert_eq!(zone_abbreviation("Nowhere/Town", AT), None);
        assert_eq!(zone_abbreviation("", AT), None);
    }

    #[test]
    fn without_consent_apples_id_is_none() {
        let ids = json!({"device_id": "d", "idfa": "A", "advertising_id": "G"});
        for status in [json!(null), json!(0), json!(2)] {
            let profile = json!({"att_status": status, "installation_meta": ids});
            assert_eq!(
                waits(sent(profile, "app_store")),
                ["facebook_anonymous_id", "idfa"]
            );
        }
        let body = sent(json!({"att_status": 3, "installation_meta": ids}), "app_store")
            .unwrap()
            .body;
        assert!(
            body.contains("&advertiser_id=A&") && body.contains("advertiser_tracking_enabled=1"),
            "{body}"
        );
    }

    #[test]
    fn a_customer_who_may_not_be_tracked_is_told_under_metas_own_id() {
        let case = Case {
            settings: json!({"facebook_app_id": "1"}),
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            profile: json!({"att_status": 2, "installation_meta": {"device_id": "d", "idfa": "A"}}),
            ..Case::default()
        };
        let body = case.request(&INTEGRATION).unwrap().body;
        assert!(
            body.contains("advertiser_tracking_enabled=0&application_tracking_enabled=1&anon_id=XZ1&"),
            "{body}"
        );
    }

    #[test]
    fn android_is_told_under_googles_id_alone() {
        let ids = |google: &str| {
            json!({"att_status": 3, "installation_meta": {
            "device_id": "d", "idfa": "A", "advertising_id": google, "locale": "pt-BR"}})
        };
        let body = sent(ids("G"), "play_store").unwrap().body;
        assert!(
            body.contains("advertiser_tracking_enabled=1") && body.contains("advertiser_id=G&"),
            "{body}"
        );
        assert!(
            body.contains("%22a2%22%2C%22com.aurora.android%22") && body.contains("pt_BR"),
            "{body}"
        );
        let zeros = sent(ids("00000000-0000-0000-0000-000000000000"), "play_store");
        assert_eq!(waits(zeros), ["facebook_anonymous_id", "advertising_id"]);
    }

    #[test]
    fn other_stores_are_told_for_the_customers_device() {
        let on = |platform: &str| {
            json!({"att_status": 3, "installation_meta": {
            "device_id": "d", "idfa": "A", "advertising_id": "G", "platform": platform}})
        };
        assert!(
            sent(on("visionOS"), "stripe")
                .unwrap()
                .body
                .contains("advertiser_id=A")
        );
        assert!(
            sent(on("Android"), "stripe")
                .unwrap()
                .body
                .contains("advertiser_id=G")
        );
        for profile in [on("web"), json!({})] {
            assert!(matches!(
                sent(profile, "stripe"),
                Err(Skip::MissingCredentials(_))
            ));
        }
    }
}
