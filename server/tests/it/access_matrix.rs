//! Every route × every kind of credential × an object of one's own, of another app, and one that is not there.
//!
//! The cells are made from the routes themselves, so a new route is tested from its first day. What a caller may do is
//! written out here, from the contract, and not taken from the routes, which could be wrong. What belongs to another app looks like what is not there: status,
//! body, headers. Rows of an app change only by its own keys, and by none where the answer is a refusal.

pub mod world;

use bursar::http::route::{Access, Route};
use bursar::http::router::routes;
use serde_json::{Value, json};

use super::support::administration;
use super::support::backend::Backend;
use super::support::purchases::{numbered, subscription, with};
use super::support::refusal::{refusal, refused};
use super::support::server::{
    ATTRIBUTION, Answer, GRANT, IDENTIFIERS, PROFILE, REFUND_SAVER, REVOKE, SDK_IDENTIFIERS, TRANSACTION,
    request,
};
use world::Credential::{self, self as C};
use world::{CREDENTIALS, Everything, OBJECTS, Object, World, names_thing};

/// Calls whose body names the profile, and not a header.
const NAMED_IN_BODY: [&str; 2] = [SDK_IDENTIFIERS, ATTRIBUTION];

/// What anybody may ask: health, metrics and documentation.
const OPEN: [&str; 6] = [
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/{file}",
];

/// What the contract lets a public key do. Section 2.2 of the wire contract.
const PUBLIC: [(&str, &str); 4] = [
    ("POST", IDENTIFIERS),
    ("GET", IDENTIFIERS),
    ("POST", SDK_IDENTIFIERS),
    ("POST", ATTRIBUTION),
];

/// What it may do too in an app that says so.
const PUBLIC_WHERE_ALLOWED: [(&str, &str); 4] = [
    ("POST", PROFILE),
    ("GET", PROFILE),
    ("PATCH", PROFILE),
    ("DELETE", PROFILE),
];

/// What the contract says of a call. One that is in none of the lists is for secret keys alone.
fn access_of(method: &str, path: &str) -> Access {
    if OPEN.contains(&path) {
        Access::Open
    } else if path.starts_with("/admin/v1/") {
        Access::Admin
    } else if PUBLIC.contains(&(method, path)) {
        Access::AnyKey
    } else if PUBLIC_WHERE_ALLOWED.contains(&(method, path)) {
        Access::ProfileKey
    } else {
        Access::SecretKey
    }
}

/// The routes that say something else of themselves than the contract does.
fn wrong_accesses<'r>(routes: impl Iterator<Item = (&'r str, &'r str, Access)>) -> Vec<String> {
    let wrong = routes.filter(|(method, path, access)| access_of(method, path) != *access);
    wrong
        .map(|(method, path, access)| format!("{method} {path}: {access:?}"))
        .collect()
}

fn said(route: &Route) -> (&str, &str, Access) {
    (route.method, route.path, route.access)
}

#[test]
fn each_route_asks_for_what_the_contract_says() {
    let none: [String; 0] = [];
    assert_eq!(wrong_accesses(routes().map(said)), none);
    let listed = PUBLIC.iter().chain(&PUBLIC_WHERE_ALLOWED);
    let mut listed = listed
        .chain(OPEN.map(|path| ("GET", path)).iter())
        .copied()
        .collect::<Vec<_>>();
    listed.retain(|one| !routes().any(|route| (route.method, route.path) == *one));
    assert!(listed.is_empty(), "no routes any more: {listed:?}");
}

/// Each route in turn, opened wider than it may be: what compares them must find it.
#[test]
fn a_route_that_is_opened_too_wide_is_found() {
    for (index, route) in routes().enumerate() {
        for access in [Access::Open, Access::AnyKey, Access::ProfileKey] {
            let opened = routes()
                .map(said)
                .enumerate()
                .map(|(other, (method, path, own))| {
                    (method, path, if other == index { access } else { own })
                });
            let found = wrong_accesses(opened);
            assert_eq!(found.len(), usize::from(route.access != access), "{found:?}");
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
        | (Access::AnyKey | Access::ProfileKey | Access::SecretKey, C::OwnSecret | C::OtherSecret)
        | (Access::AnyKey, C::OwnPublic | C::OtherPublic)
        | (Access::Admin, C::AdminToken) => true,
        (Access::ProfileKey, C::OwnPublic | C::OtherPublic) => public_profile_calls,
        _ => false,
    }
}

/// A body with which the call succeeds. A new route that takes one with required fields needs a line here, or in
/// [`administration::body`].
pub fn body(route: &Route, object: Object) -> String {
    let identifiers = json!({"branch_id": "changed"});
    match (route.method, route.path) {
        ("GET" | "DELETE", _) => String::new(),
        _ if route.access == Access::Admin => administration::body(route.method, route.path).into(),
        (_, SDK_IDENTIFIERS) => {
            json!({"data": {"profile_id": object.profile_id(), "branch_id": "changed"}}).to_string()
        }
        (_, ATTRIBUTION) => json!({"profile_id": object.profile_id(), "status": "organic"}).to_string(),
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
    /// What the contract asks for.
    access: Access,
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
                        access: access_of(route.method, route.path),
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

/// Tries these cells and answers how many it has tried.
async fn try_all(backend: Backend, public_profile_calls: bool, cells: &[Cell]) -> usize {
    let mut world = World::new(backend, public_profile_calls).await;
    for of_one_route in cells.chunks(OBJECTS.len()) {
        let mut answers = Vec::new();
        for cell in of_one_route {
            world.reset().await;
            let before = world.everything().await;
            let answer = send(&world, cell).await;
            assert!(answer.status < 500, "{cell}: {}", answer.text());
            check(cell, &answer);
            check_writes(cell, &answer, &before, &world.everything().await);
            let administered = cell.access == Access::Admin && cell.credential == C::AdminToken;
            if administered && cell.route.method != "GET" {
                // It may have changed apps and keys, on which the next cells stand.
                world = World::new(backend, public_profile_calls).await;
            }
            answers.push((cell.object, answer));
        }
        check_foreign_is_missing(&of_one_route[0], &answers);
    }
    cells.len()
}

#[tokio::test]
async fn every_cell_is_as_the_contract_says() {
    let mut tested = 0;
    for public_profile_calls in [false, true] {
        let all = cells(public_profile_calls);
        tested += try_all(Backend::SqliteMemory, public_profile_calls, &all).await;
    }
    let paths: usize = routes().map(|route| 1 + route.aliases.len()).sum();
    assert_eq!(tested, 2 * paths * CREDENTIALS.len() * 2 * OBJECTS.len());
    println!("{tested} cells");
}

/// Who is let in is decided before the database is asked, so here it is those that are: what they find is the same.
#[tokio::test]
async fn those_who_are_let_in_find_their_own_alone_on_postgres_too() {
    let mut admitted = cells(true);
    admitted.retain(|cell| {
        cell.path == cell.route.path
            && cell.access != Access::Open
            && !(cell.access == Access::Admin && cell.by_customer)
            && may_call(cell.access, cell.credential, true)
    });
    let tested = try_all(Backend::Postgres, true, &admitted).await;
    assert!(tested > 200, "{tested}");
}

/// One profile by its id and another by its customer id: nothing is written to either, and whether one of them is
/// another app's or nobody's cannot be told.
#[tokio::test]
async fn an_id_and_a_customer_that_do_not_belong_together_touch_neither() {
    for backend in [Backend::SqliteMemory, Backend::Postgres] {
        let world = World::new(backend, true).await;
        world.reset().await;
        let before = world.everything().await;
        let of_profiles = routes().filter(|route| {
            matches!(
                route.access,
                Access::AnyKey | Access::ProfileKey | Access::SecretKey
            ) && !NAMED_IN_BODY.contains(&route.path)
        });
        for route in of_profiles {
            for credential in [C::OwnSecret, C::OwnPublic] {
                if !may_call(route.access, credential, true) {
                    continue;
                }
                let ask = async |id: Object, customer: Object| {
                    let headers = [
                        ("adapty-profile-id", id.profile_id()),
                        ("adapty-customer-user-id", customer.customer_id()),
                    ];
                    let authorization = world.authorization(credential);
                    let (path, body) = (route.path, body(route, Object::Own));
                    let asked = request(&authorization, route.method, path, &headers, &body);
                    comparable(&world.server.send(asked).await)
                };
                let name = format!("{backend:?}: {} {} by {credential:?}", route.method, route.path);
                let foreign = ask(Object::Own, Object::Foreign).await;
                assert_eq!(foreign.0, 400, "{name}: {}", foreign.1);
                assert_eq!(foreign, ask(Object::Own, Object::Missing).await, "{name}");
                let foreign = ask(Object::Foreign, Object::Own).await;
                assert!((400..500).contains(&foreign.0), "{name}: {}", foreign.1);
                assert_eq!(foreign, ask(Object::Missing, Object::Own).await, "{name}");
                assert_eq!(before, world.everything().await, "{name}");
            }
        }
    }
}

fn check(cell: &Cell, answer: &Answer) {
    let access = cell.access;
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
            assert!(
                matches!(answer.status, 200 | 201 | 204),
                "{cell}: {}",
                answer.text()
            );
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

fn check_writes(cell: &Cell, answer: &Answer, before: &Everything, after: &Everything) {
    if answer.status >= 400 || cell.route.method == "GET" {
        assert_eq!(before, after, "{cell}");
        return;
    }
    let of_other = (before.of_other(), after.of_other());
    match owner(cell.credential) {
        Some(Object::Own) => {
            assert_eq!(of_other.0, of_other.1, "{cell}");
            assert_eq!(before.settings, after.settings, "{cell}");
            assert_eq!(before.installation, after.installation, "{cell}");
        }
        Some(_) => {
            assert_eq!(before.of_own(), after.of_own(), "{cell}");
            assert_eq!(before.settings, after.settings, "{cell}");
            assert_eq!(before.installation, after.installation, "{cell}");
        }
        None => {
            assert_eq!(before.profiles, after.profiles, "{cell}");
            assert_ne!(
                before.installation, after.installation,
                "{cell}: it left no record"
            );
            // What names a thing of the own app, or the own app itself, leaves the other one alone.
            if cell.object == Object::Own || names_thing(cell.route) {
                assert_eq!(of_other.0, of_other.1, "{cell}");
            }
            // And the other way round.
            if cell.object == Object::Foreign {
                assert_eq!(before.of_own(), after.of_own(), "{cell}");
            }
        }
    }
}

/// To the caller's app, the objects that are not its own look alike; to an administrator, the things that are not
/// the app's that the path names.
fn check_foreign_is_missing(cell: &Cell, answers: &[(Object, Answer)]) {
    let administers = cell.access == Access::Admin && cell.credential == C::AdminToken;
    if cell.access == Access::Open || administers && !names_thing(cell.route) {
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
    let world = World::new(Backend::SqliteMemory, false).await;
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
