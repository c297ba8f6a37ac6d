//! A third party to send to, on a real socket: answers by script, badly if told to, and keeps what it received.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How it answers one request.
#[derive(Debug, Clone)]
pub enum Manner {
    /// With this status and body.
    Answers(u16, &'static str),
    /// With 429 and this `Retry-After`.
    Asks(&'static str),
    /// As [`Self::Answers`], after a while.
    Late(Duration, u16, &'static str),
    /// As the other one, once the gate is open.
    Held(Gate, Box<Manner>),
    /// A byte of the head at a time, for ever.
    Drips,
    /// Half of the body that its length announces, then closes.
    Half,
    /// Closes at once, without an answer.
    Resets,
    /// Takes the request and says nothing.
    Silent,
    /// A body without an end.
    Endless,
    /// These bytes, whatever they are, then closes.
    Raw(String),
}

/// Holds answers until a test opens it.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    pub fn closed() -> Self {
        Self(watch::Sender::new(false))
    }

    /// This answer, once it is open.
    pub fn holds(&self, manner: Manner) -> Manner {
        Manner::Held(self.clone(), Box::new(manner))
    }

    /// Lets go what it holds, and whatever comes later at once.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn is_open(&self) {
        let mut open = self.0.subscribe();
        open.wait_for(|open| *open).await.expect("we hold the sender");
    }
}

/// A request that it received.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

type Script = Box<dyn FnMut(&Received, usize) -> Manner + Send>;

#[derive(Default)]
struct Inner {
    script: Option<Script>,
    received: Vec<Received>,
}

/// A third party.
pub struct Vendor {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Vendor {
    /// One that answers 200 and `{}` to everything.
    pub async fn start() -> Self {
        Self::with(|_, _| Manner::Answers(200, "{}")).await
    }

    /// One that answers as the script says of a request and its number, from 0.
    pub async fn with(script: impl FnMut(&Received, usize) -> Manner + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner {
            script: Some(Box::new(script)),
            received: Vec::new(),
        }));
        let shared = Arc::clone(&inner);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    serve(socket, &shared).await;
                });
            }
        });
        Self { url, inner, task }
    }

    /// Answers otherwise from now on.
    pub fn script(&self, script: impl FnMut(&Received, usize) -> Manner + Send + 'static) {
        self.inner.lock().unwrap().script = Some(Box::new(script));
    }

    /// All that it received, in order.
    pub fn received(&self) -> Vec<Received> {
        self.inner.lock().unwrap().received.clone()
    }

    /// How many requests it received.
    pub fn count(&self) -> usize {
        self.inner.lock().unwrap().received.len()
    }

    /// Waits until it has received so many requests, shorter than one may take that is never answered.
    pub async fn until_count(&self, count: usize) {
        let is_there = async {
            while self.count() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(8), is_there).await;
        assert!(ended.is_ok(), "{} of {count} requests", self.count());
    }
}

async fn serve(mut socket: TcpStream, inner: &Mutex<Inner>) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut socket, &mut buffer).await {
        let manner = {
            let mut inner = inner.lock().unwrap();
            let number = inner.received.len();
            let mut script = inner.script.take().unwrap();
            let manner = script(&request, number);
            inner.script.get_or_insert(script);
            inner.received.push(request);
            manner
        };
        if answer(&mut socket, manner).await.is_none() {
            return;
        }
    }
}

/// Reads one request; `None` when the connection has ended.
async fn read(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        more(socket, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    while buffer.len() < end + length {
        more(socket, buffer).await?;
    }
    let body = String::from_utf8(buffer[end..end + length].to_vec()).unwrap();
    buffer.drain(..end + length);
    Some(Received {
        method,
        path,
        headers,
        body,
    })
}

async fn more(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 16 * 1024];
    let count = socket.read(&mut chunk).await.ok()?;
    buffer.extend_from_slice(&chunk[..count]);
    (count > 0).then_some(())
}

/// Answers; `None` if the connection is of no use after it.
async fn answer(socket: &mut TcpStream, manner: Manner) -> Option<()> {
    let whole = |status: u16, more: &str, body: &str| {
        format!(
            "HTTP/1.1 {status} x\r\n{more}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let mut manner = manner;
    while let Manner::Held(gate, then) = manner {
        gate.is_open().await;
        manner = *then;
    }
    match manner {
        Manner::Held(..) => unreachable!("it was let go"),
        Manner::Answers(status, body) => socket.write_all(whole(status, "", body).as_bytes()).await.ok(),
        Manner::Asks(when) => {
            let header = format!("retry-after: {when}\r\n");
            socket.write_all(whole(429, &header, "").as_bytes()).await.ok()
        }
        Manner::Late(while_, status, body) => {
            tokio::time::sleep(while_).await;
            socket.write_all(whole(status, "", body).as_bytes()).await.ok()
        }
        Manner::Drips => {
            for byte in "HTTP/1.1 200 OK\r\nx: ".bytes().chain(std::iter::repeat(b'x')) {
                socket.write_all(&[byte]).await.ok()?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            None
        }
        Manner::Half => {
            drop(
                socket
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
                    .await,
            );
            None
        }
        Manner::Resets => None,
        Manner::Raw(bytes) => {
            drop(socket.write_all(bytes.as_bytes()).await);
            None
        }
        Manner::Silent => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            None
        }
        Manner::Endless => {
            socket
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await
                .ok()?;
            while socket.write_all(b"400\r\n").await.is_ok() && socket.write_all(&[b'x'; 1024]).await.is_ok()
            {
                if socket.write_all(b"\r\n").await.is_err() {
                    break;
                }
            }
            None
        }
    }
}
