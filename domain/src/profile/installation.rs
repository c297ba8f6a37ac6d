//! The devices that a profile's app runs on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::values::{self, Changes};
use crate::fields::{self, Field, Kind, MAX_TEXT, Violation};
use crate::json::Json;

const FIELD: &str = "installation_meta";

/// The platforms that the contract lists, as they are stored.
pub const HEADER_PLATFORMS: &[&str] = &["iOS", "macOS", "iPadOS", "visionOS", "Android", "web"];

/// How many installations of one profile are kept: the first, and the latest of the others.
pub const MAX_COUNT: usize = 50;

const LONG: Kind = Kind::Text { max: 1024 };

/// The fields of `installation_meta`.
pub const FIELDS: &[Field] = &[
    Field::required("device_id", Kind::NonEmpty { max: MAX_TEXT }).about("Your id of the device."),
    Field::optional("device", LONG).about("The model."),
    Field::optional("locale", LONG).about("Such as `de_DE`."),
    Field::optional("os", LONG).about("The system with its version, such as `iOS 18.3`."),
    Field::optional("platform", LONG).about(
        "`iOS`, `macOS`, `iPadOS`, `visionOS`, `Android` or `web`. Missing or null: that of `adapty-platform`.",
    ),
    Field::optional("timezone", LONG).about("Such as `Europe/Berlin`."),
    Field::optional("user_agent", LONG),
    Field::optional("idfa", LONG).about("Apple's id for advertisers."),
    Field::optional("idfv", LONG).about("Apple's id for vendors."),
    Field::optional("advertising_id", LONG).about("Google's id for advertisers."),
    Field::optional("android_id", LONG),
    Field::optional("android_app_set_id", LONG),
    Field::optional("app_build", LONG),
    Field::optional("app_version", LONG),
    Field::optional("adapty_sdk_version", LONG),
];

/// One installation. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Installation {
    /// The caller's id of the device, unique in the profile.
    pub device_id: String,
    /// When it was first reported.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
    /// Everything else that is known of it, by name.
    #[serde(flatten)]
    pub fields: BTreeMap<String, Value>,
}

/// A profile's installations, the first reported one first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Installations(Vec<Installation>);

/// What a call says of one installation.
#[derive(Debug, Clone, PartialEq)]
pub struct InstallationChanges {
    device_id: String,
    fields: Changes,
}

impl Installation {
    /// A field; empty is none.
    pub fn text(&self, field: &str) -> Option<&str> {
        let text = self.fields.get(field)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }
}

impl InstallationChanges {
    /// Reads `installation_meta`. `platform` (from a header) fills in a platform that the object does not give, or gives as null.
    pub fn parse(value: &Json<'_>, platform: Option<&str>, found: &mut Vec<Violation>) -> Option<Self> {
        let Json::Object(meta) = value else {
            found.push(Violation::base(FIELD, "must be an object"));
            return None;
        };
        let before = found.len();
        fields::check(FIELDS, meta, FIELD, found, &mut |_, _, _| {});
        if found.len() > before {
            return None;
        }
        let Some(Json::Text(device_id)) = meta.get("device_id") else {
            return None;
        };
        let others = FIELDS.iter().filter(|field| field.name != "device_id");
        let mut changes = Self {
            device_id: device_id.clone().into_owned(),
            fields: values::read(others, meta),
        };
        if let (None | Some(Json::Null), Some(platform)) = (meta.get("platform"), platform) {
            changes.fields.retain(|(name, _)| *name != "platform");
            changes.fields.push(("platform", Some(platform.into())));
        }
        Some(changes)
    }
}

impl Installations {
    /// All installations, the first reported one first.
    pub fn iter(&self) -> impl Iterator<Item = &Installation> {
        self.0.iter()
    }

    /// The value of a field on the installation that changed last of those that have one.
    pub fn latest(&self, field: &str) -> Option<&str> {
        self.last_changed(|device| device.text(field).is_some())?
            .text(field)
    }

    /// The installation that changed last of those that are `meant`.
    pub fn last_changed(&self, meant: impl Fn(&Installation) -> bool) -> Option<&Installation> {
        let all = self.iter().filter(|device| meant(device));
        all.max_by_key(|device| device.updated_at)
    }

    /// Adds the installation or changes the known one. Answers whether anything is different now.
    pub fn apply(&mut self, changes: &InstallationChanges, now: i64) -> bool {
        let known = self
            .0
            .iter()
            .position(|installation| installation.device_id == changes.device_id);
        let index = known.unwrap_or_else(|| self.add(&changes.device_id, now));
        let installation = &mut self.0[index];
        let before = installation.fields.clone();
        values::apply(&mut installation.fields, &changes.fields);
        let changed = known.is_none() || installation.fields != before;
        if changed {
            installation.updated_at = now;
        }
        changed
    }

    /// Adds an empty installation and answers its place, making room for it where the list is full.
    fn add(&mut self, device_id: &str, now: i64) -> usize {
        if self.0.len() >= MAX_COUNT {
            let others = self.0.iter().enumerate().skip(1);
            if let Some((oldest, _)) = others.min_by_key(|(_, installation)| installation.updated_at) {
                self.0.remove(oldest);
            }
        }
        self.0.push(Installation {
            device_id: device_id.to_owned(),
            created_at: now,
            updated_at: now,
            fields: BTreeMap::new(),
        });
        self.0.len() - 1
    }
}

/// Is an id of a device more than zeros? Systems give zeros where the customer said no.
pub fn is_real_id(id: &str) -> bool {
    id.bytes().any(|byte| byte != b'0' && byte != b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Object;

    fn changes(meta: &str, platform: Option<&str>) -> Result<InstallationChanges, Vec<Violation>> {
        let body = format!(r#"{{"m":{meta}}}"#);
        let body = Object::parse(body.as_bytes()).unwrap();
        let mut found = Vec::new();
        let changes = InstallationChanges::parse(body.get("m").unwrap(), platform, &mut found);
        changes.ok_or(found)
    }

    #[test]
    fn a_second_report_of_a_device_changes_it() {
        let mut installations = Installations::default();
        assert!(installations.apply(
            &changes(r#"{"device_id":"a","os":"1","idfa":""}"#, None).unwrap(),
            1
        ));
        assert!(!installations.apply(&changes(r#"{"device_id":"a","os":"1"}"#, None).unwrap(), 2));
        assert!(installations.apply(
            &changes(r#"{"device_id":"a","os":"2","idfa":null}"#, None).unwrap(),
            3
        ));
        let only = installations.iter().next().unwrap();
        assert_eq!((only.created_at, only.updated_at, only.fields.len()), (1, 3, 1));
    }

    #[test]
    fn a_device_id_is_needed() {
        for meta in [
            "{}",
            r#"{"device_id":""}"#,
            r#"{"device_id":null}"#,
            r#"{"device_id":5}"#,
        ] {
            let found = changes(meta, None).unwrap_err();
            assert_eq!(found[0].source, "installation_meta.device_id", "{meta}");
        }
        assert_eq!(changes("[]", None).unwrap_err()[0].source, "installation_meta");
    }

    #[test]
    fn the_platform_header_fills_in_a_missing_platform() {
        let filled = changes(r#"{"device_id":"a"}"#, Some("iOS")).unwrap();
        assert_eq!(filled.fields, [("platform", Some("iOS".into()))]);
        let own = changes(r#"{"device_id":"a","platform":"web"}"#, Some("iOS")).unwrap();
        assert_eq!(own.fields, [("platform", Some("web".into()))]);
        // Many serializers write what is not set as null.
        let unset = changes(r#"{"device_id":"a","platform":null}"#, Some("iOS")).unwrap();
        assert_eq!(unset.fields, filled.fields);
        let cleared = changes(r#"{"device_id":"a","platform":null}"#, None).unwrap();
        assert_eq!(cleared.fields, [("platform", None)]);
    }

    #[test]
    fn an_id_of_zeros_is_none() {
        assert!(!is_real_id("00000000-0000-0000-0000-000000000000"));
        assert!(!is_real_id("") && is_real_id("0a"));
    }

    #[test]
    fn a_full_list_keeps_the_first_and_the_latest() {
        let mut installations = Installations::default();
        for n in 0..=i64::try_from(MAX_COUNT).unwrap() {
            let meta = format!(r#"{{"device_id":"d{n}"}}"#);
            installations.apply(&changes(&meta, None).unwrap(), n);
        }
        let kept: Vec<_> = installations.iter().map(|one| one.device_id.as_str()).collect();
        assert_eq!(kept.len(), MAX_COUNT);
        assert_eq!((kept[0], kept[1], kept[MAX_COUNT - 1]), ("d0", "d2", "d50"));
    }

    #[test]
    fn a_device_that_is_still_in_use_stays_in_a_full_list() {
        let mut installations = Installations::default();
        let mut report = |device: &str, os: &str, now| {
            let meta = format!(r#"{{"device_id":"{device}","os":"{os}"}}"#);
            installations.apply(&changes(&meta, None).unwrap(), now)
        };
        for (n, now) in (0..MAX_COUNT).zip(0..) {
            report(&format!("d{n}"), "1", now);
        }
        report("d1", "2", 1_000);
        report("new", "1", 1_001);
        let known = |device: &str| installations.iter().any(|one| one.device_id == device);
        assert!(known("d1") && known("new") && !known("d2"));
    }
}
