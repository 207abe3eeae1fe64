//! Secrets, and what is signed with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::value::hex;

/// How a secret begins where it is written down.
const PREFIX: &str = "whsec_";

/// A secret that sender and receiver share.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Reads a secret as it is written down: `whsec_` and Base64.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without quoting it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or("does not begin with `whsec_`")?;
        let bytes = STANDARD.decode(encoded).map_err(|_| "is not in Base64 behind `whsec_`")?;
        if !(24..=64).contains(&bytes.len()) {
            return Err("is not of 24 to 64 bytes");
        }
        Self::of_bytes(&bytes).ok_or("cannot be used")
    }

    /// The secret with these bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(bytes).ok().map(Self)
    }

    /// The signature of a message that is sent at a moment, in seconds since 1970.
    pub(super) fn sign(&self, id: &str, timestamp: i64, payload: &str) -> String {
        let mut hmac = self.0.clone();
        hmac.update(format!("{id}.{timestamp}.{payload}").as_bytes());
        format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()))
    }

    /// A client's key, hashed under this secret, in hex.
    pub fn hash(&self, client_key: &str) -> String {
        let mut hmac = self.0.clone();
        hmac.update(client_key.as_bytes());
        hex(&hmac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn a_signature_is_the_one_that_others_make() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    /// RFC 4231, test case 2.
    #[test]
    fn a_hash_is_an_hmac() {
        let secret = Secret::of_bytes(b"Jefe").unwrap();
        assert_eq!(
            secret.hash("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!", "whsec_c2hvcnQ="] {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        assert!(Secret::parse(&long).is_err());
    }
}
