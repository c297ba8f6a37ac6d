//! The page at `/docs`: it loads nothing from elsewhere, and may not.

use super::support::backend::Backend;
use super::support::server::{Answer, TestServer};

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
