//! Tokens, what was asked for, and answers kept for requests sent again.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Ledger, moment};
use crate::database::{FromRow, Json, Row, StoreError, from_row, query, query_as};
use crate::domain::access::Rights;

/// How long an answer is kept for a request sent again.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A token, without what would let somebody use it.
#[derive(Debug, Clone, Serialize)]
pub struct Token {
    pub id: i64,
    /// Who or what it stands for.
    pub name: String,
    /// What it may do.
    pub rights: Rights,
    pub made_by: String,
    /// When.
    pub made_at: String,
    /// Until when it is good.
    pub expires_at: String,
    /// When it was last used, to the hour.
    pub used_at: Option<String>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// When.
    pub revoked_at: Option<String>,
}

impl FromRow for Token {
    fn from_row(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            rights: row.get::<Json<Rights>>("rights")?.0,
            made_by: row.get("made_by")?,
            made_at: row.get("made_at")?,
            expires_at: row.get("expires_at")?,
            used_at: row.get("used_at")?,
            revoked_by: row.get("revoked_by")?,
            revoked_at: row.get("revoked_at")?,
        })
    }
}

/// A token to be.
#[derive(Debug)]
pub struct NewToken<'a> {
    /// Who or what it stands for.
    pub name: &'a str,
    /// SHA-256 of the token, in hex.
    pub hash: &'a str,
    /// What it may do.
    pub rights: &'a Rights,
    /// Who makes it.
    pub made_by: &'a str,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// What somebody asked for.
#[derive(Debug, Clone, Serialize)]
pub struct AskedFor {
    /// When.
    pub at: String,
    /// Who.
    pub asked_by: String,
    /// `command` or `http`.
    pub way: String,
    /// What.
    pub what: String,
    /// The right it needs.
    pub needs: String,
    /// 1 if it was allowed.
    pub allowed: i64,
}

from_row!(AskedFor { at, asked_by, way, what, needs, allowed });

/// What became of a request that carries a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nobody sent it before.
    New,
    /// It was sent before and is still being worked on.
    Pending,
    /// It was sent before, and this was the answer: status and body.
    Given(u16, String),
    /// The key was used for something else.
    Other,
}

impl Ledger {
    /// Adds a token; `false` if one of that name is in force.
    pub async fn add_token(&self, token: &NewToken<'_>) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let added = query(
            "INSERT INTO lethe_tokens (name, hash, rights, made_by, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING",
        )
        .bind(token.name)
        .bind(token.hash)
        .bind(serde_json::to_string(token.rights).unwrap_or_default())
        .bind(token.made_by)
        .bind(self.now())
        .bind(moment(token.expires_at))
        .execute(&mut **writer)
        .await?;
        Ok(added > 0)
    }

    /// Revokes the token of a name; `false` if none is in force.
    pub async fn revoke_token(&self, name: &str, by: &str) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let revoked =
            query("UPDATE lethe_tokens SET revoked_by = $2, revoked_at = $3 WHERE name = $1 AND revoked_at IS NULL")
                .bind(name)
                .bind(by)
                .bind(self.now())
                .execute(&mut **writer)
                .await?;
        Ok(revoked > 0)
    }

    /// All tokens, those in force first, by name.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        query_as("SELECT * FROM lethe_tokens ORDER BY (revoked_at IS NOT NULL), name, id")
            .fetch_all(self.readers())
            .await
    }

    /// The token with this hash, if it is in force now.
    pub async fn token(&self, hash: &str) -> Result<Option<Token>, StoreError> {
        query_as("SELECT * FROM lethe_tokens WHERE hash = $1 AND revoked_at IS NULL AND expires_at > $2")
            .bind(hash)
            .bind(self.now())
            .fetch_optional(self.readers())
            .await
    }

    /// Notes that a token is used, once an hour: a dashboard asks every few seconds.
    pub async fn token_used(&self, token: &Token) -> Result<(), StoreError> {
        let hour = |at: &str| at.get(..13).map(str::to_owned);
        let now = self.now();
        if token.used_at.as_deref().and_then(hour) == hour(&now) {
            return Ok(());
        }
        let mut writer = self.writer().await;
        query("UPDATE lethe_tokens SET used_at = $2 WHERE id = $1")
            .bind(token.id)
            .bind(now)
            .execute(&mut **writer)
            .await?;
        Ok(())
    }

    /// Records what somebody asked for, and whether it was allowed.
    pub async fn record_request(
        &self,
        (asked_by, way): (&str, &str),
        what: &str,
        needs: &str,
        allowed: bool,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        query("INSERT INTO lethe_requests (at, asked_by, way, what, needs, allowed) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(self.now())
            .bind(asked_by)
            .bind(way)
            .bind(what)
            .bind(needs)
            .bind(i64::from(allowed))
            .execute(&mut **writer)
            .await?;
        Ok(())
    }

    /// What was asked for, the last first.
    pub async fn requests(&self, most: u32) -> Result<Vec<AskedFor>, StoreError> {
        query_as("SELECT at, asked_by, way, what, needs, allowed FROM lethe_requests ORDER BY id DESC LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(self.readers())
            .await
    }

    /// Takes a request that carries a key of its own, unless it came before.
    pub async fn take_request(&self, token: i64, key: &str, asked: &str) -> Result<Answer, StoreError> {
        let now = self.clock.now();
        let mut writer = self.writer().await;
        let run = async {
            query("DELETE FROM lethe_answers WHERE at < $1").bind(moment(now - KEPT)).execute(&mut **writer).await?;
            let taken = query(
                "INSERT INTO lethe_answers (token, request_key, asked, at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (token, request_key) DO NOTHING",
            )
            .bind(token)
            .bind(key)
            .bind(asked)
            .bind(moment(now))
            .execute(&mut **writer)
            .await?;
            if taken > 0 {
                return Ok(Answer::New);
            }
            let (before, status, body): (String, Option<i64>, Option<String>) =
                query_as("SELECT asked, status, body FROM lethe_answers WHERE token = $1 AND request_key = $2")
                    .bind(token)
                    .bind(key)
                    .fetch_one(&mut **writer)
                    .await?;
            Ok(match status.and_then(|status| u16::try_from(status).ok()) {
                _ if before != asked => Answer::Other,
                Some(status) => Answer::Given(status, body.unwrap_or_default()),
                None => Answer::Pending,
            })
        };
        run.await
    }

    /// Keeps the answer to a request; `None` lets it be sent again as if it had never come.
    pub async fn keep_answer(&self, token: i64, key: &str, answer: Option<(u16, &str)>) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let kept = match answer {
            Some((status, body)) => {
                query("UPDATE lethe_answers SET status = $3, body = $4 WHERE token = $1 AND request_key = $2")
                    .bind(token)
                    .bind(key)
                    .bind(i64::from(status))
                    .bind(body)
                    .execute(&mut **writer)
                    .await
            }
            None => {
                query("DELETE FROM lethe_answers WHERE token = $1 AND request_key = $2")
                    .bind(token)
                    .bind(key)
                    .execute(&mut **writer)
                    .await
            }
        };
        kept.map(|_| ())
    }
}
