//! What a live sweep needs first: a rehearsal, a backup, and a size that was meant.

use insta::assert_snapshot;

use super::office::Office;

const LIVE: [&str; 3] = ["sweep", "--due", "--wait"];

#[test]
fn a_live_sweep_needs_a_rehearsal() {
    assert_snapshot!(Office::new().refused(&LIVE), @r"
    error: this policy has not been rehearsed on this schema

    hint: run the same sweep with `--rehearse` first: it does everything and rolls it back
    ");
}

#[test]
fn a_rehearsal_without_clients_is_none() {
    let office = Office::with("UPDATE customers SET due = NULL;");
    assert!(office.done(&["sweep", "--due", "--rehearse"]).contains("nothing was rehearsed"));
    assert_eq!(office.refused(&LIVE), Office::new().refused(&LIVE));
}

#[test]
fn a_rehearsal_counts_for_the_policy_it_was_of() {
    let office = Office::new().rehearsed().policy("Anonymized client", "Anonymised client");
    assert_eq!(office.refused(&LIVE), Office::new().refused(&LIVE));
}

#[test]
fn a_live_sweep_needs_a_backup() {
    assert_snapshot!(Office::new().rehearsed().refused(&LIVE), @r"
    error: no backup has been acknowledged, and anonymization cannot be undone

    hint: make a backup, then run `lethe backup acknowledge` (a backup script can do both)
    ");
}

#[test]
fn an_old_backup_is_none() {
    let office = Office::new().rehearsed();
    office.done(&["backup", "acknowledge", "--at", "2024-02-29T02:00:00Z"]);
    assert_snapshot!(office.refused(&LIVE), @r"
    error: the last acknowledged backup is of 2024-02-29 02:00 UTC, and may be 7 days old at most

    hint: make a backup, then run `lethe backup acknowledge` (a backup script can do both)
    ");
}

#[test]
fn a_backup_of_tomorrow_is_refused() {
    assert_snapshot!(Office::new().refused(&["backup", "acknowledge", "--at", "2999-01-01T00:00:00Z"]), @r"
    error: a backup cannot have been taken in the future

    hint: `--at` is the time at which it was taken
    ");
}

#[test]
fn a_sweep_of_too_many_is_braked() {
    let office = Office::new().config("brake_share = 1.0", "brake_share = 0.1").rehearsed();
    office.done(&["backup", "acknowledge"]);
    let before = office.rows();
    let output = office.lethe(&LIVE).output().expect("the program runs");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r"
    error: the sweep would anonymize 1 client, which is more than the brake's share of 10% of all clients

    hint: check it with `lethe sweep --due --preview`; if it is right, start it with `lethe sweep --due --over-brake`
    ");
    assert_eq!(office.rows(), before);
    let status = office.done(&["status"]);
    assert!(status.contains("sweep 1 (by hand) was braked: the sweep would anonymize 1 client"), "{status}");
}

#[test]
fn a_job_of_too_many_is_braked_by_its_own_number() {
    let office = Office::with("UPDATE orders SET status = 'closed';")
        .job("sweep = \"due\"", "sweep = \"due\"\n[brake]\nclients = 1")
        .rehearsed();
    office.done(&["backup", "acknowledge"]);
    let before = office.rows();
    let output = office.lethe(&["sweep", "nightly-due", "--wait"]).output().expect("the program runs");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r"
    error: the sweep would anonymize 2 clients, and the brake allows 1

    hint: check it with `lethe sweep nightly-due --preview`; if it is right, start it with `lethe sweep nightly-due --over-brake`
    ");
    assert_eq!(office.rows(), before);
}

#[test]
fn what_is_missing_is_told_in_the_morning_too() {
    let office = Office::new().rehearsed();
    let status = office.done(&["status"]);
    assert!(status.contains("no backup has been acknowledged, and anonymization cannot be undone"), "{status}");
}

#[test]
fn a_doctor_who_finds_something_bad_says_so_and_ends_with_1() {
    let office = Office::new().policy("email = {", "e_mail = {");
    let output = office.lethe(&["doctor"]).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(String::from_utf8_lossy(&output.stdout), @r#"
    ok    configuration  `lethe.toml` and the environment are read
    ok    database       `company.db` is open
    ok    writing        a test write succeeded, and was rolled back
    FAIL  policy         the policy cannot become a plan: tables.customers.columns.e_mail: table `customers` has no column `e_mail`, and 1 more; `lethe policy check` lists everything
    ok    jobs           nightly-due
    note  alerts         no alert is sent when a night fails: see "Alerts" in `docs/operations.md`
    "#);
    assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r"
    error: 1 check failed

    hint: fix what is marked FAIL, and run `lethe doctor` again
    ");
}

#[test]
fn with_every_gate_open_the_same_sweep_goes_through() {
    let office = Office::new().rehearsed();
    office.done(&["backup", "acknowledge"]);
    let printed = office.done(&LIVE);
    let (printed, took) = printed.rsplit_once(" in ").unwrap();
    assert!(took.trim_end().ends_with(" s"), "{took}");
    assert_snapshot!(printed, @r"
    Sweep 1 is done.

      anonymized  1
      refused     1
             1  has open orders

    2 clients
    ");
}
