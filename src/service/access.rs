//! Who asks, and whether they may.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};

use super::Service;
use super::failure::{Failure, Kind};
use crate::database::StoreError;
use crate::domain::access::{Limit, Right, Rights};
use crate::domain::hint::Act;
use crate::domain::text::{LONGEST_TEXT, is_invisible};
use crate::domain::value::hex;
use crate::ledger::{Ledger, Token};
use crate::worker::PlanLoadError;

/// What a caller without `configure` is told while a column waits to be classified.
pub const NOT_CONFIGURED: &str = "You don't have the necessary access to configure client anonymization. \
     Please inform the person in charge that data needs to be configured.";

/// How every token begins, so that people and scanners know one when they see it.
const PREFIX: &str = "lethe_";

/// By which way a caller asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Command,
    Http,
}

impl Way {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Http => "http",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Caller {
    /// The token's name, or the account of the operating system.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
    /// The clients to whom they may do it.
    pub limit: Limit,
    /// By which way they ask.
    pub way: Way,
    /// The token's number, if it is one.
    pub token: Option<i64>,
}

impl Caller {
    /// Who holds a token; `None` if it is not in force.
    pub async fn of_token(ledger: &Ledger, token: &str, way: Way) -> Result<Option<Self>, StoreError> {
        let Some(found) = ledger.token(&hash(token)).await? else { return Ok(None) };
        // Whether it was used is for people to see; a full disk must not lock them out.
        let _ = ledger.token_used(&found).await;
        Ok(Some(Self::of(found, way)))
    }

    /// Who holds a session's cookie; `None` if the session is over, or its token not in force. Whether it `is_used`
    /// decides how long it goes on.
    pub async fn of_session(ledger: &Ledger, cookie: &str, is_used: bool) -> Result<Option<Self>, StoreError> {
        let Some(found) = ledger.session(&hash(cookie), is_used).await? else { return Ok(None) };
        if is_used {
            let _ = ledger.token_used(&found).await;
        }
        Ok(Some(Self::of(found, Way::Http)))
    }

    fn of(token: Token, way: Way) -> Self {
        Self { name: token.name, rights: token.rights, limit: token.limited_to, way, token: Some(token.id) }
    }
}

/// A new token: 256 random bits.
#[must_use]
pub fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A token as the ledger keeps it. It is random and long, so a plain hash is as good as a slow one.
#[must_use]
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.trim().as_bytes()))
}

/// What a caller without the right is told.
#[must_use]
pub fn refusal(caller: &Caller, right: Right, what: &str) -> Failure {
    let hint = Act::Grant.after(&format!("that needs the right `{right}`; a person with `admin` "));
    Failure::new(format!("`{}` may not {what}", caller.name), hint).of(Kind::Forbidden)
}

/// What a caller is told whose token is limited to some clients, about what concerns others.
#[must_use]
pub(super) fn beyond(caller: &Caller, what: &str) -> Failure {
    let what = format!("`{}` may not {what}: the token is limited to {}", caller.name, caller.limit);
    Failure::new(what, "use a token that is not limited to some clients").of(Kind::Forbidden)
}

impl Service {
    /// Lets the caller do something, or says why not. A refusal is recorded,
    /// and so is whatever may change something. A caller whose token is limited
    /// to some clients is refused: see [`Self::allow_within`].
    ///
    /// # Errors
    ///
    /// [`Failure`] if the caller lacks the right; or, in the words for those who
    /// cannot help it, if the policy waits to be completed.
    pub async fn allow(&self, right: Right, what: &str) -> Result<(), Failure> {
        self.allow_on(right, what, "").await
    }

    /// The same for something that the caller names, which is in no log: it can be a client's key.
    pub async fn allow_on(&self, right: Right, what: &str, subject: &str) -> Result<(), Failure> {
        self.permit_on(right, what, subject).await?;
        self.complete_for(right).await
    }

    /// The same for what may be done whether or not the policy is complete.
    pub(super) async fn permit_on(&self, right: Right, what: &str, subject: &str) -> Result<(), Failure> {
        self.permit(right, what, subject, self.caller.limit.is_none()).await
    }

    /// The same where what follows concerns no client beyond the caller's limit: it takes its clients from
    /// `service/limit.rs`.
    pub async fn allow_within(&self, right: Right, what: &str, subject: &str) -> Result<(), Failure> {
        self.permit(right, what, subject, true).await?;
        self.complete_for(right).await
    }

    /// What changes clients needs a policy that says everything, save from those who may complete it.
    async fn complete_for(&self, right: Right) -> Result<(), Failure> {
        if matches!(right, Right::Anonymize | Right::Bulk) && !self.caller.rights.hold(Right::Configure) {
            self.configured().await?;
        }
        Ok(())
    }

    async fn permit(&self, right: Right, what: &str, subject: &str, is_within: bool) -> Result<(), Failure> {
        let caller = &self.caller;
        let has_right = caller.rights.hold(right);
        let allowed = has_right && is_within;
        let named = format!("{what} {}", subject.trim()).trim_end().replace(is_invisible, "");
        let named: String = named.chars().take(LONGEST_TEXT).collect();
        if !allowed || right != Right::Read {
            let who = (caller.name.as_str(), caller.way.as_str());
            self.context.ledger.record_request(who, &named, right.as_str(), allowed).await?;
        }
        if !allowed {
            tracing::warn!(by = caller.name, what, needs = right.as_str(), "refused");
            return Err(if has_right { beyond(caller, &named) } else { refusal(caller, right, &named) });
        }
        Ok(())
    }

    async fn configured(&self) -> Result<(), Failure> {
        match self.context.planner.plan_checked(&self.context.store).await {
            Err(PlanLoadError::Plan(_)) => Err(not_configured()),
            _ => Ok(()),
        }
    }
}

/// What a caller without `configure` is told while the policy waits to be completed.
#[must_use]
pub fn not_configured() -> Failure {
    Failure::new(NOT_CONFIGURED, Act::Policy.then(" lists what is missing, for those who may configure"))
        .of(Kind::Conflict)
}
