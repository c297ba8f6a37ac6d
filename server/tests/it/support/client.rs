//! A plain client of HTTP that blocks, so that a test knows what was sent and what came back.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a client waits for an answer: longer than the server ever takes.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// A client with one connection, which it keeps.
pub struct Client {
    address: SocketAddr,
    authorization: String,
    connection: Option<BufReader<TcpStream>>,
    patience: Duration,
}

/// What came back over the socket.
#[derive(Debug)]
pub struct Received {
    pub status: u16,
    pub retry_after: bool,
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct NoAnswer {
    pub error: Error,
    /// Had a part of the answer come?
    pub in_the_middle: bool,
}

impl Client {
    /// A client with this key.
    pub fn of(address: SocketAddr, key: &str) -> Self {
        Self {
            address,
            authorization: format!("Api-Key {key}"),
            connection: None,
            patience: ANSWER_LIMIT,
        }
    }

    /// A client of the administration.
    pub fn of_admin(address: SocketAddr, token: &str) -> Self {
        Self {
            address,
            authorization: format!("Bearer {token}"),
            connection: None,
            patience: ANSWER_LIMIT,
        }
    }

    /// The client, waiting so long for answers.
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub fn connect(&mut self) -> Result<&mut BufReader<TcpStream>, Error> {
        if self.connection.is_none() {
            let stream = TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(self.patience))?;
            self.connection = Some(BufReader::new(stream));
        }
        Ok(self.connection.as_mut().unwrap())
    }

    /// The request's bytes.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nAuthorization: {}\r\n",
            self.authorization
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += "Content-Type: application/json\r\n";
        }
        request + &format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Sends a request and waits for its answer.
    pub fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Received, NoAnswer> {
        let request = self.request(method, path, headers, body);
        self.send(&request)?;
        self.receive()
    }

    pub fn send(&mut self, request: &str) -> Result<(), NoAnswer> {
        let sent = self
            .connect()
            .and_then(|connection| connection.get_mut().write_all(request.as_bytes()));
        sent.map_err(|error| {
            self.connection = None;
            NoAnswer {
                error,
                in_the_middle: false,
            }
        })
    }

    pub fn receive(&mut self) -> Result<Received, NoAnswer> {
        let mut head = String::new();
        let received = match &mut self.connection {
            Some(connection) => receive(connection, &mut head),
            None => Err(ErrorKind::NotConnected.into()),
        };
        if received.is_err() || head.to_ascii_lowercase().contains("connection: close") {
            self.connection = None;
        }
        received.map_err(|error| NoAnswer {
            error,
            in_the_middle: !head.is_empty(),
        })
    }
}

fn receive(connection: &mut BufReader<TcpStream>, head: &mut String) -> Result<Received, Error> {
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(head)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let lower = head.to_ascii_lowercase();
    let header = |name: &str| {
        let mut lines = lower.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok(Received {
        status: lower[9..12].parse().unwrap(),
        retry_after: header("retry-after").is_some(),
        body: String::from_utf8(body).unwrap(),
    })
}
