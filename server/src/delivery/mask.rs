//! What is kept of requests and answers: personal data masked. In requests no secret has to be looked for, because what
//! is kept of them is made with masked settings; an answer may repeat one.

mod escapes;
mod reading;
mod searched;

use bursar_domain::integrations::contract::personal;
use bursar_domain::integrations::settings::MASK;
use bursar_domain::integrations::{Answer, Customer, Integration, Request, Settings, Told};
use serde_json::json;

pub use self::reading::folded;
pub use self::searched::Searched;
use super::texts::Texts;

/// Shorter values are no secret, and masking them would make nonsense of the rest.
const SHORTEST: usize = 4;
/// So much of an answer is kept.
const KEPT: usize = 4 * 1024;

/// The values that may not be kept, as [`Searched`] looks for them.
#[derive(Debug, Clone)]
pub struct Mask(Texts);

impl Mask {
    /// Of nobody: there is nothing personal in it.
    pub fn of_nobody() -> Self {
        Self(Texts::default())
    }

    /// Of this customer and of an event of theirs.
    pub fn of(customer: &Customer<'_>, event: Option<&Told<'_>>) -> Self {
        Self::new(personal::values(customer, event))
    }

    /// What it hides.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter()
    }

    /// The same, hiding these values too.
    pub fn and(self, values: Vec<String>) -> Self {
        // Of a first try there are none.
        if values.is_empty() {
            return self;
        }
        Self::new(self.values().chain(values.iter().map(String::as_str)))
    }

    /// Those of its values that stand in one of these texts.
    pub fn within(&self, texts: [&str; 2]) -> Vec<String> {
        within(self.values(), texts)
    }

    /// Of an app's secrets for an integration, which an answer may repeat.
    pub fn of_settings(integration: &Integration, settings: &Settings) -> Self {
        let (_, secrets) = settings.split(integration.settings);
        Self::new(secrets.into_values())
    }

    /// Of the credentials that the head of a request carries, whatever they were made of.
    pub fn of_head(request: &Request) -> Self {
        let values = request
            .headers
            .iter()
            .filter(|(name, _)| *name == "authorization");
        // With its scheme and without it.
        let credentials = values.filter_map(|(_, value)| value.split(' ').next_back());
        let credentials = credentials.filter(|value| value.len() >= SHORTEST);
        Self::new(credentials)
    }

    /// Of these values.
    pub fn new(values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let folded = values.into_iter().filter_map(|value| {
            let value = value.as_ref();
            let folded = folded(value);
            // Of one that is white space but for a letter or two, these would be hidden wherever they stand.
            (!folded.is_empty() && folded.len() >= SHORTEST.min(value.len())).then_some(folded)
        });
        let mut values: Vec<_> = folded.collect();
        values.sort_unstable();
        values.dedup();
        Self(values.iter().collect())
    }

    /// A text without the values. Where it was cut in the middle of one, its beginning is hidden too.
    pub fn text(&self, text: &str) -> String {
        hide(text, self, self)
    }

    /// A request as it is kept: JSON.
    pub fn request(&self, request: &Request) -> String {
        let headers: serde_json::Map<_, _> = request
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), self.text(value).into()))
            .collect();
        json!({
            "method": request.method.as_str(),
            "url": self.text(&request.url),
            "headers": headers,
            "body": self.text(&request.body),
        })
        .to_string()
    }

    /// An answer as it is kept: its beginning.
    pub fn answer(&self, body: &str) -> String {
        // Masked first: nothing of a value is left of what is cut in its middle.
        kept(&self.text(body))
    }
}

/// Words as they are kept, without these values and ids, which they hold. An end that looks like the beginning of an id is
/// one only where they may be cut: ids begin with common words.
pub fn without(words: &str, values: &[&str], ids: &[&str], may_be_cut: bool) -> String {
    let ends = if may_be_cut { ids } else { &[] };
    kept(&hide(
        words,
        &Mask::new(values.iter().chain(ids)),
        &Mask::new(values.iter().chain(ends)),
    ))
}

/// A text without the values of the first where the whole of one stands, and without the beginning of one of the second with
/// which it ends.
fn hide(text: &str, whole: &Mask, beginnings: &Mask) -> String {
    if whole.0.is_empty() && beginnings.0.is_empty() {
        return text.to_owned();
    }
    let searched = Searched::new(text);
    let cut = beginnings
        .values()
        .filter_map(|value| searched.cut_at(value))
        .min();
    let cut = cut.map(|cut| cut..text.len());
    let found = whole.values().flat_map(|value| searched.find(value));
    let mut places: Vec<_> = found.chain(cut).collect();
    places.sort_unstable_by_key(|place| place.start);
    let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
    for place in places {
        if place.start >= at {
            masked += &text[at..place.start];
            masked += MASK;
        }
        at = at.max(place.end);
    }
    masked + &text[at..]
}

/// The beginning that is kept of a masked text.
fn kept(masked: &str) -> String {
    masked[..masked.floor_char_boundary(KEPT)].replace('\0', "\u{fffd}")
}

/// A third party's words about a request without the secrets of the settings, and without the credentials of its head.
pub fn without_secrets(words: &str, [secrets, credentials]: [&Mask; 2]) -> String {
    credentials.text(&secrets.text(beginning(words)))
}

/// As much of a third party's words as is looked at: more than is kept of them, because masks are shorter than values.
pub fn beginning(words: &str) -> &str {
    &words[..words.floor_char_boundary(2 * KEPT)]
}

/// May these words have been cut, by us? Then they are so long.
pub fn may_be_cut(words: &str) -> bool {
    words.chars().count() >= Answer::MOST
}

/// Those of these values that stand in one of these texts.
pub fn within<'v>(values: impl Iterator<Item = &'v str>, texts: [&str; 2]) -> Vec<String> {
    let texts = texts.map(Searched::new);
    let stands = |value: &&str| texts.iter().any(|text| text.holds(&folded(value)));
    values.filter(stands).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_in_every_form_and_also_where_a_text_was_cut_in_their_middle() {
        let mask = Mask::new(["se\"cret word+".to_owned()]);
        for (text, expected) in [
            ("a se\"cret word+ b", "a ******** b"),
            (r#"{"a":"se\"cret word+"}"#, r#"{"a":"********"}"#),
            ("a=se%22cret+word%2B&b", "a=********&b"),
            ("/se%22cret%20word%2B/", "/********/"),
            ("it was se\"cr", "it was ********"),
            ("it was se\"", "it was se\""),
            ("it was", "it was"),
            ("", ""),
        ] {
            assert_eq!(mask.text(text), expected, "{text}");
        }
    }

    #[test]
    fn values_are_hidden_also_where_more_is_escaped_than_has_to_be() {
        let mask = Mask::new(["a/b&c<d>e+f=g'h\"i".to_owned()]);
        for text in [
            r#"a\/b&c<d>e+f=g'h\"i"#,
            r#"a/b\u0026c\u003cd\u003ee+f=g'h\"i"#,
            r#"a\/b\u0026c\u003cd\u003ee+f=g'h\"i"#,
            r#"a/b\u0026c\u003cd\u003ee+f\u003dg\u0027h\"i"#,
            r#"a/b\u0026c\u003Cd\u003Ee\u002Bf=g\u0027h\"i"#,
            r#"a/b\u0026c\u003cd\u003ee\u002bf=g\u0027h\"i"#,
            "a/b&amp;c&lt;d&gt;e+f=g&#39;h&quot;i",
            "a/b&amp;c&lt;d&gt;e+f=g&#x27;h&quot;i",
            "a/b&amp;c&lt;d&gt;e+f=g&#39;h&#34;i",
            "a/b&amp;c&lt;d&gt;e+f=g&#039;h&quot;i",
            "a/b&amp;c&lt;d&gt;e+f=g&apos;h&quot;i",
            "a/b&amp;c&lt;d&gt;e+f=g'h&quot;i",
            "a/b&amp;c&lt;d&gt;e+f=g'h\"i",
            "a%2fb%26c%3cd%3ee%2bf%3dg%27h%22i",
            "a/b%26c%3Cd%3Ee%2Bf%3Dg%27h%22i",
            "a/b%26c%3cd%3ee%2bf%3dg%27h%22i",
        ] {
            assert_eq!(
                mask.text(&format!("you said {text}!")),
                "you said ********!",
                "{text}"
            );
        }
    }

    #[test]
    fn values_are_hidden_however_their_white_space_stands_in_an_address() {
        let mask = Mask::new(["Anna K./+%2BX".to_owned()]);
        for text in [
            "Anna+K.%2f%2b%252BX",
            "Anna%20K.%2f%2b%252BX",
            "Anna+K./%2B%252BX",
            "Anna%20K./%2b%252BX",
        ] {
            assert_eq!(mask.text(text), "********", "{text}");
        }
    }

    #[test]
    fn values_are_hidden_whether_addresses_escape_asterisks_and_tildes_or_not() {
        let mask = Mask::new(["~a*b c".to_owned()]);
        for text in ["%7Ea*b+c", "~a%2Ab%20c", "~a%2ab%20c", "~a*b%20c", "%7ea%2ab+c"] {
            assert_eq!(mask.text(text), "********", "{text}");
        }
    }

    #[test]
    fn values_are_hidden_also_where_json_is_kept_to_ascii() {
        let mask = Mask::new(["Zoë/<\u{1f600}\u{7f}>".to_owned()]);
        for text in [
            r"Zo\u00eb/<\ud83d\ude00\u007f>",
            r"Zo\u00EB/<\uD83D\uDE00\u007F>",
            r"Zo\u00eb\/<\ud83d\ude00\u007f>",
            r"Zo\u00eb/\u003c\ud83d\ude00\u007f\u003e",
            r"Zo\u00EB/\u003C\uD83D\uDE00\u007F\u003E",
        ] {
            assert_eq!(
                mask.text(&format!("you said {text}!")),
                "you said ********!",
                "{text}"
            );
        }
    }

    #[test]
    fn values_are_hidden_also_where_json_is_quoted_in_json() {
        let mask = Mask::new(["Zoë \"Z\"".to_owned()]);
        for text in [
            r#"Zoë \\\"Z\\\""#,
            r#"Zo\u00eb \\\"Z\\\""#,
            r#"Zo\\u00eb \\\"Z\\\""#,
        ] {
            assert_eq!(
                mask.text(&format!("you said {text}!")),
                "you said ********!",
                "{text}"
            );
        }
    }

    #[test]
    fn values_are_hidden_also_where_white_space_was_drawn_together() {
        let mask = Mask::new([" Anna\t \u{2003}Maria \"".to_owned(), " \ta ".to_owned()]);
        for (text, expected) in [
            ("a Anna Maria \" a", "a ******** a"),
            (r#"a Anna\t Maria \" a"#, "a ******** a"),
            ("a was Anna Mar", "a was ********"),
        ] {
            assert_eq!(mask.text(text), expected, "{text}");
        }
    }

    #[test]
    fn values_are_hidden_whatever_the_case_of_their_letters_and_where_json_stands_in_a_form() {
        let mask = Mask::new(["Zoë \"Z\" K".to_owned()]);
        for text in [
            "ZOë \"z\" k",
            "{%22a%22:%22Zo%C3%AB%20%5C%22Z%5C%22%20K%22}",
            "data=%7B%22a%22%3A%22Zo%5Cu00eb+%5C%22Z%5C%22+K%22%7D",
            r"<p>Zo\u00eb &quot;Z&quot; K</p>",
        ] {
            let masked = mask.text(text);
            assert!(
                masked.contains(MASK) && !masked.to_lowercase().contains("zo"),
                "{masked}"
            );
        }
    }

    #[test]
    fn values_that_overlap_are_hidden_whole() {
        let mask = Mask::new(["ann@a.example", "a.example/x", "ann"].map(str::to_owned));
        assert_eq!(mask.text("to ann@a.example/x, ann"), "to ********, ********");
    }

    #[test]
    fn odd_texts_and_values_cost_no_more_than_others() {
        let begun = std::time::Instant::now();
        for odd in ["\\", "%25", "%5C", "&amp;", "&", "+", " ", "a", "\\u005c"] {
            let repeated = odd.repeat(8 * 1024 / odd.len());
            let values = (0..300).map(|number| format!("{}{number}", odd.repeat(1_000 / odd.len())));
            let mask = Mask::new(values);
            assert!(mask.values().map(str::len).sum::<usize>() <= 300 * 1_003);
            assert!(!mask.text(&repeated).is_empty());
        }
        // What looks for them in another way takes hours.
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(60),
            "{:?}",
            begun.elapsed()
        );
    }

    #[test]
    fn what_is_kept_of_an_answer_ends_with_no_part_of_a_value() {
        let mask = Mask::new(["0123456789".to_owned()]);
        let kept = mask.answer(&format!("{}0123456789", "x".repeat(KEPT - 5)));
        assert!(!kept.contains("0123"), "{kept}");
        assert!(kept.len() <= KEPT);
    }

    #[test]
    fn credentials_of_a_head_are_hidden_with_their_scheme_and_without_it() {
        let request =
            Request::post_json(String::new(), String::new()).header("authorization", "Basic dTpwdw==");
        let mask = Mask::of_head(&request);
        assert_eq!(
            mask.text("you said Basic dTpwdw== and dTpwdw=="),
            "you said Basic ******** and ********"
        );
    }
}
