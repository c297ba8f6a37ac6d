//! The program itself: started on an empty database, spoken to over sockets, its log read.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::backend::Folder;

pub struct Program {
    child: Child,
    pub address: String,
    pub secret_key: String,
    pub public_key: String,
    pub admin_token: String,
    log: Arc<Mutex<Vec<u8>>>,
    _folder: Folder,
}

/// What came back over a socket.
#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Program {
    /// Starts `bursar serve` on a free port with these environment variables, and reads what it tells of its
    /// first run.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let mut child = Command::new(env!("CARGO_BIN_EXE_bursar"))
            .arg("serve")
            .current_dir(&folder.0)
            .env("BURSAR_LISTEN", "127.0.0.1:0")
            .env("BURSAR_DATA_DIR", folder.0.join("data"))
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = keep(child.stderr.take().unwrap());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut find = |start: &str| {
            let mut found = lines.by_ref().map_while(Result::ok);
            let line = found.find(|line| line.trim_start().starts_with(start));
            line.unwrap_or_else(|| panic!("no line `{start}`; the log: {}", shown(&log)))
        };
        let mut last_word = |start| find(start).split_whitespace().last().unwrap().to_owned();
        let (secret_key, public_key, admin_token) = (
            last_word("secret key"),
            last_word("public key"),
            last_word("admin token"),
        );
        let url = find("curl -X POST");
        let address = url.split("http://").nth(1).unwrap().split('/').next().unwrap();
        // Read on to the end: a program whose output nobody takes would fail to print.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            address: address.to_owned(),
            child,
            secret_key,
            public_key,
            admin_token,
            log,
            _folder: folder,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends a request with the secret key on a connection of its own.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawAnswer {
        let key = format!("Api-Key {}", self.secret_key);
        let mut all = vec![("authorization", key.as_str())];
        all.extend(headers);
        self.call_as_is(method, path, &all, body)
    }

    /// As [`Program::call`], with these headers alone.
    pub fn call_as_is(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawAnswer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        self.send(&[head.as_bytes(), body].concat())
    }

    /// Sends bytes on a connection of their own and reads until the server closes it.
    pub fn send(&self, bytes: &[u8]) -> RawAnswer {
        let mut stream = self.connect();
        // A server that refuses early may close before it has read everything.
        drop(stream.write_all(bytes));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        RawAnswer::read(&answer)
    }

    /// The memory that the program has at the moment, in bytes.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most memory that the program has had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        memory_of(self.child.id(), name)
    }

    /// Ends the program and answers everything that it logged.
    pub fn stop(mut self) -> String {
        Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < patience, "the program does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
        shown(&self.log)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl RawAnswer {
    /// Reads an answer that ended with its connection. One that is no HTTP has status 0.
    pub fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
        let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 4..]));
        let head = String::from_utf8_lossy(head).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or_default(),
            body: body.to_vec(),
            head,
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the system tells of a process under this name, in bytes.
pub fn memory_of(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

fn keep(mut from: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let to = kept.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            to.lock().unwrap().extend_from_slice(&buffer[..count]);
        }
    });
    kept
}

fn shown(log: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&log.lock().unwrap()).into_owned()
}
