//! What a text says to those who read it: as it stands, or as what was escaped in it.

use std::borrow::Cow;
use std::iter::repeat_n;
use std::ops::Range;

use super::SHORTEST;
use super::escapes::{ADDRESS, Escape, FORM, HTML, JSON, Writing};

/// How many hashes runs of bytes have.
const RUNS: usize = 1 << 14;

/// A text as somebody reads it: all letters small, and a blank for all white space that stands together.
pub struct Reading {
    text: String,
    places: Places,
    /// Which runs of [`SHORTEST`] bytes stand in it, by their hashes: most values are none of its by that alone.
    runs: Box<[u64; RUNS / 64]>,
}

/// A value as readings have it.
pub fn folded(value: &str) -> String {
    let mut folded = value.split_whitespace().collect::<Vec<_>>().join(" ");
    folded.make_ascii_lowercase();
    folded
}

/// All readings of a text: of JSON also where it is quoted in other JSON or stands in a form, and of HTML within JSON.
pub fn all(text: &str) -> Vec<Reading> {
    let given = Unescaped::given(text);
    let json = given.unescaped(JSON);
    let address = given.unescaped(ADDRESS);
    // Without a `+` it is the same as an address.
    let form = text.contains('+').then(|| given.unescaped(FORM)).flatten();
    let html = given.unescaped(HTML);
    let again =
        |once: &Option<Unescaped<'_>>, writing| once.as_ref().and_then(|once| once.unescaped(writing));
    let twice = [
        again(&json, JSON),
        again(&json, HTML),
        again(&address, JSON),
        again(&form, JSON),
    ];
    let once = [Some(given), json, address, form, html];
    let all = once.into_iter().chain(twice).flatten();
    all.map(Unescaped::folded).collect()
}

impl Reading {
    /// Where a value stands that is [`folded`], in the text that was given.
    pub fn find(&self, value: &str) -> impl Iterator<Item = Range<usize>> {
        let mut runs = value.as_bytes().array_windows();
        let may_hold = runs.all(|run| self.has(run));
        let found = may_hold
            .then(|| self.text.match_indices(value))
            .into_iter()
            .flatten();
        found.map(|(at, value)| self.places.of(at)..self.places.of(at + value.len()))
    }

    /// Where the beginning of such a value stands with which it ends.
    pub fn cut_at(&self, value: &str) -> Option<usize> {
        let first = value.as_bytes().first_chunk();
        if !first.is_some_and(|run| self.has(run)) {
            return None;
        }
        let longest = (value.len() - 1).min(self.text.len());
        let lengths = (SHORTEST..=longest)
            .rev()
            .filter(|length| value.is_char_boundary(*length));
        let length = lengths
            .into_iter()
            .find(|length| self.text.ends_with(&value[..*length]))?;
        Some(self.places.of(self.text.len() - length))
    }

    fn has(&self, run: &[u8; SHORTEST]) -> bool {
        let hash = hash(run);
        self.runs[hash / 64] >> (hash % 64) & 1 == 1
    }
}

fn hash(run: &[u8; SHORTEST]) -> usize {
    (u32::from_le_bytes(*run).wrapping_mul(0x9e37_79b1) >> (32 - RUNS.ilog2())) as usize
}

/// Where the next mark stands, from a place on.
fn next(text: &str, from: usize, marks: &[char]) -> Option<usize> {
    let rest = &text[from..];
    let found = match marks {
        // Found much sooner.
        [mark] => rest.find(*mark),
        _ => rest.find(marks),
    };
    found.map(|found| from + found)
}

/// Where in the text that was given each byte of a reading comes from, and where all of it ends.
enum Places {
    /// At the same place.
    Same,
    Listed(Vec<usize>),
}

impl Places {
    fn of(&self, at: usize) -> usize {
        match self {
            Self::Same => at,
            Self::Listed(places) => places[at],
        }
    }

    fn all_of(&self, range: Range<usize>, listed: &mut Vec<usize>) {
        match self {
            Self::Same => listed.extend(range),
            Self::Listed(places) => listed.extend_from_slice(&places[range]),
        }
    }
}

/// A text, unescaped or not.
struct Unescaped<'t> {
    text: Cow<'t, str>,
    places: Places,
}

impl<'t> Unescaped<'t> {
    fn given(text: &'t str) -> Self {
        Self {
            text: text.into(),
            places: Places::Same,
        }
    }

    /// The same, with these escapes taken for what they stand for; none if nothing looks like one.
    fn unescaped(&self, (marks, escape): Writing) -> Option<Unescaped<'static>> {
        let mut mark = next(&self.text, 0, marks);
        mark?;
        let mut read = Written::with_room(self.text.len());
        let (mut at, mut end) = (0, self.text.len());
        while let Some(place) = mark {
            let behind = match escape(&self.text[place..]) {
                Escape::Of(character, length) => {
                    read.take(self, at..place);
                    read.push(character, self.places.of(place));
                    at = place + length;
                    at
                }
                // All marks are ASCII.
                Escape::No => place + 1,
                Escape::Cut => {
                    end = place;
                    break;
                }
            };
            mark = next(&self.text, behind, marks);
        }
        read.take(self, at..end);
        Some(read.ended(self.places.of(end)))
    }

    fn folded(self) -> Reading {
        let folded = if self.is_plain() {
            let mut text = self.text.into_owned();
            text.make_ascii_lowercase();
            Unescaped {
                text: text.into(),
                places: self.places,
            }
        } else {
            self.drawn_together()
        };
        let mut runs = Box::new([0; RUNS / 64]);
        for run in folded.text.as_bytes().array_windows() {
            let hash = hash(run);
            runs[hash / 64] |= 1 << (hash % 64);
        }
        Reading {
            text: folded.text.into_owned(),
            places: folded.places,
            runs,
        }
    }

    /// Is no white space in it but single blanks, as in most JSON that is sent? What is not ASCII may be some.
    fn is_plain(&self) -> bool {
        let is_odd = |byte: u8| !byte.is_ascii() || byte.is_ascii_control();
        !self.text.bytes().any(is_odd) && !self.text.contains("  ")
    }

    /// With small letters, and a blank for all white space that stands together.
    fn drawn_together(&self) -> Unescaped<'static> {
        let mut folded = Written::with_room(self.text.len());
        let mut is_behind_blank = false;
        for (at, character) in self.text.char_indices() {
            let is_blank = character.is_whitespace();
            if !(is_blank && is_behind_blank) {
                let character = if is_blank {
                    ' '
                } else {
                    character.to_ascii_lowercase()
                };
                folded.push(character, self.places.of(at));
            }
            is_behind_blank = is_blank;
        }
        folded.ended(self.places.of(self.text.len()))
    }
}

/// A reading that is being written.
struct Written {
    text: String,
    places: Vec<usize>,
}

impl Written {
    fn with_room(length: usize) -> Self {
        Self {
            text: String::with_capacity(length),
            places: Vec::with_capacity(length + 1),
        }
    }

    fn push(&mut self, character: char, place: usize) {
        self.text.push(character);
        self.places.extend(repeat_n(place, character.len_utf8()));
    }

    /// A part as it stands.
    fn take(&mut self, from: &Unescaped<'_>, part: Range<usize>) {
        self.text += &from.text[part.clone()];
        from.places.all_of(part, &mut self.places);
    }

    fn ended(mut self, at: usize) -> Unescaped<'static> {
        self.places.push(at);
        Unescaped {
            text: self.text.into(),
            places: Places::Listed(self.places),
        }
    }
}
