//! Chance that can be repeated.

use uuid::Uuid;

/// A generator of pseudo-random numbers. Source: Steele and others, "Fast splittable pseudorandom number
/// generators" (`SplitMix64`).
pub struct Random(u64);

/// The seed of the environment or a new one, which is printed.
pub fn seed(test: &str) -> u64 {
    let fresh = || Uuid::new_v4().as_u64_pair().0;
    let seed = xtask::test_environment::seed().unwrap_or_else(fresh);
    eprintln!("{test}: BURSAR_TEST_SEED={seed}");
    seed
}

impl Random {
    /// A generator with the seed of the environment or a new one, which is printed.
    pub fn new(test: &str) -> Self {
        Self(seed(test))
    }

    /// A generator with this seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// One that goes its own way, and the same way again under the same seed.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// True `percent` times in a hundred.
    pub fn in_hundred(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.next(), self.next())
    }
}
