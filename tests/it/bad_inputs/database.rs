//! A database that is missing, is none, cannot be written, or is in use.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use sqlx::Connection;

use super::office::{Office, wait};

#[test]
fn a_missing_database_is_missed_by_name() {
    assert_snapshot!(Office::new().without("company.db").check(), @r"
    error: no database found at `company.db`

    hint: set `database` in `lethe.toml`, or `LETHE_DATABASE`, to the database's file; a relative path counts from the configuration file
    ");
}

#[test]
fn a_database_that_is_a_folder_is_refused() {
    assert_snapshot!(Office::new().config("company.db", "jobs").check(), @r"
    error: `jobs` is not an SQLite database

    hint: `database` should name the SQLite file itself
    ");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let office = Office::new().write("company.db", "no;name\nC1;Ann Archer\n".repeat(100));
    assert_snapshot!(office.check(), @r"
    error: `company.db` is not an SQLite database

    hint: `database` should name the SQLite file itself
    ");
}

#[test]
fn a_database_that_was_cut_off_is_refused() {
    let office = Office::new();
    let bytes = std::fs::read(office.path("company.db")).expect("the database");
    let office = office.write("company.db", &bytes[..bytes.len() / 2]);
    assert_snapshot!(office.check(), @r"
    error: the database at `company.db` is damaged

    hint: restore it from a backup; SQLite's `PRAGMA integrity_check` lists what is wrong
    ");
}

#[test]
fn a_database_with_a_ruined_page_is_refused() {
    let office = Office::new();
    let mut bytes = std::fs::read(office.path("company.db")).expect("the database");
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    bytes[page..].fill(0xaa);
    let office = office.write("company.db", bytes);
    assert_snapshot!(office.check(), @r"
    error: the database at `company.db` is damaged

    hint: restore it from a backup; SQLite's `PRAGMA integrity_check` lists what is wrong
    ");
}

#[test]
fn an_empty_file_has_no_tables() {
    assert_snapshot!(Office::new().write("company.db", "").check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      client.table
        the database has no table `customers`
        fix: it has no tables at all: name another file in `database`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_database_that_another_program_writes_to_is_waited_for_and_then_refused() {
    let office = Office::new();
    let mut other = wait(office.connect()).expect("another connection");
    wait(sqlx::query("BEGIN EXCLUSIVE").execute(&mut other)).expect("the write lock");
    assert_snapshot!(office.refused(&["sweep", "--due"]), @r"
    error: the database at `company.db` is locked by another program

    hint: close the program that writes to it, or raise `sqlite.busy_timeout`; nothing was written
    ");
    assert_eq!(office.refused(&["hold", "add", "C1", "--reason", "asked"]), office.refused(&["sweep", "--due"]));
    wait(sqlx::query("ROLLBACK").execute(&mut other)).expect("the lock is let go");
    wait(other.close()).expect("the connection closes");
    assert_eq!(office.done(&["hold", "list"]), "No holds.\n");
}

#[test]
fn a_database_that_is_closed_to_readers_is_waited_for_and_then_refused() {
    let office = Office::with("PRAGMA journal_mode = DELETE");
    let before = office.rows();
    let mut other = wait(office.connect()).expect("another connection");
    wait(sqlx::query("BEGIN EXCLUSIVE").execute(&mut other)).expect("the lock");
    // The file must not be read in this process meanwhile: closing it would let go of the lock.
    assert_snapshot!(said(office.lethe(&["policy", "check"])), @r"
    error: the database at `company.db` is locked by another program

    hint: close the program that writes to it, or raise `sqlite.busy_timeout`; nothing was written
    ");
    wait(other.close()).expect("the connection closes");
    assert_eq!(office.rows(), before);
}

#[test]
fn a_database_that_may_not_be_written_is_refused() {
    let office = Office::with("PRAGMA journal_mode = DELETE;");
    let locked = Locked::new(&office);
    assert_snapshot!(locked.refused(&["sweep", "--due"]), @r"
    error: the database at `company.db` is read-only

    hint: give the account that runs Lethe write access to the file and its folder; nothing was written
    ");
    assert_eq!(locked.refused(&["sweep", "--due", "--rehearse"]), locked.refused(&["sweep", "--due"]));
    assert_eq!(locked.refused(&["hold", "add", "C1", "--reason", "asked"]), locked.refused(&["sweep", "--due"]));
}

#[test]
fn a_database_with_a_journal_that_may_not_be_written_is_refused() {
    let office = Office::new();
    assert_snapshot!(Locked::new(&office).refused(&["sweep", "--due"]), @r"
    error: the database at `company.db` is read-only

    hint: give the account that runs Lethe write access to the file and its folder; nothing was written
    ");
}

#[test]
fn a_database_that_may_not_be_read_is_refused() {
    let office = Office::new();
    let locked = Locked::new(&office);
    set_mode(&office.path("company.db"), 0o000);
    assert_snapshot!(said(locked.command(&["policy", "check"])), @r"
    error: the database at `company.db` cannot be opened

    hint: check the file's rights, and those of its folder
    ");
}

/// What a command that ends with 1 says.
fn said(mut command: assert_cmd::Command) -> String {
    let output = command.output().expect("the program runs");
    let said = String::from_utf8(output.stderr).expect("stderr is text");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
    said
}

/// A company whose file and folder cannot be written, not even by root.
struct Locked<'a> {
    office: &'a Office,
    unarmed: bool,
}

impl<'a> Locked<'a> {
    fn new(office: &'a Office) -> Self {
        set_mode(&office.path("company.db"), 0o444);
        set_mode(office.folder.path(), 0o555);
        // Root writes whatever the mode says, by a right that can be laid down.
        let unarmed = std::fs::OpenOptions::new().append(true).open(office.path("company.db")).is_ok();
        Self { office, unarmed }
    }

    fn command(&self, args: &[&str]) -> assert_cmd::Command {
        let plain = self.office.lethe(args);
        if !self.unarmed {
            return plain;
        }
        let mut command = assert_cmd::Command::new("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]);
        command.arg(plain.get_program()).args(plain.get_args()).current_dir(self.office.folder.path());
        command.env("LOGNAME", "tester").env_remove("LETHE_CONFIG").env_remove("LETHE_DATABASE");
        command
    }

    fn refused(&self, args: &[&str]) -> String {
        self.office.refused_by(self.command(args))
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        set_mode(self.office.folder.path(), 0o755);
    }
}

fn set_mode(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("the mode is set");
}

#[test]
fn a_table_of_the_company_in_the_place_of_ours_is_ours_to_fix() {
    let office = Office::with("CREATE TABLE lethe_holds (grip TEXT); INSERT INTO lethe_holds VALUES ('Ann Archer');");
    assert_snapshot!(office.ended(office.lethe(&["hold", "add", "C1", "--reason", "asked"]), 2), @r"
    error: the database at `company.db` reported: table lethe_holds already exists

    hint: `lethe doctor` says more; nothing is half done
    ");
}
