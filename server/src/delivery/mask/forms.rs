//! The forms in which a value stands in requests and answers: as the writers of JSON, forms, addresses and HTML escape it.

use super::SHORTEST;

/// What writers of JSON escape beside what they have to, by default: PHP's, Go's, both together, Gson's and .NET's.
const IN_JSON: [&str; 5] = ["/", "&<>", "/&<>", "&<>='", "&<>+'"];
/// What stands in HTML in place of a character; `&` comes first, because the others hold it.
const IN_HTML: [(char, &str); 5] = [
    ('&', "&amp;"),
    ('<', "&lt;"),
    ('>', "&gt;"),
    ('"', "&quot;"),
    ('\'', "&#39;"),
];

/// A value as it stands in JSON, in a form, in an address and in HTML; and the same with its white space drawn together, as
/// in the words of a verdict.
pub fn forms(value: &str) -> Vec<String> {
    let escaped = escaped(value);
    let in_address = escaped.replace('+', "%20");
    let mut forms = vec![value.to_owned(), escaped, in_address];
    forms.extend(all_in_json(value));
    // Most values have nothing that only some escape.
    if has_special(value) {
        let in_html = IN_HTML.iter();
        forms.push(in_html.fold(value.to_owned(), |text, (character, entity)| {
            text.replace(*character, entity)
        }));
    }
    let spaced = forms.iter().filter(|form| form.contains(char::is_whitespace));
    let drawn = spaced.map(|form| form.split_whitespace().collect::<Vec<_>>().join(" "));
    let drawn: Vec<_> = drawn.filter(|form| form.len() >= SHORTEST).collect();
    forms.extend(drawn);
    forms
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

/// As the value stands in a form or a query.
fn escaped(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
