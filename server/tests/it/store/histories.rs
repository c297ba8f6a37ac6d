//! Random histories of creating, attaching, identifying, changing and deleting, beside a model that is obviously right.
//!
//! A history goes on where the one before it ended, so that those who took part in one meet those of the next; after
//! some of them others take their place.

use std::collections::BTreeMap;
use std::sync::Arc;

use bursar_domain::profile::identifiers::NAMES;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use xtask::test_environment::size;

use crate::support::backend::Backend;
use crate::support::random::Random;
use crate::support::server::{Answer, IDENTIFIERS, PROFILE, TestServer};

const STEPS: usize = 12;
/// After so many steps everybody is looked at.
const COMPARED_EVERY: usize = 4;
/// How many histories the same people take part in.
const TOGETHER: usize = 5;
/// How many histories run at once: their changes share commits.
const LANES: usize = 8;
const KEYS: [&str; 3] = ["plan", "team", "size"];

/// What a profile should be.
#[derive(Debug, Clone, Default, PartialEq)]
struct Expected {
    customer: Option<String>,
    identifiers: BTreeMap<&'static str, String>,
    attributes: BTreeMap<&'static str, String>,
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

/// Where the server and the model disagree, with all that was said.
type Agreement = Result<(), String>;

struct History<'a> {
    server: &'a TestServer,
    random: Random,
    model: Model,
    ids: Vec<String>,
    customers: Vec<String>,
    told: Vec<Told>,
}

impl<'a> History<'a> {
    fn new(server: &'a TestServer, mut random: Random) -> Self {
        Self {
            server,
            ids: (0..3).map(|_| random.uuid().to_string()).collect(),
            customers: (0..4).map(|_| random.uuid().to_string()).collect(),
            random,
            model: Model::new(),
            told: Vec::new(),
        }
    }

    async fn run(&mut self) -> Agreement {
        for step in 1..=STEPS {
            self.step().await?;
            if step % COMPARED_EVERY == 0 {
                self.compare().await?;
            }
        }
        Ok(())
    }

    async fn step(&mut self) -> Agreement {
        let meant = self.anybody();
        match self.random.below(12) {
            0..4 => self.create(&meant).await,
            4..8 => self.identify(&meant).await,
            8..10 => self.change(&meant).await,
            _ => self.delete(&meant).await,
        }
    }

    async fn create(&mut self, meant: &Meant) -> Agreement {
        let answer = self.ask("POST", PROFILE, meant, "").await;
        let answered = match answer.status {
            200 => answer.json()["data"]["profile_id"].as_str().unwrap().to_owned(),
            _ => String::new(),
        };
        match create(&mut self.model, meant, &answered) {
            Ok(id) => self.expect(&answer, 200, Some(&id)),
            Err(status) => self.expect(&answer, status, None),
        }
    }

    /// Sets or clears one or two identifiers.
    async fn identify(&mut self, meant: &Meant) -> Agreement {
        let changes = self.some_of(&NAMES);
        let answer = self.ask("POST", IDENTIFIERS, meant, &object(&changes)).await;
        match look_up(&self.model, meant) {
            Ok(id) => {
                self.expect(&answer, 200, Some(&id))?;
                apply(&mut self.profile(&id).identifiers, changes);
                Ok(())
            }
            Err(status) => self.expect(&answer, status, None),
        }
    }

    /// Sets or clears one or two attributes.
    async fn change(&mut self, meant: &Meant) -> Agreement {
        let changes = self.some_of(&KEYS);
        let list: Vec<_> = changes
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect();
        let body = json!({ "custom_attributes": list }).to_string();
        let answer = self.ask("PATCH", PROFILE, meant, &body).await;
        match look_up(&self.model, meant) {
            Ok(id) => {
                self.expect(&answer, 200, Some(&id))?;
                apply(&mut self.profile(&id).attributes, changes);
                Ok(())
            }
            Err(status) => self.expect(&answer, status, None),
        }
    }

    async fn delete(&mut self, meant: &Meant) -> Agreement {
        let answer = self.ask("DELETE", PROFILE, meant, "").await;
        match look_up(&self.model, meant) {
            Ok(id) => {
                self.model.remove(&id);
                self.expect(&answer, 204, None)
            }
            Err(status) => self.expect(&answer, status, None),
        }
    }

    fn profile(&mut self, id: &str) -> &mut Expected {
        self.model.get_mut(id).unwrap()
    }

    /// One or two of these, each with a value that nobody else has, or to be cleared. In the order of their names.
    fn some_of(&mut self, names: &[&'static str]) -> BTreeMap<&'static str, Option<String>> {
        (0..=self.random.below(2))
            .map(|_| {
                let value = format!("v{}", self.random.next());
                let is_set = self.random.in_hundred(75);
                (*self.random.pick(names), is_set.then_some(value))
            })
            .collect()
    }

    /// All that the server knows of all who took part is what the model knows.
    async fn compare(&mut self) -> Agreement {
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
                self.expect(&read, 404, None)?;
                continue;
            };
            self.expect(&read, 200, None)?;
            let profile = self.ask("GET", PROFILE, &meant, "").await;
            self.expect(&profile, 200, Some(&id))?;
            let (found, expected) = (found(&profile.json()["data"], &read.json()), &self.model[&id]);
            if found != *expected {
                return Err(format!("{found:?} instead of {expected:?}: {:#?}", self.told));
            }
        }
        Ok(())
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

    fn expect(&self, answer: &Answer, status: u16, id: Option<&str>) -> Agreement {
        if answer.status != status {
            return Err(format!("not {status}: {:#?}", self.told));
        }
        if id.is_some_and(|id| answer.json()["data"]["profile_id"] != id) {
            return Err(format!("not of {id:?}: {:#?}", self.told));
        }
        Ok(())
    }
}

fn object(changes: &BTreeMap<&str, Option<String>>) -> String {
    let members = changes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)));
    Value::Object(members.collect::<Map<_, _>>()).to_string()
}

fn apply(known: &mut BTreeMap<&'static str, String>, changes: BTreeMap<&'static str, Option<String>>) {
    for (name, value) in changes {
        match value {
            Some(value) => known.insert(name, value),
            None => known.remove(name),
        };
    }
}

/// What the server shows of a profile, in the model's form.
fn found(profile: &Value, identifiers: &Value) -> Expected {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let attribute = |key: &str| {
        let all = profile["custom_attributes"].as_array().unwrap();
        text(&all.iter().find(|one| one["key"] == key)?["value"])
    };
    assert_eq!(
        identifiers.as_object().unwrap().len(),
        NAMES.len(),
        "{identifiers}"
    );
    Expected {
        customer: text(&profile["customer_user_id"]),
        identifiers: NAMES
            .iter()
            .filter_map(|name| Some((*name, text(&identifiers[*name])?)))
            .collect(),
        attributes: KEYS
            .iter()
            .filter_map(|key| Some((*key, attribute(key)?)))
            .collect(),
    }
}

/// Runs histories one after the other, some of them among the same people.
async fn run_lane(server: Arc<TestServer>, mut random: Random, histories: usize) -> usize {
    for begun in (0..histories).step_by(TOGETHER) {
        let mut history = History::new(&server, random.split());
        for _ in begun..histories.min(begun + TOGETHER) {
            history.run().await.unwrap();
            history.told.clear();
        }
    }
    histories
}

async fn run(backend: Backend, histories: usize) {
    let mut random = Random::new(&format!("histories on {backend:?}"));
    let server = Arc::new(TestServer::on(backend).await);
    let each = histories.div_ceil(LANES);
    let lanes = (0..LANES).map(|_| tokio::spawn(run_lane(Arc::clone(&server), random.split(), each)));
    let done: usize = join_all(lanes).await.into_iter().map(Result::unwrap).sum();
    println!("{done} histories of {STEPS} steps on {backend:?}");
    assert!(done >= histories, "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_agree_with_the_model_in_memory() {
    run(Backend::SqliteMemory, size(8_400, 100_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_agree_with_the_model_in_a_file() {
    run(Backend::SqliteFile, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_agree_with_the_model_on_postgres() {
    run(Backend::Postgres, 200).await;
}

/// A step that goes wrong.
type Wrong = fn(&mut Model);

/// What a server could do wrong, done wrong in the model instead.
const WRONG: [(&str, Wrong); 6] = [
    ("an identifier is lost", |model| {
        first(model).identifiers.pop_first();
    }),
    ("an identifier has an older value", |model| {
        first(model)
            .identifiers
            .values_mut()
            .for_each(|value| *value = "v0".into());
    }),
    ("an identifier crosses to another profile", |model| {
        let (name, value) = first(model).identifiers.pop_first().unwrap();
        model.values_mut().last().unwrap().identifiers.insert(name, value);
    }),
    ("an attribute is lost", |model| {
        first(model).attributes.pop_first();
    }),
    ("a customer changes places", |model| {
        let customer = first(model).customer.take();
        model.values_mut().last().unwrap().customer = customer;
    }),
    ("a deleted profile is there", |model| {
        model.pop_first();
    }),
];

fn first(model: &mut Model) -> &mut Expected {
    model.values_mut().next().unwrap()
}

#[tokio::test]
async fn a_model_with_a_wrong_step_disagrees() {
    let server = TestServer::on(Backend::SqliteMemory).await;
    for (name, go_wrong) in WRONG {
        let mut history = History::new(&server, Random::from_seed(1));
        for index in 0..2 {
            let meant = Meant {
                id: Some(history.random.uuid().to_string()),
                customer: Some(history.customers[index].clone()),
            };
            history.create(&meant).await.unwrap();
            for _ in 0..20 {
                history.identify(&meant).await.unwrap();
                history.change(&meant).await.unwrap();
            }
        }
        history.compare().await.unwrap();
        go_wrong(&mut history.model);
        let told = history.compare().await;
        assert!(told.is_err(), "{name}, and nobody saw it");
        for meant in history.customers.clone() {
            let header = [("adapty-customer-user-id", meant.as_str())];
            server.call("DELETE", PROFILE, &header, "").await;
        }
    }
}
