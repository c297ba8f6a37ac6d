//! Values of another form than the schema of their body says: an array for an object, an object for a choice. Each is
//! refused, on every route of the administration and in the settings of every integration.

use bursar::http::openapi::DOCUMENT;
use bursar_domain::integrations;
use serde_json::{Map, Value, json};

use super::support::administration::prepare;
use super::support::backend::Backend;
use super::support::schema::resolve;
use super::support::server::{PROFILE, TestServer, USER};

/// The schema itself, where `null` would do too or it is named elsewhere.
fn form<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let schema = resolve(document, schema);
    match schema["anyOf"].as_array() {
        Some(choices) => form(document, &choices[0]),
        None => schema,
    }
}

/// The texts that it allows, where it names them.
fn choices(schema: &Value) -> Vec<&Value> {
    let named = schema["oneOf"].as_array().into_iter().flatten();
    let listed = schema["enum"].as_array().into_iter().flatten();
    named.map(|one| &one["const"]).chain(listed).collect()
}

/// The schema of an object's member.
fn member<'d>(schema: &'d Value, name: &str) -> &'d Value {
    schema["properties"]
        .get(name)
        .unwrap_or(&schema["additionalProperties"])
}

/// A value of this form, with nothing left out.
fn sample(document: &Value, schema: &Value) -> Value {
    let schema = form(document, schema);
    if let Some(choice) = choices(schema).first() {
        return (*choice).clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("object") => {
            let known = schema["properties"].as_object().into_iter().flat_map(Map::keys);
            let open = schema["additionalProperties"].is_object().then_some("k");
            let names = known.map(String::as_str).chain(open);
            names
                .map(|name| (name.to_owned(), sample(document, member(schema, name))))
                .collect::<Map<_, _>>()
                .into()
        }
        Some("array") => json!([sample(document, &schema["items"])]),
        Some("boolean") => json!(false),
        Some("integer") => json!(1),
        Some("string") => json!("x"),
        other => panic!("{other:?} in {schema}"),
    }
}

/// The value with one thing in it in a wrong form, in each way: where that is, and the whole.
fn misshapen(document: &Value, schema: &Value, value: &Value, path: &str) -> Vec<(String, Value)> {
    let schema = form(document, schema);
    let here = |wrong: Value| (path.to_owned(), wrong);
    match value {
        Value::Object(fields) => {
            let inside = fields.iter().flat_map(|(name, inner)| {
                let path = [path, name].join(if path.is_empty() { "" } else { "." });
                let wrong = misshapen(document, member(schema, name), inner, &path);
                wrong.into_iter().map(move |(path, wrong)| {
                    let mut whole = value.clone();
                    whole[name] = wrong;
                    (path, whole)
                })
            });
            let as_array = fields.values().cloned().collect::<Vec<_>>();
            let is_whole = path.is_empty();
            let here = [as_array, Vec::new()].map(|array| here(array.into()));
            here.into_iter().filter(|_| !is_whole).chain(inside).collect()
        }
        Value::Array(items) => {
            let inside = misshapen(document, &schema["items"], &items[0], &format!("{path}[0]"));
            let inside = inside.into_iter().map(|(path, wrong)| (path, json!([wrong])));
            inside.chain([here(json!({}))]).collect()
        }
        Value::String(text) if !choices(schema).is_empty() => {
            [json!({text: null}), json!([text]), json!(1)].map(here).into()
        }
        _ => Vec::new(),
    }
}

/// Sends each body in a wrong form that this schema allows to think of. Answers how many there were.
async fn refuses_all(
    server: &TestServer,
    method: &str,
    path: &str,
    schema: &Value,
    around: impl Fn(Value) -> Value,
) -> usize {
    let document: Value = serde_json::from_str(&DOCUMENT).unwrap();
    let all = misshapen(&document, schema, &sample(&document, schema), "");
    for (place, body) in &all {
        let body = around(body.clone()).to_string();
        let refused = server.admin(method, path, &body).await;
        assert_eq!(refused.status, 422, "{method} {path} {body}: {}", refused.text());
        let refused = refused.json();
        let mut errors = refused["errors"].as_array().unwrap().iter();
        let is_named = |error: &&Value| {
            let field = error["field"].as_str().unwrap();
            field == place || field.strip_prefix("settings.") == Some(place)
        };
        let told = errors.find(is_named);
        let told = told.unwrap_or_else(|| panic!("{method} {path} {place} {body}: {refused}"));
        let why = told["detail"].as_str().unwrap();
        assert!(!why.contains("map"), "{method} {path} {place}: {why}");
    }
    all.len()
}

#[tokio::test]
async fn a_value_of_another_form_is_refused_on_every_route() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let profile = server.call("POST", PROFILE, &[USER], "").await.json();
    let profile = profile["data"]["profile_id"].as_str().unwrap();
    let things = prepare(&server, &server.app_id, "p").await;
    let document: Value = serde_json::from_str(&DOCUMENT).unwrap();
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/admin/v1/") else {
            continue;
        };
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if !schema.is_null() {
                let path = things.fill(path, profile);
                count += refuses_all(&server, &method.to_uppercase(), &path, schema, |body| body).await;
            }
        }
    }
    assert!(count > 40, "{count}");
}

#[tokio::test]
async fn a_value_of_another_form_is_refused_in_the_settings_of_every_integration() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    for integration in integrations::ALL {
        let path = format!("apps/{}/integrations/{}", server.app_id, integration.slug);
        let around = |settings: Value| json!({"enabled": false, "settings": settings});
        let count = refuses_all(&server, "PUT", &path, &integration.schema(), around).await;
        assert!(count >= 4, "{} {count}", integration.slug);
    }
}
