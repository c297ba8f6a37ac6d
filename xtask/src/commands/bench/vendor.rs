//! A third party that takes everything: a thread for each connection, one answer for all.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{BenchError, doing};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
/// Every event of a request has this, in every form that is measured.
const EVENT: &[u8] = b"transaction_id";

/// A third party.
pub struct Vendor {
    /// Where it listens.
    pub url: String,
    events: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Vendor {
    /// Starts one that waits so long before each answer, on each connection by itself.
    pub fn start(address: SocketAddr, pause: Duration) -> Result<Self, BenchError> {
        let listener = TcpListener::bind(address).map_err(doing("listen as a third party"))?;
        let address = listener.local_addr().map_err(doing("listen as a third party"))?;
        listener
            .set_nonblocking(true)
            .map_err(doing("listen as a third party"))?;
        let (events, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (Arc::clone(&events), Arc::clone(&stop));
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((socket, _)) => {
                        let counted = Arc::clone(&counted);
                        // Ends with its connection.
                        std::thread::spawn(move || serve(socket, &counted, pause));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Err(_) => return,
                }
            }
        });
        Ok(Self {
            url: format!("http://{address}"),
            events,
            stop,
        })
    }

    /// How many events it received.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Waits until it has received so many events, and answers how many they are in the end.
    pub fn wait_for(&self, events: u64, patience: Duration) -> u64 {
        let begin = Instant::now();
        while self.events() < events && begin.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.events()
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn serve(mut socket: TcpStream, events: &AtomicU64, pause: Duration) -> Option<()> {
    socket.set_nonblocking(false).ok()?;
    socket.set_nodelay(true).ok()?;
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let head = loop {
            if let Some(end) = find(&buffer, b"\r\n\r\n") {
                break end + 4;
            }
            more(&mut socket, &mut buffer)?;
        };
        let length = content_length(&buffer[..head]);
        while buffer.len() < head + length {
            more(&mut socket, &mut buffer)?;
        }
        events.fetch_add(count(&buffer[head..head + length]).max(1), Ordering::Relaxed);
        buffer.drain(..head + length);
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
        socket.write_all(ANSWER).ok()?;
    }
}

fn more(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 16 * 1024];
    let read = socket.read(&mut chunk).ok()?;
    buffer.extend_from_slice(&chunk[..read]);
    (read > 0).then_some(())
}

fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Events of a body: each names its transaction and its chain.
fn count(mut body: &[u8]) -> u64 {
    let mut found = 0;
    while let Some(place) = find(body, EVENT) {
        body = &body[place + EVENT.len()..];
        found += 1;
    }
    found / 2
}
