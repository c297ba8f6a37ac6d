//! JSON for people: one value a line, in its own order and with its own digits.

/// Lays out compact JSON. Nothing but space is added.
pub fn pretty(json: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            text.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' if matches!(characters.peek(), Some('}' | ']')) => {
                text.push(character);
                text.extend(characters.next());
            }
            '{' | '[' => {
                depth += 1;
                text.push(character);
                new_line(&mut text, depth);
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(character);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            other => {
                in_string = other == '"';
                text.push(other);
            }
        }
    }
    text.push('\n');
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}

#[test]
fn only_space_is_added() {
    let json = r#"{"a":[1.50,"x,\"{y}\\"],"b":{"c":null,"d":{}}}"#;
    let laid_out = "{\n  \"a\": [\n    1.50,\n    \"x,\\\"{y}\\\\\"\n  ],\n  \"b\": {\n    \"c\": null,\n    \"d\": {}\n  }\n}\n";
    assert_eq!(pretty(json), laid_out);
}
