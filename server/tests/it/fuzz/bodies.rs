//! Bodies from a route's own schema, with mistakes.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::support::random::Random;

/// A value that fits the schema most of the time.
pub fn value(random: &mut Random, strings: &[String], schema: &Value, depth: usize) -> Value {
    if random.in_hundred(6) || depth > 6 {
        return anything(random, strings, depth);
    }
    if let Some(Value::Array(choices)) = schema.get("enum") {
        return random.pick(choices).clone();
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let mut object = Map::new();
        for (name, schema) in properties {
            if random.in_hundred(if properties.len() < 4 { 90 } else { 30 }) {
                object.insert(name.clone(), value(random, strings, schema, depth + 1));
            }
        }
        if random.in_hundred(10) {
            let name = random.pick(strings).clone();
            object.insert(name, anything(random, strings, depth + 1));
        }
        return Value::Object(object);
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => random.pick(kinds).clone(),
        Some(kind) => kind.clone(),
        None => return anything(random, strings, depth),
    };
    match kind.as_str().unwrap_or_default() {
        "string" => text(random, strings, schema),
        "array" => {
            let count = random.below(6);
            let items = schema.get("items").unwrap_or(&Value::Null);
            (0..count)
                .map(|_| value(random, strings, items, depth + 1))
                .collect()
        }
        "integer" => json!(random.below(5)),
        "number" => number(random),
        "boolean" => json!(random.in_hundred(50)),
        "null" => Value::Null,
        _ => anything(random, strings, depth),
    }
}

fn text(random: &mut Random, strings: &[String], schema: &Value) -> Value {
    if random.in_hundred(10) {
        return json!("x".repeat(random.below(1_100)));
    }
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    match format {
        "uuid" => json!(format!("00000000-0000-4000-8000-{:012x}", random.below(40))),
        "email" => json!("a@b.cd"),
        "ipv4" => json!("1.2.3.4"),
        "date" => json!(format!(
            "20{:02}-{:02}-{:02}",
            random.below(99),
            random.below(14),
            random.below(33)
        )),
        _ if schema.get("pattern").is_some() => json!(["aa", "k1", "DE"][random.below(3)]),
        _ => json!(random.pick(strings)),
    }
}

fn number(random: &mut Random) -> Value {
    let any = f64::from_bits(random.next());
    match random.below(4) {
        0 if any.is_finite() => json!(any),
        1 => json!(random.next()),
        2 => json!(-1),
        _ => json!(random.below(100)),
    }
}

/// A value of any kind.
pub fn anything(random: &mut Random, strings: &[String], depth: usize) -> Value {
    match random.below(if depth > 6 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(random.in_hundred(50)),
        2 | 3 => number(random),
        4 => json!(random.pick(strings)),
        5 => (0..random.below(4))
            .map(|_| anything(random, strings, depth + 1))
            .collect(),
        _ => (0..random.below(4))
            .map(|_| (random.pick(strings).clone(), anything(random, strings, depth + 1)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// Breaks bytes: flips, cuts, repeats, inserts, nests.
pub fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        let at = random.below(bytes.len());
        let upto = at + random.below((bytes.len() - at).min(40) + 1);
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..upto)),
            3 => {
                let part = bytes[at..upto].to_vec();
                bytes.splice(at..at, part.repeat(random.below(20)));
            }
            4 => bytes.insert(at, u8::try_from(random.below(256)).unwrap()),
            5 => {
                let depth = random.below(200);
                bytes.splice(at..at, b"[".repeat(depth));
            }
            _ => {
                let tokens: [&[u8]; 8] = [
                    b"\\u0000", b"\\ud800", b"1e400", b"-", b",,", b"\"", b"{\"a\":", b"\xff",
                ];
                bytes.splice(at..at, random.pick(&tokens).iter().copied());
            }
        }
    }
}

/// Compresses, as a client would.
pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}
