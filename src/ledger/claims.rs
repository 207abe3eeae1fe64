//! Claims of batches: leases on their rows.

use ulid::Ulid;

use super::{Ledger, moment};
use crate::database::{StoreError, query, query_as, query_scalar};
use crate::queue::{Claim, Claims, Numbered};

/// What can be claimed at the moment `$1`.
const CLAIMABLE: &str = "state IN ('ready', 'running') AND run_at <= $1 AND (state = 'ready' OR lease_until <= $1)";

impl Ledger {
    /// Claims what can be claimed, the oldest first: among these batches, if any are named.
    async fn claim_among(&self, worker: &str, ids: Option<&[i64]>, most: usize) -> Result<Vec<Claim>, StoreError> {
        let now = self.clock.now();
        let dialect = self.store.dialect();
        let among = if ids.is_some() { format!(" AND id IN ({})", dialect.numbers_in("$6")) } else { String::new() };
        // Rows that another worker is claiming are skipped.
        let skip = dialect.skip_locked;
        let sql = format!(
            "UPDATE lethe_batches SET state = 'running', attempts = attempts + 1, worker = $2, lease = $3 || '-' || CAST(id AS TEXT), \
             lease_until = $4 WHERE id IN (SELECT id FROM lethe_batches WHERE {CLAIMABLE}{among} \
             ORDER BY id LIMIT $5{skip}) RETURNING id, lease, CAST(attempts AS BIGINT)"
        );
        let mut query = query_as(sql)
            .bind(moment(now))
            .bind(worker)
            .bind(format!("{worker}-{}", Ulid::new()))
            .bind(moment(now + self.lease))
            .bind(most);
        if let Some(ids) = ids {
            query = query.bind(crate::domain::value::json_of(ids));
        }
        let claimed: Vec<(i64, String, i64)> = query.fetch_all(self).await?;
        let claim =
            |(batch, lease, attempt)| Claim { batch, lease, attempt: u32::try_from(attempt).unwrap_or(u32::MAX) };
        Ok(claimed.into_iter().map(claim).collect())
    }
}

impl Numbered for Ledger {
    async fn claimable(&self, most: usize) -> Result<Vec<i64>, StoreError> {
        let sql = format!("SELECT id FROM lethe_batches WHERE {CLAIMABLE} ORDER BY id LIMIT $2");
        query_scalar(sql).bind(self.now()).bind(most).fetch_all(self.readers()).await
    }

    async fn claim_of(&self, worker: &str, batches: &[i64]) -> Result<Vec<Claim>, StoreError> {
        self.claim_among(worker, Some(batches), batches.len()).await
    }
}

impl Claims for Ledger {
    type Error = StoreError;

    async fn claim(&self, worker: &str, most: usize) -> Result<Vec<Claim>, StoreError> {
        // A look costs less than a turn of the writer.
        if self.claimable(1).await?.is_empty() {
            return Ok(Vec::new());
        }
        self.claim_among(worker, None, most).await
    }

    async fn renew(&self, claims: &[Claim]) -> Result<(), StoreError> {
        let leases: Vec<&str> = claims.iter().map(|claim| claim.lease.as_str()).collect();
        let mut writer = self.writer().await;
        let held = self.store.dialect().texts_in("$2");
        let sql = format!("UPDATE lethe_batches SET lease_until = $1 WHERE state = 'running' AND lease IN ({held})");
        query(sql)
            .bind(moment(self.clock.now() + self.lease))
            .bind(crate::domain::value::json_of(&leases))
            .run(&mut **writer)
            .await
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        sql!(query, "claims/release", claim.batch, &claim.lease).execute(&mut **writer).await?;
        self.tell_of_batches(&mut writer).await
    }
}
