//! The page at `/docs`: it loads nothing from elsewhere, and may not.

use std::process::Command;

use bursar::http::openapi::DOCUMENT;
use bursar::http::router::{Service, Surface};
use serde_json::{Value, json};

use super::support::backend::{Backend, Folder};
use super::support::server::{Answer, PROFILE, TestServer, USER};

const POLICY: [&str; 5] = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
];

async fn fetch(server: &TestServer, path: &str) -> Answer {
    let answer = server.call("GET", path, &[], "").await;
    assert_eq!(answer.status, 200, "{path}");
    answer
}

/// What stands between `start` and the next double quote, each time.
fn quoted<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    let ends = text.split(start).skip(1);
    ends.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The page and all that it loads, by path.
async fn whole_page(server: &TestServer) -> Vec<(String, Answer)> {
    let page = fetch(server, "/docs").await;
    let text = page.text();
    let mut wanted: Vec<String> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|start| quoted(&text, start))
        .filter(|target| target.starts_with("/docs/"))
        .map(str::to_owned)
        .collect();
    let mut found = vec![("/docs".to_owned(), page)];
    while let Some(path) = wanted.pop() {
        if found.iter().any(|(known, _)| *known == path) {
            continue;
        }
        let asset = fetch(server, &path).await;
        let imports = asset.text();
        wanted.extend(
            quoted(&imports, "from \"./")
                .iter()
                .map(|name| format!("/docs/{name}")),
        );
        found.push((path, asset));
    }
    found
}

#[tokio::test]
async fn it_loads_nothing_from_elsewhere() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let parts = whole_page(&server).await;
    assert_eq!(
        parts.len(),
        7,
        "{:?}",
        parts.iter().map(|(path, _)| path).collect::<Vec<_>>()
    );
    for (path, part) in &parts {
        let text = part.text();
        for foreign in ["http://", "https://", "\"//", "url(", "@import", "import("] {
            assert!(!text.contains(foreign), "{path} has {foreign}");
        }
    }
    let page = parts[0].1.text();
    for target in ["src=\"", "href=\""]
        .iter()
        .flat_map(|start| quoted(&page, start))
    {
        let is_own = ["/docs/", "/openapi.json", "#", "data:"]
            .iter()
            .any(|start| target.starts_with(start));
        assert!(is_own, "{target}");
    }
}

#[tokio::test]
async fn its_policy_forbids_what_it_does_not_need() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    for (path, part) in whole_page(&server).await {
        let policy = part.headers["content-security-policy"].to_str().unwrap();
        for rule in POLICY {
            assert!(policy.contains(rule), "{path}: {rule}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(part.headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn nothing_inline_and_no_way_from_text_to_markup() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    for (path, part) in whole_page(&server).await {
        let text = part.text();
        for risky in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "Storage",
        ] {
            assert!(!text.contains(risky), "{path} has {risky}");
        }
        if path == "/docs" {
            assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" on"));
            assert_eq!(
                text.matches("<script").count(),
                text.matches("<script type=\"module\" src=").count()
            );
        }
    }
}

#[tokio::test]
async fn other_files_are_not_there() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    for path in ["/docs/else.js", "/docs/..%2Fmod.rs", "/docs/index.html"] {
        assert_eq!(server.call("GET", path, &[], "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn it_is_beside_each_api_where_they_have_addresses_of_their_own() {
    let nothing = Surface {
        api: false,
        admin: false,
        metrics: false,
    };
    let mut server = TestServer::on(Backend::SqliteMemory).await;
    for (surface, status) in [
        (Surface { api: true, ..nothing }, 200),
        (
            Surface {
                admin: true,
                ..nothing
            },
            200,
        ),
        (
            Surface {
                metrics: true,
                ..nothing
            },
            404,
        ),
    ] {
        server.service = Service::new(server.state.clone(), surface);
        for path in ["/docs", "/docs/app.js", "/openapi.json"] {
            let answer = server.call("GET", path, &[], "").await;
            assert_eq!(answer.status, status, "{surface:?} {path}");
        }
        let admin = server.admin("GET", "apps", "").await;
        assert_eq!(admin.status == 200, surface.admin, "{surface:?}");
    }
}

/// The bodies that the page offers for each call, made by the page's own script.
fn offered_bodies(script: &str) -> Vec<Value> {
    const ALL: &str = r#"
const api = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
useDocument(api);
const calls = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { requestBody }]) => ({ path, method, requestBody })));
const bodies = calls.filter(({ requestBody }) => requestBody).map(({ path, method, requestBody }) =>
  ({ path, method, body: example(requestBody.content["application/json"].schema) }));
console.log(JSON.stringify(bodies));
"#;
    let alone = script.replace("export function", "function");
    let (_, alone) = alone.split_once("from \"./dom.js\";").unwrap();
    let folder = Folder::new();
    let document = folder.0.join("openapi.json");
    std::fs::write(&document, DOCUMENT.as_str()).unwrap();
    let node = Command::new("node")
        .args(["--eval", &format!("{alone}{ALL}")])
        .stdin(std::fs::File::open(document).unwrap())
        .output()
        .unwrap();
    assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
    serde_json::from_slice(&node.stdout).unwrap()
}

#[tokio::test]
async fn the_server_takes_every_body_that_the_page_offers() {
    // The id that stands for every UUID on the page.
    const ID: (&str, &str) = ("adapty-profile-id", "3fa85f64-5717-4562-b3fc-2c963f66afa6");
    let server = TestServer::on(Backend::SqliteMemory).await;
    assert_eq!(server.call("POST", PROFILE, &[USER, ID], "").await.status, 200);
    let script = fetch(&server, "/docs/schema.js").await.text();
    let bodies = offered_bodies(&script);
    assert!(bodies.len() > 15, "{bodies:?}");
    for offered in bodies {
        let (path, body) = (offered["path"].as_str().unwrap(), offered["body"].to_string());
        let method = offered["method"].as_str().unwrap().to_uppercase();
        let answer = match path.strip_prefix("/admin/v1/") {
            Some(path) => {
                let names = [
                    ("{app}", server.app_id.to_string()),
                    ("{slug}", "webhook".into()),
                    ("{currency}", "EUR".into()),
                ];
                let path = names
                    .iter()
                    .fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
                server.admin(&method, &path.replace(['{', '}'], ""), &body).await
            }
            None => server.call(&method, path, &[USER], &body).await,
        };
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path} {body}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn no_offered_body_opts_a_customer_out() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let bodies = offered_bodies(&fetch(&server, "/docs/schema.js").await.text());
    let choices = bodies
        .iter()
        .filter_map(|offered| offered["body"].get("analytics_disabled"));
    assert_eq!(choices.collect::<Vec<_>>(), [false, false]);
}

/// What the page's own script sends for the second call, in whose form nothing is typed: all is typed for the first.
fn sent_after_another(script: &str) -> Value {
    const TYPED: &str = r#"
const el = (tag, attributes, ...children) => {
  const heard = {};
  return { ...attributes, children: children.flat().filter(Boolean), setAttribute() {}, replaceChildren() {},
    addEventListener: (name, act) => { heard[name] = act; },
    type(text) { this.value = text; heard.input(); } };
};
const inputs = (node) => (node.autocomplete ? [node] : (node.children ?? []).flatMap(inputs));
const block = () => ({});
const resolve = (value) => value ?? {};
globalThis.location = { origin: "" };
const parameters = [["adapty-customer-user-id", "header"], ["Idempotency-Key", "header"], ["cursor", "query"]]
  .map(([name, place]) => ({ name, in: place }));
const call = { method: "get", path: "/", operation: { parameters } };
inputs(tryIt(call)).forEach((input) => input.type(`typed ${input.id}`));
const seen = inputs(tryIt(call)).map((input) => input.value);
console.log(JSON.stringify({ seen, ...request(call, null, "") }));
"#;
    let alone = script.replace("export function", "function");
    let (_, alone) = alone.split_once("from \"./schema.js\";").unwrap();
    let node = Command::new("node")
        .args(["--eval", &format!("{alone}{TYPED}")])
        .output()
        .unwrap();
    assert!(node.status.success(), "{}", String::from_utf8_lossy(&node.stderr));
    serde_json::from_slice(&node.stdout).unwrap()
}

#[tokio::test]
async fn what_belongs_to_one_call_is_not_sent_with_the_next() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    let sent = sent_after_another(&fetch(&server, "/docs/try.js").await.text());
    let user = "typed field-adapty-customer-user-id";
    assert_eq!(sent["seen"], json!([user, "", ""]));
    assert_eq!(sent["headers"], json!({"adapty-customer-user-id": user}));
    assert_eq!(sent["url"], "/");
}
