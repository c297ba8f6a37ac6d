//! A server to measure, as a process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;
use super::{Bench, BenchError, doing};
use crate::processes::{output, signal};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// When chains end that are not to end.
pub const NEVER: &str = "2099-01-01T00:00:00Z";

/// A database that was filled, and how to open it.
#[derive(Clone)]
pub struct Filled {
    program: PathBuf,
    folder: PathBuf,
    database: String,
    /// A secret key of its app.
    pub key: String,
    /// An admin token.
    pub token: String,
    /// How many profiles are in it.
    pub profiles: u64,
}

/// A running server.
pub struct Server {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first answer.
    pub ready_after: Duration,
}

impl Filled {
    /// Makes a database with so many profiles, and a tenth more that are never changed.
    pub fn make(bench: &Bench, name: &str, database: &str, profiles: u64) -> Result<Self, BenchError> {
        Self::filled_by(bench, name, database, profiles, &[])
    }

    /// As [`Self::make`], where each of these profiles has a chain that ends then; `more` are further arguments of
    /// `bursar bench-fill`.
    pub fn with_chains(
        bench: &Bench,
        name: &str,
        database: &str,
        profiles: u64,
        ends_at: &str,
        more: &[&str],
    ) -> Result<Self, BenchError> {
        let chains = profiles.to_string();
        let chains = ["--chains", &chains, "--ends-at", ends_at];
        Self::filled_by(bench, name, database, profiles, &[&chains, more].concat())
    }

    fn filled_by(
        bench: &Bench,
        name: &str,
        database: &str,
        profiles: u64,
        arguments: &[&str],
    ) -> Result<Self, BenchError> {
        let folder = bench.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(doing("make a folder"))?;
        let mut fill = program(&bench.program, &folder, database);
        let told = output(
            fill.arg("bench-fill")
                .arg((profiles + profiles / 10).to_string())
                .args(arguments),
        )?;
        let mut secrets = told.lines().map(str::to_owned);
        let (key, token) = (
            secrets.next().unwrap_or_default(),
            secrets.next().unwrap_or_default(),
        );
        // What the filling left to be written later is not to be measured.
        Command::new("sync").status().map_err(doing("sync the disks"))?;
        Ok(Self {
            program: bench.program.clone(),
            folder,
            database: database.to_owned(),
            key,
            token,
            profiles,
        })
    }

    /// The same database, for loads that mean one profile.
    pub fn meaning(&self, profile: u64) -> Self {
        Self {
            profiles: profile,
            ..self.clone()
        }
    }

    /// Starts a server on it and waits for its first answer.
    pub fn serve(&self) -> Result<Server, BenchError> {
        self.serve_with(&[])
    }

    /// As [`Self::serve`], with further arguments.
    pub fn serve_with(&self, arguments: &[&str]) -> Result<Server, BenchError> {
        let port =
            crate::postgres::free_port().ok_or_else(|| BenchError::Unexpected("no port is free".into()))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let started = Instant::now();
        let mut serve = program(&self.program, &self.folder, &self.database);
        serve
            .args(["serve", "--listen", &address.to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut process = serve.spawn().map_err(doing("start the server"))?;
        while Client::connect(address)
            .and_then(|mut client| client.get("/readyz", ""))
            .is_err()
        {
            if started.elapsed() > PATIENCE {
                // It ends with us anyway.
                let _ = process.kill();
                return Err(BenchError::Unexpected("the server does not answer".into()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Server {
            process,
            address,
            ready_after: started.elapsed(),
        })
    }
}

fn program(path: &Path, folder: &Path, database: &str) -> Command {
    let mut command = Command::new(path);
    command.current_dir(folder).args([
        "--data-dir",
        "data",
        "--log-level",
        "warn",
        "--database",
        database,
    ]);
    command
}

impl Server {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Resident memory at the moment, in MiB.
    pub fn resident_mib(&self) -> Result<f64, BenchError> {
        self.memory_mib("VmRSS:")
    }

    /// The most resident memory that it ever had, in MiB.
    pub fn peak_resident_mib(&self) -> Result<f64, BenchError> {
        self.memory_mib("VmHWM:")
    }

    fn memory_mib(&self, name: &str) -> Result<f64, BenchError> {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).map_err(doing("read the server's memory"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
        kib.map(|kib| kib / 1024.0)
            .ok_or_else(|| BenchError::Unexpected(format!("no {name}")))
    }

    /// Ends it at once, as a crash would.
    pub fn kill(mut self) -> Result<(), BenchError> {
        self.process
            .kill()
            .and_then(|()| self.process.wait().map(drop))
            .map_err(doing("kill the server"))
    }

    /// Ends it gently.
    pub fn stop(mut self) -> Result<(), BenchError> {
        signal("-TERM", self.pid())?;
        self.process
            .wait()
            .map(drop)
            .map_err(doing("wait for the server"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended, as a rule.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
