//! The customer as integrations see them: the profile as it stands when an event is sent.

use super::device::Device;
use super::subscription::{self, Subscription};
use crate::app::AppSettings;
use crate::events::Recipient;
use crate::profile::installation::{Installation, Installations};
use crate::profile::person::Person;
use crate::profile::{Details, Profile};
use crate::purchases::holdings::Holdings;

/// A customer.
#[derive(Debug)]
pub struct Customer<'a> {
    /// What events say of the profile, with the rules of consent already looked at.
    pub recipient: Recipient<'a>,
    /// The customer as a person: `email`, `phone_number`, `att_status` and so on.
    pub person: &'a Person,
    /// The app's settings: bundle id, package, whether IP addresses are kept.
    pub app: &'a AppSettings,
    installations: &'a Installations,
    holdings: &'a Holdings,
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
    pub(super) fn parse(name: &str) -> Option<Self> {
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
            app,
            installations: &details.installations,
            holdings: &profile.holdings,
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

    /// What each installation says of a field.
    pub fn devices(&self, field: &str) -> impl Iterator<Item = &'a str> {
        let all = self.installations.iter();
        all.filter_map(move |device| device.fields.get(field)?.as_str())
    }

    /// The device that changed last.
    pub fn device(&self) -> Device<'a> {
        self.last_changed(|_| true)
    }

    /// The device that changed last of those that tell their platform.
    pub fn device_with_platform(&self) -> Device<'a> {
        self.last_changed(|device| device.text("platform").is_some())
    }

    /// The platform of that device, if it is a phone's.
    pub fn mobile(&self) -> Option<Mobile> {
        self.device_with_platform().platform()?.mobile()
    }

    /// The device that changed last of those of this platform and of those that tell none that is known here.
    pub fn device_on(&self, platform: Mobile) -> Device<'a> {
        self.last_changed(|device| {
            let known = device.text("platform").and_then(Platform::parse);
            known.is_none_or(|known| known.mobile() == Some(platform))
        })
    }

    fn last_changed(&self, meant: impl Fn(&Installation) -> bool) -> Device<'a> {
        Device::new(self.installations.last_changed(meant), self.person)
    }

    /// The app's bundle id or package.
    pub fn bundle_on(&self, platform: Mobile) -> Option<&'a str> {
        platform.bundle(self.app)
    }

    /// `att_status`: 0 not asked, 1 restricted, 2 denied, 3 allowed.
    pub fn att_status(&self) -> Option<i64> {
        self.person.integer("att_status")
    }

    /// The state of the profile's latest subscription.
    pub fn subscription(&self) -> Subscription<'a> {
        subscription::of(self.holdings, self.now)
    }
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
            assert_eq!(customer.device_on(Mobile::Ios).os_version(), version, "{os}");
        }
    }

    #[test]
    fn the_latest_installation_speaks_for_a_platform() {
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
        let locale = |customer: &Customer<'_>, platform| {
            let told = customer.device_on(platform).text("locale");
            told.map(str::to_owned)
        };
        // What the latest does not tell is not known.
        assert_eq!(locale(&customer, Mobile::Ios), None);
        assert_eq!(locale(&customer, Mobile::Android).as_deref(), Some("nb_NO"));
        // The latest is that which changed last.
        let again = (
            10,
            json!({"installation_meta": {"device_id": "a", "locale": "is_IS"}}),
        );
        let (profile, details) = known(reports.into_iter().chain([again]));
        let customer = Customer::new(&profile, &details, &app, 10);
        assert_eq!(locale(&customer, Mobile::Ios).as_deref(), Some("is_IS"));
    }

    #[test]
    fn a_device_without_a_known_platform_counts_for_every_one() {
        let devices = [
            (1, "phone", "iOS"),
            (2, "browser", "web"),
            (3, "console", "Fire OS"),
            (4, "other", ""),
        ];
        let reports = devices.map(|(at, device, platform)| {
            let device = json!({"device_id": device, "platform": platform, "device": device});
            (at, json!({"installation_meta": device}))
        });
        let after = |count: usize| {
            let (profile, details) = known(reports.iter().take(count).cloned());
            let app = AppSettings::default();
            let customer = Customer::new(&profile, &details, &app, 9);
            let [ios, android] = Mobile::ALL.map(|platform| customer.device_on(platform));
            let of_all = [customer.device(), customer.device_with_platform(), ios, android];
            of_all.map(|device| device.text("device").map(str::to_owned))
        };
        let some = |names: [&str; 4]| names.map(|name| Some(name.to_owned()).filter(|_| !name.is_empty()));
        assert_eq!(after(0), some(["", "", "", ""]));
        assert_eq!(after(1), some(["phone", "phone", "phone", ""]));
        assert_eq!(after(2), some(["browser", "browser", "phone", ""]));
        assert_eq!(after(3), some(["console"; 4]));
        assert_eq!(after(4), some(["other", "console", "other", "other"]));
    }

    #[test]
    fn a_platform_is_known_in_any_case_and_an_unknown_one_is_not_the_other() {
        let on = |name: &str| {
            let device = json!({"device_id": "d", "platform": name, "os": "9"});
            let (profile, details) = known([(1, json!({"installation_meta": device}))]);
            let app = AppSettings::default();
            let customer = Customer::new(&profile, &details, &app, 2);
            let told = Mobile::ALL.map(|one| customer.device_on(one).os_version().is_some());
            (customer.device_with_platform().platform(), told)
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
    fn ids_of_zeros_are_none_and_no_other_devices_id_takes_their_place() {
        let told = |id: &str| {
            let of = |device: &str, id: &str| {
                let ids = json!({"device_id": device, "idfa": id, "idfv": id, "advertising_id": id, "android_id": id});
                json!({"att_status": 3, "installation_meta": ids})
            };
            let (profile, details) = known([(1, of("old", "1")), (2, of("new", id))]);
            let app = AppSettings::default();
            let device = Customer::new(&profile, &details, &app, 3).device();
            let ids = [
                device.idfa(),
                device.idfv(),
                device.advertising_id(),
                device.android_id(),
            ];
            ids.map(|id| id.is_some())
        };
        assert_eq!(told("00000000-0000-0000-0000-000000000000"), [false; 4]);
        assert_eq!(told(""), [false; 4]);
        assert_eq!(told("38400000-8cf0-11bd-b23e-10b96e40000d"), [true; 4]);
    }

    #[test]
    fn ids_for_advertisers_need_consent() {
        let told = |said: &str| {
            let said: Value = serde_json::from_str(said).unwrap();
            let ids =
                json!({"device_id": "d", "idfa": "1", "idfv": "1", "advertising_id": "1", "android_id": "1"});
            let (profile, details) = known([(1, said), (2, json!({ "installation_meta": ids }))]);
            let app = AppSettings::default();
            let device = Customer::new(&profile, &details, &app, 3).device();
            [device.idfa(), device.advertising_id(), device.idfv()].map(|id| id.is_some())
        };
        assert_eq!(told(r#"{"att_status": 3}"#), [true, true, true]);
        assert_eq!(told(r#"{"first_name": "Ada"}"#), [true, true, true]);
        assert_eq!(told(r#"{"att_status": 2}"#), [false, true, true]);
        assert_eq!(told(r#"{"analytics_disabled": true}"#), [false, false, true]);
    }
}
