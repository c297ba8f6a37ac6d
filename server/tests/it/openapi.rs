//! The OpenAPI document: it is checked in, has every route and nothing else, and says what the service does.

mod generators;

use std::collections::BTreeSet;

use bursar::http::openapi::DOCUMENT;
use bursar::http::route::Access;
use bursar::http::router::routes;
use serde_json::{Value, json};

use super::support::backend::Backend;
use super::support::purchases::{numbered, one_time, subscription};
use super::support::schema::{assert_fits, resolve};
use super::support::server::{
    ATTRIBUTION, Answer, GRANT, IDENTIFIERS, PROFILE, REFUND_SAVER, REVOKE, SDK_IDENTIFIERS, TRANSACTION,
    TestServer,
};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::from_str(&DOCUMENT).unwrap()
}

/// Every operation with its method, in capitals, and its path.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap();
        methods.iter().map(move |(method, operation)| {
            assert!(METHODS.contains(&method.as_str()), "{method}");
            (method.to_uppercase(), path.clone(), operation)
        })
    });
    all.collect()
}

/// Every object of the document.
fn objects(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) => std::iter::once(value)
            .chain(fields.values().flat_map(objects))
            .collect(),
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

#[test]
fn the_document_that_is_checked_in_is_the_one_that_the_code_makes() {
    assert!(
        include_str!("../../../openapi.json") == DOCUMENT.as_str(),
        "openapi.json is not what the code makes; renew it with `cargo run -- openapi > openapi.json`"
    );
}

#[test]
fn it_has_every_route_and_nothing_else() {
    let document = document();
    let described: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let served: BTreeSet<_> = routes()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(described, served);
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_left_over() {
    let document = document();
    let mut used = BTreeSet::new();
    for object in objects(&document) {
        if let Some(reference) = object["$ref"].as_str() {
            resolve(&document, object);
            used.insert(reference.to_owned());
        }
    }
    for part in ["schemas", "responses", "headers"] {
        for name in document["components"][part].as_object().unwrap().keys() {
            assert!(
                used.contains(&format!("#/components/{part}/{name}")),
                "{part} {name}"
            );
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            assert!(name.chars().all(is_plain), "{name}");
        }
    }
}

#[test]
fn every_operation_is_complete() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} names two operations");
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric()), "{id}");
        assert!(texts(&operation["tags"]).is_subset(&tags), "{method} {path}");
        assert!(
            !operation["summary"].as_str().unwrap().is_empty(),
            "{method} {path}"
        );
        let answers = operation["responses"].as_object().unwrap();
        assert!(
            answers.keys().any(|status| status.starts_with('2')),
            "{method} {path}"
        );
        for answer in answers.values() {
            let answer = resolve(&document, answer);
            assert!(answer["description"].is_string() && answer["headers"]["Request-Id"].is_object());
        }
        for scheme in operation["security"].as_array().unwrap() {
            let name = scheme.as_object().unwrap().keys().next().unwrap();
            assert!(
                document["components"]["securitySchemes"][name].is_object(),
                "{name}"
            );
        }
    }
}

#[test]
fn parameters_have_a_place_and_a_type_and_the_path_names_its_own() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let in_braces: Vec<_> = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let mut described = Vec::new();
        let mut seen = BTreeSet::new();
        for parameter in parameters {
            let (name, place) = (
                parameter["name"].as_str().unwrap(),
                parameter["in"].as_str().unwrap(),
            );
            assert!(
                ["path", "query", "header"].contains(&place),
                "{method} {path}: {name}"
            );
            assert!(parameter["schema"]["type"].is_string(), "{method} {path}: {name}");
            assert!(seen.insert((name, place)), "{method} {path}: {name} comes twice");
            // Who searches says for what.
            let is_required = place == "path" || name == "query";
            assert_eq!(parameter["required"], is_required, "{method} {path}: {name}");
            if place == "path" {
                described.push(name);
            }
        }
        assert_eq!(described, in_braces, "{method} {path}");
    }
}

#[test]
fn guarded_routes_say_how_they_refuse() {
    let document = document();
    for route in routes().filter(|route| route.access != Access::Open) {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let reads = ["POST", "PUT", "PATCH"].contains(&route.method);
        let reading: &[u16] = if reads { &[400, 408, 413, 415] } else { &[] };
        for status in [&[401, 500, 503], reading, route.doc.refusals].concat() {
            let answer = resolve(&document, &operation["responses"][status.to_string()]);
            let kind = match route.access {
                Access::Admin => "application/problem+json",
                _ => "application/json",
            };
            let schema = &answer["content"][kind]["schema"]["$ref"];
            assert!(schema.is_string(), "{} {} {status}", route.method, route.path);
        }
    }
}

/// Whatever part of the path it is that names nothing.
#[tokio::test]
async fn what_does_not_exist_is_refused_with_a_title_that_the_document_names() {
    const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
    let server = TestServer::on(Backend::SqliteMemory).await;
    let document = document();
    let told = document["components"]["responses"]["Problem404"]["description"].clone();
    for (method, path, _) in operations(&document) {
        let Some(path) = path.strip_prefix("/admin/v1/").filter(|path| path.contains('{')) else {
            continue;
        };
        for app in [NOBODY, &server.app_id] {
            for unknown in [NOBODY, "unknown"] {
                let segments = path.split('/').map(|segment| match segment {
                    "{app}" => app,
                    named if named.starts_with('{') => unknown,
                    other => other,
                });
                let path = segments.collect::<Vec<_>>().join("/");
                let refused = server.admin(&method, &path, "").await;
                if refused.status == 404 {
                    let title = refused.json()["title"].as_str().unwrap().to_owned();
                    let told = told.as_str().unwrap();
                    assert!(told.contains(&format!("`{title}`")), "{method} {path}: {title}");
                }
            }
        }
    }
    let path = format!("apps/{}/profiles/{NOBODY}", server.app_id);
    let refused = server.admin("GET", &path, "").await;
    assert_eq!(
        (refused.status, &refused.json()["detail"]),
        (404, &json!("the profile does not exist"))
    );
}

/// Nothing at all is read as `{}`, which these calls refuse.
#[test]
fn a_body_that_needs_one_of_several_fields_is_required() {
    let document = document();
    for (path, one) in [(IDENTIFIERS, "branch_id"), (REFUND_SAVER, "consent")] {
        let body = &document["paths"][path]["post"]["requestBody"];
        assert_eq!(body["required"], true, "{path}");
        let schema = resolve(&document, &body["content"]["application/json"]["schema"]);
        assert_eq!(schema["minProperties"], 1, "{path}");
        let any_of_them = schema["if"]["anyOf"].as_array().unwrap();
        assert!(any_of_them.contains(&json!({"required": [one]})), "{path}");
        assert_eq!(schema["else"], json!({"not": {}}), "{path}");
    }
}

#[tokio::test]
async fn it_is_served() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let answer = server.call("GET", "/openapi.json", &[], "").await;
    assert_eq!((answer.status, answer.text()), (200, DOCUMENT.clone()));
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[test]
fn times_days_and_ids_are_told_as_such_wherever_they_stand() {
    let document = document();
    for object in objects(&document["components"]["schemas"]) {
        for (name, field) in object["properties"].as_object().into_iter().flatten() {
            let is_text = field["type"] == "string" || field["type"] == json!(["string", "null"]);
            let form = match name.as_str() {
                "after" | "before" | "at" | "now" => "date-time",
                "from" | "to" => "date",
                "profile_id" => "uuid",
                name if name.ends_with("_at") => "date-time",
                _ => continue,
            };
            assert!(!is_text || field["format"] == form, "{name}: {field}");
        }
    }
    let schemas = &document["components"]["schemas"];
    let filter = &schemas["ReplayFilterBody"]["properties"];
    let feed = &document["paths"]["/admin/v1/apps/{app}/deliveries"]["get"]["parameters"];
    let mut parameters = feed.as_array().unwrap().iter();
    let integration = parameters.find(|one| one["name"] == "integration").unwrap();
    assert_eq!(filter["integration"]["enum"], integration["schema"]["enum"]);
    assert!(filter["integration"]["enum"].is_array());
    assert_eq!(filter["after"]["format"], "date-time");
    assert_eq!(schemas["TestClock"]["properties"]["now"]["format"], "date-time");
    assert_eq!(schemas["RateDraft"]["properties"]["from"]["format"], "date");
    assert_eq!(
        schemas["RateDraft"]["properties"]["usd"]["pattern"],
        "^(?=.*[1-9])[0-9]+(\\.[0-9]+)?$"
    );
}

#[tokio::test]
async fn texts_of_the_administration_may_be_as_long_as_it_says_and_no_longer() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let document = document();
    let app = format!("apps/{}", server.app_id);
    // What stands for TEXT is told at the field.
    let cases = [
        ("POST", "apps", r#"{"name":"TEXT"}"#, "name"),
        ("PATCH", "apps/{app}", r#"{"name":"TEXT"}"#, "name"),
        (
            "POST",
            "apps/{app}/keys",
            r#"{"kind":"public","label":"TEXT"}"#,
            "label",
        ),
        ("POST", "admin-tokens", r#"{"label":"TEXT"}"#, "label"),
        (
            "PUT",
            "apps/{app}/access-levels/{id}",
            r#"{"description":"TEXT"}"#,
            "description",
        ),
        ("PUT", "apps/{app}/access-levels/TEXT", "{}", "id"),
        (
            "PUT",
            "apps/{app}/products/{store}/{store_product_id}",
            r#"{"access_level_id":null,"title":"TEXT"}"#,
            "title",
        ),
        // The level that was made above.
        (
            "PUT",
            "apps/{app}/products/{store}/{store_product_id}",
            r#"{"access_level_id":"TEXT"}"#,
            "access_level_id",
        ),
        (
            "PUT",
            "apps/{app}/products/TEXT/{store_product_id}",
            r#"{"access_level_id":null}"#,
            "store",
        ),
        (
            "PUT",
            "apps/{app}/products/{store}/TEXT",
            r#"{"access_level_id":null}"#,
            "store_product_id",
        ),
        ("GET", "apps/{app}/profiles?query=TEXT", "", "query"),
    ];
    for (method, path, body, field) in cases {
        let told = told_of(&document, method, path, field);
        let longest = told["maxLength"].as_u64().unwrap().try_into().unwrap();
        for (length, is_taken) in [(longest, true), (longest + 1, false)] {
            let path = path
                .replace("apps/{app}", &app)
                .replace("TEXT", &"%C3%A9".repeat(length));
            let path = path.replace(['{', '}'], "");
            let answer = server
                .admin(method, &path, &body.replace("TEXT", &"é".repeat(length)))
                .await;
            assert_eq!(
                answer.status < 300,
                is_taken,
                "{method} {path}: {}",
                answer.text()
            );
            if !is_taken {
                assert_eq!(answer.json()["errors"][0]["field"], field, "{method} {path}");
            }
        }
    }
}

/// The schema of a field of the administration: of the body, or the parameter in whose place TEXT stands.
fn told_of<'d>(document: &'d Value, method: &str, path: &str, field: &str) -> &'d Value {
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    let path = format!("/admin/v1/{}", path.replace("TEXT", &format!("{{{field}}}")));
    let operation = &document["paths"][path][method.to_lowercase()];
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let parameter = parameters
        .into_iter()
        .find(|parameter| parameter["name"] == field);
    parameter.map_or_else(
        || &resolve(document, body)["properties"][field],
        |parameter| &parameter["schema"],
    )
}

fn assert_described(document: &Value, method: &str, path: &str, answer: &Answer) {
    let place = format!("{method} {path} {}", answer.status);
    let operation = &document["paths"][path][method.to_lowercase()];
    let described = resolve(document, &operation["responses"][answer.status.to_string()]);
    assert!(described.is_object(), "{place} is not in the document");
    assert!(answer.headers.contains_key("request-id"), "{place}");
    let Some(kind) = answer.headers.get("content-type") else {
        assert!(described["content"].is_null(), "{place} has no body");
        return;
    };
    let schema = &described["content"][kind.to_str().unwrap()]["schema"];
    assert!(schema.is_object(), "{place}: {kind:?}");
    assert_fits(document, schema, &answer.json(), &place);
}

/// Method, path, headers, body, and the status that is expected.
type TestCall<'c> = (&'c str, &'c str, &'c [(&'c str, &'c str)], &'c str, u16);

#[tokio::test]
async fn real_answers_are_what_it_says() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let document = document();
    let user = ("adapty-customer-user-id", "user-1");
    let attributes = r#"{"custom_attributes":[{"key":"a","value":1.5},{"key":"b","value":"text"}]}"#;
    let created = server.call("POST", PROFILE, &[user], attributes).await;
    let id = created.json()["data"]["profile_id"].as_str().unwrap().to_owned();
    assert_described(&document, "POST", PROFILE, &created);
    let sdk = format!(r#"{{"data":{{"profile_id":"{id}","branch_id":"b"}}}}"#);
    let stranger = ("adapty-customer-user-id", "nobody");
    let (transaction, once) = (
        subscription().to_string(),
        numbered(one_time(), "once").to_string(),
    );
    let premium = r#"{"access_level_id":"premium"}"#;
    let campaign = r#"{"customer_user_id":"user-1","status":"organic","channel":"search"}"#;
    let calls: [TestCall<'_>; 24] = [
        ("GET", PROFILE, &[user], "", 200),
        ("PATCH", PROFILE, &[user], r#"{"first_name":"A"}"#, 200),
        ("POST", IDENTIFIERS, &[user], r#"{"branch_id":"b"}"#, 200),
        ("GET", IDENTIFIERS, &[user], "", 200),
        ("POST", SDK_IDENTIFIERS, &[], &sdk, 200),
        ("POST", ATTRIBUTION, &[], campaign, 201),
        ("POST", ATTRIBUTION, &[], "{}", 400),
        (
            "POST",
            ATTRIBUTION,
            &[],
            r#"{"customer_user_id":"nobody","status":"organic"}"#,
            404,
        ),
        ("POST", TRANSACTION, &[user], &transaction, 200),
        ("POST", TRANSACTION, &[user], &once, 200),
        ("POST", TRANSACTION, &[user], "{}", 400),
        ("POST", TRANSACTION, &[stranger], &transaction, 404),
        ("POST", GRANT, &[user], premium, 200),
        ("POST", REVOKE, &[user], premium, 200),
        ("POST", REFUND_SAVER, &[user], r#"{"consent":true}"#, 200),
        ("GET", REFUND_SAVER, &[user], "", 200),
        ("GET", REFUND_SAVER, &[stranger], "", 400),
        ("GET", "/livez", &[], "", 200),
        ("GET", "/readyz", &[], "", 200),
        ("GET", PROFILE, &[], "", 400),
        ("PATCH", PROFILE, &[user], r#"{"gender":"x"}"#, 400),
        ("GET", PROFILE, &[stranger], "", 404),
        (
            "POST",
            IDENTIFIERS,
            &[user, ("content-encoding", "br")],
            "{}",
            415,
        ),
        ("DELETE", PROFILE, &[user], "", 204),
    ];
    for (method, path, headers, body, status) in calls {
        if method == "DELETE" {
            // What it has bought is seen by the administration as well.
            let view = server
                .admin("GET", &format!("apps/{}/profiles/{id}", server.app_id), "")
                .await;
            let path = "/admin/v1/apps/{app}/profiles/{profile_id}";
            assert_described(&document, "GET", path, &view);
        }
        let answer = server.call(method, path, headers, body).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_described(&document, method, path, &answer);
    }
}
