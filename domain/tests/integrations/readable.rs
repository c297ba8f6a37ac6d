//! Requests as people read them: JSON on many lines, forms and long queries decoded, a line for each field.

use serde_json::Value;

/// The longest query that stays as it is sent, in characters.
const LONGEST_QUERY: usize = 120;

/// An address; a long query is decoded below it.
pub fn address(url: &str) -> String {
    match url.split_once('?') {
        Some((path, query)) if query.len() > LONGEST_QUERY => format!("{path}?\n{}", fields(query)),
        _ => url.to_owned(),
    }
}

/// A body: JSON, or else a form.
pub fn body(body: &str) -> String {
    pretty(body).unwrap_or_else(|| fields(body))
}

fn fields(pairs: &str) -> String {
    let lines = pairs.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        let value = decode(value);
        // Numbers stay as they are: pretty ones would lose digits.
        let is_nested = value.starts_with(['{', '[']);
        let value = pretty(&value).filter(|_| is_nested).unwrap_or(value);
        format!("  {} = {}", decode(name), value.replace('\n', "\n  "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn pretty(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(serde_json::to_string_pretty(&value).unwrap())
}

/// What stands behind percent signs.
pub fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn fields_are_decoded_and_json_in_them_is_spread_out() {
    assert_eq!(
        body("a=x%20y&ud%5Bem%5D=%7B%22b%22%3A1%7D"),
        "  a = x y\n  ud[em] = {\n    \"b\": 1\n  }"
    );
    assert_eq!(address("https://a.example/x?y=1"), "https://a.example/x?y=1");
    let long = "z".repeat(LONGEST_QUERY);
    assert_eq!(
        address(&format!("https://a.example/x?y={long}")),
        format!("https://a.example/x?\n  y = {long}")
    );
}
