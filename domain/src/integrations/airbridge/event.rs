//! An event in Airbridge's form.

use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::super::contract::customer::Mobile;
use super::super::contract::occasion::Revenue;
use super::super::mapping::device_id::DeviceIds;
use super::super::{Occasion, Skip};
use super::period;
use crate::events::EventKind;
use crate::events::wire::Amount;
use crate::profile::attributes::Attributes;

/// Properties that have a place of their own in a request.
const TOLD_ELSEWHERE: [&str; 3] = ["transaction_id", "vendor_product_id", "profile_ip_address"];

/// The body of a request but for its time, `eventTimestamp`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    #[serde(rename = "eventUUID")]
    uuid: Uuid,
    #[serde(skip_serializing_if = "User::is_empty")]
    user: User<'a>,
    device: Device<'a>,
    app: App<'a>,
    event_data: EventData<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(rename = "externalUserID", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "externalUserEmail", skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a Attributes>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Device<'a> {
    #[serde(rename = "deviceUUID", skip_serializing_if = "Option::is_none")]
    uuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_model: Option<&'a str>,
    os_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    os_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ifa: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ifv: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_tracking_transparency: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct App<'a> {
    package_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct EventData<'a> {
    goal: Goal<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Goal<'a> {
    category: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Amount>,
    semantic_attributes: Semantics<'a>,
    #[serde(serialize_with = "custom_attributes")]
    custom_attributes: &'a Occasion<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Semantics<'a> {
    #[serde(rename = "transactionID", skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_value: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<&'static str>,
    is_renewal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    products: Option<[Product<'a>; 1]>,
}

#[derive(Serialize)]
struct Product<'a> {
    #[serde(rename = "productID")]
    id: &'a str,
    name: &'a str,
    position: u8,
}

impl<'a> Event<'a> {
    /// The event under one of its categories, the one at `place`.
    pub fn new(
        occasion: &'a Occasion<'a>,
        category: &'a str,
        place: usize,
        revenue: Option<&'a Revenue<'a>>,
    ) -> Result<Self, Skip> {
        let platform = occasion.mobile_platform()?;
        Ok(Self {
            uuid: uuid(occasion.event.id, category, place),
            user: User::of(occasion),
            device: Device::of(occasion, platform),
            app: App::of(occasion, platform)?,
            event_data: EventData {
                goal: Goal {
                    category,
                    value: revenue.map(Revenue::number),
                    semantic_attributes: Semantics::of(occasion, revenue),
                    custom_attributes: occasion,
                },
            },
        })
    }
}

impl<'a> User<'a> {
    fn of(occasion: &Occasion<'a>) -> Self {
        let is_told = occasion.settings.is("send_user_attributes");
        let recipient = &occasion.customer.recipient;
        let email = recipient.email.map(str::trim).filter(|email| !email.is_empty());
        let attributes = Some(recipient.attributes).filter(|all| all.iter().next().is_some());
        Self {
            id: recipient.customer_user_id,
            email: email.filter(|_| is_told),
            attributes: attributes.filter(|_| is_told),
        }
    }

    fn is_empty(&self) -> bool {
        self.id.is_none() && self.email.is_none() && self.attributes.is_none()
    }
}

impl<'a> Device<'a> {
    fn of(occasion: &Occasion<'a>, platform: Mobile) -> Self {
        let customer = occasion.customer;
        let is_ios = platform == Mobile::Ios;
        let device = customer.device_on(platform);
        let ids = DeviceIds::on(platform, device);
        Self {
            uuid: occasion.identifier("airbridge_device_id"),
            device_model: device.text("device"),
            os_name: platform.title(),
            os_version: device.os_version(),
            locale: device.text("locale"),
            timezone: device.text("timezone"),
            ifa: ids.idfa,
            ifv: ids.idfv,
            gaid: ids.advertising_id,
            app_tracking_transparency: customer.att_status().filter(|_| is_ios),
        }
    }
}

impl<'a> App<'a> {
    fn of(occasion: &Occasion<'a>, platform: Mobile) -> Result<Self, Skip> {
        let customer = occasion.customer;
        let setting = platform.bundle_setting();
        let missing = || Skip::MissingCredentials(format!("{setting} of the app"));
        Ok(Self {
            package_name: customer.bundle_on(platform).ok_or_else(missing)?,
            version: customer.device_on(platform).text("app_version"),
        })
    }
}

impl<'a> Semantics<'a> {
    fn of(occasion: &'a Occasion<'a>, revenue: Option<&'a Revenue<'a>>) -> Self {
        let event = occasion.event;
        let payments = event
            .decimal("consecutive_payments")
            .and_then(|count| count.to_u64());
        let renewals = payments.map(|count| count.saturating_sub(1));
        let is_renewal = event.kind == EventKind::SubscriptionRenewed;
        let product = |id| {
            [Product {
                id,
                name: id,
                position: 1,
            }]
        };
        Self {
            transaction_id: event.text("transaction_id"),
            total_value: revenue.map(Revenue::number),
            currency: revenue.map(|revenue| revenue.currency),
            period: period::of(event),
            is_renewal,
            // Counted without a gap: after one, a renewal would be the first payment.
            renewal_count: renewals.filter(|count| *count > 0 || !is_renewal),
            products: event.text("vendor_product_id").map(product),
        }
    }
}

/// What repeats are told by: of the first category the event's id, of the others a hash of it and the category. Only
/// version 4 is documented there, so that is what both look like.
fn uuid(event: Uuid, category: &str, place: usize) -> Uuid {
    let mut id = *event.as_bytes();
    if place > 0 {
        let hash = Sha256::new_with_prefix(id).chain_update(category).finalize();
        id.copy_from_slice(&hash[..16]);
    }
    Builder::from_random_bytes(id).into_uuid()
}

/// The properties of the event that have no other place.
fn custom_attributes<S: Serializer>(occasion: &&Occasion<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry(
        "isTrialConverted",
        &(occasion.kind() == EventKind::TrialConverted),
    )?;
    let properties = occasion.properties();
    for (name, value) in properties.filter(|(name, _)| !TOLD_ELSEWHERE.contains(name)) {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_version_4_and_differ_by_category() {
        let id = Uuid::from_u128(7);
        assert_eq!(
            uuid(id, "a", 0).to_string(),
            "00000000-0000-4000-8000-000000000007"
        );
        let (a, b) = (uuid(id, "a", 1), uuid(id, "b", 1));
        assert!(a != b && a == uuid(id, "a", 2));
        assert_eq!((a.get_version_num(), b.get_version_num()), (4, 4));
    }
}
