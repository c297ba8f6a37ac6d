//! How to start a server, again and again on the same data, as a program of its own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bursar::clock::Clock;
use bursar::metrics::Metrics;
use bursar::state::AppState;
use bursar::store::{Location, Options, Store};
use bursar::vault::{MasterKey, Vault};
use bursar_domain::time::format_time;
use serde_json::{Value, json};

use super::backend::{Backend, Folder, fresh_postgres_url};
use super::client::Client;
use super::running::Running;
use super::server::outbound;

/// How long everything that is due may take.
const PATIENCE: Duration = Duration::from_secs(240);
const CLOCK: &str = "BURSAR_TEST_CLOCK";

/// A server that does not run yet, and its data.
pub struct Program {
    /// What comes before the server's own path on its command line.
    pub wrapper: Vec<OsString>,
    /// What is added to its environment: from the start, that it may send to this machine.
    pub environment: Vec<(&'static str, String)>,
    pub binary: PathBuf,
    pub data: PathBuf,
    pub database: Option<String>,
    /// What the first run told.
    pub app_id: String,
    pub secret_key: String,
    pub admin_token: String,
    _folder: Folder,
}

impl Program {
    /// On a fresh database. `SqliteMemory` makes no sense here.
    pub fn on(backend: Backend, binary: PathBuf) -> Self {
        let postgres = || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(fresh_postgres_url())
        };
        Self::with_database((backend == Backend::Postgres).then(postgres), binary)
    }

    pub fn with_database(database: Option<String>, binary: PathBuf) -> Self {
        let folder = Folder::new();
        Self {
            wrapper: Vec::new(),
            environment: vec![("BURSAR_DELIVERY_ALLOW_PRIVATE_ADDRESSES", "true".into())],
            binary,
            data: folder.0.join("data"),
            database,
            app_id: String::new(),
            secret_key: String::new(),
            admin_token: String::new(),
            _folder: folder,
        }
    }

    /// Starts it and waits until it is ready.
    pub fn start(&mut self) -> Running {
        let mut words: Vec<OsString> = self.wrapper.clone();
        words.extend([self.binary.clone().into(), "serve".into()]);
        words.extend(["--listen", "127.0.0.1:0", "--log-format", "json"].map(OsString::from));
        words.extend(["--data-dir".into(), self.data.clone().into()]);
        if let Some(url) = &self.database {
            words.extend(["--database".into(), url.into()]);
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).envs(self.environment.iter().cloned());
        let running = Running::start(command.current_dir(&self._folder.0));
        if self.secret_key.is_empty() {
            [self.app_id, self.secret_key, self.admin_token] =
                ["app id", "secret key", "admin token"].map(|word| running.told(word));
        }
        running
    }

    /// As [`Self::start`], with the server's clock at this time.
    pub fn start_at(&mut self, now: i64) -> Running {
        self.environment.retain(|(name, _)| *name != CLOCK);
        self.environment.push((CLOCK, format_time(now)));
        self.start()
    }

    /// Moves the server's clock on to this time and waits until all that is due then is tried.
    pub fn settle_at(&self, server: &Running, now: i64) {
        let body = json!({"now": format_time(now)}).to_string();
        let mut admin = self.admin(server).patient(PATIENCE);
        let moved = admin.call("POST", "/admin/v1/test-clock", &[], &body).unwrap();
        assert_eq!(moved.status, 200, "{}", moved.body);
    }

    /// Switches an integration on, with these settings, and answers how it is shown.
    pub fn set_integration(&self, server: &Running, slug: &str, settings: &Value) -> Value {
        let path = format!("/admin/v1/apps/{}/integrations/{slug}", self.app_id);
        let body = json!({"enabled": true, "settings": settings}).to_string();
        let set = self.admin(server).call("PUT", &path, &[], &body).unwrap();
        assert_eq!(set.status, 200, "{slug}: {}", set.body);
        serde_json::from_str(&set.body).unwrap()
    }

    /// The database, while no server has it, or while one does.
    pub async fn store(&self) -> Store {
        let location = match &self.database {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::SqliteFile(self.data.join("bursar.db")),
        };
        let options = Options {
            location,
            connections: 2,
        };
        Store::open(&options, Metrics::default().store).await.unwrap()
    }

    /// What a server on this database would know, with its apps and their integrations.
    pub async fn state(&self) -> AppState {
        let store = self.store().await;
        let key = MasterKey::from_file(&self.data.join("master.key")).unwrap();
        let vault = Vault::open(&store, &key).await.unwrap();
        let (clock, metrics) = (Clock::system(), Metrics::default());
        let state = AppState::new(store, vault, clock, metrics, None, outbound());
        state.await.unwrap()
    }

    pub fn client(&self, server: &Running) -> Client {
        Client::of(server.address, &self.secret_key)
    }

    pub fn admin(&self, server: &Running) -> Client {
        Client::of_admin(server.address, &self.admin_token)
    }
}
