//! Percent-encoding: text as one part of an address's path or query. Source: RFC 3986, section 2.

use std::fmt::Write as _;

/// The text with every byte escaped that is not a letter, a digit or one of `-._~`.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes all that is written");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_means_something_in_an_address_is_escaped() {
        assert_eq!(encoded("cust-7781.a_b~C"), "cust-7781.a_b~C");
        assert_eq!(
            encoded("a/b?c=d&e+f g%#é"),
            "a%2Fb%3Fc%3Dd%26e%2Bf%20g%25%23%C3%A9"
        );
    }
}
