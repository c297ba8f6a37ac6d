//! JSON as text, and texts cut to a length.

use serde::Serialize;

use crate::integrations::Record;

/// Most events fit, so that their text is not moved while it grows.
pub const ROOM: usize = 1_024;

/// JSON as text.
pub fn json(value: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(ROOM);
    push_json(&mut text, value);
    into_text(text)
}

fn push_json(text: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(text, value).expect("names are texts and no value can fail");
}

pub fn into_text(json: Vec<u8>) -> String {
    String::from_utf8(json).expect("JSON is UTF-8")
}

/// An object that is JSON already with a further member in front, such as a key that records do not hold.
pub fn with_member(name: &str, value: &impl Serialize, object: &str) -> String {
    /// For the member, if it is a usual one.
    const ROOM: usize = 128;
    let rest = object.strip_prefix('{').unwrap_or(object);
    let mut member = Vec::with_capacity(ROOM + object.len());
    member.push(b'{');
    push_json(&mut member, &name);
    member.push(b':');
    push_json(&mut member, value);
    let mut text = into_text(member);
    if rest != "}" {
        text.push(',');
    }
    text.push_str(rest);
    text
}

/// Records, each changed, as a JSON array.
pub fn list<'a, T: AsRef<str>>(records: &'a [Record], change: impl Fn(&'a str) -> T) -> String {
    let size: usize = records.iter().map(|record| record.body.len() + 1).sum();
    let mut text = String::with_capacity(size + 128);
    for record in records {
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(change(&record.body).as_ref());
    }
    text.push(']');
    text
}

/// A text cut to so many characters.
pub fn cut(text: &str, characters: usize) -> &str {
    if text.len() <= characters {
        return text;
    }
    match text.char_indices().nth(characters) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_put_in_front() {
        assert_eq!(with_member("a", &"\"", r#"{"b":1}"#), r#"{"a":"\"","b":1}"#);
        assert_eq!(with_member("a", &1, "{}"), r#"{"a":1}"#);
    }

    #[test]
    fn records_become_an_array() {
        let records = ["1", "{}", "3"].map(|body| Record {
            route: String::new(),
            body: body.into(),
        });
        assert_eq!(list(&records, |body| body), "[1,{},3]");
        assert_eq!(list(&records[..1], |body| format!("[{body}]")), "[[1]]");
    }
}
