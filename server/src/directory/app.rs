//! An app in memory: its settings, and what it wants of its integrations.

use bursar_domain::app::AppSettings;
use bursar_domain::events::EventKind;
use bursar_domain::events::payload::Shape;
use bursar_domain::events::prices::PriceRules;
use bursar_domain::ids::AppId;
use bursar_domain::integrations::settings::{Secrets, Settings};
use bursar_domain::integrations::webhook::{self, WebhookSecrets, WebhookSettings};
use bursar_domain::purchases::machine::Timers;
use serde_json::Map;

use crate::sealed_settings;
use crate::store::StoreError;
use crate::store::tables::integrations::StoredIntegration;
use crate::vault::Vault;

/// An app with its settings.
#[derive(Debug)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its settings.
    pub settings: AppSettings,
    /// Its webhook.
    pub webhook: Webhook,
}

/// An app's webhook. One that was never set has the defaults and is off.
#[derive(Debug, Default)]
pub struct Webhook {
    /// Is anything sent?
    pub enabled: bool,
    /// How.
    pub settings: WebhookSettings,
    sealed_secrets: Option<Vec<u8>>,
}

impl App {
    /// Is `access_level_updated` made? Only the webhook takes it, so not without one that does.
    pub fn makes_access_level_updated(&self) -> bool {
        self.webhook.wants(EventKind::AccessLevelUpdated)
    }

    /// After how many days the synthetic events are made.
    pub fn timers(&self) -> Timers {
        let choices = self.webhook.enabled.then_some(&self.webhook.settings.events);
        let mut timers = Timers::default();
        for (kind, days) in choices.into_iter().flat_map(|choices| choices.synthetic_delays()) {
            match kind {
                EventKind::TrialActive => timers.trial_active.push(days.into()),
                _ => timers.subscription_active.push(days.into()),
            }
        }
        timers
    }

    /// Opens the webhook's secrets, to send a request.
    pub fn webhook_secrets(&self, vault: &Vault) -> Result<WebhookSecrets, StoreError> {
        let Some(sealed) = &self.webhook.sealed_secrets else {
            return Ok(WebhookSecrets::default());
        };
        let integration = &webhook::INTEGRATION;
        let secrets = sealed_settings::open_secrets(self.id, integration, sealed, vault)?;
        let settings = Settings::join(integration.settings, &Map::new(), secrets);
        // Without the reader's reason, in which a secret could stand.
        let typed = settings.typed();
        typed.map_err(|_| StoreError::Corrupt("a webhook's secrets are not of their form".into()))
    }
}

impl Webhook {
    /// Is it on, and with it this event?
    pub fn wants(&self, event: EventKind) -> bool {
        self.enabled && self.settings.events.is_on(event)
    }

    /// How events are told to it. The feed shows them in this form too.
    pub fn shape(&self, event: EventKind) -> Shape<'_> {
        let settings = &self.settings;
        Shape {
            name: Some(settings.events.name(event)),
            send_user_attributes: settings.send_user_attributes,
            prices: PriceRules {
                send_trial_price: settings.send_trial_price,
                refund_amounts_positive: settings.refund_amounts_positive,
            },
        }
    }

    pub(super) fn of(stored: StoredIntegration) -> Result<Self, StoreError> {
        let fields = webhook::INTEGRATION.settings;
        let settings = Settings::join(fields, &stored.settings, Secrets::new()).typed();
        Ok(Self {
            enabled: stored.enabled,
            settings: settings
                .map_err(|error| StoreError::Corrupt(format!("a webhook's settings: {error}")))?,
            sealed_secrets: Some(stored.sealed_secrets),
        })
    }
}
