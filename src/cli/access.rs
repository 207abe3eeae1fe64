//! Who runs a command, and what they may do.

use super::{Failure, setup};
use crate::config::{Config, TOKEN};
use crate::database::Store;
use crate::domain::access::{Limit, Right};
use crate::domain::clock::Clock;
use crate::ledger::{Ledger, UnknownCaller};
use crate::service::access::{Caller, Way, refusal};
use crate::service::failure::Kind;

/// Who asks: the owner of the token in the environment, or the account of the operating system.
pub(super) async fn caller(config: &Config, ledger: &Ledger) -> Result<Caller, Failure> {
    // A token that is not UTF-8 is an unknown one, not none.
    let token = std::env::var_os(TOKEN).map(|token| token.to_string_lossy().into_owned());
    let Some(token) = token.filter(|token| !token.trim().is_empty()) else {
        return Ok(operator(config));
    };
    let found = Caller::of_token(ledger, &token, Way::Command).await?;
    if found.is_none() {
        let (who, what) = (format!("{} (no valid token)", setup::actor()), "run a command".to_owned());
        let caller = UnknownCaller { who, way: Way::Command.as_str(), what, times: 1 };
        // It is refused whether or not that can be recorded.
        let _ = ledger.record_unknown_callers(&[caller]).await;
    }
    found.ok_or_else(|| {
        let what = format!("the token in `{TOKEN}` is not valid: it is unknown, revoked or expired");
        Failure::new(what, "`lethe token list` lists valid tokens; unset the variable to act as yourself")
            .of(Kind::Forbidden)
    })
}

fn operator(config: &Config) -> Caller {
    let name = setup::actor();
    Caller { rights: config.rights(&name), name, limit: Limit::default(), way: Way::Command, token: None }
}

/// The same question where there is no ledger yet, and so no token.
pub(super) fn permit(config: &Config, right: Right, what: &str) -> Result<(), Failure> {
    let caller = operator(config);
    if caller.rights.hold(right) { Ok(()) } else { Err(refusal(&caller, right, what)) }
}

/// Whether the caller may configure; without a ledger there is no token, and they ask as an account.
pub(super) async fn may_configure(config: &Config, store: &Store) -> Result<bool, Failure> {
    let asks = if Ledger::exists(store).await? {
        caller(config, &Ledger::open(store, &Clock::System).await?).await?
    } else {
        operator(config)
    };
    Ok(asks.rights.hold(Right::Configure))
}
