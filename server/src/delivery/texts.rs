//! Short texts that lie in one piece of memory. A record that is under way has some twenty, and of a third party that is slow
//! thousands are.

/// Texts.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    all: Box<str>,
    /// Where each ends.
    ends: Box<[usize]>,
}

impl Texts {
    /// Each of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.all[begin..*end])
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<T: AsRef<str>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let (mut all, mut ends) = (String::new(), Vec::new());
        for text in texts {
            all += text.as_ref();
            ends.push(all.len());
        }
        Self {
            all: all.into(),
            ends: ends.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_they_were_put_in() {
        for texts in [&["ann", "", "böb", ""][..], &[""], &[]] {
            let together: Texts = texts.iter().collect();
            assert_eq!(together.iter().collect::<Vec<_>>(), texts);
            assert_eq!(together.is_empty(), texts.is_empty());
        }
    }
}
