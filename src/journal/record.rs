//! One record: a line of JSON that ends with its own hash.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Flaw, Key};
use crate::domain::value::{hex, json_of};

/// What the first record of a journal has as the hash of the one before it.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What the name of a client begins with where it is a hash.
pub const HASHED: &str = "hmac-sha256:";

/// In place of a sweep's kind: the record says under which key those after it are sealed.
pub const OF_A_KEY: &str = "key";

/// What became of one client, or of a hold on it, as the journal has it. The
/// order of the fields is that of the line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number, from 1.
    pub number: i64,
    /// When the outcome was committed.
    pub at: String,
    /// The sweep; 0 for a hold.
    pub sweep: i64,
    /// Its kind, or `hold`, or [`OF_A_KEY`].
    pub kind: String,
    /// The digest of the plan; empty for a hold; of a key its [mark](Key::mark).
    pub plan: String,
    /// Which ledger, in which database, wrote it; none in journals of version 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The client's key, if the journal holds keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Or its keyed hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_hash: Option<String>,
    /// And the [mark](Key::mark) of the key under which the record is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The outcome; of a hold `placed` or `released`.
    pub outcome: String,
    /// The hash of the record before it.
    pub previous: String,
}

impl Record {
    /// The client: its key, or the hash behind [`HASHED`].
    #[must_use]
    pub fn client_name(&self) -> String {
        match (&self.client, &self.client_hash) {
            (Some(client), _) => client.clone(),
            (None, Some(hash)) => format!("{HASHED}{hash}"),
            (None, None) => String::new(),
        }
    }
}

/// A record's line, without its end, and its hash.
#[must_use]
pub fn seal(record: &Record, key: Option<&Key>) -> (String, String) {
    // Texts and numbers can always be written.
    let body = json_of(record);
    let hash = hash(&body, key);
    let open = body.strip_suffix('}').unwrap_or(&body);
    (format!("{open},\"hash\":\"{hash}\"}}"), hash)
}

/// A line's record, and its hash; or what is wrong with it.
pub(super) fn open(line: &str, keys: &[Key]) -> Result<(Record, String), Flaw> {
    let invalid = || Flaw::bad("is not a valid record");
    let (body, rest) = line.rsplit_once(",\"hash\":\"").ok_or_else(invalid)?;
    let own = rest.strip_suffix("\"}").ok_or_else(invalid)?;
    let body = format!("{body}}}");
    let record: Record = serde_json::from_str(&body).map_err(|_| invalid())?;
    if record.client.is_some() == record.client_hash.is_some() || record.client_hash.is_some() != record.key.is_some() {
        return Err(invalid());
    }
    let key = match &record.key {
        None if keys.is_empty() => None,
        None => return Err(Flaw::Unsealed),
        Some(mark) => match keys.iter().find(|key| key.mark() == mark) {
            Some(key) => Some(key),
            None if keys.is_empty() => return Err(Flaw::NoKey),
            None => return Err(Flaw::OtherKey),
        },
    };
    if hash(&body, key) != own {
        return Err(Flaw::bad("was changed: it does not have its own hash"));
    }
    Ok((record, own.to_owned()))
}

fn hash(body: &str, key: Option<&Key>) -> String {
    key.map_or_else(|| hex(&Sha256::digest(body)), |key| key.seal(body))
}
