//! Long texts that are much alike, events and requests, in a third of their room.
//!
//! A packed text is the number of its dictionary (one byte), its length (four bytes, the lowest first) and a block of
//! LZ4. What many texts have in common is in the dictionary and not in each of them. Dictionaries are never changed;
//! a better one gets the next number.

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_with_dict, uncompressed_size};

use super::StoreError;

/// By their numbers, from 1.
const DICTIONARIES: [&[u8]; 3] = [
    include_bytes!("packed/1.txt"),
    include_bytes!("packed/2.txt"),
    include_bytes!("packed/3.txt"),
];
/// No text of ours is longer.
const MAX_LENGTH: usize = 16 << 20;

/// What a long text is: what it has in common with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// An event in the form of the webhook.
    Event,
    /// A request as it is kept: JSON with a body that is JSON in a string, as a rule.
    Request,
}

impl TextKind {
    /// The number of the dictionary that such texts are packed with now.
    fn dictionary(self) -> u8 {
        match self {
            Self::Event => 2,
            Self::Request => 3,
        }
    }
}

/// Packs a text.
pub(super) fn pack(text: &str, kind: TextKind) -> Vec<u8> {
    let number = kind.dictionary();
    let packed = compress_prepend_size_with_dict(text.as_bytes(), DICTIONARIES[usize::from(number) - 1]);
    [&[number], packed.as_slice()].concat()
}

/// The text again.
pub(super) fn unpack(packed: &[u8]) -> Result<String, StoreError> {
    read(packed).ok_or_else(|| StoreError::Corrupt("a packed text cannot be read".into()))
}

fn read(packed: &[u8]) -> Option<String> {
    let (number, packed) = packed.split_first()?;
    let dictionary = DICTIONARIES.get(usize::from(*number).checked_sub(1)?)?;
    let (length, block) = uncompressed_size(packed).ok()?;
    if length > MAX_LENGTH {
        return None;
    }
    let text = decompress_with_dict(block, length, dictionary).ok()?;
    (text.len() == length).then(|| String::from_utf8(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn events_take_a_third_of_their_room() {
        const EVENT: &str = include_str!("../../../domain/tests/golden/events/subscription_started.json");
        let text = EVENT.lines().map(str::trim_start).collect::<String>();
        let text = text.replace("\": ", "\":");
        let packed = pack(&text, TextKind::Event);
        assert!(
            packed.len() * 3 < text.len(),
            "{} of {}",
            packed.len(),
            text.len()
        );
        assert_eq!(unpack(&packed).unwrap(), text);
    }

    #[test]
    fn requests_take_two_fifths_of_their_room() {
        const EVENT: &str = include_str!("../../../domain/tests/golden/events/subscription_started.json");
        let event: serde_json::Value = serde_json::from_str(EVENT).unwrap();
        let headers = json!({"authorization": "Bearer", "content-type": "application/json", "accept": "*/*"});
        let request = json!({"method": "POST", "url": "https://a.example/hook", "headers": headers,
            "body": event.to_string()});
        let text = request.to_string();
        let packed = pack(&text, TextKind::Request);
        assert!(
            packed.len() * 5 < text.len() * 2,
            "{} of {}",
            packed.len(),
            text.len()
        );
        assert_eq!(unpack(&packed).unwrap(), text);
    }

    /// Were a dictionary another one, nothing that is stored could be read.
    #[test]
    fn what_was_packed_once_is_read_for_ever() {
        for packed in PACKED {
            assert_eq!(unpack(&hex(packed)).unwrap(), TEXT);
        }
        assert_eq!(DICTIONARIES.map(<[u8]>::len), [3_683, 3_924, 3109]);
    }

    const TEXT: &str =
        r#"{"event_type":"trial_started","event_properties":{"store":"app_store","price_usd":1.5}}"#;
    /// With each dictionary.
    const PACKED: [&str; 3] = [
        "0157000000137bb40c02710203720801e40b07ca060a530d0190020b970c025104a0757364223a312e357d7d",
        "0257000000137b620202ba030328046073746172746513020025030c9a0701b40300ab0e07890d028405a0757364223a312e357d7d",
        "0357000000137b3b03034500f300747269616c5f73746172746564222c1d0006ef0832223a7bf50471223a226170705fb70435222c22810670223a312e357d7d",
    ];

    fn hex(text: &str) -> Vec<u8> {
        let bytes = text.as_bytes().chunks(2);
        let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
        bytes.map(byte).collect()
    }

    #[test]
    fn what_is_not_packed_is_refused() {
        let packed = pack(TEXT, TextKind::Event);
        let mut other = packed.clone();
        other[0] = 4;
        let mut huge = packed.clone();
        huge[4] = 0xff;
        let none = [&[0], &packed[1..]].concat();
        for wrong in [
            &packed[..4],
            &packed[..packed.len() - 1],
            &other,
            &none,
            &huge,
            b"",
        ] {
            assert!(matches!(unpack(wrong), Err(StoreError::Corrupt(_))));
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in ".{0,3000}") {
            for kind in [TextKind::Event, TextKind::Request] {
                prop_assert_eq!(unpack(&pack(&text, kind)).unwrap(), text.as_str());
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(
            number in 0..=4_u8, bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = unpack(&[&[number, 50, 0, 0, 0], bytes.as_slice()].concat());
        }
    }
}
