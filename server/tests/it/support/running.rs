//! The server as a program of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use bursar::clock::Clock;
use bursar::metrics::Metrics;
use bursar::state::AppState;
use bursar::store::{Location, Options, Store};
use bursar::vault::{MasterKey, Vault};
use bursar_domain::time::format_time;
use serde_json::{Value, json};

use super::backend::{Backend, Folder, fresh_postgres_url};
use super::client::Client;
use super::program::memory_of;
use super::server::outbound;

const READY_LIMIT: Duration = Duration::from_secs(20);
/// How long everything that is due may take.
const PATIENCE: Duration = Duration::from_secs(240);
const CLOCK: &str = "BURSAR_TEST_CLOCK";

/// The server of this build.
pub fn server() -> PathBuf {
    env!("CARGO_BIN_EXE_bursar").into()
}

/// How to start a server, again and again on the same data.
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

/// A server that runs. It is killed at the end.
pub struct Running {
    pub child: Child,
    pub address: SocketAddr,
    pub ready_after: Duration,
    log: Arc<Mutex<Vec<String>>>,
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
        let started = Instant::now();
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .envs(self.environment.iter().cloned())
            .current_dir(&self._folder.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let address = follow(child.stderr.take().unwrap(), Arc::clone(&log));
        let Ok(address) = address.recv_timeout(READY_LIMIT) else {
            drop(child.kill());
            panic!("the server is not ready: {:?}", log.lock().unwrap());
        };
        if self.secret_key.is_empty() {
            [self.app_id, self.secret_key, self.admin_token] = announced(child.stdout.take().unwrap());
        }
        Running {
            child,
            address,
            ready_after: started.elapsed(),
            log,
        }
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

impl Running {
    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.assert_healthy();
    }

    /// Sends SIGTERM.
    pub fn ask_to_stop(&self) {
        self.signal("-TERM");
    }

    /// Sends SIGKILL, while others still look at the server. [`Self::kill`] comes after it.
    pub fn kill_now(&self) {
        self.signal("-KILL");
    }

    /// Sends SIGSTOP: no thread of it goes on until [`Self::resume`].
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// The most memory that it has had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        memory_of(self.child.id(), "VmHWM:")
    }

    /// Waits for its end.
    pub fn ended_within(&mut self, limit: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                started.elapsed() < limit,
                "it has not ended: {:?}",
                self.log.lock().unwrap()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The lines of the log with this text.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// Nothing in the log tells of a panic or of another mistake of ours.
    pub fn assert_healthy(&self) {
        self.assert_no_line_with("\"ERROR\"");
    }

    /// Nothing in the log tells of a panic; errors may be there.
    pub fn assert_no_panic(&self) {
        self.assert_no_line_with("panic");
    }

    fn assert_no_line_with(&self, text: &str) {
        let bad = self.lines_with(text);
        assert!(bad.is_empty(), "{bad:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Keeps what the server logs, and tells the address when it is ready.
fn follow(stderr: impl Read + Send + 'static, log: Arc<Mutex<Vec<String>>>) -> mpsc::Receiver<SocketAddr> {
    let (found, address) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(address) = ready_address(&line) {
                let _: Result<_, _> = found.send(address);
            }
            log.lock().unwrap().push(line);
        }
    });
    address
}

/// `{…"message":"ready"…"address":"127.0.0.1:1"…}`, with the fields where the form of the log puts them.
fn ready_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line
        .contains("\"ready\"")
        .then(|| line.split_once("\"address\":\""))
        .flatten()?;
    rest.split_once('"')?.0.parse().ok()
}

/// Reads what the first run announces: app id, secret key, admin token. The rest is read by a thread, so that nobody
/// waits for a full pipe.
fn announced(stdout: impl Read + Send + 'static) -> [String; 3] {
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let told = ["app id", "secret key", "admin token"].map(|name| {
        let line = lines.find(|line| line.trim_start().starts_with(name));
        let line = line.unwrap_or_else(|| panic!("the first run tells no {name}"));
        line.split_whitespace().last().unwrap().to_owned()
    });
    std::thread::spawn(move || lines.count());
    told
}
