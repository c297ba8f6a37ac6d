//! The program itself, as a process: the server and commands, with an environment of their own.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bursar::store::{Location, Options};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::backend::{Backend, Folder, fresh_postgres_url};

/// How long a process may take for what it is asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// An installation: a folder with settings, and a database.
pub struct Installation {
    pub folder: Folder,
    settings: Vec<String>,
}

/// A server that runs.
pub struct Server {
    child: Child,
    pub address: String,
    stdout: Written,
    stderr: Written,
}

/// What a process has written so far.
struct Written {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Installation {
    /// A fresh one on this backend.
    pub async fn on(backend: Backend) -> Self {
        let folder = Folder::new();
        let mut settings = vec!["--data-dir".into(), folder.0.join("data").display().to_string()];
        if backend == Backend::Postgres {
            settings.extend(["--database".into(), fresh_postgres_url().await]);
        }
        Self { folder, settings }
    }

    /// The program in this installation, in an environment without any settings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bursar"));
        command.env_clear().current_dir(&self.folder.0);
        command.args(args).args(&self.settings);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Options that open its database.
    pub fn options(&self) -> Options {
        let location = match &self.settings[..] {
            [_, _, _, url] => Location::Postgres(url.clone()),
            _ => Location::SqliteFile(data_file(self, "bursar.db")),
        };
        Options {
            location,
            connections: 4,
        }
    }

    /// What a command that succeeds prints.
    pub fn text(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert!(done.status.success(), "{args:?}: {}", stderr(&done));
        String::from_utf8(done.stdout).unwrap()
    }

    /// What a command that succeeds prints, as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[args, &["--json"]].concat())).unwrap()
    }

    /// What a command that fails says.
    pub fn refused(&self, args: &[&str]) -> String {
        let done = self.run(args);
        assert_eq!(done.status.code(), Some(1), "{args:?}: {}", stdout(&done));
        stderr(&done)
    }

    /// Starts the server on a free port and waits until it is ready.
    pub fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// As [`Self::serve`], with these flags too.
    pub fn serve_with(&self, flags: &[&str]) -> Server {
        let usual = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
        let mut command = self.command(&[&usual, flags].concat());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let started = Instant::now();
        let address = loop {
            if let Some(address) = ready_address(&stderr.so_far()) {
                break address;
            }
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < PATIENCE,
                "not ready: {}",
                stderr.so_far()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        Server {
            child,
            address,
            stdout,
            stderr,
        }
    }
}

impl Server {
    /// What it has printed.
    pub fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// What follows a word in the banner of the first run. The banner has a pipe of its own, so that it may be read
    /// after the log has said that the server is ready.
    pub fn told(&self, word: &str) -> String {
        let started = Instant::now();
        loop {
            let banner = self.stdout();
            if let Some(told) = banner.lines().find_map(|line| line.trim().strip_prefix(word)) {
                return told.trim().to_owned();
            }
            assert!(started.elapsed() < PATIENCE, "no {word} in {banner}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a request without a body and answers its status and body.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("content-length: 0\r\n\r\n");
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// Asks it to stop and waits until it has. Answers all that it printed, and all that it logged.
    pub fn stop(mut self) -> (String, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.child.wait().unwrap().success());
        (self.stdout.read_whole(), self.stderr.read_whole())
    }
}

impl Written {
    fn so_far(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// All of it, once the process has ended.
    fn read_whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.so_far()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn stdout(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned()
}

pub fn stderr(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// The file of a data folder.
pub fn data_file(installation: &Installation, name: &str) -> std::path::PathBuf {
    Path::new(&installation.folder.0).join("data").join(name)
}

/// Collects what a process writes, line by line.
fn collect(from: impl Read + Send + 'static) -> Written {
    let text = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&text);
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut text = into.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    });
    Written {
        text,
        reader: Some(reader),
    }
}

fn ready_address(log: &str) -> Option<String> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut ready = lines.filter(|line| line["message"] == "ready");
    Some(ready.next()?["address"].as_str()?.to_owned())
}
