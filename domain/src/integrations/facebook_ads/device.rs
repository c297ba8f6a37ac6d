//! Whose device it is and what is known of it.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use serde::ser::{Serialize, SerializeTuple, Serializer};

use super::super::contract::customer::Mobile;
use super::super::contract::device::Device;
use super::super::mapping::device_id::DeviceIds;
use super::super::{Occasion, Skip};
use crate::profile::person::TRACKING_AUTHORIZED;

/// The names of time zones: in the program, so that they are the same on every machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What Meta knows a device by: at least one of the ids is there.
#[derive(Debug)]
pub struct Identity<'a> {
    pub platform: Mobile,
    pub device: Device<'a>,
    /// Meta's own id of the installation.
    pub anon_id: Option<&'a str>,
    /// The platform's id for advertisers. On iOS it is told only with consent.
    pub advertiser_id: Option<&'a str>,
    /// May the customer be tracked across apps?
    pub is_tracked: bool,
}

impl<'a> Identity<'a> {
    /// The ids for the event's platform; ids of the other platform are never told.
    pub fn of(occasion: &Occasion<'a>) -> Result<Self, Skip> {
        let platform = occasion.platform_or_wait(&["facebook_anonymous_id"])?;
        let customer = occasion.customer;
        let device = customer.device_on(platform);
        let ids = DeviceIds::on(platform, device);
        let has_consent = customer.att_status() == Some(TRACKING_AUTHORIZED);
        let (advertiser_id, is_tracked, identifiers): (_, _, &[&str]) = match platform {
            Mobile::Android => {
                let is_tracked = ids.advertising_id.is_some();
                (
                    ids.advertising_id,
                    is_tracked,
                    &["facebook_anonymous_id", "advertising_id"],
                )
            }
            Mobile::Ios => {
                let idfa = ids.idfa.filter(|_| has_consent);
                (idfa, has_consent, &["facebook_anonymous_id", "idfa"])
            }
        };
        let anon_id = occasion.identifier("facebook_anonymous_id");
        let any = |id: Option<&str>| id.map(|_| ());
        occasion.or_later(any(anon_id), &["facebook_anonymous_id"], identifiers, || {
            any(advertiser_id)
        })?;
        Ok(Self {
            platform,
            device,
            anon_id,
            advertiser_id,
            is_tracked,
        })
    }

    /// As Meta writes yes and no.
    pub fn tracking(&self) -> u8 {
        u8::from(self.is_tracked)
    }
}

/// `extinfo`: exactly sixteen items in Meta's order. With any other number of them the event is dropped in silence.
pub struct ExtInfo<'a>(pub &'a Occasion<'a>, pub &'a Identity<'a>);

impl Serialize for ExtInfo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const ITEMS: usize = 16;
        const UNKNOWN: &str = "";
        let Self(occasion, Identity { platform, device, .. }) = self;
        let customer = occasion.customer;
        let known = |field| device.text(field).unwrap_or(UNKNOWN);
        let system = match platform {
            Mobile::Android => "a2",
            Mobile::Ios => "i2",
        };
        let mut list = serializer.serialize_tuple(ITEMS)?;
        list.serialize_element(system)?;
        list.serialize_element(customer.bundle_on(*platform).unwrap_or(UNKNOWN))?;
        list.serialize_element(known("app_version"))?;
        list.serialize_element(known("app_build"))?;
        list.serialize_element(device.os_version().unwrap_or(UNKNOWN))?;
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
    use crate::integrations::samples::{AT, Case};

    fn case(profile: Value, store: &str) -> Case {
        let case = Case {
            settings: json!({"facebook_app_id": "1"}),
            profile,
            ..Case::of(&INTEGRATION)
        };
        case.with("store", store)
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
                case(profile, "app_store").skip(),
                "missing_identifier: facebook_anonymous_id or idfa"
            );
        }
        let allowed = case(json!({"att_status": 3, "installation_meta": ids}), "app_store").form();
        assert_eq!(
            (
                allowed["advertiser_id"].as_str(),
                allowed["advertiser_tracking_enabled"].as_str()
            ),
            ("A", "1")
        );
    }

    #[test]
    fn a_customer_who_may_not_be_tracked_is_told_under_metas_own_id() {
        let profile = json!({"att_status": 2, "installation_meta": {"device_id": "d", "idfa": "A"}});
        let known = Case {
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            ..case(profile, "app_store")
        };
        let body = known.request().body;
        assert!(
            body.contains("advertiser_tracking_enabled=0&application_tracking_enabled=1&anon_id=XZ1&"),
            "{body}"
        );
    }

    #[test]
    fn who_may_be_tracked_may_be_so_without_apples_id() {
        let allowed = Case {
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            ..case(json!({"att_status": 3}), "app_store")
        };
        assert_eq!(allowed.form()["advertiser_tracking_enabled"], "1");
    }

    #[test]
    fn android_is_told_under_googles_id_alone() {
        let ids = |google: &str| {
            json!({"att_status": 3, "installation_meta": {
            "device_id": "d", "idfa": "A", "advertising_id": google, "locale": "pt-BR"}})
        };
        let form = case(ids("G"), "play_store").form();
        assert_eq!(
            (
                form["advertiser_id"].as_str(),
                form["advertiser_tracking_enabled"].as_str()
            ),
            ("G", "1")
        );
        let told = &form["extinfo"];
        assert!(
            told.starts_with(r#"["a2","com.aurora.android","#) && told.contains("pt_BR"),
            "{told}"
        );
        let zeros = case(ids("00000000-0000-0000-0000-000000000000"), "play_store");
        assert_eq!(
            zeros.skip(),
            "missing_identifier: facebook_anonymous_id or advertising_id"
        );
    }

    #[test]
    fn a_device_of_the_other_platform_is_not_described() {
        let phone = json!({"att_status": 3, "installation_meta": {"device_id": "d", "platform": "iOS",
            "os": "iOS 18.3", "device": "iPhone15,3", "locale": "pt_BR"}});
        let known = |store| Case {
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            ..case(phone.clone(), store)
        };
        assert!(known("app_store").form()["extinfo"].contains("iPhone15,3"));
        assert_eq!(
            known("play_store").form()["extinfo"],
            r#"["a2","com.aurora.android","","","","","","","",0,0,"",0,0,0,""]"#
        );
    }

    #[test]
    fn other_stores_are_told_for_the_customers_device() {
        let on = |platform: &str| {
            json!({"att_status": 3, "installation_meta": {
            "device_id": "d", "idfa": "A", "advertising_id": "G", "platform": platform}})
        };
        let id = |platform| {
            case(on(platform), "stripe")
                .form()
                .remove("advertiser_id")
                .unwrap()
        };
        assert_eq!((id("visionOS").as_str(), id("Android").as_str()), ("A", "G"));
        for profile in [on("web"), json!({})] {
            let named = Case {
                identifiers: json!({"facebook_anonymous_id": "XZ1"}),
                ..case(profile, "stripe")
            };
            assert_eq!(named.record(), Err(Skip::UnknownPlatform));
        }
    }
}
