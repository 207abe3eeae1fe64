//! Whatever is done to a journal, the first bad record is named.

use std::path::PathBuf;

use lethe::journal::{Chain, Record, START, seal};

use crate::common::journal::{Kept, lines, segments, write};

/// A journal of three records, in two segments.
async fn three(key: Option<&str>) -> (Kept, Vec<PathBuf>) {
    let kept = Kept::new(key).await;
    kept.night("2026-01-02").await;
    kept.night("2026-01-05").await;
    let files = segments(&kept.folder());
    assert_eq!((files.len(), kept.lines().len()), (2, 3));
    assert!(kept.verify().await.whole);
    (kept, files)
}

#[tokio::test]
async fn every_outcome_is_written_once_and_chained() {
    let (kept, _) = three(None).await;
    assert_eq!(kept.told(), ["C1 anonymized", "C2 anonymized", "C3 anonymized"]);
    let verdict = kept.verify().await;
    assert_eq!((verdict.records, verdict.segments, verdict.waiting), (3, 2, 0));
    let first: serde_json::Value = serde_json::from_str(&kept.lines()[0]).expect("JSON");
    assert_eq!(first["previous"], START);
    assert_eq!(first["kind"], "due");
    // Again, and nothing is new.
    kept.night("2026-01-06").await;
    assert_eq!(kept.lines().len(), 3);
}

#[tokio::test]
async fn a_removed_record_is_named() {
    let (kept, files) = three(None).await;
    let mut of_second = lines(&files[1]);
    of_second.remove(0);
    write(&files[1], &of_second);
    assert_eq!(kept.wrong().await, (2, "record 2 is missing: record 3 is in its place".to_owned()));
}

#[tokio::test]
async fn a_changed_record_is_named() {
    let (kept, files) = three(None).await;
    let changed: Vec<String> = lines(&files[1]).iter().map(|line| line.replace("\"C3\"", "\"C4\"")).collect();
    write(&files[1], &changed);
    assert_eq!(kept.wrong().await, (3, "record 3 was changed: it does not have its own hash".to_owned()));
}

#[tokio::test]
async fn swapped_records_are_named() {
    let (kept, files) = three(None).await;
    let mut swapped = lines(&files[1]);
    swapped.swap(0, 1);
    write(&files[1], &swapped);
    assert_eq!(kept.wrong().await, (2, "record 2 is missing: record 3 is in its place".to_owned()));
}

#[tokio::test]
async fn an_inserted_record_is_named() {
    let (kept, files) = three(None).await;
    let record = Record {
        number: 2,
        client: Some("C4".to_owned()),
        outcome: "anonymized".to_owned(),
        previous: last_hash(&files[0]),
        ..Record::default()
    };
    let mut inserted = lines(&files[1]);
    inserted.insert(0, seal(&record, None).0);
    write(&files[1], &inserted);
    assert_eq!(kept.wrong().await, (2, "record 2 says what the ledger does not".to_owned()));
}

#[tokio::test]
async fn a_journal_cut_off_at_its_end_is_named() {
    let (kept, files) = three(None).await;
    let mut shorter = lines(&files[1]);
    shorter.pop();
    write(&files[1], &shorter);
    assert_eq!(kept.wrong().await, (3, "record 3 is missing: segment 2 was written to record 3".to_owned()));
    std::fs::remove_file(&files[1]).expect("it goes");
    assert_eq!(
        kept.wrong().await,
        (2, "record 2 is missing, and all behind it to record 3, which were written".to_owned())
    );
}

#[tokio::test]
async fn a_segment_taken_out_of_the_middle_is_named() {
    let (kept, files) = three(None).await;
    std::fs::remove_file(&files[0]).expect("it goes");
    assert_eq!(kept.wrong().await, (1, "record 1 is missing: segment 1 is not there".to_owned()));
}

#[tokio::test]
async fn a_journal_written_anew_with_all_its_hashes_is_named() {
    let (kept, files) = three(None).await;
    // Another client stands where C2 stood, and everything behind it is chained anew.
    let mut previous = last_hash(&files[0]);
    let forged: Vec<String> = lines(&files[1])
        .iter()
        .map(|line| {
            let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("JSON");
            fields.remove("hash");
            let mut record: Record = serde_json::from_value(fields.into()).expect("a record");
            record.previous.clone_from(&previous);
            record.client = record.client.map(|client| client.replace("C2", "C4"));
            let (line, hash) = seal(&record, None);
            previous = hash;
            line
        })
        .collect();
    write(&files[1], &forged);
    assert!(Chain::default().follow(&std::fs::read(&files[0]).expect("a segment"), &[]).is_ok());
    let (record, what) = kept.wrong().await;
    assert_eq!((record, what.as_str()), (2, "record 2 was not written so: segment 2 does not end as the ledger knows"));
}

#[tokio::test]
async fn a_ledger_that_was_changed_is_told_from_the_journal() {
    for key in [None, Some("0123456789abcdef0123456789abcdef")] {
        let (kept, _) = three(key).await;
        kept.company.execute("DELETE FROM lethe_outcomes WHERE client_key = 'C3'").await;
        assert_eq!(kept.wrong().await, (3, "record 3 says what the ledger does not".to_owned()));
    }
}

#[tokio::test]
async fn a_journal_with_a_key_holds_no_client_and_takes_no_record_without_it() {
    let (kept, files) = three(Some("0123456789abcdef0123456789abcdef")).await;
    let text: String = kept.lines().concat();
    assert!(!text.contains("C1") && !text.contains("0123456789abcdef0123"), "{text}");
    let other = crate::common::journal::journal(&kept.folder(), Some("another key of 32 characters, yes"));
    let verdict = lethe::worker::journal::verify(&kept.company.context, &other).await.expect("it can be read");
    assert_eq!(verdict.what.as_deref(), Some("record 1 was written with another key than `journal.key_file` holds"));
    let changed: Vec<String> = lines(&files[1]).iter().map(|line| line.replace("anonymized", "refused")).collect();
    write(&files[1], &changed);
    assert_eq!(kept.wrong().await, (2, "record 2 was changed: it does not have its own hash".to_owned()));
}

#[tokio::test]
async fn no_personal_data_is_in_a_journal() {
    let (kept, _) = three(None).await;
    let text: String = kept.lines().concat();
    for personal in ["Anna", "Berg", "Bo", "home.example", "Street"] {
        assert!(!text.contains(personal), "{personal}");
    }
}

fn last_hash(file: &std::path::Path) -> String {
    let line = lines(file).pop().expect("a record");
    let record: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    record["hash"].as_str().expect("a hash").to_owned()
}
