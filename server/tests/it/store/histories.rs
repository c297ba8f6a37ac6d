//! Random histories of creating, attaching, identifying and deleting, beside a model that is obviously right.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::server::{Answer, IDENTIFIERS, PROFILE, TestServer};

const NAMES: [&str; 3] = ["branch_id", "appsflyer_id", "mixpanel_user_id"];
const STEPS: usize = 12;
/// How many histories run at once: their changes share commits.
const LANES: usize = 8;

/// What a profile should be.
#[derive(Debug, Clone, Default, PartialEq)]
struct Expected {
    customer: Option<String>,
    identifiers: BTreeMap<&'static str, String>,
}

/// All profiles by their ids.
type Model = BTreeMap<String, Expected>;

/// Which profile a request means.
#[derive(Debug, Clone)]
struct Meant {
    id: Option<String>,
    customer: Option<String>,
}

impl Meant {
    fn headers(&self) -> Vec<(&str, &str)> {
        let id = self.id.as_deref().map(|id| ("adapty-profile-id", id));
        let customer = self.customer.as_deref();
        let customer = customer.map(|customer| ("adapty-customer-user-id", customer));
        id.into_iter().chain(customer).collect()
    }
}

/// The id under which the model knows the customer.
fn id_of(model: &Model, customer: &str) -> Option<String> {
    let mut owners = model
        .iter()
        .filter(|(_, profile)| profile.customer.as_deref() == Some(customer));
    owners.next().map(|(id, _)| id.clone())
}

/// The status that a lookup should get, and whose profile it is then.
fn look_up(model: &Model, meant: &Meant) -> Result<String, u16> {
    let found = match (&meant.id, &meant.customer) {
        (Some(id), _) => model.contains_key(id).then(|| id.clone()),
        (None, Some(customer)) => id_of(model, customer),
        (None, None) => return Err(400),
    };
    let id = found.ok_or(404_u16)?;
    match (&meant.customer, &model[&id].customer) {
        (Some(said), Some(known)) if said != known => Err(400),
        _ => Ok(id),
    }
}

/// Creates or attaches in the model. `answered` is the id that the server gave where the request named none.
fn create(model: &mut Model, meant: &Meant, answered: &str) -> Result<String, u16> {
    let owner = meant
        .customer
        .as_deref()
        .and_then(|customer| id_of(model, customer));
    let id = match (&meant.id, owner) {
        (Some(id), Some(owner)) if *id != owner => return Err(400),
        (Some(id), _) => id.clone(),
        (None, Some(owner)) => owner,
        (None, None) => answered.to_owned(),
    };
    let profile = model.entry(id.clone()).or_default();
    match (&profile.customer, &meant.customer) {
        (Some(known), Some(said)) if known != said => return Err(400),
        (None, Some(said)) => profile.customer = Some(said.clone()),
        _ => {}
    }
    Ok(id)
}

/// A request and what came back.
#[derive(Debug)]
#[expect(dead_code, reason = "shown where the server and the model disagree")]
struct Told {
    request: String,
    meant: Meant,
    body: String,
    status: u16,
    answer: Result<String, std::string::FromUtf8Error>,
}

struct History<'a> {
    server: &'a TestServer,
    random: &'a mut Random,
    model: Model,
    ids: Vec<String>,
    customers: Vec<String>,
    told: Vec<Told>,
}

impl History<'_> {
    async fn run(&mut self) {
        for _ in 0..STEPS {
            self.step().await;
        }
        self.compare().await;
    }

    async fn step(&mut self) {
        let meant = self.anybody();
        match self.random.below(10) {
            0..4 => {
                let answer = self.ask("POST", PROFILE, &meant, "").await;
                let answered = if answer.status == 200 {
                    answer.json()["data"]["profile_id"].as_str().unwrap().to_owned()
                } else {
                    String::new()
                };
                match create(&mut self.model, &meant, &answered) {
                    Ok(id) => self.expect(&answer, 200, Some(&id)),
                    Err(status) => self.expect(&answer, status, None),
                }
            }
            4..8 => {
                let name = *self.random.pick(&NAMES);
                let value = format!("v{}", self.random.next());
                let body = json!({ name: value }).to_string();
                let answer = self.ask("POST", IDENTIFIERS, &meant, &body).await;
                match look_up(&self.model, &meant) {
                    Ok(id) => {
                        self.expect(&answer, 200, Some(&id));
                        let profile = self.model.get_mut(&id).unwrap();
                        profile.identifiers.insert(name, value);
                    }
                    Err(status) => self.expect(&answer, status, None),
                }
            }
            _ => {
                let answer = self.ask("DELETE", PROFILE, &meant, "").await;
                match look_up(&self.model, &meant) {
                    Ok(id) => {
                        self.expect(&answer, 204, None);
                        self.model.remove(&id);
                    }
                    Err(status) => self.expect(&answer, status, None),
                }
            }
        }
    }

    /// All that the server knows of all who took part is what the model knows.
    async fn compare(&mut self) {
        let by_id = self.ids.iter().chain(self.model.keys()).map(|id| Meant {
            id: Some(id.clone()),
            customer: None,
        });
        let by_customer = self.customers.iter().map(|customer| Meant {
            id: None,
            customer: Some(customer.clone()),
        });
        for meant in by_id.chain(by_customer).collect::<Vec<_>>() {
            let read = self.ask("GET", IDENTIFIERS, &meant, "").await;
            let Ok(id) = look_up(&self.model, &meant) else {
                self.expect(&read, 404, None);
                continue;
            };
            let profile = self.ask("GET", PROFILE, &meant, "").await;
            self.expect(&profile, 200, Some(&id));
            let expected = &self.model[&id];
            let customer = &profile.json()["data"]["customer_user_id"];
            assert_eq!(*customer, json!(expected.customer), "{:#?}", self.told);
            let read = read.json();
            for (name, value) in read.as_object().unwrap() {
                let expected = expected.identifiers.get(name.as_str());
                assert_eq!(*value, json!(expected), "{name}: {:#?}", self.told);
            }
        }
    }

    fn anybody(&mut self) -> Meant {
        let known: Vec<String> = self.model.keys().cloned().collect();
        let id = match self.random.below(4) {
            0 => Some(self.random.pick(&self.ids).clone()),
            1 if !known.is_empty() => Some(self.random.pick(&known).clone()),
            _ => None,
        };
        let customer = if id.is_none() || self.random.in_hundred(40) {
            Some(self.random.pick(&self.customers).clone())
        } else {
            None
        };
        Meant { id, customer }
    }

    async fn ask(&mut self, method: &str, path: &str, meant: &Meant, body: &str) -> Answer {
        let answer = self.server.call(method, path, &meant.headers(), body).await;
        self.told.push(Told {
            request: format!("{method} {path}"),
            meant: meant.clone(),
            body: body.to_owned(),
            status: answer.status,
            answer: String::from_utf8(answer.body.clone()),
        });
        answer
    }

    fn expect(&self, answer: &Answer, status: u16, id: Option<&str>) {
        assert_eq!(answer.status, status, "{:#?}", self.told);
        if let Some(id) = id {
            let answered: &Value = &answer.json()["data"]["profile_id"];
            assert_eq!(answered, id, "{:#?}", self.told);
        }
    }
}

/// Runs histories one after the other. None meets the ids of another.
async fn run_lane(server: Arc<TestServer>, mut random: Random, histories: usize) -> usize {
    for _ in 0..histories {
        let mut history = History {
            server: &server,
            ids: (0..3).map(|_| random.uuid().to_string()).collect(),
            customers: (0..4).map(|_| random.uuid().to_string()).collect(),
            random: &mut random,
            model: Model::new(),
            told: Vec::new(),
        };
        history.run().await;
    }
    histories * STEPS
}

async fn run(backend: Backend, steps: usize) {
    let mut random = Random::new(&format!("histories on {backend:?}"));
    let server = Arc::new(TestServer::on(backend).await);
    let histories = steps.div_ceil(STEPS * LANES);
    let lanes = (0..LANES).map(|_| tokio::spawn(run_lane(Arc::clone(&server), random.split(), histories)));
    let taken: usize = join_all(lanes).await.into_iter().map(Result::unwrap).sum();
    println!("histories on {backend:?}: {taken} steps");
    assert!(taken >= steps, "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_agree_with_the_model_in_memory() {
    run(Backend::SqliteMemory, 100_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_agree_with_the_model_in_a_file() {
    run(Backend::SqliteFile, 2_400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_agree_with_the_model_on_postgres() {
    run(Backend::Postgres, 2_400).await;
}
