//! A segment in place of the one that is being written: it is this database's own, or stops sweeps.

use lethe::domain::sweep::SweepKind;
use lethe::journal::{Record, START, origin, seal};
use lethe::worker::journal::Keeper;
use lethe::worker::sweep::{SweepError, open};

use crate::common::journal::{Kept, lines, segments, write};

/// A company whose first segment has been chosen and not been written.
async fn staged() -> Kept {
    let kept = Kept::new(None).await;
    kept.keep().await.expect("it begins");
    let no_journal = lethe::worker::Context { journal: None, ..kept.company.context.clone() };
    kept.company.set_clock("2026-01-05T12:00:00Z");
    let id = open(&no_journal, &kept.company.request(SweepKind::Due)).await.expect("a sweep").expect("no tick");
    lethe::worker::wait_for(&no_journal, id, tokio_util::sync::CancellationToken::new(), &mut |_, _| {})
        .await
        .expect("it ends");
    let waiting = kept.company.rows("SELECT id FROM lethe_outbox ORDER BY id").await.join(",");
    kept.company.execute(&format!("UPDATE lethe_journal SET staged = '[{waiting}]'")).await;
    kept
}

/// What waits, as the lines of a segment of this origin.
async fn segment(kept: &Kept, origin: &str) -> Vec<String> {
    let rows = kept.company.rows("SELECT client_key, sweep, outcome, at, digest FROM lethe_outbox ORDER BY id").await;
    let mut previous = START.to_owned();
    let mut lines = Vec::new();
    for (number, row) in (1..).zip(&rows) {
        let [client, sweep, outcome, at, plan] = row.split('|').collect::<Vec<&str>>()[..] else { panic!("{row}") };
        let record = Record {
            number,
            at: at.to_owned(),
            sweep: sweep.parse().expect("a number"),
            kind: "due".to_owned(),
            plan: plan.to_owned(),
            origin: Some(origin.to_owned()),
            client: Some(client.to_owned()),
            outcome: outcome.to_owned(),
            previous: previous.clone(),
            ..Record::default()
        };
        let (line, hash) = seal(&record, None);
        lines.push(line);
        previous = hash;
    }
    lines
}

async fn own_origin(kept: &Kept) -> String {
    let head = kept.company.context.ledger.journal().await.expect("a ledger").expect("a journal");
    origin(&head.ledger.expect("a ledger's name"), &head.database.expect("a database"))
}

#[tokio::test]
async fn the_segment_that_this_database_has_written_and_not_noted_is_taken_for_its_own() {
    let kept = staged().await;
    let file = kept.folder().join("segment-0000000001.jsonl");
    write(&file, &segment(&kept, &own_origin(&kept).await).await);
    let mut keeper = Keeper::new(&kept.company.context);
    keeper.first_look().await.expect("it is its own");
    keeper.round().await.expect("the journal is kept");
    assert!(!kept.waits().await);
    assert_eq!((kept.lines().len(), segments(&kept.folder()).len()), (3, 1));
    assert!(kept.verify().await.whole);
}

#[tokio::test]
async fn another_segment_in_its_place_stops_sweeps_until_it_is_gone() {
    for (case, why) in [
        ("a picture", "is not a valid record"),
        ("of another database", "segment 1 was written by another database"),
        ("of other clients", "by a copy of it"),
    ] {
        let kept = staged().await;
        let mut keeper = Keeper::new(&kept.company.context);
        let own = own_origin(&kept).await;
        let foreign = match case {
            "of another database" => segment(&kept, "0123456789abcdef").await,
            "of other clients" => segment(&kept, &own).await[..1].to_vec(),
            picture => vec![picture.to_owned()],
        };
        let file = kept.folder().join("segment-0000000001.jsonl");
        write(&file, &foreign);
        for minute in 0..3 {
            kept.company.set_clock(&format!("2026-01-06T12:0{minute}:00Z"));
            let refused = open(&kept.company.context, &kept.company.request(SweepKind::Due)).await;
            assert!(matches!(refused, Err(SweepError::Journal(_))), "{case}: {refused:?}");
            for _ in 0..2 {
                let refused = keeper.round().await.expect_err("it is not its own").to_string();
                assert!(refused.contains(why), "{case}: {refused}");
                let head = kept.company.context.ledger.journal().await.expect("a ledger").expect("a journal");
                assert_eq!(head.halted_at.as_deref(), Some("2026-01-06T12:00:00.000Z"), "{case}");
                assert_eq!(head.restored_at, None, "{case}");
            }
        }
        assert_eq!(lines(&file), foreign, "{case}");
        let counted = "SELECT count(*) FROM lethe_alerts WHERE kind = 'journal-halted'";
        assert_eq!(kept.company.rows(counted).await, ["1"], "{case}");
        assert_eq!(kept.company.rows("SELECT count(*) FROM lethe_outbox").await, ["3"], "{case}");
        std::fs::remove_file(&file).expect("it goes");
        keeper.round().await.expect("the journal is kept");
        assert!(!kept.waits().await, "{case}");
        assert_eq!(kept.lines().len(), 3, "{case}");
        assert!(kept.verify().await.whole, "{case}");
    }
}
