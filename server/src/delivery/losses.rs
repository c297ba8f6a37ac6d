//! Deliveries that come to nothing one after the other, as far as this server has met them: a third party takes none of
//! them, or a credential is not set.

use std::collections::BTreeMap;

use bursar_domain::ids::AppId;
use bursar_domain::integrations::Problem;
use bursar_domain::time::{DAY, format_time};

use super::worker::Work;
use super::{Workers, routes};
use crate::actions::deliveries::End;
use crate::directory::{AppIntegration, Target};
use crate::store::tables::delivery_states::ClosedState;
use crate::store::tables::integrations::Saved;

/// So many that are not taken in a row are no chance.
pub const MANY: i64 = 8;
/// Of no more causes than this is anything noted: names of stores, which settings are named by, are their reporters' choice.
const MOST_CAUSES: usize = 32;

/// Why deliveries come to nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The third party takes nothing of a part on a route.
    NotTaken {
        /// The part's name.
        part: &'static str,
        /// Where its health is counted.
        route: String,
    },
    /// This setting is not set.
    Unset(String),
}

impl Cause {
    /// A credential for what nobody reports any more is lacked by nobody: of that no delivery tells.
    fn is_past(&self, loss: &Loss, now: i64) -> bool {
        matches!(self, Self::Unset(_)) && now > loss.last_at.saturating_add(DAY)
    }
}

/// Deliveries that came to nothing, with none delivered between.
#[derive(Debug, Clone)]
struct Loss {
    count: i64,
    /// Since when nothing was delivered, as far as is known.
    since: i64,
    last_at: i64,
    /// What the last one ended with, masked, also what its customer is called.
    reason: String,
    is_logged: bool,
}

/// What an integration loses with the settings of one save.
#[derive(Debug, Default)]
pub struct Losses {
    saved: Saved,
    by_cause: BTreeMap<Cause, Loss>,
}

impl Losses {
    /// From now on these settings count. Answers whether anything was logged of those before.
    pub fn begin(&mut self, saved: &Saved) -> bool {
        if self.saved == *saved {
            return false;
        }
        self.saved = saved.clone();
        let before = std::mem::take(&mut self.by_cause);
        before.values().any(|loss| loss.is_logged)
    }

    /// One more is lost, of a route that has been failing since then, if it is. After a day of that the first one is logged at
    /// once. Answers whether it is to be logged for the first time.
    fn lost(&mut self, cause: Cause, reason: &str, failing_since: Option<i64>, now: i64) -> bool {
        let since = failing_since.unwrap_or(now);
        let is_certain = now - since >= DAY || matches!(cause, Cause::Unset(_));
        if self.by_cause.len() >= MOST_CAUSES && !self.by_cause.contains_key(&cause) {
            return false;
        }
        let loss = self.by_cause.entry(cause).or_insert(Loss {
            count: 0,
            since,
            last_at: now,
            reason: String::new(),
            is_logged: false,
        });
        loss.count += 1;
        loss.since = loss.since.min(since);
        loss.last_at = now;
        reason.clone_into(&mut loss.reason);
        let was_logged = loss.is_logged;
        loss.is_logged |= is_certain || loss.count >= MANY;
        loss.is_logged && !was_logged
    }

    /// One was delivered. Answers whether its cause was logged.
    fn is_over(&mut self, cause: &Cause) -> bool {
        self.by_cause.remove(cause).is_some_and(|loss| loss.is_logged)
    }
}

impl Workers {
    /// What an app's integration loses with its settings.
    pub fn losses(&self, app: AppId, known: &AppIntegration, now: i64) -> Vec<Problem> {
        self.with_breaker(app, known.integration.slug, |breaker| {
            let losses = &breaker.losses;
            if losses.saved != known.saved || known.blocked.is_some() {
                return Vec::new();
            }
            let logged = losses
                .by_cause
                .iter()
                .filter(|(cause, loss)| loss.is_logged && !cause.is_past(loss, now));
            logged.map(|(cause, loss)| problem(known, cause, loss)).collect()
        })
    }
}

fn problem(known: &AppIntegration, cause: &Cause, loss: &Loss) -> Problem {
    let Loss { count, reason, .. } = loss;
    let since = format_time(loss.since);
    match cause {
        Cause::NotTaken { part, route } => {
            let setting = routes::setting(known.integration, route);
            let field = setting.map_or_else(|| "status".into(), |setting| format!("settings.{setting}"));
            let part = of_part(part);
            Problem::new(
                field,
                format!(
                    "nothing{part} has been taken since {since}: {count} lost in a row, the last: {reason}"
                ),
            )
        }
        Cause::Unset(setting) => Problem::new(
            "status",
            format!("{setting} is not set: {count} skipped for that since {since}"),
        ),
    }
}

fn of_part(part: &str) -> String {
    match part {
        "" => String::new(),
        part => format!(" of the call {part}"),
    }
}

impl Work {
    /// Notes how deliveries of a route ended, of those that did, with reasons that name no customer.
    pub fn note_ends(&self, target: Target, route: &str, ends: impl Iterator<Item = End>) {
        let route = routes::counted(self.known.integration, route);
        let cause = Cause::NotTaken {
            part: target.part.name,
            route: route.to_owned(),
        };
        let (app, slug) = (self.app.id, self.slug);
        // Hardly ever logged, and looked at with each request.
        let words = || {
            let setting = routes::setting(self.known.integration, route);
            let what = setting.map_or_else(|| slug.to_owned(), |setting| format!("{setting} of {slug}"));
            (what, of_part(target.part.name))
        };
        for end in ends {
            let End::Closed { state, reason } = end else {
                continue;
            };
            if state == ClosedState::Delivered {
                if self.breaker().losses.is_over(&cause) {
                    let (what, part) = words();
                    tracing::info!(app.id = %app, slug, "{what} of the app {app} takes deliveries{part} again");
                }
                continue;
            }
            let mut reason = reason.unwrap_or_default();
            if state == ClosedState::Expired {
                reason.insert_str(0, "expired: ");
            }
            if self.note_loss(cause.clone(), &reason, self.failing_since(route)) {
                let (what, part) = words();
                tracing::warn!(
                    app.id = %app, slug,
                    "{what} of the app {app} takes no deliveries{part}; `bursar integration show` tells its words"
                );
            }
        }
    }

    /// Notes that a delivery is skipped because this setting is not set.
    pub fn note_unset(&self, setting: String) {
        let (app, slug) = (self.app.id, self.slug);
        if self.note_loss(Cause::Unset(setting.clone()), "", None) {
            tracing::warn!(
                app.id = %app, slug,
                "{setting} of {slug} of the app {app} is not set; events that need it are skipped"
            );
        }
    }

    fn note_loss(&self, cause: Cause, reason: &str, failing_since: Option<i64>) -> bool {
        let (mut breaker, now) = (self.breaker(), self.state.clock.now());
        // What was sent with settings that were saved anew meanwhile counts nothing.
        let is_current = breaker.losses.saved == self.known.saved;
        is_current && breaker.losses.lost(cause, reason, failing_since, now)
    }

    /// From now on its settings count.
    pub fn begin_losses(&self) {
        let had_any = self.breaker().losses.begin(&self.known.saved);
        let (app, slug) = (self.app.id, self.slug);
        if had_any {
            tracing::info!(
                app.id = %app, slug,
                "the settings of {slug} of the app {app}, which lost deliveries, were saved anew; what it loses now is counted anew"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use uuid::Uuid;

    use super::*;
    use crate::store::tables::integrations::StoredIntegration;

    fn rejected() -> Cause {
        Cause::NotTaken {
            part: "",
            route: "production".into(),
        }
    }

    #[test]
    fn a_run_of_rejections_is_logged_once_and_a_delivery_ends_it() {
        let mut losses = Losses::default();
        let mut logged: Vec<_> = (0..MANY)
            .map(|now| losses.lost(rejected(), "404", None, now))
            .collect();
        assert!(logged.pop().unwrap() && !logged.contains(&true), "{logged:?}");
        assert!(!losses.lost(rejected(), "404", None, 9));
        assert_eq!(
            (
                losses.by_cause[&rejected()].count,
                losses.by_cause[&rejected()].since
            ),
            (MANY + 1, 0)
        );
        assert!(losses.is_over(&rejected()));
        assert!(
            !losses.lost(rejected(), "404", None, 10) && !losses.is_over(&rejected()),
            "one alone"
        );
    }

    #[test]
    fn what_is_certain_is_logged_at_once_and_other_settings_begin_anew() {
        let mut losses = Losses::default();
        assert!(!losses.lost(rejected(), "404", Some(1), DAY));
        assert!(losses.lost(rejected(), "given up", Some(0), DAY));
        assert_eq!(
            losses.by_cause[&rejected()].since,
            0,
            "nothing was taken before either"
        );
        let unset = || Cause::Unset("api_keys.production.ios".into());
        assert!(losses.lost(unset(), "", None, 0) && !losses.lost(unset(), "", None, 1));
        assert!(!losses.begin(&Saved::default()), "the same");
        let other = StoredIntegration {
            app: AppId(Uuid::nil()),
            slug: "webhook".into(),
            enabled: true,
            settings: Map::new(),
            sealed_secrets: vec![1],
            blocked: None,
            timers_since: 0,
        };
        assert!(losses.begin(&other.saved()) && losses.by_cause.is_empty());
    }
}
