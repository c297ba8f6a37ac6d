//! `bursar healthcheck`: asks a server on this machine whether it is ready. For containers, which have no curl.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::{Failure, print};
use crate::config::Config;

/// How long the server may take for each step: to connect, to take the question, to answer it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks `/readyz` at the configured address of the API. Fails unless the answer is 200.
pub fn run(config: &Config) -> Result<(), Failure> {
    let address = reachable(config.listen);
    let line = ask(address).map_err(|error| format!("the server at {address} does not answer: {error}"))?;
    match line.split(' ').nth(1) {
        Some("200") => Ok(print::line("ready")?),
        _ => Err(format!("the server at {address} is not ready: {}", line.trim_end()).into()),
    }
}

/// Where a server that listens there can be reached from this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The first line of the answer, as `HTTP/1.1 200 OK`.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let question = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_on_this_machine() {
        let asked = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(asked("[::]:8080"), "[::1]:8080");
        assert_eq!(asked("10.0.0.1:8080"), "10.0.0.1:8080");
    }
}
