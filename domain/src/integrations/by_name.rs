//! Few values by their names, found fast: most names are passed over by their length alone.

/// Values by name, in the order in which they were put in.
#[derive(Debug, Clone, PartialEq)]
pub struct ByName<K, V> {
    lengths: Vec<usize>,
    all: Vec<(K, V)>,
}

impl<K: AsRef<str>, V> ByName<K, V> {
    /// The value of a name; the first, if there are several.
    pub fn get(&self, name: &str) -> Option<&V> {
        let lengths = self.lengths.iter().zip(&self.all);
        let mut alike = lengths.filter(|(length, _)| **length == name.len());
        let (_, (_, value)) = alike.find(|(_, (known, _))| known.as_ref() == name)?;
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
        let lengths = all.iter().map(|(name, _)| name.as_ref().len()).collect();
        Self { lengths, all }
    }
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
        assert_eq!(ByName::<&str, u8>::default().get("a"), None);
    }
}
