//! Requests from the routes themselves, with mistakes.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use bursar::http::route::{Access, Route, Schemas};
use bursar::http::router::routes;
use serde_json::Value;

use super::{bodies, purchases};
use crate::support::awkward;
use crate::support::random::Random;
use crate::support::server::TestServer;

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
    method: String,
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Made {
    pub fn request(&self) -> Request<Body> {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(self.uri.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

pub struct Maker {
    random: Random,
    routes: Vec<(&'static Route, Value)>,
    strings: Vec<String>,
    app: String,
    keys: [String; 3],
}

impl Maker {
    pub fn new(random: Random, server: &TestServer) -> Self {
        let mut schemas = Schemas::default();
        let schema = |route: &'static Route| {
            let body = route.doc.body.map(|body| body(&mut schemas));
            (route, body.unwrap_or(Value::Null))
        };
        Self {
            random,
            routes: routes().map(schema).collect(),
            strings: awkward::strings(),
            app: server.app_id.clone(),
            keys: [
                format!("Api-Key {}", server.secret_key),
                format!("Api-Key {}", server.public_key),
                format!("Bearer {}", server.admin_token),
            ],
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
            method: method.to_owned(),
            uri: self.uri(route),
            headers: Vec::new(),
            body: Vec::new(),
        };
        if !matches!(method, "GET" | "HEAD") || self.random.in_hundred(5) {
            self.fill_body(route, &schema, &mut made);
        }
        self.fill_headers(route, &mut made);
        made
    }

    fn uri(&mut self, route: &Route) -> Uri {
        let random = &mut self.random;
        let mut path = match route.aliases {
            [] => route.path,
            aliases if random.in_hundred(20) => random.pick(aliases),
            _ => route.path,
        }
        .to_owned();
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            let value = if &path[from..=to] == "{app}" && random.in_hundred(80) {
                self.app.clone()
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
            path = String::from_utf8_lossy(&bytes).into_owned();
        }
        if random.in_hundred(10) {
            path = format!(
                "{path}?{}={}",
                ["limit", "cursor", "a"][random.below(3)],
                percent_encoded(random.pick::<String>(&self.strings))
            );
        }
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
            path = (*random.pick(&odd)).to_owned();
        }
        path.parse().unwrap_or_else(|_| Uri::from_static("/unreadable"))
    }

    fn fill_body(&mut self, route: &Route, schema: &Value, made: &mut Made) {
        let random = &mut self.random;
        let purchase = purchases::near(random, &self.strings, route.path);
        made.body = match random.below(100) {
            0..60 if let Some(purchase) = purchase => purchase.to_string().into_bytes(),
            0..80 => bodies::value(random, &self.strings, schema, 0)
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
        if random.in_hundred(85) {
            let id = if random.in_hundred(80) {
                format!("user-{}", random.below(30))
            } else {
                random.pick(&self.strings).clone()
            };
            push(made, "adapty-customer-user-id", id.as_bytes());
        }
        if random.in_hundred(15) {
            let id = format!("00000000-0000-4000-8000-{:012x}", random.below(40));
            let id = if random.in_hundred(90) {
                &id
            } else {
                random.pick(&self.strings)
            };
            push(made, "adapty-profile-id", id.as_bytes());
        }
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

/// Adds the header, if HTTP can carry it.
fn push(made: &mut Made, name: &'static str, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        made.headers.push((HeaderName::from_static(name), value));
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
