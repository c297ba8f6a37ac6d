//! What the secrets of integrations, and texts like these, must look like.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How a signing secret begins.
const SIGNING_PREFIX: &str = "whsec_";
/// The longest value of a header, in bytes.
const MAX_HEADER: usize = 4_096;

/// What keeps a text from being a key, a token or a name there: nothing but its length and control characters.
pub fn any_text(text: &str) -> Option<&'static str> {
    const MOST: usize = 4_096;
    if text.len() > MOST {
        Some("must have at most 4096 bytes")
    } else if text.chars().any(char::is_control) || text.trim() != text {
        Some("must not hold control characters or begin or end with a space")
    } else {
        None
    }
}

/// What keeps a text from being the value of a header, byte for byte. Source: RFC 9110, section 5.5.
pub fn header_problem(text: &str) -> Option<&'static str> {
    let is_plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if text.len() > MAX_HEADER {
        Some("must have at most 4096 characters")
    } else if !is_plain || text.trim() != text {
        Some("must be visible ASCII characters, with spaces only between them")
    } else {
        None
    }
}

/// What keeps a text from being a signing secret. Source: Standard Webhooks, "Signature scheme".
pub fn signing_problem(text: &str) -> Option<&'static str> {
    match signing_key(text) {
        Some(_) => None,
        None => Some("must be `whsec_` and then 24 to 64 bytes in base64"),
    }
}

/// The bytes to sign with, if it is a signing secret.
pub fn signing_key(text: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(text.strip_prefix(SIGNING_PREFIX)?).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_visible_ascii() {
        for fine in ["Bearer abc", "x", "Basic dTpw=", "a  b", "~!"] {
            assert_eq!(header_problem(fine), None, "{fine}");
        }
        assert_eq!(header_problem(&"x".repeat(4_096)), None);
        let long = "x".repeat(4_097);
        for wrong in [" x", "x ", "a\nb", "a\tb", "\0", "é", &long] {
            assert!(header_problem(wrong).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn a_signing_secret_holds_24_to_64_bytes() {
        let of_length = |length: usize| format!("whsec_{}", STANDARD.encode(vec![7; length]));
        for length in [24, 25, 32, 64] {
            let secret = of_length(length);
            assert_eq!(signing_key(&secret), Some(vec![7; length]));
            assert_eq!(signing_problem(&secret), None);
        }
        let bare = STANDARD.encode([7; 32]);
        let cases = [
            of_length(23),
            of_length(65),
            bare,
            "whsec_".into(),
            "whsec_?".into(),
        ];
        for wrong in cases {
            assert!(signing_problem(&wrong).is_some(), "{wrong}");
        }
    }
}
