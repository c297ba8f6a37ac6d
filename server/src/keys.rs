//! API keys and admin tokens: how they look, how one is made, how one is found again.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_have_the_form_that_callers_know() {
        let vault = Vault::to_look();
        for (key, kind, length) in [
            (NewKey::for_app(KeyKind::Secret, &vault), "secret", 32),
            (NewKey::for_app(KeyKind::Public, &vault), "public", 20),
            (NewKey::for_admin(&vault), "admin", 32),
        ] {
            let is_random = |text: &str, length| {
                text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            let (known, secret) = key.text.split_once('.').unwrap();
            let name = known.strip_prefix(&format!("{kind}_live_")).unwrap();
            assert!(is_random(name, 8) && is_random(secret, length), "{}", key.text);
            assert_eq!((known, prefix(&key.text)), (key.prefix.as_str(), Some(known)));
            assert!(vault.matches(&key.text, &key.hash) && !vault.matches(known, &key.hash));
        }
    }
}
