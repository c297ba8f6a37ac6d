//! Pauses of third parties, and what they last warned of, as far as this server has met them: for people.

use bursar_domain::ids::AppId;
use bursar_domain::integrations::Integration;
use bursar_domain::time::format_time;

use super::breaker::Health;
use super::{Workers, routes};
use crate::clock::Clock;

/// A pause that is longer than a moment, in microseconds.
const LONG: i64 = 4_000_000;

/// For a while nothing is sent to a third party, or to one of its addresses.
pub struct Pause {
    /// The setting with the address, where it is about one alone.
    pub setting: Option<String>,
    /// Until when, and why.
    pub words: String,
}

impl Pause {
    /// Does it hold for what goes out on a route?
    pub fn holds_for(&self, integration: &Integration, route: &str) -> bool {
        self.setting == routes::setting(integration, route)
    }
}

impl Workers {
    /// The pauses of an app's integration.
    pub fn pauses(&self, clock: &Clock, app: AppId, integration: &Integration) -> Vec<Pause> {
        let (now, passed) = (clock.now(), clock.passed());
        let pause = |(route, health): (&String, &Health)| Pause {
            setting: routes::setting(integration, route),
            words: words(health, now + health.until() - passed),
        };
        self.with_breaker(app, integration.slug, |breaker| {
            let routes = breaker.routes.iter();
            let paused = routes.filter(|(_, health)| health.until() > passed);
            paused.map(pause).collect()
        })
    }

    /// What an app's integration warned of when it last took something.
    pub fn warning(&self, app: AppId, slug: &'static str) -> Option<String> {
        self.with_breaker(app, slug, |breaker| breaker.warning.clone())
    }
}

fn words(health: &Health, until: i64) -> String {
    let until = format_time(until);
    if health.is_asked() {
        format!("until {until}, because an answer asked for that")
    } else {
        format!(
            "until {until}, because the last {} requests failed",
            health.failures
        )
    }
}

/// What is worth a line in the log; times are seconds.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Fails { for_now: i64 },
    IsBack,
    AsksToBeLeftAlone { seconds: i64 },
}

/// Logs that a long pause began or that such ones have ended, by what was known of a route's health before and after a
/// request.
pub fn log((app, slug): (AppId, &str), setting: Option<&str>, [before, after]: [Health; 2], passed: i64) {
    let what = setting.map_or_else(|| slug.to_owned(), |setting| format!("{setting} of {slug}"));
    let failures = after.failures;
    match news([before, after], passed) {
        Some(News::Fails { for_now }) => tracing::warn!(
            app.id = %app, slug,
            "{what} of the app {app} failed {failures} times in a row; nothing is sent there for {for_now} s, and longer each time until it is back"
        ),
        Some(News::IsBack) => tracing::info!(app.id = %app, slug, "{what} of the app {app} is back"),
        Some(News::AsksToBeLeftAlone { seconds }) => tracing::info!(
            app.id = %app, slug,
            "{what} of the app {app} asks to be left alone; nothing is sent there for {seconds} s"
        ),
        None => {}
    }
}

fn news([before, after]: [Health; 2], passed: i64) -> Option<News> {
    let left = after.until() - passed;
    let seconds = left / 1_000_000;
    if before.pause < LONG && after.pause >= LONG {
        Some(News::Fails { for_now: seconds })
    } else if before.pause >= LONG && after.pause == 0 {
        Some(News::IsBack)
    } else if before.until() <= passed && after.is_asked() && left >= LONG {
        Some(News::AsksToBeLeftAlone { seconds })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_once_that_a_long_pause_began_and_that_such_ones_are_over() {
        let mut health = Health::default();
        let told = |health: &mut Health, now: i64, change: &dyn Fn(&mut Health, i64)| {
            let before = *health;
            change(health, now);
            news([before, *health], now)
        };
        let mut lines = Vec::new();
        for _ in 0..14 {
            let now = health.until();
            lines.extend(told(&mut health, now, &|health, now| health.failed(now, None)));
        }
        lines.extend(told(&mut health, 0, &|health, now| health.answered(now, true)));
        lines.extend(told(&mut health, 0, &|health, now| health.answered(now, true)));
        assert_eq!(lines, [News::Fails { for_now: 4 }, News::IsBack]);
        let asks = |seconds| move |health: &mut Health, now: i64| health.failed(now, Some(seconds));
        let first = told(&mut health, 0, &asks(30));
        assert_eq!(first, Some(News::AsksToBeLeftAlone { seconds: 30 }));
        assert_eq!(told(&mut health, 0, &asks(40)), None, "it is left alone already");
        assert_eq!(told(&mut health, 90_000_000, &asks(1)), None, "a moment");
    }
}
