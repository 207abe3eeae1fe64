//! How many clients each job would anonymize. Counting them takes as long as a preview, so it happens in the
//! background, and a request gets the last numbers with their moment.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::App;
use super::limits::turn;
use super::metrics::STANDS;
use crate::service::jobs::{ToAnonymize, to_anonymize};

/// The last numbers.
#[derive(Default)]
pub(super) struct Eligible(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    counted: Option<Instant>,
    is_counting: bool,
    jobs: Vec<ToAnonymize>,
}

/// The numbers as they were counted last; they are counted again if that is a while ago.
pub(super) fn eligible(app: &App) -> Vec<ToAnonymize> {
    let mut kept = app.0.eligible.0.lock().unwrap_or_else(PoisonError::into_inner);
    let is_old = kept.counted.is_none_or(|at| at.elapsed() >= STANDS);
    if is_old && !kept.is_counting {
        kept.is_counting = true;
        let app = app.clone();
        tokio::spawn(async move {
            let service = &app.0.service;
            let found = match turn().await {
                Ok(_turn) => to_anonymize(&service.context, &service.jobs).await.ok(),
                Err(_) => None,
            };
            let mut kept = app.0.eligible.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.is_counting = false;
            kept.counted = Some(Instant::now());
            kept.jobs = found.unwrap_or_default();
        });
    }
    kept.jobs.clone()
}
