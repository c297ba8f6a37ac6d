//! Names and values as forms and queries write them.

/// A form, or the query of an address. Source: <https://url.spec.whatwg.org/#urlencoded-serializing>; a space is
/// `%20`, which reads the same in both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(String);

impl Form {
    /// With a further name and value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.escape(name);
        self.0.push('=');
        self.escape(value);
        self
    }

    /// With a further name, if there is a value.
    #[must_use]
    pub fn with_known(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// As it is sent.
    pub fn into_text(self) -> String {
        self.0
    }

    /// A form that was begun before.
    pub fn begun(text: &str) -> Self {
        Self(text.to_owned())
    }

    fn escape(&mut self, text: &str) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
                self.0.push(char::from(byte));
            } else {
                self.0.push('%');
                self.0.push(char::from(DIGITS[usize::from(byte >> 4)]));
                self.0.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_form_is_escaped() {
        let form = Form::begun("x=1")
            .with("ud[em]", "a b&c=é|*")
            .with_known("none", None)
            .with_known("y", Some("1:2"));
        assert_eq!(form.into_text(), "x=1&ud%5Bem%5D=a%20b%26c%3D%C3%A9%7C*&y=1%3A2");
    }
}
