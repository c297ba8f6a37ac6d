//! Texts in forms and in paths of addresses. Source: RFC 3986, section 2; the URL Standard,
//! "application/x-www-form-urlencoded".

/// The body of a form, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form(String);

impl Form {
    /// Without fields, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Adds a field. The name must not need escapes.
    pub fn field(&mut self, name: &str, value: &str) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        escape(&mut self.0, value);
        self
    }

    /// Adds a field, if its value is known.
    pub fn known(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds fields that are escaped already.
    pub fn fields(&mut self, escaped: &str) -> &mut Self {
        if !self.0.is_empty() && !escaped.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(escaped);
        self
    }

    /// The body.
    pub fn into_body(self) -> String {
        self.0
    }
}

/// A text as one part of a path.
pub fn path_part(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape(&mut escaped, text);
    escaped
}

/// A space becomes `%20`, never `+`: so it is read alike in forms, queries and paths.
fn escape(out: &mut String, text: &str) {
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
    fn all_but_plain_characters_are_escaped() {
        let mut form = Form::with_capacity(0);
        form.field("a", "x&y=z +é~")
            .known("none", None)
            .known("b", Some("1.5"));
        form.fields("").fields("c=%20");
        assert_eq!(form.into_body(), "a=x%26y%3Dz%20%2B%C3%A9~&b=1.5&c=%20");
        assert_eq!(path_part("com.example/app"), "com.example%2Fapp");
    }
}
