//! Settings of integrations on their way into the database and out of it: their secrets are sealed.

use bursar_domain::ids::AppId;
use bursar_domain::integrations::Integration;
use bursar_domain::integrations::settings::{Secrets, Settings};
use serde_json::{Map, Value as Json};

use crate::store::StoreError;
use crate::store::tables::integrations::StoredIntegration;
use crate::vault::Vault;

/// Why an integration stands still whose secrets were lost.
pub const LOST: &str = "its secrets cannot be opened: enter its settings anew";

/// The settings of a row with their secrets, and why nothing may be sent, if so.
///
/// Secrets that cannot be opened, because the master key is another one or the row was damaged, are left out, and the
/// integration stands still. No other integration and no other app may suffer from that.
pub fn open(
    integration: &Integration,
    stored: &StoredIntegration,
    vault: &Vault,
) -> (Settings, Option<String>) {
    let (app, slug) = (stored.app, integration.slug);
    let join = |secrets| Settings::join(integration.settings, &stored.settings, secrets);
    match open_secrets(app, integration, &stored.sealed_secrets, vault) {
        Ok(secrets) => (join(secrets), stored.blocked.clone()),
        Err(error) => {
            tracing::error!(
                app.id = %app, slug, %error,
                "the secrets of {slug} of the app {app} cannot be opened; nothing is sent until its settings are entered anew"
            );
            (join(Secrets::default()), Some(LOST.to_owned()))
        }
    }
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

/// What a row holds of settings: they without their secrets, and these sealed.
pub fn close(
    app: AppId,
    integration: &Integration,
    settings: &Settings,
    vault: &Vault,
) -> (Map<String, Json>, Vec<u8>) {
    let (settings, secrets) = settings.split(integration.settings);
    let secrets = serde_json::to_vec(&secrets).expect("texts always serialise");
    (settings, vault.seal(&place(app, integration), &secrets))
}

/// Secrets open only in the row for which they were sealed.
fn place(app: AppId, integration: &Integration) -> String {
    format!("integration {app} {}", integration.slug)
}
