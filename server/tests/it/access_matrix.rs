//! Every route × every kind of credential × an object of one's own, of another app, and one that is not there.
//!
//! The cells are made from the routes themselves, so a new route is tested from its first day. What a caller may
//! do follows from the route's access alone. What belongs to another app looks like what is not there: status,
//! body, headers. Rows of an app change only by its own keys, and by none where the answer is a refusal.

mod world;

use bursar::http::route::{Access, Route};
use bursar::http::router::routes;
use serde_json::{Value, json};

use super::support::administration;
use super::support::purchases::{GRANT, REFUND_SAVER, REVOKE, TRANSACTION, numbered, subscription, with};
use super::support::refusal::{refusal, refused};
use super::support::server::{Answer, IDENTIFIERS, PROFILE, request};
use world::Credential::{self, self as C};
use world::{CREDENTIALS, OBJECTS, Object, World, names_thing};

const SDK: &str = "/api/v1/sdk/integration/profile/set/integration-identifiers/";

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
        | (Access::AnyKey | Access::ProfileKey | Access::SecretKey, C::OwnSecret | C::OtherSecret)
        | (Access::AnyKey, C::OwnPublic | C::OtherPublic)
        | (Access::Admin, C::AdminToken) => true,
        (Access::ProfileKey, C::OwnPublic | C::OtherPublic) => public_profile_calls,
        _ => false,
    }
}

/// A body with which the call succeeds. A new route that takes one with required fields needs a line here, or in
/// [`administration::body`].
fn body(route: &Route, object: Object) -> String {
    let identifiers = json!({"branch_id": "changed"});
    match (route.method, route.path) {
        ("GET" | "DELETE", _) => String::new(),
        _ if route.access == Access::Admin => administration::body(route.method, route.path).into(),
        (_, SDK) => json!({"data": {"profile_id": object.profile_id(), "branch_id": "changed"}}).to_string(),
        (_, IDENTIFIERS) => identifiers.to_string(),
        (_, TRANSACTION) => with(
            numbered(subscription(), "private"),
            json!({"store_product_id": "changed"}),
        )
        .to_string(),
        (_, GRANT | REVOKE) => json!({"access_level_id": "premium"}).to_string(),
        (_, REFUND_SAVER) => json!({"consent": true}).to_string(),
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

async fn send(world: &World, cell: &Cell) -> Answer {
    let object = cell.object;
    let header = if cell.by_customer {
        ("adapty-customer-user-id", object.customer_id())
    } else {
        ("adapty-profile-id", object.profile_id())
    };
    let authorization = world.authorization(cell.credential);
    let path = world.fill(cell.route, cell.path, object);
    let body = body(cell.route, object);
    world
        .server
        .send(request(
            &authorization,
            cell.route.method,
            &path,
            &[header],
            &body,
        ))
        .await
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
                let answer = send(&world, cell).await;
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
        // What the cells put for a parameter names no file of the documentation.
        _ if access == Access::Open && cell.path.contains('{') => assert_eq!(answer.status, 404, "{cell}"),
        _ if access == Access::Open => assert_eq!(answer.status, 200, "{cell}"),
        Some(owner) if owner == cell.object => {
            assert!(matches!(answer.status, 200 | 204), "{cell}: {}", answer.text());
        }
        Some(_) => {
            // "Create" makes the profile in the caller's own app; everything else finds nothing.
            // "Refund saver" has its own way to say so.
            let expected = match (cell.route.method, cell.route.path) {
                ("POST", PROFILE) => 200,
                (_, REFUND_SAVER) => 400,
                _ => 404,
            };
            assert_eq!(answer.status, expected, "{cell}: {}", answer.text());
            assert!(!answer.text().contains("private"), "{cell}");
        }
        None if is_there(cell) => assert!((200..300).contains(&answer.status), "{cell}: {}", answer.text()),
        None => assert_eq!(answer.status, 404, "{cell}: {}", answer.text()),
    }
}

/// Does an administrator find what the path names? The token is the installation's, so every app is there for it;
/// but under an app only what is the app's.
fn is_there(cell: &Cell) -> bool {
    match cell.object {
        Object::Own => true,
        Object::Foreign => !names_thing(cell.route),
        Object::Missing => !names_thing(cell.route) && !cell.path.contains("{app}"),
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
        None => {
            assert_eq!(before[..2], after[..2], "{cell}");
            assert_ne!(before[2], after[2], "{cell}: it left no record");
        }
    }
}

/// To the caller's app, the objects that are not its own look alike; to an administrator, the things that are not
/// the app's that the path names.
fn check_foreign_is_missing(cell: &Cell, answers: &[(Object, Answer)]) {
    let administers = cell.route.access == Access::Admin && cell.credential == C::AdminToken;
    if cell.route.access == Access::Open || administers && !names_thing(cell.route) {
        return;
    }
    let own = if administers {
        Some(Object::Own)
    } else {
        owner(cell.credential)
    };
    let not_owned: Vec<_> = answers
        .iter()
        .filter(|(object, _)| own != Some(*object))
        .map(|(_, answer)| comparable(answer))
        .collect();
    for answer in &not_owned {
        assert_eq!(answer, &not_owned[0], "{cell}");
    }
}

/// The other way round than in the cells: what is there, under an app that it does not belong to or that is not there.
#[tokio::test]
async fn a_thing_is_found_under_its_own_app_alone() {
    let world = World::new(false).await;
    world.reset().await;
    let token = world.authorization(C::AdminToken);
    let under_an_app = routes().filter(|route| names_thing(route) && route.path.contains("{app}"));
    for object in OBJECTS {
        let path = world.fill_with("/admin/v1/apps/{app}/profiles", Object::Own, object);
        let found = world
            .server
            .send(request(&token, "GET", &path, &[], ""))
            .await
            .json();
        let count = found["data"].as_array().unwrap().len();
        assert_eq!(count, usize::from(object == Object::Own), "{path}: {found}");
    }
    let mut tested = 0;
    for route in under_an_app {
        let before = world.everything().await;
        for app in [Object::Foreign, Object::Missing] {
            let path = world.fill_with(route.path, app, Object::Own);
            let answer = world
                .server
                .send(request(&token, route.method, &path, &[], ""))
                .await;
            assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text());
        }
        assert_eq!(
            before,
            world.everything().await,
            "{} {}",
            route.method,
            route.path
        );
        let path = world.fill_with(route.path, Object::Own, Object::Own);
        let answer = world
            .server
            .send(request(&token, route.method, &path, &[], ""))
            .await;
        assert!(answer.status < 300, "{} {path}: {}", route.method, answer.text());
        tested += 1;
    }
    assert!(tested > 2, "{tested}");
}
