//! API keys and admin tokens: how they look, how one is made, how one is found again.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vault::{Vault, random_text};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Everything in its app. For servers.
    Secret,
    /// What an app on a customer's device needs.
    Public,
}

impl KeyKind {
    /// The name that is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Public => "public",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Secret, Self::Public]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key that has just been made. The only moment at which its text is known.
pub struct NewKey {
    /// The part before the dot. Not secret: it stands in lists and logs.
    pub prefix: String,
    /// The whole key.
    pub text: String,
    /// What is stored of it.
    pub hash: Vec<u8>,
}

impl NewKey {
    /// A key of this kind: `secret_live_XXXXXXXX.` and 32 letters or digits, or `public_live_XXXXXXXX.` and 20.
    pub fn for_app(kind: KeyKind, vault: &Vault) -> Self {
        let length = match kind {
            KeyKind::Secret => 32,
            KeyKind::Public => 20,
        };
        Self::new(kind.name(), length, vault)
    }

    /// An admin token: `admin_live_XXXXXXXX.` and 32 letters or digits.
    pub fn for_admin(vault: &Vault) -> Self {
        Self::new("admin", 32, vault)
    }

    fn new(kind: &str, length: usize, vault: &Vault) -> Self {
        let prefix = format!("{kind}_live_{}", random_text(8));
        let text = format!("{prefix}.{}", random_text(length));
        let hash = vault.hash(&text);
        Self { prefix, text, hash }
    }
}

/// The part of a key before its first dot, by which it is looked up.
pub fn prefix(key: &str) -> Option<&str> {
    key.split_once('.').map(|(prefix, _)| prefix)
}
