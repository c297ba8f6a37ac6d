//! Where nothing may be sent to: addresses inside the owner's network, and what stands for them.
//!
//! Source: IANA's registries of special-purpose addresses (RFC 6890 and later).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Names that stand for this machine or for a cloud's metadata, whatever they resolve to.
const NAMES: [&str; 4] = [
    "localhost",
    "metadata",
    "metadata.google.internal",
    "instance-data",
];

/// Is this an address of the public internet?
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Why nothing may be sent to this host, if it is an address or one of the names; what a further name resolves to is
/// looked at when the connection is made.
pub fn check_host(host: &str) -> Result<(), &'static str> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = bare.trim_end_matches('.').to_ascii_lowercase();
    if name.is_empty() {
        return Err("it names no host");
    }
    if NAMES.contains(&name.as_str()) || name.ends_with(".localhost") {
        return Err("the name stands for this machine or its provider");
    }
    // An address with a zone (`fe80::1%eth0`) leads to this machine's own networks.
    if name.contains('%') {
        return Err("it names a network of this machine");
    }
    let address = name.parse::<IpAddr>().ok();
    match address.or_else(|| loose_v4(&name).map(IpAddr::V4)) {
        Some(IpAddr::V6(address)) if is_translated(address) => Err("the address stands for another one"),
        Some(address) if !is_public(address) => Err("the address is private, loopback or reserved"),
        _ => Ok(()),
    }
}

/// Is it of the prefix under which NAT64 reaches addresses of the older kind? Nobody has to write one. But in a network
/// without such addresses every name of a third party resolves to one, so a resolver's answers are judged by what they
/// carry.
fn is_translated(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0x0064, 0xff9b, 0, 0, 0, 0, ..])
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    // Not set apart by anybody, but within Azure's network it is the platform, which tells machines their secrets.
    const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 240..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special && address != AZURE && !address.is_multicast()
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_public_v4(inner);
    }
    let parts = address.segments();
    // Only 2000::/3 is handed out; of it these are special.
    let is_global = parts[0] & 0xe000 == 0x2000;
    let is_special = matches!(
        parts,
        // IETF protocols, Teredo, benchmarks, ORCHID; documentation; 6to4; documentation; SRv6.
        [0x2001, 0x0000..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x2002, ..] | [0x3fff, ..] | [0x5f00, ..]
    );
    is_global && !is_special
}

/// The address of the older kind that a newer one carries: mapped, compatible, or translated (NAT64).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let is_carrier = matches!(
        [a, b, c, d, e, f],
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x0064, 0xff9b, 0, 0, 0, 0]
    );
    let [first, second] = high.to_be_bytes();
    let [third, fourth] = low.to_be_bytes();
    is_carrier.then(|| Ipv4Addr::new(first, second, third, fourth))
}

/// An address of the older kind as C's `inet_aton` reads it: one to four numbers, decimal, octal or hexadecimal, the
/// last of which fills what is left. Resolvers read these too.
fn loose_v4(name: &str) -> Option<Ipv4Addr> {
    let parts: Option<Vec<u32>> = name.split('.').map(number).collect();
    let parts = parts?;
    let (last, heads) = parts.split_last()?;
    if heads.len() > 3 || heads.iter().any(|part| *part > 255) {
        return None;
    }
    let bits = 8 * (4 - heads.len());
    if bits < 32 && *last >= 1_u32 << bits {
        return None;
    }
    let whole = heads.iter().enumerate();
    let whole = whole.fold(*last, |whole, (place, part)| whole | part << (24 - 8 * place));
    Some(Ipv4Addr::from(whole))
}

fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_hosts_are_let_through() {
        for host in [
            "example.com",
            "api2.amplitude.com",
            "8.8.8.8",
            "[2606:4700::1111]",
            "1.1.1.1.",
            "172.32.0.1",
            "100.128.0.1",
            "168.63.129.17",
            "xn--bcher-kva.example",
            "localhost.example.com",
        ] {
            assert_eq!(check_host(host), Ok(()), "{host}");
        }
    }

    #[test]
    fn what_a_name_resolves_to_may_be_translated_but_not_lead_inside() {
        for (address, expected) in [
            ("64:ff9b::808:808", true),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("64:ff9b:1::808:808", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn what_leads_inside_is_refused_in_every_way_to_write_it() {
        for host in [
            "",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "metadata.google.internal",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7F.1",
            "0177.0.0.1",
            "017700000001",
            "0",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "168.63.129.16",
            "0xa83f8110",
            "[::ffff:168.63.129.16]",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::808:808]",
            "[64:ff9b:1::1]",
            "[fe80::1]",
            "[fe80::1%25eth0]",
            "[fc00::1]",
            "[fd12::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[100::1]",
            "[5f00::1]",
        ] {
            assert!(check_host(host).is_err(), "{host}");
        }
    }
}
