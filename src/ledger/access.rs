//! Tokens, what was asked for, and answers kept for requests sent again.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Ledger, moment};
use crate::database::{Connection, StoreError, from_json, row};
use crate::domain::access::{Limit, Rights};
use crate::domain::text::alike;
use crate::domain::value::json_of;

/// The most refusals of one caller that are kept apart on one day.
const MOST_REFUSED: i64 = 200;
/// What further ones are recorded as.
const FURTHER_REFUSED: &str = "further requests that were refused";
/// The most requests without a valid token that are kept apart on one day.
const MOST_STRANGERS: i64 = 1_000;
/// What further ones are recorded as: by whom, and what.
pub const FURTHER: (&str, &str) = ("further addresses (no valid token)", "further requests");
/// What requests without a valid token lack.
const TOKEN: &str = "token";
/// How long a session lasts without a request, and at most.
const IDLE: TimeDelta = TimeDelta::hours(1);
const SESSION: TimeDelta = TimeDelta::hours(12);
/// The most sessions of one token; the oldest make room for others.
const MOST_SESSIONS: i64 = 10;
/// How long the record of a request is kept.
const REQUESTS: TimeDelta = TimeDelta::days(731);
/// How long an answer is kept for a request sent again.
const KEPT: TimeDelta = TimeDelta::hours(24);

from_json!(Limit, Rights);

row! {
    /// A token, without the secret.
    #[derive(Debug, Clone, Serialize)]
    pub struct Token {
        pub id: i64,
        /// Who or what it stands for.
        pub name: String,
        /// What it may do.
        pub rights: Rights,
        #[serde(rename = "only")]
        pub limited_to: Limit,
        pub made_by: String,
        pub made_at: String,
        /// Until when it is good.
        pub expires_at: String,
        /// When it was last used, to the hour.
        pub used_at: Option<String>,
        pub revoked_by: Option<String>,
        pub revoked_at: Option<String>,
    }
}

#[derive(Debug)]
pub struct NewToken<'a> {
    /// Who or what it stands for.
    pub name: &'a str,
    /// SHA-256 of the token, in hex.
    pub hash: &'a str,
    /// What it may do.
    pub rights: &'a Rights,
    pub limit: &'a Limit,
    /// Who makes it.
    pub made_by: &'a str,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

row! {
    #[derive(Debug, Clone, Serialize)]
    pub struct AskedFor {
        pub at: String,
        pub asked_by: String,
        /// `command` or `http`.
        pub way: String,
        pub what: String,
        pub needs: String,
        /// 1 if it was allowed.
        pub allowed: i64,
        /// How often on that day, if it was refused.
        pub times: i64,
    }
}

/// Requests without a valid token, from one address and of one kind.
#[derive(Debug)]
pub struct UnknownCaller {
    /// Where they came from.
    pub who: String,
    /// `command` or `http`.
    pub way: &'static str,
    /// What was requested; nothing of a token.
    pub what: String,
    /// How often.
    pub times: i64,
}

/// What became of a request that carries a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was not sent before.
    New,
    /// It was sent before and is still being worked on.
    Pending,
    /// It was sent before, and this was the answer: status and body.
    Given(u16, String),
    /// The key was used for something else.
    Other,
}

impl Ledger {
    /// Adds a token; `false` if one is in force whose name is that one, or looks like it.
    pub async fn add_token(&self, token: &NewToken<'_>) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let names: Vec<String> = sql!(query_scalar, "access/names_in_force").fetch_all(&mut **writer).await?;
        if names.iter().any(|own| alike(own) == alike(token.name)) {
            return Ok(false);
        }
        sql!(
            query,
            "access/add_token",
            token.name,
            token.hash,
            json_of(token.rights),
            json_of(token.limit),
            token.made_by,
            self.now(),
            moment(token.expires_at)
        )
        .took_effect(&mut **writer)
        .await
    }

    /// Revokes the token of a name; `false` if none is in force.
    pub async fn revoke_token(&self, name: &str, by: &str) -> Result<bool, StoreError> {
        sql!(query, "access/revoke_token", name, by, self.now()).took_effect(self).await
    }

    /// All tokens, those in force first, by name.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        sql!(query_as, "access/tokens").fetch_all(self.readers()).await
    }

    /// The token with this hash, if it is in force now.
    pub async fn token(&self, hash: &str) -> Result<Option<Token>, StoreError> {
        sql!(query_as, "access/token", hash, self.now()).fetch_optional(self.readers()).await
    }

    /// Notes that a token is used, once an hour: a dashboard asks every few seconds.
    pub async fn token_used(&self, token: &Token) -> Result<(), StoreError> {
        let hour = |at: &str| at.get(..13).map(str::to_owned);
        let now = self.now();
        if token.used_at.as_deref().and_then(hour) == hour(&now) {
            return Ok(());
        }
        sql!(query, "access/token_used", token.id, now).run(self).await
    }

    /// Records what a caller asked for, and whether it was allowed.
    pub async fn record_request(
        &self,
        (asked_by, way): (&str, &str),
        what: &str,
        needs: &str,
        allowed: bool,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let now = self.now();
        let mut what = what;
        if !allowed {
            let day = &now[..10];
            let refused: i64 =
                sql!(query_scalar, "access/count_refused", asked_by, day).fetch_one(&mut **writer).await?;
            if refused >= MOST_REFUSED {
                what = FURTHER_REFUSED;
                if is_again(&mut writer, asked_by, day, what, 1).await? {
                    return Ok(());
                }
            }
        }
        record(&mut writer, &now, (asked_by, way), what, needs, (allowed, 1)).await
    }

    /// Records requests without a valid token: one row per address, request and hour, and a bounded number a day.
    pub async fn record_unknown_callers(&self, strangers: &[UnknownCaller]) -> Result<(), StoreError> {
        let now = self.now();
        let (day, hour) = (&now[..10], &now[..13]);
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        for UnknownCaller { who, way, what, times } in strangers {
            if is_again(&mut transaction, who, hour, what, *times).await? {
                continue;
            }
            let kept: i64 = sql!(query_scalar, "access/count_without", TOKEN, day).fetch_one(&mut *transaction).await?;
            let (who, what) = if kept < MOST_STRANGERS { (who.as_str(), what.as_str()) } else { FURTHER };
            if kept < MOST_STRANGERS || !is_again(&mut transaction, who, hour, what, *times).await? {
                record(&mut transaction, &now, (who, way), what, TOKEN, (false, *times)).await?;
            }
        }
        transaction.commit().await
    }

    /// Deletes records of requests, answers and sessions that are too old.
    pub async fn tidy_requests(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        sql!(query, "access/forget_requests", moment(now - REQUESTS)).run(self).await?;
        sql!(query, "access/forget_answers", moment(now - KEPT)).run(self).await?;
        sql!(query, "access/end_sessions", moment(now - IDLE), moment(now - SESSION)).run(self).await
    }

    /// Opens a session for the owner of a token, and ends the oldest ones of those beyond ten. `hash` is that of
    /// its cookie.
    pub async fn open_session(&self, token: i64, hash: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        sql!(query, "access/open_session", hash, token, self.now()).execute(&mut **writer).await?;
        sql!(query, "access/end_other_sessions", token, hash, MOST_SESSIONS).run(&mut **writer).await
    }

    /// The token of a session that is not over, if the token is in force. Noted as used, once a minute, where a
    /// person asks; a page that looks again by itself keeps no session from ending.
    pub async fn session(&self, hash: &str, is_used: bool) -> Result<Option<Token>, StoreError> {
        let now = self.clock.now();
        let used_at: Option<String> =
            sql!(query_scalar, "access/session_used_at", hash, moment(now - SESSION), moment(now - IDLE))
                .fetch_optional(self.readers())
                .await?;
        let Some(used_at) = used_at else { return Ok(None) };
        if is_used && used_at[..16] != moment(now)[..16] {
            sql!(query, "access/session_used", hash, moment(now)).run(self).await?;
        }
        sql!(query_as, "access/token_of_session", hash, moment(now)).fetch_optional(self.readers()).await
    }

    pub async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        sql!(query, "access/end_session", hash).run(self).await
    }

    pub async fn token_made_at(&self, token: i64) -> Result<Option<String>, StoreError> {
        sql!(query_scalar, "access/token_made_at", token).fetch_optional(self.readers()).await
    }

    /// What was asked for, the last first.
    pub async fn requests(&self, most: u32) -> Result<Vec<AskedFor>, StoreError> {
        sql!(query_as, "access/requests", most).fetch_all(self.readers()).await
    }

    /// Takes a request that carries a key of its own, unless it came before.
    pub async fn take_request(&self, token: i64, key: &str, asked: &str) -> Result<Answer, StoreError> {
        let now = self.clock.now();
        let mut writer = self.writer().await;
        sql!(query, "access/forget_answer", moment(now - KEPT), token, key).run(&mut **writer).await?;
        let is_new =
            sql!(query, "access/take_request", token, key, asked, moment(now)).took_effect(&mut **writer).await?;
        if is_new {
            return Ok(Answer::New);
        }
        let (before, status, body): (String, Option<u16>, Option<String>) =
            sql!(query_as, "access/answer", token, key).fetch_one(&mut **writer).await?;
        Ok(match status {
            _ if before != asked => Answer::Other,
            Some(status) => Answer::Given(status, body.ok_or_else(|| self.store.unreadable("lethe_answers.body"))?),
            None => Answer::Pending,
        })
    }

    /// Keeps the answer to a request; `None` lets it be sent again as if it had never come.
    pub async fn keep_answer(&self, token: i64, key: &str, answer: Option<(u16, &str)>) -> Result<(), StoreError> {
        match answer {
            Some((status, body)) => sql!(query, "access/keep_answer", token, key, i64::from(status), body),
            None => sql!(query, "access/drop_request", token, key),
        }
        .run(self)
        .await
    }
}

/// Counts a request so many times more if one like it was refused since then; `false` if none was.
async fn is_again(
    connection: &mut Connection,
    asked_by: &str,
    since: &str,
    what: &str,
    times: i64,
) -> Result<bool, StoreError> {
    sql!(query, "access/is_again", asked_by, since, what, times).took_effect(connection).await
}

async fn record(
    connection: &mut Connection,
    now: &str,
    (asked_by, way): (&str, &str),
    what: &str,
    needs: &str,
    (allowed, times): (bool, i64),
) -> Result<(), StoreError> {
    sql!(query, "access/record", now, asked_by, way, what, needs, i64::from(allowed), times).run(connection).await
}
