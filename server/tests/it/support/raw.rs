//! A server on an empty database, as a program of its own, that is spoken to over bare sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::backend::Folder;
use super::running::{Running, server};

pub struct RawServer {
    running: Running,
    pub secret_key: String,
    pub public_key: String,
    pub admin_token: String,
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

impl RawServer {
    /// Starts it on a free port with these environment variables.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let mut command = Command::new(server());
        command
            .arg("serve")
            .current_dir(&folder.0)
            .env("BURSAR_LISTEN", "127.0.0.1:0")
            .env("BURSAR_DATA_DIR", folder.0.join("data"))
            .envs(variables.iter().copied());
        let running = Running::start(&mut command);
        Self {
            secret_key: running.told("secret key"),
            public_key: running.told("public key"),
            admin_token: running.told("admin token"),
            running,
            _folder: folder,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    pub fn connect(&self) -> TcpStream {
        connect(self.running.address)
    }

    /// Sends a request with the secret key on a connection of its own.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawAnswer {
        let key = format!("Api-Key {}", self.secret_key);
        let mut all = vec![("authorization", key.as_str())];
        all.extend(headers);
        self.call_as_is(method, path, &all, body)
    }

    /// As [`Self::call`], with these headers alone.
    pub fn call_as_is(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawAnswer {
        call(self.running.address, method, path, headers, body)
    }

    /// Sends bytes on a connection of their own and reads until the server closes it.
    pub fn send(&self, bytes: &[u8]) -> RawAnswer {
        exchange(self.running.address, bytes)
    }

    /// The memory that it has at the moment, in bytes.
    pub fn memory(&self) -> u64 {
        self.running.memory()
    }

    /// The most memory that it has had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.running.peak_memory()
    }

    /// Ends it and answers everything that it logged.
    pub fn stop(self) -> String {
        self.running.stop().1
    }
}

/// Sends a request on a connection of its own.
pub fn call(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> RawAnswer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    exchange(to, &[head.as_bytes(), body].concat())
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn exchange(to: SocketAddr, bytes: &[u8]) -> RawAnswer {
    let mut stream = connect(to);
    // A server that refuses early may close before it has read everything.
    drop(stream.write_all(bytes));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    RawAnswer::read(&answer)
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
