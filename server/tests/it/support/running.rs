//! A server that runs as a program of its own: what it prints and logs, signals to it, its end.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long it may take to be ready, to say what is waited for, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a look waits for the next.
const PAUSE: Duration = Duration::from_millis(5);

/// The server of this build.
pub fn server() -> PathBuf {
    env!("CARGO_BIN_EXE_bursar").into()
}

/// A server that runs. It is killed at the end.
pub struct Running {
    pub child: Child,
    pub address: SocketAddr,
    pub ready_after: Duration,
    printed: Written,
    log: Written,
}

/// The lines that a program has written so far.
struct Written {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts a server and waits until it is ready.
    pub fn start(command: &mut Command) -> Self {
        let started = Instant::now();
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
        let printed = Written::by(child.stdout.take().unwrap());
        let log = Written::by(child.stderr.take().unwrap());
        let address = loop {
            if let Some(address) = log.find(|line| address_in(line, "ready")) {
                break address;
            }
            if child.try_wait().unwrap().is_some() || started.elapsed() > PATIENCE {
                drop(child.kill());
                panic!("the server is not ready: {}", log.text());
            }
            std::thread::sleep(PAUSE);
        };
        Self {
            child,
            address,
            ready_after: started.elapsed(),
            printed,
            log,
        }
    }

    /// What follows a word in what the first run tells. That comes through a pipe of its own, and so perhaps after the
    /// log has said that the server is ready.
    pub fn told(&self, word: &str) -> String {
        let started = Instant::now();
        let told = |line: &str| Some(line.trim().strip_prefix(word)?.trim().to_owned());
        loop {
            if let Some(told) = self.printed.find(told) {
                return told;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "no {word} in {}",
                self.printed.text()
            );
            std::thread::sleep(PAUSE);
        }
    }

    /// The address that the log has named in a line with these words, before it said that the server is ready.
    pub fn address_of(&self, words: &str) -> SocketAddr {
        self.log.find(|line| address_in(line, words)).unwrap()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.assert_healthy();
    }

    /// Asks it to stop and waits until it has. Answers all that it printed, and all that it logged.
    pub fn stop(mut self) -> (String, String) {
        self.ask_to_stop();
        assert!(self.ended_within(PATIENCE).success());
        (self.printed.read_whole(), self.log.read_whole())
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
        xtask::processes::signal(name, self.child.id()).unwrap();
    }

    /// The memory that it has at the moment, in bytes.
    pub fn memory(&self) -> u64 {
        self.memory_of("VmRSS:")
    }

    /// The most memory that it has had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.memory_of("VmHWM:")
    }

    /// What the system tells of it under this name.
    fn memory_of(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes * 1024
    }

    /// Waits for its end.
    pub fn ended_within(&mut self, limit: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < limit, "it has not ended: {}", self.log.text());
            std::thread::sleep(PAUSE);
        }
    }

    /// The lines of the log with this text.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let log = self.log.lines.lock().unwrap();
        log.iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// The lines that were read of the log. While somebody has them locked nobody reads on.
    pub fn log_lines(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.log.lines)
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

impl Written {
    /// Collects what comes from here, so that nobody waits for a full pipe.
    fn by(from: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                into.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self {
            lines,
            reader: Some(reader),
        }
    }

    fn find<T>(&self, in_line: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let lines = self.lines.lock().unwrap();
        lines.iter().map(String::as_str).find_map(in_line)
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// All of it, once the program has ended.
    fn read_whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text()
    }
}

/// The address in a line that says this, in either form of the log.
fn address_in(line: &str, words: &str) -> Option<SocketAddr> {
    let fields = line.contains(words).then_some(line)?;
    let named = fields
        .split_once("address\":\"")
        .or_else(|| fields.split_once("address="));
    named?.1.split(['"', ' ']).next()?.parse().ok()
}
