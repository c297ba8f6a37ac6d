//! Keys and secrets: what is stored of them, and how they are checked.
//!
//! One master key (32 bytes, from the environment or a file) seals what the database must hold in readable form,
//! with AES-256-GCM. API keys and admin tokens are not readable at all: stored is HMAC-SHA-256 of each under a
//! random pepper, which is itself sealed. Whoever has the database but not the master key has neither.

mod master;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};

pub use master::{MasterKey, MasterKeyError};

use crate::store::{Row, Sql, Statement, Store, StoreError};

const PEPPER: &str = "key_pepper";

/// Seals secrets and hashes keys.
pub struct Vault {
    sealing: LessSafeKey,
    pepper: hmac::Key,
}

/// Why the vault did not open.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The master key is not the one that this database was set up with.
    #[error("the master key is not the one that this database was set up with")]
    WrongMasterKey,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something sealed could not be opened: it was changed, moved, or sealed under another key.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value cannot be opened")]
pub struct Unsealable;

impl Vault {
    /// Opens the vault of this database, or sets it up if it has none.
    pub async fn open(store: &Store, master: &MasterKey) -> Result<Self, VaultError> {
        let sealing = sealing_key(master);
        let pepper = match stored_pepper(store).await? {
            Some(sealed) => sealed,
            None => {
                let fresh = seal(&sealing, PEPPER, &random::<32>());
                add_pepper(store, fresh).await?;
                // Of two servers that start at once the first one's pepper holds.
                stored_pepper(store)
                    .await?
                    .ok_or_else(|| StoreError::Corrupt("no key pepper".into()))?
            }
        };
        let pepper = open(&sealing, PEPPER, &pepper).map_err(|_| VaultError::WrongMasterKey)?;
        Ok(Self {
            sealing,
            pepper: hmac::Key::new(hmac::HMAC_SHA256, &pepper),
        })
    }

    /// A vault for who only looks into a database that has none: it opens nothing, and what it seals is not to be stored.
    pub fn to_look() -> Self {
        Self {
            sealing: sealing_key(&MasterKey::from_bytes(random())),
            pepper: hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()),
        }
    }

    /// Has a vault been set up in this database?
    pub async fn is_set_up(store: &Store) -> Result<bool, StoreError> {
        Ok(stored_pepper(store).await?.is_some())
    }

    /// What is stored of a key.
    pub fn hash(&self, key: &str) -> Vec<u8> {
        hmac::sign(&self.pepper, key.as_bytes()).as_ref().to_vec()
    }

    /// Is this the key of which `hash` is stored? Takes the same time whatever is different.
    pub fn matches(&self, key: &str, hash: &[u8]) -> bool {
        hmac::verify(&self.pepper, key.as_bytes(), hash).is_ok()
    }

    /// Seals a value for the place `place`; only there it can be opened.
    pub fn seal(&self, place: &str, value: &[u8]) -> Vec<u8> {
        seal(&self.sealing, place, value)
    }

    /// Opens a sealed value.
    pub fn open_sealed(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        open(&self.sealing, place, sealed)
    }
}

/// So many random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system gives random bytes");
    bytes
}

/// Random letters and digits, each of the 62 equally likely.
pub fn random_text(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // 248 is the largest multiple of 62 that fits; larger bytes would favour some letters.
        let usable = random::<64>().into_iter().filter(|byte| *byte < 248);
        text.extend(
            usable
                .take(length - text.len())
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)])),
        );
    }
    text
}

/// SHA-256.
pub fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

fn sealing_key(master: &MasterKey) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, master.bytes()).expect("a master key has 32 bytes");
    LessSafeKey::new(key)
}

/// A random nonce, then the sealed value.
fn seal(key: &LessSafeKey, place: &str, value: &[u8]) -> Vec<u8> {
    let nonce = random::<NONCE_LEN>();
    let mut sealed = value.to_vec();
    let associated = Aad::from(place.as_bytes());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated, &mut sealed)
        .expect("the value is far below the cipher's limit");
    [&nonce[..], &sealed].concat()
}

fn open(key: &LessSafeKey, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unsealable)?;
    let mut value = sealed.to_vec();
    let associated = Aad::from(place.as_bytes());
    let opened = key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), associated, &mut value)
        .map_err(|_| Unsealable)?;
    Ok(opened.to_vec())
}

async fn stored_pepper(store: &Store) -> Result<Option<Vec<u8>>, StoreError> {
    static SQL: Sql = Sql::same("SELECT sealed FROM secrets WHERE name = $1");
    let mut rows = store.read(Statement::new(&SQL, [PEPPER.into()])).await?;
    rows.first_mut().map(|row: &mut Row| row.bytes(0)).transpose()
}

async fn add_pepper(store: &Store, sealed: Vec<u8>) -> Result<(), StoreError> {
    static SQL: Sql =
        Sql::same("INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
    let write = Statement::new(&SQL, [PEPPER.into(), sealed.into()]);
    store.write(vec![write]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> LessSafeKey {
        sealing_key(&MasterKey::from_bytes([byte; 32]))
    }

    #[test]
    fn a_sealed_value_opens_only_with_its_key_in_its_place_unchanged() {
        let sealed = seal(&key(1), "here", b"value");
        assert_eq!(open(&key(1), "here", &sealed).unwrap(), b"value");
        assert!(open(&key(2), "here", &sealed).is_err());
        assert!(open(&key(1), "there", &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(open(&key(1), "here", &changed).is_err());
        assert!(open(&key(1), "here", b"short").is_err());
        assert_ne!(seal(&key(1), "here", b"value"), sealed);
    }

    #[test]
    fn random_texts_have_the_length_and_differ() {
        assert_eq!(random_text(32).len(), 32);
        assert_ne!(random_text(32), random_text(32));
    }

    #[test]
    fn a_digest_tells_where_its_parts_end() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
