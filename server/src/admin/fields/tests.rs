use std::collections::BTreeMap;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    #[expect(dead_code, reason = "only read")]
    inner: Vec<Inner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    #[expect(dead_code, reason = "only read")]
    count: u8,
}

fn field(body: &str) -> String {
    match read_text::<Outer>(body.as_bytes()).unwrap_err() {
        ActionError::BadFields(fields) => fields[0].0.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_bad_field_is_named() {
    assert_eq!(field("1"), "body");
    assert_eq!(field("{}"), "inner");
    assert_eq!(field(r#"{"inner":1}"#), "inner");
    assert_eq!(field(r#"{"iner":1}"#), "iner");
    assert_eq!(field(r#"{"inner":[{"count":"x"}]}"#), "inner[0].count");
    assert_eq!(field(r#"{"inner":[{"count":1,"coun":1}]}"#), "inner[0].coun");
    assert_eq!(field(r#"{"inner":[{}]}"#), "inner[0].count");
}

#[test]
fn every_bad_field_is_named() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Draft {
        kind: Kind,
        filter: Filter,
        label: Option<String>,
        #[serde(default)]
        dry: bool,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    enum Kind {
        Secret,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Filter {
        slug: String,
        kinds: Option<Vec<Kind>>,
        after: u8,
    }
    let named = |body: &str| -> Vec<String> {
        match read_text::<Draft>(body.as_bytes()) {
            Err(ActionError::BadFields(fields)) => fields.into_iter().map(|(field, _)| field).collect(),
            other => panic!("{other:?}"),
        }
    };
    let sorted = |body: &str| {
        let mut fields = named(body);
        fields.sort();
        fields
    };
    assert_eq!(
        sorted(
            r#"{"kind":"x","filter":{"slug":1,"kinds":["y","z","secret"],"afer":1},"label":2,"dry":"no","lab":1,"labels":1}"#
        ),
        [
            "dry",
            "filter.afer",
            "filter.after",
            "filter.kinds[0]",
            "filter.kinds[1]",
            "filter.slug",
            "kind",
            "lab",
            "label",
            "labels"
        ]
    );
    assert_eq!(
        sorted(r#"{"kind":"secret","filter":{}}"#),
        ["filter.after", "filter.slug"]
    );
    assert_eq!(
        sorted(r#"{"kind":"secret","filter":{"slug":"","after":0},"dry":true,"dry":true}"#),
        ["dry"]
    );
}

#[test]
fn a_name_that_is_given_twice_is_found_wherever_it_stands() {
    for (text, path) in [
        (r#"{"a":1,"a":1}"#, "a"),
        (r#"{"a":{"a":1,"b":[{"c":1},{"c":1,"d":{},"c":1}]}}"#, "a.b[1].c"),
        (r#"{"a":{"a":1,"a":1}}"#, "a.a"),
        (r#"{"a":1,"\u0061":2}"#, "a"),
    ] {
        assert_eq!(repeated(text.as_bytes()).as_deref(), Some(path), "{text}");
    }
    let all = r#"{"a":[{"a":-1},{"a":1e300},99999999999999999999],"b":"a","c":true,"d":null,"":18446744073709551615}"#;
    assert_eq!(repeated(all.as_bytes()), None);
}

#[test]
fn nothing_but_an_object_is_an_object_and_nothing_but_a_text_a_choice() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Draft {
        inner: Option<Inner>,
        size: Option<Size>,
        table: Option<BTreeMap<String, Inner>>,
        more: Option<serde_json::Map<String, Json>>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Size {
        Small,
        Large,
    }
    let object = "expected an object";
    let choice = "expected `small` or `large`";
    for (body, field, why) in [
        ("[{},null,null,null]", "body", object),
        (r#"{"inner":[1]}"#, "inner", object),
        (r#"{"inner":[]}"#, "inner", object),
        (r#"{"table":{"a":[1]}}"#, "table.a", object),
        (r#"{"table":[]}"#, "table", object),
        (r#"{"more":[]}"#, "more", object),
        (r#"{"size":{"small":null}}"#, "size", choice),
        (r#"{"size":["small"]}"#, "size", choice),
        (r#"{"size":1}"#, "size", choice),
        (r#"{"size":"tiny"}"#, "size", choice),
    ] {
        match read_text::<Draft>(body.as_bytes()) {
            Err(ActionError::BadFields(fields)) => {
                assert_eq!(fields, [(field.to_owned(), why.to_owned())], "{body}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    for good in [
        "{}",
        r#"{"inner":null,"size":null,"table":null,"more":null}"#,
        r#"{"inner":{"count":1},"size":"large","table":{"a":{"count":1}},"more":{"a":[[]]}}"#,
    ] {
        read_text::<Draft>(good.as_bytes()).unwrap();
    }
}

#[test]
fn the_reason_is_plain_and_does_not_repeat_the_value() {
    let why = |body: &str| match read_text::<Outer>(body.as_bytes()) {
        Err(ActionError::BadFields(fields)) => fields[0].1.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(why(r#"{"inner":"s3cret"}"#), "expected an array");
    assert_eq!(
        why(r#"{"inner":[{"count":987654}]}"#),
        "expected a whole number, not negative and not too large"
    );
    assert_eq!(why(r#"{"inner":[7]}"#), "expected an object");
    assert_eq!(
        plain("unknown variant `s3cret`, expected `a` or `b` at line 1 column 3"),
        "expected `a` or `b`"
    );
    // A value may look like the end of the words.
    let refused = serde_json::from_value::<bool>("s3cret at line 4".into()).unwrap_err();
    assert_eq!(plain(&refused.to_string()), "expected a boolean");
    assert_eq!(
        plain("invalid type: s3cret at line 4 column 1"),
        "has the wrong form"
    );
    assert_eq!(why(r#"{"iner":1}"#), "unknown field `iner`, expected `inner`");
    assert_eq!(why("{}"), "missing field `inner`");
}

#[test]
fn texts_are_checked() {
    let problems = |text: &str| {
        let mut problems = Problems::default();
        problems.name("name", text);
        problems.0.len()
    };
    assert_eq!(problems("Ünïcode and spaces"), 0);
    assert_eq!(problems(&"é".repeat(MAX_TEXT)), 0);
    for wrong in ["", "a\0", "a\nb", "\u{85}", &"x".repeat(MAX_TEXT + 1)] {
        assert_eq!(problems(wrong), 1, "{wrong:?}");
    }
}
