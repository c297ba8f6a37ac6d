//! A small HTTP client that waits: one connection, one request at a time.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The founding document's identifiers.
const NAMES: [&str; 13] = [
    "adjust_device_id",
    "airbridge_device_id",
    "amplitude_device_id",
    "amplitude_user_id",
    "appmetrica_device_id",
    "appmetrica_profile_id",
    "appsflyer_id",
    "branch_id",
    "facebook_anonymous_id",
    "firebase_app_instance_id",
    "mixpanel_user_id",
    "one_signal_subscription_id",
    "pushwoosh_hwid",
];

/// The call that is measured.
pub const IDENTIFIERS: &str = "/api/v2/server-side-api/integration/profile/set/integration-identifiers/";

/// A kept connection.
pub struct Client {
    connection: BufReader<TcpStream>,
}

impl Client {
    /// Opens a connection.
    pub fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let connection = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self {
            connection: BufReader::new(connection),
        })
    }

    /// As [`Self::connect`], for an answer that may take minutes.
    pub fn patient(address: SocketAddr) -> std::io::Result<Self> {
        let client = Self::connect(address)?;
        client
            .connection
            .get_ref()
            .set_read_timeout(Some(Duration::from_secs(600)))?;
        Ok(client)
    }

    /// Sends a GET and answers the body. `headers` are whole lines.
    pub fn get(&mut self, path: &str, headers: &str) -> std::io::Result<String> {
        self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
        ))
    }

    /// Sets the thirteen identifiers of a profile to values that end in `value`.
    pub fn set_identifiers(&mut self, key: &str, profile: u64, value: u64) -> std::io::Result<String> {
        let body = identifiers(profile, value);
        self.post(IDENTIFIERS, &profile_headers(key, profile), &body)
    }

    /// Reports a transaction of a profile.
    pub fn report(&mut self, key: &str, profile: u64, body: &str) -> std::io::Result<String> {
        let head = profile_headers(key, profile);
        self.post("/api/v2/server-side-api/purchase/set/transaction/", &head, body)
    }

    /// Sends a POST with JSON. `headers` are whole lines.
    pub fn post(&mut self, path: &str, headers: &str, body: &str) -> std::io::Result<String> {
        self.send("POST", path, headers, body)
    }

    /// Sends a PUT with JSON. `headers` are whole lines.
    pub fn put(&mut self, path: &str, headers: &str, body: &str) -> std::io::Result<String> {
        self.send("PUT", path, headers, body)
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> std::io::Result<String> {
        self.exchange(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn exchange(&mut self, request: &str) -> std::io::Result<String> {
        self.connection.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.connection.read_line(&mut line)?;
        let status = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            if self.connection.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.connection.read_exact(&mut body)?;
        if status != "200" {
            return Err(Error::other(format!("status {status}")));
        }
        String::from_utf8(body).map_err(Error::other)
    }
}

/// The headers that say who calls about which profile.
pub fn profile_headers(key: &str, profile: u64) -> String {
    format!("Authorization: Api-Key {key}\r\nadapty-customer-user-id: user-{profile}\r\n")
}

/// A body of thirteen identifiers.
pub fn identifiers(profile: u64, value: u64) -> String {
    let fields: Vec<_> = NAMES
        .iter()
        .map(|name| format!("\"{name}\":\"{name}-{value:010}-{profile}\""))
        .collect();
    format!("{{{}}}", fields.join(","))
}
