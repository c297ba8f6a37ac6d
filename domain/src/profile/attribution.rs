//! Where a customer came from: told by the app's web side, kept as one record for each source, and sent by the webhook
//! where its setting `send_attribution` asks for it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Refusal;
use super::selector::{MAX_CUSTOMER_ID, Selector};
use crate::fields::{self, Field, Kind, Violation};
use crate::ids::ProfileId;
use crate::json::{Json, Object};

/// The source of what the web API reports. Its call names none.
pub const WEB: &str = "web";

const CUSTOMER: &str = "customer_user_id";
const PROFILE: &str = "profile_id";
const LONG: Kind = Kind::Text { max: 1024 };

/// The fields of the body.
pub const FIELDS: &[Field] = &[
    Field::optional(CUSTOMER, Kind::IdOrNone { max: MAX_CUSTOMER_ID })
        .about("Your own id of the customer. This or `profile_id` is needed."),
    Field::optional(PROFILE, Kind::Own).about("The profile's id."),
    Field::required("status", Kind::OneOf(&["organic", "non_organic", "unknown"])),
    Field::optional("attribution_user_id", LONG).about("What the source calls the customer."),
    Field::optional("channel", LONG).about("Where the customer was met, such as a network."),
    Field::optional("campaign", LONG),
    Field::optional("ad_group", LONG).about("The group of advertisements."),
    Field::optional("ad_set", LONG).about("The set of advertisements."),
    Field::optional("creative", LONG).about("The advertisement."),
];

/// What one source says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// `organic`, `non_organic` or `unknown`.
    pub status: String,
    /// Where the customer was met, such as a network.
    pub channel: Option<String>,
    /// The campaign.
    pub campaign: Option<String>,
    /// The group of advertisements.
    pub ad_group: Option<String>,
    /// The set of advertisements.
    pub ad_set: Option<String>,
    /// The advertisement.
    pub creative: Option<String>,
    /// What the source calls the customer.
    pub network_user_id: Option<String>,
    /// When it was reported, in microseconds.
    pub created_at: i64,
}

/// What is known of a profile, by source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributions(BTreeMap<String, Attribution>);

// `T` is the form of the time: events and answers write it differently.
/// What a source said of where the customer came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Attribution")]
pub struct AttributionBody<'a, T> {
    /// The set of advertisements.
    pub ad_set: Option<&'a str>,
    /// `organic`, `non_organic` or `unknown`.
    pub status: &'a str,
    /// Where the customer was met, such as a network.
    pub channel: Option<&'a str>,
    /// The group of advertisements.
    pub ad_group: Option<&'a str>,
    /// The campaign.
    pub campaign: Option<&'a str>,
    /// The advertisement.
    pub creative: Option<&'a str>,
    /// When it was reported.
    pub created_at: T,
    /// What the source calls the customer.
    pub network_user_id: Option<&'a str>,
}

/// What a body reports: of whom, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributionReport {
    customer: Option<String>,
    profile: Option<String>,
    /// The record.
    pub attribution: Attribution,
}

impl AttributionReport {
    /// Reads the body, which came at `now` (microseconds): every wrong field, in body order; the profile must be named.
    pub fn parse(body: &Object<'_>, now: i64) -> Result<Self, Vec<Violation>> {
        let mut found = Vec::new();
        fields::check(FIELDS, body, "", &mut found, &mut |_, value, found| {
            // A text that is no UUID is no wrong field: it names a profile that does not exist.
            if !matches!(value, Json::Text(_) | Json::Null) {
                found.push(Violation::base(PROFILE, "must be the profile's id, a UUID"));
            }
        });
        let text = |name| body.text(name).map(str::to_owned);
        let named = |name| text(name).filter(|id| !id.is_empty());
        let report = Self {
            customer: named(CUSTOMER),
            profile: named(PROFILE),
            attribution: Attribution {
                status: text("status").unwrap_or_default(),
                channel: text("channel"),
                campaign: text("campaign"),
                ad_group: text("ad_group"),
                ad_set: text("ad_set"),
                creative: text("creative"),
                network_user_id: text("attribution_user_id"),
                created_at: now,
            },
        };
        if found.is_empty() && report.customer.is_none() && report.profile.is_none() {
            found.push(Violation::whole(format!("{CUSTOMER} or {PROFILE} is required")));
        }
        if found.is_empty() { Ok(report) } else { Err(found) }
    }

    /// Whose it is.
    pub fn selector(&self) -> Result<Selector, Refusal> {
        let profile = self.profile.as_deref();
        let profile = profile.map(|id| ProfileId::parse(id).ok_or(Refusal::NotAProfileId));
        let selector = Selector::of(profile.transpose()?, self.customer.clone());
        Ok(selector.expect("a body that names neither is refused when it is read"))
    }
}

/// The schema of the body.
pub fn schema() -> Value {
    let mut schema = fields::schema(FIELDS, |_| json!({"type": "string", "format": "uuid"}));
    fields::require_one_of(&mut schema, [CUSTOMER, PROFILE]);
    schema["examples"] = json!([
        {"customer_user_id": "user-1", "status": "non_organic", "channel": "search", "campaign": "new year"}
    ]);
    schema
}

impl Attribution {
    /// The record with its time in another form.
    pub fn body<T>(&self, time: impl FnOnce(i64) -> T) -> AttributionBody<'_, T> {
        AttributionBody {
            ad_set: self.ad_set.as_deref(),
            status: &self.status,
            channel: self.channel.as_deref(),
            ad_group: self.ad_group.as_deref(),
            campaign: self.campaign.as_deref(),
            creative: self.creative.as_deref(),
            created_at: time(self.created_at),
            network_user_id: self.network_user_id.as_deref(),
        }
    }
}

impl Attributions {
    /// The records by source.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribution)> {
        self.0.iter().map(|(source, told)| (source.as_str(), told))
    }

    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the record in the place of what its source said before. Answers whether anything is different now: the same
    /// again keeps its time.
    pub fn set(&mut self, source: &str, told: Attribution) -> bool {
        let same = self.0.get(source).is_some_and(|known| {
            let created_at = known.created_at;
            *known
                == Attribution {
                    created_at,
                    ..told.clone()
                }
        });
        if !same {
            self.0.insert(source.to_owned(), told);
        }
        !same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "e5aab402-b1bd-4039-b632-57a91ebc0779";

    fn report(body: &str) -> Result<AttributionReport, Vec<(&'static str, String)>> {
        let report = AttributionReport::parse(&Object::parse(body.as_bytes()).unwrap(), 5);
        report.map_err(|found| found.into_iter().map(|one| (one.code, one.source)).collect())
    }

    #[test]
    fn a_profile_is_named_by_either_id_and_null_and_empty_count_as_absent() {
        let selector = |ids: &str| {
            report(&format!(r#"{{{ids},"status":"unknown"}}"#))
                .unwrap()
                .selector()
        };
        let id = ProfileId::parse(ID).unwrap();
        let by_id = format!(r#""profile_id":"{}""#, ID.to_uppercase());
        assert_eq!(selector(&by_id).unwrap(), Selector::Id(id));
        assert_eq!(
            selector(&format!(r#"{by_id},"customer_user_id":"""#)).unwrap(),
            Selector::Id(id)
        );
        let by_customer = r#""customer_user_id":"a/?""#;
        let customer = Selector::Customer("a/?".into());
        assert_eq!(
            selector(&format!(r#"{by_customer},"profile_id":null"#)).unwrap(),
            customer
        );
        assert_eq!(
            selector(&format!(r#"{by_customer},"profile_id":"""#)).unwrap(),
            customer
        );
        assert_eq!(
            selector(&format!("{by_id},{by_customer}")).unwrap(),
            Selector::Both(id, "a/?".into())
        );
        assert!(matches!(
            selector(r#""profile_id":"x""#),
            Err(Refusal::NotAProfileId)
        ));
    }

    #[test]
    fn wrong_fields_are_told_in_body_order_and_then_that_nobody_is_named() {
        let body = r#"{"creative":1,"status":"paid","profile_id":7,"customer_user_id":"a\u0000"}"#;
        let expected = [
            ("base_error", "creative"),
            ("enum", "status"),
            ("base_error", "profile_id"),
            ("base_error", "customer_user_id"),
        ];
        assert_eq!(
            report(body).unwrap_err(),
            expected.map(|(code, source)| (code, source.to_owned()))
        );
        let missing = [("base_error", "status".to_owned())];
        assert_eq!(report("{}").unwrap_err(), missing);
        assert_eq!(
            report(r#"{"status":null,"profile_id":"x"}"#).unwrap_err(),
            missing
        );
        let nobody = [("validation_error", "non_field_errors".to_owned())];
        assert_eq!(report(r#"{"status":"organic"}"#).unwrap_err(), nobody);
    }

    #[test]
    fn a_new_report_takes_the_place_of_the_whole_record_and_the_same_again_changes_nothing() {
        let told = |fields: &str, now| {
            let body = format!(r#"{{"customer_user_id":"u","status":"organic"{fields}}}"#);
            AttributionReport::parse(&Object::parse(body.as_bytes()).unwrap(), now)
                .unwrap()
                .attribution
        };
        let mut known = Attributions::default();
        assert!(known.set(WEB, told(r#","channel":"search","attribution_user_id":"n1""#, 1)));
        assert!(!known.set(
            WEB,
            told(
                r#","attribution_user_id":"n1","channel":"search","creative":null"#,
                2
            )
        ));
        assert_eq!(known.iter().next().unwrap().1.created_at, 1);
        assert!(known.set(WEB, told(r#","campaign":"""#, 3)));
        let (source, record) = known.iter().next().unwrap();
        assert_eq!((source, record.created_at, &record.channel), ("web", 3, &None));
        assert_eq!(record.campaign.as_deref(), Some(""));
        let stored = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<Attributions>(&stored).unwrap(), known);
    }
}
