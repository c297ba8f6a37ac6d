//! The ids of devices: those that a platform has, and the form that their makers write them in, whatever form the app has
//! reported.

use uuid::Uuid;

use crate::integrations::contract::customer::Mobile;
use crate::integrations::contract::device::Device;

/// The ids of a device. Those of another platform than its own are never told.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeviceIds<'a> {
    /// Apple's id for advertisers.
    pub idfa: Option<&'a str>,
    /// Apple's id of the device for one vendor.
    pub idfv: Option<&'a str>,
    /// Google's id for advertisers.
    pub advertising_id: Option<&'a str>,
    /// Android's id of the device.
    pub android_id: Option<&'a str>,
}

impl<'a> DeviceIds<'a> {
    /// The ids that are known of the device, which is of this platform.
    pub fn on(platform: Mobile, device: Device<'a>) -> Self {
        match platform {
            Mobile::Ios => Self {
                idfa: device.idfa(),
                idfv: device.idfv(),
                ..Self::default()
            },
            Mobile::Android => Self {
                advertising_id: device.advertising_id(),
                android_id: device.android_id(),
                ..Self::default()
            },
        }
    }
}

/// As Apple writes it: upper case, with hyphens.
pub fn apple(id: &str) -> String {
    google(id).to_ascii_uppercase()
}

/// As Google writes it: lower case, with hyphens.
pub fn google(id: &str) -> String {
    match Uuid::try_parse(id) {
        Ok(uuid) => uuid.hyphenated().to_string(),
        Err(_) => id.to_ascii_lowercase(),
    }
}

/// `android_id` as Android writes it: lower case, without hyphens.
pub fn android(id: &str) -> String {
    id.replace('-', "").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_their_makers_do() {
        let (upper, lower) = (
            "0D6C3B5E-77A1-4C3E-9E0B-5A1F2C3D4E5F",
            "0d6c3b5e-77a1-4c3e-9e0b-5a1f2c3d4e5f",
        );
        for id in [upper, lower, "0d6c3b5e77a14c3e9e0b5a1f2c3d4e5f"] {
            assert_eq!((apple(id).as_str(), google(id).as_str()), (upper, lower));
        }
        assert_eq!(apple("not-a-uuid"), "NOT-A-UUID");
        assert_eq!(android("9774D56D-682E549C"), "9774d56d682e549c");
    }
}
