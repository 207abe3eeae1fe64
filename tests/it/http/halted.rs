//! A metric says that live sweeps wait because of the journal, and why.

use lethe::domain::access::Right;
use lethe::worker::Context;
use lethe::worker::journal::{Keeper, adopt};

use super::office::Office;
use crate::common::journal::{journal, segments};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "another key of 32 characters, yes";

/// The metric as the server gives it.
async fn halted(office: &Office, token: &str) -> Vec<String> {
    let (_, metrics) = office.get("/metrics", token).await;
    let metrics = metrics.as_str().expect("a text");
    let mut values: Vec<String> =
        metrics.lines().filter_map(|line| line.strip_prefix("lethe_journal_halted")).map(str::to_owned).collect();
    values.sort();
    values
}

/// The metric where live sweeps wait for this reason, or for none.
fn halted_for(reason: &str) -> Vec<String> {
    let value = |own: &str| format!("{{reason=\"{own}\"}} {}.0", u8::from(own == reason));
    ["damaged", "key", "origin"].into_iter().map(value).collect()
}

#[tokio::test]
async fn the_reason_for_which_live_sweeps_wait_is_a_label_and_is_0_once_it_is_gone() {
    let office = Office::new().await;
    let token = office.token("prometheus", &[Right::Read]).await;
    assert_eq!(halted(&office, &token).await, [""; 0], "there is no journal");
    let folder = office.company.folder.path().join("journal");
    std::fs::create_dir(&folder).expect("a folder");
    let with = |key: &str| Context { journal: Some(journal(&folder, Some(key))), ..office.company.context.clone() };
    let own = with(KEY);
    Keeper::new(&own).round().await.expect("it begins");
    assert!(own.ledger.place_hold("C5", "a court", "test").await.expect("a hold"));
    Keeper::new(&own).round().await.expect("the journal is kept");
    assert_eq!(halted(&office, &token).await, halted_for(""));

    Keeper::new(&with(OTHER)).round().await.expect_err("it is another key");
    assert_eq!(halted(&office, &token).await, halted_for("key"));
    Keeper::new(&own).round().await.expect("it is the key again");
    assert_eq!(halted(&office, &token).await, halted_for(""));

    let file = segments(&folder).remove(0);
    let away = file.with_extension("away");
    std::fs::rename(&file, &away).expect("it is lost");
    Keeper::new(&own).round().await.expect_err("a segment is missing");
    assert_eq!(halted(&office, &token).await, halted_for("damaged"));
    // Whatever the key.
    Keeper::new(&with(OTHER)).round().await.expect_err("a segment is missing");
    assert_eq!(halted(&office, &token).await, halted_for("damaged"));
    std::fs::rename(&away, &file).expect("it comes back");
    Keeper::new(&own).round().await.expect("the journal is whole again");
    assert_eq!(halted(&office, &token).await, halted_for(""));

    office.company.execute("UPDATE lethe_journal SET database = '[\"another\"]'").await;
    Keeper::new(&own).round().await.expect_err("it may be a copy");
    assert_eq!(halted(&office, &token).await, halted_for("origin"));
    adopt(&own, own.journal.as_ref().expect("a journal")).await.expect("an operator decides");
    assert_eq!(halted(&office, &token).await, halted_for(""));
}
