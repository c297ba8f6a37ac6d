//! Few values by their names, found fast: most names are passed over by their length alone.

use memchr::memchr_iter;

/// Values by name, in the order in which they were put in.
#[derive(Debug, Clone, PartialEq)]
pub struct ByName<K, V> {
    lengths: Vec<u8>,
    all: Vec<(K, V)>,
}

impl<K: AsRef<str>, V> ByName<K, V> {
    /// The value of a name; the first, if there are several.
    pub fn get(&self, name: &str) -> Option<&V> {
        let mut alike = memchr_iter(length(name), &self.lengths).map(|place| &self.all[place]);
        let (_, value) = alike.find(|(known, _)| known.as_ref() == name)?;
        Some(value)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.all.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<K, V> Default for ByName<K, V> {
    fn default() -> Self {
        Self {
            lengths: Vec::new(),
            all: Vec::new(),
        }
    }
}

impl<K: AsRef<str>, V> From<Vec<(K, V)>> for ByName<K, V> {
    fn from(all: Vec<(K, V)>) -> Self {
        let lengths = all.iter().map(|(name, _)| length(name.as_ref())).collect();
        Self { lengths, all }
    }
}

/// All that are very long count as equally long.
fn length(name: &str) -> u8 {
    u8::try_from(name.len()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_among_others_of_its_length() {
        let all = ByName::from(vec![("ab", 1), ("b", 2), ("cd", 3), ("ab", 4)]);
        let found = ["ab", "b", "cd", "a", "", "abc"].map(|name| all.get(name).copied());
        assert_eq!(found, [Some(1), Some(2), Some(3), None, None, None]);
        assert_eq!(all.iter().count(), 4);
        let [one, other] = ["a", "b"].map(|letter| letter.repeat(400));
        let long = ByName::from(vec![(one.as_str(), 1), (other.as_str(), 2)]);
        assert_eq!([&one, &other].map(|name| long.get(name)), [Some(&1), Some(&2)]);
        assert_eq!(ByName::<&str, u8>::default().get("a"), None);
    }
}
