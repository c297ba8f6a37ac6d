//! What fails again and again, such as each look at a database that is away, and what the log is told of it.

use std::time::Duration;

use tokio::time::Instant;

/// How often the log is told that it still fails.
const AGAIN: Duration = Duration::from_secs(60);

/// Something that is tried all the time. The log is told when it begins to fail, then once a minute, and when that is over.
#[derive(Default)]
pub struct Failing {
    told_at: Option<Instant>,
}

impl Failing {
    /// Takes what came of a try: calls `fails` if a failure is to be told of, `over` if its end is.
    pub fn tell<T, E>(&mut self, tried: Result<T, E>, fails: impl FnOnce(E), over: impl FnOnce()) {
        match tried {
            Ok(_) => {
                if self.told_at.take().is_some() {
                    over();
                }
            }
            Err(error) => {
                if self.told_at.is_none_or(|at| at.elapsed() >= AGAIN) {
                    self.told_at = Some(Instant::now());
                    fails(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_at_its_beginning_once_a_minute_and_at_its_end() {
        let (mut failing, mut told) = (Failing::default(), String::new());
        let mut tries = |tried: Result<(), char>| {
            let mut news = '.';
            failing.tell(tried, |error| news = error, || ());
            told.push(news);
        };
        tries(Ok(()));
        tries(Err('a'));
        tries(Err('b'));
        tokio::time::advance(AGAIN).await;
        tries(Err('c'));
        tries(Err('d'));
        tries(Ok(()));
        tries(Err('e'));
        assert_eq!(told, ".a.c..e");
        let mut ends = 0;
        for tried in [Ok(()), Ok(()), Err(()), Ok(())] {
            failing.tell(tried, drop, || ends += 1);
        }
        assert_eq!(ends, 2);
    }
}
