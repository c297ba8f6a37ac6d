//! What of an app's settings is valid but will not do what it seems to.

use super::Settings;
use super::setting::is_sent_by_default;
use crate::app::AppSettings;
use crate::events::EventKind;
use crate::integrations::{Integration, Problem};

impl Integration {
    /// What is wrong with these settings in an app with these of its own: what the integration itself finds, and events
    /// that are switched on in vain.
    pub fn problems(&self, settings: &Settings, app: &AppSettings) -> Vec<Problem> {
        let mut problems = (self.check)(settings, app);
        // What is on by default nobody has asked for.
        let asked = EventKind::ALL
            .iter()
            .filter(|kind| settings.get("events")[kind.as_str()] == true && !is_sent_by_default(**kind));
        let in_vain = asked.filter(|kind| !(self.takes)(**kind));
        problems.extend(in_vain.map(|kind| {
            Problem::new(
                format!("events.{}", kind.as_str()),
                format!("does nothing: {} is told of no such event", self.title),
            )
        }));
        problems
    }
}

/// What `wait_for_identifier` makes of events of which the third party takes none that are older than so many seconds.
pub fn waits_too_long(settings: &Settings, oldest_seconds: i64) -> Option<Problem> {
    const WAIT: &str = "wait_for_identifier";
    let is_too_long = settings.number(WAIT).is_some_and(|waits| waits >= oldest_seconds);
    let why = format!(
        "leaves no time to send: events are taken for {oldest_seconds} seconds, those without a better identifier are lost"
    );
    is_too_long.then(|| Problem::new(WAIT, why))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::events::EventKind;
    use crate::integrations::ALL;
    use crate::integrations::samples::Case;

    #[test]
    fn an_event_that_is_switched_on_in_vain_is_told_of() {
        for integration in ALL {
            let has_delays = integration
                .settings
                .iter()
                .any(|field| field.path.starts_with("synthetic_delay_days"));
            let delays = json!({"trial_active": 3, "subscription_active": 3});
            let events = json!({"trial_active": true, "subscription_active": true});
            let mut settings = json!({"events": events});
            if has_delays {
                settings["synthetic_delay_days"] = delays;
            }
            let case = Case {
                settings,
                ..Case::of(integration)
            };
            let problems = integration.problems(&case.settings(), &case.app);
            let fields = problems.iter().map(|problem| problem.field.as_str());
            let of_events: Vec<_> = fields.filter(|field| field.starts_with("events.")).collect();
            let both = [EventKind::TrialActive, EventKind::SubscriptionActive];
            let in_vain = both.into_iter().filter(|kind| !(integration.takes)(*kind));
            let expected: Vec<_> = in_vain.map(|kind| format!("events.{}", kind.as_str())).collect();
            assert_eq!(of_events, expected, "{}", integration.slug);
        }
    }
}
