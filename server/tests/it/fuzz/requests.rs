//! Requests from the routes themselves, with mistakes.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use bursar::http::route::{Access, Route, Schemas};
use bursar::http::router::routes;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{bodies, purchases};
use crate::access_matrix::body;
use crate::access_matrix::world::Object;
use crate::support::administration::{make_delivery, prepare};
use crate::support::awkward::{self, percent_encoded};
use crate::support::random::Random;
use crate::support::server::{Answer, GRANT, PROFILE, TestServer};

const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X-OTHER",
];

const HEADERS: [&str; 9] = [
    "content-type",
    "content-encoding",
    "content-length",
    "adapty-platform",
    "idempotency-key",
    "accept",
    "expect",
    "host",
    "x-forwarded-for",
];

const TYPES: [&str; 6] = [
    "application/json",
    "application/vnd.api+json",
    "application/json; charset=utf-8",
    "text/plain",
    ";",
    "",
];

/// A request that can be sent more than once.
#[derive(Debug)]
pub struct Made {
    /// Method and path of the route that it is for; another one may answer it.
    pub route: (&'static str, &'static str),
    /// Has its path been left as the route's?
    is_whole: bool,
    /// Does it have a cursor as a list of the route gave it?
    pub turns_page: bool,
    /// Is its body no JSON, where there has to be some?
    is_broken: bool,
    method: String,
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Made {
    /// Is it as the route wants it so far that the route answers it?
    pub fn is_for_its_route(&self) -> bool {
        self.is_whole && self.method == self.route.0
    }

    /// Is the route to refuse its body?
    pub fn is_broken_for_its_route(&self) -> bool {
        self.is_broken && self.is_for_its_route()
    }

    pub fn request(&self) -> Request<Body> {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(self.uri.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

/// Values of queries.
const MEANT: [&str; 8] = [
    "1",
    "200",
    "asc",
    "webhook",
    "skipped",
    "trial_started",
    "2026-01-01T00:00:00Z",
    "00000000-0000-4000-8000-00000000000a",
];

pub struct Maker {
    random: Random,
    routes: Vec<(&'static Route, Value)>,
    strings: Vec<String>,
    /// Things that are there, by the parameters that name them.
    known: Vec<(&'static str, String)>,
    keys: [String; 3],
    /// The last cursor that each list gave.
    cursors: BTreeMap<&'static str, String>,
}

impl Maker {
    /// A maker of requests to this server, in which there is now one of each thing that paths can name.
    pub async fn new(random: Random, server: &TestServer) -> Self {
        let profile_id = Object::Own.profile_id();
        let things = prepare(server, &server.app_id, "weekly").await;
        let profile = [("adapty-profile-id", profile_id)];
        for (path, body) in [(PROFILE, ""), (GRANT, r#"{"access_level_id":"premium"}"#)] {
            let made = server.call("POST", path, &profile, body).await;
            assert_eq!(made.status, 200, "{}", made.text());
        }
        make_delivery(server, server.app_id.parse().unwrap(), profile_id).await;
        let mut known = things.parameters(profile_id).to_vec();
        known.push(("{file}", "app.js".into()));
        let mut schemas = Schemas::default();
        let schema = |route: &'static Route| {
            let body = route.doc.body.map(|body| body(&mut schemas));
            (route, body.unwrap_or(Value::Null))
        };
        Self {
            random,
            routes: routes().map(schema).collect(),
            strings: awkward::strings(),
            known,
            keys: [
                format!("Api-Key {}", server.secret_key),
                format!("Api-Key {}", server.public_key),
                format!("Bearer {}", server.admin_token),
            ],
            cursors: BTreeMap::new(),
        }
    }

    /// Keeps what further requests may need of an answer.
    pub fn learn(&mut self, made: &Made, answer: &Answer) {
        if answer.status == 200 && made.is_for_its_route() && made.route.1.starts_with("/admin/") {
            let page: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if let Some(cursor) = page["next_cursor"].as_str() {
                self.cursors.insert(made.route.1, cursor.to_owned());
            }
        }
    }

    pub fn make(&mut self) -> Made {
        let (route, schema) = {
            let index = self.random.below(self.routes.len());
            let (route, schema) = &self.routes[index];
            (*route, schema.clone())
        };
        let method = if self.random.in_hundred(92) {
            route.method
        } else {
            self.random.pick(&METHODS)
        };
        let mut made = Made {
            route: (route.method, route.path),
            is_whole: true,
            turns_page: false,
            is_broken: false,
            method: method.to_owned(),
            uri: Uri::default(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        self.fill_uri(route, &mut made);
        if !matches!(method, "GET" | "HEAD") || self.random.in_hundred(5) {
            self.fill_body(route, &schema, &mut made);
        }
        self.fill_headers(route, &mut made);
        made
    }

    /// A path of the route, most of the time.
    fn fill_uri(&mut self, route: &Route, made: &mut Made) {
        let random = &mut self.random;
        let mut path = match route.aliases {
            [] => route.path,
            aliases if random.in_hundred(20) => random.pick(aliases),
            _ => route.path,
        }
        .to_owned();
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            let name = &path[from..=to];
            let known = self.known.iter().find(|(known, _)| *known == name);
            let often = if name == "{app}" { 80 } else { 40 };
            let value = if let Some((_, known)) = known
                && random.in_hundred(often)
            {
                percent_encoded(known)
            } else if random.in_hundred(50) {
                format!("00000000-0000-4000-8000-{:012x}", random.below(40))
            } else {
                percent_encoded(random.pick::<String>(&self.strings))
            };
            path.replace_range(from..=to, &value);
        }
        if random.in_hundred(4) {
            let mut bytes = path.clone().into_bytes();
            bodies::mutate(random, &mut bytes);
            made.is_whole = false;
            path = String::from_utf8_lossy(&bytes).into_owned();
        }
        path.push_str(&self.query(route, made));
        let random = &mut self.random;
        let odd = [
            "*",
            "/",
            "//",
            "http://host/",
            "host:80",
            "/%ff",
            "/api/../metrics",
        ];
        if random.in_hundred(1) {
            made.is_whole = false;
            path = (*random.pick(&odd)).to_owned();
        }
        made.uri = path.parse().unwrap_or_else(|_| Uri::from_static("/unreadable"));
    }

    /// A query string of the route's own parameters and others, or none. Half the values are such as may be meant.
    fn query(&mut self, route: &Route, made: &mut Made) -> String {
        let parameters = route.doc.parameters.iter();
        let own = parameters.filter(|parameter| parameter.place == "query");
        let mut query = String::new();
        for name in own.map(|parameter| parameter.name).chain(["cursor", "a"]) {
            if !self.random.in_hundred(20) {
                continue;
            }
            let value = match name {
                "cursor" if self.random.in_hundred(50) => self.cursor(made),
                // Then lists have further pages.
                "limit" if self.random.in_hundred(50) => "1".to_owned(),
                _ if self.random.in_hundred(50) => (*self.random.pick(&MEANT)).to_owned(),
                _ => self.random.pick(&self.strings).clone(),
            };
            let sign = if query.is_empty() { '?' } else { '&' };
            query.push_str(&format!("{sign}{name}={}", percent_encoded(&value)));
        }
        query
    }

    /// One that this list gave or another one, or what is left of it.
    fn cursor(&mut self, made: &mut Made) -> String {
        let random = &mut self.random;
        let own = self.cursors.get(made.route.1).filter(|_| random.in_hundred(70));
        let Some(cursor) = own.or_else(|| self.cursors.values().nth(random.below(10))) else {
            return String::new();
        };
        made.turns_page = own.is_some();
        let mut bytes = cursor.clone().into_bytes();
        if random.in_hundred(50) {
            bodies::mutate(random, &mut bytes);
            made.turns_page = false;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn fill_body(&mut self, route: &Route, schema: &Value, made: &mut Made) {
        let random = &mut self.random;
        let purchase = purchases::near(random, &self.strings, route.path);
        made.body = match random.below(100) {
            0..20 => body(route, Object::Own).into_bytes(),
            20..60 if let Some(purchase) = purchase => purchase.to_string().into_bytes(),
            20..80 => bodies::value(random, &self.strings, schema, 0)
                .to_string()
                .into_bytes(),
            80..90 => Vec::new(),
            _ => bodies::value(random, &self.strings, &Value::Null, 0)
                .to_string()
                .into_bytes(),
        };
        if random.in_hundred(12) {
            bodies::mutate(random, &mut made.body);
        }
        if random.below(2_000) == 0 {
            made.body.resize(1024 * 1024 + random.below(3) - 1, b' ');
        }
        let is_json = serde_json::from_slice::<IgnoredAny>(&made.body).is_ok();
        made.is_broken = route.doc.body.is_some() && !made.body.is_empty() && !is_json;
        if random.in_hundred(5) {
            made.body = bodies::gzip(&made.body);
            made.headers.push((
                HeaderName::from_static("content-encoding"),
                HeaderValue::from_static("gzip"),
            ));
            if random.in_hundred(30) {
                bodies::mutate(random, &mut made.body);
            }
        }
        // Where nothing is left of what was packed, there is none.
        made.is_broken &= !made.body.is_empty();
    }

    fn fill_headers(&mut self, route: &Route, made: &mut Made) {
        let random = &mut self.random;
        let right = if route.access == Access::Admin { 2 } else { 0 };
        let mut authorization = self.keys[if random.in_hundred(85) {
            right
        } else {
            random.below(3)
        }]
        .clone()
        .into_bytes();
        if random.in_hundred(4) {
            bodies::mutate(random, &mut authorization);
        }
        push(made, "authorization", &authorization);
        name_profile(random, &self.strings, made);
        if random.in_hundred(50) {
            let kind = if random.in_hundred(90) {
                "application/json"
            } else {
                random.pick(&TYPES)
            };
            push(made, "content-type", kind.as_bytes());
        }
        while random.in_hundred(10) {
            let name = *random.pick(&HEADERS);
            let mut value = random.pick(&self.strings).clone().into_bytes();
            if random.in_hundred(20) {
                value = value.repeat(random.below(60));
            }
            push(made, name, &value);
        }
    }
}

/// Says which profile is meant: the one that is there, one of some that may be, or anything.
fn name_profile(random: &mut Random, strings: &[String], made: &mut Made) {
    if random.in_hundred(12) {
        return push(made, "adapty-profile-id", Object::Own.profile_id().as_bytes());
    }
    if random.in_hundred(85) {
        let id = if random.in_hundred(80) {
            format!("user-{}", random.below(30))
        } else {
            random.pick(strings).clone()
        };
        push(made, "adapty-customer-user-id", id.as_bytes());
    }
    if random.in_hundred(15) {
        let id = format!("00000000-0000-4000-8000-{:012x}", random.below(40));
        let id = if random.in_hundred(90) {
            &id
        } else {
            random.pick(strings)
        };
        push(made, "adapty-profile-id", id.as_bytes());
    }
}

/// Adds the header, if HTTP can carry it.
fn push(made: &mut Made, name: &'static str, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        made.headers.push((HeaderName::from_static(name), value));
    }
}
