//! A device of the customer's. A request is about one: what several tell would describe a device that nobody has, and would
//! tell ids of one where another was taken back.

use super::customer::Platform;
use crate::profile::installation::{Installation, is_real_id};
use crate::profile::person::Person;

/// An installation, or none, of which nothing is known.
#[derive(Debug, Clone, Copy)]
pub struct Device<'a> {
    installation: Option<&'a Installation>,
    owner: &'a Person,
}

impl<'a> Device<'a> {
    pub(super) fn new(installation: Option<&'a Installation>, owner: &'a Person) -> Self {
        Self { installation, owner }
    }

    /// A field: `device`, `os`, `locale`, `timezone`, `user_agent`, `app_version`, `app_build`, … Empty is none. The ids have
    /// functions of their own.
    pub fn text(&self, field: &str) -> Option<&'a str> {
        self.installation?.text(field)
    }

    /// The platform that it tells, if it is known here.
    pub fn platform(&self) -> Option<Platform> {
        Platform::parse(self.text("platform")?)
    }

    /// The first version number in `os`: `18.3` of `iOS 18.3`.
    pub fn os_version(&self) -> Option<&'a str> {
        version(self.text("os")?)
    }

    /// Apple's id for advertisers, where the customer allowed it.
    pub fn idfa(&self) -> Option<&'a str> {
        self.id("idfa").filter(|_| self.owner.allows_tracking())
    }

    /// Apple's id of the device for one vendor.
    pub fn idfv(&self) -> Option<&'a str> {
        self.id("idfv")
    }

    /// Google's id for advertisers.
    pub fn advertising_id(&self) -> Option<&'a str> {
        self.id("advertising_id")
            .filter(|_| self.owner.allows_advertising())
    }

    /// Android's id of the device.
    pub fn android_id(&self) -> Option<&'a str> {
        self.id("android_id")
    }

    /// An id, where it is not all zeros.
    fn id(&self, field: &str) -> Option<&'a str> {
        self.text(field).filter(|id| is_real_id(id))
    }
}

/// The first version number in a text.
fn version(text: &str) -> Option<&str> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches('.'))
}
