//! How many requests came in a second, judged so that a machine that is late does not decide.

use std::time::{Duration, Instant};

use super::metronome::Lateness;

const ONE_SECOND: Duration = Duration::from_secs(1);
/// For how long before a second the machine's lateness may still bring requests into it.
const BEFORE: Duration = Duration::from_millis(500);

/// What may come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many requests a second.
    pub rate: usize,
    /// How many at once after a rest.
    pub burst: usize,
    /// How many in the busiest second: what that may be over the rate.
    pub most: usize,
}

/// What is wrong with requests that came at these times, in order, after this beginning; nothing where all is well.
///
/// Two laws. Whatever delays requests, none comes before it is let go: until any time no more have come than the burst and
/// what the rate allows since the beginning. And no second has more than `most`, but for those that were let go
/// before it, and were brought into it because the machine was late.
pub fn too_fast(came: &[Instant], pace: Pace, began: Instant, lateness: &Lateness) -> Option<String> {
    let at_rate = |time: Duration| pace.rate as f64 * time.as_secs_f64();
    for (number, at) in came.iter().enumerate() {
        let most = pace.burst as f64 + at_rate(at.duration_since(began));
        if (number + 1) as f64 > most {
            let after = at.duration_since(began);
            return Some(format!("{} requests after {after:?}, over {most:.1}", number + 1));
        }
    }
    for (first, from) in came.iter().enumerate() {
        let until = *from + ONE_SECOND;
        let count = came[first..].partition_point(|at| *at < until);
        let late = lateness.between(from.checked_sub(BEFORE).unwrap_or(*from), until);
        if count as f64 > pace.most as f64 + at_rate(late) {
            return Some(format!(
                "{count} requests in a second, over {}, late by {late:?}",
                pace.most
            ));
        }
    }
    None
}

/// The most requests that came within any second.
pub fn busiest_second(came: &[Instant]) -> usize {
    let from_each = came.iter().enumerate().map(|(first, from)| {
        let until = *from + ONE_SECOND;
        came[first..].partition_point(|at| *at < until)
    });
    from_each.max().unwrap_or_default()
}

mod tests {
    use super::*;

    const PACE: Pace = Pace {
        rate: 20,
        burst: 1,
        most: 21,
    };

    /// So many requests this far from each other, from this time on.
    fn evenly(from: Instant, count: u32, apart: Duration) -> Vec<Instant> {
        (0..count).map(|number| from + apart * number).collect()
    }

    #[test]
    fn a_fifth_too_fast_is_found_and_what_was_brought_together_by_a_late_machine_is_not() {
        let began = Instant::now();
        let (at_rate, faster) = (Duration::from_millis(50), Duration::from_millis(42));
        let punctual = Lateness::of(began, &[(0, 0), (3_000, 0)]);
        let find = |came: &[Instant], lateness: &Lateness| too_fast(came, PACE, began, lateness);
        assert_eq!(find(&evenly(began, 60, at_rate), &punctual), None);
        let found = find(&evenly(began, 60, faster), &punctual).unwrap();
        assert!(found.contains("requests after"), "{found}");
        // After a rest only the second law sees it.
        let rested = began + ONE_SECOND;
        let found = find(&evenly(rested, 40, faster), &punctual).unwrap();
        assert!(found.contains("in a second"), "{found}");
        // What was let go in 300 ms came at once, because the machine stood still for so long.
        let mut bunched = vec![rested; 6];
        bunched.extend(evenly(rested + at_rate, 20, at_rate));
        assert!(find(&bunched, &punctual).is_some());
        let late = Lateness::of(began, &[(0, 0), (700, 0), (1_000, 300), (3_000, 300)]);
        assert_eq!(find(&bunched, &late), None);
        let earlier = Lateness::of(began, &[(0, 0), (300, 300), (3_000, 300)]);
        assert!(find(&bunched, &earlier).is_some());
    }
}
