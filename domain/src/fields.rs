//! What a request body may hold, as data: one table of [`Field`]s drives the check of a body and the schema
//! in the OpenAPI document, so that the two cannot disagree.
//!
//! Codes and sources follow section 8 of the wire contract: a missing, `null`, mistyped, overlong or
//! malformed value is `base_error`, a value outside a list `enum`, an unreadable time `datetime`.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::json::{Json, Object};
use crate::time;

/// The longest name, e-mail address, phone number and the like, in characters.
pub const MAX_TEXT: usize = 255;

/// A text without control characters, as a pattern.
pub const NO_CONTROL: &str = r"^[^\x00-\x1F\x7F-\x9F]*$";

/// One field of a body.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name in the body.
    pub name: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// May it be `null`?
    pub nullable: bool,
    /// Must it be there?
    pub required: bool,
    /// What callers are told of it beside its form; may be empty.
    pub about: &'static str,
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A string of at most this many characters.
    Text {
        /// Characters, not bytes.
        max: usize,
    },
    /// A string of 1 to this many characters.
    NonEmpty {
        /// Characters, not bytes.
        max: usize,
    },
    /// A string of 1 to this many characters, none of them a control character.
    Id {
        /// Characters, not bytes.
        max: usize,
    },
    /// The same, or the empty string, which means none.
    IdOrNone {
        /// Characters, not bytes.
        max: usize,
    },
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A string that looks like an e-mail address.
    Email,
    /// Two letters, ISO 3166-1 alpha-2.
    Country,
    /// Three letters, ISO 4217.
    Currency,
    /// An IPv4 address in dotted form.
    Ipv4,
    /// A UUID.
    Uuid,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// A time in one of the forms that [`time::parse_time`] reads.
    Time,
    /// `true` or `false`.
    Bool,
    /// One of these integers.
    OneOfIntegers(&'static [i64]),
    /// Checked by rules of its own, elsewhere.
    Own,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The `error_code` that it stands for.
    pub code: &'static str,
    /// The failing field; nested fields use dots.
    pub source: String,
    /// What is wrong, for people.
    pub message: String,
}

impl Violation {
    /// What this field breaks, with the code for it.
    pub fn new(code: &'static str, source: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            source: source.into(),
            message: message.into(),
        }
    }

    /// A `base_error` at this field.
    pub fn base(source: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new("base_error", source, message)
    }

    /// A `validation_error` about the request as a whole.
    pub fn whole(message: impl Into<String>) -> Self {
        Self::of_rule("non_field_errors", message)
    }

    /// A `validation_error` about fields that contradict each other, told at one of them.
    pub fn of_rule(source: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new("validation_error", source, message)
    }
}

impl Field {
    /// An optional field that may be `null`.
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            nullable: true,
            required: false,
            about: "",
        }
    }

    /// A field that must be there and must not be `null`.
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self {
            nullable: false,
            required: true,
            ..Self::optional(name, kind)
        }
    }

    /// A field that must be there but may be `null`.
    pub const fn required_or_null(name: &'static str, kind: Kind) -> Self {
        Self {
            required: true,
            ..Self::optional(name, kind)
        }
    }

    /// An optional field that must not be `null`.
    pub const fn optional_not_null(name: &'static str, kind: Kind) -> Self {
        Self {
            nullable: false,
            ..Self::optional(name, kind)
        }
    }

    /// The same, with what callers are told of it.
    pub const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    fn problem(&self, value: &Json<'_>) -> Option<(&'static str, String)> {
        match value {
            Json::Null if self.nullable => None,
            Json::Null => Some(("base_error", "must not be null".into())),
            value => self.kind.problem(value),
        }
    }
}

/// Checks a field of kind [`Kind::Own`] by its name and value, and adds what is wrong with it.
pub type OwnCheck<'c> = &'c mut dyn FnMut(&str, &Json<'_>, &mut Vec<Violation>);

/// Checks a body against its fields and collects every violation, those of the body in body order first.
/// `prefix` stands before each source, with a dot, for an object inside the body.
pub fn check(
    fields: &[Field],
    body: &Object<'_>,
    prefix: &str,
    found: &mut Vec<Violation>,
    own: OwnCheck<'_>,
) {
    let source = |name: &str| {
        if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        }
    };
    for (name, value) in body.iter() {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            continue;
        };
        match field.problem(value) {
            Some((code, message)) => found.push(Violation::new(code, source(name), message)),
            None if matches!(field.kind, Kind::Own) => own(name, value, found),
            None => {}
        }
    }
    for field in fields
        .iter()
        .filter(|field| field.required && body.get(field.name).is_none())
    {
        found.push(Violation::base(source(field.name), "is required"));
    }
}

impl Kind {
    fn problem(&self, value: &Json<'_>) -> Option<(&'static str, String)> {
        match (self, value) {
            (Self::Own, _) | (Self::Bool, Json::Bool(_)) => None,
            (Self::Bool, _) => Some(("base_error", "must be true or false".into())),
            (Self::OneOfIntegers(allowed), Json::Number(number)) if number.float().fract() == 0.0 => {
                (!is_one_of(number.float(), allowed))
                    .then(|| ("enum", format!("must be one of {}", list(allowed.iter()))))
            }
            (Self::OneOfIntegers(_), _) => Some(("base_error", "must be an integer".into())),
            (_, Json::Text(text)) => self.text_problem(text),
            _ => Some(("base_error", "must be a string".into())),
        }
    }

    fn text_problem(&self, text: &str) -> Option<(&'static str, String)> {
        let base = |wrong: bool, message: String| wrong.then_some(("base_error", message));
        match self {
            Self::Text { max } => base(longer(text, *max), format!("must have at most {max} characters")),
            Self::NonEmpty { max } => base(
                text.is_empty() || longer(text, *max),
                format!("must have 1 to {max} characters"),
            ),
            Self::Id { max } => base(!is_id(text, *max), format!("must have {}", id_form(*max))),
            Self::IdOrNone { max } => base(
                !text.is_empty() && !is_id(text, *max),
                format!("must have at most {max} characters and no control characters"),
            ),
            Self::OneOf(allowed) => (!allowed.contains(&text))
                .then(|| ("enum", format!("must be one of {}", list(allowed.iter())))),
            Self::Email => base(!is_email(text), "must be an e-mail address".into()),
            Self::Country => base(
                !is_alpha2(text),
                "must be a country as two letters (ISO 3166-1 alpha-2)".into(),
            ),
            Self::Currency => base(
                !is_currency(text),
                "must be a currency as three letters (ISO 4217)".into(),
            ),
            Self::Ipv4 => base(
                text.parse::<std::net::Ipv4Addr>().is_err(),
                "must be an IPv4 address".into(),
            ),
            Self::Uuid => base(uuid::Uuid::try_parse(text).is_err(), "must be a UUID".into()),
            Self::Date => time::parse_date(text)
                .is_none()
                .then(|| ("datetime", "must be a date such as 2000-12-31".into())),
            Self::Time => time::parse_time(text)
                .is_none()
                .then(|| ("datetime", "must be a time such as 2025-01-14T14:15:22Z".into())),
            Self::Bool | Self::OneOfIntegers(_) | Self::Own => None,
        }
    }

    /// The value's JSON Schema, without `null`.
    fn schema(&self) -> Value {
        match self {
            Self::Text { max } => json!({"type": "string", "maxLength": max}),
            Self::NonEmpty { max } => json!({"type": "string", "minLength": 1, "maxLength": max}),
            Self::Id { max } => {
                json!({"type": "string", "minLength": 1, "maxLength": max, "pattern": NO_CONTROL})
            }
            Self::IdOrNone { max } => json!({"type": "string", "maxLength": max, "pattern": NO_CONTROL}),
            Self::OneOf(allowed) => json!({"type": "string", "enum": allowed}),
            Self::Email => json!({"type": "string", "format": "email", "maxLength": MAX_TEXT}),
            Self::Country => json!({"type": "string", "pattern": "^[A-Za-z]{2}$"}),
            Self::Currency => json!({"type": "string", "pattern": "^[A-Za-z]{3}$"}),
            Self::Ipv4 => json!({"type": "string", "format": "ipv4"}),
            Self::Uuid => json!({"type": "string", "format": "uuid"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::Time => json!({"type": "string", "format": "date-time"}),
            Self::Bool => json!({"type": "boolean"}),
            Self::OneOfIntegers(allowed) => json!({"type": "integer", "enum": allowed}),
            Self::Own => json!({}),
        }
    }
}

/// The JSON Schema of a body with these fields; `own` fills in the fields of kind [`Kind::Own`].
pub fn schema(fields: &[Field], own: impl Fn(&str) -> Value) -> Value {
    let mut properties = serde_json::Map::new();
    for field in fields {
        let mut schema = if matches!(field.kind, Kind::Own) {
            own(field.name)
        } else {
            field.kind.schema()
        };
        if field.nullable {
            allow_null(&mut schema);
        }
        if !field.about.is_empty() {
            schema["description"] = field.about.into();
        }
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<_> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// Has a schema require at least one of these fields.
pub fn require_one_of(schema: &mut Value, names: impl IntoIterator<Item = &'static str>) {
    let any_of_them: Vec<_> = names
        .into_iter()
        .map(|name| json!({"required": [name]}))
        .collect();
    // Generators of clients lose the fields of an object that has `anyOf` itself; `if` they pass over.
    schema["if"] = json!({"anyOf": any_of_them});
    schema["else"] = json!({"not": {}});
}

fn allow_null(schema: &mut Value) {
    if schema.get("format").is_some() || schema.get("enum").is_some() {
        // Many tools lose the format where the type is a list, and make a choice twice.
        *schema = json!({"anyOf": [schema, {"type": "null"}]});
        return;
    }
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
}

/// Is the text longer than this many characters? Counts only where the bytes alone do not tell.
pub fn longer(text: &str, max: usize) -> bool {
    text.len() > max && text.chars().count() > max
}

/// May this be an id, or the name of a store? PostgreSQL stores no NUL in a text.
pub(crate) fn is_id(text: &str, max: usize) -> bool {
    !text.is_empty() && !longer(text, max) && !text.chars().any(char::is_control)
}

/// What [`is_id`] asks for, for people.
pub(crate) fn id_form(max: usize) -> String {
    format!("1 to {max} characters and no control characters")
}

/// Is this the form of a country, ISO 3166-1 alpha-2: two letters? Codes come and go, and an unknown country must never fail
/// a write.
pub fn is_alpha2(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Is this the form of a currency: three letters?
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[expect(clippy::cast_precision_loss, reason = "the allowed integers are small")]
fn is_one_of(number: f64, allowed: &[i64]) -> bool {
    allowed.iter().any(|&choice| choice as f64 == number)
}

fn list<T: std::fmt::Display>(allowed: impl Iterator<Item = T>) -> String {
    allowed
        .map(|choice| choice.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Does it look like an e-mail address? One `@` with something on both sides, no white space or control
/// characters, no dot at an end of the domain, at most 255 characters. Only sending a message would prove more.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control())
    };
    plain(local)
        && plain(domain)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !longer(text, MAX_TEXT)
}
