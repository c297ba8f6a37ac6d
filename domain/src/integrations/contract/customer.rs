//! The customer as integrations see them: the profile as it stands when an event is sent.

use super::subscription::{self, Subscription};
use crate::app::AppSettings;
use crate::events::Recipient;
use crate::profile::identifiers::Identifiers;
use crate::profile::installation::{Installations, is_real_id};
use crate::profile::person::Person;
use crate::profile::{Details, Profile};

/// A customer.
#[derive(Debug)]
pub struct Customer<'a> {
    /// What events say of the profile, with the rules of consent already looked at.
    pub recipient: Recipient<'a>,
    /// The customer as a person: `email`, `phone_number`, `att_status` and so on.
    pub person: &'a Person,
    /// What third parties call it.
    pub identifiers: &'a Identifiers,
    /// The app's settings: bundle id, package, whether IP addresses are kept.
    pub app: &'a AppSettings,
    /// When the first installation was reported, in microseconds, if one was.
    pub installed_at: Option<i64>,
    installations: &'a Installations,
    profile: &'a Profile,
    now: i64,
}

/// What runs on the customer's device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// A phone, or what its maker has made beside it.
    Mobile(Mobile),
    /// A browser.
    Web,
}

/// A platform of phones, by its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mobile {
    /// Apple's: iOS, iPadOS, macOS, visionOS, tvOS, watchOS.
    Ios,
    /// Google's.
    Android,
}

/// What installations call them.
const PLATFORMS: [(&str, Platform); 8] = [
    ("iOS", Platform::Mobile(Mobile::Ios)),
    ("Android", Platform::Mobile(Mobile::Android)),
    ("web", Platform::Web),
    ("iPadOS", Platform::Mobile(Mobile::Ios)),
    ("macOS", Platform::Mobile(Mobile::Ios)),
    ("visionOS", Platform::Mobile(Mobile::Ios)),
    ("tvOS", Platform::Mobile(Mobile::Ios)),
    ("watchOS", Platform::Mobile(Mobile::Ios)),
];

impl Platform {
    /// The platform that an installation names, in whatever case, if it is known here.
    fn parse(name: &str) -> Option<Self> {
        let mut all = PLATFORMS.iter();
        let (_, platform) = all.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(*platform)
    }

    /// The platform of phones that it is.
    pub fn mobile(self) -> Option<Mobile> {
        match self {
            Self::Mobile(mobile) => Some(mobile),
            Self::Web => None,
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Mobile(mobile) => mobile.title(),
            Self::Web => "Web",
        }
    }
}

impl Mobile {
    /// All.
    pub const ALL: [Self; 2] = [Self::Ios, Self::Android];

    /// The platform that a store sells for, where it sells for one alone.
    pub fn of_store(store: &str) -> Option<Self> {
        match store {
            "app_store" => Some(Self::Ios),
            "play_store" => Some(Self::Android),
            _ => None,
        }
    }

    /// The name that settings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Android => "Android",
        }
    }

    /// The app's bundle id or package.
    pub fn bundle(self, app: &AppSettings) -> Option<&str> {
        match self {
            Self::Ios => app.ios_bundle_id.as_deref(),
            Self::Android => app.android_package.as_deref(),
        }
    }

    /// What the app's setting for [`Self::bundle`] is called.
    pub fn bundle_setting(self) -> &'static str {
        match self {
            Self::Ios => "ios_bundle_id",
            Self::Android => "android_package",
        }
    }
}

impl<'a> Customer<'a> {
    /// The customer that a stored profile describes, as of `now`.
    pub fn new(profile: &'a Profile, details: &'a Details, app: &'a AppSettings, now: i64) -> Self {
        Self {
            recipient: Recipient {
                has_access_level: profile.holdings.has_access(now),
                total_revenue_usd: profile.holdings.revenue_usd,
                ..Recipient::new(profile, details, app)
            },
            person: &details.person,
            identifiers: &profile.identifiers,
            app,
            installed_at: details.installations.iter().map(|device| device.created_at).min(),
            installations: &details.installations,
            profile,
            now,
        }
    }

    /// The profile's id as text.
    pub fn profile_id(&self) -> String {
        self.recipient.profile_id.to_string()
    }

    /// The owner's own id of the customer.
    pub fn customer_user_id(&self) -> Option<&'a str> {
        self.recipient.customer_user_id
    }

    /// A field of the installation that changed last of those that know it: `device`, `os`, `platform`, `locale`,
    /// `timezone`, `user_agent`, `app_version`, `app_build`, `android_id`, … For `idfa` and `advertising_id` see
    /// [`Self::idfa`] and [`Self::advertising_id`].
    pub fn device(&self, field: &str) -> Option<&'a str> {
        self.installations.latest(field)
    }

    /// What each installation says of a field.
    pub fn devices(&self, field: &str) -> impl Iterator<Item = &'a str> {
        let all = self.installations.iter();
        all.filter_map(move |device| device.fields.get(field)?.as_str())
    }

    /// The platform of the latest installation.
    pub fn platform(&self) -> Option<Platform> {
        Platform::parse(self.device("platform")?)
    }

    /// As [`Self::device`], of the installations of this platform, and of those that tell none that is known here.
    pub fn device_on(&self, platform: Mobile, field: &str) -> Option<&'a str> {
        let known = self.installations.iter().filter_map(|device| {
            let text = |field: &str| device.fields.get(field)?.as_str().filter(|text| !text.is_empty());
            let known = text("platform").and_then(Platform::parse);
            let is_other = known.is_some_and(|known| known.mobile() != Some(platform));
            Some((device.updated_at, text(field).filter(|_| !is_other)?))
        });
        known.max_by_key(|(changed, _)| *changed).map(|(_, text)| text)
    }

    /// The first version number in `os` of the installations of this platform: `18.3` of `iOS 18.3`.
    pub fn os_version_on(&self, platform: Mobile) -> Option<&'a str> {
        version(self.device_on(platform, "os")?)
    }

    /// The app's bundle id or package.
    pub fn bundle_on(&self, platform: Mobile) -> Option<&'a str> {
        platform.bundle(self.app)
    }

    /// Apple's id for advertisers, where the customer allowed it and it is not all zeros.
    pub fn idfa(&self) -> Option<&'a str> {
        self.recipient.idfa.filter(|id| is_real_id(id))
    }

    /// Apple's id of the device for one vendor.
    pub fn idfv(&self) -> Option<&'a str> {
        self.recipient.idfv.filter(|id| is_real_id(id))
    }

    /// Google's id for advertisers, where it is not all zeros.
    pub fn advertising_id(&self) -> Option<&'a str> {
        self.recipient.advertising_id.filter(|id| is_real_id(id))
    }

    /// Android's id of the device, where it is not all zeros.
    pub fn android_id(&self) -> Option<&'a str> {
        self.device_on(Mobile::Android, "android_id")
            .filter(|id| is_real_id(id))
    }

    /// `att_status`: 0 not asked, 1 restricted, 2 denied, 3 allowed.
    pub fn att_status(&self) -> Option<i64> {
        self.person.integer("att_status")
    }

    /// The state of the profile's latest subscription.
    pub fn subscription(&self) -> Subscription<'a> {
        subscription::of(&self.profile.holdings, self.now)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AppId, ProfileId};
    use crate::json::Object;
    use crate::profile::ProfileChanges;
    use serde_json::{Value, json};
    use uuid::Uuid;

    /// A profile after these changes, each at its time.
    fn known(changes: impl IntoIterator<Item = (i64, Value)>) -> (Profile, Details) {
        let mut profile = Profile::new(AppId(Uuid::nil()), ProfileId(Uuid::nil()), None, 0);
        let mut details = Details::default();
        for (at, body) in changes {
            let body = body.to_string();
            let body = Object::parse(body.as_bytes()).unwrap();
            let changes = ProfileChanges::parse(&body, None).unwrap();
            profile.update(&mut details, &changes, at).unwrap();
        }
        (profile, details)
    }

    #[test]
    fn the_version_is_the_first_number_of_the_system() {
        for (os, version) in [
            ("iOS 18.3", Some("18.3")),
            ("18.3", Some("18.3")),
            ("Android 14 (API 34)", Some("14")),
            ("15.", Some("15")),
            ("unknown", None),
        ] {
            let device = json!({"device_id": "d", "os": os});
            let (profile, details) = known([(1, json!({"installation_meta": device}))]);
            let app = AppSettings::default();
            let customer = Customer::new(&profile, &details, &app, 2);
            assert_eq!(customer.os_version_on(Mobile::Ios), version, "{os}");
        }
    }

    #[test]
    fn the_latest_installation_speaks_for_a_platform_and_the_first_says_since_when() {
        let devices = [
            (5, "a", "iOS", "sv_SE"),
            (7, "b", "iPadOS", "fi_FI"),
            (6, "c", "iOS", "da_DK"),
            (8, "d", "Android", "nb_NO"),
            (9, "e", "iOS", ""),
        ];
        let reports = devices.map(|(at, device, platform, locale)| {
            let device = json!({"device_id": device, "platform": platform, "locale": locale});
            (at, json!({"installation_meta": device}))
        });
        let (profile, details) = known(reports.clone());
        let app = AppSettings::default();
        let customer = Customer::new(&profile, &details, &app, 9);
        assert_eq!(customer.device_on(Mobile::Ios, "locale"), Some("fi_FI"));
        assert_eq!(customer.device_on(Mobile::Android, "locale"), Some("nb_NO"));
        assert_eq!(customer.installed_at, Some(5));
        // The latest is that which changed last.
        let again = (
            10,
            json!({"installation_meta": {"device_id": "a", "locale": "is_IS"}}),
        );
        let (profile, details) = known(reports.into_iter().chain([again]));
        let customer = Customer::new(&profile, &details, &app, 10);
        assert_eq!(customer.device_on(Mobile::Ios, "locale"), Some("is_IS"));
    }

    #[test]
    fn a_platform_is_known_in_any_case_and_an_unknown_one_is_not_the_other() {
        let on = |name: &str| {
            let device = json!({"device_id": "d", "platform": name, "os": "9"});
            let (profile, details) = known([(1, json!({"installation_meta": device}))]);
            let app = AppSettings::default();
            let customer = Customer::new(&profile, &details, &app, 2);
            let told = Mobile::ALL.map(|one| customer.os_version_on(one).is_some());
            (customer.platform(), told)
        };
        for apple in [
            "iOS", "ios", "IOS", "iPadOS", "macos", "visionOS", "tvOS", "watchOS",
        ] {
            assert_eq!(
                on(apple),
                (Some(Platform::Mobile(Mobile::Ios)), [true, false]),
                "{apple}"
            );
        }
        for android in ["Android", "android", "ANDROID"] {
            assert_eq!(
                on(android),
                (Some(Platform::Mobile(Mobile::Android)), [false, true]),
                "{android}"
            );
        }
        assert_eq!(on("Web"), (Some(Platform::Web), [false, false]));
        for unknown in ["", "iPhone", "Fire OS"] {
            assert_eq!(on(unknown), (None, [true, true]), "{unknown}");
        }
    }

    #[test]
    fn ids_of_zeros_are_none() {
        let told = |id: &str| {
            let device =
                json!({"device_id": "d", "idfa": id, "idfv": id, "advertising_id": id, "android_id": id});
            let (profile, details) = known([(1, json!({"att_status": 3, "installation_meta": device}))]);
            let app = AppSettings::default();
            let customer = Customer::new(&profile, &details, &app, 2);
            let ids = [
                customer.idfa(),
                customer.idfv(),
                customer.advertising_id(),
                customer.android_id(),
            ];
            ids.map(|id| id.is_some())
        };
        assert_eq!(told("00000000-0000-0000-0000-000000000000"), [false; 4]);
        assert_eq!(told("38400000-8cf0-11bd-b23e-10b96e40000d"), [true; 4]);
    }
}
