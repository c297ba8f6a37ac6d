//! Where stories are played: a server, and what is known of who and what has appeared on it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::support::backend::Backend;
use super::super::support::server::{Answer, TestServer};
use super::telling;

const API: &str = "/api/v2/server-side-api/";

/// What is done.
pub enum Step {
    At(String),
    Restart(String),
    Appear(String, bool),
    Admin(Admin),
    Rate(String, Value),
    Call(Call),
}

/// A call to the administration of the app.
pub struct Admin {
    pub method: &'static str,
    pub path: String,
    pub body: Value,
}

/// A call for a profile.
pub struct Call {
    name: String,
    method: &'static str,
    path: &'static str,
    body: Value,
}

impl Step {
    pub fn call(name: &str, method: &'static str, path: &'static str, body: Value) -> Self {
        Self::Call(Call {
            name: name.to_owned(),
            method,
            path,
            body,
        })
    }
}

pub struct Stage {
    server: TestServer,
    /// In the form of the wire.
    pub now: String,
    /// The last report of each transaction.
    pub reports: BTreeMap<String, Value>,
    /// When each chain began.
    pub first_bought: BTreeMap<String, String>,
    /// The names of profiles, by id.
    names: BTreeMap<String, String>,
    /// The header that names a profile, by name.
    headers: BTreeMap<String, (&'static str, String)>,
    seen: BTreeSet<String>,
}

impl Stage {
    pub async fn on(backend: Backend) -> Self {
        let server = TestServer::on(backend).await;
        let now = server.admin("GET", "test-clock", "").await.json();
        Self {
            server,
            now: now["now"].as_str().unwrap().to_owned(),
            reports: BTreeMap::new(),
            first_bought: BTreeMap::new(),
            names: BTreeMap::new(),
            headers: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Does a step, and tells what came of it.
    pub async fn play(&mut self, step: Step) -> Vec<String> {
        let is_of_time = matches!(step, Step::At(_) | Step::Restart(_));
        let mut told = match step {
            Step::At(at) => self.move_to(at).await,
            Step::Restart(at) => {
                self.server.restart(&at).await;
                self.move_to(at).await
            }
            Step::Appear(name, anonymously) => self.appear(&name, anonymously).await,
            Step::Admin(admin) => {
                let path = format!("apps/{}/{}", self.server.app_id, admin.path);
                self.administer(admin.method, path.trim_end_matches('/'), &admin.body)
                    .await
            }
            Step::Rate(currency, body) => self.administer("PUT", &format!("rates/{currency}"), &body).await,
            Step::Call(call) => self.call(&call).await,
        };
        let mut events = self.new_events().await;
        if is_of_time {
            // Profiles are handled side by side.
            events.sort_by(|a, b| a.0.cmp(&b.0));
        }
        told.extend(events.into_iter().map(|(_, event)| event));
        told
    }

    async fn move_to(&mut self, at: String) -> Vec<String> {
        let told = self.administer("POST", "test-clock", &json!({"now": at})).await;
        self.now = at;
        told
    }

    /// Tells only what is refused.
    async fn administer(&self, method: &str, path: &str, body: &Value) -> Vec<String> {
        let answer = self.server.admin(method, path, &body.to_string()).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        Vec::new()
    }

    async fn appear(&mut self, name: &str, anonymously: bool) -> Vec<String> {
        let header = if anonymously {
            let number = self.headers.len();
            (
                "adapty-profile-id",
                format!("00000000-0000-4000-8000-{number:012}"),
            )
        } else {
            ("adapty-customer-user-id", name.to_owned())
        };
        self.headers.insert(name.to_owned(), header);
        let call = Call {
            name: name.to_owned(),
            method: "POST",
            path: "profile/",
            body: json!({}),
        };
        let answer = self.ask(&call).await;
        let id = answer.json()["data"]["profile_id"].as_str().unwrap().to_owned();
        self.names.insert(id, name.to_owned());
        Vec::new()
    }

    async fn ask(&self, call: &Call) -> Answer {
        let (header, value) = &self.headers[&call.name];
        let path = format!("{API}{}", call.path);
        let body = match &call.body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        self.server
            .call(call.method, &path, &[(header, value)], &body)
            .await
    }

    async fn call(&self, call: &Call) -> Vec<String> {
        let answer = self.ask(call).await;
        telling::answer(&answer, &self.now)
    }

    /// Each with the name of its profile.
    async fn new_events(&mut self) -> Vec<(String, String)> {
        let path = format!("apps/{}/events?order=asc&limit=200", self.server.app_id);
        let page = self.server.admin("GET", &path, "").await.json();
        assert_eq!(page["next_cursor"], Value::Null, "a story has fewer events");
        let mut told = Vec::new();
        for event in page["data"].as_array().unwrap() {
            if self.seen.insert(event["event_id"].as_str().unwrap().to_owned()) {
                let name = self.name(&event["payload"]["profile_id"]);
                told.push((name.clone(), telling::event(event, &name, &|id| self.name(id))));
            }
        }
        told
    }

    fn name(&self, id: &Value) -> String {
        self.names[id.as_str().unwrap()].clone()
    }
}
