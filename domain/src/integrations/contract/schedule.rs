//! When a try that failed is repeated.

use crate::time::{HOUR, MINUTE, SECOND};

/// How many sides the dice has that draws jitter: so many that of a hundred thousand waits of ten hours no crowd ends
/// together.
pub const DICE: i64 = 1_000_000;

/// How long to wait after each failed try. Times are microseconds.
#[derive(Debug, PartialEq, Eq)]
pub struct Schedule {
    /// After the first failed try, after the second, and so on.
    pub waits: &'static [i64],
    /// What follows when these are used up.
    pub then: Then,
    /// By how many parts in a hundred waits are drawn longer or shorter, so that what failed together does not come
    /// back together.
    pub jitter_percent: i64,
    /// For how long what an answer asks for is waited for, at most.
    pub longest_asked: Option<i64>,
    /// After how long without any success nothing is repeated, until something succeeds.
    pub dead_after: Option<i64>,
}

/// What follows when a schedule is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The last wait again and again.
    GoOn,
    /// Nothing: the delivery has failed for good.
    GiveUp,
}

/// The usual schedule: it never gives up by itself.
pub const USUAL: Schedule = Schedule {
    waits: &[
        5 * SECOND,
        MINUTE,
        5 * MINUTE,
        30 * MINUTE,
        2 * HOUR,
        5 * HOUR,
        10 * HOUR,
    ],
    then: Then::GoOn,
    jitter_percent: 20,
    longest_asked: None,
    dead_after: None,
};

/// The webhook's: nine repeats in 511 minutes, and none at an address that has been dead for a day, as the compatible
/// service makes them.
pub const DOUBLING: Schedule = Schedule {
    waits: &[
        MINUTE,
        2 * MINUTE,
        4 * MINUTE,
        8 * MINUTE,
        16 * MINUTE,
        32 * MINUTE,
        64 * MINUTE,
        128 * MINUTE,
        256 * MINUTE,
    ],
    then: Then::GiveUp,
    jitter_percent: 0,
    // Else who asks for a day, after which nothing is repeated, would get no repeat at all.
    longest_asked: Some(256 * MINUTE),
    dead_after: Some(24 * HOUR),
};

impl Schedule {
    /// How long to wait after the failed try `tries` (from 1), or `None` to give up. `asked` is what the third party
    /// or its rules ask for at least; `dice`, from 0 and below [`DICE`], draws the jitter.
    pub fn wait(&self, tries: u32, asked: Option<i64>, dice: i64) -> Option<i64> {
        let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = match (self.waits.get(place), self.then) {
            (Some(wait), _) => *wait,
            (None, Then::GoOn) => *self.waits.last()?,
            (None, Then::GiveUp) => return None,
        };
        // From -jitter to +jitter; what was asked for is only ever drawn longer.
        let own = wait + self.share(wait, 2 * dice - DICE);
        let asked = asked.unwrap_or_default();
        let asked = self.longest_asked.map_or(asked, |longest| asked.min(longest));
        Some(own.max(asked.saturating_add(self.share(asked, dice))))
    }

    /// The part of a wait that the jitter is of, at most, as the dice says.
    fn share(&self, wait: i64, dice: i64) -> i64 {
        // Wide, so that no wait is too long to be multiplied.
        let share = i128::from(wait) * i128::from(self.jitter_percent * dice) / i128::from(100 * DICE);
        i64::try_from(share).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_grow_and_the_usual_one_never_gives_up() {
        let usual: Vec<_> = (1..=9)
            .map(|tries| USUAL.wait(tries, None, DICE / 2).unwrap() / SECOND)
            .collect();
        assert_eq!(usual, [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000, 36_000]);
        let doubling: Vec<_> = (1..=10).map(|tries| DOUBLING.wait(tries, None, 0)).collect();
        assert_eq!(doubling.iter().flatten().sum::<i64>(), 511 * MINUTE);
        assert_eq!(doubling[9], None);
    }

    #[test]
    fn the_dice_draws_apart_what_failed_together() {
        let waits = |schedule: &Schedule, asked: Option<i64>| {
            [0, DICE / 2, DICE - 1].map(|dice| schedule.wait(2, asked, dice).unwrap() / SECOND)
        };
        assert_eq!(waits(&USUAL, None), [48, 60, 71]);
        assert_eq!(waits(&USUAL, Some(100 * SECOND)), [100, 110, 119]);
        assert_eq!(waits(&DOUBLING, None), [120; 3]);
    }

    #[test]
    fn no_answer_is_waited_for_so_long_that_nothing_is_repeated() {
        let waits = |schedule: &Schedule, asked| schedule.wait(1, Some(asked), 0).unwrap();
        assert_eq!(waits(&DOUBLING, HOUR), HOUR);
        assert_eq!(waits(&DOUBLING, 24 * HOUR), 256 * MINUTE);
        assert_eq!(waits(&USUAL, 24 * HOUR), 24 * HOUR);
    }

    /// A hundred thousand waits, as a dice without luck draws them.
    fn drawn(schedule: &Schedule, tries: u32, asked: Option<i64>) -> Vec<i64> {
        let draws = (0..DICE).step_by(10);
        draws
            .map(|dice| schedule.wait(tries, asked, dice).unwrap())
            .collect()
    }

    /// How many waits end in the busiest piece of time, as a multiple of the mean over the time in which they end.
    fn wave(waits: &[i64], least: i64, most: i64) -> f64 {
        // A second, and for long waits a piece in which enough of them end for a mean to mean something.
        let piece = SECOND.max((most - least) / 500);
        let mut ends: HashMap<i64, usize> = HashMap::new();
        for wait in waits {
            *ends.entry((wait - least) / piece).or_default() += 1;
        }
        let pieces = (most - least).div_euclid(piece) + 1;
        let busiest = *ends.values().max().unwrap();
        busiest as f64 * pieces as f64 / waits.len() as f64
    }

    fn assert_no_wave(waits: &[i64], least: i64, most: i64) {
        assert_eq!(waits.len(), 100_000);
        assert!(
            waits.iter().all(|wait| (least..=most).contains(wait)),
            "{least} to {most}"
        );
        let wave = wave(waits, least, most);
        assert!(wave <= 2.0, "{least} to {most}: {wave}");
    }

    #[test]
    fn what_failed_together_does_not_come_back_together() {
        for (tries, middle) in (1..).zip(USUAL.waits) {
            assert_no_wave(&drawn(&USUAL, tries, None), middle / 100 * 80, middle / 100 * 120);
        }
        for asked in [30 * SECOND, HOUR, 24 * HOUR] {
            assert_no_wave(&drawn(&USUAL, 1, Some(asked)), asked, asked / 100 * 120);
        }
        // Without the jitter the same judge sees the wave.
        let plain = Schedule {
            jitter_percent: 0,
            ..USUAL
        };
        let middle = USUAL.waits[3];
        let waits = drawn(&plain, 4, None);
        assert!(wave(&waits, middle / 100 * 80, middle / 100 * 120) > 100.0);
    }

    proptest! {
        #[test]
        fn a_wait_is_within_its_jitter_and_never_shorter_than_asked(
            tries in 1_u32..20, dice in 0..DICE, asked in prop::option::of(0_i64..100_000),
        ) {
            let asked = asked.map(|seconds| seconds * SECOND);
            let middle = USUAL.waits[(tries as usize).min(USUAL.waits.len()) - 1];
            let wait = USUAL.wait(tries, asked, dice).unwrap();
            prop_assert!(wait >= asked.unwrap_or(0));
            prop_assert!(wait >= middle / 100 * 80);
            prop_assert!(wait <= (middle / 100 * 120).max(asked.unwrap_or(0) / 100 * 120 + 100));
        }
    }
}
