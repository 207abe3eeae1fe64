//! The key under which client keys are hashed and records sealed.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::value::hex;

/// The fewest characters of a key: as many as a hash has bytes.
pub const SHORTEST_KEY: usize = 32;

/// The fewest different bytes in a key. A random one of 32 hexadecimal digits has fewer once in ten million.
const FEWEST_DIFFERENT: usize = 6;

/// Checks that these bytes can be a key: long enough, and not of a few characters. Blanks and zero bytes around it do not
/// count.
///
/// # Errors
///
/// A fragment that says why they cannot be a key, without quoting them.
pub fn check_key(bytes: &[u8]) -> Result<(), &'static str> {
    let is_sign = |byte: &u8| !byte.is_ascii_whitespace() && *byte != 0;
    let ends = bytes.iter().position(is_sign).zip(bytes.iter().rposition(is_sign));
    let own = ends.map_or(&[][..], |(first, last)| &bytes[first..=last]);
    if own.len() < SHORTEST_KEY {
        return Err("is too short");
    }
    let different: std::collections::BTreeSet<&u8> = own.iter().collect();
    if different.len() < FEWEST_DIFFERENT {
        return Err("is not a random key: it repeats a few characters");
    }
    Ok(())
}

/// A key for hashes of client keys, and of records (HMAC-SHA-256).
///
/// Its holder can tell which client a record is about, by hashing every possible
/// key, and can write records. Without it, neither is possible.
#[derive(Clone)]
pub struct Key {
    hmac: Hmac<Sha256>,
    mark: String,
}

impl Key {
    /// The key with these bytes.
    ///
    /// # Errors
    ///
    /// A fragment that says why they cannot be a key, without quoting them.
    pub fn new(bytes: &[u8]) -> Result<Self, &'static str> {
        check_key(bytes)?;
        let hmac = Hmac::new_from_slice(bytes).map_err(|_| "is not valid")?;
        let key = Self { hmac, mark: String::new() };
        // A client's key cannot hold a zero byte in either database.
        let mark = key.hash("\0mark").chars().take(16).collect();
        Ok(Self { mark, ..key })
    }

    /// The hash of a client's key, in hex.
    #[must_use]
    pub fn hash(&self, client_key: &str) -> String {
        self.hash_of(&[client_key])
    }

    /// The hash of a record's text, in hex.
    pub(super) fn seal(&self, body: &str) -> String {
        self.hash_of(&["\0record", body])
    }

    fn hash_of(&self, parts: &[&str]) -> String {
        let mut hmac = self.hmac.clone();
        for part in parts {
            hmac.update(part.as_bytes());
        }
        hex(&hmac.finalize().into_bytes())
    }

    /// The key's fingerprint: it identifies the key and reveals nothing else about it.
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
    fn a_key_that_is_short_or_not_random_is_refused() {
        for bad in [
            &b"0123456789abcdef0123456789abcde"[..],
            &[b' '; 32],
            &[0; 64],
            &[7; 32],
            b"\t\r\n \t\r\n \t\r\n \t\r\n \t\r\n \t\r\n \t\r\n \t\r\n ",
            b"abcdef                          ",
            b"                          abcdef",
            b"abcdef\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"abcdeabcdeabcdeabcdeabcdeabcdeabcdeabcde",
        ] {
            assert!(Key::new(bad).is_err());
        }
        assert!(Key::new(b"  0123456789abcdef0123456789abcdef\0 ").is_ok());
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = Key::new(b"0123456789abcdef0123456789abcdef").unwrap();
        assert!(!format!("{key:?}").contains("0123456789abcdef"));
    }
}
