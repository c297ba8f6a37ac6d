//! The bodies of "grant access level" and "revoke access level".

use crate::fields::{self, Field, Kind, MAX_TEXT, Violation};
use crate::json::Object;

const LEVEL: Field =
    Field::required("access_level_id", Kind::Id { max: MAX_TEXT }).about("One of the app's access levels.");

/// The fields of the body of "grant".
pub const GRANT_FIELDS: &[Field] = &[
    LEVEL,
    Field::optional("starts_at", Kind::Time).about("`null`: at once."),
    Field::optional("expires_at", Kind::Time).about("`null`: never."),
];

/// The fields of the body of "revoke".
pub const REVOKE_FIELDS: &[Field] = &[
    LEVEL,
    Field::optional("revoke_at", Kind::Time).about("In the future; `null`: at once."),
];

/// An access level to give. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRequest {
    /// Which level.
    pub access_level_id: String,
    /// When it begins; `None`: now. May be in the future.
    pub starts_at: Option<i64>,
    /// When it ends; `None`: never. May be in the past.
    pub expires_at: Option<i64>,
}

/// An access level to take away. Times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeRequest {
    /// Which level.
    pub access_level_id: String,
    /// When it is to end; `None`: now.
    pub revoke_at: Option<i64>,
}

impl GrantRequest {
    /// Reads the body: every wrong field, in body order.
    pub fn parse(body: &Object<'_>) -> Result<Self, Vec<Violation>> {
        Ok(Self {
            access_level_id: level(GRANT_FIELDS, body)?,
            starts_at: body.time("starts_at"),
            expires_at: body.time("expires_at"),
        })
    }

    /// An end that is not later than the beginning.
    pub fn broken_rule(&self) -> Option<Violation> {
        let (start, end) = self.starts_at.zip(self.expires_at)?;
        (end <= start).then(|| Violation::of_rule("expires_at", "must be later than starts_at"))
    }
}

impl RevokeRequest {
    /// Reads the body: every wrong field, in body order. Whether `revoke_at` suits the level is not asked here.
    pub fn parse(body: &Object<'_>) -> Result<Self, Vec<Violation>> {
        Ok(Self {
            access_level_id: level(REVOKE_FIELDS, body)?,
            revoke_at: body.time("revoke_at"),
        })
    }
}

/// Checks all fields and answers the access level's id.
fn level(fields: &[Field], body: &Object<'_>) -> Result<String, Vec<Violation>> {
    let mut violations = Vec::new();
    fields::check(fields, body, "", &mut violations, &mut |_, _, _| {});
    match body.text(LEVEL.name) {
        Some(id) if violations.is_empty() => Ok(id.to_owned()),
        _ => Err(violations),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_time;

    type Found = Vec<(&'static str, String)>;

    fn told(violations: Vec<Violation>) -> Found {
        let violations = violations.into_iter();
        violations
            .map(|violation| (violation.code, violation.source))
            .collect()
    }

    fn grant(body: &str) -> Result<GrantRequest, Found> {
        GrantRequest::parse(&Object::parse(body.as_bytes()).unwrap()).map_err(told)
    }

    fn revoke(body: &str) -> Result<RevokeRequest, Found> {
        RevokeRequest::parse(&Object::parse(body.as_bytes()).unwrap()).map_err(told)
    }

    #[test]
    fn a_grant_needs_only_the_level() {
        let bodies = [
            r#"{"access_level_id":"vip"}"#,
            r#"{"access_level_id":"vip","starts_at":null,"expires_at":null}"#,
        ];
        for body in bodies {
            let expected = GrantRequest {
                access_level_id: "vip".into(),
                starts_at: None,
                expires_at: None,
            };
            assert_eq!(grant(body), Ok(expected));
        }
        let past = r#"{"access_level_id":"vip","expires_at":"2001-01-01T00:00:00Z"}"#;
        assert_eq!(
            grant(past).unwrap().expires_at,
            parse_time("2001-01-01T00:00:00Z")
        );
    }

    #[test]
    fn a_grant_ends_after_it_begins() {
        let body = |end: &str| {
            format!(
                r#"{{"access_level_id":"vip","starts_at":"2025-01-05T12:00:00+0000","expires_at":"{end}"}}"#
            )
        };
        for end in ["2025-01-05T12:00:00Z", "2025-01-05T13:00:00+02:00"] {
            let broken = grant(&body(end)).unwrap().broken_rule().unwrap();
            assert_eq!(
                (broken.code, broken.source.as_str()),
                ("validation_error", "expires_at")
            );
        }
        let read = grant(&body("2025-01-05T12:00:00.000001")).unwrap();
        assert_eq!(read.broken_rule(), None);
        assert_eq!(read.expires_at.unwrap() - read.starts_at.unwrap(), 1);
    }

    #[test]
    fn wrong_fields_of_a_grant_are_told_in_body_order() {
        let body = r#"{"expires_at":"soon","starts_at":5,"access_level_id":""}"#;
        let expected = [
            ("datetime", "expires_at".to_owned()),
            ("base_error", "starts_at".to_owned()),
            ("base_error", "access_level_id".to_owned()),
        ];
        assert_eq!(grant(body).unwrap_err(), expected);
        for body in ["{}", r#"{"access_level_id":null}"#, r#"{"access_level_id":1}"#] {
            let expected = [("base_error", "access_level_id".to_owned())];
            assert_eq!(grant(body).unwrap_err(), expected, "{body}");
            assert_eq!(revoke(body).unwrap_err(), expected, "{body}");
        }
    }

    #[test]
    fn a_revocation_is_for_now_or_for_a_time() {
        for body in [
            r#"{"access_level_id":"vip"}"#,
            r#"{"access_level_id":"vip","revoke_at":null}"#,
        ] {
            assert_eq!(revoke(body).unwrap().revoke_at, None);
        }
        let later = revoke(r#"{"access_level_id":"vip","revoke_at":"2025-01-05T12:00:00.5"}"#).unwrap();
        assert_eq!(later.revoke_at, parse_time("2025-01-05T12:00:00.500000Z"));
        assert_eq!(later.access_level_id, "vip");
        let wrong = revoke(r#"{"access_level_id":"vip","revoke_at":"2025-01-05"}"#);
        assert_eq!(wrong.unwrap_err(), [("datetime", "revoke_at".to_owned())]);
    }
}
