//! Reports, for those who may read.

use super::Service;
use super::failure::Failure;
use super::status::no_sweep;
use crate::domain::access::Right;
use crate::report::{Month, MonthReport, ReportOptions, SweepReport};

impl Service {
    /// The report of a sweep.
    pub async fn sweep_report(&self, id: i64, options: ReportOptions) -> Result<SweepReport, Failure> {
        self.allow(Right::Read, "read reports").await?;
        let report = SweepReport::make(&self.context, id, self.today(), options).await?;
        report.ok_or_else(|| no_sweep(id))
    }

    /// The report of a month that has begun.
    pub async fn month_report(&self, month: Month, options: ReportOptions) -> Result<MonthReport, Failure> {
        self.allow(Right::Read, "read reports").await?;
        if month.bounds(self.time_zone).0 > self.context.ledger.clock().now() {
            return Err(Failure::new(format!("{month} has not begun"), "name this month, or one that is over"));
        }
        Ok(MonthReport::make(&self.context, month, self.time_zone, options).await?)
    }
}
