//! The key under which client keys are hashed and records sealed.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The fewest characters of a key: as many as a hash has bytes.
pub const SHORTEST_KEY: usize = 32;

/// A key for hashes of client keys, and of records (HMAC-SHA-256).
///
/// Whoever has it can tell which client a record is about, by hashing all the
/// keys there could be, and can write records; whoever has not can do neither.
pub struct Key {
    hmac: Hmac<Sha256>,
    mark: String,
}

impl Key {
    /// The key with these bytes; `None` if they are fewer than [`SHORTEST_KEY`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < SHORTEST_KEY {
            return None;
        }
        let hmac = Hmac::new_from_slice(bytes).ok()?;
        let mut key = Self { hmac, mark: String::new() };
        // A client's key cannot hold a zero byte in either database.
        key.mark = key.hash("\0mark")[..16].to_owned();
        Some(key)
    }

    /// The hash of a client's key, in hex.
    #[must_use]
    pub fn hash(&self, client_key: &str) -> String {
        let mut hmac = self.hmac.clone();
        hmac.update(client_key.as_bytes());
        super::record::hex(&hmac.finalize().into_bytes())
    }

    /// The hash of a record's text, in hex.
    pub(super) fn seal(&self, body: &str) -> String {
        self.hash(&format!("\0record{body}"))
    }

    /// What tells this key from others, and says nothing else about it.
    #[must_use]
    pub fn mark(&self) -> &str {
        &self.mark
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "Key({})", self.mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_hmac_sha_256() {
        // Test case 3 of RFC 4231 has too short a key; this one is from `openssl dgst -sha256 -hmac`.
        let key = Key::new(b"0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(key.hash("C00001"), "391a9afe586d9b06a3a04b582f6e17357e1818b73db61380bc3471aee325f6e9");
        assert_ne!(key.hash("C00001"), key.hash("C00002"));
    }

    #[test]
    fn a_short_key_is_none() {
        assert!(Key::new(b"0123456789abcdef0123456789abcde").is_none());
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = Key::new(b"0123456789abcdef0123456789abcdef").unwrap();
        assert!(!format!("{key:?}").contains("0123456789abcdef"));
    }
}
