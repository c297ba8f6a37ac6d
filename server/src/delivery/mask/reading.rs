//! What a text says to those who read it: as it stands, or as what was escaped in it.

use std::iter::repeat_n;
use std::ops::Range;

use super::SHORTEST;
use super::escapes::{ADDRESS, Escape, FORM, HTML, JSON, Writing};

/// How many hashes runs of bytes have.
const RUNS: usize = 1 << 14;

/// A text as somebody reads it: all letters small, and a blank for all white space that stands together.
pub struct Reading {
    text: String,
    /// Where in the text that was given each byte comes from, and where all of this ends.
    places: Vec<usize>,
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
    let again = |once: &Option<Unescaped>, writing| once.as_ref().and_then(|once| once.unescaped(writing));
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
        found.map(|(at, value)| self.places[at]..self.places[at + value.len()])
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
        Some(self.places[self.text.len() - length])
    }

    fn has(&self, run: &[u8; SHORTEST]) -> bool {
        let hash = hash(run);
        self.runs[hash / 64] >> (hash % 64) & 1 == 1
    }
}

fn hash(run: &[u8; SHORTEST]) -> usize {
    (u32::from_le_bytes(*run).wrapping_mul(0x9e37_79b1) >> (32 - RUNS.ilog2())) as usize
}

/// A text, unescaped or not.
#[derive(Default)]
struct Unescaped {
    text: String,
    places: Vec<usize>,
}

impl Unescaped {
    fn given(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            places: (0..=text.len()).collect(),
        }
    }

    /// The same, with these escapes taken for what they stand for; none if nothing looks like one.
    fn unescaped(&self, (marks, escape): Writing) -> Option<Self> {
        let mut at = self.text.find(marks)?;
        let mut read = Self {
            text: self.text[..at].to_owned(),
            places: self.places[..at].to_vec(),
        };
        while let Some(first) = self.text[at..].chars().next() {
            let found = if marks.contains(&first) {
                escape(&self.text[at..])
            } else {
                Escape::No
            };
            let (character, length) = match found {
                Escape::Of(character, length) => (character, length),
                Escape::No => (first, first.len_utf8()),
                Escape::Cut => break,
            };
            read.push(character, self.places[at]);
            at += length;
        }
        read.places.push(self.places[at]);
        Some(read)
    }

    fn push(&mut self, character: char, place: usize) {
        self.text.push(character);
        self.places.extend(repeat_n(place, character.len_utf8()));
    }

    fn folded(self) -> Reading {
        let mut folded = Self::default();
        let mut is_behind_blank = false;
        for (at, character) in self.text.char_indices() {
            let is_blank = character.is_whitespace();
            if !(is_blank && is_behind_blank) {
                let character = if is_blank {
                    ' '
                } else {
                    character.to_ascii_lowercase()
                };
                folded.push(character, self.places[at]);
            }
            is_behind_blank = is_blank;
        }
        folded.places.extend(self.places.last());
        let mut runs = Box::new([0; RUNS / 64]);
        for run in folded.text.as_bytes().array_windows() {
            let hash = hash(run);
            runs[hash / 64] |= 1 << (hash % 64);
        }
        Reading {
            text: folded.text,
            places: folded.places,
            runs,
        }
    }
}
