//! Every route × every kind of credential × an object of one's own, of another app, and one that is not there.
//!
//! The cells are made from the routes themselves, so a new route is tested from its first day. What a caller may
//! do follows from the route's access alone. What belongs to another app looks like what is not there: status,
//! body, headers. Rows of an app change only by its own keys, and by none where the answer is a refusal.

use bursar::http::route::{Access, Route};
use bursar::http::router::routes;
use bursar::keys::KeyKind;
use bursar::store::{Sql, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::backend::Backend;
use super::support::direct::{
    OtherApp, add_app, add_key, add_token, revoke, set_settings_of, stored_profiles,
};
use super::support::refusal::{refusal, refused};
use super::support::server::{Answer, IDENTIFIERS, PROFILE, TestServer, request};

const SDK: &str = "/api/v1/sdk/integration/profile/set/integration-identifiers/";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    None,
    Malformed,
    OtherScheme,
    Revoked,
    OwnPublic,
    OwnSecret,
    OtherPublic,
    OtherSecret,
    AdminToken,
    AdminTokenAsKey,
    KeyAsAdminToken,
    RevokedAdminToken,
}

use Credential as C;

const CREDENTIALS: [Credential; 12] = [
    C::None,
    C::Malformed,
    C::OtherScheme,
    C::Revoked,
    C::OwnPublic,
    C::OwnSecret,
    C::OtherPublic,
    C::OtherSecret,
    C::AdminToken,
    C::AdminTokenAsKey,
    C::KeyAsAdminToken,
    C::RevokedAdminToken,
];

/// What a request is about, seen from the test server's own app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Own,
    Foreign,
    Missing,
}

const OBJECTS: [Object; 3] = [Object::Own, Object::Foreign, Object::Missing];

impl Object {
    fn profile_id(self) -> &'static str {
        match self {
            Self::Own => "00000000-0000-4000-8000-00000000000a",
            Self::Foreign => "00000000-0000-4000-8000-00000000000b",
            Self::Missing => "00000000-0000-4000-8000-00000000000c",
        }
    }

    /// All of one length, so that answers about them have one length too.
    fn customer_id(self) -> &'static str {
        match self {
            Self::Own => "user-a",
            Self::Foreign => "user-b",
            Self::Missing => "user-c",
        }
    }
}

/// Which app's key this is, if it is one that holds.
fn owner(credential: Credential) -> Option<Object> {
    match credential {
        C::OwnPublic | C::OwnSecret => Some(Object::Own),
        C::OtherPublic | C::OtherSecret => Some(Object::Foreign),
        _ => None,
    }
}

fn may_call(access: Access, credential: Credential, public_profile_calls: bool) -> bool {
    match (access, credential) {
        (Access::Open, _)
        | (Access::AnyKey | Access::ProfileKey, C::OwnSecret | C::OtherSecret)
        | (Access::AnyKey, C::OwnPublic | C::OtherPublic)
        | (Access::Admin, C::AdminToken) => true,
        (Access::ProfileKey, C::OwnPublic | C::OtherPublic) => public_profile_calls,
        _ => false,
    }
}

struct World {
    server: TestServer,
    own: Uuid,
    other: OtherApp,
    revoked_key: String,
    revoked_token: String,
}

impl World {
    async fn new(public_profile_calls: bool) -> Self {
        let server = TestServer::on(Backend::SqliteMemory).await;
        let state = &server.state;
        let own = server.app_id.parse().unwrap();
        let other = add_app(state).await;
        let revoked_key = add_key(state, own, KeyKind::Secret).await;
        let revoked_token = add_token(state).await;
        revoke(state, &revoked_key).await;
        revoke(state, &revoked_token).await;
        for app in [own, other.id] {
            set_settings_of(
                state,
                app,
                json!({"public_key_profile_calls": public_profile_calls}),
            )
            .await;
        }
        Self {
            own,
            other,
            revoked_key,
            revoked_token,
            server,
        }
    }

    fn authorization(&self, credential: Credential) -> String {
        let server = &self.server;
        match credential {
            C::None => String::new(),
            C::Malformed => "Api-Key secret_live_".into(),
            C::OtherScheme => format!("Basic {}", server.secret_key),
            C::Revoked => format!("Api-Key {}", self.revoked_key),
            C::OwnPublic => format!("Api-Key {}", server.public_key),
            C::OwnSecret => format!("Api-Key {}", server.secret_key),
            C::OtherPublic => format!("Api-Key {}", self.other.public_key),
            C::OtherSecret => format!("Api-Key {}", self.other.secret_key),
            C::AdminToken => format!("Bearer {}", server.admin_token),
            C::AdminTokenAsKey => format!("Api-Key {}", server.admin_token),
            C::KeyAsAdminToken => format!("Bearer {}", server.secret_key),
            C::RevokedAdminToken => format!("Bearer {}", self.revoked_token),
        }
    }

    /// One profile in each app, and nothing else.
    async fn reset(&self) {
        const PROFILES: Sql = Sql::same("DELETE FROM profiles");
        let state = &self.server.state;
        state
            .store
            .write(vec![Statement::new(&PROFILES, [])])
            .await
            .unwrap();
        for (credential, object) in [(C::OwnSecret, Object::Own), (C::OtherSecret, Object::Foreign)] {
            for (path, body) in [(PROFILE, "{}"), (IDENTIFIERS, r#"{"branch_id":"private"}"#)] {
                let headers = [
                    ("adapty-profile-id", object.profile_id()),
                    ("adapty-customer-user-id", object.customer_id()),
                ];
                let authorization = self.authorization(credential);
                let answer = self
                    .server
                    .send(request(&authorization, "POST", path, &headers, body))
                    .await;
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        }
    }

    async fn send(&self, cell: &Cell) -> Answer {
        let object = cell.object;
        let header = if cell.by_customer {
            ("adapty-customer-user-id", object.customer_id())
        } else {
            ("adapty-profile-id", object.profile_id())
        };
        let authorization = self.authorization(cell.credential);
        let path = self.fill(cell.path, object);
        let body = body(cell.route, object);
        self.server
            .send(request(
                &authorization,
                cell.route.method,
                &path,
                &[header],
                &body,
            ))
            .await
    }

    /// The path with ids for its parameters: an app's for `{app}`, one that nothing has for the others.
    fn fill(&self, path: &str, object: Object) -> String {
        let app = match object {
            Object::Own => self.own.to_string(),
            Object::Foreign => self.other.id.to_string(),
            Object::Missing => Object::Missing.profile_id().into(),
        };
        let fill = |part: &str| match part {
            "{app}" => app.clone(),
            part if part.starts_with('{') => Object::Missing.profile_id().into(),
            part => part.into(),
        };
        path.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    /// What no refused call may change: the rows of both apps, and what the administration has written.
    async fn everything(&self) -> [String; 3] {
        const ADMINISTRATION: Sql = Sql::same(
            "SELECT version, (SELECT count(*) FROM audit), (SELECT count(*) FROM api_keys) FROM directory_version",
        );
        let state = &self.server.state;
        let rows = state
            .store
            .read(Statement::new(&ADMINISTRATION, []))
            .await
            .unwrap();
        let own = stored_profiles(state, self.own).await;
        let other = stored_profiles(state, self.other.id).await;
        [own, other, format!("{rows:?}")]
    }
}

/// A body with which the call succeeds. A new route that takes one with required fields needs a line here.
fn body(route: &Route, object: Object) -> String {
    let identifiers = json!({"branch_id": "changed"});
    match (route.method, route.path) {
        ("GET" | "DELETE", _) => String::new(),
        (_, SDK) => json!({"data": {"profile_id": object.profile_id(), "branch_id": "changed"}}).to_string(),
        (_, IDENTIFIERS) => identifiers.to_string(),
        (_, PROFILE) => json!({"custom_attributes": [{"key": "k", "value": "changed"}]}).to_string(),
        _ => "{}".into(),
    }
}

struct Cell {
    route: &'static Route,
    path: &'static str,
    credential: Credential,
    object: Object,
    by_customer: bool,
    public_profile_calls: bool,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {} by {:?} on {:?} (by customer id: {}, public keys on profiles: {})",
            self.route.method,
            self.path,
            self.credential,
            self.object,
            self.by_customer,
            self.public_profile_calls
        )
    }
}

/// An answer without what differs from request to request, and from object to object in what the caller itself sent.
fn comparable(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let body = serde_json::from_slice(&answer.body).map_or(String::new(), |mut body: Value| {
        for name in ["profile_id", "customer_user_id"] {
            if let Some(value) = body.pointer_mut(&format!("/data/{name}"))
                && value.is_string()
            {
                *value = json!("-");
            }
        }
        body.to_string()
    });
    (answer.status, body, headers)
}

fn cells(public_profile_calls: bool) -> Vec<Cell> {
    let mut cells = Vec::new();
    for route in routes() {
        for path in std::iter::once(&route.path).chain(route.aliases) {
            for credential in CREDENTIALS {
                for by_customer in [true, false] {
                    cells.extend(OBJECTS.map(|object| Cell {
                        route,
                        path,
                        credential,
                        object,
                        by_customer,
                        public_profile_calls,
                    }));
                }
            }
        }
    }
    cells
}

#[tokio::test]
async fn every_cell_is_as_the_routes_access_says() {
    let mut tested = 0;
    for public_profile_calls in [false, true] {
        let mut world = World::new(public_profile_calls).await;
        let all = cells(public_profile_calls);
        for of_one_route in all.chunks(OBJECTS.len()) {
            let mut answers = Vec::new();
            for cell in of_one_route {
                world.reset().await;
                let before = world.everything().await;
                let answer = world.send(cell).await;
                assert!(answer.status < 500, "{cell}: {}", answer.text());
                check(cell, &answer);
                check_writes(cell, &answer, &before, &world.everything().await);
                if cell.route.access == Access::Admin && cell.credential == C::AdminToken {
                    // It may have changed apps and keys, on which the next cells stand.
                    world = World::new(public_profile_calls).await;
                }
                answers.push((cell.object, answer));
                tested += 1;
            }
            check_foreign_is_missing(&of_one_route[0], &answers);
        }
    }
    let paths: usize = routes().map(|route| 1 + route.aliases.len()).sum();
    assert_eq!(tested, 2 * paths * CREDENTIALS.len() * 2 * OBJECTS.len());
    println!("{tested} cells");
}

fn check(cell: &Cell, answer: &Answer) {
    let access = cell.route.access;
    if !may_call(access, cell.credential, cell.public_profile_calls) {
        assert_eq!(answer.status, 401, "{cell}: {}", answer.text());
        if access == Access::Admin {
            assert_eq!(answer.headers["www-authenticate"], "Bearer", "{cell}");
            assert_eq!(answer.json()["title"], "not_authenticated", "{cell}");
        } else {
            let expected = refused(401, "not_authenticated", &["non_field_errors"]);
            assert_eq!(refusal(answer), expected, "{cell}");
        }
        return;
    }
    match owner(cell.credential) {
        _ if access == Access::Open => assert_eq!(answer.status, 200, "{cell}"),
        Some(owner) if owner == cell.object => {
            assert!(matches!(answer.status, 200 | 204), "{cell}: {}", answer.text());
        }
        Some(_) => {
            // "Create" makes the profile in the caller's own app; everything else finds nothing.
            let creates = (cell.route.method, cell.route.path) == ("POST", PROFILE);
            let expected = if creates { 200 } else { 404 };
            assert_eq!(answer.status, expected, "{cell}: {}", answer.text());
            assert!(!answer.text().contains("private"), "{cell}");
        }
        None => assert_ne!(answer.status, 401, "{cell}"),
    }
    if access == Access::Admin && cell.object == Object::Missing && cell.path.contains("{app}") {
        assert!((400..500).contains(&answer.status), "{cell}");
    }
}

fn check_writes(cell: &Cell, answer: &Answer, before: &[String; 3], after: &[String; 3]) {
    if answer.status >= 400 || cell.route.method == "GET" {
        assert_eq!(before, after, "{cell}");
        return;
    }
    match owner(cell.credential) {
        Some(Object::Own) => assert_eq!(before[1..], after[1..], "{cell}"),
        Some(_) => assert_eq!((&before[0], &before[2]), (&after[0], &after[2]), "{cell}"),
        None => {}
    }
}

/// To the caller's app, the objects that are not its own look alike.
fn check_foreign_is_missing(cell: &Cell, answers: &[(Object, Answer)]) {
    if cell.route.access == Access::Open || cell.credential == C::AdminToken {
        return;
    }
    let not_owned: Vec<_> = answers
        .iter()
        .filter(|(object, _)| owner(cell.credential) != Some(*object))
        .map(|(_, answer)| comparable(answer))
        .collect();
    for answer in &not_owned {
        assert_eq!(answer, &not_owned[0], "{cell}");
    }
}
