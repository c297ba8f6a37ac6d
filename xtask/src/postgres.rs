//! A throwaway PostgreSQL: a cluster of its own in a temporary folder, on a free port of 127.0.0.1.

mod account;
mod binaries;
mod error;
mod guard;
mod port;

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use account::Account;
use error::{START_LIMIT, failed};
use guard::Guard;

pub use binaries::find as find_binaries;
pub use error::ClusterError;
pub use port::free as free_port;

/// A running PostgreSQL of our own. Stopped and removed when dropped, and also when this process is killed.
///
/// Its only user, `bursar`, needs no password and may do everything. Settings are PostgreSQL's own (`fsync` is on),
/// but for 200 connections.
#[derive(Debug)]
pub struct Cluster {
    binaries: PathBuf,
    account: Option<Account>,
    folder: PathBuf,
    port: u16,
    url: String,
    guard: Guard,
    server: Option<Child>,
}

impl Cluster {
    /// Makes a cluster and waits until it takes connections: about two seconds.
    pub fn start() -> Result<Self, ClusterError> {
        let binaries = binaries::find().ok_or(ClusterError::NoBinaries)?;
        let account = account::to_run_as()?;
        let port = port::free().ok_or(ClusterError::NoPort)?;
        let folder = std::env::temp_dir().join(format!("bursar-postgres-{}-{port}", std::process::id()));
        make_folder(&folder, account)?;
        let guard = Guard::over(&folder).map_err(failed("start /bin/sh"))?;
        let url = format!("postgres://bursar@127.0.0.1:{port}/postgres");
        let mut cluster = Self {
            binaries,
            account,
            folder,
            port,
            url,
            guard,
            server: None,
        };
        cluster.initdb()?;
        cluster.run()?;
        Ok(cluster)
    }

    /// Where it can be reached: `postgres://bursar@127.0.0.1:PORT/postgres`. Stays the same over restarts.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of PostgreSQL's programs.
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Stops the server, cutting all connections; what was committed is kept. Does nothing if it is stopped.
    pub fn stop(&mut self) -> Result<(), ClusterError> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        let fast_shutdown = ["-c", "kill -INT \"$1\"", "sh", &server.id().to_string()];
        Command::new("/bin/sh")
            .args(fast_shutdown)
            .status()
            .map_err(failed("start /bin/sh"))?;
        server.wait().map_err(failed("wait for PostgreSQL"))?;
        Ok(())
    }

    /// Stops the server and starts it on the same data, port and URL.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.stop()?;
        self.run()
    }

    fn initdb(&self) -> Result<(), ClusterError> {
        let mut initdb = self.program("initdb");
        initdb.args([
            "--auth=trust",
            "--username=bursar",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        let output = initdb
            .arg("-D")
            .arg(self.data())
            .output()
            .map_err(failed("start initdb"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(ClusterError::Initdb(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    fn run(&mut self) -> Result<(), ClusterError> {
        let log = File::create(self.log()).map_err(failed("make PostgreSQL's log"))?;
        let too = log.try_clone().map_err(failed("share PostgreSQL's log"))?;
        let mut postgres = self.program("postgres");
        postgres
            .arg("-D")
            .arg(self.data())
            .arg("-p")
            .arg(self.port.to_string());
        postgres
            .arg("-k")
            .arg(&self.folder)
            .args(["-h", "127.0.0.1", "-N", "200"]);
        // A group of its own: Ctrl-C is for us, and the guard stops the server after us.
        postgres
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(too);
        self.server = Some(postgres.spawn().map_err(failed("start postgres"))?);
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<(), ClusterError> {
        let start = Instant::now();
        while !self.is_ready() {
            if self.has_ended()? {
                return Err(ClusterError::Ended(self.read_log()));
            }
            if start.elapsed() > START_LIMIT {
                return Err(ClusterError::NotReady(self.read_log()));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// In `postmaster.pid`, the first line is the server's process and the eighth its state; the file of a server that was
    /// killed stays. Source: PostgreSQL, `utils/pidfile.h`.
    fn is_ready(&self) -> bool {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let ours = self.server.as_ref().map(|server| server.id().to_string());
        lines.first().copied() == ours.as_deref() && lines.get(7) == Some(&"ready")
    }

    fn has_ended(&mut self) -> Result<bool, ClusterError> {
        let Some(server) = &mut self.server else {
            return Ok(true);
        };
        Ok(server
            .try_wait()
            .map_err(failed("look after PostgreSQL"))?
            .is_some())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.current_dir(&self.folder);
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn read_log(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.guard.let_go();
        if let Some(server) = &mut self.server {
            // Nothing can be done about an error here; the guard removes the folder all the same.
            let _ = server.wait();
        }
    }
}

fn make_folder(folder: &Path, owner: Option<Account>) -> Result<(), ClusterError> {
    let doing = format!("make the folder {}", folder.display());
    DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .map_err(failed(&doing))?;
    owner
        .map_or(Ok(()), |owner| chown(folder, Some(owner.uid), Some(owner.gid)))
        .map_err(failed(&doing))
}
