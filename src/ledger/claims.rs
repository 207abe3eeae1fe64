//! Claims of batches: leases on their rows.

use ulid::Ulid;

use super::{Ledger, moment};
use crate::database::StoreError;
use crate::domain::value::json_of;
use crate::queue::{Claim, Claims, Numbered};

impl Ledger {
    /// Claims what can be claimed, the oldest first: among these batches, if any are named.
    async fn claim_among(&self, worker: &str, ids: Option<&[i64]>, most: usize) -> Result<Vec<Claim>, StoreError> {
        let now = self.clock.now();
        let dialect = self.store.dialect();
        let among = if ids.is_some() { format!(" AND id IN ({})", dialect.numbers_in("$6")) } else { String::new() };
        let lease = format!("{worker}-{}", Ulid::new());
        let claim = sql!(query_as, "claims/claim", moment(now), worker, lease, moment(now + self.lease), most);
        let mut claim = claim.with("among", &among).with("skip", dialect.skip_locked);
        if let Some(ids) = ids {
            claim = claim.bind(json_of(ids));
        }
        let claimed: Vec<(i64, String, i64)> = claim.fetch_all(self).await?;
        let claim =
            |(batch, lease, attempt)| Claim { batch, lease, attempt: u32::try_from(attempt).unwrap_or(u32::MAX) };
        Ok(claimed.into_iter().map(claim).collect())
    }
}

impl Numbered for Ledger {
    async fn claimable(&self, most: usize) -> Result<Vec<i64>, StoreError> {
        sql!(query_scalar, "claims/claimable", self.now(), most).fetch_all(self.readers()).await
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
        sql!(query, "claims/renew", moment(self.clock.now() + self.lease), json_of(&leases))
            .with("leases", &self.store.dialect().texts_in("$2"))
            .run(&mut **writer)
            .await
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        sql!(query, "claims/release", claim.batch, &claim.lease).execute(&mut **writer).await?;
        self.tell_of_batches(&mut writer).await
    }
}
