//! The query of an address, or a form: names and values, escaped.

use std::fmt::{Display, Write as _};

/// Names and values in the order in which they were added. Without a question mark.
#[derive(Debug, Default)]
pub struct Query(String);

impl Query {
    /// Adds a name, which stands as it is, and its value.
    pub fn add(&mut self, name: &str, value: impl Display) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        // Writing to a text cannot fail.
        let _ = write!(Escaping(&mut self.0), "{value}");
    }

    /// As [`Self::add`], if there is a value.
    pub fn add_known(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The whole query.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Writes all but letters, digits and `-._~` as %XX. Source: RFC 3986, section 2.
struct Escaping<'a>(&'a mut String);

impl std::fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.0.push(char::from(byte));
            } else {
                self.0.push('%');
                self.0.push(char::from(DIGITS[usize::from(byte >> 4)]));
                self.0.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_what_is_not_known_is_left_out() {
        let mut query = Query::default();
        query.add("id", 7);
        query.add("text", "a b&c=é/{\"");
        query.add_known("none", None::<&str>);
        query.add_known("plain", Some("GPA.1-2_3~4"));
        assert_eq!(
            query.into_text(),
            "id=7&text=a%20b%26c%3D%C3%A9%2F%7B%22&plain=GPA.1-2_3~4"
        );
    }
}
