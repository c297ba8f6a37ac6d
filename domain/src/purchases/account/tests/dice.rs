//! Chance for the tests of accounts. Each test prints its seeds; `BURSAR_TEST_SEED` sets one.

use std::hash::{BuildHasher, Hasher, RandomState};

/// With this one each test begins, whatever chance brings.
const USUAL_SEED: u64 = 20_260_115;

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    /// Those of the usual seed and of a new one, or of that which the environment sets alone.
    pub fn each() -> impl Iterator<Item = Self> {
        #[expect(clippy::disallowed_methods, reason = "to repeat a run that failed")]
        let wanted = std::env::var("BURSAR_TEST_SEED").ok();
        let seeds = match wanted {
            Some(seed) => vec![seed.parse().expect("BURSAR_TEST_SEED is a number")],
            None => vec![USUAL_SEED, RandomState::new().build_hasher().finish()],
        };
        // Told when its turn comes: the last one that is told is the one that failed.
        seeds.into_iter().map(|seed| {
            println!("BURSAR_TEST_SEED={seed}");
            Self(seed)
        })
    }

    /// Others, which depend on the same seed.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low) + 1;
        low.wrapping_add((self.next() % span).cast_signed())
    }

    /// One time out of so many.
    pub fn once_in(&mut self, times: i64) -> bool {
        self.between(1, times) == 1
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let last = i64::try_from(from.len()).expect("a short list") - 1;
        from[usize::try_from(self.between(0, last)).expect("a place in the list")].clone()
    }

    pub fn maybe<T>(&mut self, times: i64, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.once_in(times).then(|| value(self))
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.between(0, i64::try_from(last).expect("a short list"));
            items.swap(last, usize::try_from(other).expect("a place in the list"));
        }
    }
}
