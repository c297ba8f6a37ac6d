//! Percent-encoding: forms, queries and parts of paths. All but letters, digits and `-._~` becomes %XX; a space too, so
//! that it is read alike everywhere. Source: RFC 3986, section 2; the URL Standard, "application/x-www-form-urlencoded".

use std::fmt::{Display, Write};

/// A form, or the query of an address without its question mark: names and values in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form(String);

impl Form {
    /// Adds a name and its value.
    pub fn add(&mut self, name: &str, value: impl Display) -> &mut Self {
        const INFALLIBLE: &str = "a text takes all that is written";
        self.separate();
        write!(Encoding(&mut self.0), "{name}").expect(INFALLIBLE);
        self.0.push('=');
        write!(Encoding(&mut self.0), "{value}").expect(INFALLIBLE);
        self
    }

    /// As [`Self::add`], if there is a value.
    pub fn add_known(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.add(name, value),
            None => self,
        }
    }

    /// Adds names and values that are encoded already.
    pub fn add_encoded(&mut self, pairs: &str) -> &mut Self {
        if !pairs.is_empty() {
            self.separate();
            self.0.push_str(pairs);
        }
        self
    }

    /// As it is sent.
    pub fn into_text(self) -> String {
        self.0
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
    }
}

/// A text as one part of a path, or one value of a form.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode(&mut out, text);
    out
}

/// Encodes what is written to it.
struct Encoding<'a>(&'a mut String);

impl Write for Encoding<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        encode(self.0, text);
        Ok(())
    }
}

fn encode(out: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_encoded_and_what_is_not_known_is_left_out() {
        let mut form = Form::default();
        form.add_encoded("").add_encoded("x=%20").add("id", 7);
        form.add("ud[em]", "a b&c=é|*{\"")
            .add_known("none", None::<&str>)
            .add_known("plain", Some("GPA.1-2_3~4"));
        assert_eq!(
            form.into_text(),
            "x=%20&id=7&ud%5Bem%5D=a%20b%26c%3D%C3%A9%7C%2A%7B%22&plain=GPA.1-2_3~4"
        );
    }

    #[test]
    fn all_that_means_something_in_a_path_is_encoded() {
        assert_eq!(encoded("cust-7781.a_b~C"), "cust-7781.a_b~C");
        assert_eq!(
            encoded("a/b?c=d&e+f g%#é"),
            "a%2Fb%3Fc%3Dd%26e%2Bf%20g%25%23%C3%A9"
        );
    }
}
