//! An app's settings. They are loaded with its keys, so that no request reads them from the database.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fields::{MAX_TEXT, id_form, is_alpha2, is_id};
use crate::purchases::machine::Waits;
use crate::time::parse_date;

/// The access level that every app has and that cannot be deleted.
pub const PREMIUM: &str = "premium";

/// What an app's owner can choose. Unknown settings are refused, missing ones take their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AppSettings {
    /// What a second profile gets that reports a purchase of the first.
    pub sharing: Sharing,
    /// The same for sandbox purchases; `null`: as `sharing`.
    pub sandbox_sharing: Option<Sharing>,
    /// The access that a product outside the catalogue gives.
    pub unknown_product: UnknownProduct,
    /// May a public key create, read, change and delete profiles?
    pub public_key_profile_calls: bool,
    /// What "add identifiers" answers.
    pub identifiers_answer: IdentifiersAnswer,
    /// The app's bundle id on iOS: told to the integrations that ask for it.
    #[schemars(length(min = 1, max = MAX_BUNDLE))]
    pub ios_bundle_id: Option<String>,
    /// The app's package on Android: told to the integrations that ask for it.
    #[schemars(length(min = 1, max = MAX_BUNDLE))]
    pub android_package: Option<String>,
    /// Are customers' IP addresses kept?
    pub collect_ip: bool,
    /// The stores' shares of a price.
    pub commission: Commission,
    /// VAT rates that replace those of the shipped table, by country.
    pub vat: BTreeMap<String, String>,
    /// For how many hours after a period's end a renewal may still be reported before the subscription counts as
    /// expired.
    #[schemars(range(max = MOST_HOURS))]
    pub renewal_wait_hours: u16,
    /// For how many days after a failed charge stores go on collecting, where that is not as usual, by store.
    #[schemars(extend("additionalProperties" = {"type": "integer", "minimum": 0, "maximum": MOST_DAYS}))]
    pub collecting_days: BTreeMap<String, u16>,
}

/// What a second profile gets that reports a purchase of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Access, and the first keeps it.
    #[default]
    Enabled,
    /// Access, and the first loses it.
    Transfer,
    /// None.
    Disabled,
}

/// The access that a product outside the catalogue gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownProduct {
    /// The level `premium`.
    #[default]
    Premium,
    /// None.
    None,
}

/// What "add identifiers" answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentifiersAnswer {
    /// The profile.
    #[default]
    Profile,
    /// Nothing: 200 without a body.
    Empty,
}

/// The stores' shares of a price, where the usual tables do not hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Commission {
    /// App Store.
    pub app_store: AppStoreCommission,
    /// Google Play.
    pub play_store: PlayStoreCommission,
    /// Shares of other stores as decimals, such as `"0.05"`, by store.
    pub other_stores: BTreeMap<String, String>,
}

/// App Store programmes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AppStoreCommission {
    /// When the owner was in the Small Business Program.
    pub small_business: Vec<DateRange>,
}

/// Google Play programmes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlayStoreCommission {
    /// When the owner had the reduced service fee.
    pub reduced_fee: Vec<DateRange>,
}

/// A span of days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateRange {
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
    /// The last day; `null`: still running.
    pub to: Option<String>,
}

impl Default for AppSettings {
    fn default() -> Self {
        Self {
            sharing: Sharing::default(),
            sandbox_sharing: None,
            unknown_product: UnknownProduct::default(),
            public_key_profile_calls: false,
            identifiers_answer: IdentifiersAnswer::default(),
            ios_bundle_id: None,
            android_package: None,
            collect_ip: true,
            commission: Commission::default(),
            vat: BTreeMap::new(),
            renewal_wait_hours: 24,
            collecting_days: BTreeMap::new(),
        }
    }
}

impl AppSettings {
    /// How long to wait for renewals and for stores that collect.
    pub fn waits(&self) -> Waits {
        Waits::new(self.renewal_wait_hours, &self.collecting_days)
    }

    /// What is wrong with the settings: the path of each bad one and why.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = self.commission.problems();
        for (code, rate) in &self.vat {
            let is_code = is_alpha2(code) && code.bytes().all(|letter| letter.is_ascii_uppercase());
            if !is_code || !is_share(rate) {
                let why = format!("needs a country as two capital letters; {SHARE}");
                problems.push((format!("vat.{code}"), why));
            }
        }
        let ids = [
            ("ios_bundle_id", &self.ios_bundle_id),
            ("android_package", &self.android_package),
        ];
        for (path, id) in ids {
            if !id.as_deref().is_none_or(is_bundle) {
                problems.push((path.into(), BUNDLE.into()));
            }
        }
        if self.renewal_wait_hours > MOST_HOURS {
            let why = format!("must be 0 to {MOST_HOURS}");
            problems.push(("renewal_wait_hours".into(), why));
        }
        for (store, days) in &self.collecting_days {
            if !is_id(store, MAX_TEXT) {
                problems.push((format!("collecting_days.{store}"), no_store()));
            } else if *days > MOST_DAYS {
                let why = format!("must be 0 to {MOST_DAYS}");
                problems.push((format!("collecting_days.{store}"), why));
            }
        }
        problems
    }
}

impl Commission {
    fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let programmes = [
            ("app_store.small_business", &self.app_store.small_business),
            ("play_store.reduced_fee", &self.play_store.reduced_fee),
        ];
        for (path, periods) in programmes {
            if !periods.iter().all(DateRange::is_valid) {
                let why = "each period needs a first day, not after its last day";
                problems.push((format!("commission.{path}"), why.into()));
            }
        }
        for (store, share) in &self.other_stores {
            let why = match store.as_str() {
                store if !is_id(store, MAX_TEXT) => no_store(),
                "app_store" | "play_store" => "this store's share has rules of its own".into(),
                _ if is_share(share) => continue,
                _ => SHARE.into(),
            };
            problems.push((format!("commission.other_stores.{store}"), why));
        }
        problems
    }
}

impl DateRange {
    /// Is the day in it? One that cannot be read has no days.
    pub fn holds(&self, day: Date) -> bool {
        let is_over = |to: &str| parse_date(to).is_none_or(|to| to < day);
        parse_date(&self.from).is_some_and(|from| from <= day) && !self.to.as_deref().is_some_and(is_over)
    }

    fn is_valid(&self) -> bool {
        let Some(from) = parse_date(&self.from) else {
            return false;
        };
        self.to
            .as_deref()
            .is_none_or(|to| parse_date(to).is_some_and(|to| from <= to))
    }
}

const SHARE: &str = "must be a decimal from 0 to 1, as text";
/// The most of `renewal_wait_hours`.
const MOST_HOURS: u16 = 720;
/// The most of `collecting_days`.
const MOST_DAYS: u16 = 365;
/// How long the id of an app in its store may be.
const MAX_BUNDLE: usize = 255;
const BUNDLE: &str = "must have 1 to 255 visible ASCII characters, or be null";

fn no_store() -> String {
    format!("the name of a store has {}", id_form(MAX_TEXT))
}

/// Is this a decimal from 0 to 1, such as `0.15`?
fn is_share(text: &str) -> bool {
    is_decimal(text)
        && text
            .parse::<Decimal>()
            .is_ok_and(|share| (Decimal::ZERO..=Decimal::ONE).contains(&share))
}

/// May this be the id of an app in its store?
fn is_bundle(id: &str) -> bool {
    (1..=MAX_BUNDLE).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// How many characters a decimal as text may have.
pub const MAX_DECIMAL: usize = 20;

/// Is this digits, with at most one point between them, and at most [`MAX_DECIMAL`] characters?
pub fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= MAX_DECIMAL && digits(whole) && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_settings_take_their_defaults_and_unknown_ones_are_refused() {
        let settings: AppSettings = serde_json::from_str(r#"{"sharing":"transfer"}"#).unwrap();
        assert_eq!(
            settings,
            AppSettings {
                sharing: Sharing::Transfer,
                ..AppSettings::default()
            }
        );
        assert!(serde_json::from_str::<AppSettings>(r#"{"sharring":"transfer"}"#).is_err());
    }

    #[test]
    fn money_tables_are_checked() {
        let settings: AppSettings = serde_json::from_str(
            r#"{"commission":{"app_store":{"small_business":[{"from":"2024-01-01","to":null}]},
                "play_store":{"reduced_fee":[{"from":"2024-02-01","to":"2024-01-01"}]},
                "other_stores":{"a":"0.05","b":"1.2","c":"x","d e":"0.1","f\u0000":"0.1"}},"vat":{"DE":"0.19","D":"0.1"},
                "collecting_days":{"g":1,"h\u0085":1}}"#,
        )
        .unwrap();
        let paths: Vec<_> = settings.problems().into_iter().map(|(path, _)| path).collect();
        let expected = [
            "commission.play_store.reduced_fee",
            "commission.other_stores.b",
            "commission.other_stores.c",
            "commission.other_stores.f\0",
            "vat.D",
            "collecting_days.h\u{85}",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn a_share_is_a_short_decimal_from_0_to_1() {
        for good in ["0", "1", "0.15", "1.0", "0.123456789012345678"] {
            assert!(is_share(good), "{good}");
        }
        let bad = [
            "",
            ".",
            ".5",
            "1.",
            "0.1.2",
            "-0",
            "+0.1",
            "1e-1",
            "0,1",
            " 0",
            "0.5%",
            "1.1",
            "1.000000000000000001",
            "inf",
            "0.1234567890123456789",
        ];
        for bad in bad {
            assert!(!is_share(bad), "{bad}");
        }
    }

    #[test]
    fn a_period_may_have_one_day_and_a_rate_must_be_a_share() {
        let settings: AppSettings = serde_json::from_str(
            r#"{"commission":{"app_store":{"small_business":[{"from":"2024-01-01","to":"2024-01-01"}]},
                "play_store":{"reduced_fee":[{"from":"2024-01-01","to":"later"}]}},"vat":{"DE":"19"}}"#,
        )
        .unwrap();
        let paths: Vec<_> = settings.problems().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["commission.play_store.reduced_fee", "vat.DE"]);
    }

    #[test]
    fn waits_have_their_limits_and_ids_of_apps_too() {
        let settings = |hours, days, length| AppSettings {
            renewal_wait_hours: hours,
            collecting_days: BTreeMap::from([("stripe".to_owned(), days)]),
            ios_bundle_id: Some("b".repeat(length)),
            ..AppSettings::default()
        };
        for good in [settings(0, 0, 1), settings(720, 365, 255)] {
            assert_eq!(good.problems(), []);
        }
        let problems = settings(721, 366, 256).problems();
        let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            paths,
            ["ios_bundle_id", "renewal_wait_hours", "collecting_days.stripe"]
        );
    }

    #[test]
    fn what_would_have_no_effect_is_refused() {
        let settings: AppSettings = serde_json::from_str(
            r#"{"commission":{"other_stores":{"":"0.1","app_store":"0.1","play_store":"0.1","stripe":"0.1"}},
                "vat":{"de":"0.19","De":"0.19","FR":"0.2"},"collecting_days":{"":5,"stripe":14},
                "ios_bundle_id":"","android_package":"com.example shop"}"#,
        )
        .unwrap();
        let paths: Vec<_> = settings.problems().into_iter().map(|(path, _)| path).collect();
        let expected = [
            "commission.other_stores.",
            "commission.other_stores.app_store",
            "commission.other_stores.play_store",
            "vat.De",
            "vat.de",
            "ios_bundle_id",
            "android_package",
            "collecting_days.",
        ];
        assert_eq!(paths, expected);
    }
}
