//! A port for the server.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which operating systems give ports to clients, so that nobody takes the port by chance while
/// the server restarts.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port of 127.0.0.1 that nobody listens on. Each call tries others; each process begins elsewhere.
pub fn free() -> Option<u16> {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    (0..COUNT)
        .map(|_| nth(std::process::id(), TRIED.fetch_add(1, Ordering::Relaxed)))
        .find(|port| is_free(*port))
}

fn nth(process: u32, tried: u16) -> u16 {
    let offset = (u64::from(process) * 97 + u64::from(tried)) % u64::from(COUNT);
    FIRST + u16::try_from(offset).expect("less than COUNT")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_calls_answer_different_ports() {
        assert_ne!(free().unwrap(), free().unwrap());
    }

    #[test]
    fn ports_stay_below_those_of_clients() {
        assert!(
            (0..1000)
                .map(|n| nth(u32::MAX, n))
                .all(|port| (20_000..32_000).contains(&port))
        );
    }
}
