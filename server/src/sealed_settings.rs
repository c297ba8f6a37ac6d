//! Settings of integrations on their way into the database and out of it: their secrets are sealed.

use bursar_domain::ids::AppId;
use bursar_domain::integrations::Integration;
use bursar_domain::integrations::settings::{Secrets, Settings};

use crate::store::StoreError;
use crate::store::tables::integrations::StoredIntegration;
use crate::vault::Vault;

/// The settings of a row with their secrets.
pub fn open(
    integration: &Integration,
    stored: &StoredIntegration,
    vault: &Vault,
) -> Result<Settings, StoreError> {
    let secrets = open_secrets(stored.app, integration, &stored.sealed_secrets, vault)?;
    Ok(Settings::join(integration.settings, &stored.settings, secrets))
}

/// The secrets of a row alone.
fn open_secrets(
    app: AppId,
    integration: &Integration,
    sealed: &[u8],
    vault: &Vault,
) -> Result<Secrets, StoreError> {
    let opened = vault
        .open_sealed(&place(app, integration), sealed)
        .map_err(|error| StoreError::Corrupt(format!("an integration's secrets: {error}")))?;
    // Without the reader's reason, in which a secret could stand.
    serde_json::from_slice(&opened)
        .map_err(|_| StoreError::Corrupt("an integration's secrets are not of their form".into()))
}

/// The row of settings, with their secrets sealed.
pub fn close(
    app: AppId,
    integration: &Integration,
    enabled: bool,
    settings: &Settings,
    vault: &Vault,
) -> StoredIntegration {
    let (settings, secrets) = settings.split(integration.settings);
    let secrets = serde_json::to_vec(&secrets).expect("texts always serialise");
    StoredIntegration {
        app,
        slug: integration.slug.into(),
        enabled,
        settings,
        sealed_secrets: vault.seal(&place(app, integration), &secrets),
        blocked: None,
    }
}

/// Secrets open only in the row for which they were sealed.
fn place(app: AppId, integration: &Integration) -> String {
    format!("integration {app} {}", integration.slug)
}
