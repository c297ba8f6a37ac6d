//! Reads a body as JSON, value by value.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Json, MAX_DEPTH, MAX_VALUES, Number, Object, Text};

/// The value that a body is.
pub fn read(body: &[u8]) -> Result<Json<'_>, serde_json::Error> {
    // All at once is quicker than text by text.
    let text = std::str::from_utf8(body).map_err(serde_json::Error::custom)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let (left, unread) = (Cell::new(MAX_VALUES), Cell::new(body));
    let outside = Place {
        depth: 0,
        left: &left,
        unread: &unread,
    };
    let value = outside.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Where a value stands: inside how many arrays and objects, how many more values the body may hold, and the
/// part of the body after the last number.
#[derive(Clone, Copy)]
struct Place<'c, 'de> {
    depth: usize,
    left: &'c Cell<usize>,
    unread: &'c Cell<&'de [u8]>,
}

impl<'de> Place<'_, 'de> {
    /// The number that has just been read, as text: the parser tells only its nearest float.
    fn number<E: Error>(self) -> Result<Json<'de>, E> {
        let (number, rest) = next_number(self.unread.get()).ok_or_else(|| E::custom("not a number"))?;
        self.unread.set(rest);
        Ok(Json::Number(Number(number)))
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        let depth = self.depth + 1;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_, 'de> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(Error::custom("too many values"));
        };
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_, 'de> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json<'de>, E> {
        self.number()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json<'de>, E> {
        self.number()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json<'de>, E> {
        self.number()
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let inside = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let inside = self.deeper()?;
        // Most bodies are an object of some fields. But one may hold very many objects that are empty.
        let mut fields = Vec::with_capacity(if self.depth == 0 { 16 } else { 0 });
        while let Some(Text(name)) = map.next_key()? {
            fields.push((name, map.next_value_seed(inside)?));
        }
        keep_last_of_each(&mut fields);
        Ok(Json::Object(Object(fields)))
    }
}

/// The first number in a part of a body that begins outside a string, and what follows it. Outside strings, only
/// numbers have digits and signs.
fn next_number(part: &[u8]) -> Option<(&str, &[u8])> {
    let mut rest = part;
    loop {
        let start = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9'))?;
        rest = &rest[start..];
        if rest[0] == b'"' {
            rest = after_string(&rest[1..])?;
            continue;
        }
        let within = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let end = rest.iter().position(|byte| !within(byte)).unwrap_or(rest.len());
        return Some((std::str::from_utf8(&rest[..end]).ok()?, &rest[end..]));
    }
}

/// What follows the quote that ends a string.
fn after_string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if rest[end] == b'"' {
            return Some(&rest[end + 1..]);
        }
        rest = rest.get(end + 2..)?;
    }
}

/// Drops all but the last of the fields that share a name. Small objects, the rule, are compared pair by
/// pair; large ones through a set, so that a body of many fields takes no quadratic time.
fn keep_last_of_each<'a>(fields: &mut Vec<(Cow<'a, str>, Json<'a>)>) {
    const SMALL: usize = 32;
    let repeated = |fields: &[(Cow<'a, str>, Json<'a>)]| -> bool {
        if fields.len() <= SMALL {
            return (1..fields.len()).any(|i| fields[..i].iter().any(|(name, _)| *name == fields[i].0));
        }
        let mut seen = HashSet::with_capacity(fields.len());
        !fields.iter().all(|(name, _)| seen.insert(name.as_ref()))
    };
    if !repeated(fields) {
        return;
    }
    let mut seen = HashSet::with_capacity(fields.len());
    fields.reverse();
    fields.retain(|(name, _)| seen.insert(name.clone()));
    fields.reverse();
}
