//! Addresses that must not be reached: every range that is not of the public internet, in every way to write it.

use std::net::Ipv4Addr;

/// Addresses of blocked ranges, each with whose it is: first ones, middle ones, last ones. Those of this machine come
/// from [`HERE`].
const BLOCKED: [(&str, &str); 27] = [
    ("0.1.2.3", "this network"),
    ("10.0.0.1", "private"),
    ("10.255.255.254", "private"),
    ("100.64.0.1", "shared"),
    ("100.127.255.254", "shared"),
    ("169.254.0.1", "link-local"),
    ("169.254.169.254", "metadata"),
    ("169.254.170.2", "metadata of containers"),
    ("172.16.0.1", "private"),
    ("172.31.255.254", "private"),
    ("192.0.0.1", "protocols"),
    ("192.0.0.192", "metadata"),
    ("192.0.2.1", "documentation"),
    ("192.88.99.1", "6to4 relays"),
    ("192.168.0.1", "private"),
    ("192.168.255.254", "private"),
    ("198.18.0.1", "benchmarks"),
    ("198.19.255.254", "benchmarks"),
    ("198.51.100.7", "documentation"),
    ("203.0.113.7", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("240.0.0.1", "reserved"),
    ("250.1.2.3", "reserved"),
    ("254.1.2.3", "reserved"),
    ("255.255.255.254", "reserved"),
    ("255.255.255.255", "broadcast"),
];

/// Addresses of this machine.
const HERE: [&str; 5] = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1.2.3",
    "127.255.255.254",
    "0.0.0.0",
];

/// Addresses of the newer kind.
const BLOCKED_V6: [&str; 28] = [
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0.0.0.1]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fdff::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[100::1]",
    "[100:0:0:1::1]",
    "[2001::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1:fffe::a00:1]",
    "[4000::1]",
    "[e000::1]",
];

/// Names that stand for this machine or for a provider's metadata.
const NAMES: [&str; 14] = [
    "localhost",
    "LOCALHOST",
    "LocalHost",
    "localhost.",
    "LOCALHOST.",
    "a.localhost",
    "a.b.localhost.",
    "metadata",
    "metadata.",
    "metadata.google.internal",
    "METADATA.google.internal",
    "metadata.google.internal.",
    "instance-data",
    "Instance-Data.",
];

/// Names of which nothing is known before they are resolved; the tests let them lead to this machine.
const RESOLVED: [&str; 8] = [
    "example.com",
    "localtest.me",
    "127.0.0.1.nip.io",
    "www.127-0-0-1.sslip.io",
    "xn--bcher-kva.example",
    "a_b.example",
    "127.0.0.1.example.",
    "1.example",
];

/// Every way to write an address of the older kind.
fn written(address: &str) -> Vec<String> {
    let ip: Ipv4Addr = address.parse().expect("the tables hold addresses");
    let [a, b, c, d] = ip.octets();
    let whole = u32::from(ip);
    let (low_two, low_three) = (whole & 0xffff, whole & 0x00ff_ffff);
    vec![
        format!("{a}.{b}.{c}.{d}"),
        format!("{a}.{b}.{c}.{d}."),
        format!("{whole}"),
        format!("0x{whole:x}"),
        format!("0X{whole:08X}"),
        format!("0{whole:o}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000{a:o}.0{b:o}.{c}.{d}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0x{a:02X}.{b}.0{c:o}.{d}"),
        format!("{a}.{low_three}"),
        format!("{a}.{b}.{low_two}"),
        format!("0x{a:x}.{low_three}."),
        format!("[::ffff:{address}]"),
        format!("[::ffff:{:x}:{:x}]", whole >> 16, low_two),
        format!("[0:0:0:0:0:FFFF:{address}]"),
        format!("[::{address}]"),
        format!("[64:ff9b::{address}]"),
        format!("[64:ff9b::{:x}:{:x}]", whole >> 16, low_two),
        format!("[::ffff:0:{address}]"),
        format!("[2002:{:x}:{:x}::]", whole >> 16, low_two),
    ]
}

/// Every way to write the addresses that lead out of this machine.
pub fn blocked_v4() -> impl Iterator<Item = (&'static str, &'static str)> {
    BLOCKED.into_iter()
}

/// Names of which nothing is known before they are resolved.
pub fn resolved() -> impl Iterator<Item = &'static str> {
    RESOLVED.into_iter()
}

/// Hosts that are refused before anything is resolved.
pub fn hosts() -> Vec<String> {
    let v4 = BLOCKED.iter().map(|(address, _)| *address).chain(HERE);
    let mut hosts: Vec<_> = v4.flat_map(written).collect();
    hosts.extend(BLOCKED_V6.iter().chain(&NAMES).map(|host| (*host).to_owned()));
    hosts
}

/// Addresses that are no usual ones: with users, zones, letters of elsewhere, other schemes and ports.
pub fn odd_urls(port: u16) -> Vec<String> {
    let at = |text: &str| text.replace("PORT", &port.to_string());
    [
        "http://user@127.0.0.1:PORT/",
        "http://user:password@127.0.0.1:PORT/",
        "http://example.com@127.0.0.1:PORT/",
        "http://example.com:80@127.0.0.1:PORT/",
        "http://example.com%40127.0.0.1:PORT/",
        "http://127.0.0.1:PORT@127.0.0.1:PORT/",
        "http://127.0.0.1:PORT\\@example.com/",
        "http://example.com\\@127.0.0.1:PORT/",
        "http://127.0.0.1:PORT#@example.com/",
        "http://127.0.0.1:PORT?@example.com/",
        "http://[fe80::1%25eth0]:PORT/",
        "http://[fe80::1%eth0]:PORT/",
        "http://[::1%25lo]:PORT/",
        "http://[::1%lo]:PORT/",
        "http://[::1%250]:PORT/",
        "http://127。0。0。1:PORT/",
        "http://①②⑦.⓪.⓪.①:PORT/",
        "http://１２７.０.０.１:PORT/",
        "http://ⓛocalhost:PORT/",
        "http://loc\u{ad}alhost:PORT/",
        "http://localhost\u{200b}:PORT/",
        "http://ｌｏｃａｌｈｏｓｔ:PORT/",
        "http://127.0.0.1\u{ff0e}:PORT/",
        "http://%31%32%37.0.0.1:PORT/",
        "http://127.0.0.%31:PORT/",
        "http://localhos%74:PORT/",
        "http://127.0.0.1%00.example.com:PORT/",
        "http://127.0.0.1%20:PORT/",
        "http://127.0.0.1 .example.com:PORT/",
        "http://127.0.0.1\t:PORT/",
        "http://127.0.0.1\r\nhost: example.com:PORT/",
        " http://127.0.0.1:PORT/",
        "http:127.0.0.1:PORT/",
        "http:/127.0.0.1:PORT/",
        "http:///127.0.0.1:PORT/",
        "http:\\\\127.0.0.1:PORT/",
        "//127.0.0.1:PORT/",
        "127.0.0.1:PORT",
        "localhost:PORT",
        "ftp://127.0.0.1:PORT/",
        "file:///etc/passwd",
        "file://127.0.0.1/etc/passwd",
        "gopher://127.0.0.1:PORT/_x",
        "dict://127.0.0.1:PORT/x",
        "ldap://127.0.0.1:PORT/",
        "ws://127.0.0.1:PORT/",
        "unix:/var/run/docker.sock",
        "data:text/plain,x",
        "javascript:alert(1)",
        "http+unix://%2fvar%2frun%2fx/",
        "http://127.0.0.1:PORT:80/",
        "http://127.0.0.1:0PORT/",
        "http://127.0.0.1:+PORT/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:/",
        "http://.127.0.0.1:PORT/",
        "http://127..0.0.1:PORT/",
        "http://127.0.0.1..:PORT/",
        "http://127.0.0.0.1:PORT/",
        "http://256.0.0.1:PORT/",
        "http://0x7f.0.0.0x1:PORT/",
        "http://0x100000000000000007f000001:PORT/",
        "http://4294967297:PORT/",
        "http://[127.0.0.1]:PORT/",
        "http://[[::1]]:PORT/",
        "http://[::1]]:PORT/",
        "http://::1:PORT/",
        "http://[::ffff:127.0.0.1:PORT/",
        "http://[::ffff:0x7f000001]:PORT/",
        "http://[v1.127.0.0.1]:PORT/",
        "http://",
        "http://:PORT/",
        "https://:PORT/",
        "http://@:PORT/",
        "http://.:PORT/",
        "http://..:PORT/",
        "",
    ]
    .map(at)
    .into()
}

/// All of them, as addresses to send to.
pub fn urls_of(port: u16) -> Vec<String> {
    let resolved = RESOLVED.iter().map(|host| (*host).to_owned());
    let all = hosts().into_iter().chain(resolved);
    let mut urls: Vec<_> = all.map(|host| format!("http://{host}:{port}/")).collect();
    urls.extend(
        hosts()
            .iter()
            .step_by(7)
            .map(|host| format!("https://{host}:{port}/hook?x=y")),
    );
    urls.extend(odd_urls(port));
    urls
}
