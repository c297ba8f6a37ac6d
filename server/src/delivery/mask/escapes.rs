//! What an escape stands for: as writers of JSON, of addresses and forms, and of HTML escape characters.

/// What stands at the beginning of a text that begins with a mark.
#[derive(Debug, PartialEq, Eq)]
pub enum Escape {
    /// The escape of a character, so many bytes long.
    Of(char, usize),
    /// The beginning of one: the text ends in its middle.
    Cut,
    /// None.
    No,
}

/// A way to write: with which marks escapes begin, and what one stands for at the beginning of a text.
pub type Writing = (&'static [char], fn(&str) -> Escape);

/// Texts in JSON.
pub const JSON: Writing = (&['\\'], in_json);
/// Parts of addresses.
pub const ADDRESS: Writing = (&['%'], in_address);
/// Forms, in which a blank is a `+`.
pub const FORM: Writing = (&['%', '+'], in_form);
/// HTML and XML.
pub const HTML: Writing = (&['&'], in_html);

fn in_json(text: &str) -> Escape {
    let character = match text.as_bytes().get(1) {
        None => return Escape::Cut,
        Some(b'u') => return by_number(text),
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(byte @ (b'"' | b'\'' | b'/' | b'\\')) => char::from(*byte),
        Some(_) => return Escape::No,
    };
    Escape::Of(character, 2)
}

/// A number in UTF-16, or two.
fn by_number(text: &str) -> Escape {
    const LENGTH: usize = 6;
    let unit = |at: usize| digits(text.get(at..).unwrap_or_default(), "\\u", LENGTH - 2);
    let high = match unit(0) {
        Ok(high) => high,
        Err(escape) => return escape,
    };
    if let Some(character) = char::from_u32(high) {
        return Escape::Of(character, LENGTH);
    }
    let low = match unit(LENGTH) {
        Ok(low) => low,
        Err(escape) => return escape,
    };
    let units = [high, low].map(|unit| u16::try_from(unit).unwrap_or_default());
    match char::decode_utf16(units).next() {
        Some(Ok(character)) => Escape::Of(character, 2 * LENGTH),
        _ => Escape::No,
    }
}

/// The bytes of a character, each as `%` and two digits.
fn in_address(text: &str) -> Escape {
    const LENGTH: usize = 3;
    let mut bytes = Vec::with_capacity(4);
    loop {
        let rest = text.get(bytes.len() * LENGTH..).unwrap_or_default();
        match digits(rest, "%", LENGTH - 1) {
            Ok(byte) => bytes.push(u8::try_from(byte).unwrap_or_default()),
            Err(escape) => return escape,
        }
        match std::str::from_utf8(&bytes).map(|whole| whole.chars().next()) {
            Ok(Some(character)) => return Escape::Of(character, bytes.len() * LENGTH),
            Err(error) if error.error_len().is_none() => {}
            _ => return Escape::No,
        }
    }
}

fn in_form(text: &str) -> Escape {
    if text.starts_with('+') {
        Escape::Of(' ', 1)
    } else {
        in_address(text)
    }
}

/// A name or a number between `&` and `;`.
fn in_html(text: &str) -> Escape {
    /// As long as `#x10ffff`.
    const LONGEST: usize = 8;
    let is_within = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let length = text.bytes().skip(1).take(LONGEST).take_while(is_within).count();
    let (name, end) = (&text[1..=length], &text[1 + length..]);
    if end.is_empty() {
        return Escape::Cut;
    }
    let number = |name: &str| {
        let number = name.strip_prefix('#')?;
        let number = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        char::from_u32(number.ok()?)
    };
    let character = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => number(name),
    };
    match character.filter(|_| end.starts_with(';')) {
        Some(character) => Escape::Of(character, length + 2),
        None => Escape::No,
    }
}

/// The number that so many hexadecimal digits behind a mark are.
fn digits(text: &str, mark: &str, count: usize) -> Result<u32, Escape> {
    let Some(digits) = text.strip_prefix(mark) else {
        return Err(if mark.starts_with(text) {
            Escape::Cut
        } else {
            Escape::No
        });
    };
    let found = digits
        .bytes()
        .take(count)
        .take_while(u8::is_ascii_hexdigit)
        .count();
    match u32::from_str_radix(&digits[..found], 16) {
        Ok(number) if found == count => Ok(number),
        _ if found == digits.len() => Err(Escape::Cut),
        _ => Err(Escape::No),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_read_a_beginning_is_told_and_the_rest_left() {
        let grin = "\u{1f600}".chars().next().unwrap();
        for (writing, text, expected) in [
            (JSON, r"\n.", Escape::Of('\n', 2)),
            (JSON, r"\\n", Escape::Of('\\', 2)),
            (JSON, r"\u00EBx", Escape::Of('ë', 6)),
            (JSON, r"\ud83D\ude00", Escape::Of(grin, 12)),
            (JSON, r"\ud83d\ud83d", Escape::No),
            (JSON, r"\ud83d.", Escape::No),
            (JSON, r"\u00g0", Escape::No),
            (JSON, r"\x", Escape::No),
            (JSON, r"\ë", Escape::No),
            (JSON, r"\", Escape::Cut),
            (JSON, r"\u00e", Escape::Cut),
            (JSON, r"\ud83d\", Escape::Cut),
            (JSON, r"\ud83d\ude", Escape::Cut),
            (ADDRESS, "%2b", Escape::Of('+', 3)),
            (ADDRESS, "%C3%abx", Escape::Of('ë', 6)),
            (ADDRESS, "%F0%9F%98%80", Escape::Of(grin, 12)),
            (ADDRESS, "%C3x", Escape::No),
            (ADDRESS, "%ab", Escape::No),
            (ADDRESS, "%é0", Escape::No),
            (ADDRESS, "%", Escape::Cut),
            (ADDRESS, "%2", Escape::Cut),
            (ADDRESS, "%C3", Escape::Cut),
            (FORM, "+a", Escape::Of(' ', 1)),
            (FORM, "%20", Escape::Of(' ', 3)),
            (HTML, "&quot;x", Escape::Of('"', 6)),
            (HTML, "&#039;", Escape::Of('\'', 6)),
            (HTML, "&#X1F600;", Escape::Of(grin, 9)),
            (HTML, "&nbsp;", Escape::No),
            (HTML, "&#x110000;", Escape::No),
            (HTML, "&amp x", Escape::No),
            (HTML, "&;", Escape::No),
            (HTML, "& x", Escape::No),
            (HTML, "&", Escape::Cut),
            (HTML, "&am", Escape::Cut),
        ] {
            assert_eq!((writing.1)(text), expected, "{text}");
        }
    }
}
