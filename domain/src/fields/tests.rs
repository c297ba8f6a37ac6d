use super::*;

fn violations(fields: &[Field], body: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    check(
        fields,
        &Object::parse(body.as_bytes()).unwrap(),
        "",
        &mut found,
        &mut |_, _, _| {},
    );
    found
        .into_iter()
        .map(|violation| (violation.code, violation.source))
        .collect()
}

const FIELDS: &[Field] = &[
    Field::optional("gender", Kind::OneOf(&["f", "m", "o"])),
    Field::optional("email", Kind::Email),
    Field::optional("birthday", Kind::Date),
    Field::optional_not_null("att_status", Kind::OneOfIntegers(&[0, 1, 2, 3])),
    Field::required("device_id", Kind::NonEmpty { max: 3 }),
];

#[test]
fn good_values_and_allowed_nulls_pass() {
    let body = r#"{"gender":null,"email":"a@b.cd","birthday":"2000-02-29","att_status":3,"device_id":"äöü"}"#;
    assert_eq!(violations(FIELDS, body), []);
}

#[test]
fn each_failure_has_its_code_and_the_body_order_is_kept() {
    let body =
        r#"{"birthday":"2001-02-29","gender":"x","att_status":null,"email":"a b@c","device_id":"long"}"#;
    let expected = [
        ("datetime", "birthday".to_owned()),
        ("enum", "gender".to_owned()),
        ("base_error", "att_status".to_owned()),
        ("base_error", "email".to_owned()),
        ("base_error", "device_id".to_owned()),
    ];
    assert_eq!(violations(FIELDS, body), expected);
}

#[test]
fn a_value_of_another_type_is_no_bad_date_and_no_bad_choice() {
    for body in [
        r#"{"birthday":20001231,"device_id":"d"}"#,
        r#"{"att_status":1.5,"device_id":"d"}"#,
        r#"{"att_status":"1","device_id":"d"}"#,
        r#"{"gender":1,"device_id":"d"}"#,
    ] {
        assert_eq!(violations(FIELDS, body)[0].0, "base_error", "{body}");
    }
    assert_eq!(
        violations(FIELDS, r#"{"att_status":4,"device_id":"d"}"#)[0].0,
        "enum"
    );
}

#[test]
fn a_missing_required_field_is_named() {
    assert_eq!(violations(FIELDS, "{}"), [("base_error", "device_id".to_owned())]);
}

#[test]
fn ids_hold_no_control_characters_and_times_are_read() {
    const FIELDS: &[Field] = &[
        Field::optional_not_null("id", Kind::Id { max: 3 }),
        Field::optional_not_null("plan", Kind::IdOrNone { max: 3 }),
        Field::required_or_null("at", Kind::Time),
        Field::optional_not_null("currency", Kind::Currency),
    ];
    let good = r#"{"id":"é b","plan":"","at":null,"currency":"usd"}"#;
    assert_eq!(violations(FIELDS, good), []);
    assert_eq!(violations(FIELDS, "{}"), [("base_error", "at".to_owned())]);
    let cases = [
        (r#""id":"""#, "base_error", "id"),
        (r#""id":"a\u0000""#, "base_error", "id"),
        (r#""id":"long""#, "base_error", "id"),
        (r#""plan":"long""#, "base_error", "plan"),
        (r#""plan":"\u007f""#, "base_error", "plan"),
        (r#""currency":"US""#, "base_error", "currency"),
        (r#""currency":"€""#, "base_error", "currency"),
        (r#""currency":"U5D""#, "base_error", "currency"),
    ];
    for (field, code, source) in cases {
        let body = format!(r#"{{{field},"at":"2025-01-14T14:15:22Z"}}"#);
        assert_eq!(violations(FIELDS, &body), [(code, source.to_owned())], "{field}");
    }
    assert_eq!(
        violations(FIELDS, r#"{"at":"soon"}"#),
        [("datetime", "at".to_owned())]
    );
    assert_eq!(
        violations(FIELDS, r#"{"at":1736864122}"#),
        [("base_error", "at".to_owned())]
    );
}

#[test]
fn what_cannot_be_an_email_address_is_refused() {
    let long = |length: usize| format!("a@{}", "b".repeat(length - 2));
    for good in ["a@b", "a+b.c@d.ef", "ä@ö.ü", &long(MAX_TEXT)] {
        assert!(is_email(good), "{good}");
    }
    let bad = [
        "",
        "a",
        "@b.cd",
        "a@",
        "a@b@c.de",
        "a b@c.de",
        "a@b c.de",
        "a\u{1}@b.cd",
        "a@b.c\u{1}",
        "a@.b",
        "a@b.",
    ];
    for bad in bad.into_iter().chain([long(MAX_TEXT + 1).as_str()]) {
        assert!(!is_email(bad), "{bad}");
    }
}

#[test]
fn the_schema_says_the_same_as_the_check() {
    let schema = schema(FIELDS, |_| json!({}));
    assert_eq!(schema["required"], json!(["device_id"]));
    assert_eq!(
        schema["properties"]["gender"]["anyOf"],
        json!([{"type": "string", "enum": ["f", "m", "o"]}, {"type": "null"}])
    );
}

#[test]
fn a_country_is_two_letters() {
    for good in ["US", "de", "xk"] {
        assert!(is_alpha2(good), "{good}");
    }
    for bad in ["", "U", "USA", "U1", "1U", "ü", "U "] {
        assert!(!is_alpha2(bad), "{bad}");
    }
}
