//! The forms in which a value stands in requests and answers: as the writers of JSON, forms, addresses and HTML escape it.

use super::SHORTEST;

/// What writers of JSON escape beside what they have to, by default: PHP's, Go's, both together, Gson's and .NET's.
const IN_JSON: [&str; 5] = ["/", "&<>", "/&<>", "&<>='", "&<>+'"];
/// What stands in HTML in place of `"` and `'`: with Ruby and .NET, Python, Go, PHP, those who write XML, those who leave the
/// latter, and where both are left.
const QUOTES_IN_HTML: [[&str; 2]; 7] = [
    ["&quot;", "&#39;"],
    ["&quot;", "&#x27;"],
    ["&#34;", "&#39;"],
    ["&quot;", "&#039;"],
    ["&quot;", "&apos;"],
    ["&quot;", "'"],
    ["\"", "'"],
];

/// A value as it stands in JSON, in a form, in an address and in HTML; and the same with its white space drawn together, as
/// in the words of a verdict.
pub fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    // Most values have nothing that anybody escapes.
    if is_plain(value.as_bytes()) {
        return forms;
    }
    forms.extend(all_in_addresses(value));
    forms.extend(all_in_json(value));
    if has_special(value) {
        forms.extend(all_in_html(value));
    }
    let spaced = forms.iter().filter(|form| form.contains(char::is_whitespace));
    let drawn = spaced.map(|form| form.split_whitespace().collect::<Vec<_>>().join(" "));
    let drawn: Vec<_> = drawn.filter(|form| form.len() >= SHORTEST).collect();
    forms.extend(drawn);
    forms
}

/// Is there nothing in it that anybody escapes?
pub fn is_plain(value: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    value.iter().all(is_plain)
}

fn has_special(value: &str) -> bool {
    value.contains(['/', '&', '<', '>', '=', '+', '\'', '"'])
}

/// A value as writers of JSON write it, and as such JSON stands quoted in other JSON.
fn all_in_json(value: &str) -> Vec<String> {
    let least = in_json(value);
    let mut forms = vec![least.clone()];
    if has_special(value) {
        let all = IN_JSON.iter().flat_map(|which| {
            let lower = replaced(&least, which, |character| format!("\\u{character:04x}"));
            let upper = replaced(&least, which, |character| format!("\\u{character:04X}"));
            [lower, upper]
        });
        forms.extend(all);
    }
    let mut forms = and_in_ascii(forms);
    let escaped = forms.iter().filter(|form| form.contains('\\'));
    let quoted = and_in_ascii(escaped.map(|form| in_json(form)).collect());
    forms.extend(quoted);
    forms
}

/// The forms, and what they are in JSON that is kept to ASCII, as Python and PHP write it.
fn and_in_ascii(mut forms: Vec<String>) -> Vec<String> {
    for at in 0..forms.len() {
        if !forms[at].chars().all(is_plain_ascii) {
            forms.push(in_ascii(&forms[at], |unit| format!("\\u{unit:04x}")));
            forms.push(in_ascii(&forms[at], |unit| format!("\\u{unit:04X}")));
        }
    }
    forms
}

/// Does this stand as it is in such JSON?
fn is_plain_ascii(character: char) -> bool {
    character.is_ascii() && character != '\u{7f}'
}

/// The text with all that is not ASCII escaped by its numbers in UTF-16.
fn in_ascii(text: &str, by_number: impl Fn(u16) -> String) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if is_plain_ascii(character) {
            written.push(character);
        } else {
            written.extend(
                character
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| by_number(*unit)),
            );
        }
    }
    written
}

/// The text with these characters escaped by their numbers; `/` has a short form.
fn replaced(text: &str, which: &str, by_number: impl Fn(u32) -> String) -> String {
    which
        .chars()
        .fold(text.to_owned(), |text, character| match character {
            '/' => text.replace('/', r"\/"),
            _ => text.replace(character, &by_number(character.into())),
        })
}

/// As the value stands in JSON, without its quotes.
fn in_json(value: &str) -> String {
    let text = serde_json::to_string(value).expect("a text always serialises");
    text[1..text.len() - 1].to_owned()
}

/// A value as it stands in forms, in queries and in parts of paths.
fn all_in_addresses(value: &str) -> Vec<String> {
    let mut forms = vec![form_urlencoded::byte_serialize(value.as_bytes()).collect()];
    // Ours escape `*` and leave `~`.
    add(&mut forms, |form| form.replace("%7E", "~"));
    add(&mut forms, |form| form.replace('*', "%2A"));
    add(&mut forms, |form| form.replace('+', "%20"));
    add(&mut forms, |form| form.replace("%2F", "/"));
    add(&mut forms, in_lower_hexadecimals);
    forms
}

/// Adds what becomes of the forms, where that is another one.
fn add(forms: &mut Vec<String>, change: impl Fn(&str) -> String) {
    for at in 0..forms.len() {
        let changed = change(&forms[at]);
        if changed != forms[at] {
            forms.push(changed);
        }
    }
}

/// The same with `%2b` for `%2B`.
fn in_lower_hexadecimals(escaped: &str) -> String {
    let mut parts = escaped.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (digits, rest) = part.split_at(2);
        text + "%" + &digits.to_ascii_lowercase() + rest
    })
}

/// A value as writers of HTML write it.
fn all_in_html(value: &str) -> Vec<String> {
    // First of all, because the others hold it.
    let text = value.replace('&', "&amp;");
    let text = text.replace('<', "&lt;").replace('>', "&gt;");
    if !text.contains(['"', '\'']) {
        return vec![text];
    }
    let quoted = QUOTES_IN_HTML.iter();
    quoted
        .map(|[double, single]| text.replace('"', double).replace('\'', single))
        .collect()
}
