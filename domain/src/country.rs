//! Countries as the wire contract names them.

/// Is this two ASCII letters, the form of ISO 3166-1 alpha-2?
///
/// Only the form is checked: codes come and go, and an unknown country must never fail a write.
pub fn is_alpha2(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters() {
        for good in ["US", "de", "xk"] {
            assert!(is_alpha2(good), "{good}");
        }
        for bad in ["", "U", "USA", "U1", "1U", "ü", "U "] {
            assert!(!is_alpha2(bad), "{bad}");
        }
    }
}
