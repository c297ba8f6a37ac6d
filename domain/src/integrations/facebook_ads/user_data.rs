//! What is known of the customer as a person, hashed as Meta compares it.
//!
//! Source: <https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters>
//! and the normalisation of Meta's Python SDK, read 2026-11.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::super::Customer;

/// A value in the form that Meta hashes, `None` where it is of no use.
type Normal = fn(&str) -> Option<String>;

/// How many hexadecimal digits a hash has.
const SHA256: usize = 64;
const MD5: usize = 32;

/// What Meta is told of the customer: names of its fields and hashes. Cities, states and postal codes are not among
/// what profiles hold.
pub fn known(customer: &Customer<'_>) -> impl Iterator<Item = (&'static str, String)> {
    let person = customer.person;
    let fields: [(&str, &str, Normal); 6] = [
        ("em", "email", email),
        ("ph", "phone_number", phone),
        ("fn", "first_name", plain),
        ("ln", "last_name", plain),
        ("ge", "gender", gender),
        ("db", "birthday", birthday),
    ];
    fields
        .into_iter()
        .filter_map(|(name, field, normal)| Some((name, hashed(person.text(field)?, normal)?)))
}

/// An id of the owner's, hashed. Only a SHA-256 is passed on: a UUID without hyphens is as long as an MD5.
pub fn external_id(id: &str) -> Option<String> {
    let id = plain(id)?;
    Some(if is_hex(&id, SHA256) { id } else { sha256(&id) })
}

/// The SHA-256 of a value in its normal form; a value that is a hash already is passed on.
fn hashed(value: &str, normal: Normal) -> Option<String> {
    if is_hex(value, SHA256) || is_hex(value, MD5) {
        return Some(value.to_ascii_lowercase());
    }
    Some(sha256(&normal(value)?))
}

fn is_hex(value: &str, length: usize) -> bool {
    value.len() == length && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn sha256(value: &str) -> String {
    let mut text = String::with_capacity(SHA256);
    for byte in Sha256::digest(value) {
        write!(text, "{byte:02x}").expect("a text takes everything");
    }
    text
}

fn plain(value: &str) -> Option<String> {
    let value = value.trim().to_lowercase();
    (!value.is_empty()).then_some(value)
}

/// Only what looks like `x@y.z`.
fn email(value: &str) -> Option<String> {
    let value = plain(value)?;
    let (user, host) = value.split_once('@')?;
    let (name, top) = host.rsplit_once('.')?;
    let is_address = [user, name, top].iter().all(|part| !part.is_empty())
        && !host.contains('@')
        && !value.contains(char::is_whitespace);
    is_address.then_some(value)
}

/// Digits with the code of the country.
fn phone(value: &str) -> Option<String> {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    plain(digits.trim_start_matches('0'))
}

fn gender(value: &str) -> Option<String> {
    plain(value).filter(|gender| ["f", "m"].contains(&gender.as_str()))
}

/// `19901210` of `1990-12-10`.
fn birthday(value: &str) -> Option<String> {
    plain(&value.replace('-', ""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::INTEGRATION;
    use super::*;
    use crate::integrations::samples::Case;

    #[test]
    fn values_are_brought_into_metas_form() {
        assert_eq!(email("  Ada@Example.COM ").unwrap(), "ada@example.com");
        for wrong in [
            "ada",
            "ada@example",
            "@example.com",
            "a@b@c.de",
            "a b@c.de",
            "a@.de",
        ] {
            assert_eq!(email(wrong), None, "{wrong}");
        }
        assert_eq!(phone("+46 (0)70-123 45").unwrap(), "4607012345");
        assert_eq!(phone("0049 30 1").unwrap(), "49301");
        assert_eq!((phone("none"), gender("o")), (None, None));
        assert_eq!(birthday("1990-12-10").unwrap(), "19901210");
        assert_eq!(plain(" Åsa ").unwrap(), "åsa");
    }

    #[test]
    fn hashes_are_lower_case_and_not_hashed_again() {
        let hash = hashed("ada@example.com", email).unwrap();
        assert_eq!(hash.len(), 64);
        assert_eq!(hashed(&hash, email).as_deref(), Some(hash.as_str()));
        let md5 = "0123456789abcdef0123456789abcdef";
        assert_eq!(hashed(md5, email).as_deref(), Some(md5));
        assert_eq!(hashed(&md5.to_uppercase(), email).as_deref(), Some(md5));
        // What is merely as long as a hash is none.
        for long in ["x".repeat(32), "x".repeat(64), format!("{}g", "0".repeat(63))] {
            assert_ne!(hashed(&long, plain).unwrap(), long);
        }
        // Source: FIPS 180-4, the example of one block.
        assert_eq!(
            hashed("ABC", plain).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn the_person_is_told_only_where_the_owner_says_so() {
        let case = |is_on: bool| Case {
            settings: json!({"facebook_app_id": "1", "send_hashed_user_data": is_on}),
            identifiers: json!({"facebook_anonymous_id": "XZ1"}),
            profile: json!({"email": "ada@example.com", "gender": "o", "first_name": "Ada"}),
            ..Case::of(&INTEGRATION)
        };
        let body = |is_on| case(is_on).request().body;
        let hash = hashed("ada@example.com", email).unwrap();
        let told = body(true);
        assert!(
            told.contains(&format!("&ud%5Bem%5D={hash}&ud%5Bfn%5D=")),
            "{told}"
        );
        assert!(!told.contains("ge%5D") && !body(false).contains("ud%5B"));
    }
}
