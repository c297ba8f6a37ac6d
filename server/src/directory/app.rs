//! An app in memory: its settings, and what it wants of its integrations.

use std::collections::HashMap;
use std::sync::Arc;

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::events::payload::PayloadOptions;
use bursar_domain::events::prices::PriceRules;
use bursar_domain::ids::AppId;
use bursar_domain::integrations::{self, Integration, Part, Problem, Settings, webhook};
use bursar_domain::purchases::machine::{Timer, Timers};

use crate::sealed_settings;
use crate::store::tables::integrations::{Saved, StoredIntegration};
use crate::vault::Vault;

/// An app with its settings.
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its settings.
    pub settings: AppSettings,
    /// The integrations that it has ever set, in the order of the list.
    pub integrations: Vec<Arc<AppIntegration>>,
}

/// An app's integration. Its secrets are open here, so it cannot be printed.
pub struct AppIntegration {
    /// Which.
    pub integration: &'static Integration,
    /// Is anything sent?
    pub enabled: bool,
    /// How, secrets included.
    pub settings: Settings,
    /// What was found out about the settings, so that nothing goes out until the owner mends it.
    pub blocked: Option<String>,
    /// Since when it asks for synthetic events as it does now, in microseconds.
    pub timers_since: i64,
    /// Which save of its settings this is.
    pub saved: Saved,
    /// Its parts.
    pub targets: Vec<Target>,
}

/// One part of an app's integration: where deliveries go to.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its id in the tables of deliveries.
    pub id: i64,
    /// Which part.
    pub part: &'static Part,
}

/// The ids of targets by app, slug and part.
pub type TargetIds = HashMap<(AppId, String, String), i64>;

impl App {
    /// The integration with this slug, if it was ever set.
    pub fn integration(&self, slug: &str) -> Option<&Arc<AppIntegration>> {
        self.integrations
            .iter()
            .find(|known| known.integration.slug == slug)
    }

    /// The integrations that are on.
    pub fn enabled(&self) -> impl Iterator<Item = &Arc<AppIntegration>> {
        self.integrations.iter().filter(|known| known.enabled)
    }

    /// Is `access_level_updated` made? Only the webhook takes it, so not without one that does.
    pub fn makes_access_level_updated(&self) -> bool {
        let webhook = self.enabled().find(|known| known.is_webhook());
        webhook.is_some_and(|webhook| webhook.settings.sends(EventKind::AccessLevelUpdated))
    }

    /// After how many days the synthetic events are made: each integration may ask for them at its own time.
    pub fn timers(&self) -> Timers {
        let mut timers = Timers::default();
        for known in self.enabled() {
            for (kind, days) in known.integration.synthetic_delays(&known.settings) {
                let list = match kind {
                    EventKind::TrialActive => &mut timers.trial_active,
                    _ => &mut timers.subscription_active,
                };
                let since = known.timers_since;
                match list.iter_mut().find(|timer| timer.days == days) {
                    Some(timer) => timer.since = timer.since.min(since),
                    None => list.push(Timer { days, since }),
                }
            }
        }
        timers
    }

    /// The form of events: the webhook's, also where there is none. The feed shows it, and other integrations read it.
    pub fn payload_options(&self, event: EventKind) -> PayloadOptions<'_> {
        let Some(webhook) = self.integration(webhook::INTEGRATION.slug) else {
            return PayloadOptions::default();
        };
        let settings = &webhook.settings;
        PayloadOptions {
            name: Some(settings.event_name(event)).filter(|name| !name.is_empty()),
            send_user_attributes: settings.is("send_user_attributes"),
            send_attribution: settings.is("send_attribution"),
            prices: PriceRules {
                send_trial_price: settings.is("send_trial_price"),
                refund_amounts_positive: settings.is("refund_amounts_positive"),
            },
        }
    }
}

/// Why an integration that is on is shown as blocked: what was found out about its settings, or that nothing at all can be
/// sent with them.
pub fn why_blocked(
    integration: &Integration,
    settings: &Settings,
    found: Option<&str>,
    of_app: &AppSettings,
) -> Option<String> {
    let stopped = || {
        let problems = integration.problems(settings, of_app);
        let Problem { field, detail, .. } = problems.into_iter().find(|problem| problem.stops)?;
        Some(format!("nothing can be sent: settings.{field}: {detail}"))
    };
    found.map(str::to_owned).or_else(stopped)
}

impl AppIntegration {
    /// See [`why_blocked`].
    pub fn why_blocked(&self, of_app: &AppSettings) -> Option<String> {
        why_blocked(self.integration, &self.settings, self.blocked.as_deref(), of_app)
    }

    /// Does it stand still because its secrets cannot be opened?
    pub fn has_lost_secrets(&self) -> bool {
        self.blocked.as_deref() == Some(sealed_settings::LOST)
    }

    /// Is it the one that receives events as they were made?
    fn is_webhook(&self) -> bool {
        self.integration.slug == webhook::INTEGRATION.slug
    }

    pub(super) fn open(stored: &StoredIntegration, targets: &TargetIds, vault: &Vault) -> Option<Self> {
        // One that this version does not know was made by a newer one.
        let integration = integrations::find(&stored.slug)?;
        let id = |part: &'static Part| {
            let key = (stored.app, stored.slug.clone(), part.name.to_owned());
            Some(Target {
                id: *targets.get(&key)?,
                part,
            })
        };
        let (settings, blocked) = sealed_settings::open(integration, stored, vault);
        Some(Self {
            integration,
            enabled: stored.enabled,
            settings,
            blocked,
            timers_since: stored.timers_since,
            saved: stored.saved(),
            targets: integration.parts.iter().filter_map(id).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use bursar_domain::ids::AppId;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    /// An app whose webhook has these settings.
    fn app(said: &serde_json::Value) -> App {
        let fields = webhook::INTEGRATION.settings;
        let settings = Settings::read(fields, said.as_object().unwrap(), &Settings::defaults(fields));
        let known = AppIntegration {
            integration: integrations::find(webhook::INTEGRATION.slug).unwrap(),
            enabled: true,
            settings: settings.unwrap(),
            blocked: None,
            timers_since: 0,
            saved: Saved::default(),
            targets: Vec::new(),
        };
        App {
            id: AppId(Uuid::nil()),
            settings: AppSettings::default(),
            integrations: vec![Arc::new(known)],
        }
    }

    #[test]
    fn each_setting_of_the_webhook_that_shapes_events_makes_a_difference() {
        let usual = app(&json!({}));
        for said in [
            json!({"event_names": {"trial_started": "Trial"}}),
            json!({"send_trial_price": true}),
            json!({"send_user_attributes": true}),
            json!({"send_attribution": true}),
            json!({"refund_amounts_positive": true}),
        ] {
            let changed = app(&said);
            let kind = EventKind::TrialStarted;
            assert_ne!(
                usual.payload_options(kind),
                changed.payload_options(kind),
                "{said}"
            );
        }
    }

    #[test]
    fn integrations_that_ask_for_the_same_day_have_it_since_the_first_of_them_asked() {
        let said = json!({"events": {"trial_active": true}, "synthetic_delay_days": {"trial_active": 3}});
        let known = |slug: &str, timers_since: i64| {
            let integration = integrations::find(slug).unwrap();
            let fields = integration.settings;
            let settings = Settings::read(fields, said.as_object().unwrap(), &Settings::defaults(fields));
            Arc::new(AppIntegration {
                integration,
                enabled: true,
                settings: settings.unwrap(),
                blocked: None,
                timers_since,
                saved: Saved::default(),
                targets: Vec::new(),
            })
        };
        for [first, second] in [[5, 9], [9, 5]] {
            let mut app = app(&said);
            app.integrations = vec![known("webhook", first), known("amplitude", second)];
            let timers = app.timers().trial_active;
            let told: Vec<_> = timers.iter().map(|timer| (timer.days, timer.since)).collect();
            assert_eq!(told, [(3, 5)]);
        }
    }
}
