//! How late the machine is: on one that others use too, what comes late may be its doing, and says nothing of us.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const BEAT: Duration = Duration::from_millis(5);

/// Notes every five milliseconds for how long the thread that started it, with all tasks that run on it, has been kept
/// from running, as the kernel counts that.
pub struct Metronome {
    stop: Arc<AtomicBool>,
    beats: JoinHandle<Vec<Beat>>,
}

struct Beat {
    at: Instant,
    /// For how long in all.
    kept: Duration,
}

/// What a metronome has noted.
pub struct Lateness(Vec<Beat>);

impl Metronome {
    pub fn start() -> Self {
        let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
        let account = PathBuf::from("/proc").join(thread).join("schedstat");
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stop);
        let beats = std::thread::spawn(move || {
            let mut beats = Vec::new();
            loop {
                let is_last = is_over.load(Ordering::Relaxed);
                let account = std::fs::read_to_string(&account).unwrap_or_default();
                beats.push(Beat {
                    at: Instant::now(),
                    kept: kept(&account),
                });
                if is_last {
                    return beats;
                }
                std::thread::sleep(BEAT);
            }
        });
        Self { stop, beats }
    }

    pub fn stop(self) -> Lateness {
        self.stop.store(true, Ordering::Relaxed);
        Lateness(self.beats.join().unwrap())
    }
}

/// Nanoseconds on a processor, nanoseconds of waiting for one, turns. Where a system does not tell, it is never late.
fn kept(account: &str) -> Duration {
    let waited = account.split_whitespace().nth(1);
    Duration::from_nanos(waited.and_then(|waited| waited.parse().ok()).unwrap_or_default())
}

impl Lateness {
    /// Made up: at so many milliseconds after the beginning it was late by so many in all.
    pub fn of(began: Instant, beats: &[(u64, u64)]) -> Self {
        let beats = beats.iter().map(|(at, kept)| Beat {
            at: began + Duration::from_millis(*at),
            kept: Duration::from_millis(*kept),
        });
        Self(beats.collect())
    }

    /// For how long the thread was kept from running between these two.
    pub fn between(&self, from: Instant, to: Instant) -> Duration {
        let from = self.0.partition_point(|beat| beat.at <= from).saturating_sub(1);
        let to = self.0.partition_point(|beat| beat.at < to);
        self.0[to.min(self.0.len() - 1)].kept - self.0[from].kept
    }
}

mod tests {
    use super::*;

    #[test]
    fn lateness_is_counted_where_it_was() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let lateness = Lateness::of(began, &[(0, 0), (10, 0), (20, 7), (30, 7), (40, 9)]);
        let between = |from, to| lateness.between(at(from), at(to)).as_millis();
        assert_eq!((between(0, 99), between(0, 10)), (9, 0));
        assert_eq!(between(12, 18), 7, "of the beats around it");
        assert_eq!(between(20, 30), 0);
        assert_eq!(kept("412300 76022 2\n"), Duration::from_nanos(76_022));
        assert_eq!(kept(""), Duration::ZERO);
    }
}
