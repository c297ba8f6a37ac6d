//! JSON whose inner objects are texts that hold JSON, as some third parties want them.

use std::io::{Result, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use crate::integrations::mapping::text::{ROOM, into_text};

/// An object as JSON, each object in it as a text of JSON.
pub fn json_with_texts(value: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(ROOM);
    let mut serializer = Serializer::with_formatter(&mut text, InnerAsTexts { depth: 0 });
    value
        .serialize(&mut serializer)
        .expect("names are texts and no value can fail");
    into_text(text)
}

/// The depth of an inner object.
const INNER: usize = 2;

/// Escapes what stands in an inner object while it is written: to escape it afterwards takes as long again.
struct InnerAsTexts {
    /// In how many objects we are.
    depth: usize,
}

impl InnerAsTexts {
    fn quote(&self) -> &'static [u8] {
        if self.depth < INNER { b"\"" } else { b"\\\"" }
    }
}

impl Formatter for InnerAsTexts {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth += 1;
        writer.write_all(if self.depth == INNER { b"\"{" } else { b"{" })
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        let is_inner = self.depth == INNER;
        self.depth -= 1;
        writer.write_all(if is_inner { b"}\"" } else { b"}" })
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(self.quote())
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(self.quote())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> Result<()> {
        let mut escaped = Vec::new();
        CompactFormatter.write_char_escape(&mut escaped, escape)?;
        for byte in escaped {
            if self.depth >= INNER && matches!(byte, b'"' | b'\\') {
                writer.write_all(b"\\")?;
            }
            writer.write_all(&[byte])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn inner_objects_are_texts() {
        let object = json!({"a": {"b": "c"}, "d": {}, "e": [1, "f"]});
        assert_eq!(
            json_with_texts(&object),
            r#"{"a":"{\"b\":\"c\"}","d":"{}","e":[1,"f"]}"#
        );
    }

    proptest! {
        #[test]
        fn what_is_in_a_text_is_escaped_as_serde_json_does(name in ".*", text in ".*") {
            let inner = json!({&name: [&text, 1.5, {"deep": &text}], "text": &text});
            let outer = json!({"inner": inner.to_string(), "text": &text});
            let nested = json!({"inner": inner, "text": &text});
            prop_assert_eq!(json_with_texts(&nested), outer.to_string());
            prop_assert!(serde_json::from_str::<Value>(&json_with_texts(&nested)).is_ok());
        }
    }
}
