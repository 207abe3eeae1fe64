//! Selections that cannot be saved, and sweeps over those that are not there.

use insta::assert_snapshot;

use super::flags::misused;
use super::office::Office;

/// A company with a saved selection.
fn saved() -> Office {
    let office = Office::new();
    office.done(&["selection", "save", "spring clean", "C1", "C2"]);
    office
}

#[test]
fn an_unknown_selection_is_missed_by_name_and_the_nearest_is_named() {
    let office = saved();
    let said = office.refused(&["sweep", "--selection", "spring clear", "--preview"]);
    assert_snapshot!(said, @r"
    error: selection `spring clear` not found

    hint: did you mean `spring clean`?
    ");
    for args in [
        &["sweep", "--selection", "spring clear", "--yes"][..],
        &["sweep", "--selection", "spring clear"],
        &["sweep", "--selection", "spring clear", "--rehearse"],
        &["selection", "show", "spring clear"],
        &["selection", "delete", "spring clear"],
    ] {
        assert_eq!(office.refused(args), said, "{args:?}");
    }
    assert_snapshot!(office.refused(&["selection", "show", "winter"]), @r"
    error: selection `winter` not found

    hint: `lethe selection list` lists the existing ones
    ");
}

#[test]
fn where_nothing_was_ever_saved_a_preview_says_so() {
    assert_snapshot!(Office::new().refused(&["sweep", "--selection", "spring clean", "--preview"]), @r"
    error: selection `spring clean` not found

    hint: `lethe selection list` lists the existing ones
    ");
}

#[test]
fn a_name_that_is_taken_is_kept_as_it_is() {
    let office = saved();
    assert_snapshot!(office.refused(&["selection", "save", "spring clean", "C3"]), @r#"
    error: selection `spring clean` already exists

    hint: choose another name, or replace it: `--replace`
    "#);
    assert_eq!(office.done(&["selection", "show", "spring clean"]), "C1\nC2\n");
}

#[test]
fn a_selection_without_a_key_is_none() {
    let office = Office::new().write("clients.txt", "# nobody yet\n\n");
    let said = office.refused(&["selection", "save", "x"]);
    assert_snapshot!(said, @r"
    error: no key was given for selection `x`

    hint: name at least one client, or a list that names one
    ");
    assert_eq!(office.refused(&["selection", "save", "x", "--from", "clients.txt"]), said);
    assert_eq!(office.done(&["selection", "list"]), "No selections.\n");
}

#[test]
fn a_list_that_cannot_be_read_is_missed_by_name() {
    let office = Office::new().write("clients.txt", [b'C', b'1', b'\n', 0xff, 0xfe]);
    assert_snapshot!(office.refused(&["selection", "save", "x", "--from", "nothing.txt"]), @r"
    error: the list `nothing.txt` cannot be read: file or folder not found

    hint: `--from` takes a file with one client key per line, or `-` for standard input
    ");
    assert_snapshot!(office.refused(&["selection", "save", "x", "--from", "clients.txt"]), @r"
    error: the list `clients.txt` cannot be read: it is not valid UTF-8 text

    hint: `--from` takes a file with one client key per line, or `-` for standard input
    ");
    assert_snapshot!(office.refused(&["selection", "save", "x", "--from", "jobs"]), @r"
    error: the list `jobs` cannot be read: it is a folder

    hint: `--from` takes a file with one client key per line, or `-` for standard input
    ");
}

#[test]
fn a_name_is_one_line_of_up_to_sixty_characters() {
    let office = Office::new();
    let said = office.refused(&["selection", "save", " ", "C1"]);
    assert_snapshot!(said, @r"
    error: the name cannot be that of a selection: it is empty

    hint: write at least one character
    ");
    let long = office.refused(&["selection", "save", &"x".repeat(61), "C1"]);
    assert!(long.contains("write up to 60 characters"), "{long}");
    let lines = office.refused(&["selection", "save", "two\nlines", "C1"]);
    assert!(lines.contains("on one line"), "{lines}");
}

#[test]
fn a_key_that_is_none_has_its_place_and_nothing_is_saved() {
    let long = "9".repeat(1_001);
    let office = Office::new().write("clients.txt", format!("C1\n# a comment\n{long}\n"));
    assert_snapshot!(office.refused(&["selection", "save", "x", "--from", "clients.txt"]), @r"
    error: `clients.txt` line 3: the key has more than 1,000 bytes

    hint: write the key as the client table has it, the parts of a composite key separated by commas
    ");
    assert_snapshot!(office.refused(&["selection", "save", "x", "C1", " "]), @r"
    error: key 2: the key is empty

    hint: write the key as the client table has it, the parts of a composite key separated by commas
    ");
    assert_eq!(office.done(&["selection", "list"]), "No selections.\n");
}

const MEMBERS: &str = "[client]\ntable = \"members\"\nkey = [\"club\", \"no\"]\n[tables.members.columns]\nclub = { class = \"non-personal\" }\n\
                       no = { class = \"non-personal\" }\nname = { class = \"personal\", clear = true }\n";

#[test]
fn a_key_with_too_few_parts_has_its_line() {
    let office = Office::with("CREATE TABLE members (club TEXT, no INTEGER, name TEXT, PRIMARY KEY (club, no));")
        .write("policy.toml", MEMBERS)
        .write("clients.txt", "NORTH, 1\nNORTH\n");
    assert_snapshot!(office.refused(&["selection", "save", "x", "--from", "clients.txt"]), @r"
    error: `clients.txt` line 2: a client's key has 2 parts here, not 1

    hint: write the key as the client table has it, the parts of a composite key separated by commas
    ");
}

#[test]
fn a_selection_of_another_client_table_is_not_there() {
    let office = saved();
    office.execute("CREATE TABLE members (club TEXT, no INTEGER, name TEXT, PRIMARY KEY (club, no));");
    let office = office.write("policy.toml", MEMBERS);
    assert_snapshot!(office.refused(&["sweep", "--selection", "spring clean", "--preview"]), @r"
    error: selection `spring clean` not found

    hint: `lethe selection list` lists the existing ones
    ");
}

#[test]
fn a_sweep_over_a_selection_is_confirmed_first() {
    let office = saved().rehearsed();
    office.done(&["backup", "acknowledge"]);
    let said = office.refused_by(office.unconfirmed(&["sweep", "--selection", "spring clean", "--wait"]));
    let account = std::process::Command::new("id").arg("-un").output().expect("an account").stdout;
    let account = String::from_utf8(account).expect("a name");
    assert_snapshot!(said.replace(&format!("of {}", account.trim()), "of somebody"), @r"
    error: selection `spring clean` of somebody holds 2 clients, and anonymization cannot be undone

    hint: check it with `lethe sweep --selection 'spring clean' --preview`; if it is right, start it with `lethe sweep --selection 'spring clean' --yes`
    ");
}

#[test]
fn a_selection_goes_with_no_other_way_to_choose() {
    assert_snapshot!(misused(&["sweep", "--selection", "x", "--list", "clients.txt"]), @r"
    error: the argument '--selection <NAME>' cannot be used with '--list <FILE>'

    Usage: lethe sweep <JOB|--due|--period|--list <FILE>|--selection <NAME>|--replay|--retention>

    For more information, try '--help'.
    ");
    assert_snapshot!(misused(&["selection", "save", "x", "C1", "--from", "clients.txt"]), @r"
    error: the argument '[KEY]...' cannot be used with '--from <FILE>'

    Usage: lethe selection save <NAME> <KEY>...

    For more information, try '--help'.
    ");
}
