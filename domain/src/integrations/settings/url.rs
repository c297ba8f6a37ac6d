//! Addresses that operators give.

use std::net::Ipv6Addr;

/// The longest address, in characters.
const MAX_LENGTH: usize = 2_048;

/// What is wrong with `https://user:password@host`.
pub const NAMES_A_USER: &str = "must not name a user";

/// What keeps a text from being an address to send to: `http` or `https`, a host, and neither user nor fragment.
/// Stricter than browsers, so that every program reads it alike. Source: RFC 3986.
pub fn problem(text: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Some("must begin with https:// or http://");
    };
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Some("must begin with https:// or http://");
    }
    if text.len() > MAX_LENGTH {
        return Some("must have at most 2048 characters");
    }
    if text.contains('#') {
        return Some("must not have a fragment (#…)");
    }
    if !rest.bytes().all(is_allowed) {
        return Some("holds characters that have to be escaped as %XX");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(NAMES_A_USER);
    }
    if is_host_and_port(authority) {
        None
    } else {
        Some("must name a host, and a port from 1 to 65535 if it names one")
    }
}

/// As [`problem`], for an address that paths and queries are added to.
pub fn base_problem(text: &str) -> Option<&'static str> {
    let query = "must not have a query (?…): paths are added to it";
    problem(text).or_else(|| text.contains('?').then_some(query))
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)
}

fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address.parse::<Ipv6Addr>().is_ok(), None),
        Some((address, rest)) => match rest.strip_prefix(':') {
            Some(port) => (address.parse::<Ipv6Addr>().is_ok(), Some(port)),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (is_name(host), Some(port)),
            None => (is_name(authority), None),
        },
    };
    host && port.is_none_or(is_port)
}

fn is_name(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=253).contains(&host.len())
        && host.bytes().all(is_plain)
        && !host.starts_with('.')
        && !host.contains("..")
}

fn is_port(port: &str) -> bool {
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_are_taken() {
        for fine in [
            "https://example.com",
            "https://example.com/hooks?a=b&c=d%20e",
            "http://localhost:8080/",
            "HTTPS://EXAMPLE.com./a:b@c/~x",
            "https://xn--bcher-kva.example/",
            "http://127.0.0.1:1/x",
            "http://[::1]:65535/x",
            "https://[2001:db8::1]?x",
            "https://my_service.internal/$(x)',;!*[]",
        ] {
            assert_eq!(problem(fine), None, "{fine}");
        }
    }

    #[test]
    fn what_paths_are_added_to_has_no_query() {
        assert_eq!(base_problem("https://proxy.example/prefix/"), None);
        for wrong in [
            "https://proxy.example/?",
            "https://proxy.example?key=1",
            "proxy.example",
        ] {
            assert!(base_problem(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        let of_length = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
        assert_eq!(problem(&of_length(2_048)), None);
        let long = of_length(2_049);
        for wrong in [
            "example.com",
            "//example.com",
            "ftp://example.com",
            "javascript://example.com",
            "https:/example.com",
            "https://",
            "https:///x",
            "https://?x",
            "https://user@example.com",
            "https://user:password@example.com/",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:+80",
            "https://example.com:",
            "https://a:b:c/",
            "https://::1/",
            "https://[::1",
            "https://[::1]x",
            "https://[x]/",
            "https://.example.com",
            "https://a..b/",
            "https://exa mple.com",
            "https://example.com/ ",
            " https://example.com",
            "https://example.com/\n",
            "https://example.com/\0",
            "https://bücher.example/",
            "https://example.com\\@evil.example/",
            "https://example.com/#x",
            "https://example.com/{x}",
            "https://ex%61mple.com/",
            &long,
        ] {
            assert!(problem(wrong).is_some(), "{wrong:?}");
        }
    }
}
