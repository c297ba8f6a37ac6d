//! A third party's words about a request as they may be kept. They may repeat anything of any of its records.

use std::collections::HashMap;

use super::exchange::Outcome;
use super::mask::{Mask, Searched, beginning, folded, may_be_cut, without, without_secrets};
use super::turn::Ready;
use super::worker::Work;

/// The words about a request.
pub struct Words<'a> {
    secrets: [&'a Mask; 2],
    batch: &'a [Ready],
    /// Most records get the same words.
    looked: HashMap<String, Looked<'a>>,
}

/// Words without secrets, and what of the customers stands in them.
struct Looked<'a> {
    words: String,
    may_be_cut: bool,
    personal: Vec<&'a str>,
    ids: Vec<&'a str>,
    /// Those who share a customer's access level; the owner's webhook is told of them with it.
    sharers: Vec<&'a str>,
    /// The words without any of that.
    of_nobody: String,
}

impl<'a> Words<'a> {
    /// What was said in this outcome of sending these.
    pub fn of(work: &'a Work, batch: &'a [Ready], outcome: &'a Outcome) -> Self {
        Self::new([&work.secrets, &outcome.credentials], batch)
    }

    fn new(secrets: [&'a Mask; 2], batch: &'a [Ready]) -> Self {
        Self {
            secrets,
            batch,
            looked: HashMap::new(),
        }
    }

    /// As they may be kept with a record, which goes when its customer does: without what other customers are called.
    pub fn told_of(&mut self, ready: &Ready, words: &str) -> String {
        let looked = self.looked(words);
        let is_own = |id: &&str| ready.ids.iter().any(|own| own == *id);
        let (own, others): (Vec<&str>, Vec<&str>) = looked.ids.iter().copied().partition(is_own);
        if own.is_empty() && looked.sharers.is_empty() {
            looked.of_nobody.clone()
        } else {
            without(&looked.words, &looked.personal, &others, looked.may_be_cut)
        }
    }

    /// As they may be kept where no customer's deletion reaches: without what any is called.
    pub fn told_of_nobody(&mut self, words: &str) -> String {
        self.looked(words).of_nobody.clone()
    }

    fn looked(&mut self, words: &str) -> &Looked<'a> {
        let words = beginning(words);
        if !self.looked.contains_key(words) {
            self.looked.insert(words.to_owned(), self.looked_through(words));
        }
        &self.looked[words]
    }

    fn looked_through(&self, words: &str) -> Looked<'a> {
        // As they came: masks are shorter than values.
        let may_be_cut = may_be_cut(words);
        let words = without_secrets(words, self.secrets);
        let searched = Searched::new(&words);
        let personal = self.batch.iter().flat_map(|ready| ready.mask.values());
        let is_there = |value: &&str| searched.holds(value) || searched.cut_at(value).is_some();
        let personal: Vec<_> = personal.filter(is_there).collect();
        let is_told = |id: &&str| {
            let id = folded(id);
            searched.holds(&id) || may_be_cut && searched.cut_at(&id).is_some()
        };
        let ids = self.batch.iter().flat_map(|ready| ready.ids.iter());
        let ids: Vec<_> = ids.filter(is_told).collect();
        let sharers = self.batch.iter().flat_map(|ready| ready.sharers.iter());
        let sharers: Vec<_> = sharers.filter(is_told).collect();
        let of_nobody = without(&words, &personal, &[&*ids, &*sharers].concat(), may_be_cut);
        Looked {
            words,
            may_be_cut,
            personal,
            ids,
            sharers,
            of_nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use bursar_domain::ids::ProfileId;
    use bursar_domain::integrations::Record;
    use uuid::Uuid;

    use super::super::settling::tests::settlements;
    use super::super::turn::Counts;
    use super::*;

    const ANN: &str = "ann@private.example";

    /// Records of customers who are called so; of each this address is known.
    fn batch(ids: &[&str]) -> Vec<Ready> {
        let each = settlements(ids.len()).into_iter().zip(ids);
        each.map(|(settlement, id)| Ready {
            held: settlement.held,
            record: Record {
                route: String::new(),
                body: String::new(),
            },
            alone: false,
            counts: Counts::default(),
            profile: ProfileId(Uuid::nil()),
            profile_changed_at: 0,
            mask: Mask::new([ANN.to_owned()]),
            ids: [id].into_iter().collect(),
            sharers: ["sharer-of-it"].into_iter().collect(),
        })
        .collect()
    }

    /// What is kept of the words with each record, and with none.
    fn kept(ids: &[&str], words: &str) -> Vec<String> {
        let (batch, none) = (batch(ids), Mask::of_nobody());
        let mut told = Words::new([&none, &none], &batch);
        let each = batch.iter().map(|ready| told.told_of(ready, words));
        let mut kept: Vec<_> = each.collect();
        kept.push(told.told_of_nobody(words));
        kept
    }

    #[test]
    fn each_is_called_by_name_in_what_is_kept_with_it_alone() {
        for (ids, words, expected) in [
            // Who is called as the beginning of another is hidden in that too.
            (
                ["user-1", "user-10"],
                "user-10, user-1 and user-2",
                [
                    "********, user-1 and user-2",
                    "********0, ******** and user-2",
                    "********, ******** and user-2",
                ],
            ),
            // As JSON writes it.
            (
                [r#"a "b"/é"#, "user-10"],
                r#"{"a \"b\"\/\u00e9":1} and user-10"#,
                [
                    r#"{"a \"b\"\/\u00e9":1} and ********"#,
                    r#"{"********":1} and user-10"#,
                    r#"{"********":1} and ********"#,
                ],
            ),
            // Nothing is cut of short words: the end is no beginning of an id.
            (
                ["user_123", "user_456"],
                "user_123 is an unknown user",
                [
                    "user_123 is an unknown user",
                    "******** is an unknown user",
                    "******** is an unknown user",
                ],
            ),
            // What is known of the person is hidden everywhere, also where it is the name.
            (
                [ANN, "private"],
                "ann@private.example is private",
                [
                    "******** is ********",
                    "******** is private",
                    "******** is ********",
                ],
            ),
            (["both", "both"], "both", ["both", "both", "********"]),
            // Who shares the level of one of them.
            (
                ["user-1", "ann"],
                "user-1 and sharer-of-it",
                [
                    "user-1 and sharer-of-it",
                    "******** and sharer-of-it",
                    "******** and ********",
                ],
            ),
            (["ann", "bob"], "neither is named", ["neither is named"; 3]),
        ] {
            assert_eq!(kept(&ids, words), expected, "{words}");
        }
    }

    #[test]
    fn long_words_may_end_in_the_middle_of_what_one_is_called() {
        for (length, is_cut) in [(300, true), (299, false)] {
            let dots = ".".repeat(length - "user-".len());
            let [told, hidden] = ["user-", "********"].map(|end| format!("{dots}{end}"));
            let of_others = if is_cut { &hidden } else { &told };
            let expected = [&told, of_others, of_others].map(String::clone);
            assert_eq!(kept(&["user-10", "ann-1"], &told), expected, "{length}");
        }
    }

    #[test]
    fn long_words_are_looked_through_once_for_all_whom_they_do_not_name() {
        let (batch, none) = (batch(&["user-1", "user-2"]), Mask::of_nobody());
        let mut told = Words::new([&none, &none], &batch);
        let words = "x".repeat(100_000);
        for ready in &batch {
            assert_eq!(told.told_of(ready, &words).len(), 4 * 1024);
        }
        assert_eq!(told.looked.len(), 1);
    }
}
