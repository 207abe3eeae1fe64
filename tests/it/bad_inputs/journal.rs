//! A journal that is named in a way that cannot be, and commands about one that
//! is not there. None says what a key is.

use insta::assert_snapshot;

use super::flags::misused;
use super::office::{JOB, Office};

const HINT: &str = "\n\nhint: `docs/operations.md` lists every setting; a variable such as `LETHE_DATABASE` or `LETHE_SWEEP__BATCH_SIZE` overrides the file\n";

fn office(journal: &str) -> Office {
    Office::new().config("[sweep]", &format!("[journal]\n{journal}\n\n[sweep]"))
}

/// What a sweep says with this `[journal]`; the general hint is left out.
fn with(journal: &str) -> String {
    let said = office(journal).refused(&["sweep", "--due"]);
    assert!(!said.contains("hunter2"), "{said}");
    said.trim_end_matches(HINT).to_owned()
}

#[test]
fn an_empty_place_is_refused() {
    assert_snapshot!(with("place = \" \""), @"error: `lethe.toml`: `journal.place` is empty; leave it out for no journal");
}

#[test]
fn another_scheme_is_refused() {
    assert_snapshot!(with("place = \"https://anna:hunter2@store.example/journal\""), @"error: `lethe.toml`: `journal.place` is a URL, and only `s3://bucket/prefix`, `az://container/prefix` and `gs://bucket/prefix` can be one; a folder is named by its path");
}

#[test]
fn a_url_that_cannot_be_read_is_refused() {
    assert_snapshot!(with("place = \"s3://[hunter2\""), @"error: `lethe.toml`: `journal.place` names no bucket: its name is of letters, digits, `-`, `_` and `.`");
}

#[test]
fn a_url_without_a_bucket_is_refused() {
    assert_snapshot!(with("place = \"s3:///journal\""), @"error: `lethe.toml`: `journal.place` names no bucket: `s3://bucket/prefix`");
}

#[test]
fn a_password_in_the_url_is_refused() {
    assert_snapshot!(with("place = \"s3://anna:hunter2@bucket/journal\""), @"error: `lethe.toml`: `journal.place` has an account or options in it; those are for the environment, such as `AWS_ACCESS_KEY_ID`");
}

#[test]
fn options_in_the_url_are_refused() {
    assert_snapshot!(with("place = \"gs://bucket/journal?key=hunter2\""), @"error: `lethe.toml`: `journal.place` has an account or options in it; those are for the environment, such as `AWS_ACCESS_KEY_ID`");
}

#[test]
fn a_key_that_is_too_short_is_refused() {
    assert_snapshot!(with("place = \"journal\"\nkey = \"hunter2\""), @"error: `lethe.toml`: `journal.key` is too short; `openssl rand -hex 32` creates one");
}

#[test]
fn a_key_without_a_place_is_refused() {
    assert_snapshot!(with("key = \"hunter2hunter2hunter2hunter2hunter2\""), @"error: `lethe.toml`: `journal.key` is set, and `journal.place` is not");
    assert_snapshot!(with("key_file = \"journal.key\""), @"error: `lethe.toml`: `journal.key_file` is set, and `journal.place` is not");
}

#[test]
fn two_keys_are_refused() {
    assert_snapshot!(with("place = \"journal\"\nkey = \"hunter2hunter2hunter2hunter2hunter2\"\nkey_file = \"journal.key\""), @"error: `lethe.toml`: `journal.key` and `journal.key_file` are both set; one of them is enough");
}

#[test]
fn a_key_file_that_is_not_there_is_missed_by_name() {
    assert_snapshot!(with("place = \"journal\"\nkey_file = \"journal.key\""), @r"
    error: the journal's key `journal.key` cannot be read: file or folder not found

    hint: a key file holds a key of 32 characters or more and nothing else; `openssl rand -hex 32` creates one
    ");
}

#[test]
fn a_key_file_with_a_short_key_is_refused() {
    let office = office("place = \"journal\"\nkey_file = \"journal.key\"").write("journal.key", "hunter2\n");
    assert_snapshot!(office.refused(&["sweep", "--due"]), @r"
    error: the journal's key `journal.key` is too short

    hint: a key file holds a key of 32 characters or more and nothing else; `openssl rand -hex 32` creates one
    ");
}

#[test]
fn an_empty_key_file_is_refused() {
    let office = office("place = \"journal\"\nkey_file = \"journal.key\"").write("journal.key", "\n");
    assert_snapshot!(office.refused(&["sweep", "--due"]), @r"
    error: the journal's key `journal.key` is too short

    hint: a key file holds a key of 32 characters or more and nothing else; `openssl rand -hex 32` creates one
    ");
}

#[test]
fn blanks_and_zero_bytes_make_no_key_and_none_is_changed_to_one() {
    let good = "0123456789abcdef0123456789abcdef";
    let settings = "place = \"journal\"\nkey_file = \"journal.key\"\nold_key_files = [\"old.key\"]";
    let mut office = office(settings).write("journal.key", good).write("old.key", good);
    office.lethe(&["sweep", "--due", "--rehearse"]).assert().success();
    for (key, what) in [
        (vec![b' '; 32], "is too short"),
        (vec![0; 32], "is too short"),
        ([&b"hunter2"[..], &[b' '; 25]].concat(), "is too short"),
        ([&b"hunter2"[..], &[0; 25], b"\n"].concat(), "is too short"),
        ([&[b'\t'; 30][..], b"hunter2"].concat(), "is too short"),
        (vec![b'7'; 32], "is not a random key"),
    ] {
        office = office.write("journal.key", key);
        for command in [&["sweep", "--due"][..], &["journal", "rotate"]] {
            let said = office.refused(command);
            let refused = format!("the journal's key `journal.key` {what}");
            assert!(said.contains(&refused) && !said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn an_unknown_setting_of_the_journal_has_the_nearest() {
    assert_snapshot!(with("plaec = \"journal\""), @r"
    error: `lethe.toml`: unknown setting `journal.plaec`

    hint: did you mean `place`?
    ");
}

#[test]
fn a_number_is_no_place() {
    assert_snapshot!(with("place = [1]"), @"error: `lethe.toml`: `journal.place` cannot be used: found a list, expected a text in quotes");
}

#[test]
fn a_journal_that_is_not_configured_cannot_be_verified() {
    assert_snapshot!(Office::new().refused(&["journal", "verify"]), @r"
    error: no journal is configured

    hint: set `journal.place` in `lethe.toml` to a folder outside the database; see `docs/operations.md`
    ");
    assert_snapshot!(Office::new().refused(&["journal", "renew"]), @r"
    error: no journal is configured

    hint: set `journal.place` in `lethe.toml` to a folder outside the database; see `docs/operations.md`
    ");
}

#[test]
fn a_journal_without_a_ledger_cannot_be_verified() {
    assert_snapshot!(office("place = \"journal\"").refused(&["journal", "verify"]), @r"
    error: no sweep was ever opened in this database, so it has no journal

    hint: the first sweep makes the ledger, and `lethe run` begins the journal
    ");
}

#[test]
fn a_journal_whose_folder_is_not_there_cannot_be_verified() {
    let office = office("place = \"nowhere\"");
    office.lethe(&["sweep", "--due", "--rehearse"]).assert().success();
    assert_snapshot!(office.refused(&["journal", "verify"]), @r"
    error: the journal at `nowhere` cannot be used: file or folder not found

    hint: nothing is lost: outcomes wait in the ledger and are written as soon as the journal is available; `journal.place` in `lethe.toml` is its location, and a missing folder is not created, as it may be on a disk that is not mounted
    ");
}

#[test]
fn a_journal_is_asked_something_it_knows() {
    assert_snapshot!(misused(&["journal", "verfy"]), @r"
    error: unrecognized subcommand 'verfy'

      tip: a similar subcommand exists: 'verify'

    Usage: lethe journal [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_replay_takes_no_filter() {
    assert_snapshot!(misused(&["sweep", "--replay", "--filter", "group=A"]), @r"
    error: the argument '--replay' cannot be used with '--filter <NAME=VALUE>'

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn a_replay_is_one_kind_of_sweep_and_not_two() {
    assert_snapshot!(misused(&["sweep", "--replay", "--due"]), @r"
    error: the argument '--replay' cannot be used with '--due'

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn a_replay_cannot_be_forced() {
    assert_snapshot!(misused(&["sweep", "--replay", "--force"]), @r"
    error: the argument '--replay' cannot be used with '--force'

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
}

#[test]
fn a_replay_needs_a_rehearsal() {
    assert_snapshot!(Office::new().refused(&["sweep", "--replay"]), @r"
    error: this policy has not been rehearsed on this schema

    hint: run the same sweep with `--rehearse` first: it does everything and rolls it back
    ");
}

#[test]
fn a_job_that_replays_takes_no_filters() {
    let job = JOB.replace("\"due\"", "\"replay\"") + "[filters]\ngroup = \"A\"\n";
    assert_snapshot!(Office::new().write("jobs/again.toml", job).refused(&["sweep", "again"]), @r"
    error: `jobs/again.toml` has filters, and a `replay` sweep takes none

    hint: leave `[filters]` out: it checks every client that was ever anonymized
    ");
}

#[test]
fn a_kind_almost_called_replay_has_the_nearest() {
    assert_snapshot!(Office::new().job("\"due\"", "\"repley\"").refused(&["sweep", "nightly-due"]), @r"
    error: key `sweep` in `jobs/nightly-due.toml` cannot be used: unknown kind of sweep `repley`

    hint: did you mean `replay`?
    ");
}
